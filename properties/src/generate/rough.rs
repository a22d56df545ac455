//! Schedules made rough: damaged datagrams, agents that restart.

use super::PICKED_AMONG;
use super::draw::Draw;
use crate::schedule::{Schedule, Step};

/// Most rough steps that are put into one schedule.
const MOST: u64 = 4;

/// The same schedule with one to four rough steps in it; the same `number` gives the same ones.
pub fn rough(mut schedule: Schedule, number: u64) -> Schedule {
    let mut draw = Draw::new(number);
    for _ in 0..=draw.below(MOST - 1) {
        let place = usize::try_from(draw.below(schedule.steps.len() as u64)).unwrap_or_default();
        let datagram = draw.small(u64::from(PICKED_AMONG) - 1);
        let step = match draw.below(4) {
            0 => Step::Restart(u8::try_from(draw.below(1 + u64::from(schedule.world.invited))).unwrap_or_default()),
            1 => Step::Truncate(datagram, draw.small(1_500)),
            _ => Step::Damage(datagram, draw.small(u64::from(u16::MAX))),
        };
        schedule.steps.insert(place, step);
    }
    schedule
}
