//! The enumerations of the schema (RFC 4575 section 6) with their exact, case-sensitive tokens.

use std::fmt;

/// Declares an enumeration of the schema: its variants, their tokens and the way between the two.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $token:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the schema.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The token that stands in the document.
            pub const fn token(self) -> &'static str {
                match self {
                    $(Self::$variant => $token,)*
                }
            }

            /// The value that `token` names exactly: no other case, no blanks.
            pub fn from_token(token: &str) -> Option<Self> {
                match token {
                    $($token => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.token())
            }
        }
    };
}

enumeration! {
    /// How much of an element a document carries (section 4.4). An absent attribute means [`State::Full`].
    #[derive(Default)]
    State {
        /// All of it: what the subscriber holds is replaced.
        #[default]
        Full = "full",
        /// Only what changed.
        Partial = "partial",
        /// The element is gone; what stands inside it is ignored.
        Deleted = "deleted",
    }
}

enumeration! {
    /// Where an endpoint stands between being called and having left (section 5.7.3).
    EndpointStatus {
        /// Not in the conference yet, waiting for a policy decision.
        Pending = "pending",
        /// The focus has invited it and has no answer yet.
        DialingOut = "dialing-out",
        /// It is calling the focus.
        DialingIn = "dialing-in",
        /// It rings: a 180 answered the focus' INVITE.
        Alerting = "alerting",
        /// It has a dialog with the focus, but no media is mixed for it.
        OnHold = "on-hold",
        /// It takes part.
        Connected = "connected",
        /// It takes part, but the focus does not mix what it sends.
        MutedViaFocus = "muted-via-focus",
        /// It is leaving.
        Disconnecting = "disconnecting",
        /// It has no dialog with the focus any more, or never got one.
        Disconnected = "disconnected",
    }
}

impl EndpointStatus {
    /// Whether the endpoint has a confirmed dialog with the focus, which is what being in the conference means.
    pub const fn is_present(self) -> bool {
        match self {
            Self::Connected | Self::OnHold | Self::MutedViaFocus => true,
            Self::Pending
            | Self::DialingOut
            | Self::DialingIn
            | Self::Alerting
            | Self::Disconnecting
            | Self::Disconnected => false,
        }
    }

    /// Whether the endpoint has not been answered yet, so that it has no joining method either (section 5.7.4).
    pub const fn is_before_answer(self) -> bool {
        match self {
            Self::Pending | Self::DialingOut | Self::DialingIn | Self::Alerting => true,
            Self::Connected | Self::OnHold | Self::MutedViaFocus | Self::Disconnecting | Self::Disconnected => false,
        }
    }
}

enumeration! {
    /// How an endpoint came into the conference (section 5.7.4); presupposes that it did.
    JoiningMethod {
        /// Its own INVITE to the focus succeeded.
        DialedIn = "dialed-in",
        /// The focus' INVITE to it succeeded, also when a REFER asked for it.
        DialedOut = "dialed-out",
        /// It is the focus itself.
        FocusOwner = "focus-owner",
    }
}

enumeration! {
    /// How an endpoint left, or why it never came in (section 5.7.6).
    DisconnectionMethod {
        /// It sent BYE.
        Departed = "departed",
        /// The focus sent BYE, or policy refused it.
        Booted = "booted",
        /// The INVITE ended in a final response other than 486.
        Failed = "failed",
        /// The INVITE ended in 486.
        Busy = "busy",
    }
}

enumeration! {
    /// Direction of a media stream as the participant sees it (section 5.8.5). Absent means unknown.
    MediaStatus {
        /// Only receives, which is what a muted participant does.
        RecvOnly = "recvonly",
        /// Only sends.
        SendOnly = "sendonly",
        /// Sends and receives.
        SendRecv = "sendrecv",
        /// Neither.
        Inactive = "inactive",
    }
}
