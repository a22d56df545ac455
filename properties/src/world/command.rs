//! Commands: what users and operators have the agents do.
//!
//! Read first: [`Step`], the list of them.

use std::sync::Arc;

use imsconf::agent::{Agent, Transmit};
use imsconf::role::{focus, participant, ue};
use imsconf::view::{ConferenceView, FocusCallState, NotifierState, NotifierView, SubscriberState};
use imsconf::wire::OwnedUri;

use super::{Happened, Node, Outcome, Refuses, World, creator_uri, user_uri};
use crate::schedule::{REFUSALS, SecondOffer, Step};

impl World {
    pub(super) fn command(&mut self, step: Step) -> Outcome {
        if self.must_wait(step) {
            return Outcome::of(Happened::Nothing);
        }
        let Some((node, sent)) = self.order(step) else { return Outcome::of(Happened::Nothing) };
        if step.is_control() {
            Arc::make_mut(&mut self.ledger).expect_control(true);
        }
        Outcome { sent: self.put(node, sent), ..Outcome::of(Happened::Command(step)) }
    }

    /// Has an agent do what a command asks, if it takes it: which one, and what it wants sent.
    pub(crate) fn order(&mut self, step: Step) -> Option<(Node, Vec<Transmit>)> {
        let now = self.now;
        let user = |number: u8| usize::from(number);
        let (node, done) = match step {
            Step::Create(second_offer) => {
                let at = match second_offer {
                    SecondOffer::Prack => ue::SecondOffer::Prack,
                    SecondOffer::Update => ue::SecondOffer::Update,
                };
                let done = self.ue_does(ue::Command::Create { second_offer: at });
                if done {
                    self.second_offer = second_offer;
                }
                (Node::Ue, done)
            }
            Step::Subscribe => (Node::Ue, self.subscribe()),
            Step::Refresh => (Node::Ue, self.ue_does(ue::Command::Refresh)),
            Step::Unsubscribe => (Node::Ue, self.ue_does(ue::Command::Unsubscribe)),
            Step::Invite(number) => (Node::Ue, self.invite(number, ue::InviteMode::ReferToFocus)),
            Step::InviteQuietly(number) => (Node::Ue, self.invite(number, ue::InviteMode::ReferToFocusQuietly)),
            Step::Cancel => (Node::Ue, self.ue_does(ue::Command::Cancel)),
            Step::Expel(number) => (Node::Ue, self.expel(number)),
            Step::Leave => (Node::Ue, self.ue_does(ue::Command::Leave)),
            Step::Ring(number) => (Node::User(number), self.tell(user(number), participant::Command::Ring)),
            Step::Answer(number) => (Node::User(number), self.tell(user(number), participant::Command::Answer)),
            Step::Busy(number) => (Node::User(number), self.tell(user(number), participant::Command::Busy)),
            Step::Decline(number) => (Node::User(number), self.tell(user(number), participant::Command::Decline)),
            Step::UserLeaves(number) => (Node::User(number), self.tell(user(number), participant::Command::Leave)),
            Step::UserSubscribes(number) => {
                (Node::User(number), self.tell(user(number), participant::Command::Subscribe))
            }
            Step::UeCalls(number) => (Node::Ue, self.ue_calls(number)),
            Step::UserCalls(number) => (Node::User(number), self.user_calls(number)),
            Step::HangUp(number) => (Node::Ue, self.hang_up(number)),
            Step::UserHangsUp(number) => (Node::User(number), self.user_hangs_up(number)),
            Step::UserHolds(number) => (Node::User(number), self.user_holds(number, true)),
            Step::UserResumes(number) => (Node::User(number), self.user_holds(number, false)),
            Step::FocusHolds(number) => (Node::Focus, self.focus_holds(number, true)),
            Step::FocusResumes(number) => (Node::Focus, self.focus_holds(number, false)),
            Step::RefuseCreation(creation) => (Node::Focus, self.policy(Refuses { creation, ..self.refuses })),
            Step::RefuseCreationWith(code) => {
                self.refuses.creation |= REFUSALS.contains(&code);
                (Node::Focus, self.operate(code, focus::Command::RefuseCreations { code }))
            }
            Step::WithdrawCreation(code) => {
                let promised = self.has_promised();
                (Node::Focus, promised && self.operate(code, focus::Command::WithdrawCreations { code }))
            }
            Step::RefuseTerminations(refuses) => {
                let command = focus::Command::RefuseTerminations(refuses);
                (Node::Focus, Arc::make_mut(&mut self.focus).handle_command(now, command).is_ok())
            }
            Step::RefuseRefer(refer) => (Node::Focus, self.policy(Refuses { refer, ..self.refuses })),
            Step::InsistOnReports(insists) => (
                Node::Focus,
                Arc::make_mut(&mut self.focus).handle_command(now, focus::Command::InsistOnReports(insists)).is_ok(),
            ),
            Step::Deliver(_)
            | Step::Drop(_)
            | Step::Duplicate(_)
            | Step::Lose(_)
            | Step::Challenge(_)
            | Step::CutOff(_)
            | Step::Damage(..)
            | Step::Truncate(..)
            | Step::Restart(_)
            | Step::Flush
            | Step::Fire
            | Step::Settle
            | Step::Idle => return None,
        };
        done.then(|| (node, self.collect(node)))
    }

    fn invite(&mut self, number: u8, mode: ue::InviteMode) -> bool {
        let Ok(target) = user_uri(number).parse::<OwnedUri>() else { return false };
        let known = number < self.settings.invited;
        known && self.ue_does(ue::Command::Invite { target, mode })
    }

    fn expel(&mut self, number: u8) -> bool {
        let Ok(target) = user_uri(number).parse::<OwnedUri>() else { return false };
        let known = number < self.settings.invited;
        known && self.ue_does(ue::Command::Expel { target })
    }

    /// The UE subscribes, again only when nothing is left of an earlier subscription at the focus or on its way.
    fn subscribe(&mut self) -> bool {
        let first = self.ue.view().subscription.state == SubscriberState::None;
        let conferences = self.focus.view().conferences;
        let creator = creator_uri();
        let mut own =
            conferences.iter().flat_map(|known| &known.subscriptions).filter(|known| known.subscriber == creator);
        let over = |known: &NotifierView| matches!(known.state, NotifierState::Closed | NotifierState::Removed);
        let nothing_left = self.flight.is_empty() && own.all(over);
        (first || nothing_left) && self.ue_does(ue::Command::Subscribe)
    }

    /// Whether the UE takes the command.
    pub(super) fn ue_does(&mut self, command: ue::Command) -> bool {
        Arc::make_mut(&mut self.ue).handle_command(self.now, command).is_ok()
    }

    pub(super) fn tell(&mut self, user: usize, command: participant::Command) -> bool {
        let now = self.now;
        self.users.get_mut(user).is_some_and(|user| Arc::make_mut(user).handle_command(now, command).is_ok())
    }

    /// The operator has the focus refuse with a code, if it is one that factories use.
    fn operate(&mut self, code: u16, command: focus::Command) -> bool {
        REFUSALS.contains(&code) && Arc::make_mut(&mut self.focus).handle_command(self.now, command).is_ok()
    }

    /// Whether a conference is promised in a 183 and does not exist yet.
    fn has_promised(&self) -> bool {
        let early =
            |conference: &ConferenceView| matches!(conference.call, FocusCallState::Early | FocusCallState::Pracked);
        self.focus.view().conferences.iter().any(early)
    }

    fn policy(&mut self, refuses: Refuses) -> bool {
        self.refuses = refuses;
        let policy = focus::Command::Policy { admit_creation: !refuses.creation, admit_refer: !refuses.refer };
        Arc::make_mut(&mut self.focus).handle_command(self.now, policy).is_ok()
    }
}
