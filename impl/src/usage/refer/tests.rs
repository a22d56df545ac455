//! RFC 3515 section 2.4, at both ends.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;

const TERMS: Terms =
    Terms { duration: 300, timer_n: Duration::from_secs(32), refreshes: false, expiry: TimerClass::Protocol };

fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000)
}

fn active() -> Received {
    Received::Active { expires: Some(300) }
}

fn final_report() -> Received {
    Received::Terminated { reason: Some(Reason::Noresource), retry_after: None }
}

fn minimal_report() -> Received {
    Received::Terminated { reason: Some(Reason::Timeout), retry_after: None }
}

/// What happens to one REFER, and what its sender then knows.
#[derive(Clone, Debug)]
enum Step {
    Answer(u16),
    AnswerWithoutSubscription,
    Notify(Received, Option<u16>),
    Unsubscribe,
    Wait(u64),
}

/// The referrer's automaton: each line is a history and the states it passes.
#[test]
fn what_the_referrer_knows() {
    use ReferralState::{Accepted, Closing, Done, NoSubscription, Refused, Sent, Trying};
    use Step::{Answer, AnswerWithoutSubscription, Notify, Unsubscribe, Wait};
    let trying = || Notify(active(), Some(100));
    let ok = || Notify(final_report(), Some(200));
    let histories: [(&str, Vec<(Step, ReferralState)>); 13] = [
        ("usual", vec![(Answer(202), Accepted), (trying(), Trying), (ok(), Done(Some(200)))]),
        (
            "busy",
            vec![(Answer(200), Accepted), (trying(), Trying), (Notify(final_report(), Some(486)), Done(Some(486)))],
        ),
        ("NOTIFY before the 2xx", vec![(trying(), Trying), (Answer(202), Trying), (ok(), Done(Some(200)))]),
        ("2xx after the end", vec![(ok(), Done(Some(200))), (Answer(202), Done(Some(200)))]),
        ("the 2xx was lost", vec![(trying(), Trying), (Answer(408), Trying), (ok(), Done(Some(200)))]),
        ("refused", vec![(Answer(603), Refused(603)), (trying(), Refused(603))]),
        ("no answer", vec![(Answer(408), Refused(408))]),
        ("minimal notifier", vec![(Answer(202), Accepted), (Notify(minimal_report(), Some(100)), Done(None))]),
        ("no body", vec![(Answer(202), Accepted), (Notify(final_report(), None), Done(None))]),
        ("no NOTIFY", vec![(Answer(202), Accepted), (Wait(31), Accepted), (Wait(32), Done(None))]),
        ("never resolved", vec![(trying(), Trying), (Wait(299), Trying), (Wait(300), Done(None))]),
        ("no subscription wanted", vec![(AnswerWithoutSubscription, NoSubscription), (Wait(999), NoSubscription)]),
        (
            "unsubscribed",
            vec![
                (Answer(202), Accepted),
                (trying(), Trying),
                (Unsubscribe, Closing),
                (trying(), Closing),
                (Notify(minimal_report(), Some(100)), Done(None)),
            ],
        ),
    ];
    for (name, history) in histories {
        let mut referral = Referral::new(at(0), 5, TERMS);
        assert_eq!(referral.state(), Sent);
        for (step, expected) in history {
            match step.clone() {
                Answer(code) => drop(referral.on_response(at(0), code, false)),
                AnswerWithoutSubscription => drop(referral.on_response(at(0), 200, true)),
                Notify(received, status) => drop(referral.on_notify(at(0), received, status)),
                Unsubscribe => drop(referral.unsubscribe(at(0))),
                Wait(until) => drop(referral.on_timeout(at(until))),
            }
            assert_eq!(referral.state(), expected, "{name}: {step:?}");
        }
        assert_eq!(referral.is_open(), matches!(referral.state(), Sent | Accepted | Trying | Closing), "{name}");
        assert_eq!(referral.timers().next().is_some(), referral.is_open(), "{name}: every open wait has a timer");
    }
}

/// The referrer's table: in each state, what every input puts out and what is known then.
#[test]
fn every_pair_of_state_and_input_of_the_referrer() {
    type Input = fn(&mut Referral) -> String;
    let inputs: [(&str, Input); 13] = [
        ("100", |referral| format!("{:?}", referral.on_response(at(1), 100, false))),
        ("202", |referral| format!("{:?}", referral.on_response(at(1), 202, false))),
        ("200 Refer-Sub: false", |referral| format!("{:?}", referral.on_response(at(1), 200, true))),
        ("603", |referral| format!("{:?}", referral.on_response(at(1), 603, false))),
        ("no answer", |referral| format!("{:?}", referral.on_response(at(32), 408, false))),
        ("NOTIFY active, 100", |referral| format!("{:?}", referral.on_notify(at(1), active(), Some(100)))),
        ("NOTIFY active, 180", |referral| format!("{:?}", referral.on_notify(at(1), active(), Some(180)))),
        ("NOTIFY noresource, 200", |referral| format!("{:?}", referral.on_notify(at(1), final_report(), Some(200)))),
        ("NOTIFY timeout, 100", |referral| format!("{:?}", referral.on_notify(at(1), minimal_report(), Some(100)))),
        ("NOTIFY noresource, no body", |referral| format!("{:?}", referral.on_notify(at(1), final_report(), None))),
        ("unsubscribe", |referral| format!("{:?}", referral.unsubscribe(at(1)))),
        ("Timer N", |referral| format!("{:?}", referral.on_timeout(at(33)))),
        ("expiry", |referral| format!("{:?}", referral.on_timeout(at(301)))),
    ];
    let sent = Referral::new(at(0), 5, TERMS);
    let after = |referral: &Referral, input: fn(&mut Referral)| {
        let mut referral = referral.clone();
        input(&mut referral);
        referral
    };
    let accepted = after(&sent, |referral| drop(referral.on_response(at(0), 202, false)));
    let trying = after(&accepted, |referral| drop(referral.on_notify(at(0), active(), Some(100))));
    let states = [
        after(&trying, |referral| drop(referral.unsubscribe(at(0)))),
        after(&trying, |referral| drop(referral.on_notify(at(0), final_report(), Some(486)))),
        after(&trying, |referral| drop(referral.on_timeout(at(300)))),
        after(&sent, |referral| drop(referral.on_response(at(0), 603, false))),
        after(&sent, |referral| drop(referral.on_response(at(0), 200, true))),
    ];
    let mut table = String::new();
    for state in [sent, accepted, trying].into_iter().chain(states) {
        let _ = writeln!(table, "{:?}", state.state());
        for (name, input) in inputs {
            let mut next = state.clone();
            let output = input(&mut next);
            let _ = writeln!(table, "  {name}: {output} -> {:?}", next.state());
        }
    }
    insta::assert_snapshot!("referrer", table);
}

/// Section 2.4.6: a NOTIFY belongs to the REFER whose `CSeq` number is its `id`, octet by octet; without `id` to the
/// first one, or, leniently, to the earliest that is open.
#[test]
fn which_refer_a_notify_belongs_to() {
    let mut referrals = Referrals::default();
    for cseq in [4, 5, 12] {
        referrals.start(at(0), cseq, TERMS).expect("room");
    }
    let cases: [(Option<&[u8]>, Matched); 7] = [
        (Some(b"5"), Matched::ById(5)),
        (Some(b"12"), Matched::ById(12)),
        (Some(b"05"), Matched::None),
        (Some(b"1"), Matched::None),
        (Some(b""), Matched::None),
        (Some(b"6"), Matched::None),
        (None, Matched::WithoutId(4)),
    ];
    for (id, expected) in cases {
        assert_eq!(referrals.matching(id), expected, "{id:?}");
    }
    let first = referrals.referral_mut(4).expect("started");
    first.on_notify(at(0), final_report(), Some(200));
    assert_eq!(referrals.matching(None), Matched::WithoutId(5), "the first is over");
    assert_eq!(referrals.matching(Some(b"4")), Matched::None, "a NOTIFY after the last one: 481");
}

#[test]
fn referrals_are_bounded_by_those_that_are_open() {
    let mut referrals = Referrals::default();
    for cseq in (1..).take(MAX_REFERRALS) {
        referrals.start(at(0), cseq, TERMS).expect("room");
    }
    assert_eq!(referrals.start(at(0), 1000, TERMS), Err(ReferralsFull));
    referrals.referral_mut(7).expect("started").on_response(at(0), 603, false);
    assert_eq!(referrals.start(at(0), 1000, TERMS), Ok(()));
    assert_eq!(referrals.on_timeout(at(32)).len(), MAX_REFERRALS, "each fails by itself");
}

fn sent(notifier: &mut ReferNotifier, now: u64) -> Option<(NotifyStatus, u16)> {
    notifier.next(at(now)).map(|(notification, code)| (notification.status, code))
}

const LAST: NotifyStatus = NotifyStatus::Terminated { reason: Reason::Noresource, retry_after: None };

/// Sections 2.4.4 and 2.4.5: `100 Trying` at once, then the outcome in the terminating NOTIFY, however fast it was
/// known.
#[test]
fn the_first_and_the_final_report_are_both_sent() {
    let mut slow = ReferNotifier::new(at(0), 5, 300);
    assert_eq!(slow.notifier().event(), &EventKey::refer(5));
    assert_eq!(sent(&mut slow, 0), Some((NotifyStatus::Active { expires: 300 }, 100)));
    slow.on_response(200);
    assert_eq!(sent(&mut slow, 1), None, "nothing in between");
    slow.outcome(486);
    slow.outcome(200);
    assert_eq!(sent(&mut slow, 9), Some((LAST, 486)), "the first outcome is the true one");
    assert_eq!(slow.on_response(200), NotifierOutput::Finished);
    assert!(slow.is_over());

    let mut fast = ReferNotifier::new(at(0), 5, 300);
    fast.outcome(200);
    assert_eq!(sent(&mut fast, 0), Some((NotifyStatus::Active { expires: 300 }, 100)));
    assert_eq!(sent(&mut fast, 0), None, "one in flight");
    fast.on_response(200);
    assert_eq!(sent(&mut fast, 1), Some((LAST, 200)));
}

#[test]
fn a_failed_notify_silences_the_report_and_nothing_else() {
    for code in [481, 408] {
        let mut notifier = ReferNotifier::new(at(0), 5, 300);
        sent(&mut notifier, 0);
        assert_eq!(notifier.on_response(code), NotifierOutput::Removed);
        notifier.outcome(200);
        assert_eq!(sent(&mut notifier, 1), None);
        assert!(notifier.is_over());
    }
}

/// A subscription that runs out first ends with reason `timeout` and the status known then (RFC 6665 section 4.2.1.4).
#[test]
fn a_report_that_outlives_its_subscription_ends_with_the_present_status() {
    let mut notifier = ReferNotifier::new(at(0), 5, 300);
    sent(&mut notifier, 0);
    notifier.on_response(200);
    notifier.on_timeout(at(300));
    let timeout = NotifyStatus::Terminated { reason: Reason::Timeout, retry_after: None };
    assert_eq!(sent(&mut notifier, 300), Some((timeout, 100)));

    let mut unsubscribed = ReferNotifier::new(at(0), 5, 300);
    sent(&mut unsubscribed, 0);
    unsubscribed.on_response(200);
    assert!(unsubscribed.on_subscribe(at(1), 0));
    unsubscribed.outcome(200);
    // What ends with the outcome says so, whoever asked for the end.
    let noresource = NotifyStatus::Terminated { reason: Reason::Noresource, retry_after: None };
    assert_eq!(sent(&mut unsubscribed, 1), Some((noresource, 200)));
}
