//! What the observers of the wire make of each happening, worked out once for each conversation and each state of each
//! observer.
//!
//! An observer looks at the event, at its own state and at the conversation before the event, and at nothing else. Most
//! observers have a handful of states in a whole exploration, and so has what they are shown.
//!
//! Read first: `observe/mod.rs`, `invariants/mod.rs`.

use std::cell::OnceCell;
use std::iter;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::atlas::{OF_LATE, Page};
use super::tally::Tally;
use crate::deviation::Deviation;
use crate::intern::{Interner, Memo};
use crate::invariants::{Numbered, Observers};
use crate::observe::{Conversation, Event, Finding, Judge, Stage};
use crate::verdict::{Level, Profile};

/// The observers at one point of an exploration, each by number.
#[derive(Clone, Debug, Hash)]
struct Watch {
    conversation: u32,
    observers: Box<[u32]>,
}

/// What all observers make of something.
#[derive(Clone, Debug)]
struct Seen {
    /// The observers after it.
    watch: u32,
    /// How many rules were put to the test.
    evaluated: u32,
    finding: Option<Arc<Finding>>,
}

/// What one observer makes of something. There are many: small.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// The observer's place among all.
    place: u16,
    evaluated: u16,
    before: u32,
    after: u32,
    /// Number of what is wrong.
    finding: Option<NonZeroU32>,
}

impl Look {
    const fn key(&self) -> (u16, u32) {
        (self.place, self.before)
    }
}

/// Something that the observers are shown after one conversation.
#[derive(Debug)]
struct Shown {
    /// The conversation after it.
    conversation: u32,
    /// What each observer made of it, for each state in which one was met, in the order of their keys.
    looks: RwLock<Vec<Look>>,
}

impl Shown {
    const fn new(conversation: u32) -> Self {
        Self { conversation, looks: RwLock::new(Vec::new()) }
    }

    /// What the observers make of it from these states, as far as that is known.
    fn known(&self, observers: &[u32]) -> Vec<Option<Look>> {
        let looks = self.looks.read().unwrap_or_else(PoisonError::into_inner);
        let look = |(place, before): (u16, &u32)| {
            let found = looks.binary_search_by_key(&(place, *before), Look::key).ok()?;
            looks.get(found).copied()
        };
        (0..).zip(observers).map(look).collect()
    }

    fn keep(&self, new: &[Look]) {
        if new.is_empty() {
            return;
        }
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        looks.reserve_exact(new.len());
        looks.extend_from_slice(new);
        looks.sort_unstable_by_key(Look::key);
        looks.dedup_by_key(|look| look.key());
    }
}

/// All that was worked out.
#[derive(Debug)]
pub(super) struct Watchtower {
    profile: Profile,
    deviation: Option<Deviation>,
    tally: Arc<Tally>,
    numbered: Numbered,
    watches: Interner<Watch>,
    /// What was found wrong, numbered from 1.
    findings: Mutex<Vec<Arc<Finding>>>,
    /// By the observers, happening and the time before it.
    seen: Memo<(u32, u32, Duration), Seen>,
    /// By the observers: what they say at the end.
    said: Memo<u32, Seen>,
    /// By conversation, happening and the time before it.
    shown: Memo<(u32, u32, Duration), Arc<Shown>>,
    /// By conversation: its end.
    ends: Memo<u32, Arc<Shown>>,
}

impl Watchtower {
    pub(super) fn new(profile: Profile, deviation: Option<Deviation>, tally: Arc<Tally>) -> Self {
        Self {
            profile,
            deviation,
            tally,
            numbered: Numbered::default(),
            watches: Interner::default(),
            findings: Mutex::default(),
            seen: Memo::of_late(OF_LATE),
            said: Memo::default(),
            shown: Memo::of_late(OF_LATE),
            ends: Memo::default(),
        }
    }

    /// The number of these observers.
    pub(super) fn take(&self, observers: &Observers) -> u32 {
        let (conversation, observers) = self.numbered.of(observers);
        self.watches.note(&Watch { conversation, observers: observers.into() })
    }

    /// Shows a happening, of which this is a page, to the observers; what is wrong then.
    pub(super) fn show(&self, watch: &mut u32, happening: u32, page: &Page, elapsed: Duration) -> Option<Arc<Finding>> {
        let seen = self.seen.get((*watch, happening, elapsed), || {
            let watch = self.watches.get(*watch);
            self.look_at(watch, happening, page, elapsed)
        });
        self.taken(watch, seen)
    }

    /// Tells the observers that nothing more comes; what is wrong then.
    pub(super) fn end(&self, watch: &mut u32) -> Option<Arc<Finding>> {
        let seen = self.said.get(*watch, || {
            let watch = self.watches.get(*watch);
            let whole = watch.conversation;
            let shown = self.ends.get(whole, || Arc::new(Shown::new(whole)));
            self.look(watch, &shown, |place, state, judge| {
                let whole = self.numbered.conversation(whole);
                Numbered::ENDED.get(place).map_or(state, |ended| ended(&self.numbered, state, whole, judge))
            })
        });
        self.taken(watch, seen)
    }

    fn taken(&self, watch: &mut u32, seen: Seen) -> Option<Arc<Finding>> {
        self.tally.evaluated(seen.evaluated.into());
        *watch = seen.watch;
        seen.finding
    }

    fn look_at(&self, watch: &Watch, happening: u32, page: &Page, elapsed: Duration) -> Seen {
        let before = self.numbered.conversation(watch.conversation);
        let events: Vec<_> = events(page, elapsed).collect();
        // The conversation before each event but the first: for all who have to look.
        let later = OnceCell::new();
        let later = || later.get_or_init(|| later_conversations(before, &events));
        let shown = self.shown.get((watch.conversation, happening, elapsed), || {
            let mut conversation = later().last().unwrap_or(before).clone();
            events.last().into_iter().for_each(|event| conversation.observe(event));
            Arc::new(Shown::new(self.numbered.conversation_number(&conversation)))
        });
        self.look(watch, &shown, |place, state, judge| {
            let conversations = iter::once(before).chain(later());
            let events: Vec<_> = events.iter().zip(conversations).collect();
            Numbered::MOVED.get(place).map_or(state, |moved| moved(&self.numbered, state, &events, judge))
        })
    }

    /// What all observers make of it; `work_out` is asked for what is not known.
    fn look(&self, watch: &Watch, shown: &Shown, work_out: impl Fn(usize, u32, &mut Judge) -> u32) -> Seen {
        let mut new = Vec::new();
        let known = shown.known(&watch.observers);
        let looks = (0..).zip(&watch.observers).zip(known).map(|((place, before), look)| {
            look.unwrap_or_else(|| {
                let mut judge = Judge::new(self.profile);
                let after = work_out(place.into(), *before, &mut judge);
                let look = self.judged(place, *before, after, &judge);
                new.push(look);
                look
            })
        });
        let looks: Vec<_> = looks.collect();
        shown.keep(&new);
        let observers = looks.iter().map(|look| look.after).collect();
        let evaluated = looks.iter().map(|look| u32::from(look.evaluated)).sum();
        let finding = looks.iter().find_map(|look| look.finding).and_then(|number| self.finding(number));
        Seen { watch: self.watches.note(&Watch { conversation: shown.conversation, observers }), evaluated, finding }
    }

    fn judged(&self, place: u16, before: u32, after: u32, judge: &Judge) -> Look {
        self.tally.invariants_of(judge);
        let evaluated: u64 = judge.counts().values().map(|count| count.evaluated).sum();
        let finding = self.wrong(judge).and_then(|finding| {
            let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
            findings.push(Arc::new(finding));
            NonZeroU32::new(u32::try_from(findings.len()).ok()?)
        });
        Look { place, evaluated: u16::try_from(evaluated).unwrap_or(u16::MAX), before, after, finding }
    }

    fn finding(&self, number: NonZeroU32) -> Option<Arc<Finding>> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.get(usize::try_from(number.get() - 1).ok()?).cloned()
    }

    /// The first thing that is wrong, if anything is.
    pub(super) fn wrong(&self, judge: &Judge) -> Option<Finding> {
        let serious = |finding: &&Finding| match &self.deviation {
            Some(deviation) => deviation.is_caught_by(finding),
            // Our own implementation is held to every SHOULD as well.
            None => matches!(finding.level, Level::Fail | Level::NonStrict),
        };
        judge.findings().iter().find(serious).cloned()
    }
}

/// The conversation before each of these events but the first, before which it is `before`.
fn later_conversations(before: &Conversation, events: &[Event<'_>]) -> Vec<Conversation> {
    let mut all: Vec<Conversation> = Vec::new();
    for event in events.iter().rev().skip(1).rev() {
        let mut next = all.last().unwrap_or(before).clone();
        next.observe(event);
        all.push(next);
    }
    all
}

/// What crossed the agents' boundaries, in order; all of it at one time.
fn events(page: &Page, elapsed: Duration) -> impl Iterator<Item = Event<'_>> {
    let arrived = page.outcome.arrived.iter().map(|(crossing, _)| (crossing, Stage::Delivered));
    let sent = page.outcome.sent.iter().map(|crossing| (crossing, Stage::Sent));
    arrived.chain(sent).enumerate().map(move |(place, (crossing, stage))| {
        let elapsed = if place == 0 { elapsed } else { Duration::ZERO };
        Event::new(0, elapsed, crossing.party, stage, &crossing.message)
    })
}

/// Tables that leave out part of what they depend on, to show that it is noticed.
#[cfg(test)]
impl Watchtower {
    pub(super) fn blur_conversation(&self) {
        self.shown.blur(|(_, happening, elapsed)| (*happening, *elapsed));
        self.seen.forget();
    }

    pub(super) fn blur_watch(&self) {
        self.seen.blur(|(_, happening, elapsed)| (*happening, *elapsed));
    }

    pub(super) fn blur_observer(&self) {
        for shown in self.shown.results() {
            let mut looks = shown.looks.write().unwrap_or_else(PoisonError::into_inner);
            for own in looks.chunk_by_mut(|one, other| one.place == other.place) {
                let first = own.first().map_or(0, |look| look.after);
                own.iter_mut().for_each(|look| look.after = first);
            }
        }
        self.seen.forget();
    }
}
