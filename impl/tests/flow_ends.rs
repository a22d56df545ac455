//! How calls end when both sides end them or nobody answers (RFC 3261 section 15.1), and what a focus does that has no
//! room for more.

mod common;

use std::time::Duration;

use common::{BOB, Net, SCSCF, at, edited, focus_config, name, ue_config, uri};
use imsconf::agent::Agent as _;
use imsconf::role::config::Hosts;
use imsconf::role::focus::MAX_EXPULSIONS;
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, SecondOffer, Ue};
use imsconf::view::{CallState, Counts, FocusCallState, LegState, ParticipantState, PlainCallState};
use imsconf::wire::{Message, Method};

const ALICE: &str = "sip:alice@home.example";
const BOB_URI: &str = "sip:bob@home.example";

/// Long enough for Timer F.
const FOR_EVER: Duration = Duration::from_secs(200);

fn is_bye(message: &Message<'_>) -> bool {
    message.method() == Some(Method::Bye)
}

/// A conference with Bob in it.
fn joined() -> Net {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite(BOB_URI);
    net.bob(Command::Answer);
    net.ladder.clear();
    net
}

/// How many BYEs were answered, with which codes, each once.
fn answers_to_bye(net: &Net) -> Vec<&str> {
    let ends = ["ue ", "focus", "bob"];
    let answers = net.ladder.iter().filter(|line| line.contains("(BYE)"));
    let first = answers.filter(|line| ends.iter().any(|end| line.starts_with(end)));
    first.filter_map(|line| line.split_whitespace().nth(3)).collect()
}

#[test]
fn calls_that_both_hang_up_are_over_for_both() {
    for called_by_alice in [true, false] {
        let mut net = Net::new();
        if called_by_alice {
            net.ue.handle_command(net.now, ue::Command::Call { target: uri(BOB_URI) }).expect("call");
            net.settle();
            net.bob(Command::Answer);
        } else {
            net.bob(Command::Call { target: uri(ALICE) });
            net.ue.handle_command(net.now, ue::Command::Answer).expect("answer");
            net.settle();
        }
        net.ladder.clear();
        net.ue.handle_command(net.now, ue::Command::HangUp { peer: uri(BOB_URI) }).expect("hang up");
        net.bob(Command::HangUp { peer: uri(ALICE) });
        assert_eq!(answers_to_bye(&net), ["200", "200"], "{:#?}", net.ladder);
        let states = (net.ue.view().calls[0].state, net.bob.view().calls[0].state);
        assert_eq!(states, (PlainCallState::Over, PlainCallState::Over));
        net.run_dry();
        assert_eq!((net.ue.view().counts, net.bob.view().counts), (Counts::default(), Counts::default()));
    }
}

#[test]
fn a_user_who_leaves_while_he_is_expelled_is_gone_for_both() {
    let mut net = joined();
    net.ue.handle_command(net.now, ue::Command::Expel { target: uri(BOB_URI) }).expect("expel");
    net.collect();
    while !net.ladder.iter().any(|line| line.contains("-> bob") && line.contains("BYE")) {
        let (from, transmit) = net.queue.pop_front().expect("the focus says BYE");
        net.deliver(from, &transmit);
    }
    net.bob(Command::Leave);
    assert_eq!(answers_to_bye(&net), ["200", "200"], "{:#?}", net.ladder);
    assert_eq!(net.bob.view().call, ParticipantState::Over);
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Over);
}

/// A BYE without an answer ends the call at who sent it (RFC 3261 section 15.1.1).
#[test]
fn a_bye_that_nobody_answers_ends_the_call_all_the_same() {
    let mut net = joined();
    net.ue.handle_command(net.now, ue::Command::Leave).expect("leave");
    net.run_until_unless(net.now + FOR_EVER, is_bye);
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed, "it knows nothing");

    let mut net = joined();
    net.ue.handle_command(net.now, ue::Command::Leave).expect("leave");
    net.run_until_unless(net.now + FOR_EVER, |message| {
        is_bye(message) && message.to().is_ok_and(|to| String::from_utf8_lossy(to.uri.as_bytes()).contains("bob"))
    });
    let conference = &net.focus.view().conferences[0];
    assert_eq!((conference.call, conference.invitations[0].leg), (FocusCallState::Over, LegState::Over));
    assert_eq!(net.focus.view().counts, Counts::default());
    assert_eq!(net.bob.view().call, ParticipantState::InCall, "he knows nothing");
}

#[test]
fn a_conference_that_is_over_stays_known_as_long_as_there_is_room() {
    let mut net = joined();
    net.leave();
    net.run_dry();
    let mut config = ue_config();
    config.identity.incarnation = 1;
    net.ue = Ue::new(config);
    net.create(SecondOffer::Prack);
    let calls: Vec<_> = net.focus.view().conferences.iter().map(|conference| conference.call).collect();
    assert_eq!(calls, [FocusCallState::Over, FocusCallState::Confirmed]);
}

#[test]
fn so_many_are_expelled_and_no_more() {
    let nobody = |number: usize| format!("sip:user{number:02}@home.example");
    let hosts =
        |hosts: Hosts| (0..=MAX_EXPULSIONS).fold(hosts, |hosts, number| hosts.with_user(&nobody(number), at(BOB)));
    let (mut ue, mut focus) = (ue_config(), focus_config());
    (ue.hosts, focus.hosts) = (hosts(ue.hosts), hosts(focus.hosts));
    let mut net = Net::with(ue, focus);
    net.create(SecondOffer::Prack);
    net.ue.handle_command(net.now, ue::Command::Expel { target: uri(&nobody(0)) }).expect("expel");
    net.settle();
    let to_focus = net
        .said
        .iter()
        .rev()
        .find(|(_, transmit)| name(transmit.to) == "focus" && transmit.bytes.starts_with(b"REFER"));
    let first = to_focus.expect("a REFER").1.clone();
    let cseq = Message::parse(&first.bytes).expect("SIP").cseq().expect("a CSeq").number;
    let mut answers = Vec::new();
    for number in 1..=MAX_EXPULSIONS {
        let next = cseq + u32::try_from(number).expect("few");
        let bytes = edited(&first.bytes, &format!("CSeq: {cseq} "), &format!("CSeq: {next} "));
        let bytes = edited(&bytes, "user00", &format!("user{number:02}"));
        let bytes = edited(&bytes, "branch=z9hG4bK", &format!("branch=z9hG4bK{number}"));
        net.focus.handle_datagram(net.now, at(SCSCF), &bytes);
        let answer = std::iter::from_fn(|| net.focus.poll_transmit())
            .find_map(|sent| Message::parse(&sent.bytes).expect("SIP").status());
        answers.push(answer);
    }
    let last = answers.pop();
    assert!(answers.iter().all(|answer| *answer == Some(202)), "{answers:?}");
    assert_eq!(last, Some(Some(603)));
}
