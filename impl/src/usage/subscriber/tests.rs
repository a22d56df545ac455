//! The subscriber's table, and the rules of RFC 6665 section 4.1 one by one.

use super::*;
use crate::dialog::transition_table::render;

/// Timer N with T1 = 500 ms, in milliseconds.
const TIMER_N: u64 = 32_000;

const CONFERENCE: Terms =
    Terms { duration: 3600, timer_n: Duration::from_millis(TIMER_N), refreshes: true, expiry: TimerClass::Expiry };

const REFER: Terms =
    Terms { duration: 300, timer_n: Duration::from_millis(TIMER_N), refreshes: false, expiry: TimerClass::Protocol };

fn at(milliseconds: u64) -> Time {
    Time::from_millis(milliseconds)
}

fn subscriber() -> Subscriber {
    Subscriber::new(at(0), EventKey::conference(), CONFERENCE)
}

fn active(expires: u32) -> Received {
    Received::Active { expires: Some(expires) }
}

fn terminated(reason: Reason) -> Received {
    Received::Terminated { reason: Some(reason), retry_after: None }
}

/// Active from time 0 for an hour, its SUBSCRIBE answered.
fn established() -> Subscriber {
    let mut subscriber = subscriber();
    subscriber.on_response(at(0), 200, Some(3600), None);
    assert_eq!(subscriber.on_notify(at(0), active(3600)), NotifyVerdict::Taken);
    subscriber
}

#[test]
fn every_pair_of_state_and_input() {
    let waiting = subscriber();
    let mut accepted = waiting.clone();
    accepted.on_response(at(0), 200, Some(3600), None);
    let mut pending = accepted.clone();
    pending.on_notify(at(0), Received::Pending { expires: Some(3600) });
    let active_now = established();
    let mut unanswered = waiting.clone();
    unanswered.on_notify(at(0), active(3600));
    let mut refreshing = active_now.clone();
    refreshing.refresh(at(1000));
    let mut leaving = active_now.clone();
    leaving.unsubscribe(at(1000));
    let states = [
        ("notify_wait", waiting.state),
        ("notify_wait, accepted", accepted.state),
        ("pending", pending.state),
        ("active", active_now.state),
        ("active, SUBSCRIBE unanswered", unanswered.state),
        ("active, refreshing", refreshing.state),
        ("active, leaving", leaving.state),
        ("terminated", State::Terminated(Ending::Expired)),
    ];
    // A provisional response decides nothing.
    let response = |code, expires, min_expires| Input::Response { now: at(2000), code, expires, min_expires };
    let notify = |received| Input::Notify { now: at(2000), received };
    let inputs = [
        ("200 Expires 600", response(200, Some(600), None)),
        ("200 Expires 0", response(200, Some(0), None)),
        ("423 Min-Expires 7200", response(423, None, Some(7200))),
        ("100", response(100, None, None)),
        ("481", response(481, None, None)),
        ("503", response(503, None, None)),
        ("NOTIFY active;expires=600", notify(active(600))),
        ("NOTIFY active", notify(Received::Active { expires: None })),
        ("NOTIFY pending;expires=600", notify(Received::Pending { expires: Some(600) })),
        ("NOTIFY terminated;reason=noresource", notify(terminated(Reason::Noresource))),
        ("refresh", Input::Subscribe { now: at(2000), expires: 3600 }),
        ("unsubscribe", Input::Subscribe { now: at(2000), expires: 0 }),
        ("401", Input::Challenged { now: at(2000) }),
        ("early timeout", Input::Timeout { now: at(2000) }),
        ("Timer N", Input::Timeout { now: at(1000 + TIMER_N) }),
        ("refresh due", Input::Timeout { now: at(3_000_000) }),
        ("expiry", Input::Timeout { now: at(3_600_000) }),
    ];
    insta::assert_snapshot!("subscriber", render(&states, &inputs, |state, input| state.on(input, &CONFERENCE)));
}

/// Section 4.1.2.4: the NOTIFY may come before the 2xx, which then changes nothing.
#[test]
fn a_notify_before_the_2xx_makes_the_subscription() {
    let mut subscriber = subscriber();
    assert_eq!(subscriber.on_notify(at(10), active(600)), NotifyVerdict::Taken);
    assert_eq!(subscriber.state(), SubscriberState::Active);
    let before = subscriber.timers().collect::<Vec<_>>();
    assert_eq!(subscriber.on_response(at(20), 200, Some(3600), None), SubscriberOutput::Nothing);
    assert_eq!(subscriber.timers().collect::<Vec<_>>(), before, "the NOTIFY is the newer word");

    let mut refused_late = super::tests::subscriber();
    refused_late.on_notify(at(10), active(600));
    assert_eq!(refused_late.on_response(at(TIMER_N), 408, None, None), SubscriberOutput::Nothing);
    assert_eq!(refused_late.state(), SubscriberState::Active, "its SUBSCRIBE's answer was lost, no more");
}

/// Section 4.1.2.4: a refresh is over when both its answer and its NOTIFY are here, in either order.
#[test]
fn a_refresh_waits_for_its_answer_and_its_notify() {
    for answer_first in [true, false] {
        let mut subscriber = established();
        assert!(!subscriber.is_refreshing());
        subscriber.refresh(at(1000));
        assert!(subscriber.is_refreshing());
        let answer = |subscriber: &mut Subscriber| _ = subscriber.on_response(at(2000), 200, Some(3600), None);
        let notify = |subscriber: &mut Subscriber| _ = subscriber.on_notify(at(2000), active(3600));
        if answer_first {
            answer(&mut subscriber)
        } else {
            notify(&mut subscriber)
        }
        assert!(subscriber.is_refreshing(), "answer first: {answer_first}");
        if answer_first {
            notify(&mut subscriber)
        } else {
            answer(&mut subscriber)
        }
        assert!(!subscriber.is_refreshing(), "answer first: {answer_first}");
    }
}

/// Section 4.1.2.4: Timer N runs from the sending; a 2xx alone does not stop it.
#[test]
fn without_a_notify_the_subscription_fails_at_timer_n() {
    let mut subscriber = subscriber();
    subscriber.on_response(at(100), 200, Some(3600), None);
    assert_eq!(subscriber.on_timeout(at(TIMER_N - 1)), SubscriberOutput::Nothing);
    assert_eq!(subscriber.on_timeout(at(TIMER_N)), SubscriberOutput::Ended(Ending::NoNotify));
    assert_eq!(subscriber.on_notify(at(TIMER_N), active(600)), NotifyVerdict::Unmatched, "481");
    assert_eq!(subscriber.timers().count(), 0);
}

/// Section 4.1.2.2: a refresh that no NOTIFY follows ends the subscription even if it was answered 200.
#[test]
fn a_refresh_without_a_notify_ends_at_timer_n() {
    let mut subscriber = established();
    assert_eq!(subscriber.refresh(at(1000)), SubscriberOutput::Subscribe { expires: 3600 });
    assert_eq!(subscriber.refresh(at(1500)), SubscriberOutput::Nothing, "one at a time");
    subscriber.on_response(at(2000), 200, Some(3600), None);
    assert_eq!(subscriber.on_timeout(at(1000 + TIMER_N)), SubscriberOutput::Ended(Ending::NoNotify));
}

/// Section 4.1.2.2: which answers to a refresh end the subscription at once.
#[test]
fn answers_to_a_refresh() {
    for code in 300..700 {
        let fatal = matches!(code, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604);
        let mut subscriber = established();
        subscriber.refresh(at(1000));
        let output = subscriber.on_response(at(2000), code, None, None);
        let expected = if fatal { SubscriberOutput::Ended(Ending::Refused(code)) } else { SubscriberOutput::Nothing };
        assert_eq!(output, expected, "{code}");
        if !fatal {
            assert_eq!(subscriber.on_notify(at(3000), active(600)), NotifyVerdict::Taken, "{code}");
        }
    }
}

/// RFC 3261 section 21.4.17: too short a duration is asked for again once, with the minimum given.
#[test]
fn a_423_is_obeyed_once() {
    let mut subscriber = Subscriber::new(at(0), EventKey::conference(), Terms { duration: 60, ..CONFERENCE });
    let again = SubscriberOutput::Subscribe { expires: 600 };
    assert_eq!(subscriber.on_response(at(0), 423, None, Some(600)), again);
    let refused = SubscriberOutput::Ended(Ending::Refused(423));
    assert_eq!(subscriber.on_response(at(0), 423, None, Some(700)), refused, "no loop");

    let mut refreshing = established();
    refreshing.refresh(at(0));
    assert_eq!(
        refreshing.on_response(at(0), 423, None, Some(7200)),
        SubscriberOutput::Subscribe { expires: 7200 },
        "the same for a refresh"
    );
    assert_eq!(refreshing.on_response(at(0), 423, None, Some(9000)), SubscriberOutput::Nothing);
    assert_eq!(refreshing.state(), SubscriberState::Active);
    let mut leaving = established();
    leaving.unsubscribe(at(0));
    assert_eq!(leaving.on_response(at(0), 423, None, Some(600)), SubscriberOutput::Nothing, "never a longer stay");
    for minimum in [None, Some(30)] {
        let mut subscriber = Subscriber::new(at(0), EventKey::conference(), Terms { duration: 60, ..CONFERENCE });
        assert_eq!(subscriber.on_response(at(0), 423, None, minimum), refused, "{minimum:?} says nothing new");
    }
}

/// Sections 4.1.2.3 and 4.4.1: unsubscribed, it lives until the terminating NOTIFY.
#[test]
fn a_crossing_notify_is_taken_after_unsubscribing() {
    let mut subscriber = established();
    assert_eq!(subscriber.unsubscribe(at(1000)), SubscriberOutput::Subscribe { expires: 0 });
    assert_eq!(subscriber.on_notify(at(1100), active(3000)), NotifyVerdict::Taken);
    subscriber.on_response(at(1200), 200, Some(0), None);
    assert!(subscriber.is_leaving());
    let timers: Vec<_> = subscriber.timers().map(|timer| timer.class).collect();
    assert_eq!(
        timers,
        [TimerClass::Protocol, TimerClass::Expiry],
        "no refresh any more, Timer N still bounds the wait"
    );
    let ending = Ending::Notified { reason: Some(Reason::Timeout), retry_after: None };
    assert_eq!(subscriber.on_notify(at(1300), terminated(Reason::Timeout)), NotifyVerdict::Ended(ending));
}

#[test]
fn unsubscribing_waits_for_the_answer_to_an_open_refresh() {
    let mut subscriber = established();
    subscriber.refresh(at(1000));
    assert_eq!(subscriber.unsubscribe(at(1100)), SubscriberOutput::Nothing);
    assert_eq!(subscriber.on_response(at(1200), 200, Some(3600), None), SubscriberOutput::Subscribe { expires: 0 });
    assert!(subscriber.is_leaving());
}

/// Section 4.1.3: terminated once, its `expires` is no part of what is received, and nothing is taken after it.
#[test]
fn a_terminating_notify_ends_every_state_once() {
    let mut waiting = subscriber();
    let ending = Ending::Notified { reason: Some(Reason::Noresource), retry_after: None };
    assert_eq!(waiting.on_notify(at(0), terminated(Reason::Noresource)), NotifyVerdict::Ended(ending.clone()));
    assert_eq!(waiting.on_notify(at(0), terminated(Reason::Noresource)), NotifyVerdict::Unmatched);
    assert_eq!(waiting.on_response(at(0), 200, Some(3600), None), SubscriberOutput::Nothing);
    assert_eq!(waiting.ending(), Some(&ending));
    assert_eq!(ending.resubscribe(), Resubscribe::Never);
}

#[test]
fn pending_never_comes_back_after_active() {
    let mut subscriber = established();
    assert_eq!(subscriber.on_notify(at(0), Received::Pending { expires: Some(60) }), NotifyVerdict::Taken);
    assert_eq!(subscriber.state(), SubscriberState::Active);
}

/// Section 4.2.1.4 and RFC 5057 section 4.2: it ends at its time even if no NOTIFY says so. A conference subscription
/// refreshes before; a `refer` subscription does not, and its end counts as an unresolved wait.
#[test]
fn expiry_and_refresh() {
    let mut conference = established();
    let timers: Vec<_> = conference.timers().collect();
    let timer = |at_ms, class| Timer { at: at(at_ms), class };
    assert_eq!(timers, [timer(3_000_000, TimerClass::Refresh), timer(3_600_000, TimerClass::Expiry)]);
    assert_eq!(conference.on_timeout(at(3_000_000)), SubscriberOutput::Subscribe { expires: 3600 });
    conference.on_response(at(3_000_100), 200, Some(1000), None);
    assert_eq!(conference.on_notify(at(3_000_200), active(1000)), NotifyVerdict::Taken);
    let timers: Vec<_> = conference.timers().collect();
    assert_eq!(timers, [timer(3_500_200, TimerClass::Refresh), timer(4_000_200, TimerClass::Expiry)]);

    let mut refer = Subscriber::new(at(0), EventKey::refer(2), REFER);
    assert_eq!(refer.on_notify(at(0), Received::Active { expires: None }), NotifyVerdict::Taken);
    assert_eq!(refer.timers().collect::<Vec<_>>(), [timer(300_000, TimerClass::Protocol)], "bounded without `expires`");
    assert_eq!(refer.on_timeout(at(300_000)), SubscriberOutput::Ended(Ending::Expired));
}

/// The words of a Subscription-State value; `expires` of a terminated one is ignored (section 4.1.3).
#[test]
fn received_states() {
    let cases = [
        ("active;expires=60", active(60)),
        ("active", Received::Active { expires: None }),
        ("pending;expires=60", Received::Pending { expires: Some(60) }),
        ("waiting;expires=60", Received::Pending { expires: Some(60) }),
        ("terminated;expires=60;reason=noresource", terminated(Reason::Noresource)),
        (
            "terminated;reason=probation;retry-after=9",
            Received::Terminated { reason: Some(Reason::Probation), retry_after: Some(9) },
        ),
        ("terminated", Received::Terminated { reason: None, retry_after: None }),
    ];
    for (value, expected) in cases {
        let state = SubscriptionState::parse(value.as_bytes()).expect("a value");
        assert_eq!(Received::from(&state), expected, "{value}");
    }
}
