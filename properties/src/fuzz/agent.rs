//! Agents in the middle of a call: bytes from anywhere are taken whole or not at all.
//!
//! An input is a datagram for every agent in every situation; one that begins with a zero byte, which no SIP message
//! does, is damage to a datagram that is in flight in one of them: situation, datagram, then triples of a place (two
//! bytes, big endian) and the bits to flip there; no bits to flip means to cut there.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::Duration;

use imsconf::agent::{Addr, Agent, Receipt};
use imsconf::role::focus::Focus;
use imsconf::role::participant::Participant;
use imsconf::role::ue::Ue;
use imsconf::time::Time;
use imsconf::view::Counts;
use imsconf::wire::Message;

use super::{Broken, hold};
use crate::schedule::{SecondOffer, Settings, Step};
use crate::world::{Datagram, Move, Node, World};

/// By how much one datagram may raise the number of transactions, dialogs and usages: a BYE ends every leg and every
/// subscription of a conference at once, a REFER starts a dialog with a session, and a subscription.
const MOST_NEW: Counts = Counts { transactions: 12, dialogs: 1, usages: 2 };

/// One datagram for the UE, the focus and an invited user.
///
/// # Errors
/// A discarded datagram changed an agent, equal inputs gave unequal states, live state grew without bound, or an agent
/// sends what is no SIP message.
pub fn agent(bytes: &[u8]) -> Result<(), Broken> {
    if let Some((0, damage)) = bytes.split_first() {
        return damaged(damage);
    }
    situations().iter().try_for_each(|world| everywhere(world, Node::Focus.address(), bytes))
}

/// A conference at each point of its life, with what is in flight then.
fn situations() -> &'static [World] {
    static SITUATIONS: OnceLock<Vec<World>> = OnceLock::new();
    SITUATIONS.get_or_init(|| {
        let mut world = World::new(Settings::default(), None);
        let mut situations = vec![world.clone()];
        let steps =
            [Step::Create(SecondOffer::Update), Step::Subscribe, Step::Invite(0), Step::Answer(0), Step::Invite(1)];
        for step in steps.into_iter().chain([Step::Ring(1), Step::UserLeaves(0), Step::Leave]) {
            world.apply(Move::Command(step));
            while !world.in_flight().is_empty() {
                situations.push(world.clone());
                world.apply(Move::Deliver(0));
            }
        }
        // One in several stands for its neighbours: every input visits them all.
        situations.into_iter().step_by(SPACING).collect()
    })
}

/// Which part of the situations is kept.
const SPACING: usize = 7;

fn damaged(damage: &[u8]) -> Result<(), Broken> {
    let Some(([which, picked], edits)) = damage.split_first_chunk() else { return Ok(()) };
    let situations = situations();
    let Some(world) = situations.get(usize::from(*which) % situations.len()) else { return Ok(()) };
    let flight = world.in_flight();
    let Some(Datagram { from, bytes, .. }) = flight.get(usize::from(*picked) % flight.len().max(1)) else {
        return Ok(());
    };
    let mut bytes = bytes.clone();
    for edit in edits.chunks_exact(3) {
        let &[high, low, bits] = edit else { continue };
        let place = usize::from(u16::from_be_bytes([high, low])) % bytes.len().max(1);
        match bytes.get_mut(place) {
            Some(byte) if bits != 0 => *byte ^= bits,
            _ => bytes.truncate(place),
        }
    }
    everywhere(world, from.address(), &bytes)
}

fn everywhere(world: &World, from: Addr, bytes: &[u8]) -> Result<(), Broken> {
    let now = world.now();
    one(world.ue(), now, from, bytes)?;
    one(world.focus(), now, from, bytes)?;
    world.users().iter().try_for_each(|user| one(&**user, now, from, bytes))
}

/// What the oracles need besides the boundary.
trait Counted: Agent + Debug {
    fn counts(&self) -> Counts;
}

impl Counted for Ue {
    fn counts(&self) -> Counts {
        self.view().counts
    }
}

impl Counted for Focus {
    fn counts(&self) -> Counts {
        self.view().counts
    }
}

impl Counted for Participant {
    fn counts(&self) -> Counts {
        self.view().counts
    }
}

fn one<A: Counted>(before: &A, now: Time, from: Addr, bytes: &[u8]) -> Result<(), Broken> {
    let mut after = before.clone();
    let receipt = after.handle_datagram(now, from, bytes);
    discarded_is_unchanged(before, &after, receipt)?;
    bounded(before.counts(), after.counts())?;
    let mut twin = before.clone();
    twin.handle_datagram(now, from, bytes);
    hold(twin == after, || "the same input gave another state".to_owned())?;
    let earliest = after.timers().iter().map(|timer| timer.at).min();
    hold(after.poll_timeout() == earliest, || "the next deadline is not the earliest timer".to_owned())?;
    while after.poll_event().is_some() {}
    sends_sip(&mut after)?;
    after.handle_timeout(now + Duration::from_secs(40));
    sends_sip(&mut after)
}

fn discarded_is_unchanged<A: Agent>(before: &A, after: &A, receipt: Receipt) -> Result<(), Broken> {
    let discarded = matches!(receipt, Receipt::Discarded(_));
    hold(!discarded || before == after, || format!("{receipt:?} changed the state"))
}

fn bounded(before: Counts, after: Counts) -> Result<(), Broken> {
    let within = after.transactions <= before.transactions + MOST_NEW.transactions
        && after.dialogs <= before.dialogs + MOST_NEW.dialogs
        && after.usages <= before.usages + MOST_NEW.usages;
    hold(within, || format!("one datagram took {before:?} to {after:?}"))
}

fn sends_sip(agent: &mut impl Agent) -> Result<(), Broken> {
    while let Some(transmit) = agent.poll_transmit() {
        if let Err(error) = Message::parse(&transmit.bytes) {
            let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
            return Err(Broken::new(format!("sends what is no message ({error}):\n{text}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use imsconf::agent::Discard;

    use super::*;

    #[test]
    fn the_situations_reach_through_the_whole_call() {
        let situations = situations();
        assert!(situations.len() >= 8, "{}", situations.len());
        assert!(situations.iter().filter(|world| !world.in_flight().is_empty()).count() + 1 >= situations.len());
    }

    #[test]
    fn the_oracles_see_what_is_wrong() {
        let [before, .., after] = situations() else { panic!("several situations") };
        let discarded = Receipt::Discarded(Discard::NotSip);
        assert!(discarded_is_unchanged(before.ue(), after.ue(), discarded).is_err());
        assert_eq!(discarded_is_unchanged(before.ue(), after.ue(), Receipt::Consumed), Ok(()));
        assert!(bounded(Counts::default(), Counts { dialogs: 2, ..Counts::default() }).is_err());
    }

    #[test]
    fn an_undamaged_datagram_breaks_no_oracle() {
        for which in 0..situations().len() {
            let which = u8::try_from(which).expect("few situations");
            assert_eq!(agent(&[0, which, 0]), Ok(()));
        }
    }
}
