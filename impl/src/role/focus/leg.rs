//! Invitations: a REFER of the creator, the call to the invited user that it causes (RFC 4579 section 5.5), and the
//! outcome.
//!
//! The call is a [`Caller`]; here it is joined to its dialog, the no-answer time, the roster and the report.

use super::Event;
use super::conference::{Conference, Host, Part};
use super::creator::ISFOCUS;
use super::mixer::TerminationId;
use super::reference::{Asked, Reference};
use crate::body::conference_info::{DisconnectionMethod, JoiningMethod};
use crate::body::sdp;
use crate::dialog::{Carrier, Dialog, InitialRequest, Party, RouteSet, TargetRefresh, Usage};
use crate::role::config::Profile;
use crate::role::edge::hides_identity;
use crate::role::endpoint::ALLOW;
use crate::role::media::Media;
use crate::role::session::{Session, Write as _};
use crate::time::{Alarm, Time, Timer, TimerClass, earliest};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Caller, CallerOutput};
use crate::view::{InvitationView, LegState, ReportState};
use crate::wire::{Message, Method, Name, OwnedUri};

/// Most invitations of one conference, those that are over included.
pub const MAX_INVITATIONS: usize = 64;

/// One accepted REFER and the leg that it caused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Invitation {
    pub(super) cseq: u32,
    pub(super) target: OwnedUri,
    pub(super) leg: Leg,
}

/// The call to an invited user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leg {
    pub(super) caller: Caller,
    initial: InitialRequest,
    /// What the REFER asked for, for the INVITE that follows a 422.
    reference: Reference,
    invite: Option<ClientKey>,
    bye: Option<ClientKey>,
    pub(super) dialog: Option<Dialog>,
    pub(super) session: Session,
    /// The dialog that the 2xx made, for the ACK to its copies.
    established: Option<Dialog>,
    alerting: bool,
    /// Whether the invited user wants his identity kept from other users.
    hidden: bool,
    no_answer_at: Option<Time>,
    outcome: Option<u16>,
    /// His place at the mixer, as long as he has one.
    pub(super) termination: Option<TerminationId>,
}

impl Invitation {
    /// The pending timers.
    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        let no_answer = self.leg.no_answer_at.map(|at| Timer { at, class: TimerClass::Protocol });
        self.leg.session.timers().chain(no_answer)
    }

    pub(super) fn view(&self, report: ReportState) -> InvitationView {
        let leg = match self.leg.caller {
            Caller::Calling => LegState::Calling { provisional: false },
            Caller::Proceeding if self.leg.alerting => LegState::Alerting,
            Caller::Proceeding => LegState::Calling { provisional: true },
            Caller::CallingGivenUp => LegState::Abandoned,
            Caller::GivenUp => LegState::Cancelling,
            Caller::Established => LegState::Joined,
            Caller::Mortal => LegState::Leaving,
            Caller::Morgue => LegState::Over,
        };
        let target = self.target.to_string();
        InvitationView {
            target,
            cseq: self.cseq,
            report,
            leg,
            media: self.leg.session.view(),
            outcome: self.leg.outcome,
        }
    }
}

impl Alarm for Invitation {
    fn alarm(&self) -> Option<Time> {
        earliest(self.timers())
    }
}

impl Conference {
    /// A REFER inside the creator's dialog. Its order has been checked.
    pub(super) fn on_refer(
        &mut self,
        host: &mut Host<'_>,
        server: &ServerKey,
        refer: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        let number = refer.cseq().map(|cseq| cseq.number);
        let (true, Some(dialog), Ok(cseq)) = (self.is_live(), &mut self.creator.dialog, number) else {
            return host.answer(server, 481);
        };
        let call_id = dialog.id().call_id.clone();
        let asked = match host.policy.refer(refer, self, host.config.maximum_users) {
            Ok(asked) => asked,
            Err(code) => return self.refuse_refer(host, server, code),
        };
        // Nobody is offered media for which there is no room.
        let termination = match &asked {
            Asked::Invite(reference) => host.mixer.reserve(self.uri.as_str(), reference.target.as_str()).map(Some),
            Asked::Expel(_) => Ok(None),
        };
        let Ok(termination) = termination else { return self.refuse_refer(host, server, 503) };
        self.accept_refer(host, server, refer, cseq, refresh);
        let reference = match asked {
            Asked::Invite(reference) => reference,
            Asked::Expel(target) => return self.expel(host, cseq, target),
        };
        let target = reference.target.clone();
        host.events.push_back(Event::Inviting { conference: self.uri.to_string(), target: target.to_string() });
        self.invited.push(&target);
        self.invitations.push(Invitation {
            cseq,
            target: target.clone(),
            leg: Leg { termination, ..Leg::new(host, &self.uri, call_id.as_bytes(), cseq, reference) },
        });
        let place = self.invitations.len() - 1;
        // A Referred-By that names somebody else was refused.
        if self.roster.dial(target.as_str(), self.creator.user.as_str()) {
            self.changed();
        }
        self.dial(host, place);
    }

    /// Answers an admitted REFER and starts the report on it, unless it wants none; the first NOTIFY follows at once.
    fn accept_refer(
        &mut self,
        host: &mut Host<'_>,
        server: &ServerKey,
        refer: &Message<'_>,
        cseq: u32,
        refresh: TargetRefresh,
    ) {
        if let Some(dialog) = &mut self.creator.dialog {
            dialog.on_answered(refresh, 200);
        }
        let quiet = host.policy.is_quiet(refer);
        let code = match host.config.profile {
            Profile::ThreeGpp => 202,
            Profile::Ietf => 200,
        };
        let accepted = host.endpoint.response(server, code, Some(&self.creator.tag));
        let accepted = accepted.map(|accepted| accepted.contact(&self.uri, ISFOCUS));
        let accepted = if quiet { accepted.map(|accepted| accepted.field(Name::ReferSub, "false")) } else { accepted };
        host.respond(server, accepted);
        if !quiet {
            self.start_report(host, cseq);
            self.notify(host);
        }
    }

    fn refuse_refer(&self, host: &mut Host<'_>, server: &ServerKey, code: u16) {
        host.answer(server, code);
        host.events.push_back(Event::ReferRefused { conference: self.uri.to_string(), code });
    }

    /// Sends the INVITE to the invited user: the conference calls him (RFC 4579 section 5.2).
    fn dial(&mut self, host: &mut Host<'_>, place: usize) {
        let Some(leg) = self.invitations.get_mut(place).map(|invitation| &mut invitation.leg) else { return };
        let _ = leg.session.offers.send(Carrier::Invite, true);
        let offer = leg.session.media.offer();
        let (uri, reference) = (&self.uri, &leg.reference);
        let proposal = leg.session.interval.proposal(host.endpoint.session_timer());
        let invite = host.endpoint.request(host.now, &leg.initial.request(), |builder| {
            // The conference calls, from inside the trust domain (TS 24.147 section 5.3.2.5).
            let caller: &[&[u8]] = &[b"<", uri.as_bytes(), b">"];
            let builder =
                builder.contact(uri, ISFOCUS).field(Name::Allow, ALLOW).parts(Name::PAssertedIdentity, caller);
            let builder = match &reference.referred_by {
                Some(referred_by) => builder.field(Name::ReferredBy, referred_by),
                None => builder,
            };
            let builder = match &reference.replaces {
                Some(replaces) => builder.field(Name::Replaces, replaces).require(&["replaces"]),
                None => builder,
            };
            proposal.write_to(builder).body(sdp::MEDIA_TYPE, offer)
        });
        match invite {
            Ok(invite) => leg.invite = Some(invite),
            Err(_) => {
                leg.caller.on_failure(503);
                self.on_outcome(host, place, 503);
            }
        }
    }

    /// The outcome of an invitation is known: it is reported, and a user who joined appears in the roster.
    fn on_outcome(&mut self, host: &mut Host<'_>, place: usize, code: u16) {
        let Some(invitation) = self.invitations.get_mut(place) else { return };
        invitation.leg.no_answer_at = None;
        if invitation.leg.outcome.is_some() {
            return;
        }
        invitation.leg.outcome = Some(code);
        let cseq = invitation.cseq;
        let (conference, user) = (self.uri.to_string(), invitation.target.to_string());
        if (200..=299).contains(&code) {
            if let Some(termination) = invitation.leg.termination {
                host.mixer.modify(termination, invitation.leg.session.flow());
            }
            let contact = invitation.leg.dialog.as_ref().map(|dialog| dialog.remote_target().to_string());
            let hidden = invitation.leg.hidden;
            let cause = [conference.as_bytes(), user.as_bytes()];
            let source = host.endpoint.identifiers().number("source", &cause, 0) as u32;
            if hidden {
                self.roster.join_hidden(&user, JoiningMethod::DialedOut, source);
            } else {
                self.roster.join(&user, &contact.unwrap_or_default(), JoiningMethod::DialedOut, source);
            }
            self.roster.hold(&user, invitation.leg.session.on_hold(), invitation.leg.session.flow());
            self.changed();
            host.events.push_back(Event::Joined { conference, user });
        } else {
            invitation.leg.release(host);
            let how = if code == 486 { DisconnectionMethod::Busy } else { DisconnectionMethod::Failed };
            if self.roster.leave(&user, how) {
                self.changed();
            }
            host.events.push_back(Event::NotJoined { conference, user, code });
        }
        self.on_referred(cseq, code);
    }

    /// A response to a dial-out INVITE.
    pub(super) fn on_leg_response(&mut self, host: &mut Host<'_>, place: usize, response: &Message<'_>) {
        let Some(Invitation { leg, target, .. }) = self.invitations.get_mut(place) else { return };
        match response.status().unwrap_or_default() {
            code @ 0..=199 => {
                leg.alerting |= code == 180;
                if leg.caller == Caller::Calling {
                    // Only now somebody is there who may fail to answer; before, Timer B limits the wait.
                    leg.no_answer_at = Some(host.now + host.config.no_answer);
                }
                let news = if leg.caller.on_provisional() == CallerOutput::SendCancel {
                    leg.cancel(host);
                    self.roster.dismiss(target.as_str())
                } else {
                    code == 180 && self.roster.alert(target.as_str())
                };
                if news {
                    self.changed();
                }
            }
            200..=299 => self.on_leg_success(host, place, response),
            422 if leg.asks_again(host, response) => self.dial(host, place),
            code => {
                if let CallerOutput::Failed(code) = leg.caller.on_failure(code) {
                    self.on_outcome(host, place, code);
                }
            }
        }
    }

    fn on_leg_success(&mut self, host: &mut Host<'_>, place: usize, response: &Message<'_>) {
        let Some(leg) = self.invitations.get_mut(place).map(|invitation| &mut invitation.leg) else { return };
        let tag = response.to_tag().ok().flatten().unwrap_or_default();
        if let Some(known) = &leg.established {
            if known.id().remote_tag.as_bytes() == tag {
                let _ = host.endpoint.acknowledge(&known.ack(leg.initial.cseq));
            } else {
                // Another branch answered too (RFC 3261 section 13.2.2.4).
                if let Ok(other) = Dialog::from_response(&leg.initial, response) {
                    host.endpoint.refuse_success(host.now, other, leg.initial.cseq);
                }
            }
            return;
        }
        let Ok(dialog) = Dialog::from_response(&leg.initial, response) else {
            // Without a usable Contact there is no way to acknowledge it; its sender gives up by itself.
            leg.caller.on_failure(502);
            return self.on_outcome(host, place, 502);
        };
        let _ = host.endpoint.acknowledge(&dialog.ack(leg.initial.cseq));
        leg.established = Some(dialog.clone());
        leg.dialog = Some(dialog);
        leg.hidden = hides_identity(response);
        leg.session.offers.receive(Carrier::InviteSuccess, !response.body().is_empty());
        leg.session.interval.on_success(host.endpoint.session_timer(), host.now, response);
        leg.session.take_answer(response);
        match leg.caller.on_success() {
            CallerOutput::Establish => self.on_outcome(host, place, 200),
            CallerOutput::SendAckAndBye => {
                // Nobody joined: the referrer hears what a cancelled INVITE ends with.
                self.send_leg_bye(host, place);
                self.on_outcome(host, place, 487);
            }
            _ => {}
        }
    }

    /// No response to the INVITE, or none after its CANCEL: as 408 (RFC 3261 section 8.1.3.1).
    pub(super) fn on_leg_silence(&mut self, host: &mut Host<'_>, place: usize) {
        let Some(invitation) = self.invitations.get_mut(place) else { return };
        if let CallerOutput::Failed(code) = invitation.leg.caller.on_failure(408) {
            self.on_outcome(host, place, code);
        }
    }

    /// The invited user is not wanted any more: CANCEL as soon as one is allowed, or BYE.
    pub(super) fn hang_up(&mut self, host: &mut Host<'_>, place: usize) {
        let Some(Invitation { leg, target, .. }) = self.invitations.get_mut(place) else { return };
        leg.no_answer_at = None;
        match leg.caller.hang_up() {
            CallerOutput::SendCancel => {
                leg.cancel(host);
                if self.roster.dismiss(target.as_str()) {
                    self.changed();
                }
            }
            CallerOutput::SendBye => self.send_leg_bye(host, place),
            _ => {}
        }
    }

    fn send_leg_bye(&mut self, host: &mut Host<'_>, place: usize) {
        let Some(leg) = self.invitations.get_mut(place).map(|invitation| &mut invitation.leg) else { return };
        leg.session.end();
        let request = leg.dialog.as_mut().and_then(|dialog| dialog.request(Method::Bye).ok());
        let send = |request| host.endpoint.request(host.now, &request, std::convert::identity).ok();
        leg.bye = request.and_then(send);
        let unsent = leg.bye.is_none();
        self.leave(host, place, DisconnectionMethod::Booted);
        if unsent {
            // It counts as a BYE that nobody answered.
            self.on_leg_bye_over(place, 408);
        }
    }

    /// A user who was in the conference is not any more.
    fn leave(&mut self, host: &mut Host<'_>, place: usize, how: DisconnectionMethod) {
        let Some(invitation) = self.invitations.get_mut(place) else { return };
        if invitation.leg.outcome != Some(200) {
            return;
        }
        invitation.leg.release(host);
        let user = invitation.target.to_string();
        match how {
            DisconnectionMethod::Booted => self.roster.dismiss(&user),
            how => self.roster.leave(&user, how),
        };
        host.events.push_back(Event::Left { conference: self.uri.to_string(), user });
        self.changed();
    }

    /// A request of an invited user inside his dialog.
    pub(super) fn on_leg_request(
        &mut self,
        host: &mut Host<'_>,
        place: usize,
        server: &ServerKey,
        request: &Message<'_>,
    ) {
        let Some(leg) = self.invitations.get_mut(place).map(|invitation| &mut invitation.leg) else { return };
        let Some(Ok(refresh)) = leg.dialog.as_mut().map(|dialog| dialog.on_request(request)) else {
            return host.answer(server, 500);
        };
        match request.method() {
            Some(Method::Bye) => match leg.caller.on_bye() {
                CallerOutput::AnswerBye => {
                    host.answer(server, 200);
                    leg.end_session();
                    self.leave(host, place, DisconnectionMethod::Departed);
                }
                CallerOutput::AnswerByeAgain => host.answer(server, 200),
                _ => host.answer(server, 481),
            },
            Some(Method::Update | Method::Invite) => {
                self.on_session_request(host, Part::Leg(place), server, request, refresh);
            }
            // Only the creator invites.
            Some(Method::Refer) => host.answer(server, 603),
            Some(Method::Subscribe) => host.answer(server, 403),
            _ => host.answer(server, 481),
        }
    }

    /// The final response to our BYE to an invited user, 408 if there was none.
    pub(super) fn on_leg_bye_answered(&mut self, client: &ClientKey, code: u16) {
        let known = self.invitations.iter().position(|invitation| invitation.leg.bye.as_ref() == Some(client));
        if let Some(place) = known {
            self.on_leg_bye_over(place, code);
        }
    }

    fn on_leg_bye_over(&mut self, place: usize, code: u16) {
        let Some(invitation) = self.invitations.get_mut(place) else { return };
        invitation.leg.end_bye();
        let user = invitation.target.clone();
        if self.roster.leave(user.as_str(), DisconnectionMethod::Booted) {
            self.changed();
        }
        self.on_expelled(&user, code);
    }

    /// The leg whose INVITE this is, mostly one of the last.
    pub(super) fn leg_of(&self, client: &ClientKey) -> Option<usize> {
        self.invitations.iter().rposition(|invitation| invitation.leg.invite.as_ref() == Some(client))
    }

    /// The INVITE's transaction is freed: no further copy of the 2xx can come.
    pub(super) fn on_leg_freed(&mut self, place: usize) {
        if let Some(invitation) = self.invitations.get_mut(place) {
            invitation.leg.invite = None;
            invitation.leg.established = None;
        }
    }

    pub(super) fn on_leg_timeout(&mut self, host: &mut Host<'_>, place: usize) {
        let Some(invitation) = self.invitations.get_mut(place) else { return };
        if invitation.leg.no_answer_at.is_some_and(|at| at <= host.now) {
            self.hang_up(host, place);
        }
    }
}

impl Leg {
    fn new(host: &Host<'_>, conference: &OwnedUri, call_id: &[u8], cseq: u32, reference: Reference) -> Self {
        let number = cseq.to_be_bytes();
        let cause: [&[u8]; 3] = [b"dial-out", call_id, &number];
        let initial = InitialRequest {
            method: Method::Invite,
            call_id: host.endpoint.identifiers().token("call-id", &cause, 0).into(),
            local: Party::new(conference.clone()),
            local_tag: host.endpoint.tag(&cause),
            remote: Party::new(reference.target.clone()),
            cseq: 1,
            target: reference.target.clone(),
            // More proxies than a route set takes are a fault of the configuration: without them the call fails
            // visibly.
            routes: RouteSet::preloaded(host.config.route.clone()).unwrap_or_default(),
        };
        let number = host.endpoint.identifiers().number("session", &[initial.call_id.as_bytes()], 0);
        let session = Session::of_caller(Media::new(host.config.address, number), host.config.renegotiation);
        Self {
            caller: Caller::default(),
            initial,
            reference,
            invite: None,
            bye: None,
            dialog: None,
            session,
            established: None,
            alerting: false,
            hidden: false,
            no_answer_at: None,
            outcome: None,
            termination: None,
        }
    }

    /// A 422: whether he is called once more, with the next `CSeq` number and a longer interval (RFC 4028 section 7.3).
    fn asks_again(&mut self, host: &Host<'_>, response: &Message<'_>) -> bool {
        let wanted = matches!(self.caller, Caller::Calling | Caller::Proceeding);
        if !wanted || !self.session.interval.on_too_small(host.endpoint.session_timer(), response) {
            return false;
        }
        self.caller = Caller::default();
        self.alerting = false;
        self.no_answer_at = None;
        self.initial.cseq += 1;
        self.session.offers.receive(Carrier::InviteFailure, false);
        true
    }

    fn cancel(&self, host: &mut Host<'_>) {
        if let Some(invite) = &self.invite {
            host.endpoint.cancel(host.now, invite);
        }
    }

    /// His place at the mixer is free again.
    fn release(&mut self, host: &mut Host<'_>) {
        if let Some(termination) = self.termination.take() {
            host.mixer.release(termination);
        }
    }

    fn end_session(&mut self) {
        self.session.end();
        if self.dialog.as_mut().is_some_and(|dialog| dialog.end(&Usage::Invite)) {
            self.dialog = None;
        }
    }

    fn end_bye(&mut self) {
        self.bye = None;
        if self.caller.on_bye_answered() == CallerOutput::Ended {
            self.end_session();
        }
    }
}
