//! I-REF-TRUTH: the final report of a REFER is of the class of what became of the call (RFC 3515 sections 2.4.5,
//! 2.4.7).
//!
//! Success is reported only after the 2xx of the invited user reached the focus. For a failure a minimal notifier may
//! say 503, and 603 when it called nobody. A call that the focus cancelled, or ended itself, may be reported as failed
//! although a 200 crossed. A focus calls those whom it was asked to call.

use super::evidence::{self, Call, calls, is_nameless, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, SubscriptionKey, TransactionKey};
use crate::oracle::{Uri, sipfrag};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REF-TRUTH";
static SUCCESS: Rule = Rule::new(NAME, "RF-12", Level::Fail);
static FAILURE: Rule = Rule::new(NAME, "RF-11", Level::Fail);
static CODE: Rule = Rule::new(NAME, "RF-11", Level::Note);
static REQUEST_URI: Rule = Rule::new(NAME, "RF-25", Level::Fail);
static ASKED: Rule = Rule::new(NAME, "RF-25", Level::NonStrict);

/// The observer of I-REF-TRUTH. What it needs is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefTruth;

/// The URI that the REFER behind a subscription asks the focus to call; `None` for another method than INVITE.
fn target(conversation: &Conversation, key: &SubscriptionKey) -> Option<String> {
    let refer = TransactionKey {
        call_id: key.call_id.clone(),
        from_tag: key.subscriber_tag.clone(),
        cseq: key.cause,
        method: "REFER".into(),
    };
    let target = conversation.transaction_at(&refer)?.request.as_ref()?.refer_to.clone()?;
    let method = Uri::read(&target).parameter("method");
    method.is_none_or(|method| method.eq_ignore_ascii_case("INVITE")).then(|| user(&target))
}

/// Whether `code` may be reported for a call that was answered `answer`.
const fn is_fitting(code: u16, answer: u16) -> bool {
    code / 100 == answer / 100 || matches!(code, 503 | 603)
}

fn on_report(event: &Event<'_>, code: u16, conversation: &Conversation, judge: &mut Judge) {
    let (party, numbers) = (event.party, &[event.number]);
    if is_nameless(conversation, event.message) {
        return;
    }
    let Some((key, _)) = conversation.subscription(event.message) else { return };
    let Some(target) = target(conversation, key) else { return };
    let made: Vec<Call> = calls(conversation, party).into_iter().filter(|call| call.dialed_out).collect();
    let to_target = || made.iter().filter(|call| call.user == target);
    if code < 300 {
        let unseen = to_target().all(|call| conversation.missed_final(&call.call_id));
        if unseen && !conversation.is_complete() {
            judge.inconclusive(&SUCCESS, party, numbers, || {
                format!("{code} reported, but no answer of {target} was seen")
            });
            return;
        }
        let joined = to_target().any(|call| call.succeeded() && !(call.cancelled && call.dismissed));
        judge.rule(&SUCCESS, party, joined, numbers, || {
            format!("{code} reported for {target}, who has not answered with a 2xx")
        });
        return;
    }
    let joined = to_target().find(|call| call.succeeded() && !call.cancelled && !call.dismissed);
    if let Some(call) = joined {
        judge.rule(&FAILURE, party, false, numbers, || {
            format!("{code} reported for {target}, who answered {}", call.answered.unwrap_or_default())
        });
        return;
    }
    let answers: Vec<u16> = to_target().filter_map(|call| call.answered).filter(|answer| *answer >= 300).collect();
    let fitting = answers.is_empty() || answers.iter().any(|answer| is_fitting(code, *answer));
    judge.rule(&FAILURE, party, fitting, numbers, || format!("{code} reported for {target}, who answered {answers:?}"));
    // 408 and 487 both say that nobody answered in time.
    let cancelled = to_target().any(|call| call.cancelled) && matches!(code, 408 | 487);
    let exact = answers.is_empty() || answers.contains(&code) || cancelled || matches!(code, 503 | 603) || !fitting;
    judge.rule(&CODE, party, exact, numbers, || format!("{code} reported for {target}, who answered {answers:?}"));
}

fn on_invite(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let (party, numbers) = (event.party, &[event.number]);
    let uri = event.message.request_uri().unwrap_or("");
    let parts = Uri::read(uri);
    let bare = parts.headers.is_empty() && parts.parameter("method").is_none();
    judge.rule(&REQUEST_URI, party, bare, numbers, || {
        format!("the Request-URI keeps what only Refer-To may carry: {uri}")
    });
    let asked = conversation.subscriptions().filter(|(key, subscription)| {
        &*key.package == "refer" && subscription.requested && subscription.notifier == Some(party)
    });
    let matches = asked.filter_map(|(key, _)| target(conversation, key)).any(|target| target == user(uri));
    if conversation.is_complete() {
        judge.rule(&ASKED, party, matches, numbers, || format!("INVITE to {uri}, whom no REFER asked to call"));
    }
}

impl Observer for RefTruth {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        if !event.sends_request() || !conversation.is_first(event) {
            return;
        }
        match message.method() {
            "NOTIFY" if message.event().is_some_and(|event| event.package == "refer") => {
                if let Ok(code @ 200..) = sipfrag::status(&message.body) {
                    on_report(event, code, conversation, judge);
                }
            }
            "INVITE" if message.to_tag().is_none() && evidence::focus(conversation) == Some(event.party) => {
                on_invite(event, conversation, judge);
            }
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
