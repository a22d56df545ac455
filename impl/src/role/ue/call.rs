//! The call to the factory: INVITE, reliable 183, PRACK, perhaps UPDATE, 2xx, ACK, BYE (TS 34.229-5 A.16, RFC 3262,
//! RFC 3311, RFC 3312).
//!
//! Read [`Call`] first. The dialog itself is the UE's, because refer subscriptions live in it too and outlast the call.

use super::{Command, Event, SecondOffer, Ue, headers, not_now};
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{
    Carrier, Dialog, InitialRequest, Meaning, OfferAnswer, Party, Rack, ReceiverVerdict, Reliability, ReliableReceiver,
    Request, RouteSet, Usage, Verdict,
};
use crate::error::CommandError;
use crate::role::media::Media;
use crate::role::session::{Session, Write as _};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::view::{CallState, EarlyStage};
use crate::wire::{Builder, Message, Method};

/// What the identifiers of the call are made from: the user's command, given once.
const CAUSE: &[u8] = b"create";

/// The states of the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// No call was made.
    Idle,
    /// The INVITE is out, no dialog yet.
    Calling(Box<Inviting>),
    /// A reliable provisional response made an early dialog.
    Early(Box<Inviting>, Stage),
    /// The call is given up because of `code`; the CANCEL is out if `cancelled`, else it waits for a provisional
    /// response.
    Abandoned { inviting: Box<Inviting>, code: u16, cancelled: bool },
    /// The 2xx came and was acknowledged.
    Confirmed,
    /// The BYE is out. With a code the call was given up before its 2xx came, because of it.
    Leaving { bye: ClientKey, given_up: Option<u16> },
    /// The call was confirmed and has ended.
    Over,
    /// The call was never confirmed.
    Failed { code: u16 },
}

/// What the UE remembers while its INVITE has no final response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inviting {
    pub(super) invite: ClientKey,
    pub(super) initial: InitialRequest,
    second_offer: SecondOffer,
    pub(super) session: Session,
    reliable: ReliableReceiver,
    /// Whether the peer applies preconditions; if not, no second offer is due (TS 24.229 section 5.1.3.1).
    preconditions: bool,
    /// A user agent has no timer of its own once a provisional response came: this is the end of its patience.
    gives_up_at: Time,
}

/// How far the second offer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The PRACK is out.
    Pracking { prack: ClientKey },
    /// The UPDATE is out.
    Updating { update: ClientKey },
    /// Only the 2xx to the INVITE is missing.
    Answered,
}

/// The ACK to the 2xx, for further copies of it: as long as the INVITE's transaction lets them through, also after the
/// call's end (RFC 5407 section 3.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Acknowledged {
    pub(super) invite: ClientKey,
    pub(super) initial: InitialRequest,
    pub(super) ack: Request,
    pub(super) remote_tag: Vec<u8>,
}

impl Call {
    /// When a call that is not established is given up.
    pub(super) fn gives_up_at(&self) -> Option<Time> {
        match self {
            Self::Calling(inviting) | Self::Early(inviting, _) => Some(inviting.gives_up_at),
            Self::Idle
            | Self::Abandoned { .. }
            | Self::Confirmed
            | Self::Leaving { .. }
            | Self::Over
            | Self::Failed { .. } => None,
        }
    }

    pub(super) fn view(&self) -> CallState {
        match self {
            Self::Idle => CallState::Idle,
            Self::Calling(_) => CallState::Calling,
            Self::Early(_, stage) => CallState::Early {
                stage: match stage {
                    Stage::Pracking { .. } => EarlyStage::Pracking,
                    Stage::Updating { .. } => EarlyStage::Updating,
                    Stage::Answered => EarlyStage::Answered,
                },
            },
            Self::Abandoned { code, cancelled, .. } => CallState::Abandoned { code: *code, cancelled: *cancelled },
            Self::Confirmed => CallState::Confirmed,
            Self::Leaving { .. } => CallState::Leaving,
            Self::Over => CallState::Over,
            Self::Failed { code } => CallState::Failed { code: *code },
        }
    }
}

/// Whether a message carries a session description that can be read.
fn has_sdp(message: &Message<'_>) -> bool {
    message.content_type().is_ok_and(|media_type| media_type.is(sdp::MEDIA_TYPE))
        && SessionDescription::read(message.body()).is_ok()
}

/// The To tag of a response.
pub(super) fn remote_tag<'a>(response: &Message<'a>) -> &'a [u8] {
    response.to().ok().and_then(|to| to.tag()).unwrap_or_default()
}

impl Ue {
    /// Calls the factory.
    pub(super) fn create(&mut self, now: Time, second_offer: SecondOffer) -> Result<(), CommandError> {
        let command = Command::Create { second_offer };
        if self.call != Call::Idle {
            return Err(not_now(&command, "this UE has made its call"));
        }
        let initial = InitialRequest {
            method: Method::Invite,
            call_id: self.endpoint.identifiers().token("call-id", &[CAUSE], 0).into(),
            local: Party::new(self.config.user.clone()),
            local_tag: self.endpoint.tag(&[CAUSE]),
            remote: Party::new(self.config.factory.clone()),
            cseq: 1,
            target: self.config.factory.clone(),
            routes: self.preloaded_routes()?,
        };
        let session = self.endpoint.identifiers().number("session", &[CAUSE], 0);
        let media = Media::new(self.config.address, session);
        let mut session = Session::of_caller(media, self.config.renegotiation);
        let offer = session.media.offer_with_preconditions(Flow::NONE);
        if session.offers.send(Carrier::Invite, true).is_err() {
            return Err(not_now(&command, "an offer is outstanding"));
        }
        let invite = self
            .send_invite(now, &initial, &session, offer)
            .ok_or_else(|| not_now(&command, "the first hop cannot be reached"))?;
        let reliable = ReliableReceiver::default();
        let gives_up_at = now + self.config.setup;
        let inviting = Inviting { invite, initial, second_offer, session, reliable, preconditions: false, gives_up_at };
        self.call = Call::Calling(Box::new(inviting));
        Ok(())
    }

    fn send_invite(
        &mut self,
        now: Time,
        initial: &InitialRequest,
        session: &Session,
        offer: Vec<u8>,
    ) -> Option<ClientKey> {
        let config = &self.config;
        let proposal = session.interval.proposal(config.session_timer);
        let finish = |builder| proposal.write_to(headers::invite(config, builder)).body(sdp::MEDIA_TYPE, offer);
        self.endpoint.request(now, &initial.request(), finish).ok()
    }

    /// A 422 to the INVITE: the same call with the next `CSeq` number and a longer interval (RFC 4028 section 7.3), or
    /// no call.
    fn on_too_small(&mut self, now: Time, mut inviting: Box<Inviting>, response: &Message<'_>) -> Call {
        if !inviting.session.interval.on_too_small(self.config.session_timer, response) {
            return self.on_failure(422);
        }
        self.dialog = None;
        inviting.initial.cseq += 1;
        inviting.reliable = ReliableReceiver::default();
        inviting.preconditions = false;
        inviting.session.offers = OfferAnswer::default();
        let _ = inviting.session.offers.send(Carrier::Invite, true);
        let offer = inviting.session.media.offer_with_preconditions(Flow::NONE);
        match self.send_invite(now, &inviting.initial, &inviting.session, offer) {
            Some(invite) => Call::Calling(Box::new(Inviting { invite, ..*inviting })),
            None => self.on_failure(503),
        }
    }

    pub(super) fn preloaded_routes(&self) -> Result<RouteSet, CommandError> {
        RouteSet::preloaded(self.config.route.clone())
            .map_err(|error| CommandError::BadValue { what: "a preloaded route", value: error.to_string() })
    }

    /// A response to the INVITE.
    pub(super) fn on_invite_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        let code = response.status().unwrap_or_default();
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match (call, code) {
            (Call::Calling(inviting), 0..=199) => self.on_provisional(now, inviting, None, response),
            (Call::Early(inviting, stage), 0..=199) => self.on_provisional(now, inviting, Some(stage), response),
            (Call::Calling(inviting) | Call::Early(inviting, _), 200..=299) => {
                self.on_success(now, *inviting, response)
            }
            (Call::Calling(inviting) | Call::Early(inviting, _), 422) => self.on_too_small(now, inviting, response),
            (Call::Calling(_) | Call::Early(..), _) => self.on_failure(code),
            (Call::Abandoned { inviting, code, cancelled }, 0..=199) => {
                self.on_unwanted_provisional(now, inviting, code, cancelled, response)
            }
            (Call::Abandoned { inviting, code, .. }, 200..=299) => {
                self.on_unwanted_success(now, *inviting, code, response)
            }
            (Call::Abandoned { code, .. }, _) => self.on_failure(code),
            (call @ (Call::Confirmed | Call::Leaving { .. } | Call::Over | Call::Failed { .. }), 200..=299) => {
                self.on_late_success(now, client, response);
                call
            }
            (call @ (Call::Idle | Call::Confirmed | Call::Leaving { .. } | Call::Over | Call::Failed { .. }), _) => {
                call
            }
        };
    }

    /// A provisional response: only a reliable one makes the early dialog, is taken in order and acknowledged. A second
    /// early dialog is not followed: a factory does not fork.
    fn on_provisional(
        &mut self,
        now: Time,
        mut inviting: Box<Inviting>,
        stage: Option<Stage>,
        response: &Message<'_>,
    ) -> Call {
        let Some(rack) = self.rack(&mut inviting, response) else {
            return match stage {
                Some(stage) => Call::Early(inviting, stage),
                None => Call::Calling(inviting),
            };
        };
        let meaning = inviting.session.offers.receive(Carrier::ReliableProvisional, has_sdp(response));
        inviting.preconditions |= response.requires("precondition");
        let answered = meaning == Verdict::Take(Meaning::Answer);
        self.acknowledge_provisional(now, inviting, stage, rack, answered)
    }

    /// What a PRACK for this response has to say; nothing if none is due.
    pub(super) fn rack(&mut self, inviting: &mut Inviting, response: &Message<'_>) -> Option<Rack> {
        let code = response.status().unwrap_or_default();
        let reliability = Reliability::of(code, response.requires("100rel"), response.rseq().ok());
        let Reliability::Reliable(rseq) = reliability else { return None };
        if self.dialog.is_none() {
            self.dialog = Dialog::from_response(&inviting.initial, response).ok();
        }
        let (dialog, cseq) = (self.dialog.as_mut()?, response.cseq().ok()?);
        if dialog.id().remote_tag.as_bytes() != remote_tag(response) {
            return None;
        }
        let verdict = inviting.reliable.on_provisional(rseq, cseq.number);
        let ReceiverVerdict::Acknowledge(rack) = verdict else { return None };
        // The target follows a reliable response (RFC 6141 section 4.3); without a Contact it stays.
        let _ = dialog.on_response(response);
        Some(rack)
    }

    /// Sends the PRACK, with the second offer in it if it belongs there.
    fn acknowledge_provisional(
        &mut self,
        now: Time,
        mut inviting: Box<Inviting>,
        stage: Option<Stage>,
        rack: Rack,
        answered: bool,
    ) -> Call {
        let wanted = answered && inviting.preconditions && inviting.second_offer == SecondOffer::Prack;
        let with_offer = wanted && inviting.session.offers.may_offer_in_prack();
        let _ = inviting.session.offers.send(Carrier::Prack, with_offer);
        let offer = with_offer.then(|| inviting.session.media.offer_with_preconditions(Flow::SENDRECV));
        match (self.send_prack(now, rack, offer), stage) {
            (None, _) => self.abandon(now, inviting, 503),
            (Some(prack), None) => Call::Early(inviting, Stage::Pracking { prack }),
            // A further reliable response: where the second offer is does not change.
            (Some(_), Some(stage)) => Call::Early(inviting, stage),
        }
    }

    pub(super) fn send_prack(&mut self, now: Time, rack: Rack, offer: Option<Vec<u8>>) -> Option<ClientKey> {
        let request = self.dialog.as_mut().and_then(|dialog| dialog.request(Method::Prack).ok())?;
        let finish = |builder: Builder| {
            let builder = builder.rack(rack.rseq, rack.cseq, Method::Invite);
            match offer {
                Some(offer) => builder.require(&["precondition"]).body(sdp::MEDIA_TYPE, offer),
                None => builder,
            }
        };
        self.endpoint.request(now, &request, finish).ok()
    }

    /// The final response to a PRACK or an UPDATE; `None` if none came.
    pub(super) fn on_early_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) {
        let code = response.and_then(Message::status).unwrap_or(408);
        if code < 200 {
            return;
        }
        if code == 481 {
            // The early dialog is gone: the INVITE's final response, which is on its way, tells why. Should it
            // not come, our patience ends the call.
            return;
        }
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Early(inviting, Stage::Pracking { prack }) if prack == *client => match response {
                Some(response) if code < 300 => self.on_pracked(now, inviting, response),
                Some(_) | None => self.abandon(now, inviting, code),
            },
            Call::Early(mut inviting, Stage::Updating { update }) if update == *client => match response {
                Some(response) if code < 300 => {
                    inviting.session.offers.receive(Carrier::UpdateSuccess, has_sdp(response));
                    if let Some(dialog) = &mut self.dialog {
                        let _ = dialog.on_response(response);
                    }
                    Call::Early(inviting, Stage::Answered)
                }
                Some(_) | None => self.abandon(now, inviting, code),
            },
            // The INVITE's final response was faster.
            call @ (Call::Idle
            | Call::Calling(_)
            | Call::Early(..)
            | Call::Abandoned { .. }
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. }) => call,
        };
    }

    /// The PRACK was answered: now the UPDATE may carry the second offer (RFC 3311 section 5.1).
    fn on_pracked(&mut self, now: Time, mut inviting: Box<Inviting>, response: &Message<'_>) -> Call {
        inviting.session.offers.receive(Carrier::PrackSuccess, has_sdp(response));
        let due = inviting.preconditions && inviting.second_offer == SecondOffer::Update;
        if !due || inviting.session.offers.send(Carrier::Update, true).is_err() {
            return Call::Early(inviting, Stage::Answered);
        }
        let offer = inviting.session.media.offer_with_preconditions(Flow::SENDRECV);
        let config = &self.config;
        let request = self.dialog.as_mut().and_then(|dialog| dialog.request(Method::Update).ok());
        let update = request.and_then(|request| {
            let finish =
                |builder| headers::contact(config, builder).require(&["precondition"]).body(sdp::MEDIA_TYPE, offer);
            self.endpoint.request(now, &request, finish).ok()
        });
        match update {
            Some(update) => Call::Early(inviting, Stage::Updating { update }),
            None => self.abandon(now, inviting, 503),
        }
    }

    pub(super) fn on_call_timeout(&mut self, now: Time) {
        if self.call.gives_up_at().is_none_or(|at| at > now) {
            return;
        }
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Calling(inviting) | Call::Early(inviting, _) => self.abandon(now, inviting, 408),
            call @ (Call::Idle
            | Call::Abandoned { .. }
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. }) => call,
        };
    }

    /// The 2xx: it confirms the dialog, or makes it, and is acknowledged at once. Only its Contact is the conference
    /// URI.
    fn on_success(&mut self, now: Time, mut inviting: Inviting, response: &Message<'_>) -> Call {
        let Some(dialog) = self.confirmed_dialog(&inviting.initial, response) else {
            // Without a usable Contact there is no way to acknowledge it; its sender gives up by itself.
            return self.on_failure(500);
        };
        let ack = dialog.ack(inviting.initial.cseq);
        let _ = self.endpoint.acknowledge(&ack);
        let conference = dialog.remote_target().clone();
        let remote_tag = remote_tag(response).to_vec();
        inviting.session.offers.receive(Carrier::InviteSuccess, has_sdp(response));
        inviting.session.interval.on_success(self.config.session_timer, now, response);
        self.session = Some(inviting.session);
        self.acknowledged = Some(Acknowledged { invite: inviting.invite, initial: inviting.initial, ack, remote_tag });
        self.dialog = Some(dialog);
        if response.contact().is_ok_and(|contact| contact.is_focus()) {
            self.events.push_back(Event::ConferenceCreated { uri: conference.to_string() });
            self.conference = Some(conference);
        } else {
            self.events.push_back(Event::IsFocusLost);
        }
        Call::Confirmed
    }

    /// The dialog of a 2xx: the early one, with its count of requests, or a new one.
    pub(super) fn confirmed_dialog(&mut self, initial: &InitialRequest, response: &Message<'_>) -> Option<Dialog> {
        let same = |dialog: &Dialog| dialog.id().remote_tag.as_bytes() == remote_tag(response);
        match self.dialog.take().filter(same) {
            Some(mut early) => early.on_response(response).ok().map(|()| early),
            None => Dialog::from_response(initial, response).ok(),
        }
    }

    /// A copy of the 2xx is acknowledged again; the 2xx of another branch is acknowledged and its dialog ended (RFC
    /// 3261 section 13.2.2.4).
    fn on_late_success(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        let Some(known) = self.acknowledged.as_ref().filter(|known| known.invite == *client) else { return };
        if known.remote_tag == remote_tag(response) {
            let _ = self.endpoint.acknowledge(&known.ack);
            return;
        }
        if let Ok(other) = Dialog::from_response(&known.initial, response) {
            self.endpoint.refuse_success(now, other, known.initial.cseq);
        }
    }

    pub(super) fn on_failure(&mut self, code: u16) -> Call {
        self.dialog = None;
        self.events.push_back(Event::CreationFailed { code });
        Call::Failed { code }
    }

    /// No response to the INVITE, or none after the CANCEL: as 408 (RFC 3261 section 8.1.3.1).
    pub(super) fn on_invite_timeout(&mut self) {
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Calling(_) | Call::Early(..) => self.on_failure(408),
            Call::Abandoned { code, .. } => self.on_failure(code),
            call @ (Call::Idle | Call::Confirmed | Call::Leaving { .. } | Call::Over | Call::Failed { .. }) => call,
        };
    }

    /// Leaves the conference.
    pub(super) fn leave(&mut self, now: Time) -> Result<(), CommandError> {
        let command = Command::Leave;
        let Some(mut dialog) = self.dialog.clone().filter(|_| self.call == Call::Confirmed) else {
            return Err(not_now(&command, "there is no confirmed call"));
        };
        let request = dialog.request(Method::Bye).map_err(|_| not_now(&command, "the dialog is over"))?;
        let bye = self
            .endpoint
            .request(now, &request, std::convert::identity)
            .map_err(|_| not_now(&command, "the next hop cannot be reached"))?;
        self.dialog = Some(dialog);
        self.end_session();
        self.call = Call::Leaving { bye, given_up: None };
        Ok(())
    }

    /// The final response to the BYE, whatever it says, or none (RFC 3261 section 15.1.1).
    pub(super) fn on_bye_done(&mut self, client: &ClientKey) {
        let Call::Leaving { bye, given_up } = &self.call else { return };
        if bye == client {
            let event = given_up.map_or(Event::Left, |code| Event::CreationFailed { code });
            self.call = Call::Over;
            self.end_usage(&Usage::Invite);
            self.events.push_back(event);
        }
    }

    /// The focus ends the call, or its BYE crosses ours.
    pub(super) fn on_bye(&mut self, now: Time, server: &ServerKey) {
        let call = std::mem::replace(&mut self.call, Call::Over);
        match call {
            Call::Confirmed => {
                self.answer(now, server, 200);
                self.end_session();
                self.end_usage(&Usage::Invite);
                self.events.push_back(Event::Ejected);
            }
            Call::Leaving { .. } => {
                self.answer(now, server, 200);
                self.call = call;
            }
            call @ (Call::Idle
            | Call::Calling(_)
            | Call::Early(..)
            | Call::Abandoned { .. }
            | Call::Over
            | Call::Failed { .. }) => {
                self.answer(now, server, 481);
                self.call = call;
            }
        }
    }
}
