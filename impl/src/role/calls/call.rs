//! One call between two users: INVITE with an offer, 180, 200 with the answer, ACK, BYE (RFC 3261 sections 13 and 15).
//!
//! The session is a [`Caller`] or a [`Callee`]; here it is joined to its dialog, its media and its transactions. Read
//! [`PlainCall`] first.

use super::{Line, News, name};
use crate::agent::{Discard, Receipt};
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{
    Dialog, DialogId, DialogState, InitialRequest, Party, ReceiverVerdict, Reliability, ReliableReceiver, Request,
    RouteSet, Tag, Usage,
};
use crate::role::media::Media;
use crate::role::objection::acceptable;
use crate::time::Timer;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Callee, CalleeOutput, CalleeState, Caller, CallerOutput};
use crate::view::{PlainCallState, PlainCallView};
use crate::wire::{Builder, Message, Method, OwnedUri};

/// A call, from the INVITE until it is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlainCall {
    peer: OwnedUri,
    end: End,
    dialog: Option<Dialog>,
    /// The dialog's name, also when it is over: who wants to replace it then hears that (RFC 3891 section 3).
    id: Option<DialogId>,
    media: Media,
    bye: Option<ClientKey>,
    replaced: bool,
}

/// Who called whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum End {
    Caller {
        caller: Caller,
        initial: Box<InitialRequest>,
        invite: Option<ClientKey>,
        reliable: ReliableReceiver,
        /// The dialog that the 2xx made, for the ACK to its copies.
        established: Option<Box<Dialog>>,
    },
    Callee {
        callee: Box<Callee>,
        invite: Box<ServerKey>,
        cseq: u32,
        tag: Tag,
        offer: Option<Box<SessionDescription>>,
    },
}

/// The call is not yet one that its other end would let anybody replace (RFC 3891 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooEarly;

impl PlainCall {
    /// Calls `peer`, for the `number`th time.
    pub(super) fn place(line: &mut Line<'_>, peer: &OwnedUri, number: usize, routes: RouteSet) -> Option<Self> {
        let number = number.to_string();
        let cause: [&[u8]; 3] = [b"call", peer.as_bytes(), number.as_bytes()];
        let initial = InitialRequest {
            method: Method::Invite,
            call_id: line.endpoint.identifiers().token("call-id", &cause, 0).into(),
            local: Party::new(line.dress.user().clone()),
            local_tag: line.endpoint.tag(&cause),
            remote: Party::new(peer.clone()),
            cseq: 1,
            target: peer.clone(),
            routes,
        };
        let session = line.endpoint.identifiers().number("session", &cause, 0);
        let mut media = Media::new(line.dress.address(), session);
        let offer = media.offer();
        let dress = line.dress;
        let invite = line
            .endpoint
            .request(line.now, &initial.request(), |builder| dress.invite(builder).body(sdp::MEDIA_TYPE, offer));
        let invite = Some(invite.ok()?);
        let initial = Box::new(initial);
        let (caller, reliable) = (Caller::default(), ReliableReceiver::default());
        let end = End::Caller { caller, initial, invite, reliable, established: None };
        Some(Self { peer: peer.clone(), end, dialog: None, id: None, media, bye: None, replaced: false })
    }

    /// An INVITE came; otherwise the code that refuses it.
    pub(super) fn called(line: &Line<'_>, server: &ServerKey, invite: &Message<'_>) -> Result<Self, u16> {
        let offer = acceptable(invite)?.map(Box::new);
        let (call_id, from) = (invite.call_id().map_err(|_| 400_u16)?, invite.from().map_err(|_| 400_u16)?);
        let cseq = invite.cseq().map_err(|_| 400_u16)?.number;
        let tag = line.endpoint.tag(&[call_id, from.tag().unwrap_or_default()]);
        let dialog = Dialog::from_request(invite, tag.clone(), DialogState::Early).map_err(|_| 400_u16)?;
        let session = line.endpoint.identifiers().number("session", &[call_id], 0);
        let timers = line.endpoint.timers();
        let callee = Box::new(Callee::new(timers.t1(), timers.t2()));
        Ok(Self {
            peer: from.uri.to_owned().without_headers_and_method(),
            end: End::Callee { callee, invite: Box::new(server.clone()), cseq, tag, offer },
            id: name(Some(&dialog)),
            dialog: Some(dialog),
            media: Media::new(line.dress.address(), session),
            bye: None,
            replaced: false,
        })
    }

    pub(crate) const fn peer(&self) -> &OwnedUri {
        &self.peer
    }

    pub(crate) const fn id(&self) -> Option<&DialogId> {
        self.id.as_ref()
    }

    pub(crate) const fn dialog(&self) -> Option<&Dialog> {
        self.dialog.as_ref()
    }

    pub(crate) fn is_over(&self) -> bool {
        match &self.end {
            End::Caller { caller, .. } => caller.is_over(),
            End::Callee { callee, .. } => callee.state() == CalleeState::Morgue,
        }
    }

    /// Whether the call is over for its user: ended, given up, or its BYE is out.
    pub(crate) const fn is_ending(&self) -> bool {
        match &self.end {
            End::Caller { caller, .. } => match caller {
                Caller::CallingGivenUp | Caller::GivenUp | Caller::Mortal | Caller::Morgue => true,
                Caller::Calling | Caller::Proceeding | Caller::Established => false,
            },
            End::Callee { callee, .. } => match callee.state() {
                CalleeState::Mortal | CalleeState::Morgue => true,
                CalleeState::Preparative | CalleeState::Early | CalleeState::Moratorium | CalleeState::Established => {
                    false
                }
            },
        }
    }

    /// Whether the dialog is not confirmed, and who began it: an early dialog may be replaced at its originator only.
    pub(crate) fn is_early(&self) -> bool {
        self.dialog.as_ref().is_none_or(|dialog| dialog.state() == DialogState::Early)
    }

    /// Whether we called.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self.end, End::Caller { .. })
    }

    /// Whether it waits for the user's decision.
    pub(crate) const fn is_undecided(&self) -> bool {
        match &self.end {
            End::Caller { .. } => false,
            End::Callee { callee, .. } => matches!(callee.state(), CalleeState::Preparative | CalleeState::Early),
        }
    }

    /// What Replaces has to say for the peer to end this call in favour of another one; none if it is ending anyway.
    /// The peer gives up an early dialog only if he began it (RFC 3891 section 4).
    pub(crate) fn replaces(&self) -> Result<Option<Vec<u8>>, TooEarly> {
        let name = || Ok(self.id.as_ref().map(DialogId::replaces));
        match &self.end {
            End::Caller { caller, .. } => match caller {
                Caller::Calling | Caller::Proceeding => Err(TooEarly),
                Caller::Established => name(),
                Caller::CallingGivenUp | Caller::GivenUp | Caller::Mortal | Caller::Morgue => Ok(None),
            },
            End::Callee { callee, .. } => match callee.state() {
                // He knows no dialog yet.
                CalleeState::Preparative => Err(TooEarly),
                CalleeState::Early | CalleeState::Moratorium | CalleeState::Established => name(),
                CalleeState::Mortal | CalleeState::Morgue => Ok(None),
            },
        }
    }

    pub(super) fn view(&self) -> PlainCallView {
        let state = match &self.end {
            End::Caller { caller, .. } => match caller {
                Caller::Calling | Caller::CallingGivenUp | Caller::Proceeding | Caller::GivenUp => {
                    PlainCallState::Calling
                }
                Caller::Established => PlainCallState::Up,
                Caller::Mortal => PlainCallState::Leaving,
                Caller::Morgue => PlainCallState::Over,
            },
            End::Callee { callee, .. } => match callee.state() {
                CalleeState::Preparative | CalleeState::Early | CalleeState::Moratorium => PlainCallState::Calling,
                CalleeState::Established => PlainCallState::Up,
                CalleeState::Mortal => PlainCallState::Leaving,
                CalleeState::Morgue => PlainCallState::Over,
            },
        };
        PlainCallView { peer: self.peer.to_string(), state, replaced: self.replaced }
    }

    pub(super) fn awaits(&self, client: &ClientKey) -> bool {
        let invite = match &self.end {
            End::Caller { invite, .. } => invite.as_ref(),
            End::Callee { .. } => None,
        };
        invite == Some(client) || self.bye.as_ref() == Some(client)
    }

    /// Whether a request of ours belongs to this call: to its dialog, or it is the INVITE that would make one.
    pub(super) fn sent(&self, request: &Request) -> bool {
        match &self.end {
            End::Caller { initial, .. } if request.is_initial() => initial.call_id == request.dialog().call_id,
            End::Caller { .. } | End::Callee { .. } => {
                self.dialog.as_ref().is_some_and(|dialog| dialog.id() == request.dialog())
            }
        }
    }

    pub(super) fn is_answer_to(&self, invite: &ServerKey) -> bool {
        matches!(&self.end, End::Callee { invite: own, .. } if **own == *invite)
    }

    pub(super) fn timer(&self) -> Option<Timer> {
        match &self.end {
            End::Caller { .. } => None,
            End::Callee { callee, .. } => callee.timer(),
        }
    }

    fn end_session(&mut self) {
        if self.dialog.as_mut().is_some_and(|dialog| dialog.end(&Usage::Invite)) {
            self.dialog = None;
        }
    }

    // ---- what the user wants

    /// Tells the caller that the user is being alerted.
    pub(crate) fn ring(&mut self, line: &mut Line<'_>) {
        let End::Callee { callee, invite, tag, .. } = &mut self.end else { return };
        callee.progress();
        if let Some(response) = line.endpoint.dialog_response(invite, 180, tag) {
            line.endpoint.respond(line.now, invite, line.dress.contact(response));
        }
    }

    /// Accepts the call.
    pub(crate) fn accept(&mut self, line: &mut Line<'_>) {
        let End::Callee { callee, invite, tag, offer, .. } = &mut self.end else { return };
        let body = match offer.take() {
            Some(offer) => self.media.answer(&offer, Flow::SENDRECV),
            None => self.media.offer(),
        };
        if let Some(dialog) = &mut self.dialog {
            dialog.confirm();
        }
        let dress = line.dress;
        let response = line.endpoint.dialog_response(invite, 200, tag);
        let response = response.map(|response| dress.supported(dress.contact(response)).body(sdp::MEDIA_TYPE, body));
        let success = response.and_then(|response| line.endpoint.respond_and_keep(line.now, invite, response));
        if let Some(success) = success {
            callee.accept(line.now, success);
        }
    }

    /// Refuses the call.
    pub(crate) fn refuse(&mut self, line: &mut Line<'_>, code: u16) {
        let End::Callee { callee, invite, tag, .. } = &mut self.end else { return };
        callee.refuse();
        line.endpoint.answer(line.now, invite, code, Some(tag));
        self.end_session();
    }

    /// Ends the call: BYE, CANCEL, or a refusal.
    pub(crate) fn hang_up(&mut self, line: &mut Line<'_>) {
        match &mut self.end {
            End::Caller { caller, invite, .. } => match (caller.hang_up(), invite) {
                (CallerOutput::SendCancel, Some(invite)) => {
                    line.endpoint.cancel(line.now, invite);
                }
                (CallerOutput::SendBye, _) => self.send_bye(line),
                _ => {}
            },
            End::Callee { callee, invite, tag, .. } => match callee.hang_up() {
                CalleeOutput::SendBye => self.send_bye(line),
                CalleeOutput::RefuseInvite => {
                    line.endpoint.answer(line.now, invite, 603, Some(tag));
                    self.end_session();
                }
                _ => {}
            },
        }
    }

    /// Another call has taken this one's place (RFC 3891 section 3): BYE if it was confirmed, CANCEL if we began it and
    /// it was not. Only the session ends; whatever else lives in its dialog goes on (RFC 5057 section 5.5).
    pub(crate) fn give_way(&mut self, line: &mut Line<'_>) {
        self.replaced = true;
        self.hang_up(line);
    }

    fn send_bye(&mut self, line: &mut Line<'_>) {
        let request = self.dialog.as_mut().and_then(|dialog| dialog.request(Method::Bye).ok());
        let send = |request| line.endpoint.request(line.now, &request, std::convert::identity).ok();
        self.bye = request.and_then(send);
        if self.bye.is_none() {
            // Nobody can be told: the session is over all the same.
            self.finish_bye();
        }
    }

    fn finish_bye(&mut self) -> Option<News> {
        self.bye = None;
        let ended = match &mut self.end {
            End::Caller { caller, .. } => caller.on_bye_answered() == CallerOutput::Ended,
            End::Callee { callee, .. } => callee.on_bye_answered() == CalleeOutput::Ended,
        };
        if ended {
            self.end_session();
        }
        ended.then_some(News::Over)
    }

    // ---- what comes from the peer

    /// A response to our INVITE or BYE; `None` if there was none (RFC 3261 section 8.1.3.1).
    pub(crate) fn on_response(
        &mut self,
        line: &mut Line<'_>,
        client: &ClientKey,
        response: Option<&Message<'_>>,
    ) -> Option<News> {
        let code = response.and_then(Message::status).unwrap_or(408);
        if self.bye.as_ref() == Some(client) {
            return if code >= 200 { self.finish_bye() } else { None };
        }
        match (code, response) {
            (0..=199, Some(response)) => {
                self.on_provisional(line, response);
                None
            }
            (200..=299, Some(response)) => self.on_success(line, response),
            (code, _) => {
                let End::Caller { caller, .. } = &mut self.end else { return None };
                let failed = matches!(caller.on_failure(code), CallerOutput::Failed(_));
                self.end_session();
                failed.then_some(News::Over)
            }
        }
    }

    /// A challenge to a request of this call came, which can be met: the number under which it goes out again, if it is
    /// still wanted.
    pub(super) fn renumber(&mut self, client: &ClientKey, request: &Request) -> Option<u32> {
        let Self { end: End::Caller { caller, initial, invite, reliable, .. }, dialog, id, .. } = self else {
            return self.dialog.as_mut()?.next_cseq().ok();
        };
        if !request.is_initial() {
            return dialog.as_mut()?.next_cseq().ok();
        }
        if invite.as_ref() != Some(client) || caller.on_challenge() != CallerOutput::SendAgain {
            return None;
        }
        // The early dialogs are over with the final response.
        (*dialog, *id, *reliable) = (None, None, ReliableReceiver::default());
        initial.cseq += 1;
        Some(initial.cseq)
    }

    fn on_provisional(&mut self, line: &mut Line<'_>, response: &Message<'_>) {
        let End::Caller { caller, initial, invite, reliable, .. } = &mut self.end else { return };
        if let (CallerOutput::SendCancel, Some(invite)) = (caller.on_provisional(), invite) {
            line.endpoint.cancel(line.now, invite);
        }
        let tagged = response.has_to_tag();
        if self.dialog.is_none() && tagged {
            self.dialog = Dialog::from_response(initial, response).ok();
            self.id = name(self.dialog.as_ref());
        }
        let code = response.status().unwrap_or_default();
        let reliability = Reliability::of(code, response.requires("100rel"), response.rseq().ok());
        let (Reliability::Reliable(rseq), Some(dialog), Ok(cseq)) = (reliability, &mut self.dialog, response.cseq())
        else {
            return;
        };
        let of_dialog = response.to_tag() == Ok(Some(dialog.id().remote_tag.as_bytes()));
        if !of_dialog {
            return;
        }
        if let ReceiverVerdict::Acknowledge(rack) = reliable.on_provisional(rseq, cseq.number)
            && let Ok(prack) = dialog.request(Method::Prack)
        {
            // Whatever becomes of it, the call goes on: its sender repeats what was not acknowledged.
            let finish = |builder: Builder| builder.rack(rack.rseq, rack.cseq, Method::Invite);
            let _ = line.endpoint.request(line.now, &prack, finish);
        }
    }

    fn on_success(&mut self, line: &mut Line<'_>, response: &Message<'_>) -> Option<News> {
        let End::Caller { caller, initial, established, .. } = &mut self.end else { return None };
        let tag = response.to_tag().ok().flatten().unwrap_or_default();
        if let Some(known) = established {
            if known.id().remote_tag.as_bytes() == tag {
                let _ = line.endpoint.acknowledge(&known.ack(initial.cseq));
            } else if let Ok(other) = Dialog::from_response(initial, response) {
                // Another branch answered too (RFC 3261 section 13.2.2.4).
                line.endpoint.refuse_success(line.now, other, initial.cseq);
            }
            return None;
        }
        let early = self.dialog.take().filter(|dialog| dialog.id().remote_tag.as_bytes() == tag);
        let made = match early {
            Some(mut early) => early.on_response(response).ok().map(|()| early),
            None => Dialog::from_response(initial, response).ok(),
        };
        let Some(dialog) = made else {
            // Without a usable Contact there is no way to acknowledge it; its sender gives up by itself.
            caller.on_failure(502);
            return Some(News::Over);
        };
        let _ = line.endpoint.acknowledge(&dialog.ack(initial.cseq));
        *established = Some(Box::new(dialog.clone()));
        let output = caller.on_success();
        self.id = name(Some(&dialog));
        self.dialog = Some(dialog);
        match output {
            CallerOutput::Establish => Some(News::Up),
            CallerOutput::SendAckAndBye => {
                self.send_bye(line);
                None
            }
            _ => None,
        }
    }

    /// The transaction of our INVITE is freed: no further copy of its 2xx can come.
    pub(crate) fn on_freed(&mut self, client: &ClientKey) {
        if let End::Caller { invite, established, .. } = &mut self.end
            && invite.as_ref() == Some(client)
        {
            *invite = None;
            *established = None;
        }
    }

    /// A request in the call's dialog, ACK apart.
    pub(crate) fn on_request(
        &mut self,
        line: &mut Line<'_>,
        server: &ServerKey,
        request: &Message<'_>,
    ) -> Option<News> {
        let Some(dialog) = &mut self.dialog else {
            line.answer(server, 481);
            return None;
        };
        let Ok(refresh) = dialog.on_request(request) else {
            line.answer(server, 500);
            return None;
        };
        match request.method() {
            Some(Method::Bye) => return self.on_bye(line, server),
            Some(Method::Update) if request.body().is_empty() => {
                dialog.on_answered(refresh, 200);
                if let Some(response) = line.endpoint.response(server, 200, None) {
                    let response = line.dress.contact(response);
                    line.endpoint.respond(line.now, server, response);
                }
            }
            // Media is what it was negotiated to be: a change of it is not acceptable here.
            Some(Method::Update | Method::Invite) => line.answer(server, 488),
            Some(Method::Refer) => line.answer(server, 603),
            _ => line.answer(server, 481),
        }
        None
    }

    fn on_bye(&mut self, line: &mut Line<'_>, server: &ServerKey) -> Option<News> {
        match &mut self.end {
            End::Caller { caller, .. } => match caller.on_bye() {
                CallerOutput::AnswerBye if caller.is_over() => self.over(line, server),
                CallerOutput::AnswerBye | CallerOutput::AnswerByeAgain => {
                    line.answer(server, 200);
                    None
                }
                _ => {
                    line.answer(server, 481);
                    None
                }
            },
            End::Callee { callee, invite, tag, .. } => match callee.on_bye() {
                CalleeOutput::AnswerBye => self.over(line, server),
                CalleeOutput::AnswerByeAndRefuse => {
                    line.answer(server, 200);
                    line.endpoint.answer(line.now, invite, 487, Some(tag));
                    self.end_session();
                    Some(News::Over)
                }
                CalleeOutput::AnswerByeAgain => {
                    line.answer(server, 200);
                    None
                }
                _ => {
                    line.answer(server, 481);
                    None
                }
            },
        }
    }

    fn over(&mut self, line: &mut Line<'_>, server: &ServerKey) -> Option<News> {
        line.answer(server, 200);
        self.end_session();
        Some(News::Over)
    }

    /// The ACK to the 2xx has the dialog of the INVITE and its `CSeq` number (RFC 3261 section 13.2.2.4).
    pub(crate) fn on_ack(&mut self, line: &mut Line<'_>, ack: &Message<'_>) -> (Receipt, Option<News>) {
        let End::Callee { callee, cseq, .. } = &mut self.end else {
            return (Receipt::Discarded(Discard::StrayAck), None);
        };
        if !ack.cseq().is_ok_and(|own| own.number == *cseq) {
            return (Receipt::Discarded(Discard::StrayAck), None);
        }
        match callee.on_ack() {
            CalleeOutput::Established => (Receipt::Consumed, Some(News::Up)),
            CalleeOutput::SendBye => {
                self.send_bye(line);
                (Receipt::Consumed, None)
            }
            _ => (Receipt::Absorbed, None),
        }
    }

    pub(super) fn on_cancel(&mut self, line: &mut Line<'_>, cancel: &ServerKey) -> Option<News> {
        let End::Callee { callee, invite, tag, .. } = &mut self.end else { return None };
        line.endpoint.answer(line.now, cancel, 200, Some(tag));
        if callee.on_cancel() != CalleeOutput::RefuseInvite {
            return None;
        }
        line.endpoint.answer(line.now, invite, 487, Some(tag));
        self.end_session();
        Some(News::Over)
    }

    pub(super) fn on_timeout(&mut self, line: &mut Line<'_>) {
        let End::Callee { callee, invite, .. } = &mut self.end else { return };
        match callee.on_timeout(line.now) {
            CalleeOutput::Resend(success) => line.endpoint.repeat(line.now, invite, success),
            CalleeOutput::SendBye => self.send_bye(line),
            _ => {}
        }
    }
}
