//! What the observers of the wire make of each happening, worked out once for each conversation and each state of each
//! observer.
//!
//! An observer looks at the event, at its own state and at the conversation before the event, and at nothing else. Most
//! observers have a handful of states in a whole exploration, and so has what they are shown.
//!
//! Read first: `observe/mod.rs`, `invariants/mod.rs`.

use std::cell::OnceCell;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use imsconf::time::Time;

use super::atlas::Page;
use super::tally::Tally;
use crate::deviation::Deviation;
use crate::intern::Memo;
use crate::invariants::{Numbered, Observers};
use crate::observe::{Conversation, Event, Finding, Judge, Stage};
use crate::verdict::{Level, Profile};
use crate::world::fingerprint;

/// The observers at one point of an exploration, by number.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    conversation: u32,
    observers: Arc<[u32]>,
    /// Of both.
    pub(super) fingerprint: u64,
}

impl PartialEq for Watch {
    fn eq(&self, other: &Self) -> bool {
        (self.conversation, &self.observers) == (other.conversation, &other.observers)
    }
}

impl Watch {
    fn new(conversation: u32, observers: Arc<[u32]>) -> Self {
        let fingerprint = fingerprint(&(conversation, &observers), Time::EPOCH);
        Self { conversation, observers, fingerprint }
    }
}

/// What one observer makes of something.
#[derive(Clone, Debug)]
struct Look {
    before: u32,
    after: u32,
    evaluated: u32,
    finding: Option<Arc<Finding>>,
}

/// Something that the observers are shown after one conversation.
#[derive(Debug)]
struct Shown {
    /// The conversation after it.
    conversation: u32,
    /// What each observer made of it, for each state in which one was met.
    looks: RwLock<Vec<Vec<Look>>>,
}

impl Shown {
    fn new(conversation: u32) -> Self {
        Self { conversation, looks: RwLock::new(vec![Vec::new(); Numbered::MOVED.len()]) }
    }

    /// What the observer at this place makes of it from this state, if that is known.
    fn look(&self, place: usize, before: u32) -> Option<Look> {
        let looks = self.looks.read().unwrap_or_else(PoisonError::into_inner);
        looks.get(place)?.iter().find(|look| look.before == before).cloned()
    }

    fn keep(&self, place: usize, look: Look) {
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = looks.get_mut(place) {
            own.push(look);
        }
    }
}

/// All that was worked out.
#[derive(Debug)]
pub(super) struct Watchtower {
    profile: Profile,
    deviation: Option<Deviation>,
    tally: Arc<Tally>,
    numbered: Numbered,
    /// By conversation, happening and the time before it.
    shown: Memo<(u32, u32, Duration), Arc<Shown>>,
    /// By conversation: its end.
    ends: Memo<u32, Arc<Shown>>,
}

impl Watchtower {
    pub(super) fn new(profile: Profile, deviation: Option<Deviation>, tally: Arc<Tally>) -> Self {
        let (shown, ends) = (Memo::default(), Memo::default());
        Self { profile, deviation, tally, numbered: Numbered::default(), shown, ends }
    }

    /// The numbers of these observers.
    pub(super) fn take(&self, observers: &Observers) -> Watch {
        let (conversation, observers) = self.numbered.of(observers);
        Watch::new(conversation, observers.into())
    }

    /// Shows a happening, of which this is a page, to the observers; what is wrong then.
    pub(super) fn show(
        &self,
        watch: &mut Watch,
        happening: u32,
        page: &Page,
        elapsed: Duration,
    ) -> Option<Arc<Finding>> {
        let before = watch.conversation;
        let shown = self.shown.get((before, happening, elapsed), || {
            let mut conversation = Conversation::clone(&self.numbered.conversation(before));
            events(page, elapsed).for_each(|event| conversation.observe(&event));
            Arc::new(Shown::new(self.numbered.conversation_number(&conversation)))
        });
        // Each event with the conversation before it, for all observers that have to look.
        let all = OnceCell::new();
        let first = || {
            let mut conversation = Conversation::clone(&self.numbered.conversation(before));
            let each = events(page, elapsed).map(|event| {
                let earlier = conversation.clone();
                conversation.observe(&event);
                (event, earlier)
            });
            each.collect::<Vec<_>>()
        };
        self.look(watch, &shown, |place, state, judge| {
            let events = all.get_or_init(first);
            Numbered::MOVED.get(place).map_or(state, |moved| moved(&self.numbered, state, events, judge))
        })
    }

    /// Tells the observers that nothing more comes; what is wrong then.
    pub(super) fn end(&self, watch: &mut Watch) -> Option<Arc<Finding>> {
        let whole = watch.conversation;
        let shown = self.ends.get(whole, || Arc::new(Shown::new(whole)));
        self.look(watch, &shown, |place, state, judge| {
            let whole = self.numbered.conversation(whole);
            Numbered::ENDED.get(place).map_or(state, |ended| ended(&self.numbered, state, &whole, judge))
        })
    }

    /// What all observers make of it; `work_out` is asked for what is not known.
    fn look(
        &self,
        watch: &mut Watch,
        shown: &Shown,
        work_out: impl Fn(usize, u32, &mut Judge) -> u32,
    ) -> Option<Arc<Finding>> {
        let (mut evaluated, mut wrong) = (0, None);
        let mut observers = Vec::with_capacity(watch.observers.len());
        for (place, state) in watch.observers.iter().enumerate() {
            let look = shown.look(place, *state).unwrap_or_else(|| {
                let mut judge = Judge::new(self.profile);
                let after = work_out(place, *state, &mut judge);
                let look = self.judged(*state, after, &judge);
                shown.keep(place, look.clone());
                look
            });
            evaluated += u64::from(look.evaluated);
            wrong = wrong.or(look.finding);
            observers.push(look.after);
        }
        self.tally.evaluated(evaluated);
        if watch.conversation != shown.conversation || *watch.observers != *observers {
            *watch = Watch::new(shown.conversation, observers.into());
        }
        wrong
    }

    fn judged(&self, before: u32, after: u32, judge: &Judge) -> Look {
        self.tally.invariants_of(judge);
        let evaluated: u64 = judge.counts().values().map(|count| count.evaluated).sum();
        let finding = self.wrong(judge).map(Arc::new);
        Look { before, after, evaluated: u32::try_from(evaluated).unwrap_or(u32::MAX), finding }
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
    }

    pub(super) fn blur_observer(&self) {
        for shown in self.shown.results() {
            for looks in &mut *shown.looks.write().unwrap_or_else(PoisonError::into_inner) {
                let first = looks.first().map_or(0, |look| look.after);
                looks.iter_mut().for_each(|look| look.after = first);
            }
        }
    }
}
