//! Schedules for corners that generated ones hardly ever reach: each needs a dozen particular losses in a row.
//!
//! They are part of every campaign, so that each action of the model is the image of some move.

use crate::schedule::{Schedule, ScheduleError};

/// Name and text of each corner.
const FILES: [(&str, &str); 17] = [
    (
        "the answer to SUBSCRIBE and the first NOTIFY are both lost",
        include_str!("../corners/answer-and-notify-of-subscribe-lost.json"),
    ),
    (
        "a conference NOTIFY gets through only after Timer N",
        include_str!("../corners/conference-notify-after-timer-n.json"),
    ),
    ("the 481 to such a NOTIFY is lost", include_str!("../corners/refusal-of-a-late-conference-notify-lost.json")),
    (
        "the 481 to a refer NOTIFY after Timer N is lost",
        include_str!("../corners/refusal-of-a-late-refer-notify-lost.json"),
    ),
    (
        "the answer to REFER and the first NOTIFY are both lost",
        include_str!("../corners/answer-and-notify-of-refer-lost.json"),
    ),
    (
        "a notifier with shorter timers gives up before its subscriber",
        include_str!("../corners/notifier-gives-up-first.json"),
    ),
    (
        "a conference NOTIFY to an invited user gets through only after Timer N",
        include_str!("../corners/user-notify-after-timer-n.json"),
    ),
    (
        "the subscription of an invited user runs out after the focus removed it",
        include_str!("../corners/user-subscription-runs-out.json"),
    ),
    (
        "an invited user refuses a conference NOTIFY that comes after Timer N",
        include_str!("../corners/refusal-of-a-late-user-notify.json"),
    ),
    (
        "the answer to an invited user's SUBSCRIBE and the first NOTIFY are both lost",
        include_str!("../corners/answer-and-notify-of-user-subscribe-lost.json"),
    ),
    ("the refusal of a refresh is lost", include_str!("../corners/refusal-of-a-refresh-lost.json")),
    ("a call is held and resumed", include_str!("../regressions/call-held-and-resumed.json")),
    ("re-INVITEs cross", include_str!("../regressions/re-invites-cross.json")),
    ("two changes that crossed are not wanted any more", include_str!("../corners/changes-withdrawn-after-491.json")),
    (
        "the focus hears from its re-INVITE that a user has left",
        include_str!("../corners/re-invite-after-the-user-left.json"),
    ),
    (
        "a user hears from his re-INVITE that the conference is over",
        include_str!("../corners/re-invite-of-a-user-after-the-end.json"),
    ),
    ("sessions are refreshed by either end", include_str!("../corners/session-refreshed.json")),
];

/// The corners, by name.
///
/// # Errors
/// A file is no schedule.
pub fn all() -> Result<Vec<(&'static str, Schedule)>, ScheduleError> {
    FILES.into_iter().map(|(name, text)| Ok((name, Schedule::from_json(text)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::run;

    #[test]
    fn corners_conform_and_reach_what_they_are_for() {
        let reached = [
            "Lose(Subscription(SubscribeOk))",
            "Deliver(Subscription(NotifyRefused))",
            "Lose(Subscription(NotifyRefused))",
            "Lose(Refer(NotifyRefused))",
            "Lose(Refer(Accepted))",
            "SubscribeExpires",
            "UserNotifyTooLate",
            "UserSubscriptionExpires",
            "Deliver(Subscriber(NotifyRefused))",
            "Lose(Subscriber(SubscribeOk))",
            "Lose(Subscription(RefreshRefused))",
            "UserAsks",
            "FocusAsks",
            "UserThinksBetter",
            "Deliver(Hold(Gone(Focus)))",
            "Deliver(Hold(Gone(User)))",
            "Leave",
        ];
        for ((name, schedule), action) in all().expect("readable").into_iter().zip(reached) {
            let report = run(&schedule, None);
            assert_eq!(report.failure, None, "{name}");
            assert!(report.refinement.actions.contains_key(action), "{name}: {:?}", report.refinement.actions);
        }
    }
}
