//! What the peer asks for: re-INVITE and UPDATE inside the session, and which of them are refused because of another
//! that is under way (RFC 3261 section 14.2, RFC 3311 section 5.2).
//!
//! The 2xx to a re-INVITE is repeated until its ACK, as that to the first INVITE is: [`Callee`] does both. A further
//! INVITE of the peer tells that the 2xx came (RFC 5407 section 3.1.4): it is repeated all the same, but nothing waits
//! for its ACK any more.

use super::{Line, News, Session, Write as _, is_too_small, offered};
use crate::agent::Receipt;
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{Carrier, Dialog, Meaning, TargetRefresh, Verdict};
use crate::role::endpoint::ALLOW;
use crate::role::objection::{acceptable, refuse};
use crate::time::Timer;
use crate::transaction::ServerKey;
use crate::usage::{Callee, CalleeOutput};
use crate::wire::{Builder, Message, Method, Name};

/// Most re-INVITEs of one session whose ACK was overtaken by the next and whose 2xx is still repeated; beyond it that
/// of the oldest is not.
const MAX_OVERTAKEN: usize = 8;

/// A re-INVITE whose 2xx is out and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    invite: ServerKey,
    cseq: u32,
    callee: Callee,
}

impl Answer {
    pub(super) const fn cseq(&self) -> u32 {
        self.cseq
    }

    pub(super) fn timer(&self) -> Option<Timer> {
        self.callee.timer()
    }
}

impl Session {
    /// A re-INVITE or UPDATE of the peer inside the established session. Its order has been checked.
    pub(crate) fn on_request(
        &mut self,
        line: &mut Line<'_>,
        dialog: &mut Dialog,
        server: &ServerKey,
        request: &Message<'_>,
        refresh: TargetRefresh,
    ) -> Option<News> {
        // Only the request is refused: the session is as before (RFC 3261 section 14.2, RFC 3311 section 5.2).
        let offer = match acceptable(request) {
            Ok(offer) => offer,
            Err(code) => {
                refuse(line.endpoint, line.now, server, code, request);
                return None;
            }
        };
        if is_too_small(line.endpoint.session_timer(), request) {
            line.answer(server, 422);
            return None;
        }
        match request.method() {
            Some(Method::Invite) => self.on_invite(line, dialog, server, request, refresh, offer.as_ref()),
            _ => self.on_update(line, dialog, server, request, refresh, offer.as_ref()),
        }
    }

    fn on_invite(
        &mut self,
        line: &mut Line<'_>,
        dialog: &mut Dialog,
        server: &ServerKey,
        invite: &Message<'_>,
        refresh: TargetRefresh,
        offer: Option<&SessionDescription>,
    ) -> Option<News> {
        let cseq = invite.cseq().ok()?.number;
        if !self.admit(line, server, Carrier::Invite, offer.is_some()) {
            return None;
        }
        let body = match offer {
            Some(offer) => self.answer_to(offer, Flow::SENDRECV),
            // The answer comes in the ACK.
            None => self.media.offer(),
        };
        let _ = self.offers.send(Carrier::InviteSuccess, true);
        dialog.on_answered(refresh, 200);
        let response = line.endpoint.response(server, 200, None)?;
        let (uri, parameters) = line.contact;
        self.interval.on_request(invite);
        let response = self.interval.grant(line.endpoint.session_timer(), line.now).write_to(response);
        let response = response.contact(uri, parameters).field(Name::Allow, ALLOW).body(sdp::MEDIA_TYPE, body);
        let success = line.endpoint.respond_and_keep(line.now, server, response)?;
        let timers = line.endpoint.timers();
        let mut callee = Callee::new(timers.t1(), timers.t2());
        callee.accept(line.now, success);
        self.overtaken.extend(self.answer.replace(Answer { invite: server.clone(), cseq, callee }));
        let surplus = self.overtaken.len().saturating_sub(MAX_OVERTAKEN);
        self.overtaken.drain(..surplus);
        offer.map(|_| News::Agreed)
    }

    fn on_update(
        &mut self,
        line: &mut Line<'_>,
        dialog: &mut Dialog,
        server: &ServerKey,
        update: &Message<'_>,
        refresh: TargetRefresh,
        offer: Option<&SessionDescription>,
    ) -> Option<News> {
        if !self.admit(line, server, Carrier::Update, offer.is_some()) {
            return None;
        }
        dialog.on_answered(refresh, 200);
        let (uri, parameters) = line.contact;
        let grant = if self.interval.is_established() {
            self.interval.on_request(update);
            self.interval.grant(line.endpoint.session_timer(), line.now)
        } else {
            None
        };
        let with_contact = |response: Builder| grant.write_to(response.contact(uri, parameters));
        self.answer_in_success(line, server, Carrier::UpdateSuccess, offer, with_contact);
        offer.map(|_| News::Agreed)
    }

    /// Whether the request may be served now; if not, it is refused.
    pub(crate) fn admit(&mut self, line: &mut Line<'_>, server: &ServerKey, carrier: Carrier, offer: bool) -> bool {
        match self.offers.receive(carrier, offer) {
            Verdict::Take(_) => return true,
            Verdict::RequestPending => line.answer(server, 491),
            Verdict::RetryAfter => line.endpoint.answer_later(line.now, server),
        }
        false
    }

    /// Answers a PRACK or an UPDATE with 200, and its offer, if it had one, in it.
    pub(crate) fn answer_in_success(
        &mut self,
        line: &mut Line<'_>,
        server: &ServerKey,
        carrier: Carrier,
        offer: Option<&SessionDescription>,
        finish: impl FnOnce(Builder) -> Builder,
    ) {
        let conditional = offer.is_some_and(SessionDescription::has_preconditions);
        let body = offer.map(|offer| self.answer_to(offer, Flow::SENDRECV));
        let _ = self.offers.send(carrier, body.is_some());
        let Some(response) = line.endpoint.response(server, 200, None) else { return };
        let response = finish(response);
        let response = match body {
            Some(body) if conditional => response.require(&["precondition"]).body(sdp::MEDIA_TYPE, body),
            Some(body) => response.body(sdp::MEDIA_TYPE, body),
            None => response,
        };
        line.endpoint.respond(line.now, server, response);
    }

    /// The ACK to the 2xx of a re-INVITE; `None`: to another INVITE.
    pub(crate) fn on_ack(
        &mut self,
        line: &mut Line<'_>,
        dialog: &mut Dialog,
        ack: &Message<'_>,
    ) -> Option<(Receipt, Option<News>)> {
        let number = ack.cseq().ok()?.number;
        if let Some(place) = self.overtaken.iter().position(|answer| answer.cseq == number) {
            self.overtaken.remove(place);
            return Some((Receipt::Consumed, None));
        }
        self.answer.take_if(|answer| answer.cseq == number)?;
        let answer = offered(ack).ok().flatten();
        let agreed = self.take_acknowledged(answer.as_ref()).then_some(News::Agreed);
        let unsent = self.on_allowed(line, dialog);
        Some((Receipt::Consumed, unsent.or(agreed)))
    }

    /// The ACK to the first INVITE's 2xx, which holds our peer's answer if that 2xx held our offer.
    pub(crate) fn take_acknowledged(&mut self, answer: Option<&SessionDescription>) -> bool {
        let taken = self.offers.receive(Carrier::Ack, answer.is_some()) == Verdict::Take(Meaning::Answer);
        if let Some(answer) = answer.filter(|_| taken) {
            self.remote = super::direction(answer);
        }
        taken
    }

    pub(super) fn on_answer_timeout(&mut self, line: &mut Line<'_>) -> Option<News> {
        self.overtaken.retain_mut(|answer| match answer.callee.on_timeout(line.now) {
            CalleeOutput::Resend(success) => {
                line.endpoint.repeat(line.now, &answer.invite, success);
                true
            }
            // Its caller has had it, so that this is no reason to end the session.
            CalleeOutput::SendBye => false,
            _ => true,
        });
        let answer = self.answer.as_mut()?;
        match answer.callee.on_timeout(line.now) {
            CalleeOutput::Resend(success) => {
                line.endpoint.repeat(line.now, &answer.invite, success);
                None
            }
            // The ACK never came (RFC 3261 section 14.2): the session is to be ended.
            CalleeOutput::SendBye => {
                self.answer = None;
                Some(News::Lost(408))
            }
            _ => None,
        }
    }
}
