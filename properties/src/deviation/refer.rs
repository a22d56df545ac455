//! Faults around REFER and its implicit subscription (RFC 3515).

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::world::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "failure-reported-as-success",
        fault: "the focus reports 200 whatever became of the invited user",
        seen: "https://github.com/GlomarGadaffi/pocket-dial/pull/211",
        caught_by: &["I-REF-TRUTH"],
        sent: failure_reported_as_success,
        received: unchanged,
    },
    Spec {
        name: "outcome-not-awaited",
        fault: "the UE takes the 202 for the outcome and hangs up",
        seen: "https://github.com/onsip/SIP.js/issues/254",
        caught_by: &["I-REF-WAIT"],
        sent: refer_kept,
        received: outcome_not_awaited,
    },
    Spec {
        name: "second-refer-without-id",
        fault: "the NOTIFYs of the second REFER have no id",
        seen: "https://github.com/emiago/diago/issues/162",
        caught_by: &["I-REF-ID"],
        sent: notify_without_id,
        received: unchanged,
    },
    Spec {
        name: "final-report-not-terminated",
        fault: "the final report leaves the subscription active",
        seen: "https://github.com/baresip/baresip/issues/1075",
        caught_by: &["I-TERM-ONCE"],
        sent: final_report_not_terminated,
        received: unchanged,
    },
    Spec {
        name: "terminated-report-kills-the-call",
        fault: "after the final report the focus no longer knows the call",
        seen: "https://github.com/drachtio/drachtio-server/issues/482",
        caught_by: &["I-REF-INDEP"],
        sent: terminated_report_kills_the_call,
        received: unchanged,
    },
    Spec {
        name: "bye-with-the-final-report",
        fault: "the focus sends BYE on the heels of the final report",
        seen: "https://github.com/siphon-project/siphon-sip/pull/295",
        caught_by: &["I-NOTIFY-BEFORE-BYE"],
        sent: bye_with_the_final_report,
        received: unchanged,
    },
    Spec {
        name: "sipfrag-without-status-line",
        fault: "the report is a code without SIP-Version",
        seen: "https://github.com/versatica/JsSIP/pull/767",
        caught_by: &["I-SIPFRAG"],
        sent: sipfrag_without_status_line,
        received: unchanged,
    },
];

fn is_final_report(text: &Text) -> bool {
    let terminated = text.header("Subscription-State").is_some_and(|state| state.starts_with("terminated"));
    text.notifies("refer") && terminated
}

fn failure_reported_as_success(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_final_report(&text) {
        text.body = "SIP/2.0 200 OK\r\n".to_owned();
    }
    vec![text]
}

fn refer_kept(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node != Node::Ue {
        return vec![text];
    }
    if text.is_request("REFER") {
        memory.kept = vec![String::from_utf8_lossy(&text.bytes()).into_owned()];
        return vec![text];
    }
    // The first thing that the UE says after the 202 is its BYE.
    if memory.done && !memory.kept.is_empty() && text.answers("NOTIFY") {
        let mut bye = Text::of(memory.kept.remove(0).as_bytes());
        bye.become_request("BYE", 1);
        bye.remove("Refer-To");
        text.start = "SIP/2.0 200 OK".to_owned();
        return vec![bye, text];
    }
    vec![text]
}

fn outcome_not_awaited(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    memory.done |= node == Node::Ue && text.answers("REFER") && text.status().is_some_and(|code| code / 100 == 2);
    vec![text]
}

fn notify_without_id(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("refer") {
        text.set("Event", "refer");
    }
    vec![text]
}

fn final_report_not_terminated(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_final_report(&text) {
        text.set("Subscription-State", "active;expires=60");
    }
    vec![text]
}

fn terminated_report_kills_the_call(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus {
        memory.done |= is_final_report(&text);
        let in_call = text.answers("BYE") || text.answers("REFER");
        if memory.done && in_call && text.header("Contact").is_some_and(|contact| contact.contains("conf-factory"))
            || memory.done && text.answers("BYE")
        {
            text.start = "SIP/2.0 481 Call/Transaction Does Not Exist".to_owned();
        }
    }
    vec![text]
}

fn bye_with_the_final_report(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || !is_final_report(&text) {
        return vec![text];
    }
    let mut bye = text.clone();
    bye.become_request("BYE", 1);
    for name in ["Event", "Subscription-State", "Content-Type"] {
        bye.remove(name);
    }
    bye.body.clear();
    vec![text, bye]
}

fn sipfrag_without_status_line(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_final_report(&text) {
        text.body = text.body.replace("SIP/2.0 ", "");
    }
    vec![text]
}
