//! An invited user: takes the focus' INVITE, rings, answers or refuses, leaves. Nothing but the transaction's own 100
//! is answered before the user says so.
//!
//! He may be in calls outside the conference too (`role/calls`), one of which the conference may replace.
//!
//! The session is a [`Callee`]; `call.rs` joins it to its dialog, its media and the transaction of the INVITE;
//! `replacement.rs` judges an INVITE that wants to take the place of another call.
//! `subscription.rs` is the user's subscription to the state of the conference.

mod call;
mod hold;
mod plain;
mod replacement;
mod subscription;

use std::collections::VecDeque;

use crate::agent::{Addr, Agent, Receipt, Transmit};
use crate::error::CommandError;
use crate::role::access::Access;
use crate::role::calls::Calls;
use crate::role::config::ParticipantConfig;
use crate::role::endpoint::Endpoint;
use crate::role::subscription::ConferenceSubscription;
use crate::role::user_agent::{Served, UserAgent};
use crate::time::{Time, Timer};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::Callee;
use crate::view::{Counts, ParticipantState, ParticipantView, RosterChange, SubscriptionView};
use crate::wire::{Message, OwnedUri, Replaces};

use call::Call;

/// What an invited user may ask of his user agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Say that the user is being alerted: 180.
    Ring,
    /// Accept: 200. While a conference and somebody else call, the conference.
    Answer,
    /// Accept the call from outside any conference, even while a conference calls, too: 200.
    PickUp,
    /// Refuse because of another call: 486.
    Busy,
    /// Refuse: 603.
    Decline,
    /// Put the call with the conference on hold.
    Hold,
    /// Take it off hold.
    Resume,
    /// Leave the conference; only after the ACK (RFC 3261 section 15).
    Leave,
    /// Subscribe to the state of the conference, once and only while in it.
    Subscribe,
    /// Call somebody, outside any conference.
    Call {
        /// Whom.
        target: OwnedUri,
    },
    /// End the call with somebody, outside any conference.
    HangUp {
        /// With whom.
        peer: OwnedUri,
    },
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Answer => "answer",
            Self::PickUp => "pick-up",
            Self::Busy => "busy",
            Self::Decline => "decline",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Leave => "leave",
            Self::Subscribe => "subscribe",
            Self::Call { .. } => "call",
            Self::HangUp { .. } => "hang-up",
        }
    }
}

/// What an invited user is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An INVITE came.
    Invited {
        /// The caller: the conference URI.
        by: String,
        /// Whether the caller calls itself a focus (RFC 3840 section 10.18).
        isfocus: bool,
    },
    /// The invitation was withdrawn before it was answered.
    Cancelled,
    /// The user is in the conference: the ACK came.
    Joined,
    /// The call with the conference is on hold, or off it.
    HoldChanged {
        /// Whether this user holds it.
        holds: bool,
        /// Whether the focus does.
        held: bool,
    },
    /// Hold or resume was refused; nothing has changed.
    HoldRefused {
        /// The code; 491 when it crossed a request of the focus twice.
        code: u16,
    },
    /// The focus has no such call any more or is silent: it is being ended.
    CallLost {
        /// The code that says so, 408 for silence.
        code: u16,
    },
    /// The user's own BYE was sent and answered.
    Left,
    /// The focus ended the call.
    Ended,
    /// The ACK never came; the call was given up.
    Abandoned,
    /// The first NOTIFY of the conference subscription came.
    Subscribed,
    /// The roster changed; the view has all of it.
    RosterChanged(RosterChange),
    /// The conference subscription was terminated, or never came about.
    SubscriptionEnded {
        /// The reason of the terminating NOTIFY, or the code of the response that refused the SUBSCRIBE.
        reason: String,
    },
    /// Somebody calls, outside any conference.
    Called {
        /// Who.
        by: OwnedUri,
    },
    /// A call outside any conference is up.
    CallUp {
        /// With whom.
        peer: OwnedUri,
    },
    /// A call outside any conference is over, or never came about.
    CallOver {
        /// With whom.
        peer: OwnedUri,
    },
    /// A call gave way to the one that has just been answered (RFC 3891 section 3).
    Replaced {
        /// With whom it was.
        peer: OwnedUri,
    },
}

/// Extensions that a request to him may require, and that he lists as supported (RFC 3891 section 6.2).
const SUPPORTED: [&str; 1] = ["replaces"];
/// What the network between him and a UE requires of its own (RFC 3329); no promise of his.
const PASSED: [&str; 2] = ["replaces", "sec-agree"];

/// A user agent that takes one invitation at a time, and has a few calls beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Participant {
    config: ParticipantConfig,
    endpoint: Endpoint,
    events: VecDeque<Event>,
    call: Option<Call>,
    subscription: Option<ConferenceSubscription>,
    calls: Calls,
}

impl Participant {
    /// An idle user agent.
    pub fn new(config: ParticipantConfig) -> Self {
        let access = Access {
            network: config.access_network.clone(),
            security_verify: config.security_verify.clone(),
            preferred_identity: None,
        };
        let endpoint = Endpoint::new(&config.identity, config.address, config.hosts.clone(), config.timers);
        let endpoint =
            endpoint.with_access(access).with_path_mtu(config.path_mtu).with_session_timer(config.session_timer);
        Self { config, endpoint, events: VecDeque::new(), call: None, subscription: None, calls: Calls::default() }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> ParticipantView {
        let session = self.call.iter().filter_map(|call| call.dialog.as_ref());
        let subscribed = self.subscription.iter().filter_map(ConferenceSubscription::dialog);
        let dialogs: Vec<_> = session.chain(subscribed).chain(self.calls.dialogs()).collect();
        ParticipantView {
            call: self.call.as_ref().map_or(ParticipantState::Idle, Call::view),
            media: self.call.as_ref().map(|call| call.session.view()).unwrap_or_default(),
            subscription: self
                .subscription
                .as_ref()
                .map_or_else(SubscriptionView::default, ConferenceSubscription::view),
            calls: self.calls.view(),
            counts: Counts {
                transactions: self.endpoint.transactions(),
                dialogs: dialogs.len(),
                usages: dialogs.iter().flat_map(|dialog| dialog.usages()).count(),
            },
        }
    }

    /// Carries out a command.
    fn obey(&mut self, now: Time, command: Command) -> Result<(), CommandError> {
        match command {
            Command::Ring => self.ring(now),
            Command::Answer => self.accept(now),
            Command::PickUp => self.pick_up(now),
            Command::Busy => self.refuse(now, &command, 486),
            Command::Decline => self.refuse(now, &command, 603),
            Command::Hold => self.hold(now, true),
            Command::Resume => self.hold(now, false),
            Command::Leave => self.leave(now),
            Command::Subscribe => self.subscribe(now),
            Command::Call { target } => self.place_call(now, &target),
            Command::HangUp { peer } => self.hang_up(now, &peer),
        }
    }
}

impl UserAgent for Participant {
    const UNDERSTOOD: &'static [&'static str] = &PASSED;

    fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    fn on_request(&mut self, now: Time, server: &ServerKey, method: Served, request: &Message<'_>) {
        let Ok(replaces) = Replaces::of(request) else { return self.endpoint.answer(now, server, 400, None) };
        let in_dialog = request.has_to_tag();
        match method {
            Served::Invite if !in_dialog => self.on_invite(now, server, request, replaces),
            Served::Bye | Served::Update | Served::Invite => self.on_request_in_call(now, server, request),
            Served::Notify => self.on_notify(now, server, request),
            // Without such a usage there is nothing that it could belong to.
            Served::Prack => self.endpoint.answer(now, server, 481, None),
            Served::Refer => self.endpoint.answer(now, server, 603, None),
            Served::Subscribe => self.endpoint.answer(now, server, 489, None),
        }
    }

    fn on_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        let taken = self.on_plain_response(now, client, Some(response))
            || self.on_session_response(now, client, Some(response));
        if !taken && response.status().is_some_and(|code| code >= 200) {
            self.on_bye_done(client);
            self.on_subscribe_response(now, client, Some(response));
        }
    }

    fn on_no_response(&mut self, now: Time, client: &ClientKey) {
        if !self.on_plain_response(now, client, None) && !self.on_session_response(now, client, None) {
            self.on_bye_done(client);
            self.on_subscribe_response(now, client, None);
        }
    }

    fn on_cancel(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey) {
        self.on_call_cancelled(now, cancel, invite);
    }

    fn on_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        self.on_call_acknowledged(now, ack)
    }

    fn on_freed(&mut self, _now: Time, client: &ClientKey) {
        if let Some(call) = &mut self.call {
            call.session.on_freed(client);
        }
        if let Some(call) = self.calls.of_client(client) {
            call.on_freed(client);
        }
    }

    fn on_own_timeout(&mut self, now: Time) {
        self.on_call_timeout(now);
        self.on_session_timeout(now);
        self.on_subscription_timeout(now);
        let (calls, mut line) = self.line(now);
        calls.on_timeout(&mut line);
    }

    fn own_timers(&self) -> impl Iterator<Item = Timer> {
        let call = self.call.as_ref().map(|call| &call.callee).and_then(Callee::timer);
        let session = self.call.iter().flat_map(|call| call.session.timers());
        let subscription = self.subscription.iter().flat_map(ConferenceSubscription::timers);
        call.into_iter().chain(session).chain(subscription).chain(self.calls.timers())
    }
}

impl Agent for Participant {
    type Command = Command;
    type Event = Event;

    fn handle_datagram(&mut self, now: Time, from: Addr, bytes: &[u8]) -> Receipt {
        self.take(now, from, bytes)
    }

    fn handle_transport_error(&mut self, now: Time, failed: Transmit) {
        self.take_back(now, failed);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.wake(now);
    }

    fn handle_command(&mut self, now: Time, command: Command) -> Result<(), CommandError> {
        let result = self.obey(now, command);
        self.note_deadline();
        result
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.endpoint.poll_timeout(self.own_timers())
    }

    fn timers(&self) -> Vec<Timer> {
        self.endpoint.pending().chain(self.own_timers()).collect()
    }
}
