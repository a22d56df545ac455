//! How much memory a procedure asks for: upper bounds, so that what was saved does not creep back.
//!
//! The bounds are the figures of the day with a little room. A change that stays below them by far lowers them, one
//! that exceeds them says why. They hold with and without optimisation.

mod agents;

use agents::Agents;
use allocation_counter::measure;

/// Of a procedure with one invited user.
const PROCEDURE: u64 = 600;
/// Of each further invited user, among few.
const FURTHER: u64 = 280;
/// What a further invited user may cost more among twice as many: lists of who is there get longer.
const GROWTH: u64 = 30;

/// Allocations of one procedure with so many invited users, growing a piece of memory included.
fn allocations(invited: u16) -> u64 {
    let mut agents = Agents::new(invited);
    let used = measure(|| {
        agents.procedure();
    });
    assert!(agents.is_over(), "a procedure that did not end");
    used.count_total
}

/// Creation, subscription, one invitation and leaving: 28 messages, each rendered by its sender and parsed by its
/// receiver.
#[test]
fn a_procedure_allocates_less_than_a_known_number_of_times() {
    let count = allocations(1);
    assert!((1..=PROCEDURE).contains(&count), "{count} allocations");
}

/// A further user costs what the messages cost that his invitation takes, however many are in the conference already.
#[test]
fn each_further_invited_user_allocates_the_same() {
    let [few, more, most] = [1, 9, 17].map(allocations);
    let (first, second) = ((more - few) / 8, (most - more) / 8);
    assert!((1..=FURTHER).contains(&first), "{first} allocations for each of the first eight");
    assert!((1..=FURTHER + GROWTH).contains(&second), "{second} allocations for each of the next eight");
}
