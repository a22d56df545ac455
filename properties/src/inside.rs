//! The few invariants that need the inside of the agents: nothing leaks, both ends of a call or subscription agree on
//! whether it lives, and both ends of the roster are equal.
//!
//! They are judged at the end of a run, when the world is quiescent and the timers that absorb late copies have run
//! out.

use imsconf::view::{CallState, ConferenceView, Counts, FocusCallState, LegState, NotifierState, SubscriberState};

use crate::observe::{Judge, Party, Rule};
use crate::verdict::Level;
use crate::world::{World, user_uri};

static NO_LEAK: Rule = Rule::new("I-NO-LEAK", "RF-29", Level::Fail);
static ROSTER: Rule = Rule::new("I-ROSTER-EQUAL", "EV-48", Level::Fail);

/// The names of the invariants that are judged here.
pub const NAMES: &[&str] = &[NO_LEAK.invariant, ROSTER.invariant];

/// Judges a world at the end of a run.
pub fn judge(world: &World, judge: &mut Judge) {
    let focus = world.focus().view();
    let ue = world.ue().view();
    let conference = focus.conferences.last();
    leak(judge, Party::Ue, ue.counts, ue_owns(world));
    leak(judge, Party::Focus, focus.counts, conference.map_or_else(Counts::default, focus_owns));
    for (number, user) in (0..).zip(world.users()) {
        let view = user.view();
        let in_call = usize::from(user_in_call(world, number));
        let owns = Counts { transactions: 0, dialogs: in_call, usages: in_call };
        leak(judge, Party::Participant(number), view.counts, owns);
    }
    if !world.has_losses() {
        both_ends(world, conference, judge);
    }
    roster(world, conference, judge);
}

/// As long as every message arrives in some copy, what lives at one end lives at the other.
fn both_ends(world: &World, conference: Option<&ConferenceView>, judge: &mut Judge) {
    let ue = world.ue().view();
    let mut agree = |what: &str, here: bool, party: Party, there: bool| {
        judge.rule(&NO_LEAK, party, here == there, &[], || {
            let (one, other) = if there { ("still has", "does not") } else { ("has no longer", "does") };
            format!("the {party} {one} {what}, the other end {other}")
        });
    };
    let call = conference
        .is_some_and(|conference| matches!(conference.call, FocusCallState::Answered | FocusCallState::Confirmed));
    agree("the creator's call", ue.call == CallState::Confirmed, Party::Focus, call);
    let notified = conference
        .is_some_and(|conference| conference.subscriptions.iter().any(|view| view.state == NotifierState::Active));
    let subscribed = ue.subscription.state == SubscriberState::Active;
    agree("the conference subscription", subscribed, Party::Focus, notified);
    for number in 0..world.settings().invited {
        let joined = conference.is_some_and(|conference| {
            let mut theirs = conference.invitations.iter().filter(|invitation| invitation.target == user_uri(number));
            theirs.any(|invitation| invitation.leg == LegState::Joined)
        });
        agree(&format!("the call to user {number}"), user_in_call(world, number), Party::Focus, joined);
    }
}

fn leak(judge: &mut Judge, party: Party, has: Counts, owns: Counts) {
    judge.rule(&NO_LEAK, party, has == owns, &[], || format!("at rest it holds {has}, but what is alive needs {owns}"));
}

/// What a UE at rest has a use for.
fn ue_owns(world: &World) -> Counts {
    let view = world.ue().view();
    let call = usize::from(view.call == CallState::Confirmed);
    let subscription = usize::from(view.subscription.state == SubscriberState::Active);
    // Refer subscriptions are over at rest, each way of ending is a timer of its own.
    Counts { transactions: 0, dialogs: call + subscription, usages: call + subscription }
}

/// What a focus at rest has a use for.
fn focus_owns(conference: &ConferenceView) -> Counts {
    let call = usize::from(matches!(conference.call, FocusCallState::Answered | FocusCallState::Confirmed));
    let subscriptions = conference.subscriptions.iter().filter(|view| view.state == NotifierState::Active).count();
    let legs = conference.invitations.iter().filter(|invitation| invitation.leg == LegState::Joined).count();
    let alive = call + subscriptions + legs;
    Counts { transactions: 0, dialogs: alive, usages: alive }
}

fn user_in_call(world: &World, number: u8) -> bool {
    use imsconf::view::ParticipantState::{Answered, InCall, Offered, Ringing};
    let call = world.users().get(usize::from(number)).map(|user| user.view().call);
    matches!(call, Some(Offered | Ringing | Answered | InCall))
}

/// A live subscriber knows the focus' roster.
fn roster(world: &World, conference: Option<&ConferenceView>, judge: &mut Judge) {
    let Some(conference) = conference else { return };
    let known = world.ue().view().subscription;
    let live = conference.subscriptions.iter().any(|view| view.state == NotifierState::Active);
    if !live || known.state != SubscriberState::Active {
        return;
    }
    let (mut told, mut knows) = (conference.roster.clone(), known.roster);
    told.sort();
    knows.sort();
    judge.rule(&ROSTER, Party::Focus, told == knows, &[], || {
        format!("the focus has {told:?}, the subscriber knows {knows:?}")
    });
}
