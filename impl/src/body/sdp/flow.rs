//! Direction of media or of reserved resources: what a party sends, what it receives.
//!
//! One type for `a=sendrecv` and its kin (RFC 8866 section 6.7) and for the direction tags of RFC 3312 section 4. Both
//! are written from the point of view of whoever wrote the description; the reader turns them round.

/// Which of the two directions are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// From the writer of the description to its reader.
    pub send: bool,
    /// From the reader of the description to its writer.
    pub recv: bool,
}

impl Flow {
    /// Neither: `inactive`, or `none` in a precondition.
    pub const NONE: Self = Self { send: false, recv: false };
    /// `sendonly`, or `send` in a precondition.
    pub const SEND: Self = Self { send: true, recv: false };
    /// `recvonly`, or `recv` in a precondition.
    pub const RECV: Self = Self { send: false, recv: true };
    /// Both: `sendrecv`.
    pub const SENDRECV: Self = Self { send: true, recv: true };
    /// All four.
    pub const ALL: [Self; 4] = [Self::NONE, Self::SEND, Self::RECV, Self::SENDRECV];

    /// The same seen by the other party.
    pub const fn flipped(self) -> Self {
        Self { send: self.recv, recv: self.send }
    }

    /// Whether every direction of `other` is in this one.
    pub const fn covers(self, other: Self) -> bool {
        (self.send || !other.send) && (self.recv || !other.recv)
    }

    /// The directions in either.
    pub const fn union(self, other: Self) -> Self {
        Self { send: self.send || other.send, recv: self.recv || other.recv }
    }

    /// The directions in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self { send: self.send && other.send, recv: self.recv && other.recv }
    }

    /// The directions that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self { send: self.send && !other.send, recv: self.recv && !other.recv }
    }

    /// The name of the media direction attribute.
    pub const fn media_token(self) -> &'static str {
        match (self.send, self.recv) {
            (false, false) => "inactive",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (true, true) => "sendrecv",
        }
    }

    /// The media direction that an attribute name stands for.
    pub fn from_media_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.media_token() == token)
    }

    /// The direction tag of a precondition.
    pub const fn precondition_token(self) -> &'static str {
        match (self.send, self.recv) {
            (false, false) => "none",
            (true, false) => "send",
            (false, true) => "recv",
            (true, true) => "sendrecv",
        }
    }

    /// The direction that a direction tag stands for.
    pub fn from_precondition_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.precondition_token() == token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_written_and_read_back_and_turning_it_round_twice_changes_nothing() {
        for flow in Flow::ALL {
            assert_eq!(Flow::from_media_token(flow.media_token()), Some(flow));
            assert_eq!(Flow::from_precondition_token(flow.precondition_token()), Some(flow));
            assert_eq!(flow.flipped().flipped(), flow);
            assert!(Flow::SENDRECV.covers(flow) && flow.covers(Flow::NONE) && flow.covers(flow));
            assert_eq!(flow.without(flow), Flow::NONE);
            assert_eq!(flow.union(Flow::SENDRECV.without(flow)), Flow::SENDRECV);
        }
        assert!(!Flow::SEND.covers(Flow::RECV) && !Flow::SEND.covers(Flow::SENDRECV));
        assert_eq!(Flow::from_media_token("send"), None);
        assert_eq!(Flow::from_precondition_token("sendonly"), None);
    }
}
