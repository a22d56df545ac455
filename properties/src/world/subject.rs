//! What the requests of a world are about.

/// What a request is about; at most one of each is going on at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The INVITE to the factory.
    Create,
    /// The PRACK of the creation.
    Prack,
    /// The UPDATE of the creation.
    Update,
    /// The CANCEL of the creation.
    CallCancel,
    /// The ACK to the 200 of the creation.
    CallAck,
    /// The UE's BYE.
    CallBye,
    /// The UE's SUBSCRIBE to the conference package.
    Subscribe,
    /// The UE's SUBSCRIBE inside the dialog of its subscription, because its user wants it.
    Refresh,
    /// A NOTIFY of the conference package to the UE.
    RosterNotify,
    /// A user's SUBSCRIBE to the conference package.
    UserSubscribe(u8),
    /// A NOTIFY of the conference package to a user.
    UserNotify(u8),
    /// The REFER for a user.
    Refer(u8),
    /// A NOTIFY of the refer package about a user.
    ReferNotify(u8),
    /// The REFER to expel a user.
    Expel(u8),
    /// A NOTIFY of the refer package about the expulsion of a user.
    ExpelNotify(u8),
    /// The INVITE to a user.
    Dial(u8),
    /// The ACK to a user's 200.
    DialAck(u8),
    /// The CANCEL of the INVITE to a user.
    Cancel(u8),
    /// The focus' BYE to a user.
    FocusBye(u8),
    /// A user's BYE.
    UserBye(u8),
    /// The INVITE of the UE to a user, or of a user to the UE, beside the conference.
    PlainInvite(u8),
    /// The ACK to its 200.
    PlainAck(u8),
    /// The UE's BYE in that call.
    PlainUeBye(u8),
    /// The user's BYE in that call.
    PlainUserBye(u8),
    /// A user's re-INVITE in his call with the conference.
    UserChange(u8),
    /// The ACK to its 200.
    UserChangeAck(u8),
    /// The focus' re-INVITE to a user.
    FocusChange(u8),
    /// The ACK to its 200.
    FocusChangeAck(u8),
    /// The ACK to the refusal of either.
    RefusalAck(u8),
    /// The ACK to a challenge, which goes no further than the hop that it came from.
    ChallengeAck,
    /// The UE's UPDATE that prolongs its call with the conference.
    CallRefresh,
    /// An UPDATE that prolongs a session: of the focus in the UE's call, or of either end in that with a user.
    SessionRefresh(Option<u8>),
    /// Nothing that the procedures know; the refinement check fails on it.
    Other,
}

impl Subject {
    /// Whether the P-CSCF challenges requests of this kind: those of the UE but ACK, CANCEL, and what its timers send.
    pub(super) const fn is_challenged(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Prack
                | Self::Update
                | Self::CallBye
                | Self::Subscribe
                | Self::Refer(_)
                | Self::Expel(_)
                | Self::PlainUeBye(_)
        )
    }

    /// Whether the request takes a CSeq number of the UE in its call (an ACK reuses the INVITE's).
    pub(super) const fn counts_in_call(self) -> bool {
        matches!(self, Self::Prack | Self::Update | Self::CallRefresh | Self::CallBye | Self::Refer(_) | Self::Expel(_))
    }
}
