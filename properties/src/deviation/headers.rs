//! Faults of single header fields: what the access, the security agreement, the service and the proxies need (TS
//! 34.229-1 annex A).

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "refer-without-access-network",
        fault: "the REFER does not tell the access network",
        seen: "TS 34.229-1 A.2.10 is a table of its own: easily forgotten when INVITE and SUBSCRIBE have it",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: refer_without_access_network,
        received: unchanged,
    },
    Spec {
        name: "ringing-without-access-network",
        fault: "the invited user's 180 does not tell the access network, his other messages do",
        seen: "condition A8 of TS 34.229-1 A.3.1 stands in another table than the requests",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: ringing_without_access_network,
        received: unchanged,
    },
    Spec {
        name: "agreement-not-required-of-proxies",
        fault: "Require lists sec-agree and Proxy-Require is missing, so that the P-CSCF need not understand it",
        seen: "RFC 3329 section 2.3.1 wants both",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: agreement_not_required_of_proxies,
        received: unchanged,
    },
    Spec {
        name: "path-in-invite",
        fault: "the INVITE carries the Path of the registration",
        seen: "the vectors of RFC 3327 and RFC 3608 are Route values in a session",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: path_in_invite,
        received: unchanged,
    },
    Spec {
        name: "identity-preferred-inside-a-dialog",
        fault: "the BYE asks for an identity to be asserted",
        seen: "TS 24.229 section 5.1.2A",
        caught_by: &[("I-HEADERS", Level::NonStrict)],
        sent: identity_preferred_inside_a_dialog,
        received: unchanged,
    },
    Spec {
        name: "asserted-twice",
        fault: "the focus asserts two SIP identities",
        seen: "RFC 3325 section 9.1: the second one has to be a tel URI",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: asserted_twice,
        received: unchanged,
    },
    Spec {
        name: "cancel-requires",
        fault: "the CANCEL requires an option, as if it could be refused",
        seen: "RFC 3261 section 9.1",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: cancel_requires,
        received: unchanged,
    },
    Spec {
        name: "invite-without-service",
        fault: "the INVITE names the service in its Contact only",
        seen: "TS 34.229-1 A.2.1, condition A3: an application server is found by Accept-Contact",
        caught_by: &[("I-HEADERS", Level::Fail)],
        sent: invite_without_service,
        received: unchanged,
    },
    Spec {
        name: "allow-without-ack",
        fault: "Allow lists INVITE, but neither ACK nor CANCEL",
        seen: "RFC 3261 section 20.5: all methods, ACK and CANCEL too",
        caught_by: &[("I-HEADERS", Level::NonStrict)],
        sent: allow_without_ack,
        received: unchanged,
    },
    Spec {
        name: "large-request-over-udp",
        fault: "the INVITE goes over TCP because of its size, but not the PRACK or UPDATE with its description",
        seen: "RFC 3261 section 18.1.1: the transport is decided for each request",
        caught_by: &[("I-TRANSPORT", Level::NonStrict)],
        sent: large_request_over_udp,
        received: unchanged,
    },
    Spec {
        name: "ack-tells-access-network",
        fault: "the ACK tells the access network like every other request",
        seen: "TS 34.229-1 A.2.7: neither ACK nor CANCEL has P-Access-Network-Info",
        caught_by: &[("I-HEADERS", Level::NonStrict)],
        sent: ack_tells_access_network,
        received: unchanged,
    },
];

const PANI: &str = "P-Access-Network-Info";

fn refer_without_access_network(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("REFER") {
        text.remove(PANI);
    }
    vec![text]
}

fn ringing_without_access_network(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_)) && text.status() == Some(180) {
        text.remove(PANI);
    }
    vec![text]
}

fn agreement_not_required_of_proxies(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("SUBSCRIBE") {
        text.remove("Proxy-Require");
    }
    vec![text]
}

fn path_in_invite(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("INVITE") {
        text.set("Path", "<sip:term@pcscf.3gpp.org;lr>");
    }
    vec![text]
}

fn identity_preferred_inside_a_dialog(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("BYE") {
        text.set("P-Preferred-Identity", "<sip:creator@ims.example>");
    }
    vec![text]
}

fn asserted_twice(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("INVITE") {
        text.change("P-Asserted-Identity", |identity| format!("{identity}, <sip:creator@ims.example>"));
    }
    vec![text]
}

fn cancel_requires(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.is_request("CANCEL") {
        text.set("Require", "timer");
    }
    vec![text]
}

fn invite_without_service(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("INVITE") {
        text.remove("Accept-Contact");
        text.remove("P-Preferred-Service");
    }
    vec![text]
}

fn large_request_over_udp(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && (text.is_request("PRACK") || text.is_request("UPDATE")) {
        text.change("Via", |via| via.replace("SIP/2.0/TCP", "SIP/2.0/UDP"));
    }
    vec![text]
}

fn allow_without_ack(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus {
        text.change("Allow", |methods| methods.replace("ACK, CANCEL, ", ""));
    }
    vec![text]
}

fn ack_tells_access_network(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.is_request("INVITE") {
        memory.kept = text.values(PANI);
    }
    if node == Node::Ue
        && text.is_request("ACK")
        && let Some(network) = memory.kept.first()
    {
        text.set(PANI, network.clone());
    }
    vec![text]
}
