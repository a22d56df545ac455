//! The notifier's table, and the rules of RFC 6665 section 4.2 one by one.

use super::*;
use crate::dialog::transition_table::render;

fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000)
}

fn notifier() -> Notifier {
    Notifier::new(at(0), EventKey::conference(), 3600, true, TimerClass::Expiry)
}

fn sent(notifier: &mut Notifier, now: u64) -> Option<(NotifyStatus, bool)> {
    notifier.next(at(now)).map(|notification| (notification.status, notification.full))
}

fn active(expires: u32) -> NotifyStatus {
    NotifyStatus::Active { expires }
}

fn terminated(reason: Reason) -> NotifyStatus {
    NotifyStatus::Terminated { reason, retry_after: None }
}

#[test]
fn every_pair_of_state_and_input() {
    let expires_at = at(3600);
    let active = |owed, in_flight| State::Active { expires_at, owed, in_flight };
    let ending = |in_flight| State::Ending { reason: Reason::Noresource, retry_after: None, full: false, in_flight };
    let states = [
        ("pending, owes full", State::Pending { expires_at, owed: Owed::Full, in_flight: false }),
        ("pending", State::Pending { expires_at, owed: Owed::Nothing, in_flight: false }),
        ("pending, in flight", State::Pending { expires_at, owed: Owed::Nothing, in_flight: true }),
        ("active, owes full", active(Owed::Full, false)),
        ("active", active(Owed::Nothing, false)),
        ("active, in flight", active(Owed::Nothing, true)),
        ("active, in flight, owes change", active(Owed::Change, true)),
        ("ending", ending(false)),
        ("ending, in flight", ending(true)),
        ("last in flight", State::LastInFlight),
        ("terminated", State::Terminated),
    ];
    let inputs = [
        ("SUBSCRIBE Expires 60", Input::Subscribe { now: at(10), expires: 60 }),
        ("SUBSCRIBE Expires 0", Input::Subscribe { now: at(10), expires: 0 }),
        ("authorise", Input::Authorise),
        ("change", Input::Change),
        ("end noresource", Input::End { reason: Reason::Noresource, retry_after: None }),
        ("next", Input::Next { now: at(10) }),
        ("200", Input::Answer { code: 200 }),
        ("481", Input::Answer { code: 481 }),
        ("no answer", Input::Answer { code: 408 }),
        ("500", Input::Answer { code: 500 }),
        ("early timeout", Input::Timeout { now: at(10) }),
        ("expiry", Input::Timeout { now: at(3600) }),
    ];
    insta::assert_snapshot!("notifier", render(&states, &inputs, State::on));
}

/// Section 4.2.1.2: every accepted SUBSCRIBE is followed by a NOTIFY with the whole state, at once.
#[test]
fn a_notify_is_owed_to_every_subscribe() {
    let mut notifier = notifier();
    assert_eq!(sent(&mut notifier, 0), Some((active(3600), true)));
    notifier.on_response(200);
    assert_eq!(sent(&mut notifier, 1), None);
    assert!(notifier.on_subscribe(at(100), 600));
    assert_eq!(sent(&mut notifier, 100), Some((active(600), true)));
    assert!(notifier.on_subscribe(at(101), 600), "also while the one before is in flight");
    assert_eq!(sent(&mut notifier, 101), None, "but not at the same time");
    notifier.on_response(200);
    assert_eq!(sent(&mut notifier, 102), Some((active(599), true)));
}

/// RFC 3261 section 12.2.2 makes a second NOTIFY in flight unwise: changes are gathered (RFC 4575 section 3.9 allows
/// it).
#[test]
fn changes_are_gathered_while_a_notify_is_in_flight() {
    let mut notifier = notifier();
    sent(&mut notifier, 0);
    notifier.change();
    notifier.change();
    assert_eq!(sent(&mut notifier, 1), None);
    notifier.on_response(200);
    assert_eq!(sent(&mut notifier, 2), Some((active(3598), false)));
    notifier.on_response(200);
    assert!(!notifier.is_owing());
}

/// Section 4.2.2: the remaining time shrinks with the clock and only a SUBSCRIBE lengthens it.
#[test]
fn expires_never_grows() {
    let mut notifier = notifier();
    let mut last = u32::MAX;
    for now in [0, 10, 10, 1000, 3599] {
        notifier.change();
        let Some((NotifyStatus::Active { expires }, _)) = sent(&mut notifier, now) else { unreachable!("active") };
        assert!(expires <= last && u64::from(expires) + now <= 3600, "{expires} at {now}");
        last = expires;
        notifier.on_response(200);
    }
}

/// Section 4.2.2: which answers to a NOTIFY remove the subscription, in silence; no answer does too.
#[test]
fn answers_to_a_notify() {
    for code in 200..700 {
        let removes = matches!(code, 404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604);
        let mut notifier = notifier();
        sent(&mut notifier, 0);
        notifier.change();
        let expected = if removes { NotifierOutput::Removed } else { NotifierOutput::Nothing };
        assert_eq!(notifier.on_response(code), expected, "{code}");
        assert_eq!(sent(&mut notifier, 1).is_some(), !removes, "{code}");
        notifier.terminate(Reason::Noresource, None);
        assert_eq!(notifier.state() == NotifierState::Terminated, removes, "{code}");
    }
}

/// A subscription ends with one terminating NOTIFY, for the first reason given, after the one in flight; `expires` has
/// no place in it, and nothing follows it (sections 4.2.2 and 8.2.3).
#[test]
fn it_terminates_once() {
    let mut notifier = notifier();
    sent(&mut notifier, 0);
    notifier.terminate(Reason::Noresource, None);
    notifier.terminate(Reason::Rejected, None);
    assert_eq!(sent(&mut notifier, 1), None, "the first NOTIFY is still in flight");
    notifier.on_response(200);
    assert_eq!(sent(&mut notifier, 2), Some((terminated(Reason::Noresource), false)));
    assert!(!notifier.on_subscribe(at(2), 600), "481");
    notifier.change();
    assert_eq!(notifier.on_response(200), NotifierOutput::Finished);
    assert_eq!(sent(&mut notifier, 3), None);
    assert_eq!(notifier.timer(), None);
}

/// Section 4.2.1.4: unsubscribing, polling and the end of the time all end with reason `timeout`.
#[test]
fn expires_zero_and_expiry_end_with_timeout() {
    let mut unsubscribed = notifier();
    sent(&mut unsubscribed, 0);
    unsubscribed.on_response(200);
    assert!(unsubscribed.on_subscribe(at(5), 0));
    assert_eq!(sent(&mut unsubscribed, 5), Some((terminated(Reason::Timeout), true)));

    let mut polled = Notifier::new(at(0), EventKey::conference(), 0, true, TimerClass::Expiry);
    assert_eq!(sent(&mut polled, 0), Some((terminated(Reason::Timeout), true)));

    let mut expired = notifier();
    sent(&mut expired, 0);
    expired.on_response(200);
    assert_eq!(expired.timer(), Some(Timer { at: at(3600), class: TimerClass::Expiry }));
    expired.on_timeout(at(3599));
    assert!(!expired.is_owing(), "early");
    expired.on_timeout(at(3600));
    assert_eq!(sent(&mut expired, 3600), Some((terminated(Reason::Timeout), false)));
}

#[test]
fn a_pending_subscriber_hears_of_the_decision_and_of_nothing_else() {
    let mut notifier = Notifier::new(at(0), EventKey::conference(), 60, false, TimerClass::Expiry);
    assert_eq!(sent(&mut notifier, 0), Some((NotifyStatus::Pending { expires: 60 }, true)));
    notifier.on_response(200);
    notifier.change();
    assert_eq!(sent(&mut notifier, 1), None);
    notifier.authorise();
    assert_eq!(sent(&mut notifier, 2), Some((active(58), true)));
}

#[test]
fn notifiers_of_one_dialog_take_turns() {
    let owing = notifier();
    let mut flying = notifier();
    flying.next(at(0));
    let mut idle = flying.clone();
    idle.on_response(200);
    let cases: [(&[&Notifier], Option<usize>); 5] = [
        (&[], None),
        (&[&idle, &owing, &owing], Some(1)),
        (&[&owing, &idle], Some(0)),
        (&[&owing, &flying], None),
        (&[&idle], None),
    ];
    for (notifiers, expected) in cases {
        assert_eq!(next_owed(notifiers.iter().copied().enumerate()), expected);
    }
}
