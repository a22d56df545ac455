//! The explorations themselves: their sizes, that two checkers agree on them, that every action is taken and every
//! branch seen.

use std::collections::BTreeSet;
use std::fmt::Write;

use imsconf_model::{
    Action, ActionKind, CallMessage, Conference, Configuration, DialMessage, Graph, HoldMessage, Invited, Kind,
    Message, Outcome, PlainMessage, Procedure, Procedures, Prompt, ReferMessage, Scope, ScopeReport, SecondOffer,
    State, Subscription, SubscriptionMessage, Witness, claims, ends_well, explore, owes_nothing, report, walk,
};
use stateright::{Checker, Model, Property, Representative};

fn configuration(invited: u8, losses: u8, symmetry: bool) -> Configuration {
    Configuration::new(invited, losses, symmetry)
}

/// Every action that can be written down for the first invited user.
fn every_action() -> BTreeSet<Action> {
    let first = Invited::ALL[0];
    let calls = CallMessage::ALL.iter().map(|kind| Message::Call(*kind));
    let subscriptions = SubscriptionMessage::ALL.iter().map(|kind| Message::Subscription(*kind));
    let refers = ReferMessage::ALL.iter().map(|kind| Message::Refer(first, *kind));
    let dials = DialMessage::ALL.iter().map(|kind| Message::Dial(first, *kind));
    let subscribers = SubscriptionMessage::ALL.iter().filter(|kind| !kind.is_control());
    let subscribers = subscribers.map(|kind| Message::Subscriber(first, *kind));
    let expulsions = ReferMessage::ALL.iter().map(|kind| Message::Expel(first, *kind));
    let plain = PlainMessage::ALL.iter().map(|kind| Message::Plain(first, *kind));
    let messages = calls.chain(subscriptions).chain(refers).chain(expulsions).chain(dials).chain(subscribers);
    let holds = HoldMessage::ALL.iter().map(|kind| Message::Hold(first, *kind));
    let messages = messages.chain(plain).chain(holds).filter(|message| message.is_said());
    let mut actions: BTreeSet<_> =
        messages.flat_map(|message| [Action::Deliver(message), Action::Lose(message)]).collect();
    actions.extend([
        Action::Create(SecondOffer::InPrack),
        Action::Create(SecondOffer::InUpdate),
        Action::Subscribe,
        Action::Invite(first),
        Action::InviteQuietly(first),
        Action::Cancel,
        Action::Expel(first),
        Action::Leave,
        Action::FocusWithdraws,
        Action::CreationExpires,
        Action::Ring(first),
        Action::Answer(first),
        Action::Busy(first),
        Action::Decline(first),
        Action::UserLeaves(first),
        Action::UserSubscribes(first),
        Action::Converse(first),
        Action::HangUp(first),
        Action::UserHangsUp(first),
        Action::UserAsks(first),
        Action::FocusAsks(first),
        Action::UserThinksBetter(first),
        Action::FocusThinksBetter(first),
        Action::UserAsksAgain(first),
        Action::FocusAsksAgain(first),
        Action::Refresh,
        Action::Unsubscribe,
        Action::NotifyLast,
        Action::RefreshExpires,
        Action::RefreshNotifyTooLate,
        Action::NotifyUser(first),
        Action::NotifyUserEnd(first),
        Action::UserSubscribeExpires(first),
        Action::UserSubscriptionExpires(first),
        Action::UserNotifyTooLate(first),
        Action::FocusAdmitsCreation,
        Action::FocusRejectsCreation,
        Action::FocusAcceptsRefer(first),
        Action::FocusAcceptsReferQuietly(first),
        Action::FocusAcceptsExpulsion(first),
        Action::FocusRefusesExpulsion(first),
        Action::NotifyExpulsion(first),
        Action::ExpulsionExpires(first),
        Action::ExpulsionNotifyTooLate(first),
        Action::FocusRefusesRefer(first),
        Action::NotifyRoster,
        Action::NotifyEnd,
        Action::NotifyReferrer(first),
        Action::GiveUp(first),
        Action::FocusCancels(first),
        Action::SubscribeExpires,
        Action::SubscriptionExpires,
        Action::ReferExpires(first),
        Action::NotifyTooLate,
        Action::ReferNotifyTooLate(first),
    ]);
    actions
}

#[test]
fn sizes_are_what_they_were() {
    // invited, losses, symmetry: states, transitions, terminal, quiescent
    let table = [
        ((0, 0, false), (62, 107, 4, 7)),
        ((1, 0, false), (15_072, 70_068, 19, 34)),
        ((1, 1, false), (57_541, 300_103, 92, 198)),
        ((1, 2, false), (102_878, 583_177, 218, 534)),
    ];
    hold(&table);
}

#[test]
fn the_size_of_two_invited_users_is_what_it_was() {
    hold(&[((2, 0, true), (1_795_414, 12_260_197, 64, 121))]);
}

/// The largest part of the scope `ci`: the whole procedure with two invited users and a loss anywhere.
#[test]
fn the_size_of_two_invited_users_with_a_loss_is_what_it_was() {
    hold(&[((2, 1, true), (9_769_897, 73_336_885, 392, 1_035))]);
}

/// What is pinned of a configuration: (invited, losses, symmetry), (states, transitions, terminal, quiescent).
type Pinned = ((u8, u8, bool), (usize, u64, usize, usize));

fn hold(table: &[Pinned]) {
    for ((invited, losses, symmetry), expected) in table.iter().copied() {
        hold_one(&configuration(invited, losses, symmetry), expected);
    }
}

fn hold_one(configuration: &Configuration, expected: (usize, u64, usize, usize)) -> ScopeReport {
    let report = explore(configuration, &mut |_| {});
    let found = (report.unique_states, report.transitions, report.terminal_states, report.quiescent_states);
    assert_eq!(found, expected, "{configuration}");
    for claim in &report.claims {
        assert_eq!(claim.path, None, "{configuration}: {} does not hold", claim.name);
    }
    for witness in &report.witnesses {
        assert!(witness.path.is_some(), "{configuration}: never seen: {}", witness.name);
    }
    assert!(report.is_good(), "{configuration}");
    report
}

#[test]
fn stateright_counts_the_same_and_agrees() {
    for losses in 0..=2 {
        let model = Conference::new(1, losses);
        let checker = model.checker().spawn_dfs().join();
        checker.assert_properties();
        let ours = explore(&configuration(1, losses, false), &mut |_| {});
        assert_eq!(checker.unique_state_count(), ours.unique_states, "{losses} lost");
    }
}

/// Two invited users, without what has no part in their being exchangeable: small enough to explore twice.
#[derive(Clone)]
struct Narrow(Conference);

impl Model for Narrow {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.0.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
        actions.retain(|action| {
            !matches!(
                action,
                Action::Subscribe | Action::Create(SecondOffer::InUpdate) | Action::Ring(_) | Action::Busy(_)
            )
        });
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.0.next_state(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        claims()
    }
}

#[test]
fn exchanging_invited_users_changes_nothing() {
    let narrow = Narrow(Conference::new(2, 0));
    let all = Graph::walk(&narrow, &walk(false), &mut ());
    let some = Graph::walk(&narrow, &walk(true), &mut ());
    let checker = narrow.clone().checker().spawn_dfs().join();
    let symmetric = narrow.clone().checker().symmetry().spawn_dfs().join();
    checker.assert_properties();
    symmetric.assert_properties();
    assert_eq!(checker.unique_state_count(), all.unique_states());
    assert_eq!(symmetric.unique_state_count(), some.unique_states());
    let representatives: BTreeSet<_> = all.states().map(|state| state.representative()).collect();
    assert_eq!(representatives.len(), some.unique_states());
    assert!(representatives.iter().all(|state| state.representative() == *state));
    // A path keeps everybody's name although it leads through representatives.
    let last = some.unique_states() - 1;
    let (path, end) = some.path(last);
    let mut state = narrow.init_states()[0];
    for action in path {
        state = narrow.next_state(&state, action).expect("a step of the path is possible");
    }
    assert_eq!(Some(state), end);
    assert_eq!(state.representative(), some.state(last));
}

#[test]
fn every_action_is_taken_somewhere() {
    let mut never: BTreeSet<_> = every_action();
    for action in explore(&configuration(1, 2, false), &mut |_| {}).actions_taken {
        assert!(never.remove(&action), "{action:?} is not in the list of actions");
    }
    let first = Invited::ALL[0];
    for action in never.into_iter().filter(|action| action.procedure().is_none()) {
        let deliberate = match action {
            Action::Lose(message) => !message.may_be_lost(),
            // There the focus has a choice.
            Action::Deliver(message) => {
                message == Message::Call(CallMessage::Invite) || message == Message::Refer(first, ReferMessage::Refer)
            }
            _ => false,
        };
        assert!(deliberate, "{action:?} is never taken");
    }
}

/// Whether only a loss brings it about.
fn needs_a_loss(action: Action) -> bool {
    action.kind() == ActionKind::Loss
        || matches!(
            action,
            Action::ExpulsionExpires(_)
                | Action::Deliver(Message::Expel(
                    _,
                    ReferMessage::NotifyRefused | ReferMessage::Report(Outcome::TimedOut)
                ))
        )
}

/// One test for each optional procedure: in the model that has it, everything that is its own is done and seen, and the
/// size is what it was.
macro_rules! optional {
    ($($test:ident: $procedure:ident, $model:expr => $size:expr;)*) => {
        /// The models with invited users and losses.
        const OPTIONAL: &[(Procedure, (u8, u8))] = &[$((Procedure::$procedure, $model),)*];

        $(#[test]
        fn $test() {
            let (invited, losses) = $model;
            let configuration = configuration(invited, losses, false).with(Procedure::$procedure);
            let report = hold_one(&configuration, $size);
            every_action_of_an_optional_procedure_is_taken(&report);
            insta::assert_snapshot!(stringify!($test), ways(&report.witnesses));
        })*
    };
}

// invited, losses: states, transitions, terminal, quiescent
optional! {
    the_focus_gives_up: GivingUp, (1, 1) => (57_572, 300_183, 94, 200);
    a_user_is_expelled: Expulsion, (1, 0) => (222_532, 1_188_416, 58, 103);
    a_referral_is_quiet: QuietReferral, (1, 1) => (70_297, 359_389, 147, 332);
    a_subscription_is_refreshed_and_ended: SubscriptionControl, (1, 1) => (458_178, 2_915_905, 138, 330);
    users_subscribe: ManySubscribers, (1, 1) => (379_873, 2_182_172, 164, 373);
    a_call_is_replaced: Replacement, (1, 0) => (278_248, 1_619_761, 47, 97);
    a_call_is_held: Hold, (1, 0) => (402_324, 2_687_150, 19, 40);
}

/// Where two of them meet in a rule of its own.
#[test]
fn a_subscriber_is_expelled() {
    let configuration = configuration(1, 0, false).with(Procedure::Expulsion).with(Procedure::ManySubscribers);
    let report = hold_one(&configuration, (1_414_480, 8_208_776, 100, 167));
    insta::assert_snapshot!("a_subscriber_is_expelled", ways(&report.witnesses));
}

#[test]
fn every_optional_procedure_of_the_scope_has_its_test() {
    let configurations = Scope::Ci.configurations().into_iter();
    let optional = configurations.filter(|configuration| configuration.model.procedures != Procedures::NONE);
    let tested = OPTIONAL
        .iter()
        .map(|(procedure, (invited, losses))| configuration(*invited, *losses, false).with(*procedure).to_string());
    let wanted: BTreeSet<_> = optional.map(|configuration| configuration.to_string()).collect();
    assert_eq!(wanted, tested.collect());
}

fn every_action_of_an_optional_procedure_is_taken(report: &ScopeReport) {
    let configuration = report.configuration;
    let Conference { losses, procedures, .. } = configuration.model;
    let own = |action: &Action| {
        let possible = losses > 0 || !needs_a_loss(*action);
        possible && action.procedure().is_some_and(|procedure| procedures.has(procedure))
    };
    // There the focus has a choice.
    let choice = Action::Deliver(Message::Expel(Invited::ALL[0], ReferMessage::Refer));
    // What only a loss brings about needs a second loss to get lost.
    let second = Action::Lose(Message::Subscriber(Invited::ALL[0], SubscriptionMessage::NotifyRefused));
    let expected = every_action().into_iter().filter(own).filter(|action| ![choice, second].contains(action));
    let never: Vec<_> = expected.filter(|action| !report.actions_taken.contains(action)).collect();
    assert_eq!(never, [], "{configuration}");
}

#[test]
fn what_is_listed_is_what_is_possible() {
    let model = Conference::new(1, 1);
    let every = every_action();
    let graph = Graph::walk(&model, &walk(false), &mut ());
    for state in graph.states().step_by(7) {
        let state = &state;
        let mut listed = Vec::new();
        model.actions(state, &mut listed);
        let possible: Vec<_> = every.iter().filter(|action| model.next_state(state, **action).is_some()).collect();
        assert_eq!(listed.len(), possible.len(), "{state:?}: {listed:?} listed, {possible:?} possible");
        assert!(possible.iter().all(|action| listed.contains(action)), "{state:?}");
        assert_eq!(state.normal_form(), *state);
        if owes_nothing(&model, state) {
            assert!(state.is_silent(), "{state:?}");
        }
    }
}

#[test]
fn witnesses_are_runs() {
    insta::assert_snapshot!(ways(&explore(&configuration(1, 2, false), &mut |_| {}).witnesses));
}

/// What is seen, how many steps lead to it, and a dash before those that take somebody who dawdles.
fn ways(witnesses: &[Witness]) -> String {
    let mut table = String::new();
    for Witness { name, model, prompt, path } in witnesses {
        let path = path.as_ref().expect("found");
        let mut state = model.init_states()[0];
        for action in path {
            state = model.next_state(&state, *action).expect("a step of a witness is possible");
        }
        let prompt = if *prompt { ' ' } else { '-' };
        writeln!(table, "{prompt}{:3}  {name}", path.len()).expect("a string takes it");
    }
    table
}

/// Leaving out delays leaves out nothing that has to be done.
#[test]
fn promptness_gets_nobody_stuck() {
    let model = Conference::new(1, 0);
    let prompt = Prompt(model);
    let graph = Graph::walk(&prompt, &walk(false), &mut ());
    for (number, state) in graph.states().enumerate() {
        let state = &state;
        assert_eq!(graph.is_quiescent(number), owes_nothing(&model, state), "{state:?}");
    }
    assert!(ends_well(&graph).iter().all(|verdict| verdict.path.is_none()));
    assert_eq!(graph.unique_states(), 9_202);
}

#[test]
fn what_came_too_late_because_it_was_lost_does_not_come_promptly() {
    let model = Conference::new(1, 1).with(Procedures::NONE.with(Procedure::ManySubscribers));
    let late = Action::Deliver(Message::Subscriber(Invited::ALL[0], SubscriptionMessage::Notify));
    for (subscriber, is_prompt) in [
        (Subscription::Failed, false),
        (Subscription::Subscribing { answered: true }, true),
        (Subscription::Active, true),
    ] {
        let mut state = State::default();
        state.legs[0].subscription.subscriber = subscriber;
        state.legs[0].network.subscription.insert(SubscriptionMessage::Notify);
        let (mut all, mut prompt) = (Vec::new(), Vec::new());
        model.actions(&state, &mut all);
        Prompt(model).actions(&state, &mut prompt);
        assert_eq!((all.contains(&late), prompt.contains(&late)), (true, is_prompt), "{subscriber:?}");
    }
}

#[test]
fn scopes_grow() {
    let largest = |scope: Scope| {
        let plain = scope.configurations().into_iter().filter(|own| own.model.procedures == Procedures::NONE);
        let models = plain.map(|configuration| configuration.model);
        models.map(|model| (model.invited, model.losses)).max()
    };
    assert!(largest(Scope::Tiny) < largest(Scope::Ci));
    assert!(largest(Scope::Ci) < largest(Scope::Deep));
    // The complete procedure with two invited users belongs to every change.
    assert!(largest(Scope::Ci) >= Some((2, 1)));
}

#[test]
fn the_deep_scope_has_each_optional_procedure_with_each_other() {
    let deep = Scope::Deep.configurations();
    for (place, one) in Procedure::ALL.iter().enumerate() {
        for other in &Procedure::ALL[..place] {
            let both = Procedures::NONE.with(*one).and(Procedures::NONE.with(*other));
            assert!(both.iter().eq(Procedure::ALL.iter().copied().filter(|known| [one, other].contains(&known))));
            let found = deep.iter().filter(|configuration| configuration.model.procedures == both).count();
            assert_eq!(found, 1, "{both}");
        }
    }
}

#[test]
fn an_exploration_is_good_if_all_that_was_wanted_was_found_and_nothing_else() {
    let reports = report(Scope::Tiny, &mut |_, _| {});
    let explored: Vec<_> = reports.iter().map(|report| report.configuration).collect();
    assert_eq!(explored, Scope::Tiny.configurations());
    // One whose size is expected has it.
    let pinned = configuration(3, 0, true).confluent();
    let size = pinned.expected().expect("it is too large for the tests");
    let good = ScopeReport {
        configuration: pinned,
        unique_states: size.states,
        transitions: size.transitions,
        terminal_states: size.terminal,
        quiescent_states: size.quiescent,
        ..reports[0].clone()
    };
    assert!(reports[0].is_good() && good.is_good());
    let spoils: [fn(&mut ScopeReport); 6] = [
        |report| report.claims[0].path = Some(Vec::new()),
        |report| report.witnesses[0].path = None,
        |report| report.unique_states += 1,
        |report| report.transitions -= 1,
        |report| report.terminal_states += 1,
        |report| report.quiescent_states -= 1,
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let mut spoilt = good.clone();
        spoil(&mut spoilt);
        assert!(!spoilt.is_good(), "{number}");
    }
}

#[test]
fn every_message_has_a_name_of_its_own() {
    let messages = every_action().into_iter().filter_map(|action| match action {
        Action::Deliver(message) => Some(message.to_string()),
        _ => None,
    });
    let mut names: Vec<_> = messages.collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert!(names.len() == count && count > 50, "{names:#?}");
}
