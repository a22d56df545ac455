//! An invited user: rings, answers or refuses, leaves.
//!
//! Read first: RFC 3261 9.2, 13.3 and 15. Next: `system.rs`.

use crate::message::DialMessage;
use crate::network::Messages;

/// The invited user's side of D3(i).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Participant {
    /// No INVITE received.
    #[default]
    Idle,
    /// INVITE received, nothing said yet (the transaction's own 100 apart).
    Offered,
    /// 180 sent.
    Ringing,
    /// 200 sent, no ACK yet.
    Answered,
    /// ACK received.
    InCall,
    /// BYE sent, not answered.
    Leaving,
    /// Refused, cancelled, or the call ended.
    Over,
}

impl Participant {
    /// Whether he may still answer or refuse.
    #[must_use]
    pub const fn is_offered(self) -> bool {
        matches!(self, Self::Offered | Self::Ringing)
    }

    /// Reacts to a message in D3(i).
    pub(crate) fn on_dial(&mut self, message: DialMessage, sent: &mut Messages<DialMessage>) {
        match message {
            DialMessage::Invite => *self = Self::Offered,
            DialMessage::Ack => {
                if *self == Self::Answered {
                    *self = Self::InCall;
                }
            }
            DialMessage::Cancel => {
                // After a final response the CANCEL has no effect (RFC 3261 9.2).
                if self.is_offered() {
                    sent.insert(DialMessage::Terminated);
                    *self = Self::Over;
                }
            }
            DialMessage::FocusBye => {
                sent.insert(DialMessage::FocusByeAnswered);
                // With his own BYE unanswered he goes on waiting for that (RFC 5407 3.2.1).
                if matches!(self, Self::Answered | Self::InCall) {
                    *self = Self::Over;
                }
            }
            DialMessage::UserByeAnswered => *self = Self::Over,
            DialMessage::Ringing
            | DialMessage::Answer
            | DialMessage::Busy
            | DialMessage::Decline
            | DialMessage::Terminated
            | DialMessage::FocusByeAnswered
            | DialMessage::UserBye => {}
        }
    }
}
