//! Our own agents, seen through a capture: whoever captures where, the roles are found and nothing is called a failure.

use std::net::SocketAddr;
use std::time::Duration;

use imsconf::time::Time;
use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::oracle::{Sip, Start};
use imsconf_properties::schedule::{SecondOffer, Settings, Step};
use imsconf_properties::trace::{Capture, Frame, Options, Procedure, TraceReport, judge_capture};
use imsconf_properties::verdict::Level;
use imsconf_properties::world::{Move, Node, World};

/// Runs commands, each until everything it led to has arrived, and captures every datagram that arrives anywhere.
fn captured(commands: &[Step]) -> Capture {
    let challenges = commands.iter().any(|command| matches!(command, Step::Challenge(_)));
    let mut world = World::new(Settings { challenges, ..Settings::default() }, None);
    let mut capture = Capture::default();
    for (command, next) in commands.iter().zip(commands.iter().skip(1).map(Some).chain([None])) {
        match command {
            // The request arrives at the hop that challenges it.
            Step::Challenge(number) => {
                note(&world, &mut capture);
                world.apply(Move::Challenge(*number));
            }
            command => drop(world.apply(Move::Command(*command))),
        }
        if !matches!(next, Some(Step::Challenge(_))) {
            arrive(&mut world, &mut capture);
        }
    }
    while !world.is_quiescent() {
        world.apply(Move::Fire);
        arrive(&mut world, &mut capture);
    }
    capture
}

fn arrive(world: &mut World, capture: &mut Capture) {
    while note(world, capture) {
        world.apply(Move::Deliver(0));
    }
}

/// Captures the oldest datagram in flight, if there is one.
fn note(world: &World, capture: &mut Capture) -> bool {
    let Some(datagram) = world.in_flight().first() else { return false };
    capture.total += 1;
    capture.frames.push(Frame {
        number: capture.total,
        time: world.now().since(Time::EPOCH) + Duration::from_millis(u64::from(capture.total)),
        source: datagram.from.address().socket,
        destination: datagram.to.address().socket,
        direction: None,
        message: Sip::read(&datagram.bytes).expect("our own message"),
        octets: datagram.bytes.to_vec(),
    });
    true
}

/// What somebody sees who captures at one node.
fn at(capture: &Capture, node: Node) -> Capture {
    let here = node.address().socket;
    let mut seen = capture.clone();
    seen.frames.retain(|frame| frame.source == here || frame.destination == here);
    seen
}

fn failures(report: &TraceReport) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.level == Level::Fail).collect()
}

fn addresses(report: &TraceReport, party: Party) -> Vec<SocketAddr> {
    report.roles.iter().find(|role| role.party == party).map(|role| role.addresses.clone()).unwrap_or_default()
}

const EVERYTHING: &[Step] = &[
    Step::Create(SecondOffer::Update),
    Step::Subscribe,
    Step::Invite(0),
    Step::Ring(0),
    Step::Answer(0),
    Step::Invite(1),
    Step::Busy(1),
    Step::UserLeaves(0),
    Step::Leave,
];

/// What the UE sends first is challenged, each time.
const CHALLENGED: &[Step] = &[
    Step::Create(SecondOffer::Prack),
    Step::Challenge(0),
    Step::Subscribe,
    Step::Challenge(0),
    Step::Invite(0),
    Step::Challenge(0),
    Step::Answer(0),
    Step::Leave,
    Step::Challenge(0),
];

/// Requests that are sent again with credentials take the place of those that were challenged.
#[test]
fn seen_under_challenge() {
    let whole = captured(CHALLENGED);
    let challenges = whole.frames.iter().filter(|frame| frame.message.status() == Some(407)).count();
    assert_eq!(challenges, 4);
    let at_both_ends = [
        (whole.clone(), Options::default()),
        (at(&whole, Node::Ue), Options { vantage: Some(Party::Ue), ..Options::default() }),
    ];
    for (capture, options) in at_both_ends {
        let report = judge_capture(&capture, options);
        assert_eq!(failures(&report), Vec::<&Finding>::new(), "{report}");
        let answered = |what: &str| {
            let step = report.steps.iter().find(|step| step.what == what).expect("a step");
            let frame = capture.frames.iter().find(|frame| step.numbers.first() == Some(&frame.number));
            frame.and_then(|frame| frame.message.status())
        };
        assert_eq!(["202 (REFER)", "200 (BYE)"].map(answered), [Some(202), Some(200)], "{report}");
        assert_eq!(report.steps.iter().filter(|step| step.what == "REFER").count(), 1, "{report}");
    }
}

#[test]
fn seen_everywhere() {
    let report = judge_capture(&captured(EVERYTHING), Options::default());
    assert_eq!(failures(&report), Vec::<&Finding>::new());
    let all =
        [Procedure::Creation, Procedure::EventSubscription, Procedure::InvitationThroughFocus, Procedure::Leaving];
    assert_eq!(report.procedures, all);
    for (party, node) in [
        (Party::Ue, Node::Ue),
        (Party::Focus, Node::Focus),
        (Party::Participant(0), Node::User(0)),
        (Party::Participant(1), Node::User(1)),
    ] {
        assert_eq!(addresses(&report, party), [node.address().socket], "{party}");
    }
    insta::assert_snapshot!(report);
}

#[test]
fn seen_at_one_end() {
    let whole = captured(EVERYTHING);
    let table = [
        (Node::Ue, Party::Ue, Some(Party::Focus), Node::PCscf),
        (Node::Focus, Party::Focus, Some(Party::Ue), Node::SCscf),
    ];
    for (node, here, there, hop) in table {
        let report = judge_capture(&at(&whole, node), Options { vantage: Some(here), ..Options::default() });
        assert_eq!(failures(&report), Vec::<&Finding>::new(), "{report}");
        assert_eq!(addresses(&report, here), [node.address().socket]);
        if let Some(there) = there {
            assert_eq!(addresses(&report, there), [hop.address().socket]);
        }
        assert!(report.procedures.contains(&Procedure::InvitationThroughFocus));
    }
}

/// Two conferences in one capture are told apart, even if they overlap.
#[test]
fn two_conferences() {
    let first = captured(EVERYTHING);
    let mut capture = first.clone();
    let later =
        captured(&[Step::Create(SecondOffer::Prack), Step::Subscribe, Step::Invite(1), Step::Answer(1), Step::Leave]);
    for mut frame in later.frames {
        // Another UE at the same focus: other addresses, Call-IDs and conference.
        for address in [&mut frame.source, &mut frame.destination] {
            if *address == Node::Ue.address().socket {
                address.set_ip("2001:db8::99".parse().expect("an address"));
            }
        }
        rename(&mut frame.message);
        capture.frames.push(frame);
    }
    // The sort is stable: frame by frame in turn.
    capture.frames.sort_by_key(|frame| frame.number);
    for (frame, number) in capture.frames.iter_mut().zip(1..) {
        frame.number = number;
        frame.time = Duration::from_millis(number.into());
    }
    let report = judge_capture(&capture, Options::default());
    assert_eq!(failures(&report), Vec::<&Finding>::new(), "{report}");
    let creations = report.steps.iter().filter(|step| step.what == "200 (INVITE)" && !step.numbers.is_empty());
    assert_eq!(creations.map(|step| step.conference).collect::<Vec<_>>(), [1, 2]);
}

fn rename(message: &mut Sip) {
    for header in &mut message.headers {
        if header.name.eq_ignore_ascii_case("Call-ID") {
            header.value.push_str("-2");
        }
        header.value = header.value.replace("final-", "final-2-");
    }
    if let Start::Request { uri, .. } = &mut message.start {
        *uri = uri.replace("final-", "final-2-");
    }
    let body = String::from_utf8_lossy(&message.body).replace("final-", "final-2-");
    message.body = body.into_bytes();
}

/// Between the proxies nobody is at home, yet both ends are known.
#[test]
fn seen_between_the_proxies() {
    let whole = captured(EVERYTHING);
    let mut between = at(&whole, Node::PCscf);
    between
        .frames
        .retain(|frame| frame.source != Node::Ue.address().socket && frame.destination != Node::Ue.address().socket);
    let report = judge_capture(&between, Options::default());
    assert_eq!(failures(&report), Vec::<&Finding>::new(), "{report}");
    assert_eq!(addresses(&report, Party::Ue), [Node::PCscf.address().socket]);
    assert_eq!(addresses(&report, Party::Focus), [Node::SCscf.address().socket]);
}

/// A capture that begins or ends anywhere in a conforming call, or misses a frame, never calls anybody a failure.
#[test]
fn a_part_of_a_conforming_call_is_no_failure() {
    let shorter = [Step::Create(SecondOffer::Prack), Step::Subscribe, Step::Invite(0), Step::Answer(0), Step::Leave];
    for commands in [EVERYTHING, &shorter, CHALLENGED] {
        let whole = captured(commands);
        for seen in [at(&whole, Node::Ue), at(&whole, Node::Focus), whole] {
            for cut in 0..seen.frames.len() {
                let mut holed = seen.frames.clone();
                holed.remove(cut);
                let parts = [seen.frames[..cut].to_vec(), seen.frames[cut..].to_vec(), holed];
                for (part, name) in parts.into_iter().zip(["before", "from", "without"]) {
                    let part = Capture { frames: part, ..seen.clone() };
                    let report = judge_capture(&part, Options::default());
                    assert_eq!(failures(&report), Vec::<&Finding>::new(), "{name} {cut}\n{report}");
                }
            }
        }
    }
}
