//! A factory that says no: at once or after its 183, with every code, with what the code calls for (RFC 3261 sections
//! 8.1.3.2, 13.2.2.3 and 21, RFC 3312 section 8); and a mixer without room (TS 23.333).

mod common;

use common::{Net, uri};
use imsconf::agent::Agent as _;
use imsconf::error::CommandError;
use imsconf::role::focus::{self, Command};
use imsconf::role::participant;
use imsconf::role::ue::{self, Event, InvitationOutcome, InviteMode, SecondOffer};
use imsconf::view::{CallState, Counts, TerminationView};
use imsconf::wire::{Message, Name};

const BOB: &str = "sip:bob@home.example";
const CODES: [u16; 9] = [403, 404, 486, 488, 500, 503, 504, 580, 603];

fn operate(net: &mut Net, command: Command) {
    net.focus.handle_command(net.now, command).expect("the operator may");
    net.collect();
}

/// The last response to the INVITE that the focus sends when `act` is done, as text.
fn refusal(net: &mut Net, act: impl FnOnce(&mut Net)) -> String {
    act(net);
    let mut refusal = String::new();
    for _ in 0..200 {
        let Some((from, transmit)) = net.queue.pop_front() else { return refusal };
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let final_to_invite = message.status().is_some_and(|code| code >= 300)
            && message.field(Name::CSeq).is_some_and(|cseq| cseq.ends_with(b"INVITE"));
        if final_to_invite {
            refusal = String::from_utf8(transmit.bytes.clone()).expect("text");
        }
        net.deliver(from, &transmit);
    }
    panic!("it does not settle");
}

/// No conference, no dialog, no transaction, no termination; nothing can be done in what never was.
fn assert_nothing_came_of_it(net: &mut Net, code: u16) {
    assert_eq!(net.ue.view().call, CallState::Failed { code });
    assert_eq!(net.ue_events, [Event::CreationFailed { code }]);
    assert_eq!(net.ue.view().conference, None);
    for command in [
        ue::Command::Subscribe,
        ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus },
        ue::Command::Leave,
        ue::Command::Create { second_offer: SecondOffer::Prack },
    ] {
        assert!(net.ue.handle_command(net.now, command).is_err(), "{code}");
    }
    net.run_dry();
    let focus = net.focus.view();
    assert!(focus.conferences.is_empty());
    assert_eq!((net.ue.view().counts, focus.counts, focus.terminations), (Counts::default(), Counts::default(), 0));
    let sent = |what: &str| net.ladder.iter().any(|line| line.starts_with("ue ") && line.contains(what));
    assert!(sent("ACK"), "every failure is acknowledged");
    assert!(!sent("SUBSCRIBE") && !sent("REFER") && !sent("BYE") && !sent("CANCEL"), "{}", net.ends());
}

#[test]
fn a_factory_refuses_at_once() {
    for code in CODES {
        let mut net = Net::new();
        operate(&mut net, Command::RefuseCreations { code });
        net.create(SecondOffer::Prack);
        assert_nothing_came_of_it(&mut net, code);
    }
}

/// The failure response ends the early dialog, whatever goes on in it.
#[test]
fn a_factory_takes_its_183_back() {
    for code in CODES {
        for (second_offer, stop) in [(SecondOffer::Prack, "PRACK"), (SecondOffer::Update, "UPDATE")] {
            let mut net = Net::new();
            let create = ue::Command::Create { second_offer };
            net.ue.handle_command(net.now, create).expect("create");
            net.collect();
            // Until the request with the second offer is about to arrive.
            while !net.ladder.last().is_some_and(|line| line.contains("-> focus") && line.contains(stop)) {
                let (from, transmit) = net.queue.pop_front().expect("it gets there");
                net.deliver(from, &transmit);
            }
            operate(&mut net, Command::WithdrawCreations { code });
            net.settle();
            assert!(
                net.ladder.iter().any(|line| line.contains(&format!("481 Call/Transaction Does Not Exist ({stop})")))
            );
            assert_nothing_came_of_it(&mut net, code);
        }
    }
}

#[test]
fn a_refusal_says_what_its_code_calls_for() {
    let said = |code: u16| {
        let mut net = Net::new();
        operate(&mut net, Command::RefuseCreations { code });
        refusal(&mut net, |net| {
            net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
            net.collect();
        })
    };
    assert!(said(503).contains("\r\nRetry-After: 30\r\n"));
    assert!(!said(500).contains("Retry-After"));
    // RFC 3312 section 8: neither offer nor answer; the resources of the UE failed, seen from the focus.
    let failure = said(580);
    assert!(failure.starts_with("SIP/2.0 580 Precondition Failure\r\n"), "{failure}");
    assert!(
        failure.contains("\r\nm=audio 0 RTP/AVP ") && failure.contains("\r\na=des:qos failure remote sendrecv\r\n")
    );
}

/// RFC 3312 section 8: what nobody here knows cannot be promised.
#[test]
fn an_offer_with_a_mandatory_precondition_of_another_kind_is_refused() {
    let mut net = Net::new();
    let text = refusal(&mut net, |net| {
        net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
        net.collect();
        let (from, mut invite) = net.queue.pop_front().expect("the INVITE");
        // As long as what it replaces, so that the Content-Length holds.
        let (old, new) = ("a=des:qos optional remote sendrecv", "a=des:x mandatory remote sendrecv\n");
        invite.bytes = common::edited(&invite.bytes, old, new);
        net.queue.push_front((from, invite));
    });
    assert!(text.starts_with("SIP/2.0 580 "), "{text}");
    assert!(text.contains("\r\na=des:x unknown local sendrecv\r\n"), "{text}");
    assert_nothing_came_of_it(&mut net, 580);
}

#[test]
fn a_code_that_refuses_nothing_is_no_refusal() {
    let mut net = Net::new();
    for code in [0, 100, 200, 299, 700] {
        let result = net.focus.handle_command(net.now, Command::RefuseCreations { code });
        assert!(matches!(result, Err(CommandError::BadValue { .. })), "{code}");
    }
    operate(&mut net, Command::RefuseCreations { code: 500 });
    operate(&mut net, Command::Policy { admit_creation: true, admit_refer: true });
    net.create(SecondOffer::Prack);
    operate(&mut net, Command::WithdrawCreations { code: 500 });
    assert_eq!(net.ue.view().call, CallState::Confirmed, "what exists is not a promise any more");
}

fn context(net: &Net) -> Vec<(String, bool, bool)> {
    let view = |own: &TerminationView| (own.user.clone(), own.sends, own.receives);
    net.focus.view().conferences.iter().flat_map(|conference| &conference.context).map(view).collect()
}

/// One context per conference, a termination per participant: reserved before he is promised or offered media, in use
/// when he is connected, given back when he goes.
#[test]
fn the_context_follows_the_participants() {
    let alice = |flows: bool| (String::from("sip:alice@home.example"), flows, flows);
    let bob = |flows: bool| (String::from(BOB), flows, flows);
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while !net.ladder.iter().any(|line| line.contains("183")) {
        let (from, transmit) = net.queue.pop_front().expect("the INVITE is under way");
        net.deliver(from, &transmit);
    }
    assert_eq!(context(&net), [alice(false)], "before the answer");
    net.settle();
    assert_eq!(context(&net), [alice(true)]);
    net.invite(BOB);
    assert_eq!(context(&net), [alice(true), bob(false)], "before he is offered anything");
    net.bob(participant::Command::Answer);
    assert_eq!(context(&net), [alice(true), bob(true)]);
    net.bob(participant::Command::Leave);
    assert_eq!(context(&net), [alice(true)]);
    net.leave();
    assert_eq!((context(&net), net.focus.view().terminations), (vec![], 0));
}

#[test]
fn who_does_not_come_gives_his_termination_back() {
    for command in [participant::Command::Busy, participant::Command::Decline] {
        let mut net = Net::new();
        net.create(SecondOffer::Prack);
        net.invite(BOB);
        net.bob(command);
        assert_eq!(context(&net).len(), 1);
    }
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.leave();
    net.run_dry();
    assert_eq!(net.focus.view().terminations, 0, "the call to him was cancelled");
}

/// A mixer without room: no conference is promised, nobody is called, nobody appears in the roster.
#[test]
fn without_a_termination_nobody_comes_in() {
    let mut net = Net::new();
    operate(&mut net, Command::RefuseTerminations(true));
    net.create(SecondOffer::Prack);
    assert_nothing_came_of_it(&mut net, 503);

    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    operate(&mut net, Command::RefuseTerminations(true));
    net.ladder.clear();
    net.invite(BOB);
    let refused = InvitationOutcome::Refused(503);
    assert!(net.ue_events.contains(&Event::InvitationEnded { target: uri(BOB), outcome: refused }));
    assert!(!net.ladder.iter().any(|line| line.contains("INVITE")), "{}", net.ends());
    assert_eq!(net.focus.view().conferences[0].roster.len(), 1);
    assert_eq!(net.focus_events.last(), Some(&focus_refused(503, &net)));
    assert_eq!(net.ue.view().call, CallState::Confirmed, "the conference goes on");
}

fn focus_refused(code: u16, net: &Net) -> focus::Event {
    focus::Event::ReferRefused { conference: net.ue.view().conference.unwrap_or_default(), code }
}

#[test]
fn a_mixer_has_room_for_so_many() {
    let mut config = common::focus_config();
    config.maximum_terminations = 2;
    let mut net = Net::with(common::ue_config(), config);
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.invite("sip:carol@home.example");
    let refused = InvitationOutcome::Refused(503);
    let carol = uri("sip:carol@home.example");
    assert!(net.ue_events.contains(&Event::InvitationEnded { target: carol, outcome: refused }));
    net.bob(participant::Command::Busy);
    assert_eq!(net.focus.view().terminations, 1, "there is room again");
}
