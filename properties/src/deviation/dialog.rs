//! Faults of dialog state: remote target, route set, CSeq, tags, Contact (RFC 3261 section 12).

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "ack-to-the-old-contact",
        fault: "the ACK goes to the temporary Contact of the 183",
        seen: "https://github.com/RestComm/Restcomm-Connect/issues/1393",
        caught_by: &[("I-TARGET", Level::Fail)],
        sent: ack_to_the_old_contact,
        received: temporary_kept,
    },
    Spec {
        name: "route-set-not-reversed",
        fault: "the UE takes Record-Route in the order in which it stands",
        seen: "https://github.com/livekit/sip/pull/822",
        caught_by: &[("I-ROUTE", Level::Fail)],
        sent: route_set_not_reversed,
        received: unchanged,
    },
    Spec {
        name: "cseq-jumps",
        fault: "the CSeq of a REFER is not the last one plus one",
        seen: "https://github.com/signalwire/freeswitch/pull/3056",
        caught_by: &[("I-CSEQ", Level::Fail)],
        sent: cseq_jumps,
        received: cseq_jumps_back,
    },
    Spec {
        name: "to-tag-lost",
        fault: "the UE's BYE has no To tag",
        seen: "https://github.com/emiago/sipgo/pull/262",
        caught_by: &[("I-TAGS", Level::Fail)],
        sent: to_tag_lost,
        received: unchanged,
    },
    Spec {
        name: "refer-without-contact",
        fault: "the REFER has no Contact",
        seen: "https://github.com/drachtio/drachtio-server/issues/44",
        caught_by: &[("I-CONTACT", Level::Fail)],
        sent: refer_without_contact,
        received: unchanged,
    },
    Spec {
        name: "bye-without-from-tag",
        fault: "the focus' BYE has no From tag, so that the user stays in a call with nobody",
        seen: "https://github.com/livekit/sip/issues/112",
        caught_by: &[("I-TAGS", Level::Fail), ("I-NO-LEAK", Level::Fail)],
        sent: from_tag_lost,
        received: unchanged,
    },
    Spec {
        name: "conference-outlives-its-creator",
        fault: "the creator's BYE does not end the conference, which hangs for ever",
        seen: "https://github.com/BelledonneCommunications/linphone-sdk/issues/143",
        caught_by: &[("I-NO-LEAK", Level::Fail)],
        sent: unchanged,
        received: creator_bye_unheard,
    },
    Spec {
        name: "bye-unheard",
        fault: "a user's BYE never ends his call at the focus",
        seen: "https://github.com/AlticeLabsPublic/asterisk-i/issues/57",
        caught_by: &[("I-NO-LEAK", Level::Fail)],
        sent: unchanged,
        received: bye_unheard,
    },
];

fn temporary_kept(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Ue && text.status() == Some(183) {
        memory.kept = text
            .header("Contact")
            .and_then(|contact| contact.split(['<', '>']).nth(1))
            .map(str::to_owned)
            .into_iter()
            .collect();
    }
    vec![text]
}

fn ack_to_the_old_contact(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue
        && text.is_request("ACK")
        && let Some(temporary) = memory.kept.first()
    {
        text.set_request_uri(temporary);
    }
    vec![text]
}

fn route_set_not_reversed(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    let in_dialog = text.header("To").is_some_and(|to| to.contains("tag="));
    if node == Node::Ue && text.method().is_some() && in_dialog {
        let routes = text.values("Route").join(", ");
        let reversed: Vec<&str> = routes.split(',').map(str::trim).rev().collect();
        text.set("Route", reversed.join(", "));
    }
    vec![text]
}

fn cseq_jumps(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("REFER") {
        text.shift_cseq(7);
    }
    vec![text]
}

fn cseq_jumps_back(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.answers("REFER") {
        text.shift_cseq(-7);
    }
    vec![text]
}

fn to_tag_lost(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("BYE") {
        text.change("To", |to| to.split(";tag=").next().unwrap_or_default().to_owned());
    }
    vec![text]
}

fn from_tag_lost(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("BYE") {
        text.change("From", |from| from.split(";tag=").next().unwrap_or_default().to_owned());
    }
    vec![text]
}

fn refer_without_contact(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("REFER") {
        text.remove("Contact");
    }
    vec![text]
}

fn is_from_user(text: &Text) -> bool {
    text.header("From").is_some_and(|from| from.contains("user"))
}

fn creator_bye_unheard(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("BYE") && !is_from_user(&text) { vec![] } else { vec![text] }
}

fn bye_unheard(_: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("BYE") && is_from_user(&text) { vec![] } else { vec![text] }
}
