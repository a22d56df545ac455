//! Judges a capture: reads it, finds out who is who, shows it to the observers and compares it with the procedures.
//!
//! Read first: [`TraceReport`], then `roles.rs`, then `steps.rs`.

mod boundary;
mod capture;
mod creation;
mod invitation;
mod link;
mod order;
mod report;
mod roles;
mod scenes;
mod seen;
mod steps;
mod stream;
mod wording;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use crate::invariants::Observers;
use crate::observe::{End, Event, Finding, Judge, Party, Stage};
use crate::verdict::{self, Level, Profile, Verdict};

use self::roles::Calls;

pub use boundary::Boundary;
pub use capture::{Capture, CaptureError, Direction, Frame};
pub use report::{Role, SCHEMA, TraceReport};
pub use roles::CallKind;
pub use steps::{Procedure, Step};

/// How to judge a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Which documents decide where they conflict.
    pub profile: Profile,
    /// Where the capture was made; `None` if both ends are seen alike, as on the loopback of one machine.
    pub vantage: Option<Party>,
}

/// Judges a capture file.
///
/// # Errors
/// The file is no capture that can be read. A file that is cut later is judged up to the cut; the report says so.
pub fn judge_file(file: &[u8], options: Options) -> Result<TraceReport, CaptureError> {
    let capture = Capture::read(file)?;
    Ok(judge_capture(&capture, options))
}

/// Judges the frames of a capture.
pub fn judge_capture(capture: &Capture, options: Options) -> TraceReport {
    let mut judge = Judge::new(options.profile);
    let mut steps = Vec::new();
    let mut messages = Vec::new();
    let mut roles: BTreeMap<Party, BTreeSet<SocketAddr>> = BTreeMap::new();
    let (boundary, end) = (&capture.boundary, capture.end());
    let holed = matches!(capture.fault, Some(CaptureError::Missing { .. }));
    for (frames, conference) in scenes::scenes(&capture.frames).iter().zip(1..) {
        let calls = roles::calls(frames);
        cast(frames, &calls, &mut roles);
        let whole = boundary.is_whole(frames);
        // Where everything is seen, it does not matter from where.
        let vantage = options.vantage.filter(|_| !whole);
        let observers = match whole {
            true => Observers::new(options.profile),
            false => Observers::captured(options.profile, vantage, holed),
        };
        observe(frames, &calls, boundary, observers, &mut judge);
        let seen = seen::messages(frames, &calls, boundary);
        wording::judge_wording(&seen, &mut judge);
        judge.enter(steps::NAME);
        order::judge_order(&seen, &mut judge);
        let mut scribe = steps::Scribe { judge: &mut judge, steps: Vec::new(), conference, end, vantage, holed };
        let taken = seen::without_challenges(&seen);
        creation::judge_creation(&taken, &mut scribe);
        creation::judge_subscription(&taken, &mut scribe);
        invitation::judge_invitations(&taken, &mut scribe);
        invitation::judge_leaving(&taken, &mut scribe);
        steps.extend(scribe.steps);
        messages.extend(seen);
    }
    messages.sort_by_key(seen::Seen::number);
    let findings = findings(&judge);
    weigh(&mut steps, &findings);
    let requirements = verdict::requirements(&judge);
    let role =
        |(party, addresses): (Party, BTreeSet<SocketAddr>)| Role { party, addresses: addresses.into_iter().collect() };
    TraceReport {
        schema: SCHEMA,
        profile: options.profile,
        verdict: verdict::overall(&requirements),
        frames: capture.total,
        sip_frames: capture.frames.len(),
        fault: capture.fault,
        procedures: procedures(&steps),
        roles: roles.into_iter().map(role).collect(),
        ladder: report::ladder(&messages, &findings),
        steps,
        requirements,
        findings,
    }
}

/// Shows the frames to the observers, at the ends that they belong to.
fn observe(frames: &[&Frame], calls: &Calls, boundary: &Boundary, mut observers: Observers, judge: &mut Judge) {
    let whole = observers.conversation().is_complete();
    let mut now = Duration::ZERO;
    for frame in frames {
        let message = &frame.message;
        let Some(call) = calls.of(message) else { continue };
        let (sent, arrived) = boundary.shows(frame, call.hosts(frame));
        let receiver = call.party_at(frame.destination).filter(|_| arrived);
        // What arrives was sent, even where the hops between were not all captured.
        let missed = |_: &Party| !whole && !observers.conversation().was_sent(message);
        let shown = receiver.filter(missed).map(|party| call.other(party));
        let sender = call.party_at(frame.source).filter(|_| sent).or(shown);
        for (party, stage) in [(sender, Stage::Sent), (receiver, Stage::Delivered)] {
            let Some(party) = party else { continue };
            let elapsed = frame.time.saturating_sub(now);
            now = now.max(frame.time);
            let event = Event::new(frame.number, elapsed, party, stage, message);
            observers.observe(&event, judge);
        }
    }
    let end = if whole && boundary.rests(frames) { End::Quiescent } else { End::Cut };
    observers.end(end, judge);
}

/// Everything that was found, in the order of the frames, each once.
fn findings(judge: &Judge) -> Vec<Finding> {
    let mut findings = judge.findings().to_vec();
    // What has no frame was found at the end.
    let place = |finding: &Finding| finding.numbers.last().copied().unwrap_or(u32::MAX);
    findings.sort_by_key(|finding| (place(finding), finding.requirement, finding.invariant));
    findings.dedup();
    drop_vague(&mut findings);
    findings
}

/// A step is as good as the worst that was found about the frame in which it was first taken.
fn weigh(steps: &mut [Step], findings: &[Finding]) {
    let mut by_frame: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        if let Some(number) = finding.numbers.last() {
            by_frame.entry(*number).or_default().push(finding);
        }
    }
    for step in steps.iter_mut().filter(|step| step.verdict == Verdict::Pass) {
        let found = step.numbers.first().and_then(|number| by_frame.get(number));
        for finding in found.into_iter().flatten() {
            step.verdict = step.verdict.max(Verdict::from(finding.level));
            let separator = if step.text.is_empty() { "" } else { "; " };
            step.text.push_str(&format!("{separator}{} {}", finding.requirement, finding.text));
        }
    }
}

/// At the end of a capture a step and an invariant may say the same; the one that names a frame stays.
fn drop_vague(findings: &mut Vec<Finding>) {
    let precise: Vec<(Party, &'static str)> = findings
        .iter()
        .filter(|finding| finding.level == Level::Inconclusive && !finding.numbers.is_empty())
        .map(|finding| (finding.party, finding.requirement))
        .collect();
    findings.retain(|finding| {
        let vague = finding.level == Level::Inconclusive && finding.numbers.is_empty();
        !vague || !precise.contains(&(finding.party, finding.requirement))
    });
}

fn procedures(steps: &[Step]) -> Vec<Procedure> {
    let taken = steps.iter().filter(|step| step.verdict != Verdict::NotApplicable);
    let found: BTreeSet<Procedure> = taken.map(|step| step.procedure).collect();
    found.into_iter().collect()
}

/// Adds the addresses at which each party was seen.
fn cast(frames: &[&Frame], calls: &Calls, roles: &mut BTreeMap<Party, BTreeSet<SocketAddr>>) {
    for frame in frames {
        let Some(call) = calls.of(&frame.message) else { continue };
        for address in [frame.source, frame.destination] {
            if let Some(party) = call.party_at(address) {
                roles.entry(party).or_default().insert(address);
            }
        }
    }
}
