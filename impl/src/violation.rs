//! Faults of the peer, as data: one variant per rule that a message can break on its own.
//!
//! The strict verdict layer of [`crate::wire`] produces them; nothing is refused because of them unless a role decides
//! so. How strong a rule is, is what its own clause says ([`Strength`]); what 3GPP makes of it depends on the profile
//! and belongs to the catalogue of requirements.

use std::fmt;
use std::ops::Range;

/// One broken rule and where in the message it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Byte range in the datagram that breaks it; the start line if something is missing.
    pub at: Range<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}..{}: {} ({})", self.at.start, self.at.end, self.rule.summary(), self.rule.clause())
    }
}

/// How strongly the clause of a rule words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Legal, and worth knowing: the recipient will do something that the sender may not have meant.
    Note,
    /// A SHOULD.
    Should,
    /// A MUST, or the grammar.
    Must,
}

/// The rules of one layer, by identifier, strength, clause and what is broken.
macro_rules! rules {
    (
        $(#[$about:meta])*
        $name:ident
        $($variant:ident: $id:literal, $strength:ident, $clause:literal, $summary:literal;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!($summary, " (", $clause, ").")] $variant,)*
        }

        impl $name {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable identifier.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            /// How strongly the clause words it.
            pub const fn strength(self) -> $crate::violation::Strength {
                match self {
                    $(Self::$variant => $crate::violation::Strength::$strength,)*
                }
            }

            /// Where the rule stands.
            pub const fn clause(self) -> &'static str {
                match self {
                    $(Self::$variant => $clause,)*
                }
            }

            /// What is broken, in a few words.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }
        }
    };
}
pub(crate) use rules;

rules! {
    /// The rules that the strict layer of the codec checks.
    Rule
    // Framing.
    LineEnd: "line-end", Must, "RFC 3261 section 7", "A line does not end with CRLF";
    EmptyLine: "empty-line", Must, "RFC 3261 section 7", "The empty line behind the header section is missing";
    StartLine: "start-line", Must, "RFC 3261 section 7.1", "The start line is not made of single spaces";
    Version: "version", Must, "RFC 3261 section 7.1", "The version is not `SIP/2.0` in upper case";
    StatusCode: "status-code", Must, "RFC 3261 section 7.2", "The status code is not in 100..=699";
    ControlCharacter: "control-character", Must, "RFC 3261 section 25.1",
        "A control character stands in the header section";
    Utf8: "utf-8", Must, "RFC 3261 section 7", "The header section is not UTF-8";
    FieldLine: "field-line", Must, "RFC 3261 section 7.3.1", "A line of the header section is no header field";
    BodyLength: "body-length", Must, "RFC 3261 section 18.3", "Content-Length is more than there is";
    TrailingBytes: "trailing-bytes", Note, "RFC 3261 section 18.3",
        "Bytes behind the body that Content-Length ends: a datagram's recipient discards them";
    StreamLength: "stream-length", Must, "RFC 3261 section 18.3", "A message on a stream has no Content-Length";
    BodyWithoutType: "body-without-type", Must, "RFC 3261 section 20.15", "A body without Content-Type";
    // Header fields.
    MissingMandatory: "missing-mandatory", Must, "RFC 3261 sections 8.1.1 and 8.2.6.2",
        "A header field that is mandatory here is missing";
    Repeated: "repeated", Must, "RFC 3261 section 7.3.1", "A header field that is no list stands there more than once";
    Malformed: "malformed", Must, "RFC 3261 section 25.1", "A header field value does not follow its grammar";
    Quote: "quote", Must, "RFC 3261 section 25.1", "A quoted string is not closed";
    QuotedPair: "quoted-pair", Must, "RFC 3261 section 25.1", "A backslash stands before what it cannot escape";
    DisplayName: "display-name", Must, "RFC 3261 section 25.1", "A display name is neither tokens nor a quoted string";
    AngleSpace: "angle-space", Must, "RFC 3261 section 25.1", "White space stands inside the angle brackets of a URI";
    NumberRange: "number-range", Must, "RFC 3261 section 20.19", "A number is not below 2^32";
    Date: "date", Must, "RFC 3261 section 20.17", "A date is not one of RFC 1123 in GMT";
    Warning: "warning", Must, "RFC 3261 section 20.43", "A warning is not three digits, an agent and a quoted text";
    Digest: "digest", Must, "RFC 3261 section 25.1", "A digest directive is not written as its grammar wants it";
    Parameter: "parameter", Must, "RFC 3261 section 25.1", "A parameter does not follow the grammar";
    ParameterRepeated: "parameter-repeated", Must, "RFC 3261 section 7.3.1", "A parameter stands twice in one value";
    ParameterValue: "parameter-value", Must, "RFC 3261 section 25.1",
        "The value of a known parameter is out of its range";
    // URIs.
    RequestUri: "request-uri", Must, "RFC 3261 section 8.1.1.1", "The Request-URI is malformed";
    RequestUriPart: "request-uri-part", Must, "RFC 3261 section 19.1.1",
        "The Request-URI has a headers part or a `method` parameter";
    UnbracketedUri: "unbracketed-uri", Must, "RFC 3261 section 20",
        "A URI with a comma or a question mark stands outside angle brackets";
    HeadersPartEscape: "headers-part-escape", Must, "RFC 3261 section 19.1.2",
        "A character in the headers part of a URI is not percent-encoded";
    HeadersPart: "headers-part", Must, "RFC 3261 section 25.1",
        "The headers part of a URI is not made of names, equals signs and values";
    Escape: "escape", Must, "RFC 3261 section 19.1.2",
        "A percent sign in a URI is not followed by two hexadecimal digits";
    UriCharacter: "uri-character", Must, "RFC 3261 section 25.1",
        "A character that has to be percent-encoded stands raw in a URI";
    HostName: "host-name", Must, "RFC 3261 section 25.1", "A host is neither a name nor an address";
    UriParameter: "uri-parameter", Must, "RFC 3261 section 19.1.1",
        "A URI parameter is empty, malformed or there twice";
    Telephone: "telephone", Must, "RFC 3966 section 3", "A tel URI is no telephone number";
    // What a request or response must hold.
    FromTag: "from-tag", Must, "RFC 3261 section 8.1.1.3", "From has no tag";
    ToTag: "to-tag", Must, "RFC 3261 section 8.2.6.2", "To of a response other than 100 has no tag";
    CSeqMethod: "cseq-method", Must, "RFC 3261 section 8.1.1.5", "The CSeq method is not that of the request";
    CSeqNumber: "cseq-number", Must, "RFC 3261 section 8.1.1.5", "The CSeq number is not below 2^31";
    MaxForwardsRange: "max-forwards-range", Must, "RFC 3261 section 20.22", "Max-Forwards is above 255";
    Branch: "branch", Must, "RFC 3261 section 8.1.1.7",
        "The Via of a request has no branch with the magic cookie and something behind it";
    ContactMissing: "contact-missing", Must, "RFC 3261 section 8.1.1.8",
        "A message that sets up or refreshes a dialog has no Contact";
    ContactCount: "contact-count", Must, "RFC 3261 section 8.1.1.8",
        "A message that sets up or refreshes a dialog has several Contacts";
    SipsContact: "sips-contact", Must, "RFC 3261 section 8.1.1.8",
        "The Contact of a request to a sips URI is no sips URI";
    StarContact: "star-contact", Must, "RFC 3261 section 10.2.2",
        "`Contact: *` stands beside others, or without `Expires: 0`";
    RegistrarUri: "registrar-uri", Must, "RFC 3261 section 10.2", "The Request-URI of a REGISTER has a user part";
    LooseRoute: "loose-route", Must, "RFC 3261 section 16.6", "A Record-Route URI has no `lr` parameter";
    CancelRequire: "cancel-require", Must, "RFC 3261 section 9.1", "A CANCEL has Require or Proxy-Require";
    CancelVia: "cancel-via", Must, "RFC 3261 section 9.1", "A CANCEL has more than one Via";
    ChallengeMissing: "challenge-missing", Must, "RFC 3261 section 22.2", "A 401 has no WWW-Authenticate";
    ProxyChallengeMissing: "proxy-challenge-missing", Must, "RFC 3261 section 22.3",
        "A 407 has no Proxy-Authenticate";
    AllowMissing: "allow-missing", Must, "RFC 3261 section 21.4.6", "A 405 has no Allow";
    AcceptMissing: "accept-missing", Must, "RFC 3261 section 8.2.3",
        "A 415 has no Accept, Accept-Encoding or Accept-Language";
    UnsupportedMissing: "unsupported-missing", Must, "RFC 3261 section 8.2.2.3", "A 420 has no Unsupported";
    RequireMissing: "require-missing", Must, "RFC 3261 section 21.4.16", "A 421 has no Require";
    MinExpiresMissing: "min-expires-missing", Must, "RFC 3261 section 10.3", "A 423 has no Min-Expires";
    // Extensions.
    MinSeMissing: "min-se-missing", Must, "RFC 4028 section 6", "A 422 has no Min-SE";
    SessionInterval: "session-interval", Must, "RFC 4028 sections 4, 5 and 7.1",
        "A session interval is below 90 seconds or below Min-SE";
    SecurityServerMissing: "security-server-missing", Must, "RFC 3329 section 2.3.1", "A 494 has no Security-Server";
    RackMissing: "rack-missing", Must, "RFC 3262 section 7.2", "A PRACK has no RAck";
    RSeqRange: "rseq-range", Must, "RFC 3262 section 3", "RSeq is zero";
    ReliableResponse: "reliable-response", Must, "RFC 3262 section 3",
        "RSeq and `Require: 100rel` do not stand together in a 101 to 199";
    EventMissing: "event-missing", Must, "RFC 6665 section 8.2.1", "A SUBSCRIBE or NOTIFY has no Event";
    SubscribeExpires: "subscribe-expires", Must, "RFC 6665 section 3.1.1", "A 2xx to a SUBSCRIBE has no Expires";
    SubscriptionStateMissing: "subscription-state-missing", Must, "RFC 6665 section 4.2.2",
        "A NOTIFY has no Subscription-State";
    SubscriptionExpires: "subscription-expires", Must, "RFC 6665 section 4.2.2",
        "An active or pending Subscription-State has no `expires`";
    ReferTo: "refer-to", Must, "RFC 3515 section 2.4.1", "A REFER has not exactly one Refer-To value";
    ReferReport: "refer-report", Must, "RFC 3515 section 2.4.4",
        "The body of a refer NOTIFY is no sipfrag that begins with a Status-Line";
    ReplacesMethod: "replaces-method", Must, "RFC 3891 section 6.1", "Replaces stands in something else than an INVITE";
    FocusInUri: "focus-in-uri", Must, "RFC 3840 section 9",
        "`isfocus` is a parameter of the URI instead of the Contact";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_says_what_where_and_by_which_clause() {
        let violation = Violation { rule: Rule::FromTag, at: 10..20 };
        assert_eq!(violation.to_string(), "bytes 10..20: From has no tag (RFC 3261 section 8.1.1.3)");
    }
}
