//! Faults around REFER and its implicit subscription (RFC 3515).

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "failure-reported-as-success",
        fault: "the focus reports 200 whatever became of the invited user",
        seen: "https://github.com/GlomarGadaffi/pocket-dial/pull/211",
        caught_by: &[("I-REF-TRUTH", Level::Fail)],
        sent: failure_reported_as_success,
        received: unchanged,
    },
    Spec {
        name: "outcome-not-awaited",
        fault: "the UE sends its peer to the conference, takes the 202 for the outcome and hangs up",
        seen: "https://github.com/onsip/SIP.js/issues/254",
        caught_by: &[("I-REF-WAIT", Level::Fail)],
        sent: outcome_not_awaited,
        received: sent_to_the_conference,
    },
    Spec {
        name: "second-refer-without-id",
        fault: "the NOTIFYs of the second REFER have no id",
        seen: "https://github.com/emiago/diago/issues/162",
        caught_by: &[("I-REF-ID", Level::NonStrict)],
        sent: notify_without_id,
        received: unchanged,
    },
    Spec {
        name: "id-of-another-request",
        fault: "the id in Event is the CSeq number before that of the REFER",
        seen: "https://github.com/versatica/JsSIP/issues/961",
        caught_by: &[("I-REF-ID", Level::Fail)],
        sent: id_of_another_request,
        received: unchanged,
    },
    Spec {
        name: "cancelled-invitation-not-reported",
        fault: "the focus cancels its INVITE, and the report of it never ends",
        seen: "https://github.com/baresip/baresip/issues/1075",
        caught_by: &[("I-TERM-ONCE", Level::Fail)],
        sent: cancelled_not_reported,
        received: unchanged,
    },
    Spec {
        name: "answer-not-acknowledged",
        fault: "the focus never acknowledges the invited user's answer",
        seen: "https://github.com/siphon-project/siphon-sip/pull/220",
        caught_by: &[("I-TIMEOUT", Level::Fail)],
        sent: answer_not_acknowledged,
        received: answer_noticed,
    },
    Spec {
        name: "final-report-not-terminated",
        fault: "the final report leaves the subscription active",
        seen: "https://github.com/baresip/baresip/issues/1075",
        caught_by: &[("I-TERM-ONCE", Level::Fail)],
        sent: final_report_not_terminated,
        received: unchanged,
    },
    Spec {
        name: "terminated-report-kills-the-call",
        fault: "after the final report the focus no longer knows the call",
        seen: "https://github.com/drachtio/drachtio-server/issues/482",
        caught_by: &[("I-REF-INDEP", Level::Fail)],
        sent: terminated_report_kills_the_call,
        received: unchanged,
    },
    Spec {
        name: "bye-with-the-final-report",
        fault: "the focus sends BYE on the heels of the final report",
        seen: "https://github.com/siphon-project/siphon-sip/pull/295",
        caught_by: &[("I-NOTIFY-BEFORE-BYE", Level::NonStrict)],
        sent: bye_with_the_final_report,
        received: unchanged,
    },
    Spec {
        name: "sipfrag-without-status-line",
        fault: "the report is a code without SIP-Version",
        seen: "https://github.com/emiago/diago/issues/162",
        caught_by: &[("I-SIPFRAG", Level::Fail)],
        sent: sipfrag_without_status_line,
        received: unchanged,
    },
    Spec {
        name: "sipfrag-without-version-refused",
        fault: "the UE answers 400 to a report whose Content-Type has no version parameter",
        seen: "https://github.com/emiago/diago/pull/137",
        caught_by: &[("I-SIPFRAG", Level::Fail)],
        sent: report_refused,
        received: report_noticed,
    },
    Spec {
        name: "final-report-without-body",
        fault: "the final report says nothing",
        seen: "https://github.com/signalwire/freeswitch/pull/3059",
        // It leaves the outcome unknown, which is worse for the referrer than it is against the letter.
        caught_by: &[("I-SIPFRAG", Level::NonStrict)],
        sent: final_report_without_body,
        received: unchanged,
    },
    Spec {
        name: "report-with-more-than-the-status",
        fault: "the report gives more of the invited user's response than its status line",
        seen: "https://github.com/versatica/JsSIP/pull/767",
        caught_by: &[("I-SIPFRAG", Level::NonStrict)],
        sent: report_with_more,
        received: unchanged,
    },
    Spec {
        name: "reports-although-it-said-it-would-not",
        fault: "the focus echoes Refer-Sub: false, and reports all the same",
        seen: "RFC 4488 section 4: an element that copies a header field that it does not understand",
        caught_by: &[("I-FIRST-NOTIFY", Level::Fail)],
        sent: refer_sub_echoed,
        received: refer_sub_overlooked,
    },
    Spec {
        name: "expulsion-reported-not-done",
        fault: "the focus reports that a user was expelled and sends him no BYE",
        seen: "RFC 4579 section 5.11: what is left of method=BYE if a REFER is answered by rote",
        caught_by: &[("I-EXPEL", Level::Fail)],
        sent: expulsion_reported,
        received: expulsion_noticed,
    },
    Spec {
        name: "expelled-user-stays-subscribed",
        fault: "the focus ends the call of whom it expels, and does not tell him that his subscription ends",
        seen: "RFC 4579 section 5.11, figure 11: a focus that has no way from a call to the subscriptions of its user",
        caught_by: &[("I-EXPEL", Level::Fail)],
        sent: end_of_subscription_not_told,
        received: unchanged,
    },
];

/// What tells apart the requests of one method that somebody sends.
fn transaction(text: &Text) -> String {
    format!("{} {}", text.header("Call-ID").unwrap_or_default(), text.cseq())
}

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

/// The first REFER names the conference instead of the user on the wire; the focus is handed what the UE meant.
fn outcome_not_awaited(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node != Node::Ue {
        return vec![text];
    }
    if text.is_request("REFER") && (memory.count == 0 || memory.count == text.cseq()) {
        if memory.count == 0 {
            memory.count = text.cseq();
            let whole = String::from_utf8_lossy(&text.bytes()).into_owned();
            memory.kept = vec![text.header("Refer-To").unwrap_or_default().to_owned(), whole];
        }
        text.set("Refer-To", format!("<{}>", text.request_uri()));
        return vec![text];
    }
    // The first thing that the UE says after the 202 is its BYE.
    if memory.done && memory.kept.len() > 1 && text.answers("NOTIFY") {
        let refer = memory.kept.pop().unwrap_or_default();
        let mut bye = Text::of(refer.as_bytes());
        bye.become_request("BYE", 1);
        bye.remove("Refer-To");
        return vec![bye, text];
    }
    vec![text]
}

fn sent_to_the_conference(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    memory.done |= node == Node::Ue && text.answers("REFER") && text.status().is_some_and(|code| code / 100 == 2);
    if node == Node::Focus
        && text.is_request("REFER")
        && text.cseq() == memory.count
        && let Some(target) = memory.kept.first()
    {
        text.set("Refer-To", target);
    }
    vec![text]
}

fn notify_without_id(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("refer") {
        text.set("Event", "refer");
    }
    vec![text]
}

fn id_of_another_request(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("refer") {
        text.change("Event", |event| {
            let id = event.split_once("id=").and_then(|(_, id)| id.parse().ok()).unwrap_or(1_u32);
            format!("refer;id={}", id.saturating_sub(1))
        });
    }
    vec![text]
}

fn cancelled_not_reported(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let cancelled = is_final_report(&text) && text.body.contains(" 487 ");
    if node == Node::Focus && cancelled { vec![] } else { vec![text] }
}

fn answer_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Focus && text.answers("INVITE") && text.status() == Some(200) {
        memory.kept.push(transaction(&text));
    }
    vec![text]
}

fn answer_not_acknowledged(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let answered = node == Node::Focus && text.is_request("ACK") && memory.kept.contains(&transaction(&text));
    if answered { vec![] } else { vec![text] }
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

fn refer_sub_overlooked(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("REFER") && text.header("Refer-Sub").is_some() {
        memory.kept.push(transaction(&text));
        text.remove("Refer-Sub");
    }
    vec![text]
}

fn refer_sub_echoed(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.answers("REFER") && memory.kept.contains(&transaction(&text)) {
        text.set("Refer-Sub", "false");
    }
    vec![text]
}

fn expulsion_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let expels = text.header("Refer-To").is_some_and(|target| target.contains("method=BYE"));
    memory.done |= node == Node::Focus && text.is_request("REFER") && expels;
    vec![text]
}

fn expulsion_reported(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && memory.done && text.is_request("BYE") {
        return vec![];
    }
    if node == Node::Focus && memory.done && is_final_report(&text) && text.body.contains(" 408 ") {
        text.body = "SIP/2.0 200 OK\r\n".to_owned();
    }
    vec![text]
}

fn end_of_subscription_not_told(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let rejects = text.header("Subscription-State").is_some_and(|state| state.contains("reason=rejected"));
    if node == Node::Focus && text.notifies("conference") && rejects { vec![] } else { vec![text] }
}

fn sipfrag_without_status_line(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_final_report(&text) {
        text.body = text.body.replace("SIP/2.0 ", "");
    }
    vec![text]
}

fn report_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Ue && text.notifies("refer") {
        memory.kept.push(transaction(&text));
    }
    vec![text]
}

fn report_refused(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.answers("NOTIFY") && memory.kept.contains(&transaction(&text)) {
        text.start = "SIP/2.0 400 Bad Request".to_owned();
    }
    vec![text]
}

fn final_report_without_body(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_final_report(&text) {
        text.body.clear();
        text.remove("Content-Type");
    }
    vec![text]
}

fn report_with_more(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("refer") {
        text.body.push_str("Reason: Q.850;cause=17\r\n");
    }
    vec![text]
}
