//! When two things are the same to an exploration: up to a shift in time.

use std::hash::{Hash, Hasher};

use imsconf::time::Time;

/// A hash of 64 bits in which a [`Time`] counts by how far away it is. The same in every run.
///
/// Two situations with the same fingerprint are taken for one. With n of them the chance that this is ever wrong is
/// below n²/2⁶⁵: one in 37 million for a million situations.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    now: i128,
    folded: u64,
}

/// Odd numbers without a pattern: the digits of π.
const FACTORS: [u64; 2] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345];

impl Fingerprint {
    /// A fingerprint of nothing, taken at `now`.
    pub fn new(now: Time) -> Self {
        Self { now: now.as_millis().into(), folded: FACTORS[0] }
    }

    fn fold(&mut self, word: u64) {
        let product = u128::from(self.folded ^ FACTORS[1]) * u128::from(word ^ FACTORS[0] | 1);
        // The product alone would forget a word that meets a zero.
        self.folded = (product as u64 ^ (product >> 64) as u64).wrapping_add(word.rotate_left(32));
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.fold(FACTORS[1]);
        last.fold(FACTORS[0]);
        last.folded
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.fold(word.try_into().map_or(0, u64::from_le_bytes));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.fold(u64::from_le_bytes(last));
        }
        self.fold(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.fold(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.fold(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn write_i128(&mut self, time: i128) {
        let away = time - self.now;
        self.fold(away as u64);
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new(Time::EPOCH)
    }
}

/// The fingerprint of something in which points in time count by how far they are from `now`.
pub(crate) fn fingerprint(value: &(impl Hash + ?Sized), now: Time) -> u64 {
    let mut own = Fingerprint::new(now);
    value.hash(&mut own);
    own.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schedule::{SecondOffer, Settings, Step};
    use crate::world::{Move, World};

    fn of(value: &impl Hash, now: u64) -> u64 {
        fingerprint(value, Time::from_millis(now))
    }

    #[test]
    fn only_distance_counts_of_a_time() {
        let at = Time::from_millis;
        assert_eq!(of(&at(500), 0), of(&at(1500), 1000));
        assert_ne!(of(&at(500), 0), of(&at(1500), 0));
        assert_eq!(of(&Some(at(1)), 2), of(&Some(at(11)), 12), "in the past");
        assert_eq!(of(&500_u64, 0), of(&500_u64, 1000), "a number is no time");
    }

    #[test]
    fn different_values_have_different_fingerprints() {
        let mut seen = BTreeSet::new();
        let texts = ["", "a", "b", "ab", "a\0", "\0", "\0\0", "aaaaaaaa", "aaaaaaaaa"];
        let pairs = texts.iter().flat_map(|one| texts.iter().map(move |other| (*one, *other)));
        pairs.for_each(|pair| assert!(seen.insert(of(&pair, 0)), "{pair:?}"));
        (0..100_000_u64).for_each(|number| assert!(seen.insert(of(&number, 0)), "{number}"));
        (0..1000_u64).for_each(|number| assert!(seen.insert(of(&[number, 0], 0)), "{number}"));
        (1..1000_u64).for_each(|number| assert!(seen.insert(of(&[0, number], 0)), "{number}"));
    }

    /// A creation that is shifted in time is the same, at each move; one with another offer is not.
    #[test]
    fn an_agent_is_the_same_at_any_time() {
        let create = |late: u64, offer: SecondOffer| {
            let mut world = World::new(Settings::default(), None);
            world.now = Time::from_millis(late);
            let of = |world: &World| (fingerprint(world.ue(), world.now), fingerprint(world.focus(), world.now));
            let mut all = vec![of(&world)];
            world.apply(Move::Command(Step::Create(offer)));
            while !world.in_flight().is_empty() {
                all.push(of(&world));
                world.apply(Move::Deliver(0));
            }
            all.push(of(&world));
            all
        };
        let now = create(0, SecondOffer::Prack);
        assert_eq!(now, create(77_777, SecondOffer::Prack));
        assert!(now.iter().collect::<BTreeSet<_>>().len() > 5, "{now:?}");
        assert_ne!(now.last(), create(0, SecondOffer::Update).last());
    }
}
