//! The mixer that the foci of a host share: terminations for media, joined in one context per conference.
//!
//! A focus signals, a mixer mixes; between the two TS 23.333 and TS 29.333 put H.248, whose ADD, MODIFY and SUBTRACT
//! are the operations here. There is no media behind them: what counts is when they are asked for and that every
//! termination is given back. A termination is reserved before its user is promised media (the answer in the 183) or
//! offered any (the dial-out INVITE), gets its direction when offer and answer are done, and is released with his call.
//! Everybody in a context hears everybody else in it.

use std::collections::BTreeMap;

use crate::body::sdp::Flow;
use crate::view::TerminationView;

/// Most terminations of a mixer, if its configuration does not say otherwise.
pub const MAX_TERMINATIONS: usize = 1024;

/// Names a termination for as long as it is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TerminationId(u64);

/// The mixer has no termination to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Termination {
    /// The conference whose context it is in.
    conference: String,
    user: String,
    /// What the user sends and receives, as the mixer sees it; nothing before offer and answer are done.
    flow: Flow,
}

/// A mixer with its terminations. A context is there as long as a termination is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mixer {
    capacity: usize,
    refuses: bool,
    /// Numbers are not used twice.
    next: u64,
    terminations: BTreeMap<TerminationId, Termination>,
}

impl Mixer {
    /// A mixer with room for `capacity` terminations.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { capacity, refuses: false, next: 1, terminations: BTreeMap::new() }
    }

    /// From now on it gives no terminations, or does again.
    pub(super) const fn refuse(&mut self, refuses: bool) {
        self.refuses = refuses;
    }

    /// A termination for `user` in the context of `conference`: no media flows yet.
    pub(super) fn reserve(&mut self, conference: &str, user: &str) -> Result<TerminationId, Exhausted> {
        if self.refuses || self.terminations.len() >= self.capacity {
            return Err(Exhausted);
        }
        let id = TerminationId(self.next);
        self.next += 1;
        let termination = Termination { conference: conference.to_owned(), user: user.to_owned(), flow: Flow::NONE };
        self.terminations.insert(id, termination);
        Ok(id)
    }

    /// Offer and answer are done, or done again: what flows from now on, seen from the mixer.
    pub(super) fn modify(&mut self, id: TerminationId, flow: Flow) {
        if let Some(termination) = self.terminations.get_mut(&id) {
            termination.flow = flow;
        }
    }

    /// The user is gone; with the last termination the context goes.
    pub(super) fn release(&mut self, id: TerminationId) {
        self.terminations.remove(&id);
    }

    /// Nothing of this conference is needed any more.
    pub(super) fn free(&mut self, conference: &str) {
        self.terminations.retain(|_, termination| termination.conference != conference);
    }

    /// What is in the context of a conference.
    pub(super) fn context(&self, conference: &str) -> Vec<TerminationView> {
        let own = self.terminations.values().filter(|termination| termination.conference == conference);
        own.map(|termination| TerminationView {
            user: termination.user.clone(),
            sends: termination.flow.send,
            receives: termination.flow.recv,
        })
        .collect()
    }

    /// How many terminations are reserved in all contexts.
    pub(super) fn reserved(&self) -> usize {
        self.terminations.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFERENCE: &str = "sip:final-1@home.example";

    #[test]
    fn what_is_released_can_be_reserved_again() {
        let mut mixer = Mixer::new(2);
        let alice = mixer.reserve(CONFERENCE, "alice").expect("room for two");
        let bob = mixer.reserve(CONFERENCE, "bob").expect("room for two");
        assert_eq!(mixer.reserve("sip:final-2@home.example", "carol"), Err(Exhausted), "contexts share the capacity");
        mixer.release(alice);
        mixer.release(alice);
        assert_eq!(mixer.reserved(), 1);
        let carol = mixer.reserve(CONFERENCE, "carol").expect("room again");
        assert!(carol != alice && carol != bob, "a number names one termination only");
    }

    #[test]
    fn media_flows_when_offer_and_answer_are_done() {
        let mut mixer = Mixer::new(2);
        let alice = mixer.reserve(CONFERENCE, "alice").expect("room");
        let flows = |mixer: &Mixer| {
            mixer.context(CONFERENCE).into_iter().map(|view| (view.sends, view.receives)).collect::<Vec<_>>()
        };
        assert_eq!(flows(&mixer), [(false, false)]);
        mixer.modify(alice, Flow::SENDRECV);
        assert_eq!(flows(&mixer), [(true, true)]);
        // He holds the call: nothing comes from him any more.
        mixer.modify(alice, Flow::SEND);
        assert_eq!(flows(&mixer), [(true, false)]);
        mixer.release(alice);
        assert!(mixer.context(CONFERENCE).is_empty(), "the last one frees the context");
    }

    #[test]
    fn a_mixer_that_refuses_keeps_what_it_gave() {
        let mut mixer = Mixer::new(2);
        mixer.reserve(CONFERENCE, "alice").expect("room");
        mixer.refuse(true);
        assert_eq!(mixer.reserve(CONFERENCE, "bob"), Err(Exhausted));
        assert_eq!(mixer.reserved(), 1);
        mixer.refuse(false);
        assert!(mixer.reserve(CONFERENCE, "bob").is_ok());
    }
}
