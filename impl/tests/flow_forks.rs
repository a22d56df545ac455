//! More than one answerer to the factory INVITE: every 2xx is acknowledged, one call is kept, the others are ended (RFC
//! 3261 sections 12.1, 13.2.2.4 and 19.3, RFC 6026 section 7.2); and a refused PRACK, which leaves no call behind.

mod common;

use common::{Net, at, edited, summary};
use imsconf::agent::{Addr, Agent as _, Transmit};
use imsconf::role::ue::{Command, Event, SecondOffer};
use imsconf::view::{CallState, Counts, FocusCallState};
use imsconf::wire::Message;

/// A creation in which a `what` for the UE is about to arrive; and that datagram, taken out.
fn about_to_arrive(what: &str) -> (Net, Addr, Transmit) {
    let mut net = Net::new();
    net.ue.handle_command(net.now, Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    for _ in 0..200 {
        let (from, transmit) = net.queue.pop_front().expect("it gets there");
        if transmit.to == at(common::UE) && summary(&transmit.bytes).starts_with(what) {
            return (net, from, transmit);
        }
        net.deliver(from, &transmit);
    }
    panic!("no {what}:\n{}", net.ladder.join("\n"));
}

/// The same response from another answerer: with another To tag of the same length.
fn of_another(response: &Transmit) -> (String, Transmit) {
    let message = Message::parse(&response.bytes).expect("SIP");
    let tag = message.to().expect("a To").tag().map(|tag| String::from_utf8_lossy(tag).into_owned()).expect("a tag");
    let other = "b".repeat(tag.len());
    let bytes = edited(&response.bytes, &format!("tag={tag}"), &format!("tag={other}"));
    (other, Transmit { bytes, ..response.clone() })
}

/// What the UE has sent since the ladder was cleared with this tag in To.
fn sent_to(net: &Net, tag: &str) -> Vec<String> {
    let sent = net.queue.iter().filter(|(_, transmit)| {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        message.to().is_ok_and(|to| to.tag() == Some(tag.as_bytes()))
    });
    sent.map(|(_, transmit)| summary(&transmit.bytes).split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_second_2xx_is_acknowledged_and_its_call_ended() {
    let (mut net, from, success) = about_to_arrive("200 OK (INVITE)");
    let (other, second) = of_another(&success);
    net.deliver(from, &success);
    let conference = net.ue.view().conference;
    net.settle();
    for copy in 0..2 {
        net.deliver(from, &second);
        let expected: &[&str] = if copy == 0 { &["ACK", "BYE"] } else { &["ACK"] };
        assert_eq!(sent_to(&net, &other), expected, "copy {copy}");
        net.queue.clear();
    }
    assert_eq!((net.ue.view().call, net.ue.view().conference), (CallState::Confirmed, conference));
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed, "the call that was kept");
}

/// The answerer whose 2xx comes first need not be the one whose 183 was acknowledged.
#[test]
fn the_first_2xx_makes_the_call_whoever_sends_it() {
    let (mut net, from, success) = about_to_arrive("200 OK (INVITE)");
    let (other, first) = of_another(&success);
    net.deliver(from, &first);
    assert_eq!(sent_to(&net, &other), ["ACK"]);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    net.queue.clear();
    net.deliver(from, &success);
    let tag = Message::parse(&success.bytes).expect("SIP").to().expect("a To").tag().map(<[u8]>::to_vec);
    let tag = String::from_utf8(tag.expect("a tag")).expect("text");
    assert_eq!(sent_to(&net, &tag), ["ACK", "BYE"], "the other one is ended");
}

/// RFC 6337 section 2.3 leaves a 488 to a PRACK open. The UE takes the second offer for refused and gives up; the 2xx
/// that crosses its CANCEL is acknowledged and ended.
#[test]
fn a_prack_that_is_answered_488_ends_the_call() {
    let (mut net, from, answer) = about_to_arrive("200 OK (PRACK)");
    let bytes = edited(&answer.bytes, "SIP/2.0 200 OK", "SIP/2.0 488 Not Acceptable Here");
    net.deliver(from, &Transmit { bytes, ..answer });
    assert_eq!(net.ue.view().call, CallState::Abandoned { code: 488, cancelled: true });
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 488 }]);
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

/// The answer of the other answerer to a request of the UE, as it reaches the UE.
fn answered(request: &Transmit, body: Option<&str>) -> Vec<u8> {
    let text = String::from_utf8(request.bytes.clone()).expect("text");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines = head.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
    let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
    let (media, body) = body.map_or(("", ""), |body| ("Content-Type: application/sdp\r\n", body));
    format!("SIP/2.0 200 OK\r\n{lines}{media}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Delivers everything; what the UE sends to the answerer with this tag arrives there and is answered 200. What it was,
/// with the `CSeq` numbers.
fn settle_with_another(net: &mut Net, other: &str, answer: &str) -> Vec<String> {
    let mut heard = Vec::new();
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let meant = message.to().is_ok_and(|to| to.tag() == Some(other.as_bytes()));
        if transmit.to != at(common::FOCUS) || !meant || message.method().is_none() {
            net.deliver(from, &transmit);
            continue;
        }
        let method = summary(&transmit.bytes).split(' ').next().unwrap_or_default().to_owned();
        heard.push(format!("{method} {}", message.cseq().expect("a CSeq").number));
        if method != "ACK" {
            let body = (!message.body().is_empty()).then_some(answer);
            let bytes = answered(&transmit, body);
            net.deliver(at(common::FOCUS), &Transmit { to: from, bytes });
        }
    }
    heard
}

/// Two reliable 183 of two answerers have arrived; and the tag and the session description of the other one.
fn forked(second_offer: SecondOffer) -> (Net, String, String) {
    let mut net = Net::new();
    net.ue.handle_command(net.now, Command::Create { second_offer }).expect("create");
    net.collect();
    loop {
        let (from, transmit) = net.queue.pop_front().expect("a 183 gets there");
        net.deliver(from, &transmit);
        if transmit.to == at(common::UE) && summary(&transmit.bytes).starts_with("183") {
            let (other, second) = of_another(&transmit);
            let body = String::from_utf8(Message::parse(&second.bytes).expect("SIP").body().to_vec()).expect("text");
            net.deliver(from, &second);
            return (net, other, body);
        }
    }
}

/// Each early dialog has its own PRACK, its own second offer and its own count of requests.
#[test]
fn each_early_dialog_has_a_procedure_of_its_own() {
    for (second_offer, expected) in
        [(SecondOffer::Prack, &["PRACK 2"][..]), (SecondOffer::Update, &["PRACK 2", "UPDATE 3"])]
    {
        let (mut net, other, body) = forked(second_offer);
        assert_eq!(net.ue.view().counts.dialogs, 2);
        assert_eq!(settle_with_another(&mut net, &other, &body), expected, "{second_offer:?}");
        assert_eq!(net.ue.view().call, CallState::Confirmed);
        assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
        assert_eq!(net.ue.view().counts.dialogs, 1, "without a 2xx the other is nothing that lasts");
    }
}

/// The 2xx of the other answerer comes first: the call is his, with the numbers of his dialog, and the one whose 183
/// was first is acknowledged and ended, with the next number of its own.
#[test]
fn the_2xx_of_the_second_early_dialog_makes_the_call() {
    let (mut net, other, body) = forked(SecondOffer::Update);
    let mut first = None;
    net.collect();
    // Up to the focus' 2xx, which is held back.
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let meant = message.to().is_ok_and(|to| to.tag() == Some(other.as_bytes())) && message.method().is_some();
        if transmit.to == at(common::UE) && summary(&transmit.bytes).starts_with("200 OK (INVITE)") {
            first = Some((from, transmit));
        } else if transmit.to == at(common::FOCUS) && meant {
            let offers = (!message.body().is_empty()).then_some(body.as_str());
            let bytes = answered(&transmit, offers);
            net.deliver(at(common::FOCUS), &Transmit { to: from, bytes });
        } else {
            net.deliver(from, &transmit);
        }
    }
    let (from, success) = first.expect("the focus accepts");
    let (_, second) = of_another(&success);
    net.deliver(from, &second);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert_eq!(settle_with_another(&mut net, &other, &body), ["ACK 1"]);
    net.said.clear();
    net.deliver(from, &success);
    let numbers = |net: &Net| {
        let own = net.said.iter().filter(|(from, _)| common::name(*from) == "ue").map(|(_, sent)| sent);
        own.map(|sent| Message::parse(&sent.bytes).expect("SIP").cseq().expect("a CSeq").number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&net), [1, 4], "the ACK, and the BYE after PRACK and UPDATE");
    net.settle();
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    // A copy of his 2xx gets a copy of the ACK, and no second BYE.
    net.said.clear();
    net.deliver(from, &success);
    assert_eq!(numbers(&net), [1]);
    net.ue.handle_command(net.now, Command::Leave).expect("leave");
    assert_eq!(settle_with_another(&mut net, &other, &body), ["BYE 4"]);
    assert_eq!(net.ue_events.last(), Some(&Event::Left));
    net.run_dry();
    assert_eq!(net.ue.view().counts, Counts::default());
}

/// Without a 2xx an early dialog is over 64*T1 after the first, and nobody is told (RFC 3261 section 13.2.2.4).
#[test]
fn an_early_dialog_without_a_2xx_ends_in_silence() {
    let (mut net, from, success) = about_to_arrive("200 OK (INVITE)");
    let (other, late) = of_another(&success);
    net.deliver(from, &success);
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    net.deliver(from, &late);
    assert_eq!(sent_to(&net, &other), [""; 0], "its INVITE is forgotten");
}

/// One branch that refuses a PRACK takes no other with it.
#[test]
fn a_branch_that_fails_leaves_the_others_alone() {
    let (mut net, other, _) = forked(SecondOffer::Prack);
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let meant = message.to().is_ok_and(|to| to.tag() == Some(other.as_bytes())) && message.method().is_some();
        if transmit.to == at(common::FOCUS) && meant {
            let bytes = edited(&answered(&transmit, None), "200 OK", "488 Not Acceptable Here");
            net.deliver(at(common::FOCUS), &Transmit { to: from, bytes });
        } else {
            net.deliver(from, &transmit);
        }
    }
    assert_eq!((net.ue.view().call, net.ue_events.len()), (CallState::Confirmed, 1));
}
