//! The UE: creates a conference by the factory URI, subscribes to its state, invites users by REFER to the focus,
//! leaves (TS 24.147 section 5.3.1, RFC 4579 sections 5.4, 5.5; TS 34.229-5 A.16, A.20).
//!
//! Read this file for what comes in and where it goes, then `call.rs`, `early.rs`, `giving_up.rs`, `hold.rs`,
//! `subscription.rs`, `referral.rs`, `challenge.rs` and
//! `redirect.rs`.

mod call;
mod challenge;
mod early;
mod giving_up;
mod headers;
mod hold;
mod plain;
mod redirect;
mod referral;
mod subscription;

use std::collections::VecDeque;

use crate::agent::{Addr, Agent, Receipt, Transmit};
use crate::dialog::{Dialog, DialogName, DialogState, Usage};
use crate::error::CommandError;
use crate::role::access::Access;
use crate::role::calls::Calls;
use crate::role::config::UeConfig;
use crate::role::endpoint::Endpoint;
use crate::role::session::Session;
use crate::role::subscription::ConferenceSubscription;
use crate::role::user_agent::{Served, UserAgent};
use crate::role::user_index::UserIndex;
use crate::time::{Time, Timer, TimerClass, earliest};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::Referrals;
use crate::view::{Counts, RosterChange, SubscriptionView, UeView};
use crate::wire::{Message, Method, OwnedUri};

pub use crate::role::authentication::Unanswered;
use call::{Acknowledged, Call};
use referral::Reference;

/// Which request carries the second offer, the one that says that the local resources are reserved (RFC 3312).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecondOffer {
    /// The PRACK to the reliable 183.
    #[default]
    Prack,
    /// An UPDATE after the 200 to the PRACK.
    Update,
}

/// To whom the REFER of an invitation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InviteMode {
    /// To the focus, which dials out (RFC 4579 section 5.5).
    #[default]
    ReferToFocus,
    /// To the focus, which dials out and, if it can, does not report what becomes of it (RFC 4488).
    ReferToFocusQuietly,
    /// To the user, who dials in (RFC 4579 section 5.6); this UE refuses it.
    ReferToUser,
}

/// What the user of a UE may ask of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Create a conference.
    Create {
        /// Which request carries the second offer.
        second_offer: SecondOffer,
    },
    /// Subscribe to the conference's state; again, in a new dialog, when an earlier subscription is over.
    Subscribe,
    /// Ask once for the conference's state, without subscribing to its changes.
    Poll,
    /// Refresh the subscription: the whole state comes once more.
    Refresh,
    /// End the subscription.
    Unsubscribe,
    /// Invite a user, once per user.
    Invite {
        /// Whom; a SIP or tel URI.
        target: OwnedUri,
        /// To whom the REFER goes.
        mode: InviteMode,
    },
    /// Give up the call to the factory before it is established; the CANCEL goes out as soon as one is allowed (RFC
    /// 3261 section 9.1).
    Cancel,
    /// Expel a user from the conference, once per user.
    Expel {
        /// Whom; a SIP or tel URI.
        target: OwnedUri,
    },
    /// Ask for the present status of an invitation.
    RefreshReport {
        /// Whom it invites.
        target: OwnedUri,
    },
    /// Ask for no more reports of an invitation, which goes on.
    EndReport {
        /// Whom it invites.
        target: OwnedUri,
    },
    /// Put the call with the conference on hold.
    Hold,
    /// Take it off hold.
    Resume,
    /// Leave the conference.
    Leave,
    /// Call somebody, outside the conference.
    Call {
        /// Whom; a SIP or tel URI.
        target: OwnedUri,
    },
    /// Say that the user is being alerted to a call: 180.
    Ring,
    /// Answer a call: 200.
    Answer,
    /// Decline a call: 603.
    Decline,
    /// End the call with somebody, outside the conference.
    HangUp {
        /// With whom.
        peer: OwnedUri,
    },
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Subscribe => "subscribe",
            Self::Poll => "poll",
            Self::Refresh => "refresh",
            Self::Unsubscribe => "unsubscribe",
            Self::Invite { .. } => "invite",
            Self::Cancel => "cancel",
            Self::Expel { .. } => "expel",
            Self::RefreshReport { .. } => "refresh report",
            Self::EndReport { .. } => "end report",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Leave => "leave",
            Self::Call { .. } => "call",
            Self::Ring => "ring",
            Self::Answer => "answer",
            Self::Decline => "decline",
            Self::HangUp { .. } => "hang-up",
        }
    }
}

/// What a UE tells its user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The conference exists and the user is in it.
    ConferenceCreated {
        /// The conference URI.
        uri: String,
    },
    /// The conference could not be created.
    CreationFailed {
        /// Code of the final response; 408 when none came, 487 when the user gave up.
        code: u16,
    },
    /// The factory sent the user somewhere else (3xx); [`Redirection`](crate::role::config::Redirection) says whether
    /// the UE goes there.
    Redirected {
        /// The addresses of its Contact, the most preferred first.
        targets: Vec<OwnedUri>,
    },
    /// The 2xx does not call its sender a focus: the session is a plain call (RFC 4579 section 5.4).
    IsFocusLost,
    /// The first NOTIFY of the conference subscription came.
    Subscribed,
    /// The roster changed; the view has all of it.
    RosterChanged(RosterChange),
    /// The conference subscription was terminated, or never came about.
    SubscriptionEnded {
        /// The reason of the terminating NOTIFY, or the code of the response that refused the SUBSCRIBE.
        reason: String,
    },
    /// The focus reported a provisional response of an invited user.
    InvitationProgress {
        /// Who was invited.
        target: OwnedUri,
        /// The code.
        code: u16,
    },
    /// The outcome of an invitation is known, or known to stay unknown.
    InvitationEnded {
        /// Who was invited.
        target: OwnedUri,
        /// What became of it.
        outcome: InvitationOutcome,
    },
    /// The outcome of an expulsion is known, or known to stay unknown.
    ExpulsionEnded {
        /// Who was to be expelled.
        target: OwnedUri,
        /// What became of it.
        outcome: InvitationOutcome,
    },
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
    /// A challenge of this realm could not be met: the request has failed, which its own event tells besides.
    NotAuthenticated {
        /// The realm, to be shown to the user (RFC 3261 section 22.1).
        realm: String,
        /// Why.
        why: Unanswered,
    },
    /// The call is over: this user left.
    Left,
    /// The call is over: the focus ended it.
    Ejected,
    /// Somebody calls, outside the conference.
    Called {
        /// Who.
        by: OwnedUri,
    },
    /// A call outside the conference is up.
    CallUp {
        /// With whom.
        peer: OwnedUri,
    },
    /// A call outside the conference is over, or never came about.
    CallOver {
        /// With whom.
        peer: OwnedUri,
    },
}

/// What became of an invitation or an expulsion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvitationOutcome {
    /// The focus reported this final response of the user.
    Reported(u16),
    /// The focus refused the REFER with this code.
    Refused(u16),
    /// The focus carries the REFER out and reports nothing, as was asked (RFC 4488).
    Unreported,
    /// The REFER was never answered, or the reporting ended without a final response.
    Unknown,
}

/// Extensions that a request to the UE may require (RFC 3261 section 8.2.2.3).
const SUPPORTED: [&str; 3] = ["100rel", "precondition", "sec-agree"];

/// A UE that takes part in one conference, and has a few calls beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ue {
    config: UeConfig,
    endpoint: Endpoint,
    events: VecDeque<Event>,
    call: Call,
    /// The dialog of the call; it lives on after the BYE as long as a refer subscription does (RFC 5057 section 5.5).
    dialog: Option<Dialog>,
    acknowledged: Option<Acknowledged>,
    /// From the 2xx on.
    session: Option<Session>,
    conference: Option<OwnedUri>,
    subscription: Option<ConferenceSubscription>,
    references: Vec<Reference>,
    /// The users of the references by their places: none is ever taken out.
    referred: UserIndex,
    /// How many subscriptions there were.
    subscriptions: u32,
    referrals: Referrals,
    calls: Calls,
}

fn not_now(command: &Command, why: &'static str) -> CommandError {
    CommandError::NotNow { command: command.name(), why }
}

impl Ue {
    /// An idle UE.
    pub fn new(config: UeConfig) -> Self {
        let access = Access {
            network: config.access_network.clone(),
            security_verify: config.security_verify.clone(),
            preferred_identity: config.preferred_identity.clone(),
        };
        let endpoint = Endpoint::new(&config.identity, config.address, config.hosts.clone(), config.timers);
        let endpoint =
            endpoint.with_access(access).with_path_mtu(config.path_mtu).with_session_timer(config.session_timer);
        let endpoint = endpoint.with_credentials(&config.credentials);
        Self {
            config,
            endpoint,
            events: VecDeque::new(),
            call: Call::Idle,
            dialog: None,
            acknowledged: None,
            session: None,
            conference: None,
            subscription: None,
            references: Vec::new(),
            referred: UserIndex::default(),
            subscriptions: 0,
            referrals: Referrals::default(),
            calls: Calls::default(),
        }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> UeView {
        let subscribed = || self.subscription.iter().filter_map(ConferenceSubscription::dialog);
        let dialogs = || self.dialog.iter().chain(self.call.early()).chain(subscribed()).chain(self.calls.dialogs());
        UeView {
            call: self.call.view(),
            conference: self.conference.as_ref().map(OwnedUri::to_string),
            media: self.session.as_ref().map(Session::view).unwrap_or_default(),
            subscription: self
                .subscription
                .as_ref()
                .map_or_else(SubscriptionView::default, ConferenceSubscription::view),
            referrals: self.referral_views(),
            calls: self.calls.view(),
            counts: Counts {
                transactions: self.endpoint.transactions(),
                dialogs: dialogs().count(),
                usages: dialogs().flat_map(Dialog::usages).count(),
            },
        }
    }

    /// A usage of the call's dialog ended; with the last one the dialog goes.
    fn end_usage(&mut self, usage: &Usage) {
        if self.dialog.as_mut().is_some_and(|dialog| dialog.end(usage)) {
            self.dialog = None;
        }
    }

    /// Answers with a status and nothing else.
    fn answer(&mut self, now: Time, server: &ServerKey, code: u16) {
        self.endpoint.answer(now, server, code, None);
    }

    /// The call's dialog, if the request belongs to it.
    fn dialog_of(&mut self, request: &Message<'_>) -> Option<&mut Dialog> {
        let name = DialogName::of(request)?;
        self.dialog.as_mut().filter(|dialog| *dialog.id() == name && dialog.state() != DialogState::Terminated)
    }

    fn on_request_in_call(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) {
        if self.on_plain_request(now, server, request) || self.on_early_request(now, server, request) {
            return;
        }
        let Some(dialog) = self.dialog_of(request) else { return self.answer(now, server, 481) };
        let Ok(refresh) = dialog.on_request(request) else { return self.answer(now, server, 500) };
        match request.method() {
            Some(Method::Bye) => self.on_bye(now, server),
            Some(Method::Update | Method::Invite) => self.on_session_request(now, server, request, refresh),
            Some(Method::Refer) => self.answer(now, server, 603),
            _ => self.answer(now, server, 481),
        }
    }

    /// A NOTIFY is matched by dialog, package and `id` (RFC 6665 section 4.1.3).
    fn on_notify(&mut self, now: Time, server: &ServerKey, notify: &Message<'_>) {
        let Ok(event) = notify.event() else { return self.answer(now, server, 400) };
        match event.package {
            b"conference" if event.id().is_none() => self.on_conference_notify(now, server, notify),
            b"conference" => self.answer(now, server, 481),
            b"refer" => {
                let Some(dialog) = self.dialog_of(notify) else { return self.answer(now, server, 481) };
                match dialog.on_request(notify) {
                    Ok(refresh) => self.on_refer_notify(now, server, notify, refresh),
                    Err(_) => self.answer(now, server, 500),
                }
            }
            _ => self.answer(now, server, 489),
        }
    }

    /// Its own timers without those of the referrals, of which there can be many.
    fn few_timers(&self) -> impl Iterator<Item = Timer> {
        let subscription = self.subscription.iter().flat_map(ConferenceSubscription::timers);
        let call = self.call.gives_up_at().map(|at| Timer { at, class: TimerClass::Protocol });
        let session = self.session.iter().flat_map(Session::timers);
        call.into_iter().chain(session).chain(subscription).chain(self.calls.timers())
    }

    /// Carries out a command.
    fn obey(&mut self, now: Time, command: Command) -> Result<(), CommandError> {
        match command {
            Command::Create { second_offer } => self.create(now, second_offer),
            Command::Subscribe => self.subscribe(now, &command, self.config.conference_expires),
            Command::Poll => self.subscribe(now, &command, 0),
            Command::Refresh | Command::Unsubscribe => self.resubscribe(now, &command),
            Command::Invite { target, mode } => self.invite(now, target, mode),
            Command::Cancel => self.give_up(now),
            Command::Expel { target } => self.expel(now, target),
            Command::RefreshReport { ref target } => self.control_report(now, &command, target, false),
            Command::EndReport { ref target } => self.control_report(now, &command, target, true),
            Command::Hold => self.hold(now, true),
            Command::Resume => self.hold(now, false),
            Command::Leave => self.leave(now),
            Command::Call { target } => self.place_call(now, &target),
            Command::Ring | Command::Answer | Command::Decline => self.decide(now, &command),
            Command::HangUp { peer } => self.hang_up(now, peer),
        }
    }
}

impl UserAgent for Ue {
    const UNDERSTOOD: &'static [&'static str] = &SUPPORTED;

    fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    fn on_request(&mut self, now: Time, server: &ServerKey, method: Served, request: &Message<'_>) {
        match method {
            Served::Notify => self.on_notify(now, server, request),
            Served::Bye | Served::Update | Served::Invite | Served::Refer | Served::Prack if request.has_to_tag() => {
                self.on_request_in_call(now, server, request);
            }
            Served::Invite => self.on_called(now, server, request),
            Served::Refer => self.answer(now, server, 603),
            Served::Subscribe => self.answer(now, server, 489),
            // Without a dialog there is nothing to end, to update or to acknowledge.
            Served::Bye | Served::Update | Served::Prack => self.answer(now, server, 481),
        }
    }

    fn on_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        if self.on_challenge(now, client, response)
            || self.on_plain_response(now, client, Some(response))
            || self.on_session_response(now, client, Some(response))
        {
            return;
        }
        match client.method() {
            Method::Invite => self.on_invite_response(now, client, response),
            Method::Prack | Method::Update => self.on_early_response(now, client, Some(response)),
            Method::Subscribe if self.on_report_response(now, client, Some(response)) => {}
            Method::Subscribe => self.on_subscribe_response(now, client, Some(response)),
            Method::Refer => self.on_refer_response(now, client, Some(response)),
            Method::Bye if response.status().is_some_and(|code| code >= 200) => self.on_bye_done(client),
            _ => {}
        }
    }

    fn on_no_response(&mut self, now: Time, client: &ClientKey) {
        if self.on_plain_response(now, client, None) || self.on_session_response(now, client, None) {
            return;
        }
        match client.method() {
            Method::Invite => self.on_invite_timeout(now),
            Method::Prack | Method::Update => self.on_early_response(now, client, None),
            Method::Subscribe if self.on_report_response(now, client, None) => {}
            Method::Subscribe => self.on_subscribe_response(now, client, None),
            Method::Refer => self.on_refer_response(now, client, None),
            Method::Bye => self.on_bye_done(client),
            _ => {}
        }
    }

    fn on_cancel(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey) {
        self.on_call_cancelled(now, cancel, invite);
    }

    fn on_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        self.on_call_acknowledged(now, ack)
    }

    fn on_freed(&mut self, _now: Time, client: &ClientKey) {
        self.acknowledged.take_if(|known| known.invite == *client);
        if let Some(session) = &mut self.session {
            session.on_freed(client);
        }
        if let Some(call) = self.calls.of_client(client) {
            call.on_freed(client);
        }
    }

    fn on_own_timeout(&mut self, now: Time) {
        self.on_call_timeout(now);
        self.on_session_timeout(now);
        self.on_subscription_timeout(now);
        self.on_referral_timeouts(now);
        let (calls, mut line) = self.line(now);
        calls.on_timeout(&mut line);
    }

    fn own_alarm(&mut self) -> Option<Time> {
        let referrals = self.referrals.alarm();
        earliest(self.few_timers()).into_iter().chain(referrals).min()
    }

    fn own_timers(&self) -> impl Iterator<Item = Timer> {
        self.few_timers().chain(self.referrals.iter().flat_map(|(_, referral)| referral.timers()))
    }
}

impl Agent for Ue {
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
