//! The creator's call at the focus: reliable 183, PRACK, perhaps UPDATE, 200, ACK, BYE (TS 34.229-5 A.16, RFC 3262, RFC
//! 3311, RFC 3312).
//!
//! The 200 leaves as soon as the 183 is acknowledged and the answer to the second offer shows that the preconditions
//! are met. Its Contact, not the one of the 183, is the conference URI.

use super::Event;
use super::conference::{Conference, Host};
use super::mixer::TerminationId;
use crate::body::conference_info::{DisconnectionMethod, JoiningMethod};
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{
    Carrier, Dialog, Meaning, OfferAnswer, PrackVerdict, ReliableSender, ReliableTimeout, Tag, TargetRefresh, Usage,
    Verdict,
};
use crate::role::media::Media;
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Callee, CalleeOutput, CalleeState};
use crate::wire::{Builder, Message, Method, Name, OwnedUri};

/// Every Contact of a focus has this feature tag (RFC 4579 section 4.2).
pub(super) const ISFOCUS: &str = "isfocus";

/// Seconds that a peer is asked to wait after a 500 to its offer (RFC 3311 section 5.2: 0 to 10).
const RETRY_AFTER: u32 = 2;

/// The creator and his call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Creator {
    pub(super) user: OwnedUri,
    pub(super) contact: String,
    /// Whether he wants his identity kept from other users.
    pub(super) hidden: bool,
    pub(super) invite: ServerKey,
    pub(super) cseq: u32,
    pub(super) tag: Tag,
    /// It outlasts the call as long as a refer subscription lives in it (RFC 5057 section 5.5).
    pub(super) dialog: Option<Dialog>,
    pub(super) callee: Callee,
    pub(super) reliable: ReliableSender,
    pub(super) offers: OfferAnswer,
    pub(super) media: Media,
    pub(super) bye: Option<ClientKey>,
    /// When a call that is still early is given up.
    pub(super) gives_up_at: Option<Time>,
    /// His place at the mixer, as long as he has one.
    pub(super) termination: Option<TerminationId>,
}

impl Creator {
    /// His place at the mixer is free again.
    pub(super) fn release(&mut self, host: &mut Host<'_>) {
        if let Some(termination) = self.termination.take() {
            host.mixer.release(termination);
        }
    }

    /// A usage of the dialog ended; with the last one the dialog goes.
    pub(super) fn end_usage(&mut self, usage: &Usage) {
        if self.dialog.as_mut().is_some_and(|dialog| dialog.end(usage)) {
            self.dialog = None;
        }
    }
}

/// The session description in a request; none if there is no readable one.
fn offered(request: &Message<'_>) -> Option<SessionDescription> {
    let described = request.content_type().is_ok_and(|media_type| media_type.is(sdp::MEDIA_TYPE));
    SessionDescription::read(request.body()).ok().filter(|_| described)
}

impl Conference {
    /// The Contact of the focus: a temporary one until the conference exists.
    fn contact(&self, host: &Host<'_>) -> OwnedUri {
        let temporary = || format!("sip:temporary@{}", host.config.host).parse().ok();
        if self.is_live() { self.uri.clone() } else { temporary().unwrap_or_else(|| self.uri.clone()) }
    }

    /// Sends the reliable 183 with the answer to the first offer.
    pub(super) fn promise(&mut self, host: &mut Host<'_>, offer: &SessionDescription) -> Result<(), u16> {
        let contact = self.contact(host);
        let creator = &mut self.creator;
        let answer = creator.media.answer(offer, Flow::NONE);
        let rseq = creator.reliable.next_rseq().map_err(|_| 500_u16)?;
        creator.offers.send(Carrier::ReliableProvisional, true).map_err(|_| 500_u16)?;
        let options: &[&str] = if offer.has_preconditions() { &["100rel", "precondition"] } else { &["100rel"] };
        let response = host.endpoint.dialog_response(&creator.invite, 183, &creator.tag).map(|response| {
            response.contact(&contact, ISFOCUS).require(options).rseq(rseq).body(sdp::MEDIA_TYPE, answer)
        });
        let progress = host.respond_and_keep(&creator.invite, response).ok_or(500_u16)?;
        creator.callee.progress();
        creator.reliable.send(host.now, progress, true).map_err(|_| 500_u16)
    }

    /// A request inside the creator's dialog.
    pub(super) fn on_creator_request(&mut self, host: &mut Host<'_>, server: &ServerKey, request: &Message<'_>) {
        let Some(dialog) = &mut self.creator.dialog else { return host.answer(server, 481) };
        // An ACK never comes here, and a CANCEL has no dialog: every other request has its place in the order.
        let Ok(refresh) = dialog.on_request(request) else { return host.answer(server, 500) };
        match request.method() {
            Some(Method::Prack) => self.on_prack(host, server, request),
            Some(Method::Update) => self.on_update(host, server, request, refresh),
            Some(Method::Refer) => self.on_refer(host, server, request, refresh),
            Some(Method::Bye) => self.on_creator_bye(host, server),
            Some(Method::Subscribe) => self.on_subscribe_in_call(host, server, request, refresh),
            // The media of the call is what the first exchange made it.
            Some(Method::Invite) => host.answer(server, 488),
            _ => host.answer(server, 481),
        }
    }

    fn on_prack(&mut self, host: &mut Host<'_>, server: &ServerKey, prack: &Message<'_>) {
        let matched = prack.rack().map(|rack| {
            let method = rack.method.as_bytes();
            self.creator.reliable.on_prack(rack.rseq, rack.cseq, method)
        });
        if !matches!(matched, Ok(PrackVerdict::Matched { .. })) {
            return host.answer(server, 481);
        }
        let offer = offered(prack);
        let verdict = self.creator.offers.receive(Carrier::Prack, offer.is_some());
        self.take_offer(host, server, Carrier::PrackSuccess, verdict, offer, |response| response);
    }

    fn on_update(&mut self, host: &mut Host<'_>, server: &ServerKey, update: &Message<'_>, refresh: TargetRefresh) {
        if self.creator.callee.state() == CalleeState::Morgue || self.creator.callee.state() == CalleeState::Mortal {
            return host.answer(server, 481);
        }
        let offer = offered(update);
        if offer.is_none() && !update.body().is_empty() {
            return host.answer(server, 488);
        }
        let verdict = self.creator.offers.receive(Carrier::Update, offer.is_some());
        if let (Verdict::Take(_), Some(dialog)) = (verdict, &mut self.creator.dialog) {
            dialog.on_answered(refresh, 200);
        }
        // Already the conference URI: this 200 and that of the INVITE may overtake each other, and whichever comes last
        // sets the UE's remote target (RFC 3311 section 5.1 wants the INVITE's 2xx to keep what was given here).
        let uri = self.uri.clone();
        self.take_offer(host, server, Carrier::UpdateSuccess, verdict, offer, |response| {
            response.contact(&uri, ISFOCUS)
        });
    }

    /// Answers a PRACK or an UPDATE, with our answer if it had an offer, and then perhaps the INVITE.
    fn take_offer(
        &mut self,
        host: &mut Host<'_>,
        server: &ServerKey,
        carrier: Carrier,
        verdict: Verdict,
        offer: Option<SessionDescription>,
        finish: impl FnOnce(Builder) -> Builder,
    ) {
        let tag = self.creator.tag.clone();
        let response = |host: &Host<'_>, code| host.endpoint.response(server, code, Some(&tag));
        match verdict {
            Verdict::RequestPending => return host.answer(server, 491),
            Verdict::RetryAfter => {
                let refusal = response(host, 500).map(|refusal| refusal.number(Name::RetryAfter, RETRY_AFTER));
                host.respond(server, refusal);
                return;
            }
            Verdict::Take(_) => {}
        }
        let offer = offer.filter(|_| verdict == Verdict::Take(Meaning::Offer));
        let conditional = offer.as_ref().is_some_and(SessionDescription::has_preconditions);
        let body = offer.map(|offer| self.creator.media.answer(&offer, Flow::SENDRECV));
        let _ = self.creator.offers.send(carrier, body.is_some());
        let answer = response(host, 200).map(finish).map(|answer| match body {
            Some(body) if conditional => answer.require(&["precondition"]).body(sdp::MEDIA_TYPE, body),
            Some(body) => answer.body(sdp::MEDIA_TYPE, body),
            None => answer,
        });
        host.respond(server, answer);
        self.accept_if_ready(host);
    }

    /// The 200 to the INVITE: from now on the conference exists and its creator is in it.
    fn accept_if_ready(&mut self, host: &mut Host<'_>) {
        let creator = &mut self.creator;
        let waits = creator.callee.state() == CalleeState::Early && !creator.reliable.holds_success();
        if !waits || !creator.media.preconditions_met() {
            return;
        }
        let response = host.endpoint.dialog_response(&creator.invite, 200, &creator.tag);
        let response = response.map(|response| {
            response
                .contact(&self.uri, ISFOCUS)
                .allow_events(&["conference", "refer"])
                .supported(&["100rel", "precondition"])
        });
        let Some(success) = host.respond_and_keep(&creator.invite, response) else { return };
        let _ = creator.offers.send(Carrier::InviteSuccess, false);
        creator.reliable.on_final();
        creator.callee.accept(host.now, success);
        creator.gives_up_at = None;
        if let Some(termination) = creator.termination {
            host.mixer.modify(termination, Flow::SENDRECV);
        }
        if let Some(dialog) = &mut creator.dialog {
            dialog.confirm();
        }
        let user = creator.user.to_string();
        let source = host.endpoint.identifiers().number("source", &[self.uri.as_str().as_bytes(), user.as_bytes()], 0);
        if creator.hidden {
            self.roster.join_hidden(&user, JoiningMethod::DialedIn, source as u32);
        } else {
            self.roster.join(&user, &creator.contact, JoiningMethod::DialedIn, source as u32);
        }
        host.events.push_back(Event::ConferenceCreated { conference: self.uri.to_string(), creator: user });
    }

    fn on_creator_bye(&mut self, host: &mut Host<'_>, server: &ServerKey) {
        match self.creator.callee.on_bye() {
            CalleeOutput::AnswerBye => {
                host.answer(server, 200);
                self.creator.end_usage(&Usage::Invite);
                let user = self.creator.user.to_string();
                host.events.push_back(Event::Left { conference: self.uri.to_string(), user });
                self.end(host, DisconnectionMethod::Departed);
            }
            CalleeOutput::AnswerByeAndRefuse => {
                host.answer(server, 200);
                self.refuse_invite(host, 487);
            }
            CalleeOutput::AnswerByeAgain => host.answer(server, 200),
            _ => host.answer(server, 481),
        }
    }

    /// The INVITE is refused although it was promised a conference; nothing of the conference survives.
    fn refuse_invite(&mut self, host: &mut Host<'_>, code: u16) {
        let (invite, tag) = (self.creator.invite.clone(), self.creator.tag.clone());
        self.creator.reliable.on_final();
        self.creator.gives_up_at = None;
        self.creator.end_usage(&Usage::Invite);
        self.creator.release(host);
        host.endpoint.answer(host.now, &invite, code, Some(&tag));
        host.events.push_back(Event::CreationRefused { code });
    }

    /// The operator takes the promise of a conference back.
    pub(super) fn withdraw(&mut self, host: &mut Host<'_>, code: u16) {
        if self.creator.callee.state() == CalleeState::Early {
            self.creator.callee.refuse();
            self.refuse_invite(host, code);
        }
    }

    /// A CANCEL of the creator's INVITE; it has been answered.
    pub(super) fn on_cancel(&mut self, host: &mut Host<'_>) {
        if self.creator.callee.on_cancel() == CalleeOutput::RefuseInvite {
            self.refuse_invite(host, 487);
        }
    }

    /// The ACK to the 200; whether it was the first.
    pub(super) fn on_ack(&mut self, host: &mut Host<'_>) -> bool {
        match self.creator.callee.on_ack() {
            CalleeOutput::Established => true,
            CalleeOutput::SendBye => {
                self.send_creator_bye(host);
                true
            }
            _ => false,
        }
    }

    pub(super) fn on_creator_timeout(&mut self, host: &mut Host<'_>) {
        let creator = &mut self.creator;
        let gave_up = match creator.reliable.on_timeout(host.now) {
            ReliableTimeout::Nothing => creator.gives_up_at.is_some_and(|at| at <= host.now),
            ReliableTimeout::Resend(progress) => {
                host.endpoint.repeat(host.now, &creator.invite, progress);
                false
            }
            ReliableTimeout::GaveUp => true,
        };
        if gave_up {
            creator.callee.refuse();
            self.refuse_invite(host, 504);
        }
        match self.creator.callee.on_timeout(host.now) {
            CalleeOutput::Resend(success) => host.endpoint.repeat(host.now, &self.creator.invite, success),
            // The ACK never came: the call is ended (RFC 3261 section 13.3.1.4), and the conference with it.
            CalleeOutput::SendBye => {
                self.send_creator_bye(host);
                self.end(host, DisconnectionMethod::Booted);
            }
            _ => {}
        }
    }

    fn send_creator_bye(&mut self, host: &mut Host<'_>) {
        let request = self.creator.dialog.as_mut().and_then(|dialog| dialog.request(Method::Bye).ok());
        let send = |request| host.endpoint.request(host.now, &request, std::convert::identity).ok();
        self.creator.bye = request.and_then(send);
        if self.creator.bye.is_none() {
            self.on_creator_bye_answered();
        }
    }

    /// The final response to our BYE, whatever it says, or none.
    pub(super) fn on_creator_bye_answered(&mut self) {
        self.creator.bye = None;
        if self.creator.callee.on_bye_answered() == CalleeOutput::Ended {
            self.creator.end_usage(&Usage::Invite);
        }
    }
}
