//! Faults of session timers: nobody refreshes, the answerer takes the choice of the refresher, a 422 is not heeded.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "session-never-refreshed",
        fault: "the UE is to refresh the session and does not, and the focus does not hang up",
        seen: "https://github.com/GlomarGadaffi/pocket-dial/issues/198",
        caught_by: &[("I-SESSION-TIMER", Level::Fail)],
        sent: grants_what_nobody_keeps,
        received: timer_unheard,
    },
    Spec {
        name: "refresher-overruled",
        fault: "the 200 to a refresh gives the next one to the other side than the request says",
        seen: "https://github.com/thevoiceguy/siphon-ai/pull/479",
        caught_by: &[("I-SESSION-TIMER", Level::Fail)],
        sent: refresher_overruled,
        received: unchanged,
    },
    Spec {
        name: "same-interval-after-422",
        fault: "a refresh that was refused with 422 is repeated with the interval that was too small",
        seen: "https://github.com/Metaswitch/sprout/issues/529",
        caught_by: &[("I-SESSION-TIMER", Level::Fail)],
        sent: same_interval,
        received: unchanged,
    },
    Spec {
        name: "refresher-role-flips",
        fault: "the UE refreshes the session and writes that the focus does",
        seen: "https://github.com/sems-server/sems/issues/68",
        caught_by: &[("I-SESSION-TIMER", Level::NonStrict)],
        sent: role_flips,
        received: unchanged,
    },
    Spec {
        name: "update-before-the-answer-to-the-last",
        fault: "a second UPDATE follows while the first has no answer",
        seen: "RFC 3311 section 5.2 has it refused with 500",
        caught_by: &[("I-SESSION-TIMER", Level::Fail)],
        sent: second_update,
        received: unchanged,
    },
];

fn is_success_to(text: &Text, method: &str) -> bool {
    text.answers(method) && text.status() == Some(200)
}

/// The focus says that it has a session timer with the creator; neither end hears of it.
fn grants_what_nobody_keeps(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_success_to(&text, "INVITE") {
        text.set("Session-Expires", "1800;refresher=uac");
        text.set("Require", "timer");
    }
    vec![text]
}

fn timer_unheard(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    let asked = node == Node::Focus && text.is_request("INVITE");
    if asked || node == Node::Ue && is_success_to(&text, "INVITE") {
        text.remove("Session-Expires");
        text.remove("Require");
    }
    vec![text]
}

fn refresher_overruled(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_success_to(&text, "UPDATE") {
        text.change("Session-Expires", |value| value.replace("refresher=uac", "refresher=uas"));
    }
    vec![text]
}

fn same_interval(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_success_to(&text, "UPDATE") && text.header("Session-Expires").is_some() {
        let first = !std::mem::replace(&mut memory.done, true);
        if first {
            text.start = "SIP/2.0 422 Session Interval Too Small".to_owned();
            for name in ["Session-Expires", "Require", "Contact"] {
                text.remove(name);
            }
            text.set("Min-SE", "3600");
        }
    }
    if node == Node::Ue && text.is_request("UPDATE") && text.header("Min-SE").is_some() {
        text.set("Session-Expires", "1800;refresher=uac");
        text.remove("Min-SE");
    }
    vec![text]
}

fn role_flips(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("UPDATE") {
        text.change("Session-Expires", |value| value.replace("refresher=uac", "refresher=uas"));
    }
    vec![text]
}

fn second_update(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let refresh = node == Node::Ue && text.is_request("UPDATE") && text.header("Session-Expires").is_some();
    if !refresh || std::mem::replace(&mut memory.done, true) {
        return vec![text];
    }
    let mut second = text.clone();
    second.shift_cseq(1);
    second.new_branch("again");
    vec![text, second]
}
