//! Faults of what subscribers are told: that there are several of them, how a user left, how many there are, who does
//! not want to be named.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "told-to-one-subscriber",
        fault: "changes are told to the first subscriber only",
        seen: "https://github.com/kamailio/kamailio/issues/276",
        caught_by: &[("I-ROSTER", Level::Fail)],
        sent: told_to_one_subscriber,
        received: unchanged,
    },
    Spec {
        name: "versions-shared",
        fault: "all subscriptions count their documents together",
        seen: "the first reading of RFC 4575 section 4.3: a version of the conference, not of the subscription",
        caught_by: &[("I-VERSION", Level::Fail)],
        sent: versions_shared,
        received: unchanged,
    },
    Spec {
        name: "departed-is-failed",
        fault: "who left of his own is said to have failed",
        seen: "a focus with one way to remove a user from its roster",
        caught_by: &[("I-STATUS-TRUE", Level::NonStrict)],
        sent: departed_is_failed,
        received: unchanged,
    },
    Spec {
        name: "still-alerting",
        fault: "who has answered is shown as alerting",
        seen: "a focus that forgets to tell the roster of the 200",
        caught_by: &[("I-STATUS-TRUE", Level::Fail)],
        sent: still_alerting,
        received: unchanged,
    },
    Spec {
        name: "creator-not-counted",
        fault: "the user count leaves the creator out",
        seen: "a focus that counts the users that it called",
        caught_by: &[("I-STATUS-TRUE", Level::NonStrict)],
        sent: creator_not_counted,
        received: unchanged,
    },
    Spec {
        name: "privacy-ignored",
        fault: "a user who asks for privacy with his answer is named all the same",
        seen: "a focus that looks for Privacy in requests only",
        caught_by: &[("I-PRIVACY", Level::Fail)],
        sent: privacy_asked,
        received: privacy_overlooked,
    },
    Spec {
        name: "user-without-entity",
        fault: "the users of a document have no entity",
        seen: "RFC 4575 section 5.5: the key by which a user is found again",
        caught_by: &[("I-STATE-TRUE", Level::Fail)],
        sent: users_without_entity,
        received: unchanged,
    },
    Spec {
        name: "endpoint-listed-twice",
        fault: "an endpoint stands twice in a document",
        seen: "a focus that lists an endpoint for each of its media",
        caught_by: &[("I-STATE-TRUE", Level::Fail)],
        sent: endpoint_twice,
        received: unchanged,
    },
];

fn told_to_one_subscriber(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || !text.notifies("conference") {
        return vec![text];
    }
    let call_id = text.header("Call-ID").unwrap_or_default().to_owned();
    if memory.kept.is_empty() {
        memory.kept.push(call_id.clone());
    }
    let withheld = text.body.contains("state=\"partial\"") && memory.kept.first() != Some(&call_id);
    if withheld { vec![] } else { vec![text] }
}

/// Remembers which NOTIFY had which number, so that a copy has the same.
fn versions_shared(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        let notify = format!("{} {}", text.header("Call-ID").unwrap_or_default(), text.cseq());
        if !memory.kept.contains(&notify) {
            memory.kept.push(notify.clone());
        }
        let version = memory.kept.iter().position(|known| *known == notify).unwrap_or_default() + 1;
        let start = text.body.find("<conference-info").unwrap_or_default();
        if let Some((head, tail)) = text.body.split_at_checked(start)
            && let Some((before, rest)) = tail.split_once(" version=\"")
            && let Some((_, after)) = rest.split_once('"')
        {
            text.body = format!("{head}{before} version=\"{version}\"{after}");
        }
    }
    vec![text]
}

fn departed_is_failed(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace(">departed<", ">failed<");
    }
    vec![text]
}

fn still_alerting(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    const JOINED: &str = "<status>connected</status><joining-method>dialed-out</joining-method>";
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace(JOINED, "<status>alerting</status>");
    }
    vec![text]
}

fn creator_not_counted(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus
        && text.notifies("conference")
        && let Some((before, rest)) = text.body.split_once("<user-count>")
        && let Some((count, after)) = rest.split_once("</user-count>")
    {
        let count = count.trim().parse::<u32>().unwrap_or_default().saturating_sub(1);
        text.body = format!("{before}<user-count>{count}</user-count>{after}");
    }
    vec![text]
}

/// The invited users ask for privacy.
fn privacy_asked(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if matches!(node, Node::User(_)) && text.answers("INVITE") && text.status().is_some_and(|code| code >= 200) {
        text.set("Privacy", "id");
    }
    vec![text]
}

fn privacy_overlooked(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.method().is_none() {
        text.remove("Privacy");
    }
    vec![text]
}

fn users_without_entity(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace("<user entity=", "<user name=");
    }
    vec![text]
}

fn endpoint_twice(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    const END: &str = "</endpoint>";
    if node == Node::Focus
        && text.notifies("conference")
        && let (Some(start), Some(end)) = (text.body.find("<endpoint "), text.body.find(END))
    {
        let copy = text.body.get(start..end + END.len()).unwrap_or_default().to_owned();
        text.body.insert_str(start, &copy);
    }
    vec![text]
}
