//! Faults around a call that the conference is to replace (RFC 3891), and what a REFER hands on (RFC 3892).

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::oracle::replaces::{decoded, written_in};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "replaces-not-escaped",
        fault: "the UE writes the name of the call into Refer-To as it is",
        seen: "https://github.com/onsip/SIP.js/issues/666",
        caught_by: &[("I-REPLACES-ENC", Level::Fail)],
        sent: replaces_not_escaped,
        received: unchanged,
    },
    Spec {
        name: "replaces-without-tags",
        fault: "the UE names the call by its Call-ID alone",
        seen: "https://github.com/baresip/baresip/pull/3404",
        caught_by: &[("I-REPLACES-ENC", Level::Fail)],
        sent: replaces_without_tags,
        received: unchanged,
    },
    Spec {
        name: "replaces-tags-swapped",
        fault: "the UE names the call as it sees it itself",
        seen: "https://github.com/versatica/JsSIP/issues/817",
        caught_by: &[("I-REPLACES-TAGS", Level::Fail)],
        sent: replaces_tags_swapped,
        received: unchanged,
    },
    Spec {
        name: "call-not-named",
        fault: "the UE invites whom it talks to as if it did not",
        seen: "TS 34.229-5 A.20: a UE without attended transfer",
        caught_by: &[("I-REPLACES-TAGS", Level::Fail)],
        sent: call_not_named,
        received: unchanged,
    },
    Spec {
        name: "replaces-not-passed-on",
        fault: "the focus calls the invited user without the Replaces that it was asked for",
        seen: "RFC 4579 section 3.1: a focus that does not support Replaces, and does not say so",
        caught_by: &[("I-AS-ASKED", Level::Fail)],
        sent: replaces_not_passed_on,
        received: unchanged,
    },
    Spec {
        name: "referrer-rewritten",
        fault: "the focus writes Referred-By anew",
        seen: "RFC 3892 section 2.2: a B2BUA that normalises URIs",
        caught_by: &[("I-AS-ASKED", Level::Fail)],
        sent: referrer_rewritten,
        received: unchanged,
    },
    Spec {
        name: "replaced-call-not-ended",
        fault: "the invited user answers the conference and keeps the call that it was to replace",
        seen: "https://github.com/siphon-project/siphon-sip/pull/223",
        caught_by: &[("I-REPLACES-MATCH", Level::Fail)],
        sent: replaced_call_not_ended,
        received: replacement_noticed,
    },
    Spec {
        name: "replaced-call-alerts",
        fault: "the invited user's phone rings again for the call that takes the place of his",
        seen: "RFC 3891 section 3: a user agent that treats Replaces as any other INVITE until it is answered",
        caught_by: &[("I-REPLACES-MATCH", Level::Fail)],
        sent: replaced_call_alerts,
        received: replacement_noticed,
    },
    Spec {
        name: "break-before-make",
        fault: "the invited user ends his call before he answers the conference",
        seen: "https://github.com/BelledonneCommunications/linphone-android/issues/2510",
        caught_by: &[("I-MAKE-BREAK", Level::NonStrict)],
        sent: break_before_make,
        received: replacement_noticed,
    },
    Spec {
        name: "two-replaces-accepted",
        fault: "an invited user takes the first of two Replaces and answers the call",
        seen: "RFC 3891 section 3: whoever finds more than one has to answer 400",
        caught_by: &[("I-REPLACES-MATCH", Level::Fail)],
        sent: two_replaces,
        received: one_replaces,
    },
];

/// Changes the Replaces that stands in the Refer-To of the UE's REFER.
fn in_refer_to(node: Node, mut text: Text, change: impl Fn(&str) -> String) -> Vec<Text> {
    if node == Node::Ue && text.is_request("REFER") {
        text.change("Refer-To", |value| match written_in(value.trim_end_matches('>')) {
            Some(written) => value.replace(written, &change(written)),
            None => value.to_owned(),
        });
    }
    vec![text]
}

fn replaces_not_escaped(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    in_refer_to(node, text, |written| decoded(written).unwrap_or_default())
}

fn replaces_without_tags(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    in_refer_to(node, text, |written| written.split("%3B").next().unwrap_or_default().to_owned())
}

fn replaces_tags_swapped(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let swapped = |written: &str| {
        written.replace("to-tag", "other-tag").replace("from-tag", "to-tag").replace("other-tag", "from-tag")
    };
    in_refer_to(node, text, swapped)
}

fn call_not_named(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("REFER") {
        text.change("Refer-To", |value| match value.split_once("?Replaces=") {
            Some((target, _)) => format!("{target}>"),
            None => value.to_owned(),
        });
    }
    vec![text]
}

fn replaces_not_passed_on(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("INVITE") {
        text.remove("Replaces");
        text.remove("Require");
    }
    vec![text]
}

fn referrer_rewritten(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("INVITE") {
        text.change("Referred-By", |value| value.replace("sip:creator@", "sip:creator@s-cscf."));
    }
    vec![text]
}

fn replacement_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    memory.done |= matches!(node, Node::User(_)) && text.is_request("INVITE") && text.header("Replaces").is_some();
    vec![text]
}

/// Whether this is the BYE in a call beside the conference: the other end is the creator.
fn ends_the_old_call(node: Node, text: &Text) -> bool {
    let to_creator = text.header("To").is_some_and(|to| to.contains("sip:creator@"));
    matches!(node, Node::User(_)) && text.is_request("BYE") && to_creator
}

fn replaced_call_not_ended(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if memory.done && ends_the_old_call(node, &text) { vec![] } else { vec![text] }
}

fn replaced_call_alerts(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let accepts = matches!(node, Node::User(_)) && text.answers("INVITE") && text.status() == Some(200);
    if !accepts || !std::mem::take(&mut memory.done) {
        return vec![text];
    }
    let mut ringing = text.clone();
    "SIP/2.0 180 Ringing".clone_into(&mut ringing.start);
    ringing.remove("Content-Type");
    ringing.body.clear();
    vec![ringing, text]
}

fn break_before_make(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let accepts = matches!(node, Node::User(_)) && text.answers("INVITE") && text.status() == Some(200);
    if memory.done && accepts && memory.kept.is_empty() {
        memory.kept.push(String::from_utf8(text.bytes()).unwrap_or_default());
        return vec![];
    }
    if ends_the_old_call(node, &text) && memory.done {
        memory.done = false;
        let kept = memory.kept.pop().map(|kept| Text::of(kept.as_bytes()));
        return std::iter::once(text).chain(kept).collect();
    }
    vec![text]
}

fn two_replaces(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("INVITE") {
        text.double("Replaces");
    }
    vec![text]
}

fn one_replaces(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_))
        && let [first, _] = text.values("Replaces").as_slice()
    {
        text.set("Replaces", first.clone());
    }
    vec![text]
}
