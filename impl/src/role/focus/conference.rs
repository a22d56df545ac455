//! One conference: the creator's call, the subscribers, the invitations, the roster, and how they end together.

use std::collections::VecDeque;

use super::creator::Creator;
use super::expulsion::Expulsion;
use super::leg::Invitation;
use super::mixer::Mixer;
use super::notification::Subscription;
use super::report::Reports;
use super::roster::Roster;
use super::{Event, Policy};
use crate::body::conference_info::DisconnectionMethod;
use crate::dialog::{Dialog, DialogName};
use crate::role::config::FocusConfig;
use crate::role::endpoint::Endpoint;
use crate::role::user_index::UserIndex;
use crate::time::{Time, Timed, Timer, TimerClass, earliest};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{CalleeState, Reason};
use crate::view::{ConferenceView, FocusCallState};
use crate::wire::{Builder, Message, OwnedUri};

/// What a conference needs of its host while it handles one input.
pub(super) struct Host<'a> {
    pub(super) now: Time,
    pub(super) endpoint: &'a mut Endpoint,
    pub(super) config: &'a FocusConfig,
    pub(super) policy: Policy,
    pub(super) mixer: &'a mut Mixer,
    pub(super) events: &'a mut VecDeque<Event>,
}

impl Host<'_> {
    pub(super) fn answer(&mut self, server: &ServerKey, code: u16) {
        self.endpoint.answer(self.now, server, code, None);
    }

    pub(super) fn respond(&mut self, server: &ServerKey, response: Option<Builder>) {
        if let Some(response) = response {
            self.endpoint.respond(self.now, server, response);
        }
    }

    /// As [`Endpoint::respond_and_keep`](crate::role::endpoint::Endpoint::respond_and_keep).
    pub(super) fn respond_and_keep(&mut self, server: &ServerKey, response: Option<Builder>) -> Option<Vec<u8>> {
        self.endpoint.respond_and_keep(self.now, server, response?)
    }
}

/// A conference and everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Conference {
    pub(super) uri: OwnedUri,
    pub(super) creator: Creator,
    pub(super) roster: Roster,
    pub(super) subscriptions: Timed<Subscription>,
    pub(super) invitations: Timed<Invitation>,
    /// The users of the invitations by their places: none is ever taken out.
    pub(super) invited: UserIndex,
    pub(super) expulsions: Vec<Expulsion>,
    pub(super) reports: Reports,
}

/// Which part of a conference a dialog belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The dialog with the creator, also that of his REFERs.
    Creator,
    /// The dialog of the subscription at this place.
    Subscription(usize),
    /// The dialog with the invited user at this place.
    Leg(usize),
}

impl Conference {
    /// Whether the conference exists for others: from the 2xx to the creator until he leaves.
    pub(super) fn is_live(&self) -> bool {
        match self.creator.callee.state() {
            CalleeState::Moratorium | CalleeState::Established => true,
            CalleeState::Preparative | CalleeState::Early | CalleeState::Mortal | CalleeState::Morgue => false,
        }
    }

    /// Whether nothing of it is left but its memory.
    pub(super) fn is_settled(&self) -> bool {
        self.creator.callee.state() == CalleeState::Morgue && self.dialogs().next().is_none()
    }

    /// Whether it never came about: the creator's INVITE was refused after all.
    pub(super) fn is_stillborn(&self) -> bool {
        self.roster.is_empty() && self.is_settled()
    }

    /// The final response to a BYE of ours, 408 if there was none.
    pub(super) fn on_bye_answered(&mut self, client: &ClientKey, code: u16) {
        if self.creator.bye.as_ref() == Some(client) {
            self.on_creator_bye_answered();
        } else {
            self.on_leg_bye_answered(client, code);
        }
    }

    /// Whether this user is in the conference or is being called into it.
    pub(super) fn has(&self, user: &OwnedUri) -> bool {
        let same = |known: &OwnedUri| known.same_user(user);
        let called = |invitation: &Invitation| same(&invitation.target) && !invitation.leg.caller.is_over();
        let mut candidates = self.invited.candidates(user).filter_map(|place| self.invitations.get(place));
        self.creator.is(user) || candidates.any(called)
    }

    pub(super) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        let subscriptions = self.subscriptions.iter().filter_map(|subscription| subscription.dialog.as_ref());
        let legs = self.invitations.iter().filter_map(|invitation| invitation.leg.dialog.as_ref());
        self.creator.dialog.iter().chain(subscriptions).chain(legs)
    }

    /// The part that a request belongs to.
    pub(super) fn part(&self, name: &DialogName<'_>) -> Option<Part> {
        let is = |dialog: &Option<Dialog>| dialog.as_ref().is_some_and(|dialog| dialog.id() == name);
        if is(&self.creator.dialog) {
            return Some(Part::Creator);
        }
        let subscription = self.subscriptions.iter().position(|subscription| is(&subscription.dialog));
        let leg = || self.invitations.iter().rposition(|invitation| is(&invitation.leg.dialog));
        subscription.map(Part::Subscription).or_else(|| leg().map(Part::Leg))
    }

    pub(super) fn on_request(&mut self, host: &mut Host<'_>, part: Part, server: &ServerKey, request: &Message<'_>) {
        match part {
            Part::Creator => self.on_creator_request(host, server, request),
            Part::Subscription(place) => self.on_subscriber_request(host, place, server, request),
            Part::Leg(place) => self.on_leg_request(host, place, server, request),
        }
    }

    /// The roster changed: every subscriber has to learn of it.
    pub(super) fn changed(&mut self) {
        for subscription in self.subscriptions.iter_mut() {
            subscription.notifier.change();
        }
    }

    /// The creator is gone, and with him the conference that was made for him (RFC 4579 section 5.12): the others are
    /// called off, the subscriptions end.
    pub(super) fn end(&mut self, host: &mut Host<'_>, how: DisconnectionMethod) {
        self.roster.leave(self.creator.user.as_str(), how);
        self.creator.release(host);
        self.creator.session.end();
        for place in 0..self.invitations.len() {
            self.hang_up(host, place);
        }
        for subscription in self.subscriptions.iter_mut() {
            subscription.notifier.terminate(Reason::Noresource, None);
        }
        host.events.push_back(Event::ConferenceEnded { conference: self.uri.to_string() });
    }

    pub(super) fn on_timeout(&mut self, host: &mut Host<'_>) {
        self.on_creator_timeout(host);
        self.on_session_timeouts(host);
        for place in self.invitations.due(host.now) {
            self.on_leg_timeout(host, place);
        }
        self.reports.on_timeout(host.now);
        for place in self.subscriptions.due(host.now) {
            if let Some(subscription) = self.subscriptions.get_mut(place) {
                subscription.notifier.on_timeout(host.now);
            }
        }
    }

    fn creator_timers(&self) -> impl Iterator<Item = Timer> {
        let call = &self.creator;
        let gives_up = call.gives_up_at.map(|at| Timer { at, class: TimerClass::Protocol });
        call.callee.timer().into_iter().chain(call.reliable.timer()).chain(gives_up).chain(call.session.timers())
    }

    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        let subscriptions = self.subscriptions.iter().flat_map(Subscription::timers);
        let legs = self.invitations.iter().flat_map(Invitation::timers);
        self.creator_timers().chain(subscriptions).chain(self.reports.timers()).chain(legs)
    }

    /// When the first timer fires.
    pub(super) fn alarm(&mut self) -> Option<Time> {
        let tables = [self.subscriptions.alarm(), self.reports.alarm(), self.invitations.alarm()];
        earliest(self.creator_timers()).into_iter().chain(tables.into_iter().flatten()).min()
    }

    pub(super) fn view(&self, mixer: &Mixer) -> ConferenceView {
        let call = match self.creator.callee.state() {
            CalleeState::Preparative | CalleeState::Early if self.creator.reliable.is_unacknowledged() => {
                FocusCallState::Early
            }
            CalleeState::Preparative | CalleeState::Early => FocusCallState::Pracked,
            CalleeState::Moratorium => FocusCallState::Answered,
            CalleeState::Established => FocusCallState::Confirmed,
            CalleeState::Mortal | CalleeState::Morgue => FocusCallState::Over,
        };
        ConferenceView {
            uri: self.uri.to_string(),
            call,
            media: self.creator.session.view(),
            subscriptions: self.subscriptions.iter().map(Subscription::view).collect(),
            invitations: self
                .invitations
                .iter()
                .map(|invitation| invitation.view(self.report_view(invitation.cseq)))
                .collect(),
            expulsions: self.expulsion_views(),
            roster: self.roster.view(),
            context: mixer.context(self.uri.as_str()),
        }
    }
}
