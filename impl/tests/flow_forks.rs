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
