//! Faults around SUBSCRIBE and NOTIFY (RFC 6665), the same for both packages.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "early-notify-refused",
        fault: "the UE answers 481 to a NOTIFY that overtakes the 2xx",
        seen: "https://github.com/onsip/SIP.js/issues/366",
        caught_by: &[("I-EARLY-NOTIFY", Level::Fail)],
        sent: early_notify_refused,
        received: success_counted,
    },
    Spec {
        name: "early-notify-called-a-loop",
        fault: "the UE answers 482 to a NOTIFY that overtakes the 2xx, and believes itself subscribed",
        seen: "https://github.com/DoubangoTelecom/boghe/issues/78",
        caught_by: &[("I-EARLY-NOTIFY", Level::Fail), ("I-NO-LEAK", Level::Fail)],
        sent: early_notify_called_a_loop,
        received: subscribe_answered,
    },
    Spec {
        name: "notify-never-sent",
        fault: "the focus accepts and never notifies",
        seen: "https://github.com/jambonz/jambonz-feature-server/issues/1428",
        caught_by: &[("I-FIRST-NOTIFY", Level::Fail)],
        sent: notify_never_sent,
        received: unchanged,
    },
    Spec {
        name: "notify-after-terminated",
        fault: "the focus sends one more NOTIFY after the terminating one",
        seen: "https://github.com/pjsip/pjproject/issues/911",
        caught_by: &[("I-TERM-ONCE", Level::Fail)],
        sent: notify_after_terminated,
        received: unchanged,
    },
    Spec {
        name: "notify-goes-on-after-481",
        fault: "the UE lost its subscription and says 481, the focus goes on notifying",
        seen: "https://github.com/signalwire/freeswitch/issues/1110",
        caught_by: &[("I-481-REMOVES", Level::Fail)],
        sent: notify_refused,
        received: refusal_unheard,
    },
    Spec {
        name: "expires-without-semicolon",
        fault: "a blank and no semicolon stands before the expires of Subscription-State",
        seen: "https://github.com/signalwire/freeswitch/pull/3147",
        caught_by: &[("I-SS-HDR", Level::Fail)],
        sent: expires_without_semicolon,
        received: unchanged,
    },
    Spec {
        name: "documents-go-on-after-481",
        fault: "a conference NOTIFY that is answered 481 does not end the subscription",
        seen: "RFC 6665 section 4.2.2; a notifier that looks at the answers to its first NOTIFY only",
        caught_by: &[("I-481-REMOVES", Level::Fail)],
        sent: documents_refused,
        received: documents_seen,
    },
    Spec {
        name: "active-becomes-pending",
        fault: "after the first document the subscription is pending again",
        seen: "RFC 6665 section 4.1.3: from active there is no way back",
        caught_by: &[("I-TERM-ONCE", Level::Fail)],
        sent: pending_again,
        received: unchanged,
    },
];

fn success_counted(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let accepted = text.answers("SUBSCRIBE") || text.answers("REFER");
    if node == Node::Ue && accepted && text.status().is_some_and(|code| code >= 200) {
        memory.count = memory.count.saturating_sub(1);
    }
    vec![text]
}

fn early_notify_refused(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue {
        if text.is_request("SUBSCRIBE") || text.is_request("REFER") {
            memory.count += 1;
        } else if memory.count > 0 && text.answers("NOTIFY") {
            text.start = "SIP/2.0 481 Call/Transaction Does Not Exist".to_owned();
        }
    }
    vec![text]
}

fn early_notify_called_a_loop(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    let call_id = text.header("Call-ID").unwrap_or_default().to_owned();
    if node == Node::Ue && text.is_request("SUBSCRIBE") {
        memory.kept = vec![call_id];
    } else if node == Node::Ue && !memory.done && text.answers("NOTIFY") && memory.kept.contains(&call_id) {
        text.start = "SIP/2.0 482 Loop Detected".to_owned();
    }
    vec![text]
}

fn subscribe_answered(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    memory.done |= node == Node::Ue && text.answers("SUBSCRIBE");
    vec![text]
}

fn notify_never_sent(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("NOTIFY") { vec![] } else { vec![text] }
}

fn notify_after_terminated(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let terminated = text.header("Subscription-State").is_some_and(|state| state.starts_with("terminated"));
    if node != Node::Focus || !terminated || std::mem::replace(&mut memory.done, true) {
        return vec![text];
    }
    let mut again = text.clone();
    again.shift_cseq(1);
    again.new_branch("again");
    vec![text, again]
}

fn notify_refused(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.answers("NOTIFY") && (memory.count == 0 || memory.count == text.cseq()) {
        memory.count = text.cseq();
        text.start = "SIP/2.0 481 Call/Transaction Does Not Exist".to_owned();
    }
    vec![text]
}

fn refusal_unheard(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.answers("NOTIFY") {
        text.start = "SIP/2.0 200 OK".to_owned();
    }
    vec![text]
}

fn expires_without_semicolon(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus {
        text.change("Subscription-State", |state| state.replace(";expires", " expires"));
    }
    vec![text]
}

/// The UE refuses its first document.
fn documents_refused(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.answers("NOTIFY") && memory.kept.first().map(String::as_str) == text.header("Via") {
        text.start = "SIP/2.0 481 Call/Transaction Does Not Exist".to_owned();
    }
    vec![text]
}

fn documents_seen(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Ue && text.notifies("conference") && memory.kept.is_empty() {
        memory.kept = text.values("Via");
    }
    refusal_unheard(memory, node, text)
}

fn pending_again(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        if memory.count > 0 && memory.count < text.cseq() {
            text.change("Subscription-State", |state| state.replace("active", "pending"));
        }
        memory.count = text.cseq();
    }
    vec![text]
}
