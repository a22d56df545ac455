//! What we ask for: hold and resume, the refresh of the session timer, the back-off after 491 or 500, the ACK to each
//! copy of the 2xx.
//!
//! The machines are [`Change`] and [`Expiry`](crate::usage::Expiry); here they are joined to their transaction, of
//! which there is one at a time. A refused request leaves the session as it was, but for 408, 481 and silence, which
//! end it (RFC 3261 sections 12.2.1.2 and 14.1, RFC 4028 section 10); after a 422 it is sent once more with the
//! interval that was asked for (RFC 4028 section 7.3).

use std::time::Duration;

use super::{Line, News, Session, Write as _};
use crate::body::sdp::{self, Flow};
use crate::dialog::{Carrier, Dialog, Request};
use crate::role::config::Renegotiation;
use crate::role::endpoint::ALLOW;
use crate::time::Time;
use crate::transaction::ClientKey;
use crate::usage::{ChangeOutput, ExpiryOutput};
use crate::wire::{Builder, Message, Method, Name};

/// Most re-INVITEs of one session whose 2xx may still come again.
pub(crate) const MAX_ACKNOWLEDGED: usize = 8;

/// Shortest and longest back-off of the owner of the Call-ID, and of the other, in milliseconds; and the steps of both
/// (RFC 3261 section 14.1).
const OWNER: (u64, u64) = (2_100, 4_000);
const OTHER: (u64, u64) = (0, 2_000);
const STEP: u64 = 10;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    /// To hold or to resume.
    Change,
    /// To prolong the session as it is.
    Refresh,
}

/// The request that is out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    client: ClientKey,
    request: Request,
    purpose: Purpose,
    /// A re-INVITE whose receiver said only that it tries: the end of our patience.
    gives_up_at: Option<Time>,
}

impl Asked {
    pub(super) const fn gives_up_at(&self) -> Option<Time> {
        self.gives_up_at
    }
}

/// The ACK to a re-INVITE's 2xx, for further copies of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Acknowledged {
    client: ClientKey,
    ack: Request,
}

/// Why a change cannot be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// Because of something that passes.
    Wait(&'static str),
    /// Too many in too short a time.
    Full,
}

impl Session {
    /// Holds the call, or resumes it. `Ok(false)`: there was nothing to be done.
    pub(crate) fn hold(&mut self, line: &mut Line<'_>, dialog: &mut Dialog, hold: bool) -> Result<bool, NotNow> {
        // A call that was sendrecv is held by sendonly (RFC 3264 section 8.4).
        let wanted = if hold { Flow::SEND } else { Flow::SENDRECV };
        if self.change.is_wanted() && self.wanted == wanted {
            return Err(NotNow::Wait("that has been asked for"));
        }
        if self.media.flow() == wanted {
            return match self.change.withdraw() {
                ChangeOutput::Busy => Err(NotNow::Wait("the last change is not done yet")),
                _ => Ok(false),
            };
        }
        if !self.may_ask() {
            return Err(NotNow::Wait("another offer is open"));
        }
        if self.acknowledged.len() >= MAX_ACKNOWLEDGED {
            return Err(NotNow::Full);
        }
        let output = self.change.ask();
        if output == ChangeOutput::Busy {
            return Err(NotNow::Wait("the last change is not done yet"));
        }
        self.wanted = wanted;
        if output != ChangeOutput::Send {
            return Ok(true);
        }
        self.send_change(line, dialog).map_or(Ok(true), |_| Err(NotNow::Wait("the peer cannot be reached")))
    }

    /// Whether neither a request of ours, nor an open offer, nor an INVITE of the peer is in the way of a change.
    fn may_ask(&self) -> bool {
        self.may_send(match self.by {
            Renegotiation::ReInvite => Carrier::Invite,
            Renegotiation::Update => Carrier::Update,
        })
    }

    /// The same, of a refresh: an UPDATE without an offer crosses whatever the peer does (RFC 5407 section 3.3.2). Any
    /// other waits as a change does.
    fn may_refresh(&self) -> bool {
        if self.interval.takes_update() {
            return self.asked.is_none();
        }
        self.change.due_at().is_none() && self.may_send(Carrier::Invite)
    }

    fn may_send(&self, carrier: Carrier) -> bool {
        let mut offers = self.offers;
        let through = carrier == Carrier::Update || self.answer.is_none();
        through && self.asked.is_none() && offers.send(carrier, true).is_ok()
    }

    /// Sends the request with the offer that is wanted.
    fn send_change(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        let method = match self.by {
            Renegotiation::ReInvite => Method::Invite,
            Renegotiation::Update => Method::Update,
        };
        let offer = self.media.offer_to(self.wanted);
        self.send(line, dialog, method, Some(offer), Purpose::Change)
    }

    /// Sends the refresh: an UPDATE without an offer, or a re-INVITE whose offer shows that nothing has changed (RFC
    /// 4028 section 7.4).
    fn send_refresh(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        let (method, offer) = if self.interval.takes_update() {
            (Method::Update, None)
        } else {
            (Method::Invite, Some(self.media.offer_again()))
        };
        self.send(line, dialog, method, offer, Purpose::Refresh)
    }

    fn send(
        &mut self,
        line: &mut Line<'_>,
        dialog: &mut Dialog,
        method: Method<'static>,
        offer: Option<Vec<u8>>,
        purpose: Purpose,
    ) -> Option<News> {
        let offers = offer.is_some();
        if offers {
            let _ = self.offers.send(carrier(method), true);
        }
        let (uri, parameters) = line.contact;
        let proposal = self.interval.proposal(line.endpoint.session_timer());
        self.asked = dialog.request(method).ok().and_then(|request| {
            let finish = |builder: Builder| {
                let builder = proposal.write_to(builder.contact(uri, parameters).field(Name::Allow, ALLOW));
                match offer {
                    Some(offer) => builder.body(sdp::MEDIA_TYPE, offer),
                    None => builder,
                }
            };
            let client = line.endpoint.request(line.now, &request, finish).ok()?;
            Some(Asked { client, request, purpose, gives_up_at: None })
        });
        if self.asked.is_some() {
            return None;
        }
        self.close_offer(method, offers);
        self.failed(line, purpose, 503, None)
    }

    /// The request with our offer, if it had one, was refused.
    fn close_offer(&mut self, method: Method<'_>, offered: bool) {
        let failure = if method == Method::Invite { Carrier::InviteFailure } else { Carrier::UpdateFailure };
        if offered {
            self.offers.receive(failure, false);
        }
    }

    /// Whether this is the transaction of a request of ours.
    pub(crate) fn is_of(&self, client: &ClientKey) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.client == *client)
            || self.acknowledged.iter().any(|known| known.client == *client)
    }

    /// The request with this key, if it is still open, goes out again under another number.
    pub(crate) fn renumber(&mut self, client: &ClientKey, cseq: u32) {
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.client == *client) {
            asked.request = asked.request.clone().renumbered(cseq);
            asked.gives_up_at = None;
        }
    }

    /// Whether the request with this key is open.
    pub(crate) fn asks(&self, client: &ClientKey) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.client == *client)
    }

    /// A response to a request of ours; `None`: none came. Without a dialog the session is over, and a 2xx is only
    /// acknowledged.
    pub(crate) fn on_response(
        &mut self,
        line: &mut Line<'_>,
        dialog: Option<&mut Dialog>,
        client: &ClientKey,
        response: Option<&Message<'_>>,
    ) -> Option<News> {
        if let Some(known) = self.acknowledged.iter().find(|known| known.client == *client) {
            if response.and_then(Message::status).is_some_and(|code| (200..300).contains(&code)) {
                let _ = line.endpoint.acknowledge(&known.ack);
            }
            return None;
        }
        match (response.and_then(Message::status).unwrap_or(408), response) {
            (..=199, _) => {
                let end = line.now + line.endpoint.timers().t1().saturating_mul(64);
                let asked = self.asked.as_mut().filter(|_| client.method() == Method::Invite)?;
                asked.gives_up_at.get_or_insert(end);
                None
            }
            (200..=299, Some(response)) => self.on_success(line, dialog, response),
            (code, response) => self.on_failure(line, dialog, code, response),
        }
    }

    fn on_success(&mut self, line: &mut Line<'_>, dialog: Option<&mut Dialog>, response: &Message<'_>) -> Option<News> {
        let Asked { client, request, purpose, .. } = self.asked.take()?;
        let (invite, offered) = (client.method() == Method::Invite, has_offer(&client, purpose));
        let mut dialog = dialog;
        let ack = match &mut dialog {
            Some(dialog) => {
                let _ = dialog.on_response(response);
                dialog.ack(request.cseq)
            }
            None => request.acknowledging(),
        };
        if invite {
            let _ = line.endpoint.acknowledge(&ack);
            self.acknowledged.push(Acknowledged { client, ack });
        }
        if offered {
            let success = if invite { Carrier::InviteSuccess } else { Carrier::UpdateSuccess };
            self.offers.receive(success, !response.body().is_empty());
        }
        let dialog = dialog?;
        self.interval.on_success(line.endpoint.session_timer(), line.now, response);
        if purpose == Purpose::Change && self.change.on_success() == ChangeOutput::Done {
            self.media.direct(self.wanted);
            self.take_answer(response);
            return Some(News::Agreed);
        }
        self.on_allowed(line, dialog)
    }

    fn on_failure(
        &mut self,
        line: &mut Line<'_>,
        dialog: Option<&mut Dialog>,
        code: u16,
        response: Option<&Message<'_>>,
    ) -> Option<News> {
        let asked = self.asked.take()?;
        self.close_offer(asked.client.method(), has_offer(&asked.client, asked.purpose));
        let (Some(dialog), Some(response)) = (dialog, response) else {
            return self.failed(line, asked.purpose, code, None);
        };
        if code == 422 && self.interval.on_too_small(line.endpoint.session_timer(), response) {
            return match asked.purpose {
                Purpose::Change => self.send_change(line, dialog),
                Purpose::Refresh => self.send_refresh(line, dialog),
            };
        }
        let again_at = self.again_at(line, dialog, &asked, response);
        match self.failed(line, asked.purpose, code, again_at) {
            Some(News::Lost(code)) => Some(News::Lost(code)),
            // What waited for this request goes out, whatever became of it.
            news => self.on_allowed(line, dialog).or(news),
        }
    }

    /// The request was refused, or nobody answered.
    fn failed(&mut self, line: &Line<'_>, purpose: Purpose, code: u16, again_at: Option<Duration>) -> Option<News> {
        let output = match (purpose, code, again_at) {
            (Purpose::Change, _, Some(wait)) => self.change.on_crossed(line.now + wait),
            (Purpose::Change, code, None) => self.change.on_failure(code),
            (Purpose::Refresh, code @ (408 | 481), _) => return Some(News::Lost(code)),
            (Purpose::Refresh, _, Some(wait)) => {
                self.change.rest(line.now + wait);
                self.interval.expiry.on_crossed(line.now + wait);
                return None;
            }
            (Purpose::Refresh, _, None) => {
                self.interval.expiry.on_refused();
                return None;
            }
        };
        match output {
            ChangeOutput::Refused(code) => Some(News::Refused(code)),
            ChangeOutput::Lost(code) => Some(News::Lost(code)),
            ChangeOutput::Nothing
            | ChangeOutput::Send
            | ChangeOutput::Busy
            | ChangeOutput::Withdrawn
            | ChangeOutput::Done => None,
        }
    }

    /// How long to wait before the request is sent once more; none if it is refused for good.
    fn again_at(&self, line: &Line<'_>, dialog: &Dialog, asked: &Asked, response: &Message<'_>) -> Option<Duration> {
        match response.status() {
            Some(491) => Some(self.back_off(line, dialog, asked)),
            Some(500) => response.retry_after().ok().map(|after| Duration::from_secs(after.seconds.into())),
            Some(_) | None => None,
        }
    }

    fn back_off(&self, line: &Line<'_>, dialog: &Dialog, asked: &Asked) -> Duration {
        let (shortest, longest) = if self.owns_call_id { OWNER } else { OTHER };
        let id = dialog.id();
        let cause = [
            id.call_id.as_bytes(),
            id.local_tag.as_bytes(),
            id.remote_tag.as_bytes(),
            &asked.request.cseq.to_be_bytes(),
        ];
        let steps = (longest - shortest) / STEP + 1;
        let chance = line.endpoint.identifiers().number("back-off", &cause, 0) % steps;
        Duration::from_millis(shortest + STEP * chance)
    }

    pub(super) fn on_request_timeout(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        if let Some(asked) = self.asked.take_if(|asked| asked.gives_up_at.is_some_and(|at| at <= line.now)) {
            line.endpoint.cancel(line.now, &asked.client);
            self.close_offer(Method::Invite, true);
            return self.failed(line, asked.purpose, 408, None);
        }
        match self.change.on_timeout(line.now, self.may_ask()) {
            ChangeOutput::Send => self.send_change(line, dialog),
            _ => self.on_allowed(line, dialog),
        }
    }

    /// Lets the session timer fire: a refresh, or the end.
    pub(super) fn on_expiry_timeout(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        match self.interval.expiry.on_timeout(line.now, self.may_refresh()) {
            ExpiryOutput::Refresh => self.send_refresh(line, dialog),
            // Nobody has refreshed it in time: as if the peer were silent.
            ExpiryOutput::HangUp => Some(News::Lost(408)),
            ExpiryOutput::Nothing => None,
        }
    }

    /// A request is through: what waited for that goes out.
    pub(super) fn on_allowed(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        if self.may_ask() && self.change.on_allowed() == ChangeOutput::Send {
            return self.send_change(line, dialog);
        }
        if self.may_refresh() && self.interval.expiry.on_allowed() == ExpiryOutput::Refresh {
            return self.send_refresh(line, dialog);
        }
        None
    }

    /// No further copy of this 2xx can come.
    pub(crate) fn on_freed(&mut self, client: &ClientKey) {
        self.acknowledged.retain(|known| known.client != *client);
    }
}

const fn carrier(method: Method<'_>) -> Carrier {
    match method {
        Method::Update => Carrier::Update,
        _ => Carrier::Invite,
    }
}

/// Whether a request of ours carries an offer: all do but the UPDATE that refreshes.
fn has_offer(client: &ClientKey, purpose: Purpose) -> bool {
    purpose == Purpose::Change || client.method() == Method::Invite
}
