//! The call to the factory: INVITE, 2xx, ACK, BYE (TS 34.229-5 A.16, RFC 3261 sections 13 and 15). What comes between
//! INVITE and 2xx is in `early.rs`.
//!
//! Read [`Call`] first. The dialog of the established call is the UE's, because refer subscriptions live in it too and
//! outlast the call.

use super::early::Branch;
use super::redirect::Detour;
use super::{Command, Event, SecondOffer, Ue, headers, not_now};
use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{Carrier, Dialog, InitialRequest, Party, Request, RouteSet, Usage};
use crate::error::CommandError;
use crate::role::media::Media;
use crate::role::session::{Session, Write as _};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::view::{CallState, EarlyStage};
use crate::wire::{Message, Method};

/// What the identifiers of the call are made from: the user's command, given once.
const CAUSE: &[u8] = b"create";

/// The states of the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// No call was made.
    Idle,
    /// The INVITE is out, no dialog yet.
    Calling(Box<Inviting>),
    /// Reliable provisional responses made early dialogs.
    Early(Box<Inviting>),
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
    pub(super) second_offer: SecondOffer,
    /// What every branch begins with: our offer is out.
    pub(super) session: Session,
    /// The early dialogs, in the order in which they were made.
    pub(super) branches: Vec<Branch>,
    /// Where redirections lead.
    pub(super) detour: Detour,
    /// A user agent has no timer of its own once a provisional response came: this is the end of its patience.
    gives_up_at: Time,
}

/// The ACK to the 2xx, for further copies of it: as long as the INVITE's transaction lets them through, also after the
/// call's end (RFC 5407 section 3.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Acknowledged {
    pub(super) invite: ClientKey,
    pub(super) initial: InitialRequest,
    pub(super) ack: Request,
    pub(super) remote_tag: Vec<u8>,
    /// The early dialogs that have no 2xx: they are over when the INVITE's transaction is (RFC 3261 section 13.2.2.4).
    pub(super) early: Vec<Dialog>,
}

impl Call {
    /// When a call that is not established is given up.
    pub(super) fn gives_up_at(&self) -> Option<Time> {
        match self {
            Self::Calling(inviting) | Self::Early(inviting) => Some(inviting.gives_up_at),
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
            Self::Early(inviting) => {
                CallState::Early { stage: inviting.branches.first().map_or(EarlyStage::Pracking, Branch::view) }
            }
            Self::Abandoned { code, cancelled, .. } => CallState::Abandoned { code: *code, cancelled: *cancelled },
            Self::Confirmed => CallState::Confirmed,
            Self::Leaving { .. } => CallState::Leaving,
            Self::Over => CallState::Over,
            Self::Failed { code } => CallState::Failed { code: *code },
        }
    }
}

impl Call {
    /// The early dialogs.
    pub(super) fn early(&self) -> impl Iterator<Item = &Dialog> {
        let inviting = match self {
            Self::Calling(inviting) | Self::Early(inviting) | Self::Abandoned { inviting, .. } => Some(inviting),
            Self::Idle | Self::Confirmed | Self::Leaving { .. } | Self::Over | Self::Failed { .. } => None,
        };
        inviting.into_iter().flat_map(|inviting| &inviting.branches).map(|branch| &branch.dialog)
    }
}

/// Whether a message carries a session description that can be read.
pub(super) fn has_sdp(message: &Message<'_>) -> bool {
    message.content_type().is_ok_and(|media_type| media_type.is(sdp::MEDIA_TYPE))
        && SessionDescription::read(message.body()).is_ok()
}

/// The To tag of a response.
pub(super) fn remote_tag<'a>(response: &Message<'a>) -> &'a [u8] {
    response.to_tag().ok().flatten().unwrap_or_default()
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
        let gives_up_at = now + self.config.setup;
        let (branches, detour) = (Vec::new(), Detour::default());
        let inviting = Inviting { invite, initial, second_offer, session, branches, detour, gives_up_at };
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
        match self.call_again(now, &mut inviting) {
            Some(()) => Call::Calling(inviting),
            None => self.on_failure(503),
        }
    }

    /// The same call once more, with the next number. None: there is no way to where it goes.
    pub(super) fn call_again(&mut self, now: Time, inviting: &mut Inviting) -> Option<()> {
        inviting.initial.cseq += 1;
        inviting.branches.clear();
        let offer = inviting.session.media.offer_with_preconditions(Flow::NONE);
        inviting.invite = self.send_invite(now, &inviting.initial, &inviting.session, offer)?;
        Some(())
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
            (Call::Calling(inviting) | Call::Early(inviting), 0..=199) => self.on_provisional(now, inviting, response),
            (Call::Calling(inviting) | Call::Early(inviting), 200..=299) => self.on_success(now, *inviting, response),
            (Call::Calling(inviting) | Call::Early(inviting), 422) => self.on_too_small(now, inviting, response),
            (Call::Calling(inviting) | Call::Early(inviting), _) => {
                self.on_refused(now, inviting, code, Some(response))
            }
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

    pub(super) fn on_call_timeout(&mut self, now: Time) {
        if self.call.gives_up_at().is_none_or(|at| at > now) {
            return;
        }
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Calling(inviting) | Call::Early(inviting) => self.abandon(now, inviting, 408),
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
        let Some((dialog, mut session)) = inviting.confirm(response) else {
            // Without a usable Contact there is no way to acknowledge it; its sender gives up by itself.
            return self.on_failure(500);
        };
        let ack = dialog.ack(inviting.initial.cseq);
        let _ = self.endpoint.acknowledge(&ack);
        let conference = dialog.remote_target().clone();
        let remote_tag = remote_tag(response).to_vec();
        session.offers.receive(Carrier::InviteSuccess, has_sdp(response));
        session.interval.on_success(self.config.session_timer, now, response);
        self.session = Some(session);
        let Inviting { invite, initial, branches, .. } = inviting;
        let early = branches.into_iter().map(|branch| branch.dialog).collect();
        self.acknowledged = Some(Acknowledged { invite, initial, ack, remote_tag, early });
        self.dialog = Some(dialog);
        if response.contact().is_ok_and(|contact| contact.is_focus()) {
            self.events.push_back(Event::ConferenceCreated { uri: conference.to_string() });
            self.conference = Some(conference);
        } else {
            self.events.push_back(Event::IsFocusLost);
        }
        Call::Confirmed
    }

    /// A copy of the 2xx is acknowledged again; the 2xx of another branch is acknowledged and its dialog ended (RFC
    /// 3261 section 13.2.2.4).
    fn on_late_success(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        let Some(known) = self.acknowledged.as_ref().filter(|known| known.invite == *client) else { return };
        if known.remote_tag == remote_tag(response) {
            let _ = self.endpoint.acknowledge(&known.ack);
            return;
        }
        // Its early dialog knows which numbers have been used; a copy of the 2xx gets a copy of the ACK.
        let early =
            known.early.iter().find(|dialog| dialog.id().remote_tag.as_bytes() == remote_tag(response)).cloned();
        let other = match early {
            Some(mut dialog) => dialog.on_response(response).map(|()| dialog),
            None => Dialog::from_response(&known.initial, response),
        };
        if let Ok(other) = other {
            self.endpoint.refuse_success(now, other, known.initial.cseq);
        }
    }

    pub(super) fn on_failure(&mut self, code: u16) -> Call {
        self.dialog = None;
        self.events.push_back(Event::CreationFailed { code });
        Call::Failed { code }
    }

    /// No response to the INVITE, or none after the CANCEL: as 408 (RFC 3261 section 8.1.3.1).
    pub(super) fn on_invite_timeout(&mut self, now: Time) {
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Calling(inviting) | Call::Early(inviting) => self.on_refused(now, inviting, 408, None),
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
            | Call::Early(_)
            | Call::Abandoned { .. }
            | Call::Over
            | Call::Failed { .. }) => {
                self.answer(now, server, 481);
                self.call = call;
            }
        }
    }
}
