//! I-SESSION-TIMER: how long a session lasts, who prolongs it, and that somebody does (RFC 4028).
//!
//! What is asked for and granted is judged at each message, by what its sender had before it. Who refreshes, and until
//! when, is what the last 2xx says, at each end for itself: the refresher has to have asked by the end of the interval,
//! and the other end should not go on after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::observe::{
    Conversation, Deadline, DialogKey, DialogState, End, Event, Judge, Observer, Rule, Stage, TransactionKey,
};
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-SESSION-TIMER";
static LENGTH: Rule = Rule::new(NAME, "FA-30", Level::Fail);
static GRANTED: Rule = Rule::new(NAME, "FA-30", Level::Fail);
static SUPPORTED: Rule = Rule::new(NAME, "FA-30", Level::Fail);
static REFRESHED: Rule = Rule::new(NAME, "FA-31", Level::Fail).needs_history().needs_vantage();
static HUNG_UP: Rule = Rule::new(NAME, "FA-31", Level::NonStrict).needs_history().needs_vantage();
static ONE_AT_A_TIME: Rule = Rule::new(NAME, "FA-32", Level::Fail).needs_history().needs_vantage();
static ROLES: Rule = Rule::new(NAME, "FA-33", Level::NonStrict).needs_history().needs_vantage();
static TOO_SMALL: Rule = Rule::new(NAME, "FA-12", Level::Fail);
static RAISED: Rule = Rule::new(NAME, "FA-12", Level::Fail);

/// No interval is shorter (sections 4 and 5), in seconds.
const SHORTEST: u32 = 90;
/// Nobody should choose a shorter one (section 4), in seconds.
const RECOMMENDED: u32 = 1_800;

/// What Session-Expires says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Interval {
    seconds: u32,
    /// Whether the client of the message's transaction refreshes; `None`: left open.
    by_client: Option<bool>,
}

/// What a request that was delivered asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    interval: Option<Interval>,
    least: u32,
    supported: bool,
}

/// The session timer at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Running {
    seconds: u32,
    ours: bool,
    left: Deadline,
    /// Whether a request that may still prolong the session is out.
    asked: bool,
}

/// The observer of I-SESSION-TIMER.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionTimer {
    asked: BTreeMap<TransactionKey, Asked>,
    running: BTreeMap<DialogKey, Running>,
    /// The largest Min-SE of the 422s to the requests of one end of a call.
    raised: BTreeMap<(Text, Text), u32>,
    /// UPDATEs without a final response.
    updates: BTreeMap<DialogKey, BTreeSet<TransactionKey>>,
}

fn interval(message: &Sip) -> Option<Interval> {
    let (seconds, parameters) =
        message.header("Session-Expires")?.split_once(';').unwrap_or((message.header("Session-Expires")?, ""));
    let named = |name: &str| {
        let mut own = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
        own.any(|(key, value)| key.trim().eq_ignore_ascii_case("refresher") && value.trim().eq_ignore_ascii_case(name))
    };
    let by_client = if named("uac") { Some(true) } else { named("uas").then_some(false) };
    Some(Interval { seconds: seconds.trim().parse().ok()?, by_client })
}

fn least(message: &Sip) -> Option<u32> {
    message.header("Min-SE")?.split(';').next()?.trim().parse().ok()
}

/// Whether a message may prolong a session: an INVITE, an UPDATE, and what answers them.
fn is_of_session(method: &str) -> bool {
    matches!(method, "INVITE" | "UPDATE")
}

impl SessionTimer {
    /// Where the header fields may stand, and how small their values may be.
    fn judge_values(event: &Event<'_>, judge: &mut Judge) {
        let message = event.message;
        let (said, least) = (interval(message), least(message));
        if said.is_none() && least.is_none() {
            return;
        }
        let of_session = is_of_session(message.method());
        let expires_fits = of_session && message.status().is_none_or(|code| (200..300).contains(&code));
        let least_fits = of_session && message.status().is_none_or(|code| code == 422);
        let in_place = (said.is_none() || expires_fits) && (least.is_none() || least_fits);
        judge.rule(&LENGTH, event.party, in_place, &[event.number], || {
            format!("Session-Expires or Min-SE in {}", message.label())
        });
        let floor = least.filter(|_| message.is_request()).unwrap_or_default().max(SHORTEST);
        let long = said.is_none_or(|said| said.seconds >= floor) && least.is_none_or(|least| least >= SHORTEST);
        judge.rule(&LENGTH, event.party, long, &[event.number], || {
            format!("{}: an interval below {floor} s", message.label())
        });
        if let Some(said) = said.filter(|said| said.seconds < RECOMMENDED && message.is_request()) {
            judge.note("FA-30", event.party, &[event.number], || {
                format!("a session interval of {} s, recommended are 1800", said.seconds)
            });
        }
    }

    /// Every request but ACK says that its sender has the extension (section 7.1). Where no timer runs that it could
    /// take away from the peer, the 3GPP tables leave it out and nobody is hurt.
    fn judge_supported(&self, event: &Event<'_>, judge: &mut Judge) {
        let message = event.message;
        let running = Conversation::dialog_key(event).is_some_and(|key| self.running.contains_key(&key));
        if running && message.method() != "ACK" {
            let says = message.has_token("Supported", "timer");
            judge.rule(&SUPPORTED, event.party, says, &[event.number], || {
                format!("{} without Supported: timer in a session that has a timer", message.method())
            });
        }
    }

    /// What a request of the session says of the timer that runs, and of the 422s before.
    fn judge_request(&mut self, event: &Event<'_>, of: &TransactionKey, judge: &mut Judge) {
        let message = event.message;
        let said = interval(message);
        if let Some(raised) = self.raised.get(&(of.call_id.clone(), of.from_tag.clone())) {
            let raises =
                least(message).is_some_and(|least| least >= *raised) && said.is_none_or(|said| said.seconds >= *raised);
            judge.rule(&RAISED, event.party, raises, &[event.number], || {
                format!("{} after a 422 that asks for {raised} s: Session-Expires or Min-SE is less", message.method())
            });
        }
        let Some(key) = Conversation::dialog_key(event) else { return };
        if &*of.method == "UPDATE" {
            let open = self.updates.entry(key.clone()).or_default();
            judge.rule(&ONE_AT_A_TIME, event.party, open.is_empty(), &[event.number], || {
                "UPDATE while another one of the same sender has no answer".to_owned()
            });
            open.insert(of.clone());
        }
        let Some(running) = self.running.get_mut(&key) else { return };
        running.asked = true;
        if let Some(said) = said {
            let stays = said.by_client.is_none_or(|by_client| by_client == running.ours);
            judge.rule(&ROLES, event.party, stays, &[event.number], || {
                format!("{} changes who refreshes the session", message.method())
            });
        }
    }

    /// A 2xx grants no more than was asked for, and leaves the refresher to the caller (section 9, table 2).
    fn judge_success(event: &Event<'_>, asked: Asked, judge: &mut Judge) {
        let Some(said) = interval(event.message) else { return };
        let most = asked.interval.map_or(u32::MAX, |interval| interval.seconds);
        judge.rule(&GRANTED, event.party, said.seconds <= most && said.seconds >= asked.least, &[event.number], || {
            format!(
                "an interval of {} s is granted, asked were at most {most} and at least {}",
                said.seconds, asked.least
            )
        });
        let chosen = asked.interval.and_then(|interval| interval.by_client);
        let refresher = match (said.by_client, chosen) {
            (None, _) => false,
            (Some(true), _) if !asked.supported => false,
            (Some(by_client), Some(chosen)) => by_client == chosen,
            (Some(_), None) => true,
        };
        judge.rule(&GRANTED, event.party, refresher, &[event.number], || {
            "the refresher in the 2xx is none, or not the one whom the request chose".to_owned()
        });
        if said.by_client == Some(true) {
            judge.rule(&GRANTED, event.party, event.message.has_token("Require", "timer"), &[event.number], || {
                "the caller is to refresh, and the 2xx does not require him to know it".to_owned()
            });
        }
    }

    fn on_request(&mut self, event: &Event<'_>, of: TransactionKey, judge: &mut Judge) {
        let message = event.message;
        match event.stage {
            Stage::Sent => self.judge_request(event, &of, judge),
            Stage::Delivered => {
                let least = least(message).unwrap_or(SHORTEST).max(SHORTEST);
                let supported = message.has_token("Supported", "timer");
                self.asked.insert(of, Asked { interval: interval(message), least, supported });
            }
        }
    }

    fn on_final(&mut self, event: &Event<'_>, of: &TransactionKey, ended: bool, judge: &mut Judge) {
        let (message, code) = (event.message, event.message.status().unwrap_or_default());
        let raised = (of.call_id.clone(), of.from_tag.clone());
        match event.stage {
            Stage::Sent => {
                let asked = self.asked.remove(of);
                if let Some(asked) = asked.filter(|_| message.is_success()) {
                    Self::judge_success(event, asked, judge);
                }
                if code == 422 {
                    let asked = asked.and_then(|asked| asked.interval).map_or(0, |interval| interval.seconds);
                    let says = least(message).is_some_and(|least| least > asked && least >= SHORTEST);
                    judge.rule(&TOO_SMALL, event.party, says, &[event.number], || {
                        "422 without a Min-SE that is more than was asked for".to_owned()
                    });
                }
            }
            Stage::Delivered => {
                if let Some(open) = Conversation::dialog_key(event).and_then(|key| self.updates.get_mut(&key)) {
                    open.remove(of);
                }
                if let Some(least) = least(message).filter(|_| code == 422) {
                    let most = self.raised.entry(raised).or_default();
                    *most = least.max(*most);
                } else if message.is_success()
                    && !Conversation::dialog_key(event).is_some_and(|key| self.running.contains_key(&key))
                {
                    // What hops objected to before the dialog was there does not count in it (section 7.4).
                    self.raised.remove(&raised);
                }
            }
        }
        // What crosses a BYE does not bring the session back.
        if message.is_success() && !ended {
            self.restart(event, judge);
        }
    }

    /// From this 2xx on the interval counts, or none.
    fn restart(&mut self, event: &Event<'_>, judge: &mut Judge) {
        let Some(key) = Conversation::dialog_key(event) else { return };
        if let Some(before) = self.running.remove(&key)
            && before.ours
        {
            judge.rule(&REFRESHED, event.party, true, &[], String::new);
        }
        let Some(said) = interval(event.message) else { return };
        let is_client = event.stage == Stage::Delivered;
        let left = Deadline::within(Duration::from_secs(said.seconds.into()));
        let ours = said.by_client == Some(is_client);
        self.running.insert(key, Running { seconds: said.seconds, ours, left, asked: false });
    }

    fn elapse(&mut self, elapsed: Duration, number: u32, judge: &mut Judge) {
        self.running.retain(|key, running| {
            if !running.left.elapse(elapsed) {
                return true;
            }
            let text = || format!("the session went on after its {} s, and was not refreshed", running.seconds);
            if running.ours {
                judge.rule(&REFRESHED, key.party, running.asked, &[number], text);
            } else {
                judge.rule(&HUNG_UP, key.party, false, &[number], text);
            }
            false
        });
    }
}

impl Observer for SessionTimer {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { asked: BTreeMap::new(), running: BTreeMap::new(), raised: BTreeMap::new(), updates: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.elapse(event.elapsed, event.number, judge);
        let message = event.message;
        let Some(of) = TransactionKey::of(message) else { return };
        if !conversation.is_first(event) {
            return;
        }
        if event.stage == Stage::Sent {
            Self::judge_values(event, judge);
            if message.is_request() {
                self.judge_supported(event, judge);
            }
        }
        if message.is_request_of("BYE") {
            // Whoever sends or is handed it has ended the session.
            let waited = Conversation::dialog_key(event).and_then(|key| self.running.remove(&key));
            if waited.is_some_and(|waited| !waited.ours) && event.stage == Stage::Sent {
                judge.rule(&HUNG_UP, event.party, true, &[], String::new);
            }
        } else if is_of_session(&of.method) && message.is_request() {
            self.on_request(event, of, judge);
        } else if is_of_session(&of.method) && message.status().is_some_and(|code| code >= 200) {
            let ended = conversation.dialog(event).is_some_and(|dialog| dialog.state == DialogState::Ended);
            self.on_final(event, &of, ended, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
