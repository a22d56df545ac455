//! Faults of the conference itself: isfocus, versions, documents, the roster, other people's calls.

use super::text::Text;
use super::{Memory, Spec, unchanged};
use crate::verdict::Level;
use crate::world::topology::Node;

pub(super) static ALL: &[Spec] = &[
    Spec {
        name: "isfocus-missing",
        fault: "no Contact of the focus has isfocus",
        seen: "https://github.com/signalwire/freeswitch/issues/679",
        caught_by: &[("I-ISFOCUS", Level::Fail)],
        sent: isfocus_missing,
        received: unchanged,
    },
    Spec {
        name: "version-stuck",
        fault: "every document has version 1",
        seen: "https://github.com/kamailio/kamailio/issues/3234",
        caught_by: &[("I-VERSION", Level::Fail)],
        sent: version_stuck,
        received: unchanged,
    },
    Spec {
        name: "full-that-is-partial",
        fault: "a partial document calls itself full",
        seen: "https://github.com/OpenSIPS/opensips/pull/62",
        caught_by: &[("I-STATE-TRUE", Level::Fail)],
        sent: full_that_is_partial,
        received: unchanged,
    },
    Spec {
        name: "first-document-partial",
        fault: "the first document after the SUBSCRIBE is partial",
        seen: "https://github.com/kamailio/kamailio/issues/276",
        caught_by: &[("I-VERSION", Level::Fail)],
        sent: first_document_partial,
        received: unchanged,
    },
    Spec {
        name: "users-without-state",
        fault: "the users element of a partial document has no state, and so is full",
        seen: "TS 34.229-1 A.20 step 7 as it is printed",
        // By the letter the document says that everybody else has left; a document may say so.
        caught_by: &[("I-STATE-TRUE", Level::NonStrict)],
        sent: users_without_state,
        received: unchanged,
    },
    Spec {
        name: "document-as-printed",
        fault: "a partial document ends its root tag before the attributes and never closes a user",
        seen: "TS 34.229-1 A.20 step 7 and A.5.3 as they are printed",
        caught_by: &[("I-STATE-TRUE", Level::Fail)],
        sent: document_as_printed,
        received: unchanged,
    },
    Spec {
        name: "document-half-repaired",
        fault: "the printed document with its user closed: well-formed, without entity, state and version",
        seen: "TS 34.229-1 A.20 step 7 as it is printed, with the one tag that an XML parser asks for",
        caught_by: &[("I-STATE-TRUE", Level::Fail)],
        sent: document_half_repaired,
        received: unchanged,
    },
    Spec {
        name: "connected-too-early",
        fault: "a user is shown connected before he answered",
        seen: "https://github.com/kamailio/kamailio/issues/2700",
        caught_by: &[("I-STATUS-TRUE", Level::Fail)],
        sent: connected_too_early,
        received: unchanged,
    },
    Spec {
        name: "leaver-stays-in-the-roster",
        fault: "a user who left is still shown connected",
        seen: "https://github.com/meetecho/janus-gateway/pull/2521",
        caught_by: &[("I-ROSTER", Level::Fail)],
        sent: leaver_stays_in_the_roster,
        received: unchanged,
    },
    Spec {
        name: "roster-misread",
        fault: "the UE misreads who is connected",
        seen: "the inside check's own: no wire shows what a subscriber believes",
        caught_by: &[("I-ROSTER-EQUAL", Level::Fail)],
        sent: unchanged,
        received: roster_misread,
    },
    Spec {
        name: "one-leaves-all-leave",
        fault: "when one user leaves, the focus hangs up on another",
        seen: "https://github.com/signalwire/freeswitch/issues/2887",
        caught_by: &[("I-ISOLATION", Level::Fail)],
        sent: one_leaves_all_leave,
        received: leaver_noticed,
    },
    Spec {
        name: "isfocus-inside-the-brackets",
        fault: "isfocus is a parameter of the URI in the Contact",
        seen: "RFC 3840 section 9: a feature parameter stands behind the address",
        caught_by: &[("I-ISFOCUS", Level::Fail)],
        sent: isfocus_inside,
        received: unchanged,
    },
    Spec {
        name: "refusal-ends-another-call",
        fault: "when an invited user is busy, the focus hangs up on another one",
        seen: "a focus with one state for all that it called",
        caught_by: &[("I-ISOLATION", Level::Fail)],
        sent: refusal_ends_another,
        received: refusal_noticed,
    },
];

fn isfocus_missing(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus {
        text.change("Contact", |contact| contact.replace(";isfocus", ""));
    }
    vec![text]
}

fn version_stuck(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus
        && text.notifies("conference")
        && let Some((before, after)) =
            text.body.split_once(" version=\"1.0\"").map_or(Some(("", text.body.as_str())), Some)
        && let Some((head, tail)) = after.split_once(" version=\"")
        && let Some((_, rest)) = tail.split_once('"')
    {
        let declaration = if before.is_empty() { String::new() } else { format!("{before} version=\"1.0\"") };
        text.body = format!("{declaration}{head} version=\"1\"{rest}");
    }
    vec![text]
}

fn full_that_is_partial(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replacen("state=\"partial\"", "state=\"full\"", 1);
    }
    vec![text]
}

fn first_document_partial(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replacen("state=\"full\"", "state=\"partial\"", 1);
    }
    vec![text]
}

fn users_without_state(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace("<users state=\"partial\">", "<users>");
    }
    vec![text]
}

/// The document of A.20 step 7 as it stands in the specification, its placeholders filled in.
const PRINTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\">
  entity=\"sip:final@conf-factory.ims.example\"
  state=\"partial\"
  version=\"2\"
  <users>
    <user entity=\" sip:user0@ims.example\">
      <endpoint entity=\" sip:user0@elsewhere\">
        <status>connected</status>
        <joining-method>dialed-in</joining-method>
        <media id=\"1\">
          <type>audio</type>
          <label>11223</label>
          <src-id>random SSRC value</src-id>
          <status>sendrecv</status>
        </media>
      </endpoint>
  </users>
</conference-info>
";

fn is_partial(text: &Text) -> bool {
    text.notifies("conference") && text.body.contains("state=\"partial\"")
}

fn document_as_printed(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_partial(&text) {
        text.body = PRINTED.to_owned();
    }
    vec![text]
}

fn document_half_repaired(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && is_partial(&text) {
        text.body = PRINTED.replace("</endpoint>\n", "</endpoint>\n    </user>\n");
    }
    vec![text]
}

fn connected_too_early(memory: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") && !std::mem::replace(&mut memory.done, true) {
        let row = "<user entity=\"sip:user0@ims.example\"><endpoint entity=\"sip:user0@elsewhere\">\
            <status>connected</status></endpoint></user></users>";
        text.body = text.body.replacen("</users>", row, 1);
    }
    vec![text]
}

fn leaver_stays_in_the_roster(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus && text.notifies("conference") {
        text.body = text.body.replace(">disconnected<", ">connected<");
    }
    vec![text]
}

fn roster_misread(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Ue && text.notifies("conference") {
        text.body = text.body.replace(">connected<", ">disconnected<");
    }
    vec![text]
}

fn leaver_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    let from_user = text.header("From").is_some_and(|from| from.contains("user"));
    memory.done |= node == Node::Focus && text.is_request("BYE") && from_user;
    vec![text]
}

/// Keeps the ACK of each user's call; when somebody leaves, makes a BYE of another one's.
fn one_leaves_all_leave(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus {
        return vec![text];
    }
    if text.is_request("ACK") {
        let kept = String::from_utf8_lossy(&text.bytes()).into_owned();
        if !memory.kept.contains(&kept) {
            memory.kept.push(kept);
        }
    }
    if !memory.done || !text.answers("BYE") || memory.count > 0 {
        return vec![text];
    }
    memory.count = 1;
    let call_id = text.header("Call-ID").unwrap_or_default().to_owned();
    let other =
        memory.kept.iter().map(|ack| Text::of(ack.as_bytes())).find(|ack| ack.header("Call-ID") != Some(&call_id));
    let bye = other.map(|mut bye| {
        bye.become_request("BYE", 1);
        bye
    });
    [text].into_iter().chain(bye).collect()
}

fn isfocus_inside(_: &mut Memory, node: Node, mut text: Text) -> Vec<Text> {
    if node == Node::Focus {
        text.change("Contact", |contact| {
            let outside = contact.replace(";isfocus", "");
            if outside == contact { outside } else { outside.replace('>', ";isfocus>") }
        });
    }
    vec![text]
}

fn refusal_noticed(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    memory.done |= node == Node::Focus && text.answers("INVITE") && text.status().is_some_and(|code| code >= 400);
    vec![text]
}

/// With the ACK to the refusal comes a BYE to whoever was called before.
fn refusal_ends_another(memory: &mut Memory, node: Node, text: Text) -> Vec<Text> {
    if node != Node::Focus || !text.is_request("ACK") {
        return vec![text];
    }
    if !memory.done {
        memory.kept.push(String::from_utf8_lossy(&text.bytes()).into_owned());
        return vec![text];
    }
    let bye = memory.kept.pop().map(|ack| {
        let mut bye = Text::of(ack.as_bytes());
        bye.become_request("BYE", 1);
        bye
    });
    [text].into_iter().chain(bye).collect()
}
