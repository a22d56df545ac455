//! Faults of the creation: reliable provisionals, offer and answer, preconditions, early BYE.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::{Node, user_uri};

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "rack-names-another-response",
        fault: "the RAck is not the RSeq and CSeq of the 183",
        seen: "https://github.com/kamailio/kamailio/issues/801",
        caught_by: &[("I-PRACK", Level::Fail)],
        sent: rack_names_another_response,
        received: unchanged,
    },
    Spec {
        name: "183-goes-on-after-prack",
        fault: "the 183 is sent once more after its PRACK",
        seen: "https://github.com/asterisk/asterisk/issues/794",
        caught_by: &[("I-PRACK", Level::Fail)],
        sent: provisional_goes_on,
        received: unchanged,
    },
    Spec {
        name: "answered-before-prack",
        fault: "the 200 goes out with the 183, whose answer is not acknowledged yet",
        seen: "the rule's own: no bug is known that answers this early",
        caught_by: &[("I-PRACK", Level::Fail)],
        sent: answered_before_prack,
        received: unchanged,
    },
    Spec {
        name: "update-unanswered",
        fault: "the UPDATE in the early dialog is never answered",
        seen: "https://github.com/signalwire/freeswitch/issues/1716",
        caught_by: &[("I-TIMEOUT", Level::Fail)],
        sent: update_unanswered,
        received: unchanged,
    },
    Spec {
        name: "second-offer-unanswered",
        fault: "the 200 to a request with an offer has no answer",
        seen: "https://github.com/sems-server/sems/pull/583",
        caught_by: &[("I-OA", Level::Fail)],
        sent: second_offer_unanswered,
        received: unchanged,
    },
    Spec {
        name: "answered-before-preconditions",
        fault: "the 200 goes out although the UE's resources are not reserved",
        seen: "https://github.com/herlesupreeth/docker_open5gs/issues/116",
        caught_by: &[("I-QOS", Level::Fail)],
        sent: resources_not_reserved,
        received: resources_believed,
    },
    Spec {
        name: "callee-bye-before-ack",
        fault: "the invited user hangs up before the ACK came",
        seen: "https://github.com/meetecho/janus-gateway/pull/2521",
        caught_by: &[("I-BYE-EARLY", Level::Fail)],
        sent: callee_bye_before_ack,
        received: invite_kept,
    },
    Spec {
        name: "cancel-with-a-branch-of-its-own",
        fault: "the CANCEL has a Via branch of its own, so that it matches no INVITE",
        seen: "the rule's own: RFC 3261 9.1 gives the reason",
        caught_by: &[("I-CANCEL", Level::Fail)],
        sent: cancel_with_a_branch_of_its_own,
        received: unchanged,
    },
    Spec {
        name: "cancel-before-any-response",
        fault: "the CANCEL does not wait for a provisional response",
        seen: "the rule's own: RFC 3261 9.1 gives the reason",
        caught_by: &[("I-CANCEL", Level::Fail)],
        sent: cancel_before_any_response,
        received: unchanged,
    },
    Spec {
        name: "given-up-call-not-ended",
        fault: "the 200 that crossed the CANCEL is acknowledged, and the call goes on",
        seen: "the rule's own: RFC 5407 3.1.2 gives the reason",
        caught_by: &[("I-TIMEOUT", Level::NonStrict)],
        sent: given_up_call_not_ended,
        received: unchanged,
    },
    Spec {
        name: "given-up-call-used",
        fault: "the UE refers in the call that it gave up, because a 200 came",
        seen: "the rule's own: RFC 5407 3.1.2 gives the reason",
        caught_by: &[("I-CANCEL", Level::Fail)],
        sent: given_up_call_used,
        received: unchanged,
    },
    Spec {
        name: "first-rseq-zero",
        fault: "the first reliable provisional response counts from 0",
        seen: "RFC 3262 section 3: the first number is chosen between 1 and 2^31 - 1",
        caught_by: &[("I-PRACK", Level::Fail)],
        sent: first_rseq_zero,
        received: unchanged,
    },
    Spec {
        name: "two-reliable-responses-at-once",
        fault: "a second reliable 183 follows while the first waits for its PRACK",
        seen: "RFC 3262 section 3",
        caught_by: &[("I-PRACK", Level::Fail)],
        sent: two_reliable_responses,
        received: unchanged,
    },
    Spec {
        name: "prack-with-contact",
        fault: "the PRACK carries the Contact of the INVITE",
        seen: "a UE that makes all requests of a dialog from one template; RFC 3262 section 4 has none in it",
        caught_by: &[("I-CONTACT", Level::NonStrict)],
        sent: prack_with_contact,
        received: unchanged,
    },
    Spec {
        name: "second-answerer-not-ended",
        fault: "an INVITE has two 2xx, and the UE leaves the second call as it is",
        seen: "https://github.com/pjsip/pjproject/issues/954",
        caught_by: &[("I-FORK", Level::Fail)],
        sent: second_answerer_not_ended,
        received: unchanged,
    },
];

fn rack_names_another_response(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("PRACK") {
        text.change("RAck", |rack| {
            let mut words = rack.split(' ');
            let response: u32 = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
            format!("{} {}", response + 1, words.collect::<Vec<_>>().join(" "))
        });
    }
    vec![text]
}

fn provisional_goes_on(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus {
        return vec![text];
    }
    if text.status() == Some(183) {
        memory.kept = vec![String::from_utf8_lossy(&text.bytes()).into_owned()];
    }
    let again = text.answers("PRACK").then(|| memory.kept.pop()).flatten();
    [text].into_iter().chain(again.map(|again| Text::of(again.as_bytes()))).collect()
}

fn answered_before_prack(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || text.status() != Some(183) {
        return vec![text];
    }
    let mut success = text.clone();
    success.start = "SIP/2.0 200 OK".to_owned();
    for name in ["Require", "RSeq", "Content-Type"] {
        success.remove(name);
    }
    success.body.clear();
    vec![text, success]
}

fn update_unanswered(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Focus && text.answers("UPDATE") { vec![] } else { vec![text] }
}

fn second_offer_unanswered(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && (text.answers("PRACK") || text.answers("UPDATE")) {
        text.body.clear();
        text.remove("Content-Type");
    }
    vec![text]
}

fn resources_not_reserved(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && (text.is_request("PRACK") || text.is_request("UPDATE")) {
        text.body = text.body.replace("a=curr:qos local sendrecv", "a=curr:qos local none");
    }
    vec![text]
}

fn resources_believed(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && (text.is_request("PRACK") || text.is_request("UPDATE")) {
        text.body = text.body.replace("a=curr:qos local none", "a=curr:qos local sendrecv");
    }
    vec![text]
}

fn cancel_with_a_branch_of_its_own(_: &mut Memory, _: Node, mut text: Text) -> Vec<Text> {
    if text.is_request("CANCEL") {
        text.new_branch("cancel");
    }
    vec![text]
}

fn cancel_before_any_response(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || !text.is_request("INVITE") || std::mem::replace(&mut memory.done, true) {
        return vec![text];
    }
    let mut cancel = text.clone();
    cancel.start = format!("CANCEL {} SIP/2.0", text.request_uri());
    cancel.set("CSeq", format!("{} CANCEL", text.cseq()));
    for name in ["Contact", "Allow", "Supported", "Require", "Referred-By", "Replaces", "Content-Type"] {
        cancel.remove(name);
    }
    cancel.body.clear();
    vec![text, cancel]
}

fn given_up_call_not_ended(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    memory.done |= node == Node::Ue && text.is_request("CANCEL");
    if memory.done && node == Node::Ue && text.is_request("BYE") { vec![] } else { vec![text] }
}

fn given_up_call_used(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node != Node::Ue {
        return vec![text];
    }
    if text.is_request("INVITE") {
        memory.kept = vec![text.header("Contact").unwrap_or_default().to_owned()];
    }
    memory.done |= text.is_request("CANCEL");
    if memory.done && text.is_request("BYE") {
        text.become_request("REFER", 0);
        text.set("Refer-To", format!("<{}>", user_uri(0)));
        text.set("Contact", memory.kept.first().cloned().unwrap_or_default());
    }
    vec![text]
}

fn invite_kept(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_)) && text.is_request("INVITE") {
        memory.kept = vec![text.header("Contact").unwrap_or_default().to_owned()];
    }
    vec![text]
}

fn callee_bye_before_ack(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let answers = text.answers("INVITE") && text.status() == Some(200);
    if !matches!(node, Node::User(_)) || !answers || std::mem::replace(&mut memory.done, true) {
        return vec![text];
    }
    let target = memory.kept.first().and_then(|contact| contact.split(['<', '>']).nth(1)).unwrap_or_default();
    let mut bye = text.clone();
    bye.start = format!("BYE {target} SIP/2.0");
    bye.new_branch("bye");
    let (from, to) = (text.header("From").unwrap_or_default(), text.header("To").unwrap_or_default());
    bye.set("From", to);
    bye.set("To", from);
    bye.set("CSeq", "1 BYE");
    bye.set("Max-Forwards", "70");
    for name in ["Contact", "Record-Route", "Content-Type"] {
        bye.remove(name);
    }
    bye.body.clear();
    vec![text, bye]
}

fn first_rseq_zero(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.status() == Some(183) {
        text.change("RSeq", |_| "0".to_owned());
    }
    vec![text]
}

fn two_reliable_responses(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || text.status() != Some(183) || memory.done {
        return vec![text];
    }
    memory.done = true;
    let mut second = text.clone();
    second.change("RSeq", |number| number.parse::<u32>().unwrap_or_default().saturating_add(1).to_string());
    vec![text, second]
}

fn prack_with_contact(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("INVITE") {
        memory.kept = text.values("Contact");
    }
    if node == Node::Ue
        && text.is_request("PRACK")
        && let Some(contact) = memory.kept.first()
    {
        text.set("Contact", contact.clone());
    }
    vec![text]
}

/// The INVITE forks: another answerer says the same as the focus, and the UE's BYE to him is missing.
fn second_answerer_not_ended(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    const OTHER: &str = "-of-another";
    let to = text.header("To").unwrap_or_default().to_owned();
    if node == Node::Ue && text.is_request("BYE") && to.ends_with(OTHER) {
        return vec![];
    }
    let accepts = node == Node::Focus && text.answers("INVITE") && text.status() == Some(200);
    if !accepts || std::mem::replace(&mut memory.done, true) {
        return vec![text];
    }
    let mut second = text.clone();
    second.set("To", format!("{to}{OTHER}"));
    vec![text, second]
}
