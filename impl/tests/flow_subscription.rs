//! A subscription to the state of a conference from its first document to its end: refresh, unsubscribe, poll, what is
//! too brief, what is lost, and what a notifier that restarted has forgotten (RFC 6665 sections 4.1.2, 4.2.1, 4.4).

mod common;

use std::time::Duration;

use common::{Net, focus_config, name, ue_config, with_body};
use imsconf::agent::{Agent, Transmit};
use imsconf::role::config::Identity;
use imsconf::role::focus::Focus;
use imsconf::role::participant;
use imsconf::role::ue::{Command, Event, SecondOffer};
use imsconf::view::{NotifierState, SubscriberState};
use imsconf::wire::{Message, Method};

/// A conference with Bob in it, to which the UE has subscribed.
fn subscribed() -> Net {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob(participant::Command::Answer);
    net
}

fn command(net: &mut Net, command: Command) {
    net.ue.handle_command(net.now, command).expect("possible");
    net.settle();
}

/// What the ends have said about the subscription since `from`.
fn said(net: &Net, from: usize) -> Vec<String> {
    let lines = net.ends();
    let all = lines.lines().skip(net_lines(net, from));
    all.filter(|line| line.contains("SUBSCRIBE") || line.contains("[conference]") || line.contains("NOTIFY"))
        .map(|line| line.split_whitespace().skip(3).collect::<Vec<_>>().join(" "))
        .collect()
}

/// How many of the first `from` lines of the ladder `ends` shows.
fn net_lines(net: &Net, from: usize) -> usize {
    let shown = |line: &&String| !line.contains("-> pcscf") && !line.contains("-> scscf");
    net.ladder.iter().take(from).filter(shown).count()
}

fn notifier(net: &Net) -> NotifierState {
    net.focus.view().conferences[0].subscriptions.last().expect("a subscription").state
}

fn is_method(message: &Message<'_>, wanted: Method<'_>) -> bool {
    message.cseq().is_ok_and(|cseq| cseq.method == wanted)
}

#[test]
fn a_refresh_gives_the_whole_roster_again() {
    let mut net = subscribed();
    let before = net.ue.view().subscription;
    let from = net.ladder.len();
    command(&mut net, Command::Refresh);
    let said = said(&net, from);
    assert!(said.iter().any(|line| line.contains("active") && line.ends_with("+full v3")), "{said:#?}");
    let after = net.ue.view().subscription;
    assert_eq!((after.state, after.version, &after.roster), (SubscriberState::Active, Some(3), &before.roster));
    assert!(!after.refreshing && !after.open);
}

#[test]
fn unsubscribing_ends_with_the_last_notify_and_the_call_goes_on() {
    let mut net = subscribed();
    let from = net.ladder.len();
    command(&mut net, Command::Unsubscribe);
    let said = said(&net, from);
    assert!(
        said.iter().any(|line| line.contains("terminated;reason=timeout") && line.ends_with("+full v3")),
        "{said:#?}"
    );
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
    assert_eq!(notifier(&net), NotifierState::Closed);
    net.ue.handle_command(net.now, Command::Unsubscribe).expect_err("it is over");
    net.bob(participant::Command::Leave);
    assert!(!net.ladder.last().expect("a BYE").contains("[conference]"), "nobody is told any more");
}

#[test]
fn who_unsubscribed_answers_the_active_notify_that_crosses() {
    let mut net = subscribed();
    net.bob.handle_command(net.now, participant::Command::Leave).expect("leave");
    net.ue.handle_command(net.now, Command::Unsubscribe).expect("unsubscribe");
    net.settle();
    assert!(!net.ends().contains("481"), "{}", net.ends());
    let roster = net.ue.view().subscription.roster;
    assert!(roster.iter().any(|row| row.entity.contains("bob") && !row.connected), "{roster:?}");
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
}

#[test]
fn a_new_subscription_has_a_dialog_and_versions_of_its_own() {
    let mut net = subscribed();
    command(&mut net, Command::Unsubscribe);
    command(&mut net, Command::Subscribe);
    let again = net.ue.view().subscription;
    assert_eq!((again.state, again.version), (SubscriberState::Active, Some(1)), "the old counter is forgotten");
    assert_eq!(again.roster.len(), 2);
    assert_eq!(net.focus.view().conferences[0].subscriptions.len(), 2);
    net.ue.handle_command(net.now, Command::Subscribe).expect_err("it is subscribed");
}

#[test]
fn a_poll_gets_the_state_once_and_leaves_nothing_behind() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    let from = net.ladder.len();
    command(&mut net, Command::Poll);
    let said = said(&net, from);
    let notifies: Vec<_> = said.iter().filter(|line| line.contains("[conference]")).collect();
    assert_eq!(notifies.len(), 1, "{said:#?}");
    assert!(notifies[0].contains("terminated;reason=timeout") && notifies[0].ends_with("+full v1"), "{said:#?}");
    let view = net.ue.view();
    assert_eq!((view.subscription.state, view.subscription.roster.len()), (SubscriberState::Ended, 1));
    assert_eq!((view.counts.dialogs, view.counts.usages), (1, 1), "only the call");
}

/// The user hears of a roster that changed, and of no other.
#[test]
fn each_change_of_the_roster_is_told_once() {
    let mut net = subscribed();
    let changes = |net: &Net| net.ue_events.iter().filter(|event| matches!(event, Event::RosterChanged(_))).count();
    assert_eq!(changes(&net), 2, "the creator, and Bob");
    command(&mut net, Command::Refresh);
    assert_eq!(changes(&net), 2, "the same roster again");
    net.bob(participant::Command::Leave);
    assert_eq!(changes(&net), 3);
    assert!(net.bob_events.contains(&participant::Event::Joined));
}

/// RFC 6665 section 4.2.1.1: too brief is only what is above 0, below an hour and below the notifier's minimum.
#[test]
fn what_is_too_brief_is_asked_for_again_once() {
    let cases = [(0, 600, 0), (1, 600, 600), (599, 600, 600), (600, 600, 600), (3599, 7200, 7200), (3600, 7200, 3600)];
    for (asked, minimum, granted) in cases {
        let (mut ue, mut focus) = (ue_config(), focus_config());
        ue.conference_expires = asked;
        focus.shortest_subscription = minimum;
        let mut net = Net::with(ue, focus);
        net.create(SecondOffer::Prack);
        net.subscribe();
        let refused = net.ends().contains("423 ");
        assert_eq!(refused, granted > asked, "{asked} below {minimum}\n{}", net.ends());
        let requests = net.ends().lines().filter(|line| line.contains(" SUBSCRIBE sip:")).count();
        assert_eq!(requests, 1 + usize::from(refused), "{asked} below {minimum}");
        let numbers = net.said.iter().filter_map(|(from, transmit)| {
            let message = Message::parse(&transmit.bytes).ok()?;
            (name(*from) == "ue" && is_method(&message, Method::Subscribe))
                .then(|| message.cseq().map(|cseq| cseq.number))
        });
        let numbers: Vec<_> = numbers.collect::<Result<_, _>>().expect("each has a CSeq");
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "RFC 3261 section 8.1.3.5: {numbers:?}");
        let state = if asked == 0 { SubscriberState::Ended } else { SubscriberState::Active };
        assert_eq!(net.ue.view().subscription.state, state, "{asked} below {minimum}");
    }
}

/// The refresh is never answered: Timer N ends the subscription at the subscriber, the end of its time at the notifier.
#[test]
fn a_refresh_that_is_lost_ends_it_at_both_ends() {
    let mut net = subscribed();
    let lost = |message: &Message<'_>| is_method(message, Method::Subscribe);
    net.ue.handle_command(net.now, Command::Refresh).expect("refresh");
    net.run_until_unless(net.now + Duration::from_secs(129), lost);
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
    assert_eq!(net.ue_events.last(), Some(&Event::SubscriptionEnded { reason: "no NOTIFY".to_owned() }));
    assert_eq!(notifier(&net), NotifierState::Active);
    net.pass(Duration::from_secs(7_300));
    assert_eq!(notifier(&net), NotifierState::Removed, "its last NOTIFY is refused with 481");
    assert!(net.ends().contains("terminated;reason=timeout"));
}

/// A subscription whose subscriber refreshes it by itself outlives its first duration.
#[test]
fn a_subscription_is_refreshed_before_its_end() {
    let mut net = subscribed();
    net.pass(Duration::from_secs(7_300));
    assert_eq!((net.ue.view().subscription.state, notifier(&net)), (SubscriberState::Active, NotifierState::Active));
}

#[test]
fn a_notifier_that_restarted_knows_no_subscription() {
    let mut net = subscribed();
    let mut config = focus_config();
    config.identity = Identity { incarnation: 1, ..config.identity };
    net.focus = Focus::new(config);
    let calls = |net: &Net| net.ends().lines().filter(|line| line.contains(" SUBSCRIBE sip:")).count();
    let before = calls(&net);
    command(&mut net, Command::Refresh);
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
    assert_eq!(net.ue_events.last(), Some(&Event::SubscriptionEnded { reason: "481".to_owned() }));
    command(&mut net, Command::Subscribe);
    let renewed = net.ue.view().subscription;
    assert_eq!((renewed.version, renewed.roster.len()), (None, 0), "nothing of the old one is kept");
    assert_eq!(calls(&net), before + 2);
}

/// RFC 4575 section 4.6: the conference is said to be gone while the subscription lives on.
#[test]
fn a_deleted_document_ends_the_subscription() {
    let mut net = subscribed();
    net.ue.handle_command(net.now, Command::Refresh).expect("refresh");
    net.collect();
    for _ in 0..200 {
        let Some((from, transmit)) = net.queue.pop_front() else { break };
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        let roster = text.starts_with("NOTIFY") && text.contains("state=\"full\"");
        let bytes = if roster {
            with_body(&transmit.bytes, "state=\"full\"", "state=\"deleted\"")
        } else {
            transmit.bytes.clone()
        };
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
    assert!(net.ends().lines().any(|line| line.contains("terminated;reason=timeout")), "{}", net.ends());
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
}

/// RFC 6665 section 4.6: a CANCEL is answered and otherwise without effect.
#[test]
fn a_cancel_of_a_subscribe_changes_nothing() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.ue.handle_command(net.now, Command::Subscribe).expect("subscribe");
    net.collect();
    let mut cancelled = false;
    for _ in 0..200 {
        let Some((from, transmit)) = net.queue.pop_front() else { break };
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        net.deliver(from, &transmit);
        if text.starts_with("SUBSCRIBE") && common::name(transmit.to) == "focus" {
            cancelled = true;
            let cancel = text.replacen("SUBSCRIBE", "CANCEL", 1).replace(" SUBSCRIBE\r\n", " CANCEL\r\n");
            net.deliver(from, &Transmit { bytes: cancel.into_bytes(), ..transmit });
        }
    }
    assert!(cancelled && net.ends().contains("200 OK (CANCEL)"), "{}", net.ends());
    assert_eq!((net.ue.view().subscription.state, notifier(&net)), (SubscriberState::Active, NotifierState::Active));
}

/// RFC 6665 section 4.5: who does not share dialogs refuses with 403, and the call does not notice.
#[test]
fn a_subscribe_inside_the_call_is_refused() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    let command = Command::Invite {
        target: common::uri("sip:bob@home.example"),
        mode: imsconf::role::ue::InviteMode::ReferToFocus,
    };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    let (from, refer) = net.queue.pop_front().expect("a REFER");
    let text = String::from_utf8_lossy(&refer.bytes).into_owned();
    let subscribe = text
        .replacen("REFER", "SUBSCRIBE", 1)
        .replace(" REFER\r\n", " SUBSCRIBE\r\n")
        .replace("Refer-To: ", "Event: conference\r\nX-Refer-To: ");
    net.deliver(from, &Transmit { bytes: subscribe.into_bytes(), ..refer });
    net.settle();
    assert!(net.ends().contains("403 Forbidden (SUBSCRIBE)"), "{}", net.ends());
    assert!(net.focus.view().conferences[0].subscriptions.is_empty());
    assert_eq!(net.ue.view().call, imsconf::view::CallState::Confirmed);
}

/// RFC 4575 section 3.8: one dialog for each SUBSCRIBE, made by the NOTIFY that comes first.
#[test]
fn a_notify_of_another_branch_is_refused() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.ue.handle_command(net.now, Command::Subscribe).expect("subscribe");
    net.collect();
    let mut other = None;
    for _ in 0..200 {
        let Some((from, transmit)) = net.queue.pop_front() else { break };
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        net.deliver(from, &transmit);
        if text.starts_with("NOTIFY") && common::name(transmit.to) == "ue" {
            let tag = Message::parse(&transmit.bytes).expect("SIP").from().ok().and_then(|from| from.tag());
            let tag = String::from_utf8_lossy(tag.expect("a tag")).into_owned();
            let text =
                text.replace(&format!("tag={tag}"), "tag=anotherbranch").replace("branch=z9hG4bK", "branch=z9hG4bKb");
            other.get_or_insert_with(|| (from, Transmit { bytes: text.into_bytes(), ..transmit }));
        }
    }
    let (from, notify) = other.expect("a NOTIFY");
    let before = net.ue.view().subscription;
    net.deliver(from, &notify);
    net.collect();
    assert!(
        net.ladder.iter().any(|line| line.contains("481 ") && line.contains("NOTIFY")),
        "{}",
        net.ladder.join("\n")
    );
    assert_eq!(net.ue.view().subscription, before);
}

/// RFC 4575 section 4.1 wants well-formed documents, also where the subscriber does not look.
#[test]
fn a_document_that_is_no_xml_is_refused() {
    let mut net = Net::with(ue_config(), focus_config());
    net.create(SecondOffer::Prack);
    net.ue.handle_command(net.now, Command::Subscribe).expect("subscribe");
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let spoilt = transmit.bytes.starts_with(b"NOTIFY") && common::name(transmit.to) == "ue";
        let bytes = match spoilt {
            // A control character that XML does not have, in a text that a subscriber has no use for.
            true => common::edited(&transmit.bytes, "<type>audio", "<type>audi\u{1}"),
            false => transmit.bytes.clone(),
        };
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
    let answered = net.ladder.iter().filter(|line| line.contains("ue    -> pcscf") && line.contains("NOTIFY"));
    assert!(answered.clone().count() > 0 && answered.clone().all(|line| line.contains("400")), "{:?}", net.ladder);
    assert_eq!(net.ue.view().subscription.roster.len(), 0);
}
