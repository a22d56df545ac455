//! Wrong models of hold and resume: each mishandles requests that cross, or what is said of who holds.

use imsconf_model::{Action, Change, End, HoldMessage, Invited, Message, Presence};

use super::{Fault, How, leg_of};

/// Its message of this kind is delivered.
fn delivered(action: Action, wanted: HoldMessage) -> Option<Invited> {
    match action {
        Action::Deliver(Message::Hold(invited, kind)) if kind == wanted => Some(invited),
        _ => None,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the focus serves a re-INVITE while its own is open",
        claim: "FA-15",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, HoldMessage::Request(End::User)) {
                let leg = leg_of(next, invited);
                if leg.network.hold.remove(HoldMessage::Pending(End::User)) {
                    leg.network.hold.insert(HoldMessage::Ok(End::User));
                    leg.focus.hold.held = !leg.focus.hold.held;
                }
            }
        }),
    },
    Fault {
        what: "the focus asks for a change before its 200 to the user's is acknowledged",
        claim: "FA-15",
        model: (1, 0),
        how: How::Also(
            |state, invited| {
                let leg = state.leg(invited);
                let accepted = leg.network.hold.contains(HoldMessage::Ok(End::User));
                (accepted && leg.focus.hold.change == Change::None).then_some(Action::FocusAsks(invited))
            },
            |state, action| {
                let mut next = *state;
                if let Action::FocusAsks(invited) = action {
                    let leg = leg_of(&mut next, invited);
                    leg.focus.hold.change = Change::Requested;
                    leg.network.hold.insert(HoldMessage::Request(End::Focus));
                }
                next
            },
        ),
    },
    Fault {
        what: "an invited user who refuses the focus' re-INVITE with 491 forgets his own",
        claim: "CR-35",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, HoldMessage::Request(End::Focus)) {
                let leg = leg_of(next, invited);
                if leg.network.hold.contains(HoldMessage::Pending(End::Focus)) {
                    leg.hold.change = Change::None;
                }
            }
        }),
    },
    Fault {
        what: "an invited user takes a change that was refused with 491 for done",
        claim: "CR-36",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, HoldMessage::Pending(End::User)) {
                let leg = leg_of(next, invited);
                leg.hold.holds = !leg.hold.holds;
                leg.hold.change = Change::None;
            }
        }),
    },
    Fault {
        what: "nobody asks again after a 491, and nobody gives up",
        claim: "I-TIMEOUT",
        model: (1, 0),
        how: How::Never(|action| matches!(action, Action::UserAsksAgain(_) | Action::FocusAsksAgain(_))),
    },
    Fault {
        what: "the focus does not tell its subscriber who is on hold",
        claim: "I-ROSTER",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Action::Deliver(Message::Hold(invited, _)) = action {
                let leg = leg_of(next, invited);
                if leg.focus.row() == Presence::OnHold {
                    leg.focus.told = Presence::OnHold;
                }
            }
        }),
    },
];
