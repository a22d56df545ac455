//! Faults in answering a challenge (RFC 3261 section 22): number, transaction, credentials, ACK, and what is named
//! after the request.
//!
//! `kept` holds the CSeq of the request that was challenged last, then the branch that it had.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

const PROOF: &str = "Proxy-Authorization";

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "challenge-answered-by-same-number",
        fault: "a challenged request is sent again with credentials, but with the number that it had",
        seen: "RFC 3261 22.2: whoever saw the first one takes the second for a copy of it",
        caught_by: &[("I-CHALLENGE", Level::Fail), ("I-CSEQ", Level::Fail)],
        sent: same_number,
        received: challenge_noted,
    },
    Spec {
        name: "challenge-answered-by-same-branch",
        fault: "a challenged request is sent again with credentials, but in the transaction that is over",
        seen: "RFC 3261 8.1.3.5: a stateful hop repeats the challenge to it for ever",
        caught_by: &[("I-CHALLENGE", Level::Fail)],
        sent: same_branch,
        received: challenge_noted,
    },
    Spec {
        name: "challenge-moves-no-event-id",
        fault: "the UE goes on waiting for NOTIFYs named after the REFER that was challenged, and answers others 481",
        seen: "https://github.com/versatica/JsSIP/issues/961",
        caught_by: &[("I-EARLY-NOTIFY", Level::Fail)],
        sent: unchanged,
        received: event_id_kept,
    },
    Spec {
        name: "challenge-answered-without-end",
        fault: "a password that was rejected is tried again and again",
        seen: "RFC 3261 22.1: the user's account is locked, or the network is flooded",
        caught_by: &[("I-CHALLENGE", Level::Fail)],
        sent: wrong_password,
        received: rejection_taken_for_stale,
    },
    Spec {
        name: "challenge-not-acknowledged",
        fault: "the 407 to an INVITE is not acknowledged",
        seen: "RFC 3261 17.1.1.3: a stateful hop repeats the 407 until Timer H",
        caught_by: &[("I-CHALLENGE", Level::Fail)],
        sent: ack_left_out,
        received: challenge_noted,
    },
    Spec {
        name: "challenge-forgotten-in-ack",
        fault: "the ACK to the 2xx of an INVITE with credentials has none",
        seen: "RFC 3261 22.1: a hop that lets nothing pass without credentials cannot challenge it",
        caught_by: &[("I-CHALLENGE", Level::Fail)],
        sent: ack_without_credentials,
        received: unchanged,
    },
];

/// The branch of the top Via.
fn branch(text: &Text) -> String {
    let via = text.header("Via").unwrap_or_default();
    let branch = via.split("branch=").nth(1).unwrap_or_default();
    branch.split(';').next().unwrap_or_default().to_owned()
}

/// Remembers which request is challenged.
fn challenge_noted(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Ue && text.status() == Some(407) {
        memory.kept = vec![text.header("CSeq").unwrap_or_default().to_owned(), branch(&text)];
    }
    vec![text]
}

/// Whether this is the request that was challenged, with credentials.
fn is_answer(memory: &Memory, node: Node, text: &Text) -> bool {
    let challenged = memory.kept.first().and_then(|cseq| cseq.split_once(' '));
    let same = challenged.is_some_and(|(number, method)| {
        text.is_request(method) && number.parse().is_ok_and(|number: u32| number < text.cseq())
    });
    node == Node::Ue && same && text.header(PROOF).is_some()
}

fn same_number(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if is_answer(memory, node, &text)
        && let Some(cseq) = memory.kept.first()
    {
        text.set("CSeq", cseq.clone());
    }
    vec![text]
}

fn same_branch(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if is_answer(memory, node, &text)
        && let Some(old) = memory.kept.get(1)
    {
        let own = branch(&text);
        text.change("Via", |via| via.replace(&own, old));
    }
    vec![text]
}

fn event_id_kept(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    let refer = text.answers("REFER") && text.status() == Some(407);
    if node == Node::Ue && refer {
        memory.kept = vec![text.cseq().to_string()];
    }
    if node == Node::Ue
        && text.notifies("refer")
        && let Some(id) = memory.kept.first()
    {
        text.set("Event", format!("refer;id={id}"));
    }
    vec![text]
}

fn wrong_password(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && !text.is_request("ACK") {
        text.change(PROOF, |proof| proof.replacen("response=\"", "response=\"0", 1));
    }
    vec![text]
}

fn rejection_taken_for_stale(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.status() == Some(407) {
        text.change("Proxy-Authenticate", |challenge| format!("{challenge}, stale=TRUE"));
    }
    vec![text]
}

fn ack_left_out(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let challenged = memory.kept.first().and_then(|cseq| cseq.strip_suffix(" INVITE"));
    let own = text.is_request("ACK") && challenged.is_some_and(|number| number == text.cseq().to_string());
    if node == Node::Ue && own { vec![] } else { vec![text] }
}

fn ack_without_credentials(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("ACK") {
        text.remove(PROOF);
    }
    vec![text]
}
