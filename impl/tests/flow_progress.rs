//! How an invited user comes in and goes, as the roster shows it where the operator wants that: each status of RFC 4575
//! section 5.7.3 in its turn, how he joined and left, and who referred him.

mod common;

use std::time::Duration;

use common::{Net, at, uri};
use imsconf::agent::Agent;
use imsconf::body::conference_info::{Document, Endpoint, State};
use imsconf::role::participant::{Command, Participant};
use imsconf::role::ue::{self, SecondOffer};
use imsconf::wire::{Message, Method};

/// Alice's conference, to which she has subscribed; its focus shows what happens to those whom it calls.
fn conference() -> Net {
    let mut focus = common::focus_config();
    focus.shows_progress = true;
    let mut net = Net::with(common::ue_config(), focus);
    net.create(SecondOffer::Prack);
    net.subscribe();
    net
}

/// Status, joining method and disconnection method of an endpoint.
fn words(endpoint: &Endpoint) -> String {
    let joining = endpoint.joining_method.map(|method| method.token());
    let left = endpoint.disconnection_method.map(|method| method.token());
    let status = endpoint.status.map(|status| status.token());
    [status, joining, left].into_iter().flatten().collect::<Vec<_>>().join("/")
}

/// What the documents of the focus say of a user, one entry for each document that mentions him.
fn shown(net: &Net, user: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for (_, transmit) in net.said.iter().filter(|(from, _)| *from == at(common::FOCUS)) {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let event = message.event().is_ok_and(|event| event.package == b"conference");
        if message.method() != Some(Method::Notify) || !event || message.body().is_empty() {
            continue;
        }
        let document = Document::read(message.body()).expect("a document");
        let Some(row) = document.content.users.and_then(|mut users| users.rows.remove(user)) else { continue };
        rows.push(match row.state {
            State::Deleted => "deleted".to_owned(),
            State::Full | State::Partial => row.endpoints.values().map(words).collect::<Vec<_>>().join(" and "),
        });
    }
    rows
}

const BOB: &str = "sip:bob@home.example";

fn expel_bob(net: &mut Net) {
    net.ue.handle_command(net.now, ue::Command::Expel { target: uri(BOB) }).expect("expel");
    net.settle();
}

#[test]
fn each_way_in_and_out() {
    type Story = fn(&mut Net);
    let table: [(&str, Story, &[&str]); 6] = [
        (
            "rings, answers, leaves",
            |net| {
                net.bob(Command::Ring);
                net.bob(Command::Answer);
                net.bob(Command::Leave);
            },
            &["dialing-out", "alerting", "connected/dialed-out", "disconnected/dialed-out/departed"],
        ),
        ("answers at once", |net| net.bob(Command::Answer), &["dialing-out", "connected/dialed-out"]),
        ("is busy", |net| net.bob(Command::Busy), &["dialing-out", "disconnected/busy"]),
        (
            "rings, declines",
            |net| {
                net.bob(Command::Ring);
                net.bob(Command::Decline);
            },
            &["dialing-out", "alerting", "disconnected/failed"],
        ),
        (
            "rings, is called off",
            |net| {
                net.bob(Command::Ring);
                net.pass(Duration::from_secs(400));
            },
            &["dialing-out", "alerting", "disconnecting", "disconnected/failed"],
        ),
        (
            "is expelled",
            |net| {
                net.bob(Command::Answer);
                expel_bob(net);
            },
            &["dialing-out", "connected/dialed-out", "disconnecting/dialed-out", "disconnected/dialed-out/booted"],
        ),
    ];
    for (story, play, expected) in table {
        let mut net = conference();
        net.invite(BOB);
        play(&mut net);
        assert_eq!(shown(&net, BOB), expected, "{story}\n{}", net.ends());
        assert_eq!(net.ue.view().subscription.roster, net.focus.view().conferences[0].roster, "{story}");
    }
}

/// His row has named him; from now on it is another one, which does not (RFC 4575 section 5.6).
#[test]
fn who_asks_for_privacy_when_he_answers_loses_the_row_that_names_him() {
    let mut net = conference();
    let mut config = common::participant_config("bob", common::BOB);
    config.privacy = true;
    net.bob = Participant::new(config);
    net.invite(BOB);
    net.bob(Command::Answer);
    assert_eq!(shown(&net, BOB), ["dialing-out", "deleted"]);
    let anonymous = "sip:anonymous1@anonymous.invalid";
    assert_eq!(shown(&net, anonymous), ["connected/dialed-out"]);
}

/// A document in which nobody is called yet, then the one with Bob: who referred him stands in it (section 5.7.2).
#[test]
fn the_row_says_who_referred_him() {
    let mut net = conference();
    net.invite(BOB);
    let said = net.said.iter().rev().find_map(|(_, transmit)| {
        let message = Message::parse(&transmit.bytes).ok()?;
        Document::read(message.body()).ok()
    });
    let row = said.and_then(|document| document.content.users?.rows.remove(BOB)).expect("Bob is in the last document");
    let by: Vec<_> = row.endpoints.into_values().filter_map(|endpoint| endpoint.referred?.by).collect();
    assert_eq!(by, ["sip:alice@home.example"]);
}
