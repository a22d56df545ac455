//! A state in a few words: what hashing and the choice of a representative work on.
//!
//! Packing loses nothing, so two states are equal exactly if their words are. The derived `Hash` of so many small
//! enums would be by far the slowest part of an exploration. Read first: `system.rs`.

use std::hash::{Hash, Hasher};

use stateright::Representative;

use crate::hold::HoldEnd;
use crate::subscription::Subscription;
use crate::system::{Leg, State};
use crate::terms::{Outcome, SecondOffer};
use crate::ue::{Call, CallFailure, Refer, Stage};

/// Appends fields to a word, from the lowest bit up.
struct Word {
    bits: u128,
    used: u32,
}

impl Word {
    const fn new() -> Self {
        Self { bits: 0, used: 0 }
    }

    fn field(mut self, value: u64, width: u32) -> Self {
        debug_assert!(value < 1 << width, "{value} needs more than {width} bits");
        self.bits |= u128::from(value) << self.used;
        self.used += width;
        self
    }
}

const fn second_offer(value: SecondOffer) -> u64 {
    value as u64
}

const fn call(value: Call) -> u64 {
    match value {
        Call::Idle => 0,
        Call::Confirmed => 1,
        Call::Leaving => 2,
        Call::Over => 3,
        Call::Failed(CallFailure::Rejected) => 4,
        Call::Failed(CallFailure::TimedOut) => 5,
        Call::Calling { second_offer: at } => 6 + second_offer(at),
        Call::Early { second_offer: at, stage: Stage::PrackSent } => 8 + second_offer(at),
        Call::Early { second_offer: at, stage: Stage::PrackAnswered } => 10 + second_offer(at),
        Call::Abandoned => 12,
        Call::Cancelling => 13,
        Call::Failed(CallFailure::GivenUp) => 14,
    }
}

const fn subscription(value: Subscription) -> u64 {
    match value {
        Subscription::None => 0,
        Subscription::Subscribing { answered: false } => 1,
        Subscription::Subscribing { answered: true } => 2,
        Subscription::Active => 3,
        Subscription::Ended => 4,
        Subscription::Failed => 5,
        Subscription::Refreshing => 6,
        Subscription::Leaving => 7,
        Subscription::Lapsed => 8,
    }
}

const fn refer(value: Refer) -> u64 {
    match value {
        Refer::Idle => 0,
        Refer::Sent => 1,
        Refer::Accepted => 2,
        Refer::Trying => 3,
        Refer::Refused => 4,
        Refer::Unknown => 5,
        Refer::Unreported => 6,
        Refer::Done(outcome) => 7 + outcome as u64,
    }
}

const fn outcome(value: Option<Outcome>) -> u64 {
    match value {
        None => 0,
        Some(outcome) => 1 + outcome as u64,
    }
}

/// Below 20.
const fn hold(value: HoldEnd) -> u64 {
    value.holds as u64 | (value.held as u64) << 1 | (value.change as u64) << 2
}

/// Values that would waste bits in fields of their own, as one number: each with the number of its values.
fn mixed<const N: usize>(digits: [(u64, u64); N]) -> u64 {
    digits.into_iter().fold(0, |number, (digit, base)| {
        debug_assert!(digit < base, "{digit} is no digit of base {base}");
        number * base + digit
    })
}

impl Leg {
    /// The block as one word.
    pub(crate) fn word(&self) -> u128 {
        Word::new()
            .field(refer(self.ue.refer), 4)
            .field(self.ue.known as u64, 2)
            .field(self.focus.dial as u64, 3)
            .field(outcome(self.focus.outcome), 3)
            .field(self.focus.report as u64, 3)
            .field(self.focus.told as u64, 2)
            .field(self.participant as u64, 3)
            .field(u64::from(self.network.refer.bits()), 16)
            .field(u64::from(self.network.dial.bits()), 12)
            .field(u64::from(self.network.rank), 3)
            .field(u64::from(self.network.quiet), 1)
            .field(subscription(self.subscription.subscriber), 4)
            .field(u64::from(self.subscription.ahead), 3)
            .field(u64::from(self.subscription.behind), 1)
            .field(u64::from(self.network.subscription.bits()), 7)
            .field(refer(self.expel.ue), 4)
            .field(self.expel.report as u64, 3)
            .field(outcome(self.expel.outcome), 3)
            .field(u64::from(self.expel.network.bits()), 16)
            .field(u64::from(self.expel.rank), 3)
            .field(
                mixed([(self.plain.ue as u64, 6), (self.plain.user as u64, 6), (self.subscription.notifier as u64, 6)]),
                8,
            )
            .field(u64::from(self.plain.named), 1)
            .field(u64::from(self.network.plain.bits()), 4)
            .field(mixed([(hold(self.hold), 20), (hold(self.focus.hold), 20)]), 9)
            .field(u64::from(self.network.hold.bits()), 10)
            .bits
    }
}

impl State {
    /// What is not about an invited user, as one word.
    pub(crate) fn word(&self) -> u128 {
        Word::new()
            .field(call(self.ue.call), 4)
            .field(subscription(self.ue.subscription), 4)
            .field(self.focus.hosting as u64, 3)
            .field(self.focus.notifier as u64, 3)
            .field(u64::from(self.focus.ahead), 4)
            .field(self.focus.owed as u64, 2)
            .field(u64::from(self.focus.behind), 1)
            .field(u64::from(self.network.call.bits()), 14)
            .field(u64::from(self.network.subscription.bits()), 12)
            .field(u64::from(self.lost), 8)
            .bits
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(self.word());
        for leg in &self.legs {
            hasher.write_u128(leg.word());
        }
    }
}

impl Representative for State {
    /// The blocks of the invited users in order. Ranks move with their blocks and stay what they are.
    fn representative(&self) -> Self {
        let mut state = *self;
        let mut words = state.legs.map(|leg| leg.word());
        // Insertion sort, downwards: untouched blocks are zero and stay last, where those that are not configured
        // belong.
        for sorted in 1..words.len() {
            let mut at = sorted;
            while at > 0 && words[at - 1] < words[at] {
                words.swap(at - 1, at);
                state.legs.swap(at - 1, at);
                at -= 1;
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stateright::{Model, Representative};

    use crate::action::ActionKind;
    use crate::conference::Conference;
    use crate::graph::Graph;
    use crate::hold::{Change, HoldEnd};
    use crate::procedures::Procedures;
    use crate::scope::walk;
    use crate::system::State;
    use crate::terms::{MAX_INVITED, SecondOffer};
    use crate::ue::{Call, CallFailure, Stage};

    use super::{call, hold};

    /// The states told apart field by field, not by their words.
    fn reachable(model: Conference) -> BTreeSet<State> {
        let mut known: BTreeSet<State> = model.init_states().into_iter().collect();
        let mut open: Vec<State> = known.iter().copied().collect();
        while let Some(state) = open.pop() {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let next = actions.into_iter().filter_map(|action| model.next_state(&state, action));
            open.extend(next.filter(|state| known.insert(*state)));
        }
        known
    }

    #[test]
    fn packing_loses_nothing() {
        let model = Conference::new(1, 1);
        let known = reachable(model);
        let words: BTreeSet<_> = known.iter().map(|state| (state.word(), state.legs.map(|leg| leg.word()))).collect();
        assert_eq!(words.len(), known.len());
        let graph = Graph::walk(&model, &walk(false), &mut ());
        assert_eq!(graph.states().collect::<BTreeSet<_>>(), known);
    }

    /// Steps of one way.
    const LENGTH: u32 = 64;

    /// States on many ways through everything, chosen by a fixed rule.
    fn on_many_ways(invited: usize, losses: u8) -> impl Iterator<Item = State> {
        let invited = u8::try_from(invited).expect("few");
        let model = Conference::new(invited, losses).with(Procedures::ALL);
        let (mut state, mut choice) = (State::default(), 1_u64);
        (0_u32..).map(move |step| {
            if step.is_multiple_of(LENGTH) {
                state = State::default();
            }
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Mostly what is owed: else nearly every way soon ends with a loss or a change of mind.
            if choice >> 61 != 0 && actions.iter().any(|action| action.kind() == ActionKind::Protocol) {
                actions.retain(|action| action.kind() == ActionKind::Protocol);
            }
            let place = (choice >> 33) as usize % actions.len().max(1);
            state = actions.get(place).and_then(|action| model.next_state(&state, *action)).unwrap_or_default();
            state
        })
    }

    #[test]
    fn states_of_all_procedures_that_differ_have_words_that_differ() {
        let states: BTreeSet<_> = on_many_ways(1, 3).take(100_000).collect();
        let words: BTreeSet<_> = states.iter().map(|state| (state.word(), state.legs.map(|leg| leg.word()))).collect();
        assert!(states.len() > 10_000, "{}", states.len());
        assert_eq!(words.len(), states.len());
    }

    #[test]
    fn every_state_of_the_creators_call_has_a_number_of_its_own() {
        let failed = [CallFailure::Rejected, CallFailure::TimedOut, CallFailure::GivenUp].map(Call::Failed);
        let plain = [Call::Idle, Call::Abandoned, Call::Cancelling, Call::Confirmed, Call::Leaving, Call::Over];
        let early = [SecondOffer::InPrack, SecondOffer::InUpdate].map(|second_offer| {
            let stages = [Stage::PrackSent, Stage::PrackAnswered].map(|stage| Call::Early { second_offer, stage });
            [&[Call::Calling { second_offer }][..], &stages].concat()
        });
        let all = [&failed[..], &plain, &early.concat()].concat();
        let numbers: BTreeSet<_> = all.iter().map(|value| call(*value)).collect();
        assert!(numbers.into_iter().eq(0..15));
    }

    #[test]
    fn every_end_of_a_held_call_has_a_number_of_its_own() {
        let changes = [Change::None, Change::Requested, Change::RequestedAgain, Change::BackingOff, Change::Resting];
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        let all = flags.map(|(holds, held)| changes.map(|change| hold(HoldEnd { holds, held, change })));
        let numbers: BTreeSet<_> = all.into_iter().flatten().collect();
        assert!(numbers.into_iter().eq(0..20));
    }

    #[test]
    fn exchanged_users_have_one_representative() {
        for state in on_many_ways(MAX_INVITED, 0).take(5_000) {
            let one = state.representative();
            let mut words = state.legs.map(|leg| leg.word());
            words.sort_by(|one, other| other.cmp(one));
            assert_eq!(one.legs.map(|leg| leg.word()), words, "{state:?}");
            for second in 1..MAX_INVITED {
                for first in 0..second {
                    let mut exchanged = state;
                    exchanged.legs.swap(first, second);
                    assert_eq!(exchanged.representative(), one, "{state:?}");
                }
            }
        }
    }
}
