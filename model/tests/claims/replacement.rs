//! Wrong models of a replaced call: each loses a call that somebody still needs, or loses more than the call.

use imsconf_model::{Action, DialMessage, Invited, Message, Participant, PlainEnd, PlainMessage, Refer};

use super::{Fault, How, leg_of};

/// The invited user to whom the INVITE is delivered.
fn invited_by(action: Action) -> Option<Invited> {
    match action {
        Action::Deliver(Message::Dial(invited, DialMessage::Invite)) => Some(invited),
        _ => None,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "an invited user gives up his call when the INVITE comes, and is then alerted",
        claim: "I-MAKE-BREAK",
        model: (1, 0),
        how: How::After(|_, action, next| {
            let Some(invited) = invited_by(action) else { return };
            let leg = leg_of(next, invited);
            if leg.plain.user == PlainEnd::GivingWay {
                leg.participant = Participant::Offered;
                leg.network.dial.remove(DialMessage::Answer);
            }
        }),
    },
    Fault {
        what: "an invited user refuses the replacing call and ends the call to be replaced all the same",
        claim: "I-REPLACES-MATCH",
        model: (1, 0),
        how: How::After(|_, action, next| {
            let Some(invited) = invited_by(action) else { return };
            let leg = leg_of(next, invited);
            if leg.plain.user == PlainEnd::GivingWay {
                leg.participant = Participant::Idle;
                leg.network.dial.remove(DialMessage::Answer);
                leg.network.dial.insert(DialMessage::Decline);
            }
        }),
    },
    Fault {
        what: "the UE forgets its REFER when the call that it named ends",
        claim: "RF-48",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Action::Deliver(Message::Plain(invited, PlainMessage::UserBye)) = action
                && before.leg(invited).plain.user.gave_way()
            {
                leg_of(next, invited).ue.refer = Refer::Unknown;
            }
        }),
    },
];
