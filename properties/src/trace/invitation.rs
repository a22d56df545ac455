//! Inviting a user by REFER (TS 34.229-5 generic procedure, steps 1 to 8), and leaving.

use std::time::Duration;

use super::roles::CallKind;
use super::seen::Seen;
use super::steps::{Absent, NAME, Procedure, Row, Scribe, orphan, response};
use crate::invariants::asks_for_bye;
use crate::observe::{Deadline, Party, Rule};
use crate::oracle::conference::{Document, Endpoint, State};
use crate::oracle::{Uri, sipfrag};
use crate::verdict::Level;

const fn through(number: &'static str, what: &'static str, requirement: &'static str) -> Row {
    Row::new(Procedure::InvitationThroughFocus, number, what, requirement)
}

const fn directly(number: &'static str, what: &'static str, requirement: &'static str) -> Row {
    Row::new(Procedure::InvitationToParticipant, number, what, requirement)
}

/// The rows up to the answer to the final report.
struct Table {
    refer: Row,
    accepted: Row,
    first: Row,
    first_answer: Row,
    last: Row,
    last_answer: Row,
}

static THROUGH: Table = Table {
    refer: through("1", "REFER", "RF-01"),
    accepted: through("2", "202 (REFER)", "RF-03"),
    first: through("3", "NOTIFY (refer)", "RF-06"),
    first_answer: through("4", "200 (NOTIFY)", "EV-20"),
    last: through("5", "NOTIFY (refer), final", "RF-09"),
    last_answer: through("6", "200 (NOTIFY)", "EV-20"),
};
static DIRECTLY: Table = Table {
    refer: directly("1", "REFER", "RF-02"),
    accepted: directly("2", "202 (REFER)", "RF-03"),
    first: directly("3", "NOTIFY (refer)", "RF-06"),
    first_answer: directly("4", "200 (NOTIFY)", "EV-20"),
    last: directly("5", "NOTIFY (refer), final", "RF-09"),
    last_answer: directly("6", "200 (NOTIFY)", "EV-20"),
};
static JOINED: Row = through("7", "NOTIFY (conference)", "EV-48");
static JOINED_ANSWER: Row = through("8", "200 (NOTIFY)", "EV-20");
static BYE: Row = Row::new(Procedure::Leaving, "1", "BYE", "CR-64");
static BYE_ANSWER: Row = Row::new(Procedure::Leaving, "2", "200 (BYE)", "CR-64");
static DELETED: Row = Row::new(Procedure::Leaving, "3", "NOTIFY (conference), terminated", "EV-21");
static DELETED_ANSWER: Row = Row::new(Procedure::Leaving, "4", "200 (NOTIFY)", "EV-20");

/// TS 24.147 5.3.1.5.3 sends the REFER in the dialog of the conference; RFC 4579 and RFC 7647 prefer a new one.
static IN_DIALOG: Rule = Rule::new(NAME, "RF-01", Level::Fail).ietf(Level::Note);
/// Without angle brackets a URI has no parameters of its own (RFC 3261 section 20, RFC 3515 section 2.1).
static BRACKETS: Rule = Rule::new(NAME, "RF-02", Level::Note);
static ENCLOSED: Rule = Rule::new(NAME, "RF-02", Level::Fail);
static EXPIRES: Rule = Rule::new(NAME, "DM-06", Level::Note);
static RATE: Rule = Rule::new(NAME, "RF-39", Level::NonStrict);
static CONFERENCE_RATE: Rule = Rule::new(NAME, "EV-19", Level::NonStrict);
static NAMED: Rule = Rule::new(NAME, "EV-49", Level::Fail);

/// The duration of a refer subscription in TS 34.229-1 A.2.11, in seconds.
const REFER_EXPIRES: u32 = 300;
/// Refer notifications should not come faster (RFC 3515 section 3.10).
const REFER_PACE: Duration = Duration::from_secs(1);
/// Conference notifications should not come faster (RFC 4575 section 3.9).
const CONFERENCE_PACE: Duration = Duration::from_secs(5);

/// One REFER, seen or only shown by what follows it.
struct Reference<'a, 'b> {
    refer: Option<&'b Seen<'a>>,
    /// The answer to the REFER.
    answer: Option<&'b Seen<'a>>,
    /// The NOTIFYs about it, in order.
    notifies: Vec<&'b Seen<'a>>,
    call_id: &'b str,
}

/// Writes down the steps of every invitation.
pub(super) fn judge_invitations(seen: &[Seen<'_>], scribe: &mut Scribe<'_>) {
    for reference in references(seen) {
        judge_reference(seen, &reference, scribe);
    }
}

fn references<'a, 'b>(seen: &'b [Seen<'a>]) -> Vec<Reference<'a, 'b>> {
    let mut found: Vec<Reference<'a, 'b>> = Vec::new();
    let mut keys = Vec::new();
    for message in seen.iter().filter(|seen| &*seen.key.method == "REFER") {
        if !keys.contains(&&message.key) {
            keys.push(&message.key);
            let refer = seen.iter().find(|other| other.key == message.key && other.message.is_request());
            let answer = seen.iter().find(|other| other.key == message.key && other.answers("REFER", 200..=699));
            found.push(Reference { refer, answer, notifies: Vec::new(), call_id: &message.key.call_id });
        }
    }
    for notify in seen.iter().filter(|seen| seen.message.is_request_of("NOTIFY") && package(seen) == "refer") {
        let id = notify.message.event().and_then(|event| event.id).and_then(|id| id.parse().ok());
        let cause = |reference: &Reference<'_, '_>| {
            let key = reference.refer.or(reference.answer).map(|seen| &seen.key);
            let number = key.map(|key| key.cseq);
            *reference.call_id == *notify.key.call_id && id.is_none_or(|id: u32| number == Some(id))
        };
        match found.iter().position(cause).and_then(|at| found.get_mut(at)) {
            Some(reference) => reference.notifies.push(notify),
            None => {
                let call_id = &notify.key.call_id;
                found.push(Reference { refer: None, answer: None, notifies: vec![notify], call_id });
            }
        }
    }
    found
}

fn package<'a>(seen: &Seen<'a>) -> &'a str {
    seen.message.event().map_or("", |event| event.package)
}

fn judge_reference(seen: &[Seen<'_>], reference: &Reference<'_, '_>, scribe: &mut Scribe<'_>) {
    let Reference { refer, answer, notifies, call_id } = reference;
    let referee = refer.map(|refer| refer.to).or_else(|| answer.map(|answer| answer.from));
    let referee = referee.or_else(|| notifies.first().map(|notify| notify.from)).unwrap_or(Party::Focus);
    let table = if referee == Party::Focus { &THROUGH } else { &DIRECTLY };
    let accepted = answer.filter(|answer| answer.message.is_success());
    let shown_by = answer.or_else(|| notifies.first().copied());
    scribe.step(&table.refer, Party::Ue, *refer, &Absent::Owed { since: None, shown_by });
    let refused = answer.filter(|answer| !answer.message.is_success());
    let owed = Absent::Owed { since: refer.filter(|_| refused.is_none()), shown_by: None };
    scribe.step(&table.accepted, referee, accepted, &owed);
    refer_details(*refer, referee, scribe);
    if refused.is_some() || accepted.is_some_and(without_reports) && notifies.is_empty() {
        return;
    }
    let last = notifies.iter().find(|seen| is_last(seen)).copied();
    let first = notifies.iter().find(|seen| !is_last(seen)).copied();
    let missed = orphan(seen, "NOTIFY", |response| *response.key.call_id == **call_id && response.from == Party::Ue);
    scribe.step(&table.first, referee, first, &Absent::Owed { since: accepted, shown_by: missed });
    let first_answer = first.and_then(|first| response(seen, first, 200..=299));
    scribe.success(&table.first_answer, Party::Ue, seen, first);
    let since = if first.is_some_and(|first| still_runs(first, scribe.end)) { None } else { first };
    let shown_by = missed.filter(|_| first.is_some());
    let failed = notifies.iter().any(|notify| has_failed(seen, notify, scribe.end));
    match (last, since, shown_by, first) {
        (None, _, _, _) if failed => scribe.step(&table.last, referee, None, &Absent::Optional),
        (None, None, None, Some(first)) => scribe.undecided(&table.last, referee, first, "what that began still runs"),
        _ => scribe.step(&table.last, referee, last, &Absent::Owed { since, shown_by }),
    }
    scribe.success(&table.last_answer, Party::Ue, seen, last);
    report_details(reference, referee, first_answer, scribe);
    if referee == Party::Focus && !refer.is_some_and(expels) {
        judge_joined(seen, reference, last, scribe);
    }
}

/// Whether a REFER was accepted without a subscription in its dialog (RFC 4488 section 4, RFC 7614 section 4).
fn without_reports(accepted: &Seen<'_>) -> bool {
    accepted.message.has_token("Refer-Sub", "false") || accepted.message.header("Refer-Events-At").is_some()
}

/// Whether a refer subscription still has time left at the end of the capture.
fn still_runs(notify: &Seen<'_>, end: Duration) -> bool {
    let expires = notify.message.subscription_state().and_then(|state| state.expires()).unwrap_or(REFER_EXPIRES);
    end.saturating_sub(notify.time) < Duration::from_secs(u64::from(expires))
}

fn refer_details(refer: Option<&Seen<'_>>, referee: Party, scribe: &mut Scribe<'_>) {
    let Some(refer) = refer else { return };
    if referee == Party::Focus {
        let inside = refer.message.to_tag().is_some();
        scribe.judge.rule(&IN_DIALOG, Party::Ue, inside, &refer.numbers, || {
            "the REFER is not sent in the dialog of the conference".to_owned()
        });
    }
    let Some(target) = refer.message.header("Refer-To") else { return };
    let bracketed = target.contains('<');
    scribe.judge.rule(&BRACKETS, Party::Ue, bracketed, &refer.numbers, || {
        format!(
            "Refer-To without angle brackets: {target}; a parameter would belong to the header field, not to the URI"
        )
    });
    let whole = bracketed || !target.contains([',', '?']);
    scribe.judge.rule(&ENCLOSED, Party::Ue, whole, &refer.numbers, || {
        format!("Refer-To needs angle brackets around a URI with a comma or a question mark: {target}")
    });
}

fn report_details(
    reference: &Reference<'_, '_>,
    referee: Party,
    first_answer: Option<&Seen<'_>>,
    scribe: &mut Scribe<'_>,
) {
    let notifies = &reference.notifies;
    if let (Some(first), Some(answer)) = (notifies.first(), reference.answer)
        && first.number() < answer.number()
    {
        scribe.judge.note("SD-43", referee, &[first.number(), answer.number()], || {
            "the first NOTIFY comes before the answer to the REFER: legal".to_owned()
        });
    }
    if let Some(state) = notifies.first().and_then(|first| first.message.subscription_state()) {
        let numbers = notifies.first().map_or(&[][..], |first| &first.numbers);
        let expires = state.expires();
        if !state.is_terminated() && expires.is_some() {
            scribe.judge.rule(&EXPIRES, referee, expires == Some(REFER_EXPIRES), numbers, || {
                format!("the refer subscription lasts {} s, the table has {REFER_EXPIRES}", expires.unwrap_or(0))
            });
        }
    }
    if let (Some(second), Some(first)) = (notifies.get(1), notifies.first())
        && first_answer.is_some_and(|answer| answer.number() > second.number())
    {
        scribe.judge.note("SD-44", referee, &[first.number(), second.number()], || {
            "the next NOTIFY does not wait for the answer to the one before: legal".to_owned()
        });
    }
    // The first and the final report are always sent; only what is between them has a pace.
    for pair in notifies.windows(2) {
        let [before, after] = pair else { continue };
        let between = sipfrag::status(&after.message.body).is_ok_and(|code| code < 200);
        if between {
            let apart = after.time.saturating_sub(before.time);
            scribe.judge.rule(&RATE, referee, apart >= REFER_PACE, &[before.number(), after.number()], || {
                format!("refer notifications {apart:?} apart")
            });
        }
    }
}

/// Steps 7 and 8: who subscribed is told that the user joined.
fn judge_joined(seen: &[Seen<'_>], reference: &Reference<'_, '_>, last: Option<&Seen<'_>>, scribe: &mut Scribe<'_>) {
    let joined = last.and_then(|last| sipfrag::status(&last.message.body).ok()).is_none_or(|code| code < 300);
    let (subscribed, notifies) = of_the_creator(seen);
    let refer = reference.refer;
    let begin = refer.or(reference.answer).or_else(|| reference.notifies.first().copied());
    let target = refer.and_then(|refer| refer.message.refer_to()).map(|target| target.uri);
    let fits = |seen: &&&Seen<'_>| begin.is_some_and(|begin| seen.number() > begin.number()) && present(seen, target);
    let notify = notifies.iter().find(fits).copied();
    let missed = orphan(seen, "NOTIFY", |response| {
        response.kind == CallKind::Subscription && begin.is_some_and(|begin| response.number() > begin.number())
    });
    let absent = match (subscribed && joined, last) {
        (true, Some(last)) => Absent::Owed { since: Some(last), shown_by: missed },
        (true, None) if missed.is_some() => Absent::Owed { since: None, shown_by: missed },
        _ => Absent::Optional,
    };
    let gone = has_left(seen, target) || has_ended(seen, &notifies, scribe.end);
    match last.filter(|_| gone && notify.is_none() && subscribed && joined && missed.is_none()) {
        Some(last) => scribe.undecided(&JOINED, Party::Focus, last, "who was to be told or shown is gone"),
        None => scribe.step(&JOINED, Party::Focus, notify, &absent),
    }
    scribe.success(&JOINED_ANSWER, Party::Ue, seen, notify);
    let Some(notify) = notify else {
        let targets = targets(seen);
        let wrong = notifies
            .iter()
            .find(|seen| begin.is_some_and(|begin| seen.number() > begin.number()) && names_stranger(seen, &targets));
        if let (Some(wrong), Some(target)) = (wrong.filter(|_| joined && missed.is_none()), target) {
            scribe.judge.rule(&NAMED, Party::Focus, false, &wrong.numbers, || {
                format!("a user joined, but nobody like {target}, who was to be invited")
            });
        }
        return;
    };
    scribe.judge.rule(&NAMED, Party::Focus, true, &notify.numbers, String::new);
    joined_details(&notifies, notify, last, target, scribe);
}

/// Whether a REFER asks for the end of a call (RFC 4579 section 5.11).
fn expels(refer: &Seen<'_>) -> bool {
    refer.message.refer_to().is_some_and(|whom| asks_for_bye(whom.uri))
}

/// Whether the user left the conference again or was to be expelled, or the creator left: then the roster need not show
/// the user any more.
fn has_left(seen: &[Seen<'_>], target: Option<&str>) -> bool {
    let mut byes = seen.iter().filter(|seen| seen.message.is_request_of("BYE"));
    let mut refers = seen.iter().filter(|seen| seen.message.is_request_of("REFER"));
    // The BYE that such a REFER asks for may have gone where the capture did not see it.
    let expelled = refers.any(|refer| {
        let whom = refer.message.refer_to().map(|whom| whom.uri).filter(|_| expels(refer));
        whom.is_some_and(|whom| target.is_none_or(|target| same_user(whom, target)))
    });
    expelled
        || byes.any(|bye| {
            let ends = [bye.message.from(), bye.message.to()];
            let user = |target| ends.into_iter().flatten().any(|end| same_user(end.uri, target));
            bye.kind == CallKind::Creation || target.is_none_or(user)
        })
}

/// Whether the conference subscription came to its end, by a NOTIFY that says so or by one that failed.
fn has_ended(seen: &[Seen<'_>], notifies: &[&Seen<'_>], end: Duration) -> bool {
    notifies.iter().any(|notify| is_last(notify) || has_failed(seen, notify, end))
}

/// Whether a NOTIFY says that its subscription is over.
fn is_last(notify: &Seen<'_>) -> bool {
    notify.message.subscription_state().is_some_and(|state| state.is_terminated())
}

/// Whether the creator subscribed to the conference package, and the NOTIFYs that it was sent; others may subscribe as
/// well.
fn of_the_creator<'a, 'b>(seen: &'b [Seen<'a>]) -> (bool, Vec<&'b Seen<'a>>) {
    let own = || seen.iter().filter(|seen| seen.kind == CallKind::Subscription && seen.to == Party::Ue);
    let notifies: Vec<&Seen<'_>> =
        own().filter(|seen| seen.message.is_request_of("NOTIFY") && package(seen) == "conference").collect();
    let accepted = own().any(|seen| seen.answers("SUBSCRIBE", 200..=299));
    (accepted || !notifies.is_empty(), notifies)
}

/// Whether a NOTIFY failed for its sender: it was refused, or either it or its answer never arrived, or not before its
/// sender may have given up. That removes the subscription (RFC 6665 section 4.2.2). `end` is the end of the capture.
fn has_failed(seen: &[Seen<'_>], notify: &Seen<'_>, end: Duration) -> bool {
    let answer = response(seen, notify, 200..=699);
    let waited = answer.map_or(end, |answer| answer.time).saturating_sub(notify.time);
    let refused = answer.is_some_and(|answer| !answer.arrived || !answer.message.is_success());
    !notify.arrived || refused || waited >= Deadline::SHORTEST.remaining()
}

fn joined_details(
    notifies: &[&Seen<'_>],
    notify: &Seen<'_>,
    last: Option<&Seen<'_>>,
    target: Option<&str>,
    scribe: &mut Scribe<'_>,
) {
    if let Some(last) = last.filter(|last| notify.number() < last.number()) {
        scribe.judge.note("SD-42", Party::Focus, &[notify.number(), last.number()], || {
            "the conference NOTIFY comes before the final refer NOTIFY: legal".to_owned()
        });
    }
    if let Some(before) = notifies.iter().rfind(|before| before.number() < notify.number()) {
        let apart = notify.time.saturating_sub(before.time);
        let numbers = [before.number(), notify.number()];
        scribe.judge.rule(&CONFERENCE_RATE, Party::Focus, apart >= CONFERENCE_PACE, &numbers, || {
            format!("conference notifications {apart:?} apart, recommended are 5 s")
        });
    }
    let method = Document::read(&notify.message.body).ok().and_then(|document| {
        let (_, users) = document.users?;
        let endpoints = users.into_iter().filter(|(entity, _)| target.is_none_or(|target| same_user(entity, target)));
        endpoints.flat_map(|(_, user)| user.endpoints.into_values()).find_map(|endpoint| endpoint.joining_method)
    });
    if method.as_deref() == Some("dialed-in") {
        scribe.judge.note("SD-10", Party::Focus, &notify.numbers, || {
            "joining-method dialed-in for a user that the focus invited".to_owned()
        });
    }
}

/// Whether a document shows a user who is in the conference, on hold or not; the invited one if it is known who that
/// is.
fn present(seen: &Seen<'_>, target: Option<&str>) -> bool {
    let Ok(document) = Document::read(&seen.message.body) else { return false };
    let users = document.users.map(|(_, users)| users).unwrap_or_default();
    users.iter().any(|(entity, user)| {
        target.is_none_or(|target| same_user(entity, target)) && user.endpoints.values().any(Endpoint::is_present)
    })
}

/// Whom the REFERs of the capture want to have invited.
fn targets<'a>(seen: &[Seen<'a>]) -> Vec<&'a str> {
    let refers = seen.iter().filter(|seen| seen.message.is_request_of("REFER"));
    refers.filter_map(|refer| refer.message.refer_to()).map(|target| target.uri).collect()
}

/// Whether what a document reports as new is somebody present whom no REFER named.
fn names_stranger(seen: &Seen<'_>, targets: &[&str]) -> bool {
    let partial = Document::read(&seen.message.body).is_ok_and(|document| document.state == State::Partial);
    partial && present(seen, None) && !targets.iter().any(|target| present(seen, Some(target)))
}

/// Whether two URIs name the same user: `tel:+N` and `sip:+N@...;user=phone` do (EV-49).
fn same_user(a: &str, b: &str) -> bool {
    let (a, b) = (Uri::read(a.trim()), Uri::read(b.trim()));
    let number = |uri: &Uri<'_>| {
        let tel = uri.scheme.eq_ignore_ascii_case("tel");
        let text = if tel { uri.host } else { uri.user };
        let digits: String = text.chars().filter(|c| !"-.()".contains(*c)).collect();
        (tel || uri.parameter("user") == Some("phone") || digits.starts_with('+')).then_some(digits)
    };
    match (number(&a), number(&b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.user == b.user && a.host.eq_ignore_ascii_case(b.host),
    }
}

/// Writes down how the creator leaves, if it does.
pub(super) fn judge_leaving(seen: &[Seen<'_>], scribe: &mut Scribe<'_>) {
    let call: Vec<Seen<'_>> = seen.iter().filter(|seen| seen.kind == CallKind::Creation).cloned().collect();
    let bye = call.iter().find(|seen| seen.message.is_request_of("BYE"));
    let answer = call.iter().find(|seen| seen.answers("BYE", 200..=699));
    if bye.is_none() && answer.is_none() {
        return;
    }
    let leaver = bye.map(|bye| bye.from).or_else(|| answer.map(|answer| answer.to)).unwrap_or(Party::Ue);
    let other = if leaver == Party::Ue { Party::Focus } else { Party::Ue };
    scribe.step(&BYE, leaver, bye, &Absent::Owed { since: None, shown_by: answer });
    scribe.step(&BYE_ANSWER, other, answer, &Absent::Owed { since: bye, shown_by: None });
    let (subscribed, notifies) = of_the_creator(seen);
    let live = subscribed && !has_ended(seen, &notifies, scribe.end);
    let over = notifies.iter().find(|seen| is_last(seen)).copied();
    let absent = if live { Absent::Owed { since: bye, shown_by: None } } else { Absent::Optional };
    scribe.step(&DELETED, Party::Focus, over, &absent);
    scribe.success(&DELETED_ANSWER, Party::Ue, seen, over);
}
