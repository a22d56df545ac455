//! The focus host: the conference factory and the foci of the conferences that it made (RFC 4353, RFC 4579, TS 24.147
//! section 5.3.2).
//!
//! Read this file for what comes in and where it goes, then `conference.rs`, then `factory.rs` and `creator.rs` (how a
//! conference comes into being), `leg.rs` (how users are called into it), `hold.rs` (how their media is held and
//! resumed), `expulsion.rs` (how they are sent away),
//! `report.rs` and `notification.rs` (who is told what).

mod conference;
mod creator;
mod expulsion;
mod factory;
mod hold;
mod leg;
mod mixer;
mod notification;
mod policy;
mod reference;
mod report;
mod roster;

use std::collections::VecDeque;

use crate::agent::{Addr, Agent, Discard, Receipt, Transmit};
use crate::dialog::{Dialog, DialogName};
use crate::error::CommandError;
use crate::role::config::FocusConfig;
use crate::role::endpoint::Endpoint;
use crate::role::user_agent::{Served, UserAgent};
use crate::time::{Time, Timer};
use crate::transaction::{ClientKey, ServerKey};
use crate::view::{Counts, FocusView};
use crate::wire::{Message, Method, OwnedUri};

use conference::{Conference, Host, Part};
use mixer::Mixer;
use policy::Policy;

pub use expulsion::MAX_EXPULSIONS;
pub use leg::MAX_INVITATIONS;
pub use mixer::MAX_TERMINATIONS;
pub use notification::MAX_SUBSCRIPTIONS;

/// Most conferences of one host, those that are over and still remembered included.
pub const MAX_CONFERENCES: usize = 256;

/// Extensions that a request to the focus may require (RFC 3261 section 8.2.2.3).
const SUPPORTED: [&str; 4] = ["100rel", "norefersub", "precondition", "sec-agree"];

/// What the operator of a focus may ask of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Change what is admitted; it holds for requests that come later.
    Policy {
        /// Whether factory INVITEs are accepted; otherwise 403.
        admit_creation: bool,
        /// Whether REFERs are accepted; otherwise 603.
        admit_refer: bool,
    },
    /// Whether a REFER that asks for no subscription (RFC 4488) starts one all the same; it holds for REFERs that come
    /// later.
    InsistOnReports(bool),
    /// Lock every conference, so that nobody more is invited, or open it again.
    Lock(bool),
    /// Refuse factory INVITEs that come later with this code.
    RefuseCreations {
        /// 300 to 699. A 503 asks to come back later; a 580 explains itself.
        code: u16,
    },
    /// Refuse the factory INVITEs that have been promised a conference and not got it yet.
    WithdrawCreations {
        /// 300 to 699.
        code: u16,
    },
    /// Whether the mixer refuses to reserve terminations from now on.
    RefuseTerminations(bool),
    /// Put a participant on hold, in the first conference that he is in.
    Hold {
        /// Whom.
        user: OwnedUri,
    },
    /// Take a participant off hold.
    Resume {
        /// Whom.
        user: OwnedUri,
    },
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "policy",
            Self::InsistOnReports(_) => "insist on reports",
            Self::Lock(_) => "lock",
            Self::RefuseCreations { .. } => "refuse creations",
            Self::WithdrawCreations { .. } => "withdraw creations",
            Self::RefuseTerminations(_) => "refuse terminations",
            Self::Hold { .. } => "hold",
            Self::Resume { .. } => "resume",
        }
    }
}

/// A code that a request can be refused with.
fn refusal(code: u16) -> Result<u16, CommandError> {
    let bad = || CommandError::BadValue { what: "the code of a refusal", value: code.to_string() };
    (300..700).contains(&code).then_some(code).ok_or_else(bad)
}

/// What a conference server logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A factory INVITE was accepted.
    ConferenceCreated {
        /// The conference URI.
        conference: String,
        /// The creator.
        creator: String,
    },
    /// A factory INVITE was refused.
    CreationRefused {
        /// The code.
        code: u16,
    },
    /// A user subscribed to a conference's state.
    Subscribed {
        /// The conference URI.
        conference: String,
    },
    /// A subscription to a conference's state ended.
    Unsubscribed {
        /// The conference URI.
        conference: String,
    },
    /// A REFER was accepted and the user is being called.
    Inviting {
        /// The conference URI.
        conference: String,
        /// Whom.
        target: String,
    },
    /// A REFER was refused.
    ReferRefused {
        /// The conference URI.
        conference: String,
        /// The code.
        code: u16,
    },
    /// A user is in the conference.
    Joined {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
    },
    /// An invited user did not come.
    NotJoined {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
        /// The final response; 408 when none came.
        code: u16,
    },
    /// A participant is on hold, or off it.
    HoldChanged {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
        /// Whether he is on hold, by himself or by us.
        on_hold: bool,
    },
    /// A participant's user agent refused to be put on hold or taken off it.
    HoldRefused {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
        /// The code; 491 when it crossed a request of his twice.
        code: u16,
    },
    /// A user has left.
    Left {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
    },
    /// The conference is over.
    ConferenceEnded {
        /// The conference URI.
        conference: String,
    },
}

/// A focus host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Focus {
    config: FocusConfig,
    endpoint: Endpoint,
    events: VecDeque<Event>,
    policy: Policy,
    mixer: Mixer,
    conferences: Vec<Conference>,
}

impl Focus {
    /// A focus host without conferences that admits everything.
    pub fn new(config: FocusConfig) -> Self {
        let endpoint = Endpoint::new(&config.identity, config.address, config.hosts.clone(), config.timers);
        let mixer = Mixer::new(config.maximum_terminations);
        let endpoint = endpoint.with_path_mtu(config.path_mtu).with_session_timer(config.session_timer);
        Self { config, endpoint, events: VecDeque::new(), policy: Policy::default(), mixer, conferences: Vec::new() }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> FocusView {
        let dialogs = || self.conferences.iter().flat_map(Conference::dialogs);
        FocusView {
            conferences: self.conferences.iter().map(|conference| conference.view(&self.mixer)).collect(),
            terminations: self.mixer.reserved(),
            counts: Counts {
                transactions: self.endpoint.transactions(),
                dialogs: dialogs().count(),
                usages: dialogs().flat_map(Dialog::usages).count(),
            },
        }
    }

    fn host(&mut self, now: Time) -> Host<'_> {
        Host {
            now,
            endpoint: &mut self.endpoint,
            config: &self.config,
            policy: self.policy,
            mixer: &mut self.mixer,
            events: &mut self.events,
        }
    }

    /// The conferences, one after the other, with what they need of their host.
    fn each(&mut self, now: Time, mut visit: impl FnMut(&mut Conference, &mut Host<'_>)) {
        for place in 0..self.conferences.len() {
            self.at(now, place, &mut visit);
        }
    }

    /// The conference at this place, with what it needs of its host.
    fn at(&mut self, now: Time, place: usize, visit: impl FnOnce(&mut Conference, &mut Host<'_>)) {
        let Self { config, endpoint, events, policy, mixer, conferences } = self;
        let mut host = Host { now, endpoint, config, policy: *policy, mixer, events };
        if let Some(conference) = conferences.get_mut(place) {
            visit(conference, &mut host);
        }
    }

    /// Sends every NOTIFY that became due.
    fn notify(&mut self, now: Time) {
        self.each(now, Conference::notify);
    }

    /// The conference, by its place, and the part of it that a request inside a dialog belongs to.
    fn owner(&self, request: &Message<'_>) -> Option<(usize, Part)> {
        let name = DialogName::of(request)?;
        let mut parts = self.conferences.iter().map(|conference| conference.part(&name)).enumerate();
        parts.find_map(|(place, part)| Some((place, part?)))
    }

    fn on_request_in_dialog(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) {
        match self.owner(request) {
            Some((place, part)) => {
                self.at(now, place, |conference, host| conference.on_request(host, part, server, request));
            }
            None => self.endpoint.answer(now, server, 481, None),
        }
    }

    fn on_initial_subscribe(&mut self, now: Time, server: &ServerKey, subscribe: &Message<'_>) {
        let Ok(uri) = subscribe.request_uri() else { return self.endpoint.answer(now, server, 400, None) };
        if self.endpoint.is_merged(server) {
            return self.endpoint.answer(now, server, 482, None);
        }
        if !subscribe.event().is_ok_and(|event| event.package == b"conference") {
            return self.endpoint.answer(now, server, 489, None);
        }
        let named = |conference: &Conference| conference.is_live() && uri.equivalent(&conference.uri.as_uri());
        match self.conferences.iter().position(named) {
            Some(place) => self.at(now, place, |conference, host| conference.on_subscribe(host, server, subscribe)),
            None => self.endpoint.answer(now, server, 404, None),
        }
    }

    /// Carries out a command.
    fn obey(&mut self, now: Time, command: Command) -> Result<(), CommandError> {
        match command {
            Command::Policy { admit_creation, admit_refer } => {
                let creation = if admit_creation { Ok(()) } else { Err(403) };
                self.policy = Policy { creation, refer: admit_refer, ..self.policy };
            }
            Command::InsistOnReports(insists) => self.policy.reports_always = insists,
            Command::RefuseCreations { code } => self.policy.creation = Err(refusal(code)?),
            Command::WithdrawCreations { code } => {
                let code = refusal(code)?;
                self.each(now, |conference, host| conference.withdraw(host, code));
                self.on_transaction_events(now);
                self.on_done(now);
            }
            Command::Lock(locked) => {
                for conference in self.conferences.iter_mut().filter(|conference| conference.is_live()) {
                    if conference.roster.lock(locked) {
                        conference.changed();
                    }
                }
                self.notify(now);
            }
            Command::RefuseTerminations(refuses) => self.mixer.refuse(refuses),
            Command::Hold { ref user } | Command::Resume { ref user } => {
                let hold = matches!(command, Command::Hold { .. });
                self.hold(now, &command, user, hold)?;
            }
        }
        Ok(())
    }
}

impl UserAgent for Focus {
    const UNDERSTOOD: &'static [&'static str] = &SUPPORTED;

    fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    fn on_request(&mut self, now: Time, server: &ServerKey, method: Served, request: &Message<'_>) {
        if request.has_to_tag() {
            return self.on_request_in_dialog(now, server, request);
        }
        match method {
            Served::Invite => self.on_initial_invite(now, server, request),
            Served::Subscribe => self.on_initial_subscribe(now, server, request),
            // Users are invited inside the creator's call.
            Served::Refer => self.endpoint.answer(now, server, 403, None),
            Served::Bye | Served::Update | Served::Prack | Served::Notify => {
                self.endpoint.answer(now, server, 481, None);
            }
        }
    }

    fn on_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) {
        let code = response.status().unwrap_or_default();
        self.each(now, |conference, host| match client.method() {
            Method::Invite | Method::Update => {
                if let Some(place) = conference.leg_of(client) {
                    conference.on_leg_response(host, place, response);
                } else {
                    conference.on_session_response(host, client, Some(response));
                }
            }
            Method::Notify if code >= 200 => {
                conference.on_notify_response(client, response);
                conference.on_notify_answered(host, client, code);
            }
            Method::Bye if code >= 200 => conference.on_bye_answered(client, code),
            _ => {}
        });
    }

    fn on_no_response(&mut self, now: Time, client: &ClientKey) {
        self.each(now, |conference, host| match client.method() {
            Method::Invite | Method::Update => {
                if let Some(place) = conference.leg_of(client) {
                    conference.on_leg_silence(host, place);
                } else {
                    conference.on_session_response(host, client, None);
                }
            }
            Method::Notify => conference.on_notify_answered(host, client, 408),
            Method::Bye => conference.on_bye_answered(client, 408),
            _ => {}
        });
    }

    fn on_cancel(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey) {
        let place = self.conferences.iter().position(|conference| conference.creator.invite == *invite);
        let Some(place) = place else { return self.endpoint.answer(now, cancel, 200, None) };
        self.at(now, place, |conference, host| {
            host.endpoint.answer(now, cancel, 200, Some(&conference.creator.tag));
            conference.on_cancel(host);
        });
    }

    fn on_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        let mut receipt = Receipt::Discarded(Discard::StrayAck);
        if let Some((place, part)) = self.owner(ack) {
            self.at(now, place, |conference, host| receipt = conference.on_ack(host, part, ack));
        }
        receipt
    }

    fn on_freed(&mut self, now: Time, client: &ClientKey) {
        self.each(now, |conference, _| {
            if let Some(place) = conference.leg_of(client) {
                conference.on_leg_freed(place);
            } else {
                conference.on_session_freed(client);
            }
        });
    }

    fn on_done(&mut self, now: Time) {
        self.notify(now);
        // What was promised and never came about leaves nothing behind.
        self.conferences.retain(|conference| !conference.is_stillborn());
    }

    fn on_own_timeout(&mut self, now: Time) {
        self.each(now, Conference::on_timeout);
    }

    fn own_alarm(&mut self) -> Option<Time> {
        self.conferences.iter_mut().filter_map(Conference::alarm).min()
    }

    fn own_timers(&self) -> impl Iterator<Item = Timer> {
        self.conferences.iter().flat_map(Conference::timers)
    }
}

impl Agent for Focus {
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
