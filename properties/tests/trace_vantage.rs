//! A run captured at one of its hosts, judged from there: what is seen is in the order of that host, and what was on
//! its way when something else was sent may be seen before it or after it.

mod kept;

use std::collections::BTreeSet;

use imsconf_properties::campaign::{Campaign, schedules};
use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::schedule::Schedule;
use imsconf_properties::trace::{Boundary, Capture, Direction, Options, TraceReport, judge_capture};
use imsconf_properties::verdict::{Level, Profile};
use imsconf_properties::world::Node;
use kept::recorded;

/// How many generated schedules are judged at each host.
const CASES: u32 = 100;

/// The capture of a run, made at every host.
fn captured(schedule: &Schedule) -> Capture {
    Capture::read(&recorded(schedule).1).expect("a capture")
}

fn parties(schedule: &Schedule) -> Vec<(Party, Node)> {
    let users = (0..schedule.world.invited).map(|user| (Party::Participant(user), Node::User(user)));
    [(Party::Ue, Node::Ue), (Party::Focus, Node::Focus)].into_iter().chain(users).collect()
}

/// What the interface of one host shows: in a file that says so, and in one that says nothing of itself.
fn at(whole: &Capture, node: Node) -> [Capture; 2] {
    let here = node.address().socket;
    let mut seen = whole.clone();
    seen.frames.retain(|frame| match frame.direction {
        Some(Direction::Outbound) => frame.source == here,
        Some(Direction::Inbound) => frame.destination == here,
        None => false,
    });
    let own: BTreeSet<_> = [here.ip()].into();
    seen.boundary = Boundary { sends: own.clone(), gets: own, alone: true, ..seen.boundary };
    let mut plain = seen.clone();
    plain.boundary = Boundary::default();
    plain.frames.iter_mut().for_each(|frame| frame.direction = None);
    [seen, plain]
}

/// The party at this host as the capture calls it: users are numbered there as they appear.
fn seen_as(report: &TraceReport, party: Party, node: Node) -> Party {
    let here = node.address().socket;
    report.roles.iter().find(|role| role.addresses.contains(&here)).map_or(party, |role| role.party)
}

/// The party at a host, what is said of a capture made there, and what is said if nobody says where it was made.
fn judged(capture: &Capture, (party, node): (Party, Node), profile: Profile) -> (Party, TraceReport, TraceReport) {
    let anywhere = judge_capture(capture, Options { profile, vantage: None });
    let vantage = seen_as(&anywhere, party, node);
    (vantage, judge_capture(capture, Options { profile, vantage: Some(vantage) }), anywhere)
}

fn failures(report: &TraceReport) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.level == Level::Fail).collect()
}

#[test]
fn no_conforming_run_fails() {
    let mut all = kept::schedules("regressions");
    all.extend(kept::schedules("corners"));
    for profile in [Profile::ThreeGpp, Profile::Ietf] {
        let seed = 9 + profile as u64;
        let campaign = Campaign { cases: CASES / 2, seed, invited: 2, deviation: None, profile };
        let named = |(schedule, number)| (format!("schedule {number} under {profile:?}"), schedule);
        all.extend(schedules(&campaign).zip(0..).map(named));
    }
    for (name, schedule) in all.into_iter().filter(|(_, schedule)| !schedule.is_rough()) {
        let whole = captured(&schedule);
        for place in parties(&schedule) {
            for capture in at(&whole, place.1) {
                let (party, report, _) = judged(&capture, place, schedule.world.profile);
                assert_eq!(failures(&report), Vec::<&Finding>::new(), "{name} at {party}\n{report}");
            }
        }
    }
}

/// A report on an expulsion names a user whose call nobody sees at the UE, whether it is said where that is or not.
#[test]
fn an_expulsion_seen_at_the_ue() {
    let (_, schedule) =
        kept::schedules("regressions").into_iter().find(|(name, _)| name.ends_with("expelled.json")).expect("there");
    for capture in at(&captured(&schedule), Node::Ue) {
        let (_, there, anywhere) = judged(&capture, (Party::Ue, Node::Ue), schedule.world.profile);
        for report in [there, anywhere] {
            assert_eq!(failures(&report), Vec::<&Finding>::new(), "{report}");
            let found = report.findings.iter().any(|f| f.requirement == "RF-19" && f.level == Level::Inconclusive);
            assert!(found, "{report}");
        }
    }
}

/// What is excused is excused elsewhere: a capture made at the party itself shows its faults as one does in which both
/// ends are seen alike, or better.
#[test]
fn at_the_party_itself_nothing_is_excused() {
    let (mut caught, mut all) = (0, 0);
    for (name, schedule) in kept::schedules("regressions/deviations") {
        let whole = captured(&schedule);
        let mut found = false;
        for place in parties(&schedule) {
            for capture in at(&whole, place.1) {
                let (party, there, anywhere) = judged(&capture, place, schedule.world.profile);
                let own = |report: &TraceReport| -> BTreeSet<(&str, String)> {
                    let own = failures(report).into_iter().filter(|finding| finding.party == party);
                    own.map(|finding| (finding.requirement, finding.text.clone())).collect()
                };
                let (there, anywhere) = (own(&there), own(&anywhere));
                assert!(there.is_superset(&anywhere), "{name} at {party}: {anywhere:?}\n{there:?}");
                found |= !there.is_empty();
            }
        }
        all += 1;
        caught += usize::from(found);
    }
    assert!(caught * 10 > all * 7, "{caught} of {all} deviations are found at the party");
}
