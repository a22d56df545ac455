//! I-TERM-ONCE: a subscription ends once, by one NOTIFY that says so or silently after a NOTIFY that failed, and
//! nothing follows (RFC 6665 section 4.2.2, RFC 3515 sections 2.4.5 and 2.4.7).
//!
//! A NOTIFY that was never answered is taken for timed out: it ends the subscription too.

use super::evidence::{conference_over, has_unanswered_notify, is_nameless, is_to_be_expelled, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Subscription, SubscriptionKey};
use crate::oracle::sipfrag;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-TERM-ONCE";
static ORDER: Rule = Rule::new(NAME, "EV-09", Level::Fail);
static REPORT: Rule = Rule::new(NAME, "RF-09", Level::Fail);
static CONFERENCE_END: Rule = Rule::new(NAME, "EV-21", Level::Fail).ietf(Level::NonStrict);
static CONFERENCE_REASON: Rule = Rule::new(NAME, "EV-21", Level::NonStrict).needs_vantage();

/// The observer of I-TERM-ONCE. What it needs is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TermOnce;

impl TermOnce {
    fn on_notify(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        let (Some(state), Some((key, subscription))) =
            (message.subscription_state(), conversation.subscription(message))
        else {
            return;
        };
        let refer = &*key.package == "refer";
        if is_nameless(conversation, message) {
            return;
        }
        let rule = if refer { &REPORT } else { &ORDER };
        judge.rule(rule, party, !subscription.terminated_sent, numbers, || {
            "NOTIFY after the one that ended the subscription".to_owned()
        });
        let back = subscription.state_sent.as_deref() == Some("active") && state.state == "pending";
        judge.rule(&ORDER, party, !back, numbers, || "active became pending again".to_owned());
        if refer {
            if let Ok(code) = sipfrag::status(&message.body)
                && code >= 200
            {
                judge.rule(&REPORT, party, state.is_terminated(), numbers, || {
                    format!("the final status {code} is reported, but the subscription stays {}", state.state)
                });
                let reason = state.reason().unwrap_or("none");
                let right = !state.is_terminated() || reason.eq_ignore_ascii_case("noresource");
                judge.rule(&REPORT, party, right, numbers, || {
                    format!("the final report ends the subscription with reason {reason}, not noresource")
                });
            }
        } else if state.is_terminated() && conference_over(conversation, party) {
            let reason = state.reason().unwrap_or("none");
            // Whoever asked for the end first has it for that reason.
            let asked = reason.eq_ignore_ascii_case("timeout") && was_given_up(conversation, key);
            // Nor does the end of the conference change why an expelled user is told nothing more.
            let shut_out = || message.to().is_some_and(|to| is_to_be_expelled(conversation, party, &user(to.uri)));
            let rejected = reason.eq_ignore_ascii_case("rejected") && shut_out();
            let right = asked || rejected || reason.eq_ignore_ascii_case("noresource");
            judge.rule(&CONFERENCE_REASON, party, right, numbers, || {
                format!("the conference ended, but the reason given is {reason}")
            });
        }
    }
}

/// Whether a SUBSCRIBE that ends the subscription reached its notifier.
fn was_given_up(conversation: &Conversation, key: &SubscriptionKey) -> bool {
    conversation.transactions().any(|(own, subscribe)| {
        &*own.method == "SUBSCRIBE"
            && (&own.call_id, &own.from_tag) == (&key.call_id, &key.subscriber_tag)
            && subscribe.delivered.is_some()
            && subscribe.request.as_ref().is_some_and(|request| request.expires == Some(0))
    })
}

/// Whether the subscription should have ended, and has not.
fn is_left_over(conversation: &Conversation, key: &SubscriptionKey, subscription: &Subscription) -> Option<Party> {
    let notifier = subscription.notifier?;
    let accepted = subscription.answered.is_some_and(|code| (200..300).contains(&code)) && subscription.notified > 0;
    let over = subscription.terminated_sent
        || subscription.removed_by.is_some()
        || has_unanswered_notify(conversation, key, notifier)
        || (&*key.package != "refer" && !conference_over(conversation, notifier));
    (accepted && !over).then_some(notifier)
}

impl Observer for TermOnce {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if event.message.method() == "NOTIFY" && event.sends_request() && conversation.is_first(event) {
            Self::on_notify(event, conversation, judge);
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, subscription) in conversation.subscriptions() {
            let rule = if &*key.package == "refer" { &REPORT } else { &CONFERENCE_END };
            let left_over = is_left_over(conversation, key, subscription);
            let text = || format!("the subscription ({}) of CSeq {} was never ended", key.package, key.cause);
            match (left_over, end, subscription.notifier) {
                (Some(notifier), End::Quiescent, _) => {
                    judge.rule(rule, notifier, false, &[], text);
                }
                (Some(notifier), End::Cut, _) => judge.inconclusive(rule, notifier, &[], text),
                (None, _, Some(notifier)) if subscription.terminated_sent => {
                    judge.rule(rule, notifier, true, &[], String::new);
                }
                (None, ..) => {}
            }
        }
    }
}
