//! I-EARLY-NOTIFY: a NOTIFY that belongs to an outstanding SUBSCRIBE or REFER is accepted, whether it comes before the
//! 2xx or after the end of the call (RFC 6665 section 4.1.2.4, RFC 3515 section 2.4.4).
//!
//! Only what was delivered to the subscriber counts. 500 is legal for a NOTIFY that was overtaken in its dialog
//! (RFC 3261 section 12.2.2). A subscriber may give up a subscription without NOTIFY after 64*T1; as T1 is not known to
//! an observer, nothing is judged beyond 32 s, the shortest value in use.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::evidence::conference_over;
use crate::observe::{
    Conversation, Deadline, DialogState, End, Event, Judge, Observer, Rule, SubscriptionKey, TransactionKey,
};
use crate::oracle::Sip;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-EARLY-NOTIFY";
static BEFORE_2XX: Rule = Rule::new(NAME, "EV-04", Level::Fail).needs_history().needs_vantage();
static BEFORE_202: Rule = Rule::new(NAME, "RF-07", Level::Fail).needs_history().needs_vantage();
static AFTER_CALL: Rule = Rule::new(NAME, "EV-22", Level::Fail).needs_history().needs_vantage();
static LATER: Rule = Rule::new(NAME, "EV-20", Level::Fail).needs_history().needs_vantage();
static REFUSED: Rule = Rule::new(NAME, "EV-20", Level::NonStrict).needs_vantage();

/// 64*T1 with the default T1 of RFC 3261; at that very moment the subscription may be over already.
const TIMER_N: Deadline = Deadline::within(Duration::from_millis(31_999));

/// A NOTIFY that its subscriber has to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Expected {
    when: When,
    /// A request with a higher CSeq was delivered before it.
    overtaken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum When {
    /// Before the 2xx to SUBSCRIBE.
    Before2xx,
    /// Before the 2xx to REFER.
    Before202,
    /// After the call in the same dialog was over.
    AfterCall,
    /// At any other time.
    Later,
}

impl When {
    const fn rule(self) -> &'static Rule {
        match self {
            Self::Before2xx => &BEFORE_2XX,
            Self::Before202 => &BEFORE_202,
            Self::AfterCall => &AFTER_CALL,
            Self::Later => &LATER,
        }
    }
}

/// The observer of I-EARLY-NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EarlyNotify {
    /// How long each subscription surely lives at its subscriber: 64*T1 at first, then what the notifier grants.
    alive: BTreeMap<SubscriptionKey, Deadline>,
    /// Those with a refresh to which no final response was delivered.
    refreshing: BTreeSet<SubscriptionKey>,
    /// NOTIFYs delivered and not yet answered.
    unanswered: BTreeMap<TransactionKey, Expected>,
}

impl EarlyNotify {
    /// From a refresh on, Timer N runs until a NOTIFY follows; without one the subscription is over (RFC 6665 section
    /// 4.1.2.2).
    fn on_refresh(&mut self, subscribe: &Sip) {
        let (Some(tag), Some(event)) = (subscribe.from_tag(), subscribe.event()) else { return };
        let cause = event.id.and_then(|id| id.parse().ok());
        for (key, left) in &mut self.alive {
            let dialog = *key.call_id == *subscribe.call_id() && *key.subscriber_tag == *tag;
            if dialog && *key.package == *event.package && cause.is_none_or(|cause: u32| cause == key.cause) {
                *left = TIMER_N.min(*left);
                self.refreshing.insert(key.clone());
            }
        }
    }

    fn on_notify(&mut self, event: &Event<'_>, conversation: &Conversation) {
        let message = event.message;
        let Some((key, subscription)) = conversation.subscription(message) else { return };
        let refused = subscription.answer_delivered.is_some_and(|code| code >= 300);
        let theirs = subscription.requested && subscription.subscriber == Some(event.party);
        if !theirs || refused || !self.alive.contains_key(key) {
            return;
        }
        let dialog = conversation.dialog(event);
        let number = message.cseq().map(|cseq| cseq.number);
        let overtaken = dialog.as_ref().is_some_and(|dialog| dialog.remote_cseq > number);
        let ended = dialog.is_some_and(|dialog| dialog.state == DialogState::Ended)
            || conference_over(conversation, event.party);
        let when = match (subscription.answer_delivered, &*key.package) {
            (None, "refer") => When::Before202,
            (None, _) => When::Before2xx,
            _ if ended => When::AfterCall,
            _ => When::Later,
        };
        match message.subscription_state() {
            Some(state) if state.is_terminated() => {
                self.alive.remove(key);
            }
            // A subscriber may end what it could not refresh.
            _ if self.refreshing.contains(key) => {}
            state => {
                let granted = state.and_then(|state| state.expires()).unwrap_or(300);
                self.alive.insert(key.clone(), Deadline::within(Duration::from_secs(granted.into())));
            }
        }
        if let Some(transaction) = TransactionKey::of(message) {
            self.unanswered.insert(transaction, Expected { when, overtaken });
        }
    }

    fn on_answer(&mut self, event: &Event<'_>, code: u16, judge: &mut Judge) {
        let Some(expected) = event.key.clone().and_then(|key| self.unanswered.remove(&key)) else {
            return;
        };
        let wrong = matches!(code, 481 | 482) || (code == 500 && !expected.overtaken);
        let text = || format!("a NOTIFY that belongs to a subscription was answered {code}");
        judge.rule(expected.when.rule(), event.party, !wrong, &[event.number], text);
        // 400 and 415 speak of the body, 401 and 407 of the sender, 503 of the load: all of them may be right.
        let other = !wrong && !matches!(code, 200..=299 | 400 | 401 | 407 | 415 | 500 | 503);
        judge.rule(&REFUSED, event.party, !other, &[event.number], text);
    }
}

impl Observer for EarlyNotify {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { alive: BTreeMap::new(), refreshing: BTreeSet::new(), unanswered: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.alive.retain(|_, left| !left.elapse(event.elapsed) && !left.remaining().is_zero());
        self.refreshing.retain(|key| self.alive.contains_key(key));
        let message = event.message;
        let first = conversation.is_first(event);
        match (message.method(), message.status()) {
            ("SUBSCRIBE" | "REFER", None) if event.sends_request() && first => {
                let package = message.event().map_or("refer", |event| event.package);
                if message.method() == "SUBSCRIBE" && message.to_tag().is_some() {
                    self.on_refresh(message);
                } else if let (Some(cseq), Some(tag)) = (message.cseq(), message.from_tag()) {
                    let key = SubscriptionKey {
                        call_id: message.call_id().into(),
                        subscriber_tag: tag.into(),
                        package: package.into(),
                        cause: cseq.number,
                    };
                    self.alive.insert(key, TIMER_N);
                }
            }
            ("SUBSCRIBE" | "REFER", Some(code @ 200..)) if event.receives_response() => {
                let none = code >= 300 || message.has_token("Refer-Sub", "false");
                if let Some((key, _)) = conversation.subscription(message) {
                    self.refreshing.remove(key);
                    if none {
                        self.alive.remove(key);
                    }
                }
            }
            ("NOTIFY", None) if event.receives_request() && first => self.on_notify(event, conversation),
            ("NOTIFY", Some(code @ 200..)) if event.sends_response() => self.on_answer(event, code, judge),
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
