//! Several subscribers to one conference: each has his own dialog, his own versions and his own queue of NOTIFYs, and
//! each hears of every change and of the end (RFC 4575 sections 3.6 and 4.5, RFC 6665 section 4.2).

mod common;

use std::time::Duration;

use common::Net;
use imsconf::agent::{Agent, Transmit};
use imsconf::role::participant::{self, Command};
use imsconf::role::ue::{self, InviteMode, SecondOffer};
use imsconf::view::{NotifierState, SubscriberState};
use imsconf::wire::Method;

/// Alice and Bob are in a conference to which both have subscribed.
fn two_subscribers() -> Net {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    net.bob(Command::Subscribe);
    net
}

/// The lines about the conference package since `from`.
fn told(net: &Net, from: usize) -> Vec<&str> {
    let lines = net.ladder.get(from..).unwrap_or_default();
    let notifies = lines.iter().filter(|line| line.contains("[conference]") && !line.contains("scscf ->"));
    notifies.filter(|line| !line.contains("pcscf ->")).map(String::as_str).collect()
}

#[test]
fn a_second_subscriber_gets_the_whole_roster_at_once() {
    let net = two_subscribers();
    let bob = net.bob.view().subscription;
    assert_eq!(bob.state, SubscriberState::Active);
    assert_eq!(bob.version, Some(1), "his versions are his own");
    assert_eq!(bob.roster, net.ue.view().subscription.roster);
    assert!(net.bob_events.contains(&participant::Event::Subscribed));
    let conference = &net.focus.view().conferences[0];
    let subscribers: Vec<_> = conference.subscriptions.iter().map(|view| view.subscriber.as_str()).collect();
    assert_eq!(subscribers, ["sip:alice@home.example", "sip:bob@home.example"]);
}

#[test]
fn a_change_is_told_to_everybody_in_his_own_versions() {
    let mut net = two_subscribers();
    net.invite("sip:carol@home.example");
    let from = net.ladder.len();
    net.carol(Command::Answer);
    let told = told(&net, from);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].ends_with("+partial v3") && told[1].ends_with("+partial v2"), "{told:#?}");
    let roster = net.focus.view().conferences[0].roster.clone();
    assert_eq!(roster.len(), 3);
    assert_eq!(net.ue.view().subscription.roster, roster);
    assert_eq!(net.bob.view().subscription.roster, roster);
}

/// The NOTIFYs to Bob are lost: he is removed, without a word, and Alice hears of everything meanwhile.
#[test]
fn a_subscriber_who_does_not_answer_holds_nobody_up() {
    let mut net = two_subscribers();
    net.invite("sip:carol@home.example");
    net.carol.handle_command(net.now, Command::Answer).expect("answer");
    let to_bob = |message: &imsconf::wire::Message<'_>| {
        let about_bob = message.to().is_ok_and(|to| to.uri.to_string().contains("bob@"));
        message.method() == Some(Method::Notify) && about_bob
    };
    net.settle_unless(to_bob);
    assert_eq!(net.ue.view().subscription.roster.len(), 3);
    net.run_until_unless(net.now + Duration::from_secs(40), to_bob);
    let states: Vec<_> = net.focus.view().conferences[0].subscriptions.iter().map(|view| view.state).collect();
    assert_eq!(states, [NotifierState::Active, NotifierState::Removed]);
    net.carol(Command::Leave);
    assert!(net.ue.view().subscription.roster.iter().any(|row| row.entity.contains("carol") && !row.connected));
}

#[test]
fn who_leaves_keeps_his_subscription() {
    let mut net = two_subscribers();
    net.bob(Command::Leave);
    let bob = net.bob.view();
    assert_eq!(bob.subscription.state, SubscriberState::Active);
    assert_eq!(bob.subscription.roster, net.ue.view().subscription.roster);
    assert!(bob.subscription.roster.iter().any(|row| row.entity == "sip:bob@home.example" && !row.connected));
}

fn expel_bob(net: &mut Net) {
    let target = common::uri("sip:bob@home.example");
    net.ue.handle_command(net.now, ue::Command::Expel { target }).expect("expel");
}

/// RFC 4579 section 5.11, figure 11: with his call ends what he is told of the conference.
#[test]
fn who_is_expelled_is_told_nothing_more() {
    let mut net = two_subscribers();
    let from = net.ladder.len();
    expel_bob(&mut net);
    net.settle();
    let to_bob = |net: &Net| -> Vec<String> {
        told(net, from).into_iter().filter(|line| line.contains("-> bob")).map(str::to_owned).collect()
    };
    let last = to_bob(&net);
    assert!(last.len() == 1 && last[0].ends_with("terminated;reason=rejected"), "{last:#?}");
    assert_eq!(net.bob.view().subscription.state, SubscriberState::Ended);
    net.invite("sip:carol@home.example");
    net.carol(Command::Answer);
    assert_eq!(to_bob(&net).len(), 1, "{:#?}", told(&net, from));
    assert_eq!(net.ue.view().subscription.roster.len(), 3, "the others hear of everything");
    net.run_dry();
    let states: Vec<_> = net.focus.view().conferences[0].subscriptions.iter().map(|view| view.state).collect();
    assert_eq!(states, [NotifierState::Active, NotifierState::Closed]);
}

/// The last NOTIFY waits for the answer to the one before it.
#[test]
fn who_is_expelled_while_he_is_told_something_hears_the_end_next() {
    let mut net = two_subscribers();
    net.invite("sip:carol@home.example");
    net.carol.handle_command(net.now, Command::Answer).expect("answer");
    let from = net.ladder.len();
    let to_bob = |message: &imsconf::wire::Message<'_>| {
        message.method() == Some(Method::Notify) && message.to().is_ok_and(|to| to.uri.to_string().contains("bob@"))
    };
    net.settle_unless(to_bob);
    expel_bob(&mut net);
    net.settle_unless(to_bob);
    net.pass(Duration::from_secs(2));
    let lines: Vec<_> = told(&net, from).into_iter().filter(|line| line.starts_with("focus -> bob")).collect();
    let (last, before) = lines.split_last().expect("he is told something");
    assert!(before.iter().all(|line| line.contains(" active;")) && last.contains("reason=rejected"), "{lines:#?}");
    assert_eq!(net.bob.view().subscription.state, SubscriberState::Ended);
}

/// A SUBSCRIBE that was under way when he was expelled is refused.
#[test]
fn who_is_expelled_cannot_subscribe() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    expel_bob(&mut net);
    net.settle_unless(|message| message.method() == Some(Method::Bye));
    net.bob(Command::Subscribe);
    assert_eq!(net.bob.view().subscription.state, SubscriberState::Failed);
    assert!(net.ladder.iter().any(|line| line.contains("403 Forbidden (SUBSCRIBE)")), "{:#?}", net.ladder);
    assert_eq!(net.focus.view().conferences[0].subscriptions.len(), 0);
}

/// Who is called in again is one of them again. Our UE asks for each user once, so that this is another one's REFER.
#[test]
fn who_was_expelled_may_come_back_and_subscribe() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    expel_bob(&mut net);
    net.settle();
    let (target, mode) = (common::uri("sip:dave@home.example"), InviteMode::ReferToFocus);
    net.ue.handle_command(net.now, ue::Command::Invite { target, mode }).expect("invite");
    net.collect();
    let (from, refer) = net.queue.pop_front().expect("a REFER");
    let bytes = common::edited(&refer.bytes, "sip:dave@", "sip:bob@");
    net.deliver(from, &Transmit { bytes, ..refer });
    net.settle();
    net.bob(Command::Answer);
    net.bob(Command::Subscribe);
    assert_eq!(net.bob.view().subscription.state, SubscriberState::Active);
    assert_eq!(net.bob.view().subscription.roster.len(), 2);
}

#[test]
fn the_end_is_told_to_everybody_once() {
    let mut net = two_subscribers();
    let from = net.ladder.len();
    net.leave();
    let told = told(&net, from);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|line| line.contains("terminated;reason=noresource")), "{told:#?}");
    assert_eq!(net.bob.view().subscription.state, SubscriberState::Ended);
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
    net.run_dry();
    let states: Vec<_> = net.focus.view().conferences[0].subscriptions.iter().map(|view| view.state).collect();
    assert_eq!(states, [NotifierState::Closed, NotifierState::Closed]);
    for counts in [net.ue.view().counts, net.bob.view().counts, net.focus.view().counts] {
        assert_eq!((counts.dialogs, counts.usages, counts.transactions), (0, 0, 0), "{counts}");
    }
}

#[test]
fn a_user_subscribes_only_from_inside_the_conference_and_once() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.bob.handle_command(net.now, Command::Subscribe).expect_err("nobody called him");
    net.invite("sip:bob@home.example");
    net.bob.handle_command(net.now, Command::Subscribe).expect_err("he has not answered");
    net.bob(Command::Answer);
    net.bob(Command::Subscribe);
    net.bob.handle_command(net.now, Command::Subscribe).expect_err("he has subscribed");
}

/// RFC 4575 section 3.9: changes within the interval are one document, its version one above the last.
#[test]
fn changes_are_gathered_and_told_together() {
    // No timer of a transaction ends then.
    let interval = Duration::from_millis(2_300);
    let mut focus = common::focus_config();
    focus.notification_interval = Some(interval);
    let mut net = Net::with(common::ue_config(), focus);
    net.create(SecondOffer::Prack);
    net.subscribe();
    let from = net.ladder.len();
    for name in ["bob", "carol"] {
        net.invite(&format!("sip:{name}@home.example"));
    }
    net.bob(Command::Answer);
    net.carol(Command::Answer);
    assert_eq!(told(&net, from), [""; 0], "both changes wait");
    net.pass(interval);
    let together = told(&net, from);
    assert!(together.len() == 1 && together[0].ends_with("+partial v2"), "{together:#?}");
    assert_eq!(net.ue.view().subscription.roster.len(), 3);

    let from = net.ladder.len();
    net.bob(Command::Leave);
    net.ue.handle_command(net.now, ue::Command::Refresh).expect("refresh");
    net.settle();
    let owed = told(&net, from);
    assert!(owed.len() == 1 && owed[0].ends_with("+full v3"), "what a SUBSCRIBE is owed never waits: {owed:#?}");
    net.pass(interval);
    assert_eq!(told(&net, from).len(), 1, "nothing is left to be told");

    net.carol(Command::Leave);
    net.leave();
    assert!(told(&net, from).last().is_some_and(|line| line.contains("terminated;reason=noresource")));
}
