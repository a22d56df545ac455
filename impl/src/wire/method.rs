//! Request methods (RFC 3261 section 7.1 and the extensions that define further ones).

use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $token:literal,)*) => {
        /// A request method; case-sensitive (RFC 3261 section 7.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Method<'a> {
            $($(#[$doc])* $variant,)*
            /// Any other token.
            Other(&'a [u8]),
        }

        impl<'a> Method<'a> {
            /// The method that these bytes name; never fails, because extension methods are legal.
            #[expect(non_upper_case_globals, reason = "each constant is named after its variant")]
            pub fn from_bytes(token: &'a [u8]) -> Self {
                $(const $variant: &[u8] = $token.as_bytes();)*
                match token {
                    $($variant => Self::$variant,)*
                    _ => Self::Other(token),
                }
            }

            /// The token as it stands on the wire.
            pub const fn as_bytes(&self) -> &'a [u8] {
                match self {
                    $(Self::$variant => $token.as_bytes(),)*
                    Self::Other(token) => token,
                }
            }
        }
    };
}

methods! {
    /// RFC 3261 section 13: sets up a session.
    Invite = "INVITE",
    /// RFC 3261 section 13: the third leg of the INVITE handshake.
    Ack = "ACK",
    /// RFC 3261 section 15: ends a session.
    Bye = "BYE",
    /// RFC 3261 section 9: withdraws a pending INVITE.
    Cancel = "CANCEL",
    /// RFC 3261 section 11: asks for capabilities.
    Options = "OPTIONS",
    /// RFC 3261 section 10: binds an address of record.
    Register = "REGISTER",
    /// RFC 3262: acknowledges a reliable provisional response.
    Prack = "PRACK",
    /// RFC 3311: changes a session before it is answered.
    Update = "UPDATE",
    /// RFC 6665: asks for notifications.
    Subscribe = "SUBSCRIBE",
    /// RFC 6665: notifies.
    Notify = "NOTIFY",
    /// RFC 3515: asks the peer to contact a third party.
    Refer = "REFER",
    /// RFC 6086: application information inside a dialog.
    Info = "INFO",
    /// RFC 3428: instant message.
    Message = "MESSAGE",
    /// RFC 3903: publishes event state.
    Publish = "PUBLISH",
}

impl Method<'_> {
    /// The same method without the borrow; `None` for an extension method.
    pub const fn known(self) -> Option<Method<'static>> {
        Some(match self {
            Self::Invite => Method::Invite,
            Self::Ack => Method::Ack,
            Self::Bye => Method::Bye,
            Self::Cancel => Method::Cancel,
            Self::Options => Method::Options,
            Self::Register => Method::Register,
            Self::Prack => Method::Prack,
            Self::Update => Method::Update,
            Self::Subscribe => Method::Subscribe,
            Self::Notify => Method::Notify,
            Self::Refer => Method::Refer,
            Self::Info => Method::Info,
            Self::Message => Method::Message,
            Self::Publish => Method::Publish,
            Self::Other(_) => return None,
        })
    }
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}
