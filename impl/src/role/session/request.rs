//! What we ask for: hold and resume, the back-off after 491 or 500, the ACK to each copy of the 2xx.
//!
//! The machine is [`Change`]; here it is joined to its transaction. A refused offer leaves the session as it was, but
//! for 408, 481 and silence, which end it (RFC 3261 sections 12.2.1.2 and 14.1).

use std::time::Duration;

use super::{Line, News, Session};
use crate::body::sdp::{self, Flow};
use crate::dialog::{Carrier, Dialog, Request};
use crate::role::config::Renegotiation;
use crate::role::endpoint::ALLOW;
use crate::time::Time;
use crate::transaction::ClientKey;
use crate::usage::{Change, ChangeOutput};
use crate::wire::{Builder, Message, Method};

/// Most re-INVITEs of one session whose 2xx may still come again.
pub(crate) const MAX_ACKNOWLEDGED: usize = 8;

/// Shortest and longest back-off of the owner of the Call-ID, and of the other, in milliseconds; and the steps of both
/// (RFC 3261 section 14.1).
const OWNER: (u64, u64) = (2_100, 4_000);
const OTHER: (u64, u64) = (0, 2_000);
const STEP: u64 = 10;

/// The request that is out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    client: ClientKey,
    request: Request,
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
        if self.change != Change::Idle && self.wanted == wanted {
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
        if self.change.ask() != ChangeOutput::Send {
            return Err(NotNow::Wait("the last change is not done yet"));
        }
        self.wanted = wanted;
        self.send(line, dialog).map_or(Ok(true), |_| Err(NotNow::Wait("the peer cannot be reached")))
    }

    const fn carrier(&self) -> Carrier {
        match self.by {
            Renegotiation::ReInvite => Carrier::Invite,
            Renegotiation::Update => Carrier::Update,
        }
    }

    /// Whether neither an open offer nor an INVITE of the peer is in the way of a request of ours.
    fn may_ask(&self) -> bool {
        let mut offers = self.offers;
        let through = self.by == Renegotiation::Update || self.answer.is_none();
        through && offers.send(self.carrier(), true).is_ok()
    }

    /// Sends the request with the offer that is wanted.
    fn send(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        let carrier = self.carrier();
        let method = match self.by {
            Renegotiation::ReInvite => Method::Invite,
            Renegotiation::Update => Method::Update,
        };
        let _ = self.offers.send(carrier, true);
        let offer = self.media.offer_to(self.wanted);
        let (uri, parameters) = line.contact;
        let sent = dialog.request(method).ok().and_then(|request| {
            let finish = |builder: Builder| builder.contact(uri, parameters).allow(&ALLOW).body(sdp::MEDIA_TYPE, offer);
            let client = line.endpoint.request(line.now, &request, finish).ok()?;
            Some(Asked { client, request, gives_up_at: None })
        });
        self.asked = sent;
        if self.asked.is_some() { None } else { self.failed(line, carrier, 503, None) }
    }

    /// Whether this is the transaction of a request of ours.
    pub(crate) fn is_of(&self, client: &ClientKey) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.client == *client)
            || self.acknowledged.iter().any(|known| known.client == *client)
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
        let carrier = if client.method() == Method::Invite { Carrier::Invite } else { Carrier::Update };
        match (response.and_then(Message::status).unwrap_or(408), response) {
            (..=199, _) => {
                let end = line.now + line.endpoint.timers().t1().saturating_mul(64);
                let asked = self.asked.as_mut().filter(|_| carrier == Carrier::Invite)?;
                asked.gives_up_at.get_or_insert(end);
                None
            }
            (200..=299, Some(response)) => self.on_success(line, dialog, carrier, response),
            (code, response) => {
                let asked = self.asked.take()?;
                let again_at = response.and_then(|response| self.again_at(line, dialog?, &asked, response));
                self.failed(line, carrier, code, again_at)
            }
        }
    }

    fn on_success(
        &mut self,
        line: &mut Line<'_>,
        dialog: Option<&mut Dialog>,
        carrier: Carrier,
        response: &Message<'_>,
    ) -> Option<News> {
        let Asked { client, request, .. } = self.asked.take()?;
        let over = dialog.is_none();
        let ack = match dialog {
            Some(dialog) => {
                let _ = dialog.on_response(response);
                dialog.ack(request.cseq)
            }
            None => request.acknowledging(),
        };
        if carrier == Carrier::Invite {
            let _ = line.endpoint.acknowledge(&ack);
            self.acknowledged.push(Acknowledged { client, ack });
        }
        let success = if carrier == Carrier::Invite { Carrier::InviteSuccess } else { Carrier::UpdateSuccess };
        let described = !response.body().is_empty();
        self.offers.receive(success, described);
        if over || self.change.on_success() != ChangeOutput::Done {
            return None;
        }
        self.media.direct(self.wanted);
        self.take_answer(response);
        Some(News::Agreed)
    }

    /// The request was refused, or nobody answered.
    fn failed(&mut self, line: &Line<'_>, carrier: Carrier, code: u16, again_at: Option<Duration>) -> Option<News> {
        let failure = if carrier == Carrier::Invite { Carrier::InviteFailure } else { Carrier::UpdateFailure };
        self.offers.receive(failure, false);
        let output = match again_at {
            Some(wait) => self.change.on_crossed(line.now + wait),
            None => self.change.on_failure(code),
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
            return self.failed(line, Carrier::Invite, 408, None);
        }
        match self.change.on_timeout(line.now, self.may_ask()) {
            ChangeOutput::Send => self.send(line, dialog),
            _ => None,
        }
    }

    /// An INVITE of the peer is through: a change that waited for that goes out.
    pub(super) fn on_allowed(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        if !self.may_ask() {
            return None;
        }
        match self.change.on_allowed() {
            ChangeOutput::Send => self.send(line, dialog),
            _ => None,
        }
    }

    /// No further copy of this 2xx can come.
    pub(crate) fn on_freed(&mut self, client: &ClientKey) {
        self.acknowledged.retain(|known| known.client != *client);
    }
}
