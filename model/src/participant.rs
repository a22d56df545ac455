//! An invited user: rings, answers or refuses, leaves.
//!
//! Read first: RFC 3261 9.2, 13.3 and 15. Next: `system.rs`.

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
