//! Faults of hold and resume: what crosses is served, refused with the wrong code, or tried again too soon.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "re-invite-served-while-own-is-open",
        fault: "a re-INVITE is accepted although one of its own has no answer",
        seen: "https://github.com/pjsip/pjproject/issues/1166",
        caught_by: &[("I-GLARE", Level::Fail)],
        sent: served_all_the_same,
        received: unchanged,
    },
    Spec {
        name: "500-for-requests-that-cross",
        fault: "500 instead of 491 when re-INVITEs cross",
        seen: "https://github.com/signalwire/freeswitch/issues/2409",
        caught_by: &[("I-GLARE", Level::Fail)],
        sent: wrong_code,
        received: unchanged,
    },
    Spec {
        name: "no-back-off-after-491",
        fault: "the focus repeats its re-INVITE as soon as it was refused with 491",
        seen: "https://github.com/baresip/baresip/pull/2929",
        caught_by: &[("I-GLARE", Level::NonStrict)],
        sent: no_back_off,
        received: unchanged,
    },
    Spec {
        name: "held-user-shown-connected",
        fault: "the roster never shows that a participant is on hold",
        seen: "https://github.com/thevoiceguy/siphon-ai/issues/403",
        caught_by: &[("I-STATUS-TRUE", Level::NonStrict)],
        sent: hold_not_shown,
        received: unchanged,
    },
    Spec {
        name: "shown-on-hold-without-being-held",
        fault: "the roster shows a participant as on hold whose call nobody holds",
        seen: "the rule's own: RFC 4575 5.7.3 gives the reason",
        caught_by: &[("I-STATUS-TRUE", Level::Fail)],
        sent: hold_made_up,
        received: unchanged,
    },
];

const CONNECTED: &str = "<status>connected</status>";
const ON_HOLD: &str = "<status>on-hold</status>";

fn hold_not_shown(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace(ON_HOLD, CONNECTED);
    }
    vec![text]
}

fn hold_made_up(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace(CONNECTED, ON_HOLD);
    }
    vec![text]
}

fn is_pending(text: &Text) -> bool {
    text.answers("INVITE") && text.status() == Some(491)
}

fn served_all_the_same(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_)) && is_pending(&text) {
        text.start = "SIP/2.0 200 OK".to_owned();
    }
    vec![text]
}

fn wrong_code(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_)) && is_pending(&text) {
        text.start = "SIP/2.0 500 Server Internal Error".to_owned();
    }
    vec![text]
}

fn no_back_off(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus {
        return vec![text];
    }
    let inside = text.header("To").is_some_and(|to| to.contains(";tag="));
    if text.is_request("INVITE") && inside {
        memory.kept = vec![String::from_utf8_lossy(&text.bytes()).into_owned()];
        return vec![text];
    }
    let refused = memory.kept.first().map(|kept| Text::of(kept.as_bytes()));
    // The ACK to the refusal has the branch of its INVITE.
    let Some(mut again) = refused.filter(|kept| text.is_request("ACK") && kept.header("Via") == text.header("Via"))
    else {
        return vec![text];
    };
    memory.kept.clear();
    again.shift_cseq(1);
    again.new_branch("again");
    vec![text, again]
}
