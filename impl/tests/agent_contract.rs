//! The clauses of the contract in `agent.rs`, each as a test on every role.

mod common;

use std::collections::VecDeque;
use std::time::Duration;

use common::{BOB, CAROL, FOCUS, Net, PCSCF, SCSCF, UE, at, name, uri};
use imsconf::agent::{Addr, Agent, Receipt, Transmit};
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, InviteMode, SecondOffer};
use imsconf::time::Time;
use imsconf::wire::{Message, verdict};
use proptest::prelude::*;

const ADDRESSES: [&str; 6] = [UE, PCSCF, SCSCF, FOCUS, BOB, CAROL];

/// A whole conference, every kind of message in it; `step` is called after each part.
fn play(net: &mut Net, mut step: impl FnMut(&mut Net)) {
    net.create(SecondOffer::Update);
    step(net);
    net.subscribe();
    step(net);
    net.invite("sip:bob@home.example");
    step(net);
    net.bob(Command::Ring);
    net.bob(Command::Answer);
    step(net);
    net.invite("sip:carol@home.example");
    net.carol(Command::Ring);
    step(net);
    net.bob(Command::Leave);
    step(net);
    net.leave();
    step(net);
}

/// What every agent shows of itself, without the transactions that only absorb copies.
fn views(net: &Net) -> String {
    let mut ue = net.ue.view();
    let mut focus = net.focus.view();
    let (mut bob, mut carol) = (net.bob.view(), net.carol.view());
    for counts in [&mut ue.counts, &mut focus.counts, &mut bob.counts, &mut carol.counts] {
        counts.transactions = 0;
    }
    format!("{ue:#?}\n{focus:#?}\n{bob:#?}\n{carol:#?}")
}

/// Something that a user does.
type Part = Box<dyn Fn(&mut Net)>;

/// Every datagram of a whole conference, with its sender.
fn datagrams() -> Vec<(Addr, Transmit)> {
    let mut net = Net::new();
    let mut seen = Vec::new();
    let mut flight = VecDeque::new();
    let mut script: VecDeque<Part> = VecDeque::new();
    let invite = |target: &'static str| {
        move |net: &mut Net| {
            let command = ue::Command::Invite { target: uri(target), mode: InviteMode::ReferToFocus };
            net.ue.handle_command(net.now, command).expect("invite");
        }
    };
    script.push_back(Box::new(|net| {
        let command = ue::Command::Create { second_offer: SecondOffer::Update };
        net.ue.handle_command(net.now, command).expect("create");
    }));
    script.push_back(Box::new(|net| net.ue.handle_command(net.now, ue::Command::Subscribe).expect("subscribe")));
    script.push_back(Box::new(invite("sip:bob@home.example")));
    script.push_back(Box::new(|net| net.bob.handle_command(net.now, Command::Ring).expect("ring")));
    script.push_back(Box::new(|net| net.bob.handle_command(net.now, Command::Answer).expect("answer")));
    script.push_back(Box::new(invite("sip:carol@home.example")));
    script.push_back(Box::new(|net| net.carol.handle_command(net.now, Command::Ring).expect("ring")));
    script.push_back(Box::new(|net| net.bob.handle_command(net.now, Command::Leave).expect("leave")));
    script.push_back(Box::new(|net| net.ue.handle_command(net.now, ue::Command::Leave).expect("leave")));
    for part in script {
        part(&mut net);
        net.collect();
        flight.append(&mut net.queue);
        while let Some((from, transmit)) = flight.pop_front() {
            net.deliver(from, &transmit);
            seen.push((from, transmit));
            flight.append(&mut net.queue);
        }
    }
    seen
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    assert_eq!(datagrams(), datagrams());
    let (mut one, mut other) = (Net::new(), Net::new());
    play(&mut one, |_| {});
    play(&mut other, |_| {});
    assert_eq!(one, other);
}

#[test]
fn what_the_agents_send_breaks_no_rule() {
    for (from, transmit) in datagrams() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        let broken = verdict(&message);
        let text = String::from_utf8_lossy(&transmit.bytes);
        assert!(broken.is_empty(), "{} -> {}: {broken:?}\n{text}", name(from), name(transmit.to));
    }
}

#[test]
fn every_datagram_twice_gives_the_same_views() {
    let mut once = Net::new();
    play(&mut once, |_| {});
    let mut twice = Net::new();
    twice.copies = 2;
    play(&mut twice, |_| {});
    assert_eq!(views(&once), views(&twice));
    assert_eq!(once.ue_events, twice.ue_events);
    assert_eq!(once.focus_events, twice.focus_events);
    assert_eq!(once.bob_events, twice.bob_events);
    assert_eq!(once.carol_events, twice.carol_events);
}

#[test]
fn late_copies_of_everything_change_no_view() {
    let mut net = Net::new();
    let mut script = datagrams();
    play(&mut net, |_| {});
    let before = views(&net);
    for (from, transmit) in script.drain(..) {
        net.deliver(from, &transmit);
    }
    net.settle();
    assert_eq!(views(&net), before);
}

#[test]
fn early_timeouts_change_nothing() {
    let mut net = Net::new();
    play(&mut net, |net| {
        let before = net.clone();
        let deadlines =
            [net.ue.poll_timeout(), net.focus.poll_timeout(), net.bob.poll_timeout(), net.carol.poll_timeout()];
        let earlier = |deadline: Option<Time>| match deadline {
            Some(deadline) => deadline - Duration::from_millis(1),
            None => net.now + Duration::from_secs(1_000_000),
        };
        net.ue.handle_timeout(earlier(deadlines[0]));
        net.focus.handle_timeout(earlier(deadlines[1]));
        net.bob.handle_timeout(earlier(deadlines[2]));
        net.carol.handle_timeout(earlier(deadlines[3]));
        assert_eq!(*net, before);
    });
}

#[test]
fn the_next_deadline_is_the_earliest_timer() {
    let mut net = Net::new();
    play(&mut net, |net| {
        let earliest = |timers: Vec<imsconf::time::Timer>| timers.iter().map(|timer| timer.at).min();
        assert_eq!(net.ue.poll_timeout(), earliest(net.ue.timers()));
        assert_eq!(net.focus.poll_timeout(), earliest(net.focus.timers()));
        assert_eq!(net.bob.poll_timeout(), earliest(net.bob.timers()));
    });
}

/// What a fault of the network or an attacker does to a datagram.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(place, byte)| Damage::Flip(place, byte)),
        index().prop_map(Damage::Cut),
        (index(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(place, bytes)| Damage::Insert(place, bytes)),
        (index(), index()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for damage in damage {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Flip(place, byte) => {
                let place = place.index(bytes.len());
                bytes[place] ^= byte;
            }
            Damage::Cut(place) => bytes.truncate(place.index(bytes.len())),
            Damage::Insert(place, inserted) => {
                let place = place.index(bytes.len());
                bytes.splice(place..place, inserted.iter().copied());
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, part);
            }
        }
    }
    bytes
}

/// The state of a conference after each part of its life.
fn situations() -> Vec<Net> {
    let mut situations = vec![Net::new()];
    play(&mut Net::new(), |net| situations.push(net.clone()));
    situations
}

/// Gives bytes to every agent in a situation. None panics, and what is discarded changes nothing.
fn survives(situation: &Net, from: Addr, bytes: &[u8]) {
    macro_rules! check {
        ($agent:ident) => {{
            let mut agent = situation.$agent.clone();
            let receipt = agent.handle_datagram(situation.now, from, bytes);
            if let Receipt::Discarded(why) = receipt {
                assert_eq!(agent, situation.$agent, "{why:?} by {}", stringify!($agent));
            }
            while agent.poll_transmit().is_some() {}
            while agent.poll_event().is_some() {}
            let _ = (agent.poll_timeout(), agent.timers());
            agent.handle_timeout(situation.now + Duration::from_secs(40));
        }};
    }
    check!(ue);
    check!(pcscf);
    check!(scscf);
    check!(focus);
    check!(bob);
    check!(carol);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_an_agent_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        place in any::<prop::sample::Index>(),
    ) {
        thread_local!(static SITUATIONS: Vec<Net> = situations());
        SITUATIONS.with(|situations| survives(place.get(situations), at(ADDRESSES[3]), &bytes));
    }

    #[test]
    fn no_damaged_datagram_makes_an_agent_panic(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        damage in prop::collection::vec(damage(), 0..5),
    ) {
        thread_local!(static MATERIAL: (Vec<Net>, Vec<(Addr, Transmit)>) = (situations(), datagrams()));
        MATERIAL.with(|(situations, datagrams)| {
            let (from, transmit) = which.get(datagrams);
            survives(place.get(situations), *from, &damaged(transmit.bytes.clone(), &damage));
        });
    }
}
