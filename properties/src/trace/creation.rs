//! Creating a conference and subscribing to its package (TS 34.229-5 generic procedure, steps 1 to 13).

use std::time::Duration;

use super::roles::CallKind;
use super::seen::Seen;
use super::steps::{Absent, NAME, Procedure, Row, Scribe, orphan};
use crate::observe::{Deadline, Party, Rule, TransactionKey};
use crate::oracle::conference::{Document, State};
use crate::oracle::same_uri;
use crate::oracle::sdp::Sdp;
use crate::verdict::Level;

const fn creation(number: &'static str, what: &'static str, requirement: &'static str) -> Row {
    Row::new(Procedure::Creation, number, what, requirement)
}

const fn subscription(number: &'static str, what: &'static str, requirement: &'static str) -> Row {
    Row::new(Procedure::EventSubscription, number, what, requirement)
}

static INVITE: Row = creation("1", "INVITE", "CR-01");
static TRYING: Row = creation("2", "100 Trying", "CR-03");
static PROGRESS: Row = creation("3", "183 Session Progress", "CR-02");
static PRACK: Row = creation("4", "PRACK", "CR-24");
static PRACKED: Row = creation("5", "200 (PRACK)", "CR-26");
static UPDATE: Row = creation("6", "UPDATE", "CR-32");
static UPDATED: Row = creation("7", "200 (UPDATE)", "CR-32");
static OK: Row = creation("8", "200 (INVITE)", "CR-02");
static ACK: Row = creation("9", "ACK", "CR-59");
static SUBSCRIBE: Row = subscription("10", "SUBSCRIBE", "EV-01");
static SUBSCRIBED: Row = subscription("11", "200 (SUBSCRIBE)", "EV-02");
static NOTIFY: Row = subscription("12", "NOTIFY (conference)", "EV-03");
static NOTIFIED: Row = subscription("13", "200 (NOTIFY)", "EV-20");

static FACTORY_TO: Rule = Rule::new(NAME, "CR-01", Level::Fail);
static NO_PROGRESS: Rule = Rule::new(NAME, "CR-02", Level::NonStrict);
static SAME_CONTACT: Rule = Rule::new(NAME, "CR-04", Level::Note);
static ACK_FIRST: Rule = Rule::new(NAME, "CR-59", Level::Note);
static SUBSCRIBES: Rule = Rule::new(NAME, "EV-01", Level::Note);
static UNANNOUNCED: Rule = Rule::new(NAME, "CR-44", Level::Fail);

/// How long the test system waits for the SUBSCRIBE after the ACK.
const SUBSCRIBE_WAIT: Duration = Duration::from_secs(3);

/// Writes down the steps of the creation, if there was one.
pub(super) fn judge_creation(seen: &[Seen<'_>], scribe: &mut Scribe<'_>) {
    let Some(key) = creating_key(seen) else { return };
    let call: Vec<Seen<'_>> = seen.iter().filter(|seen| seen.kind == CallKind::Creation).cloned().collect();
    let own = |other: &&Seen<'_>| other.key == key;
    let invite = call.iter().filter(own).find(|seen| seen.message.is_request());
    let answer = call.iter().find(|seen| seen.key == key && !seen.message.is_request());
    let success = call.iter().filter(own).find(|seen| seen.answers("INVITE", 200..=299));
    let refused = call.iter().filter(own).find(|seen| seen.answers("INVITE", 300..=699));
    scribe.step(&INVITE, Party::Ue, invite, &Absent::Owed { since: None, shown_by: answer });
    if let Some(invite) = invite {
        let to = invite.message.to().map_or("", |to| to.uri);
        let uri = invite.message.request_uri().unwrap_or("");
        scribe.judge.rule(&FACTORY_TO, Party::Ue, same_uri(uri, to), &invite.numbers, || {
            format!("the INVITE goes to {uri}, To is {to}")
        });
    }
    let trying = call.iter().filter(own).find(|seen| seen.answers("INVITE", 100..=100));
    scribe.step(&TRYING, Party::Focus, trying, &Absent::Optional);
    let prack = call.iter().find(|seen| seen.message.is_request_of("PRACK"));
    let progress = call
        .iter()
        .filter(own)
        .find(|seen| seen.message.is_reliable_provisional() && seen.message.content_type() == "application/sdp");
    let pracked = call.iter().find(|seen| seen.answers("PRACK", 200..=299));
    let shown = if refused.is_some() { None } else { prack.or(pracked) };
    scribe.step(&PROGRESS, Party::Focus, progress, &Absent::Owed { since: None, shown_by: shown });
    if progress.is_none()
        && shown.is_none()
        && let Some(success) = success
    {
        scribe.judge.rule(&NO_PROGRESS, Party::Focus, false, &success.numbers, || {
            "the call went up without a reliable 183".to_owned()
        });
    }
    // Behind the refusal there is nothing left to acknowledge.
    let arrived = |seen: &Seen<'_>| seen.numbers.last().copied();
    let refused_late = refused.is_some_and(|refused| too_late(&call, &key, invite, refused));
    let calls_for_prack =
        progress.filter(|progress| refused.is_none_or(|refused| arrived(progress) < arrived(refused)) && !refused_late);
    scribe.step(&PRACK, Party::Ue, prack, &Absent::Owed { since: calls_for_prack, shown_by: pracked });
    match pracked {
        Some(_) => scribe.step(&PRACKED, Party::Focus, pracked, &Absent::Optional),
        None => scribe.success(&PRACKED, Party::Focus, &call, prack),
    }
    judge_update(&call, prack, pracked.or(prack), refused.is_some(), scribe);
    let updated = call.iter().find(|seen| seen.answers("UPDATE", 200..=299));
    let ack = call.iter().find(|seen| seen.message.is_request_of("ACK") && seen.key.cseq == key.cseq);
    let since = if refused.is_some() { None } else { updated.or(pracked).or(invite) };
    let confirmed = ack.filter(|_| refused.is_none());
    scribe.step(&OK, Party::Focus, success, &Absent::Owed { since, shown_by: confirmed });
    same_contact(progress, success, scribe);
    let refused_in_time = refused.filter(|_| !refused_late);
    let accepted_in_time = success.filter(|success| !too_late(&call, &key, invite, success));
    scribe.step(&ACK, Party::Ue, ack, &Absent::Owed { since: accepted_in_time.or(refused_in_time), shown_by: None });
    if let Some(success) = success {
        acknowledged_first(seen, success, ack, scribe);
        unsubscribed(seen, success, scribe);
    }
}

/// Whether the caller had given up before its INVITE had this final response: no provisional response arrived within
/// Timer B (RFC 3261 section 17.1.1.2), or only in the last T1 of it, where a lost copy is followed by none that is in
/// time; or the INVITE was cancelled so long before (section 9.1).
fn too_late(call: &[Seen<'_>], key: &TransactionKey, invite: Option<&Seen<'_>>, last: &Seen<'_>) -> bool {
    let patience = Deadline::SHORTEST.remaining();
    let t1 = patience / 64;
    let waited = |seen: &Seen<'_>| invite.map_or(Duration::ZERO, |invite| seen.time.saturating_sub(invite.time));
    let in_time = |seen: &Seen<'_>| waited(seen) + t1 < patience;
    let provisional = |seen: &Seen<'_>| seen.key == *key && seen.answers("INVITE", 100..=199) && seen.arrived;
    let cancels = call.iter().filter(|seen| seen.message.is_request_of("CANCEL") && seen.key.cseq == key.cseq);
    let cancelled = cancels.min_by_key(|cancel| cancel.time);
    cancelled.is_some_and(|cancel| last.time.saturating_sub(cancel.time) >= patience)
        || waited(last) >= patience && !call.iter().any(|seen| provisional(seen) && in_time(seen))
}

/// A REFER between the 200 and its ACK is legal; who waits for the ACK, as a focus that retransmits does, is surprised.
fn acknowledged_first(seen: &[Seen<'_>], success: &Seen<'_>, ack: Option<&Seen<'_>>, scribe: &mut Scribe<'_>) {
    let Some(ack) = ack else { return };
    let between = |seen: &&Seen<'_>| seen.number() > success.number() && seen.number() < ack.number();
    let early = seen.iter().filter(between).find(|seen| seen.message.is_request_of("REFER") && seen.from == Party::Ue);
    let numbers = early.map_or_else(|| ack.numbers.clone(), |early| vec![ack.number(), early.number()]);
    scribe.judge.rule(&ACK_FIRST, Party::Ue, early.is_none(), &numbers, || {
        format!("REFER is sent before the ACK of frame {}, which acknowledges the conference's 200", ack.number())
    });
}

/// A creator that does not subscribe does not learn who is in the conference.
fn unsubscribed(seen: &[Seen<'_>], success: &Seen<'_>, scribe: &mut Scribe<'_>) {
    let focus = success.message.contact().is_some_and(|contact| contact.is_focus());
    let over = seen.iter().find(|seen| seen.kind == CallKind::Creation && seen.message.is_request_of("BYE"));
    let Some(over) = over.filter(|_| focus) else { return };
    scribe.judge.rule(
        &SUBSCRIBES,
        Party::Ue,
        seen.iter().any(is_the_creators),
        &[success.number(), over.number()],
        || "the creator left without ever having subscribed to the conference package".to_owned(),
    );
}

/// The key of the INVITE that made the conference: the first with a 2xx, or the last one tried.
fn creating_key(seen: &[Seen<'_>]) -> Option<TransactionKey> {
    let initial = |seen: &&Seen<'_>| {
        let inside = seen.message.is_request() && seen.message.to_tag().is_some();
        seen.kind == CallKind::Creation && &*seen.key.method == "INVITE" && !inside
    };
    let succeeded = seen.iter().filter(initial).find(|seen| seen.answers("INVITE", 200..=299));
    let acknowledged = seen.iter().find(|seen| seen.kind == CallKind::Creation && seen.message.is_request_of("ACK"));
    match succeeded.or_else(|| seen.iter().rfind(initial)) {
        Some(found) => Some(found.key.clone()),
        None => acknowledged.map(|ack| TransactionKey { method: "INVITE".into(), ..ack.key.clone() }),
    }
}

/// Steps 6 and 7: the UPDATE is there if and only if the PRACK had no offer (one after an offer in the PRACK is legal
/// too).
fn judge_update(
    call: &[Seen<'_>],
    prack: Option<&Seen<'_>>,
    since: Option<&Seen<'_>>,
    refused: bool,
    scribe: &mut Scribe<'_>,
) {
    let update = call.iter().find(|seen| seen.message.is_request_of("UPDATE") && seen.from == Party::Ue);
    let updated = call.iter().find(|seen| seen.answers("UPDATE", 200..=299) && seen.to == Party::Ue);
    let offered = prack.is_some_and(|prack| prack.message.content_type() == "application/sdp");
    let absent = match (offered || refused, updated) {
        (true, None) => Absent::Optional,
        (_, shown_by) => Absent::Owed { since, shown_by },
    };
    scribe.step(&UPDATE, Party::Ue, update, &absent);
    match updated {
        Some(_) => scribe.step(&UPDATED, Party::Focus, updated, &Absent::Optional),
        None => scribe.success(&UPDATED, Party::Focus, call, update),
    }
    unannounced(call, scribe);
}

/// A UE whose peer did not apply the extension leaves it alone in later requests.
fn unannounced(call: &[Seen<'_>], scribe: &mut Scribe<'_>) {
    let accepted = call.iter().find(|seen| seen.message.is_reliable_provisional());
    let announced = accepted.is_none_or(|seen| seen.message.has_token("Require", "precondition"));
    for message in call.iter().filter(|seen| has_preconditions(seen)) {
        if message.message.is_request_of("PRACK") || message.message.is_request_of("UPDATE") {
            scribe.judge.rule(&UNANNOUNCED, message.from, announced, &message.numbers, || {
                let label = message.message.label();
                format!("{label} uses preconditions, although the 183 did not require them")
            });
        }
    }
}

fn has_preconditions(seen: &Seen<'_>) -> bool {
    seen.message.content_type() == "application/sdp"
        && Sdp::read(&seen.message.body).is_some_and(|sdp| sdp.media.iter().any(|media| !media.rows.is_empty()))
}

/// The table has different addresses for the early dialog and the conference.
fn same_contact(progress: Option<&Seen<'_>>, success: Option<&Seen<'_>>, scribe: &mut Scribe<'_>) {
    let (Some(progress), Some(success)) = (progress, success) else { return };
    let (Some(early), Some(last)) = (progress.message.contact(), success.message.contact()) else { return };
    scribe.judge.rule(&SAME_CONTACT, Party::Focus, early.uri != last.uri, &success.numbers, || {
        format!("the 183 already gave the conference URI {}: a UE that keeps the wrong one is not found out", last.uri)
    });
}

/// Whether a message belongs to the creator's subscription; others may subscribe too.
fn is_the_creators(seen: &Seen<'_>) -> bool {
    seen.kind == CallKind::Subscription && [seen.from, seen.to].contains(&Party::Ue)
}

/// Writes down steps 10 to 13, if the UE subscribed.
pub(super) fn judge_subscription(seen: &[Seen<'_>], scribe: &mut Scribe<'_>) {
    let inside: Vec<Seen<'_>> = seen.iter().filter(|seen| is_the_creators(seen)).cloned().collect();
    let request = inside.iter().find(|seen| seen.message.is_request_of("SUBSCRIBE"));
    let accepted = inside.iter().find(|seen| seen.answers("SUBSCRIBE", 200..=299));
    let refused = inside.iter().find(|seen| seen.answers("SUBSCRIBE", 300..=699));
    let notifies = inside.iter().filter(|seen| seen.message.is_request_of("NOTIFY"));
    let missed = orphan(&inside, "NOTIFY", |_| true);
    let partial = |seen: &&Seen<'_>| Document::read(&seen.message.body).is_ok_and(|d| d.state == State::Partial);
    // A later document, or the answer to a NOTIFY that is not there, shows that the first one was missed.
    let first = notifies.clone().next().filter(|seen| !(missed.is_some() && partial(seen)));
    if request.is_none() && accepted.is_none() && first.is_none() {
        return;
    }
    let shown = accepted.or(first);
    scribe.step(&SUBSCRIBE, Party::Ue, request, &Absent::Owed { since: None, shown_by: shown });
    late(seen, request, scribe);
    let owed = Absent::Owed { since: request.filter(|_| refused.is_none()), shown_by: None };
    scribe.step(&SUBSCRIBED, Party::Focus, accepted, &owed);
    let shown_by = missed.or_else(|| notifies.clone().find(partial));
    scribe.step(&NOTIFY, Party::Focus, first, &Absent::Owed { since: accepted, shown_by });
    match missed.filter(|_| first.is_none()) {
        Some(answer) => scribe.step(&NOTIFIED, Party::Ue, Some(answer), &Absent::Optional),
        None => scribe.success(&NOTIFIED, Party::Ue, &inside, first),
    }
}

fn late(seen: &[Seen<'_>], subscribe: Option<&Seen<'_>>, scribe: &mut Scribe<'_>) {
    let ack = seen.iter().find(|seen| seen.kind == CallKind::Creation && seen.message.is_request_of("ACK"));
    let (Some(ack), Some(subscribe)) = (ack, subscribe) else { return };
    let waited = subscribe.time.saturating_sub(ack.time);
    if waited > SUBSCRIBE_WAIT {
        scribe.judge.note("SD-56", Party::Ue, &[ack.number(), subscribe.number()], || {
            format!("SUBSCRIBE {waited:?} after the ACK: legal, but the test system waits 3 s")
        });
    }
}
