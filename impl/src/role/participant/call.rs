//! The call of an invited user: INVITE of the focus, 180, 200, ACK, BYE of either side, CANCEL (RFC 3261 sections 9.2,
//! 13.3 and 15).

use super::{Command, Event, Participant};
use crate::agent::Receipt;
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{Carrier, Dialog, DialogName, DialogState, Tag, Usage};
use crate::error::CommandError;
use crate::role::calls::{Line, News, PlainCall};
use crate::role::media::Media;
use crate::role::objection::{acceptable, refuse};
use crate::role::session::{Session, Write as _, is_too_small, offered};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Callee, CalleeOutput, CalleeState};
use crate::view::ParticipantState;
use crate::wire::{Message, Method, Name, OwnedUri, Replaces};

/// One invitation, from the INVITE to the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    invite: ServerKey,
    cseq: u32,
    tag: Tag,
    pub(super) callee: Callee,
    /// Made when the INVITE comes; gone when the session is over.
    pub(super) dialog: Option<Dialog>,
    pub(super) session: Session,
    offer: Option<SessionDescription>,
    bye: Option<ClientKey>,
    /// Whether the user asked for the BYE.
    leaves: bool,
    /// Whether the caller calls itself a focus.
    isfocus: bool,
}

/// What kind of call an INVITE announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// A conference invites the user.
    Conference,
    /// Another user calls.
    Call,
}

impl Call {
    pub(super) fn view(&self) -> ParticipantState {
        match self.callee.state() {
            CalleeState::Preparative => ParticipantState::Offered,
            CalleeState::Early => ParticipantState::Ringing,
            CalleeState::Moratorium => ParticipantState::Answered,
            CalleeState::Established => ParticipantState::InCall,
            CalleeState::Mortal => ParticipantState::Leaving,
            CalleeState::Morgue => ParticipantState::Over,
        }
    }

    /// Who we are to the conference that we are in, and its URI: the Contact of its focus (RFC 4579 section 4.2).
    pub(super) fn conference(&self) -> Option<(OwnedUri, OwnedUri)> {
        let established = self.isfocus && self.callee.state() == CalleeState::Established;
        let dialog = self.dialog.as_ref().filter(|_| established)?;
        Some((dialog.local().uri.clone(), dialog.remote_target().clone()))
    }

    fn is_over(&self) -> bool {
        self.callee.state() == CalleeState::Morgue
    }

    fn end_session(&mut self) {
        self.session.end();
        if self.dialog.as_mut().is_some_and(|dialog| dialog.end(&Usage::Invite)) {
            self.dialog = None;
        }
    }
}

fn not_now(command: &Command, why: &'static str) -> CommandError {
    CommandError::NotNow { command: command.name(), why }
}

impl Participant {
    /// An INVITE outside any dialog. Unless it takes the place of a call it is only announced; the user decides.
    pub(super) fn on_invite(
        &mut self,
        now: Time,
        server: &ServerKey,
        invite: &Message<'_>,
        replaces: Option<Replaces<'_>>,
    ) {
        if self.endpoint.is_merged(server) {
            return self.endpoint.answer(now, server, 482, None);
        }
        match replaces {
            Some(replaces) => self.on_replacing_invite(now, server, invite, &replaces),
            None => {
                self.announce(now, server, invite);
            }
        }
    }

    /// Tells the user of an INVITE; none if it was refused instead.
    pub(super) fn announce(&mut self, now: Time, server: &ServerKey, invite: &Message<'_>) -> Option<Announced> {
        if !invite.contact().is_ok_and(|contact| contact.is_focus()) {
            let (calls, mut line) = self.line(now);
            let by = calls.on_invite(&mut line, server, invite)?;
            self.tell(by, Some(News::Called));
            return Some(Announced::Call);
        }
        match self.take_invitation(server, invite) {
            Ok(()) => Some(Announced::Conference),
            Err(code) => {
                refuse(&mut self.endpoint, now, server, code, invite);
                None
            }
        }
    }

    /// The INVITE of a conference; otherwise the code that refuses it.
    fn take_invitation(&mut self, server: &ServerKey, invite: &Message<'_>) -> Result<(), u16> {
        if self.call.as_ref().is_some_and(|call| !call.is_over()) {
            return Err(486);
        }
        if is_too_small(self.config.session_timer, invite) {
            return Err(422);
        }
        let offer = acceptable(invite)?;
        let (call_id, from) = (invite.call_id().unwrap_or_default(), invite.from());
        let caller_tag = from.as_ref().ok().and_then(|from| from.tag()).unwrap_or_default();
        let tag = self.endpoint.tag(&[call_id, caller_tag]);
        let dialog = Dialog::from_request(invite, tag.clone(), DialogState::Early);
        let (Ok(dialog), Ok(from), Ok(cseq), Ok(contact)) = (dialog, from, invite.cseq(), invite.contact()) else {
            return Err(400);
        };
        let media = Media::new(self.config.address, self.endpoint.identifiers().number("session", &[call_id], 0));
        let mut session = Session::of_callee(media, self.config.renegotiation);
        session.offers.receive(Carrier::Invite, offer.is_some());
        session.interval.on_request(invite);
        let timers = self.endpoint.timers();
        let isfocus = contact.is_focus();
        self.events.push_back(Event::Invited { by: from.uri.to_string(), isfocus });
        self.call = Some(Call {
            invite: server.clone(),
            cseq: cseq.number,
            tag,
            callee: Callee::new(timers.t1(), timers.t2()),
            dialog: Some(dialog),
            session,
            offer,
            bye: None,
            leaves: false,
            isfocus,
        });
        Ok(())
    }

    /// The call whose INVITE waits for the user's decision.
    fn undecided(&mut self, command: &Command) -> Result<&mut Call, CommandError> {
        let undecided = |call: &&mut Call| match call.callee.state() {
            CalleeState::Preparative | CalleeState::Early => true,
            CalleeState::Moratorium | CalleeState::Established | CalleeState::Mortal | CalleeState::Morgue => false,
        };
        self.call.as_mut().filter(undecided).ok_or_else(|| not_now(command, "there is no undecided invitation"))
    }

    /// The plain call whose INVITE waits for the user's decision, if no conference does.
    fn undecided_plain(&mut self, now: Time) -> Option<(&mut PlainCall, Line<'_>)> {
        if self.undecided(&Command::Answer).is_ok() {
            return None;
        }
        let (calls, line) = self.line(now);
        Some((calls.undecided()?, line))
    }

    pub(super) fn ring(&mut self, now: Time) -> Result<(), CommandError> {
        if let Some((call, mut line)) = self.undecided_plain(now) {
            call.ring(&mut line);
            return Ok(());
        }
        let call = self.undecided(&Command::Ring)?;
        if call.callee.state() == CalleeState::Early {
            return Err(not_now(&Command::Ring, "it rings already"));
        }
        call.callee.progress();
        let (invite, tag) = (call.invite.clone(), call.tag.clone());
        if let Some(response) = self.endpoint.dialog_response(&invite, 180, &tag) {
            self.endpoint.respond(now, &invite, response.contact(&self.config.contact, ""));
        }
        Ok(())
    }

    pub(super) fn accept(&mut self, now: Time) -> Result<(), CommandError> {
        if let Some((call, mut line)) = self.undecided_plain(now) {
            call.accept(&mut line);
            return Ok(());
        }
        self.accept_invitation(now)
    }

    pub(super) fn pick_up(&mut self, now: Time) -> Result<(), CommandError> {
        let (calls, mut line) = self.line(now);
        let call = calls.undecided().ok_or_else(|| not_now(&Command::PickUp, "nobody calls"))?;
        call.accept(&mut line);
        Ok(())
    }

    fn accept_invitation(&mut self, now: Time) -> Result<(), CommandError> {
        let timer = self.config.session_timer;
        let call = self.undecided(&Command::Answer)?;
        let body = match call.offer.take() {
            Some(offer) => call.session.answer_to(&offer, Flow::SENDRECV),
            None => call.session.media.offer(),
        };
        let _ = call.session.offers.send(Carrier::InviteSuccess, true);
        let grant = call.session.interval.grant(timer, now);
        if let Some(dialog) = &mut call.dialog {
            dialog.confirm();
        }
        let (invite, tag) = (call.invite.clone(), call.tag.clone());
        let contact = &self.config.contact;
        let response = self.endpoint.dialog_response(&invite, 200, &tag);
        let response = response
            .map(|response| grant.write_to(response.contact(contact, "").supported(&super::SUPPORTED)))
            .map(|response| response.body(sdp::MEDIA_TYPE, body));
        let private = self.config.privacy;
        let response = response.map(|response| if private { response.field(Name::Privacy, "id") } else { response });
        let success = response.and_then(|response| self.endpoint.respond_and_keep(now, &invite, response));
        if let (Some(call), Some(success)) = (&mut self.call, success) {
            call.callee.accept(now, success);
        }
        Ok(())
    }

    /// Accepts what has just been announced.
    pub(super) fn accept_announced(&mut self, now: Time, announced: Announced) {
        match announced {
            Announced::Conference => {
                let accepted = self.accept_invitation(now).is_ok();
                debug_assert!(accepted, "it has just been announced");
            }
            Announced::Call => {
                let accepted = self.pick_up(now).is_ok();
                debug_assert!(accepted, "it has just been announced");
            }
        }
    }

    pub(super) fn refuse(&mut self, now: Time, command: &Command, code: u16) -> Result<(), CommandError> {
        if let Some((call, mut line)) = self.undecided_plain(now) {
            call.refuse(&mut line, code);
            return Ok(());
        }
        let call = self.undecided(command)?;
        call.callee.refuse();
        call.end_session();
        let (invite, tag) = (call.invite.clone(), call.tag.clone());
        self.endpoint.answer(now, &invite, code, Some(&tag));
        Ok(())
    }

    pub(super) fn leave(&mut self, now: Time) -> Result<(), CommandError> {
        let established = |call: &&mut Call| call.callee.state() == CalleeState::Established;
        let Some(call) = self.call.as_mut().filter(established) else {
            return Err(not_now(&Command::Leave, "there is no confirmed call"));
        };
        if call.session.view().unacknowledged.is_some() {
            return Err(not_now(&Command::Leave, "the 2xx to the re-INVITE is not acknowledged"));
        }
        call.leaves = true;
        call.session.end();
        call.callee.hang_up();
        self.send_bye(now);
        Ok(())
    }

    fn send_bye(&mut self, now: Time) {
        let Some(call) = &mut self.call else { return };
        let request = call.dialog.as_mut().and_then(|dialog| dialog.request(Method::Bye).ok());
        call.bye = request.and_then(|request| self.endpoint.request(now, &request, std::convert::identity).ok());
        if call.bye.is_none() {
            // Nobody can be told: the session is over all the same.
            self.finish_bye();
        }
    }

    /// The final response to our BYE, whatever it says, or none (RFC 3261 section 15.1.1).
    pub(super) fn on_bye_done(&mut self, client: &ClientKey) {
        if self.call.as_ref().is_some_and(|call| call.bye.as_ref() == Some(client)) {
            self.finish_bye();
        }
    }

    fn finish_bye(&mut self) {
        let Some(call) = &mut self.call else { return };
        call.bye = None;
        if call.callee.on_bye_answered() == CalleeOutput::Ended {
            call.end_session();
            if call.leaves {
                self.events.push_back(Event::Left);
            }
        }
    }

    pub(super) fn on_call_cancelled(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey) {
        let (calls, mut line) = self.line(now);
        if let Some((peer, news)) = calls.on_cancel(&mut line, cancel, invite) {
            return self.tell(peer, news);
        }
        let Some(call) = self.call.as_mut().filter(|call| call.invite == *invite) else {
            return self.endpoint.answer(now, cancel, 200, None);
        };
        let (output, tag) = (call.callee.on_cancel(), call.tag.clone());
        self.endpoint.answer(now, cancel, 200, Some(&tag));
        if output == CalleeOutput::RefuseInvite {
            call.end_session();
            self.endpoint.answer(now, invite, 487, Some(&tag));
            self.events.push_back(Event::Cancelled);
        }
    }

    /// The ACK to the 2xx has the dialog of the INVITE and its `CSeq` number (RFC 3261 section 13.2.2.4).
    pub(super) fn on_call_acknowledged(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        let (calls, mut line) = self.line(now);
        if let Some(call) = calls.of_request(ack) {
            let peer = call.peer().clone();
            let (receipt, news) = call.on_ack(&mut line, ack);
            self.tell(peer, news);
            return receipt;
        }
        let name = DialogName::of(ack);
        let number = ack.cseq().map(|cseq| cseq.number);
        let acknowledged = |call: &&mut Call| {
            let dialog = call.dialog.as_ref().filter(|dialog| name.is_some_and(|name| *dialog.id() == name));
            number == Ok(call.cseq) && dialog.is_some()
        };
        let Some(call) = self.call.as_mut().filter(acknowledged) else {
            return self.on_session_ack(now, ack);
        };
        match call.callee.on_ack() {
            CalleeOutput::Established => {
                let answer = offered(ack).ok().flatten();
                call.session.take_acknowledged(answer.as_ref());
                self.events.push_back(Event::Joined);
                Receipt::Consumed
            }
            CalleeOutput::SendBye => {
                self.send_bye(now);
                Receipt::Consumed
            }
            _ => Receipt::Absorbed,
        }
    }

    pub(super) fn on_request_in_call(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) {
        let (calls, mut line) = self.line(now);
        if let Some(call) = calls.of_request(request) {
            let peer = call.peer().clone();
            let news = call.on_request(&mut line, server, request);
            return self.tell(peer, news);
        }
        let name = DialogName::of(request);
        let Some(call) = &mut self.call else { return self.endpoint.answer(now, server, 481, None) };
        let is = |dialog: &&mut Dialog| name.is_some_and(|name| *dialog.id() == name);
        let Some(dialog) = call.dialog.as_mut().filter(is) else {
            return self.endpoint.answer(now, server, 481, None);
        };
        let Ok(refresh) = dialog.on_request(request) else { return self.endpoint.answer(now, server, 500, None) };
        match request.method() {
            Some(Method::Bye) => self.on_bye(now, server),
            _ => self.on_session_request(now, server, request, refresh),
        }
    }

    fn on_bye(&mut self, now: Time, server: &ServerKey) {
        let Some(call) = &mut self.call else { return };
        match call.callee.on_bye() {
            CalleeOutput::AnswerBye => {
                self.endpoint.answer(now, server, 200, None);
                call.end_session();
                self.events.push_back(Event::Ended);
            }
            CalleeOutput::AnswerByeAndRefuse => {
                let (invite, tag) = (call.invite.clone(), call.tag.clone());
                self.endpoint.answer(now, server, 200, None);
                self.endpoint.answer(now, &invite, 487, Some(&tag));
                call.end_session();
                self.events.push_back(Event::Cancelled);
            }
            CalleeOutput::AnswerByeAgain => self.endpoint.answer(now, server, 200, None),
            _ => self.endpoint.answer(now, server, 481, None),
        }
    }

    pub(super) fn on_call_timeout(&mut self, now: Time) {
        let Some(call) = &mut self.call else { return };
        match call.callee.on_timeout(now) {
            CalleeOutput::Resend(success) => {
                let invite = call.invite.clone();
                self.endpoint.repeat(now, &invite, success);
            }
            CalleeOutput::SendBye => {
                call.session.end();
                self.events.push_back(Event::Abandoned);
                self.send_bye(now);
            }
            _ => {}
        }
    }
}
