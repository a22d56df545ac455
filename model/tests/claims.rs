//! Every claim refutes a model that is wrong in the one thing that the claim is about.
//!
//! A claim that no wrong model can break says nothing. Each wrong model here is the right one with one agent's
//! behaviour changed. It is explored up to the states that break the claim meant for it; there must be such states,
//! and no other claim may break before.

#[path = "claims/control.rs"]
mod control;
#[path = "claims/giving_up.rs"]
mod giving_up;
#[path = "claims/hold.rs"]
mod hold;
#[path = "claims/replacement.rs"]
mod replacement;
#[path = "claims/subscribers.rs"]
mod subscribers;

use std::slice;

use imsconf_model::{
    Action, Call, CallMessage, Conference, DialMessage, DialOut, Graph, Hosting, Invited, Leg, Message, Notifier,
    Outcome, Participant, PlainEnd, Presence, Procedure, Procedures, Refer, ReferMessage, Report, State, Subscription,
    SubscriptionMessage, Visitor, claims, ends_well, explicit_failure, walk,
};
use stateright::{Model, Property};

/// A way to be wrong.
#[derive(Clone, Copy)]
struct Fault {
    /// Who does what wrong.
    what: &'static str,
    /// The claim that has to notice.
    claim: &'static str,
    /// The smallest model in which it shows: invited users and losses.
    model: (u8, u8),
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// Never does this.
    Never(fn(Action) -> bool),
    /// After this action the state is changed further.
    After(fn(&State, Action, &mut State)),
    /// Does this too, where the right model does not.
    Also(fn(&State, Invited) -> Option<Action>, fn(&State, Action) -> State),
}

/// The right model with one fault.
struct Wrong {
    right: Conference,
    how: How,
}

impl Model for Wrong {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.right.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.right.actions(state, actions);
        if self.right.invited > 1 {
            // The conference package has no part in the faults that take two invited users; without it these models
            // are small.
            actions.retain(|action| *action != Action::Subscribe);
        }
        match self.how {
            How::Never(what) => actions.retain(|action| !what(*action)),
            How::After(_) => {}
            How::Also(what, _) => {
                // Some faults are nobody's in particular: they are asked for once, with the first.
                let asked = usize::from(self.right.invited.max(1));
                for action in Invited::ALL.into_iter().take(asked).filter_map(|invited| what(state, invited)) {
                    if !actions.contains(&action) {
                        actions.push(action);
                    }
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        match (self.right.next_state(state, action), self.how) {
            (Some(mut next), How::After(twist)) => {
                twist(state, action, &mut next);
                Some(next.normal_form())
            }
            (None, How::Also(_, step)) => Some(step(state, action).normal_form()),
            (next, _) => next,
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        claims()
    }
}

/// Goes on only from the states that satisfy a condition.
struct While<F>(F);

impl<F: Fn(&State) -> bool> Visitor<Wrong> for While<F> {
    fn expand(&self, state: &State) -> bool {
        (self.0)(state)
    }
}

fn wrong(fault: &Fault, procedures: Procedures) -> Wrong {
    let (invited, losses) = fault.model;
    Wrong { right: Conference::new(invited, losses).with(procedures), how: fault.how }
}

/// The claim of each of these faults is broken by it, and no other claim before.
fn each_claim_refutes(faults: impl Iterator<Item = (&'static Fault, Procedures)>) {
    for (fault, procedures) in faults {
        let wrong = wrong(fault, procedures);
        let meant = |property: &Property<Wrong>| property.name == fault.claim;
        let (meant, others): (Vec<_>, Vec<_>) = wrong.properties().into_iter().partition(meant);
        let [meant] = meant.as_slice() else { panic!("{}: no such claim", fault.claim) };
        let holds = |state: &State| (meant.condition)(&wrong, state);
        let graph = Graph::walk(&wrong, &walk(false), &mut While(holds));
        assert!(graph.shortest_path(|state| !holds(state)).is_some(), "{} lets pass: {}", fault.claim, fault.what);
        for other in others {
            let first = |state: &State| holds(state) && !(other.condition)(&wrong, state);
            let path = graph.shortest_path(first);
            assert_eq!(path, None, "{} is broken before {}: {}", other.name, fault.claim, fault.what);
        }
    }
}

/// A test for the faults in each part of the model, as each takes its time.
macro_rules! each_claim_refutes_the_model_that_is_wrong_in_it {
    ($($test:ident: $faults:expr;)*) => {
        $(#[test]
        fn $test() {
            each_claim_refutes($faults);
        })*

        /// All of them, each with the optional procedure in which it shows.
        fn faults() -> impl Iterator<Item = (&'static Fault, Procedures)> {
            std::iter::empty()$(.chain($faults))*
        }
    };
}

each_claim_refutes_the_model_that_is_wrong_in_it! {
    with_few_users: FAULTS.iter().filter(|fault| fault.model.0 < 2).map(|fault| (fault, Procedures::NONE));
    with_two_users: FAULTS.iter().filter(|fault| fault.model.0 >= 2).map(|fault| (fault, Procedures::NONE));
    in_an_optional_procedure: OPTIONAL.iter().flat_map(|(procedure, fault)| having(*procedure, slice::from_ref(fault)));
    with_many_subscribers: having(Procedure::ManySubscribers, subscribers::FAULTS);
    when_the_focus_gives_up: having(Procedure::GivingUp, giving_up::FAULTS);
    when_a_call_is_replaced: having(Procedure::Replacement, replacement::FAULTS);
    when_a_subscription_is_controlled: having(Procedure::SubscriptionControl, control::FAULTS);
    when_a_call_is_held: having(Procedure::Hold, hold::FAULTS);
    when_a_subscriber_is_expelled: std::iter::once((&subscribers::EXPELLED, EXPELLED_SUBSCRIBER));
}

/// What it takes for a subscriber to be expelled.
const EXPELLED_SUBSCRIBER: Procedures = Procedures::NONE.with(Procedure::Expulsion).with(Procedure::ManySubscribers);

fn having(procedure: Procedure, faults: &'static [Fault]) -> impl Iterator<Item = (&'static Fault, Procedures)> {
    faults.iter().map(move |fault| (fault, Procedures::NONE.with(procedure)))
}

#[test]
fn there_is_a_wrong_model_for_every_claim() {
    for claim in claims::<Conference>() {
        assert!(faults().any(|(fault, _)| fault.claim == claim.name), "no wrong model for {}", claim.name);
    }
}

#[test]
fn the_graph_sees_what_goes_on_for_ever() {
    let expected = [("changes its mind about the CANCEL", [true, false]), ("notifies without end", [true, true])];
    for (fault, (what, refuted)) in ENDLESS.iter().zip(expected) {
        assert_eq!(fault.what, what);
        let wrong = wrong(fault, Procedures::NONE);
        let graph = Graph::walk(&wrong, &walk(false), &mut ());
        let verdicts = ends_well(&graph).map(|verdict| verdict.path.is_some());
        assert_eq!(verdicts, refuted, "{what}");
    }
}

#[test]
fn a_call_that_only_one_end_holds_is_an_explicit_failure_when_something_was_lost() {
    for (ue, user, is_half_open) in [
        (PlainEnd::Up, PlainEnd::Over, true),
        (PlainEnd::Up, PlainEnd::Replaced, true),
        (PlainEnd::Over, PlainEnd::Up, true),
        (PlainEnd::Up, PlainEnd::Up, false),
        (PlainEnd::Over, PlainEnd::Over, false),
        (PlainEnd::None, PlainEnd::None, false),
    ] {
        let mut state = State::default();
        let plain = &mut leg_of(&mut state, Invited::ALL[0]).plain;
        (plain.ue, plain.user) = (ue, user);
        assert!(!explicit_failure(&state), "nothing was lost: {ue:?}, {user:?}");
        state.lost = 1;
        assert_eq!(explicit_failure(&state), is_half_open, "{ue:?}, {user:?}");
    }
}

fn leg_of(state: &mut State, invited: Invited) -> &mut Leg {
    &mut state.legs[invited.index()]
}

/// The invited user of a refer message that is delivered.
fn delivered_refer(action: Action, kind: ReferMessage) -> Option<Invited> {
    match action {
        Action::Deliver(Message::Refer(invited, delivered)) if delivered == kind => Some(invited),
        _ => None,
    }
}

/// The faults that only a model with an optional procedure has.
const OPTIONAL: &[(Procedure, Fault)] = &[
    (
        Procedure::Expulsion,
        Fault {
            what: "the focus reports 200 for an expulsion and calls nobody off",
            claim: "I-EXPEL",
            model: (1, 0),
            how: How::After(|before, action, next| {
                if let Action::FocusAcceptsExpulsion(invited) = action
                    && before.leg(invited).focus.dial == DialOut::Joined
                {
                    let leg = leg_of(next, invited);
                    leg.focus.dial = DialOut::Joined;
                    leg.network.dial.remove(DialMessage::FocusBye);
                    leg.expel.outcome = Some(Outcome::Expelled);
                }
            }),
        },
    ),
    (
        Procedure::QuietReferral,
        Fault {
            what: "the focus says that there is no refer subscription, and reports all the same",
            claim: "I-QUIET",
            model: (1, 0),
            how: How::After(|_, action, next| {
                if let Action::FocusAcceptsReferQuietly(invited) = action {
                    leg_of(next, invited).focus.report = Report::OwesTrying;
                }
            }),
        },
    ),
];

const FAULTS: &[Fault] = &[
    Fault {
        what: "the UE answers 481 to a refer NOTIFY that comes before the 202",
        claim: "I-EARLY-NOTIFY",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Some(invited) = delivered_refer(action, ReferMessage::Trying)
                && before.leg(invited).ue.refer == Refer::Sent
            {
                let leg = leg_of(next, invited);
                leg.ue.refer = Refer::Sent;
                leg.network.refer.remove(ReferMessage::NotifyOk);
                leg.network.refer.insert(ReferMessage::NotifyRefused);
            }
        }),
    },
    Fault {
        what: "the UE answers 481 to a conference NOTIFY that comes before the 200 to SUBSCRIBE",
        claim: "I-EARLY-NOTIFY",
        model: (0, 0),
        how: How::After(|before, action, next| {
            if action == Action::Deliver(Message::Subscription(SubscriptionMessage::Notify))
                && before.network.subscription.contains(SubscriptionMessage::SubscribeOk)
            {
                next.ue.subscription = before.ue.subscription;
                next.network.subscription.remove(SubscriptionMessage::NotifyOk);
                next.network.subscription.insert(SubscriptionMessage::NotifyRefused);
                next.network.subscription.insert(SubscriptionMessage::SubscribeOk);
            }
        }),
    },
    Fault {
        what: "the focus accepts a REFER and starts no subscription",
        claim: "I-FIRST-NOTIFY",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Action::FocusAcceptsRefer(invited) = action {
                leg_of(next, invited).focus.report = Report::None;
            }
        }),
    },
    Fault {
        what: "the focus accepts a SUBSCRIBE and sends no document",
        claim: "I-FIRST-NOTIFY",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Subscription(SubscriptionMessage::Subscribe))
                && next.network.subscription.contains(SubscriptionMessage::SubscribeOk)
            {
                next.network.subscription.remove(SubscriptionMessage::Notify);
                next.focus.notifier = Notifier::Active;
                next.focus.ahead = 0;
            }
        }),
    },
    Fault {
        what: "the focus sends the terminated NOTIFY twice",
        claim: "I-TERM-ONCE",
        model: (0, 0),
        how: How::Also(
            |state, _| (state.focus.notifier == Notifier::Terminated).then_some(Action::NotifyEnd),
            |state, _| {
                let mut next = *state;
                next.focus.notifier = Notifier::Ending;
                next.network.subscription.insert(SubscriptionMessage::NotifyEnd);
                next
            },
        ),
    },
    Fault {
        what: "the focus keeps a conference subscription whose NOTIFY was answered 481",
        claim: "I-481-REMOVES",
        model: (0, 1),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Subscription(SubscriptionMessage::NotifyRefused)) {
                next.focus.notifier = Notifier::Active;
            }
        }),
    },
    Fault {
        what: "the focus keeps a refer subscription whose NOTIFY was answered 481",
        claim: "I-481-REMOVES",
        model: (1, 1),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered_refer(action, ReferMessage::NotifyRefused) {
                leg_of(next, invited).focus.report = Report::Waiting;
            }
        }),
    },
    Fault {
        what: "the focus reports the outcome and takes the subscription for active",
        claim: "I-SS-HDR",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Action::NotifyReferrer(invited) = action
                && before.leg(invited).focus.report == Report::Waiting
            {
                leg_of(next, invited).focus.report = Report::TryingSent;
            }
        }),
    },
    Fault {
        what: "the focus ends the subscription of a conference that goes on, as if there was none",
        claim: "I-SS-HDR",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Subscription(SubscriptionMessage::Subscribe))
                && next.network.subscription.remove(SubscriptionMessage::Notify)
            {
                next.network.subscription.insert(SubscriptionMessage::NotifyEnd);
                next.focus.notifier = Notifier::Ending;
            }
        }),
    },
    Fault {
        what: "a user agent forgets a call that is taken back",
        claim: "I-NO-LEAK",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Action::Deliver(Message::Dial(invited, DialMessage::Cancel)) = action
                && next.leg(invited).participant == Participant::Over
            {
                leg_of(next, invited).participant = Participant::Idle;
            }
        }),
    },
    Fault {
        what: "the focus opens a NOTIFY in D1 while another is open",
        claim: "EV-15",
        model: (2, 0),
        how: How::Also(
            |state, invited| {
                (state.leg(invited).focus.report == Report::OwesTrying).then_some(Action::NotifyReferrer(invited))
            },
            |state, action| {
                let mut next = *state;
                if let Action::NotifyReferrer(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.focus.report = Report::TryingSent;
                    leg.network.refer.insert(ReferMessage::Trying);
                }
                next
            },
        ),
    },
    Fault {
        what: "the focus reports 200 when it rings",
        claim: "I-REF-TRUTH",
        model: (1, 0),
        how: How::Also(
            |state, invited| {
                let focus = state.leg(invited).focus;
                (focus.report == Report::Waiting && focus.dial == DialOut::Alerting)
                    .then_some(Action::NotifyReferrer(invited))
            },
            |state, action| {
                let mut next = *state;
                if let Action::NotifyReferrer(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.focus.report = Report::FinalSent;
                    leg.network.refer.insert(ReferMessage::Report(Outcome::Joined));
                }
                next
            },
        ),
    },
    Fault {
        what: "the UE takes the 202 for success",
        claim: "I-REF-WAIT",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Some(invited) = delivered_refer(action, ReferMessage::Accepted)
                && before.leg(invited).ue.refer == Refer::Sent
            {
                leg_of(next, invited).ue.refer = Refer::Done(Outcome::Joined);
            }
        }),
    },
    Fault {
        what: "the UE books a NOTIFY on the first REFER still open",
        claim: "I-REF-ID",
        model: (2, 0),
        how: How::After(|before, action, next| {
            let open = |refer| matches!(refer, Refer::Sent | Refer::Accepted);
            if let Some(invited) = delivered_refer(action, ReferMessage::Trying)
                && let Some(first) = before.legs.iter().position(|leg| open(leg.ue.refer))
            {
                leg_of(next, invited).ue.refer = before.leg(invited).ue.refer;
                next.legs[first].ue.refer = Refer::Trying;
            }
        }),
    },
    Fault {
        what: "the focus ends the call when a refer subscription ends",
        claim: "I-REF-INDEP",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Some(invited) = delivered_refer(action, ReferMessage::NotifyOk)
                && before.leg(invited).focus.report == Report::FinalSent
                && before.ue.call == Call::Confirmed
            {
                next.focus.hosting = Hosting::Over;
            }
        }),
    },
    Fault {
        what: "the focus closes the refer subscriptions when the call ends",
        claim: "I-REF-INDEP",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Bye)) {
                for leg in &mut next.legs {
                    if leg.focus.report == Report::Waiting {
                        leg.focus.report = Report::Closed;
                    }
                }
            }
        }),
    },
    Fault {
        what: "the focus skips a version",
        claim: "I-VERSION",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if action == Action::NotifyRoster {
                next.focus.ahead += 1;
            }
        }),
    },
    Fault {
        what: "the UE does not apply the row of somebody who left",
        claim: "I-ROSTER",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if action == Action::Deliver(Message::Subscription(SubscriptionMessage::Notify)) {
                for (leg, before) in next.legs.iter_mut().zip(&before.legs) {
                    if leg.ue.known == Presence::Disconnected {
                        leg.ue.known = before.ue.known;
                    }
                }
            }
        }),
    },
    Fault {
        what: "the focus tells no changes",
        claim: "I-ROSTER",
        model: (1, 0),
        how: How::Never(|action| action == Action::NotifyRoster),
    },
    Fault {
        what: "the focus shows as connected who only rings",
        claim: "I-STATUS-TRUE",
        model: (1, 0),
        how: How::Also(
            |state, invited| {
                let ringing = state.leg(invited).focus.dial == DialOut::Alerting;
                (ringing && state.focus.is_up() && state.focus.notifier == Notifier::Active)
                    .then_some(Action::NotifyRoster)
            },
            |state, _| {
                let mut next = *state;
                next.network.subscription.insert(SubscriptionMessage::Notify);
                next.focus.notifier = Notifier::Notifying;
                next.focus.ahead = 1;
                for leg in &mut next.legs {
                    if leg.focus.dial == DialOut::Alerting {
                        leg.focus.told = Presence::Connected;
                    }
                }
                next
            },
        ),
    },
    Fault {
        what: "the UE subscribes to the URI of the 183",
        claim: "I-TARGET",
        model: (1, 0),
        how: How::Also(
            |state, _| {
                let early = matches!(state.ue.call, Call::Early { .. });
                (early && state.ue.subscription == Subscription::None).then_some(Action::Subscribe)
            },
            |state, _| {
                let mut next = *state;
                next.ue.subscription = Subscription::Subscribing { answered: false };
                next.network.subscription.insert(SubscriptionMessage::Subscribe);
                next
            },
        ),
    },
    Fault {
        what: "the focus refuses an overtaken REFER and dials all the same",
        claim: "I-CSEQ",
        model: (2, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered_refer(action, ReferMessage::OvertakenRefer) {
                let leg = leg_of(next, invited);
                leg.focus.dial = DialOut::Calling;
                leg.network.dial.insert(DialMessage::Invite);
            }
        }),
    },
    Fault {
        what: "the focus sends the 200 right behind the 183",
        claim: "I-PRACK",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::FocusAdmitsCreation {
                next.focus.hosting = Hosting::Answered;
                next.network.call.insert(CallMessage::Ok);
            }
        }),
    },
    Fault {
        what: "the UE sends the UPDATE right behind the PRACK",
        claim: "I-OA",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Progress))
                && next.network.call.contains(CallMessage::Prack)
            {
                next.network.call.insert(CallMessage::Update);
            }
        }),
    },
    Fault {
        what: "the focus sends the 200 at the PRACK, before the UE has its resources",
        claim: "I-QOS",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Prack)) {
                next.focus.hosting = Hosting::Answered;
                next.network.call.insert(CallMessage::Ok);
            }
        }),
    },
    Fault {
        what: "the invited user hangs up before the ACK",
        claim: "I-BYE-EARLY",
        model: (1, 0),
        how: How::Also(
            |state, invited| {
                (state.leg(invited).participant == Participant::Answered).then_some(Action::UserLeaves(invited))
            },
            |state, action| {
                let mut next = *state;
                if let Action::UserLeaves(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.participant = Participant::Leaving;
                    leg.network.dial.insert(DialMessage::UserBye);
                }
                next
            },
        ),
    },
    Fault {
        what: "the focus sends everybody away when one leaves",
        claim: "I-ISOLATION",
        model: (2, 0),
        how: How::After(|_, action, next| {
            if matches!(action, Action::Deliver(Message::Dial(_, DialMessage::UserBye))) {
                for leg in &mut next.legs {
                    if leg.focus.dial == DialOut::Joined {
                        leg.focus.dial = DialOut::Leaving;
                        leg.network.dial.insert(DialMessage::FocusBye);
                    }
                }
            }
        }),
    },
    Fault {
        what: "the focus cancels an INVITE that has not arrived",
        claim: "CR-62",
        model: (1, 0),
        how: How::Also(
            |state, invited| (state.leg(invited).focus.dial == DialOut::Calling).then_some(Action::GiveUp(invited)),
            |state, action| {
                let mut next = *state;
                if let Action::GiveUp(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.focus.dial = DialOut::Cancelling;
                    leg.network.dial.insert(DialMessage::Cancel);
                }
                next
            },
        ),
    },
    Fault {
        what: "the focus accepts a REFER after the BYE",
        claim: "CR-69",
        model: (1, 0),
        how: How::Also(
            |state, invited| {
                let refer = Message::Refer(invited, ReferMessage::OvertakenRefer);
                (state.focus.hosting == Hosting::Over && state.in_flight(refer))
                    .then_some(Action::FocusAcceptsRefer(invited))
            },
            |state, action| {
                let mut next = *state;
                if let Action::FocusAcceptsRefer(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.network.refer.remove(ReferMessage::OvertakenRefer);
                    leg.network.refer.insert(ReferMessage::Accepted);
                    leg.network.dial.insert(DialMessage::Invite);
                    leg.focus.report = Report::OwesTrying;
                    leg.focus.dial = DialOut::Calling;
                }
                next
            },
        ),
    },
    Fault {
        what: "the UE has no Timer N",
        claim: "I-TIMEOUT",
        model: (0, 1),
        how: How::Never(|action| action == Action::SubscribeExpires),
    },
    Fault {
        what: "the UE's refer subscriptions never run out",
        claim: "I-TIMEOUT",
        model: (1, 1),
        how: How::Never(|action| matches!(action, Action::ReferExpires(_))),
    },
    Fault {
        what: "the focus has no no-answer timer",
        claim: "I-TIMEOUT",
        model: (1, 0),
        how: How::Never(|action| matches!(action, Action::GiveUp(_))),
    },
    Fault {
        what: "the focus forgets its subscriber at the end",
        claim: "I-NO-LEAK",
        model: (0, 0),
        how: How::Never(|action| action == Action::NotifyEnd),
    },
    Fault {
        what: "the focus leaves an invited user in a call when the conference ends",
        claim: "I-NO-LEAK",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Bye)) {
                for (leg, before) in next.legs.iter_mut().zip(&before.legs) {
                    if before.focus.dial == DialOut::Joined {
                        leg.focus.dial = DialOut::Over;
                        leg.network.dial.remove(DialMessage::FocusBye);
                    }
                }
            }
        }),
    },
];

const ENDLESS: &[Fault] = &[
    Fault {
        what: "changes its mind about the CANCEL",
        claim: "",
        model: (1, 0),
        how: How::Also(
            |state, invited| (state.leg(invited).focus.dial == DialOut::Cancelling).then_some(Action::GiveUp(invited)),
            |state, action| {
                let mut next = *state;
                if let Action::GiveUp(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.focus.dial = DialOut::Abandoned;
                    leg.network.dial.remove(DialMessage::Cancel);
                }
                next
            },
        ),
    },
    Fault {
        what: "notifies without end",
        claim: "",
        model: (0, 0),
        how: How::Also(
            |state, _| {
                (state.focus.is_up() && state.focus.notifier == Notifier::Active).then_some(Action::NotifyRoster)
            },
            |state, _| {
                let mut next = *state;
                next.network.subscription.insert(SubscriptionMessage::Notify);
                next.focus.notifier = Notifier::Notifying;
                next.focus.ahead = 1;
                next
            },
        ),
    },
];
