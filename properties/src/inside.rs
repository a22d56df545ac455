//! The few invariants that need the inside of the agents: nothing leaks, both ends of a call or subscription agree on
//! whether it lives, and both ends of the roster are equal.
//!
//! They are judged at the end of a run, when the world is quiescent and the timers that absorb late copies have run
//! out.

use imsconf::view::{
    CallState, ConferenceView, Counts, FocusCallState, FocusView, LegState, NotifierState, ParticipantState,
    PlainCallState, PlainCallView, SubscriberState, SubscriptionView,
};

use crate::observe::{Judge, Party, Rule};
use crate::verdict::Level;
use crate::world::{World, creator_uri, user_uri};

static NO_LEAK: Rule = Rule::new("I-NO-LEAK", "RF-29", Level::Fail);
static CONTEXT: Rule = Rule::new("I-NO-LEAK", "NW-23", Level::Fail);
static MIXED: Rule = Rule::new("I-NO-LEAK", "NW-21", Level::Fail);
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
        let alive = in_call + usize::from(view.subscription.state == SubscriberState::Active) + up(&view.calls);
        let owns = Counts { transactions: 0, dialogs: alive, usages: alive };
        leak(judge, Party::Participant(number), view.counts, owns);
    }
    terminations(&focus, judge);
    if !world.has_losses() {
        both_ends(world, conference, judge);
    }
    roster(world, conference, judge);
}

/// Judges a world at the end of a run in which agents restarted or datagrams were damaged: whatever happened, at rest
/// nobody waits for the end of a transaction, but an invited user may have yet to answer.
pub fn judge_rough(world: &World, judge: &mut Judge) {
    let users = (0..).zip(world.users()).map(|(number, user)| {
        let view = user.view();
        let asked = matches!(view.call, ParticipantState::Offered | ParticipantState::Ringing);
        (Party::Participant(number), view.counts.transactions, usize::from(asked))
    });
    let agents = [(Party::Ue, world.ue().view().counts), (Party::Focus, world.focus().view().counts)];
    let agents = agents.into_iter().map(|(party, counts)| (party, counts.transactions, 0));
    for (party, has, may) in agents.chain(users) {
        judge.rule(&NO_LEAK, party, has <= may, &[], || format!("at rest it still has {has} transactions"));
    }
}

/// At rest the mixer holds a termination for each endpoint that is in the conference, with media in it as far as the
/// endpoint is not on hold, and no other.
fn terminations(focus: &FocusView, judge: &mut Judge) {
    let connected: usize = focus.conferences.iter().map(connected_endpoints).sum();
    let held = focus.terminations;
    judge.rule(&CONTEXT, Party::Focus, held == connected, &[], || {
        format!("at rest the mixer holds {held} terminations for {connected} connected endpoints")
    });
    for conference in &focus.conferences {
        let (context, endpoints) = (conference.context.len(), connected_endpoints(conference));
        judge.rule(&CONTEXT, Party::Focus, context == endpoints, &[], || {
            format!("{context} terminations in the context of {}, {endpoints} endpoints", conference.uri)
        });
        let on_hold = |user: &str| conference.roster.iter().any(|row| row.on_hold && row.entity == user);
        let wrong = conference.context.iter().find(|own| (own.sends && own.receives) == on_hold(&own.user));
        judge.rule(&MIXED, Party::Focus, wrong.is_none(), &[], || {
            let user = wrong.map_or("", |own| &own.user);
            let state = if on_hold(user) { "on hold" } else { "connected" };
            format!("{user} is {state}, and the mixer was never told of his media")
        });
    }
}

/// The calls of a conference that stand.
fn connected_endpoints(conference: &ConferenceView) -> usize {
    let call = usize::from(matches!(conference.call, FocusCallState::Answered | FocusCallState::Confirmed));
    call + conference.invitations.iter().filter(|invitation| invitation.leg == LegState::Joined).count()
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
    for (party, uri, subscription) in subscribers(world) {
        let notified = conference.is_some_and(|conference| is_notified(conference, &uri));
        let subscribed = subscription.state == SubscriberState::Active;
        agree(&format!("the conference subscription of the {party}"), subscribed, Party::Focus, notified);
    }
    for number in 0..world.settings().invited {
        let joined = conference.is_some_and(|conference| {
            let mut theirs = conference.invitations.iter().filter(|invitation| invitation.target == user_uri(number));
            theirs.any(|invitation| invitation.leg == LegState::Joined)
        });
        agree(&format!("the call to user {number}"), user_in_call(world, number), Party::Focus, joined);
        let here = ue.calls.iter().filter(|call| call.peer == user_uri(number) && call.state == PlainCallState::Up);
        let there = world.users().get(usize::from(number)).map_or(0, |user| up(&user.view().calls));
        agree(&format!("its call with user {number}"), there > 0, Party::Ue, here.count() > 0);
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
    let alive = call + subscription + up(&view.calls);
    Counts { transactions: 0, dialogs: alive, usages: alive }
}

/// How many calls beside the conference are up.
fn up(calls: &[PlainCallView]) -> usize {
    calls.iter().filter(|call| call.state == PlainCallState::Up).count()
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

/// Everybody who can subscribe, with his address of record and his end of the subscription.
fn subscribers(world: &World) -> impl Iterator<Item = (Party, String, SubscriptionView)> + '_ {
    let ue = (Party::Ue, creator_uri(), world.ue().view().subscription);
    let users = (0..).zip(world.users());
    let users = users.map(|(user, agent)| (Party::Participant(user), user_uri(user), agent.view().subscription));
    std::iter::once(ue).chain(users)
}

/// Whether the focus notifies this subscriber.
fn is_notified(conference: &ConferenceView, subscriber: &str) -> bool {
    let mut own = conference.subscriptions.iter().filter(|view| view.subscriber == subscriber);
    own.any(|view| view.state == NotifierState::Active)
}

/// Each live subscriber knows the focus' roster.
fn roster(world: &World, conference: Option<&ConferenceView>, judge: &mut Judge) {
    let Some(conference) = conference else { return };
    let mut told = conference.roster.clone();
    told.sort();
    for (party, uri, known) in subscribers(world) {
        if known.state != SubscriberState::Active || !is_notified(conference, &uri) {
            continue;
        }
        let mut knows = known.roster;
        knows.sort();
        judge.rule(&ROSTER, Party::Focus, told == knows, &[], || {
            format!("the focus has {told:?}, the {party} knows {knows:?}")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{SecondOffer, Settings, Step};
    use crate::verdict::Profile;
    use crate::world::Move;

    /// What is found in the view of a focus with a conference of two, twisted.
    fn found(twist: impl Fn(&mut FocusView)) -> Vec<&'static str> {
        let mut world = World::new(Settings::default(), None);
        for step in [Step::Create(SecondOffer::Prack), Step::Invite(0), Step::Answer(0)] {
            world.apply(Move::Command(step));
            while !world.in_flight().is_empty() {
                world.apply(Move::Deliver(0));
            }
        }
        let mut view = world.focus().view();
        assert_eq!((view.terminations, view.conferences[0].context.len()), (2, 2));
        twist(&mut view);
        let mut judge = Judge::new(Profile::ThreeGpp);
        terminations(&view, &mut judge);
        judge.findings().iter().map(|finding| finding.requirement).collect()
    }

    #[test]
    fn whatever_happened_nobody_may_be_left_with_a_transaction() {
        let left = |world: &World| {
            let mut judge = Judge::new(Profile::ThreeGpp);
            judge_rough(world, &mut judge);
            judge.findings().iter().map(|finding| finding.party).collect::<Vec<_>>()
        };
        let mut world = World::new(Settings::default(), None);
        assert_eq!(left(&world), []);
        world.apply(Move::Command(Step::Create(SecondOffer::Prack)));
        assert_eq!(left(&world), [Party::Ue]);
    }

    #[test]
    fn a_termination_that_is_left_over_or_missing_is_seen() {
        assert_eq!(found(|_| ()), [""; 0]);
        assert_eq!(found(|view| view.terminations += 1), ["NW-23"], "of a conference that is forgotten");
        assert_eq!(found(|view| view.conferences[0].invitations[0].leg = LegState::Over), ["NW-23", "NW-23"]);
        assert_eq!(found(|view| view.conferences[0].context.clear()), ["NW-23"]);
        let deaf = |view: &mut FocusView| {
            view.conferences[0].context[1].sends = false;
            view.conferences[0].context[1].receives = false;
        };
        assert_eq!(found(deaf), ["NW-21"]);
    }
}
