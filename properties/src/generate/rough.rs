//! Schedules made rough: damaged datagrams, agents that restart.

use super::PICKED_AMONG;
use crate::schedule::{Schedule, Step};

/// Most rough steps that are put into one schedule.
const MOST: u64 = 4;

/// The same schedule with one to four rough steps in it; the same `number` gives the same ones.
pub fn rough(mut schedule: Schedule, number: u64) -> Schedule {
    let mut draw = Draw(number);
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

/// SplitMix64: enough to scatter faults, and the same everywhere.
struct Draw(u64);

impl Draw {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `most`.
    const fn below(&mut self, most: u64) -> u64 {
        self.next() % (most + 1)
    }

    fn small(&mut self, most: u64) -> u16 {
        u16::try_from(self.below(most)).unwrap_or(u16::MAX)
    }
}
