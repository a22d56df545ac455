//! How each header field is built: how often it may stand in a message, and by which grammar its values are read (RFC
//! 3261 sections 7.3.1 and 20, and the sections that define the extensions).

use crate::wire::Name;

/// How often a header may stand in a message, and what its values are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A comma list of values, in one line or in many.
    List(Value),
    /// One value a line, in one line or in many.
    Lines(Value),
    /// One value, once in a message.
    One(Value),
    /// A header that this codec does not look into.
    Opaque,
}

impl Shape {
    /// The grammar of a value, unless nobody looks into it.
    pub(super) const fn value(self) -> Option<Value> {
        match self {
            Self::List(value) | Self::Lines(value) | Self::One(value) => Some(value),
            Self::Opaque => None,
        }
    }
}

/// The grammar of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Via,
    /// `name-addr` or `addr-spec`.
    Address,
    /// `name-addr` only.
    Bracketed,
    /// `<absoluteURI>` with parameters.
    Info,
    Token,
    /// A token with parameters.
    TokenParams,
    /// Tokens with semicolons between them.
    Tokens,
    /// Nothing but parameters.
    Params,
    Language,
    Media,
    Number,
    CallId,
    CSeq,
    RAck,
    Event,
    SubscriptionState,
    ReferSub,
    Replaces,
    TargetDialog,
    SessionExpires,
    RetryAfter,
    Reason,
    AccessNetworkInfo,
    Date,
    Timestamp,
    Warning,
    MimeVersion,
    Products,
    Challenge,
    Credentials,
    /// Free text.
    Text,
}

impl Value {
    /// Whether a double quote in it begins a quoted string: not in free text, in a Call-ID, in a comment.
    pub(super) const fn holds_quoted_strings(self) -> bool {
        !matches!(
            self,
            Self::CallId | Self::Replaces | Self::TargetDialog | Self::RetryAfter | Self::Products | Self::Text
        )
    }
}

pub(super) fn shape(name: &Name<'_>) -> Shape {
    match name {
        Name::Via => Shape::List(Value::Via),
        Name::From | Name::To | Name::ReferTo | Name::ReferredBy | Name::ReplyTo | Name::PCalledPartyId => {
            Shape::One(Value::Address)
        }
        Name::Contact | Name::PAssertedIdentity | Name::PPreferredIdentity | Name::PAssociatedUri => {
            Shape::List(Value::Address)
        }
        Name::Route | Name::RecordRoute | Name::Path | Name::ServiceRoute | Name::ReferEventsAt | Name::HistoryInfo => {
            Shape::List(Value::Bracketed)
        }
        Name::Require | Name::ProxyRequire | Name::Supported | Name::Unsupported | Name::Allow | Name::AllowEvents => {
            Shape::List(Value::Token)
        }
        Name::ContentEncoding | Name::RequestDisposition | Name::PEarlyMedia => Shape::List(Value::Token),
        Name::AcceptEncoding | Name::AcceptContact | Name::RejectContact | Name::FeatureCaps => {
            Shape::List(Value::TokenParams)
        }
        Name::SecurityClient | Name::SecurityServer | Name::SecurityVerify => Shape::List(Value::TokenParams),
        Name::AcceptLanguage | Name::ContentLanguage => Shape::List(Value::Language),
        Name::ContentDisposition | Name::Priority => Shape::One(Value::TokenParams),
        Name::Privacy => Shape::One(Value::Tokens),
        Name::PChargingVector | Name::PChargingFunctionAddresses => Shape::One(Value::Params),
        Name::Accept => Shape::List(Value::Media),
        Name::ContentType => Shape::One(Value::Media),
        Name::ContentLength | Name::MaxForwards | Name::Expires | Name::MinExpires | Name::RSeq => {
            Shape::One(Value::Number)
        }
        Name::CallId => Shape::One(Value::CallId),
        Name::InReplyTo => Shape::List(Value::CallId),
        Name::CSeq => Shape::One(Value::CSeq),
        Name::RAck => Shape::One(Value::RAck),
        Name::Event => Shape::One(Value::Event),
        Name::SubscriptionState => Shape::One(Value::SubscriptionState),
        Name::ReferSub => Shape::One(Value::ReferSub),
        Name::Replaces | Name::Join => Shape::One(Value::Replaces),
        Name::TargetDialog => Shape::One(Value::TargetDialog),
        Name::SessionExpires | Name::MinSe => Shape::One(Value::SessionExpires),
        Name::RetryAfter => Shape::One(Value::RetryAfter),
        Name::Reason => Shape::List(Value::Reason),
        Name::PAccessNetworkInfo => Shape::List(Value::AccessNetworkInfo),
        Name::Date => Shape::One(Value::Date),
        Name::Timestamp => Shape::One(Value::Timestamp),
        Name::Warning => Shape::List(Value::Warning),
        Name::MimeVersion => Shape::One(Value::MimeVersion),
        Name::UserAgent | Name::Server => Shape::One(Value::Products),
        Name::WwwAuthenticate | Name::ProxyAuthenticate => Shape::Lines(Value::Challenge),
        Name::Authorization | Name::ProxyAuthorization => Shape::Lines(Value::Credentials),
        Name::Subject | Name::Organization | Name::ContentId => Shape::One(Value::Text),
        Name::Identity | Name::PAssertedService | Name::PPreferredService => Shape::Opaque,
        Name::Other(name) => {
            let is_info = ["Alert-Info", "Call-Info", "Error-Info"];
            let is_info = is_info.iter().any(|info| name.eq_ignore_ascii_case(info.as_bytes()));
            if is_info { Shape::List(Value::Info) } else { Shape::Opaque }
        }
    }
}
