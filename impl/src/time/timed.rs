//! A list of things with timers that knows when the first of them fires, without looking at all of them.
//!
//! Read first: [`Timed::alarm`].

use std::hash::{Hash, Hasher};
use std::ops::Deref;

use smallvec::SmallVec;

use super::Time;

/// Something with timers.
pub(crate) trait Alarm {
    /// When the first of its timers fires.
    fn alarm(&self) -> Option<Time>;
}

/// Things with timers, each at its place. What it knows of their timers follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Timed<T> {
    things: Vec<T>,
    /// What was known of each when it was looked at last.
    known: SmallVec<[Known; 1]>,
    /// The alarms of those that have one and their places, in order.
    order: SmallVec<[(Time, usize); 1]>,
    /// The places of those that were given out to be changed since.
    touched: SmallVec<[usize; 1]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    alarm: Option<Time>,
    touched: bool,
}

impl<T> Timed<T> {
    /// Puts a thing at the end.
    pub(crate) fn push(&mut self, thing: T) {
        self.things.push(thing);
        self.known.push(Known::default());
        self.touch(self.things.len() - 1);
    }

    /// The thing at this place, to be changed.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.touch(place);
        self.things.get_mut(place)
    }

    /// All of them, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        (0..self.things.len()).for_each(|place| self.touch(place));
        self.things.iter_mut()
    }

    /// Changes the list itself, after which everything is looked at again.
    pub(crate) fn rearrange(&mut self, change: impl FnOnce(&mut Vec<T>)) {
        change(&mut self.things);
        self.order.clear();
        self.touched.clear();
        self.known.clear();
        self.known.resize_with(self.things.len(), Known::default);
        (0..self.things.len()).for_each(|place| self.touch(place));
    }

    fn touch(&mut self, place: usize) {
        if let Some(known) = self.known.get_mut(place).filter(|known| !known.touched) {
            known.touched = true;
            self.touched.push(place);
        }
    }
}

impl<T: Alarm> Timed<T> {
    /// When the first timer of all fires. Looks only at what may have changed.
    pub(crate) fn alarm(&mut self) -> Option<Time> {
        self.look();
        self.order.first().map(|(at, _)| *at)
    }

    /// The places of those that have a timer due at `now`, in their order.
    pub(crate) fn due(&mut self, now: Time) -> Vec<usize> {
        self.look();
        let mut due: Vec<_> = self.order.iter().take_while(|(at, _)| *at <= now).map(|(_, place)| *place).collect();
        due.sort_unstable();
        due
    }

    fn look(&mut self) {
        let Self { things, known, order, touched } = self;
        for place in touched.drain(..) {
            let (Some(thing), Some(known)) = (things.get(place), known.get_mut(place)) else { continue };
            let before = std::mem::replace(known, Known { alarm: thing.alarm(), touched: false });
            if before.alarm == known.alarm {
                continue;
            }
            if let Some(Ok(old)) = before.alarm.map(|at| order.binary_search(&(at, place))) {
                order.remove(old);
            }
            if let Some(at) = known.alarm {
                let new = order.partition_point(|other| *other < (at, place));
                order.insert(new, (at, place));
            }
        }
    }
}

impl<T> Default for Timed<T> {
    fn default() -> Self {
        Self { things: Vec::new(), known: SmallVec::new(), order: SmallVec::new(), touched: SmallVec::new() }
    }
}

impl<T> Deref for Timed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.things
    }
}

impl<T: PartialEq> PartialEq for Timed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.things == other.things
    }
}

impl<T: Eq> Eq for Timed<T> {}

impl<T: Hash> Hash for Timed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.things.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl Alarm for Option<u64> {
        fn alarm(&self) -> Option<Time> {
            self.map(Time::from_millis)
        }
    }

    #[derive(Clone, Debug)]
    enum Change {
        Push(Option<u64>),
        Set(usize, Option<u64>),
        All(Option<u64>),
        Remove(usize),
        Look,
    }

    fn change() -> impl Strategy<Value = Change> {
        let at = || proptest::option::of(0..6_u64);
        prop_oneof![
            3 => at().prop_map(Change::Push),
            6 => (0..6_usize, at()).prop_map(|(place, at)| Change::Set(place, at)),
            1 => at().prop_map(Change::All),
            1 => (0..6_usize).prop_map(Change::Remove),
            3 => Just(Change::Look),
        ]
    }

    proptest! {
        #[test]
        fn it_knows_what_looking_at_all_of_them_would_tell(changes in vec(change(), 0..40), now in 0..6_u64) {
            let mut timed = Timed::default();
            for change in changes {
                match change {
                    Change::Push(at) => timed.push(at),
                    Change::Set(place, at) => {
                        if let Some(thing) = timed.get_mut(place) {
                            *thing = at;
                        }
                    }
                    Change::All(at) => timed.iter_mut().for_each(|thing| *thing = at),
                    Change::Remove(place) => timed.rearrange(|things| {
                        if place < things.len() {
                            things.remove(place);
                        }
                    }),
                    Change::Look => {
                        prop_assert_eq!(timed.alarm(), timed.iter().filter_map(Alarm::alarm).min());
                        let due = |at: &Option<u64>| at.is_some_and(|at| at <= now);
                        let expected = timed.iter().enumerate().filter(|(_, at)| due(at)).map(|(place, _)| place);
                        let expected: Vec<usize> = expected.collect();
                        prop_assert_eq!(timed.due(Time::from_millis(now)), expected);
                    }
                }
            }
        }
    }
}
