//! The network may deliver in any order: whatever it does, nothing leaks and everybody ends up with the same picture.

mod common;

use common::{Net, uri};
use imsconf::agent::Agent as _;
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, InviteMode, SecondOffer};
use imsconf::view::{CallState, Counts, LegState, ParticipantState, ReferralState, ReportState, SubscriberState};
use proptest::prelude::*;

/// One thing that a user does, if he may.
#[derive(Clone, Debug)]
enum Act {
    Subscribe,
    InviteBob,
    InviteCarol,
    Leave,
    Bob(Command),
    Carol(Command),
}

fn act(net: &mut Net, act: Act) {
    let invite = |target| ue::Command::Invite { target: uri(target), mode: InviteMode::ReferToFocus };
    // A command that does not fit is refused without effect: another test says so.
    let _ = match act {
        Act::Subscribe => net.ue.handle_command(net.now, ue::Command::Subscribe),
        Act::InviteBob => net.ue.handle_command(net.now, invite("sip:bob@home.example")),
        Act::InviteCarol => net.ue.handle_command(net.now, invite("sip:carol@home.example")),
        Act::Leave => net.ue.handle_command(net.now, ue::Command::Leave),
        Act::Bob(command) => net.bob.handle_command(net.now, command),
        Act::Carol(command) => net.carol.handle_command(net.now, command),
    };
    net.collect();
}

fn acts() -> impl Strategy<Value = Act> {
    let command = || {
        prop_oneof![
            3 => Just(Command::Answer),
            2 => Just(Command::Ring),
            1 => Just(Command::Busy),
            1 => Just(Command::Decline),
            1 => Just(Command::Leave),
        ]
    };
    prop_oneof![
        1 => Just(Act::Subscribe),
        2 => Just(Act::InviteBob),
        2 => Just(Act::InviteCarol),
        3 => command().prop_map(Act::Bob),
        3 => command().prop_map(Act::Carol),
    ]
}

/// Runs the schedule: each choice delivers one of the datagrams in flight or lets a user act.
fn run(second_offer: SecondOffer, copies: usize, acts: &[Act], leaves: bool, choices: &[u8]) -> Net {
    let mut net = Net::new();
    net.copies = copies;
    net.ue.handle_command(net.now, ue::Command::Create { second_offer }).expect("create");
    net.collect();
    let mut script = acts.iter().cloned().chain(leaves.then_some(Act::Leave)).peekable();
    for choice in choices {
        let in_flight = net.queue.len();
        let acting = script.peek().is_some() && net.ue.view().call == CallState::Confirmed;
        let options = in_flight + usize::from(acting);
        if options == 0 {
            net.pass(std::time::Duration::from_millis(300));
            continue;
        }
        let choice = usize::from(*choice) % options;
        match net.queue.remove(choice) {
            Some((from, transmit)) => {
                for _ in 0..copies {
                    net.deliver(from, &transmit);
                }
            }
            None => script.by_ref().take(1).for_each(|next| act(&mut net, next)),
        }
    }
    net.settle();
    for next in script {
        act(&mut net, next);
        net.settle();
    }
    net.run_dry();
    net
}

fn check(net: &Net) {
    let story = || format!("{}\n{:#?}\n{:#?}", net.ladder.join("\n"), net.ue.view(), net.focus.view());
    let (ue, focus) = (net.ue.view(), net.focus.view());
    let conference = &focus.conferences[0];
    let users = [("sip:bob@home.example", net.bob.view()), ("sip:carol@home.example", net.carol.view())];
    // Who was accepted and never refused is settled, one way or the other.
    for referral in &ue.referrals {
        let invitation = conference.invitations.iter().find(|invitation| invitation.cseq == referral.cseq);
        match referral.state {
            ReferralState::Done(code) => {
                let invitation = invitation.unwrap_or_else(|| panic!("reported out of nothing\n{}", story()));
                assert_eq!(invitation.outcome, Some(code), "the report is true\n{}", story());
                assert_eq!(invitation.report, ReportState::Closed, "{}", story());
            }
            ReferralState::Refused(_) => assert!(invitation.is_none(), "{}", story()),
            ReferralState::Sent
            | ReferralState::Accepted
            | ReferralState::Trying
            | ReferralState::Unreported
            | ReferralState::Unknown => {
                panic!("nothing was lost, yet {referral:?}\n{}", story())
            }
        }
    }
    for (user, view) in users {
        let leg = conference.invitations.iter().find(|invitation| invitation.target == user);
        let joined = leg.is_some_and(|invitation| invitation.leg == LegState::Joined);
        assert_eq!(view.call == ParticipantState::InCall, joined, "{user}\n{}", story());
        let held = usize::from(joined);
        let ringing = matches!(view.call, ParticipantState::Offered | ParticipantState::Ringing);
        assert!(!ringing, "the no-answer time has passed\n{}", story());
        assert_eq!(view.counts, Counts { transactions: 0, dialogs: held, usages: held }, "{user}\n{}", story());
    }
    let here =
        usize::from(ue.subscription.state == SubscriberState::Active) + usize::from(ue.call == CallState::Confirmed);
    assert_eq!(ue.counts, Counts { transactions: 0, dialogs: here, usages: here }, "{}", story());
    let joined = conference.invitations.iter().filter(|invitation| invitation.leg == LegState::Joined).count();
    let there = here + joined;
    assert_eq!(focus.counts, Counts { transactions: 0, dialogs: there, usages: there }, "{}", story());
    if ue.subscription.state == SubscriberState::Active {
        assert_eq!(ue.subscription.roster, conference.roster, "{}", story());
        assert_eq!(ue.subscription.version, conference.subscriptions[0].version, "{}", story());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_delivery_ends_in_agreement(
        update in any::<bool>(),
        copies in 1_usize..3,
        acts in prop::collection::vec(acts(), 0..10),
        leaves in any::<bool>(),
        choices in prop::collection::vec(any::<u8>(), 0..250),
    ) {
        let second_offer = if update { SecondOffer::Update } else { SecondOffer::Prack };
        check(&run(second_offer, copies, &acts, leaves, &choices));
    }
}
