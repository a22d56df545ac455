//! An invited user who is already in a call with the UE: the conference replaces that call (RFC 3891, TS 34.229-5
//! A.20).

mod common;

use common::{BOB, FOCUS, Net, at, edited, hosts, name, ue_config, uri};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::config::UeConfig;
use imsconf::role::participant::{self, Command, Event};
use imsconf::role::ue::{self, InviteMode, SecondOffer};
use imsconf::view::{Counts, ParticipantState, PlainCallState, ReferralState};
use imsconf::wire::{Message, Name};

const ALICE: &str = "sip:alice@home.example";
const BOB_URI: &str = "sip:bob@home.example";

/// Who called whom before the conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// Alice, who will create the conference, called.
    Originating,
    /// Bob did.
    Terminating,
}

/// Alice and Bob talk, and Alice creates a conference.
fn talking(leg: Leg) -> Net {
    talking_as(leg, ue_config())
}

fn talking_as(leg: Leg, alice: UeConfig) -> Net {
    let mut net = Net::with(alice, common::focus_config());
    match leg {
        Leg::Originating => {
            ask(&mut net, ue::Command::Call { target: uri(BOB_URI) });
            net.bob(Command::Ring);
            net.bob(Command::Answer);
        }
        Leg::Terminating => {
            net.bob(Command::Call { target: uri(ALICE) });
            ask(&mut net, ue::Command::Answer);
        }
    }
    net.create(SecondOffer::Prack);
    assert_eq!(calls(&net), (PlainCallState::Up, PlainCallState::Up));
    net.ladder.clear();
    net
}

fn ask(net: &mut Net, command: ue::Command) {
    net.ue.handle_command(net.now, command).expect("a command that is possible");
    net.settle();
}

/// The call of Alice and Bob at either end.
fn calls(net: &Net) -> (PlainCallState, PlainCallState) {
    (net.ue.view().calls[0].state, net.bob.view().calls[0].state)
}

/// The INVITE of the focus to Bob, held back.
fn invite_of_bob(net: &mut Net) -> Transmit {
    let command = ue::Command::Invite { target: uri(BOB_URI), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    loop {
        let (from, transmit) = net.queue.pop_front().expect("the focus calls Bob");
        if name(transmit.to) == "bob" {
            return transmit;
        }
        net.deliver(from, &transmit);
    }
}

#[test]
fn the_conference_takes_the_place_of_a_call() {
    for leg in [Leg::Originating, Leg::Terminating] {
        let mut net = talking(leg);
        net.bob_events.clear();
        net.invite(BOB_URI);
        assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(200), "{leg:?}");
        assert_eq!(net.bob.view().call, ParticipantState::InCall, "{leg:?}");
        assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over), "{leg:?}");
        assert!(net.bob.view().calls[0].replaced);
        let (alice, bob) = (uri(ALICE), uri(BOB_URI));
        assert!(net.ue_events.contains(&ue::Event::CallOver { peer: bob }));
        let told = [Event::Replaced { peer: alice.clone() }, Event::CallOver { peer: alice }];
        assert!(told.iter().all(|event| net.bob_events.contains(event)), "{:?}", net.bob_events);
        net.leave();
        net.run_dry();
        assert_eq!(net.ue.view().counts, Counts::default(), "{leg:?}");
        assert_eq!(net.bob.view().counts, Counts::default(), "{leg:?}");
    }
}

/// Bob knows whom he talks to: there the REFER names Alice although she wants privacy, and Bob is sure that it is she
/// who asks.
#[test]
fn privacy_is_no_hindrance() {
    for leg in [Leg::Originating, Leg::Terminating] {
        let mut net = talking_as(leg, UeConfig { privacy: true, ..ue_config() });
        net.invite(BOB_URI);
        net.run_dry();
        assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over), "{leg:?}");
        assert_eq!(net.bob.view().call, ParticipantState::InCall, "{leg:?}");
    }
}

/// The new call stands before the old one goes, Bob's phone does not ring again, and it is he who ends the old call.
#[test]
fn make_before_break() {
    let mut net = talking(Leg::Originating);
    net.invite(BOB_URI);
    let bob = |line: &&String| line.starts_with("bob") || (line.contains("-> bob") && !line.starts_with("pcscf"));
    let steps: Vec<_> = net.ladder.iter().filter(bob).map(String::as_str).collect();
    let expected = [
        "focus -> bob   INVITE sip:bob@home.example +sdp",
        "bob   -> focus 100 Trying (INVITE)",
        "bob   -> focus 200 OK (INVITE) +sdp",
        "bob   -> scscf BYE sip:alice@[2001:db8::9]:5060",
        "focus -> bob   ACK sip:bob@192.0.2.41:5060",
        "scscf -> bob   200 OK (BYE)",
    ];
    let steps: Vec<_> = steps.into_iter().filter(|step| !step.contains("100 Trying")).collect();
    assert_eq!(steps, expected.into_iter().filter(|step| !step.contains("100 Trying")).collect::<Vec<_>>());
}

/// What the REFER says reaches Bob unchanged: Replaces decoded once, Referred-By as it was written.
#[test]
fn the_focus_passes_on_what_it_was_asked() {
    let mut net = talking(Leg::Terminating);
    let transmit = invite_of_bob(&mut net);
    let invite = Message::parse(&transmit.bytes).expect("SIP");
    assert!(invite.requires("replaces"));
    assert_eq!(invite.field(Name::ReferredBy), Some(&b"<sip:alice@home.example>"[..]));
    let replaces = invite.replaces().expect("a dialog is named");
    let mut named = net.bob.clone();
    named.handle_datagram(net.now, at(FOCUS), &transmit.bytes);
    assert_eq!(named.view().calls[0].state, PlainCallState::Leaving);
    assert_ne!(replaces.to_tag, replaces.from_tag);
}

#[test]
fn a_telephone_number_becomes_a_sip_uri() {
    let mut config = ue_config();
    config.hosts = hosts().with_user("tel:+12015550123", at(BOB)).with_user("sip:+12015550123@home.example", at(BOB));
    // Without the proxies, who know nobody by that number.
    config.route.clear();
    let mut focus = common::focus_config();
    focus.hosts = config.hosts.clone();
    let mut net = Net::with(config, focus);
    ask(&mut net, ue::Command::Call { target: uri("tel:+12015550123") });
    net.bob(Command::Answer);
    net.create(SecondOffer::Prack);
    // Written in another way, it is the same number.
    net.invite("tel:+1-201-555-0123");
    let refer = net.ladder.iter().find(|line| line.contains("REFER")).expect("a REFER");
    assert!(refer.contains("to <sip:+12015550123@home.example;user=phone?Replaces="), "{refer}");
    assert!(refer.contains("%3Bto-tag%3D") && refer.contains("%3Bfrom-tag%3D"), "{refer}");
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(200));
    assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over));
}

/// RFC 3891 section 4: nobody replaces an early dialog but at the end that began it.
#[test]
fn a_call_that_still_rings_is_replaced_only_at_its_caller() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    ask(&mut net, ue::Command::Call { target: uri(BOB_URI) });
    net.bob(Command::Ring);
    let invite = ue::Command::Invite { target: uri(BOB_URI), mode: InviteMode::ReferToFocus };
    let refused = net.ue.handle_command(net.now, invite.clone()).expect_err("Bob's phone rings");
    assert!(refused.to_string().contains("not yet answered"), "{refused}");

    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.bob(Command::Call { target: uri(ALICE) });
    assert!(net.ue.handle_command(net.now, invite.clone()).is_err(), "Bob knows no dialog yet");
    ask(&mut net, ue::Command::Ring);
    net.ladder.clear();
    ask(&mut net, invite);
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
    assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over));
    assert!(net.ladder.iter().any(|line| line.contains("bob   -> ue    CANCEL")), "{:#?}", net.ladder);
}

/// Whatever is refused leaves the old call as it was (RFC 3891 section 3).
#[test]
fn what_must_be_refused_is_refused_and_changes_nothing() {
    let mut net = talking(Leg::Originating);
    let transmit = invite_of_bob(&mut net);
    let text = String::from_utf8(transmit.bytes.clone()).expect("text");
    let line = text.lines().find(|line| line.starts_with("Replaces: ")).expect("Replaces").to_owned();
    let (call_id, tags) = line.trim_start_matches("Replaces: ").split_once(';').expect("tags");
    let swapped = tags.replace("to-tag", "x").replace("from-tag", "to-tag").replace("x=", "from-tag=");
    let referred = "Referred-By: <sip:alice@home.example>";
    let cases = [
        (&line, format!("{line}\r\n{line}"), 400),
        (&line, format!("Replaces: {call_id};{}", tags.split(';').next().expect("one")), 400),
        (&line, format!("{line}\r\nJoin: {call_id};{tags}"), 400),
        (&line, format!("Replaces: {call_id};{swapped}"), 481),
        (&line, format!("Replaces: x{call_id};{tags}"), 481),
        (&line, format!("{line}x"), 481),
        (&line, format!("{line};early-only"), 486),
        (&line, format!("{line}\r\nRequire: x"), 420),
        (&referred.to_owned(), "Referred-By: <sip:carol@home.example>".to_owned(), 403),
        (&referred.to_owned(), "X: y".to_owned(), 403),
        (&"Content-Type: application/sdp".to_owned(), "Content-Type: text/x".to_owned(), 415),
        (&"m=audio".to_owned(), "m=video".to_owned(), 488),
    ];
    for (old, new, code) in cases {
        let mut net = net.clone();
        let bytes = edited(&transmit.bytes, old, &new);
        let before = net.bob.view().calls;
        net.bob.handle_datagram(net.now, at(FOCUS), &bytes);
        let mut answers = std::iter::from_fn(|| net.bob.poll_transmit());
        let answer = answers.next().expect("an answer");
        assert_eq!(Message::parse(&answer.bytes).expect("SIP").status(), Some(code), "{new}");
        assert!(answers.next().is_none(), "{new}");
        assert_eq!(net.bob.view().calls, before, "{new}");
        assert!(net.bob.poll_event().is_none(), "{new}: his phone does not ring");
    }
}

/// Whoever hangs up first: nobody is called again, and the referrer hears what became of it.
#[test]
fn hanging_up_races_with_the_replacement() {
    // Bob hangs up before the INVITE reaches him.
    let mut net = talking(Leg::Terminating);
    let transmit = invite_of_bob(&mut net);
    net.bob.handle_command(net.now, Command::HangUp { peer: uri(ALICE) }).expect("hang up");
    net.collect();
    net.deliver(at(FOCUS), &transmit);
    net.settle();
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(603));
    assert_eq!(net.bob.view().call, ParticipantState::Idle);
    assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over));

    // Both end the old call at once.
    let mut net = talking(Leg::Terminating);
    let transmit = invite_of_bob(&mut net);
    net.ue.handle_command(net.now, ue::Command::HangUp { peer: uri(BOB_URI) }).expect("hang up");
    net.deliver(at(FOCUS), &transmit);
    net.settle();
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(200));
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
    assert_eq!(calls(&net), (PlainCallState::Over, PlainCallState::Over));

    // Without a call there is nothing to replace, and his phone rings.
    let mut net = talking(Leg::Originating);
    net.bob(Command::HangUp { peer: uri(ALICE) });
    net.invite(BOB_URI);
    assert!(!net.ladder.iter().any(|line| line.contains("Replaces")));
    assert_eq!(net.bob.view().call, ParticipantState::Offered);
    assert!(net.bob.handle_command(net.now, participant::Command::HangUp { peer: uri(ALICE) }).is_err());
}
