//! The creator's call at the focus: reliable 183, PRACK, perhaps UPDATE, 200, ACK, BYE (TS 34.229-5 A.16, RFC 3262, RFC
//! 3311, RFC 3312).
//!
//! The 200 leaves as soon as the 183 is acknowledged and the answer to the second offer shows that the preconditions
//! are met. Its Contact, not the one of the 183, is the conference URI.

use super::Event;
use super::conference::{Conference, Host, Part};
use super::mixer::TerminationId;
use crate::agent::{Discard, Receipt};
use crate::body::conference_info::{DisconnectionMethod, JoiningMethod};
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{Carrier, Dialog, PrackVerdict, ReliableSender, ReliableTimeout, Tag, Usage};
use crate::role::session::{Line, Session, Write as _, offered};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Callee, CalleeOutput, CalleeState};
use crate::wire::{HeaderError, Message, Method, Name, OwnedUri};

/// Every Contact of a focus has this feature tag (RFC 4579 section 4.2).
pub(super) const ISFOCUS: &str = "isfocus";

/// The creator and his call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Creator {
    /// The identity that the others are shown.
    pub(super) user: OwnedUri,
    /// All that he is known by.
    pub(super) identities: Vec<OwnedUri>,
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
    pub(super) session: Session,
    pub(super) bye: Option<ClientKey>,
    /// When a call that is still early is given up.
    pub(super) gives_up_at: Option<Time>,
    /// His place at the mixer, as long as he has one.
    pub(super) termination: Option<TerminationId>,
}

/// Who sends a request: whom the network asserts, a SIP identity first (RFC 3325 section 9.1; a focus stands inside the
/// trust domain), then whom From names. From alone may be anything, anonymous too.
pub(super) fn identities(request: &Message<'_>) -> Result<Vec<OwnedUri>, HeaderError> {
    let mut asserted = request.name_addrs(Name::PAssertedIdentity)?;
    asserted.sort_by_key(|identity| !identity.uri.is_sip());
    let asserted = asserted.into_iter().map(|identity| identity.uri.to_owned());
    Ok(asserted.chain([request.from()?.uri.to_owned()]).collect())
}

impl Creator {
    /// Whether this is he.
    pub(super) fn is(&self, user: &OwnedUri) -> bool {
        self.identities.iter().any(|identity| identity.same_user(user))
    }

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
        let answer = creator.session.answer_to(offer, Flow::NONE);
        let rseq = creator.reliable.next_rseq().map_err(|_| 500_u16)?;
        creator.session.offers.send(Carrier::ReliableProvisional, true).map_err(|_| 500_u16)?;
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
            Some(Method::Update | Method::Invite) => {
                self.on_session_request(host, Part::Creator, server, request, refresh)
            }
            Some(Method::Refer) => self.on_refer(host, server, request, refresh),
            Some(Method::Bye) => self.on_creator_bye(host, server),
            Some(Method::Subscribe) => self.on_subscribe_in_call(host, server, request, refresh),
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
        // A PRACK that matches is not refused for what is in it (RFC 3262 section 3): what cannot be read is no
        // offer.
        let offer = offered(prack).ok().flatten();
        let mut line = Line { now: host.now, endpoint: host.endpoint, contact: (&self.uri, ISFOCUS) };
        let session = &mut self.creator.session;
        if session.admit(&mut line, server, Carrier::Prack, offer.is_some()) {
            session.answer_in_success(&mut line, server, Carrier::PrackSuccess, offer.as_ref(), std::convert::identity);
        }
        self.accept_if_ready(host);
    }

    /// The 200 to the INVITE: from now on the conference exists and its creator is in it.
    pub(super) fn accept_if_ready(&mut self, host: &mut Host<'_>) {
        let creator = &mut self.creator;
        let waits = creator.callee.state() == CalleeState::Early && !creator.reliable.holds_success();
        if !waits || !creator.session.media.preconditions_met() {
            return;
        }
        let grant = creator.session.interval.grant(host.endpoint.session_timer(), host.now);
        let response = host.endpoint.dialog_response(&creator.invite, 200, &creator.tag);
        let response = response.map(|response| {
            grant
                .write_to(response)
                .contact(&self.uri, ISFOCUS)
                .allow_events(&["conference", "refer"])
                .supported(&["100rel", "precondition"])
        });
        let Some(success) = host.respond_and_keep(&creator.invite, response) else { return };
        let _ = creator.session.offers.send(Carrier::InviteSuccess, false);
        creator.reliable.on_final();
        creator.callee.accept(host.now, success);
        creator.gives_up_at = None;
        if let Some(termination) = creator.termination {
            host.mixer.modify(termination, creator.session.flow());
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
        self.roster.hold(&user, creator.session.on_hold(), creator.session.flow());
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

    /// An ACK inside the dialog of a part: of the creator's first INVITE, or of a re-INVITE.
    pub(super) fn on_ack(&mut self, host: &mut Host<'_>, part: Part, ack: &Message<'_>) -> Receipt {
        let Ok(cseq) = ack.cseq() else { return Receipt::Discarded(Discard::StrayAck) };
        if part != Part::Creator || cseq.number != self.creator.cseq {
            return self.on_session_ack(host, part, ack);
        }
        match self.creator.callee.on_ack() {
            CalleeOutput::Established => Receipt::Consumed,
            CalleeOutput::SendBye => {
                self.send_creator_bye(host);
                Receipt::Consumed
            }
            _ => Receipt::Absorbed,
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

    pub(super) fn send_creator_bye(&mut self, host: &mut Host<'_>) {
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
