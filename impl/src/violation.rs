//! Faults of the peer, as data: one variant per rule that a message can break on its own.
//!
//! The strict verdict layer of [`crate::wire`] produces them; nothing is refused because of them unless a role decides
//! so. How grave a breach is, is not said here: that depends on the profile and belongs to the catalogue of
//! requirements.

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

macro_rules! rules {
    ($($variant:ident: $clause:literal, $summary:literal;)*) => {
        /// The rules that the strict layer of the codec checks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!($summary, " (", $clause, ").")] $variant,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

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

rules! {
    // Framing.
    LineEnd: "RFC 3261 section 7", "A line does not end with CRLF";
    EmptyLine: "RFC 3261 section 7", "The empty line behind the header section is missing";
    StartLine: "RFC 3261 section 7.1", "The start line is not made of single spaces";
    Version: "RFC 3261 section 7.1", "The version is not `SIP/2.0` in upper case";
    StatusCode: "RFC 3261 section 7.2", "The status code is not in 100..=699";
    ControlCharacter: "RFC 3261 section 25.1", "A control character stands in the header section";
    Utf8: "RFC 3261 section 7", "The header section is not UTF-8";
    FieldLine: "RFC 3261 section 7.3.1", "A line of the header section is no header field";
    BodyLength: "RFC 3261 section 18.3", "Content-Length is not the length of the body";
    BodyWithoutType: "RFC 3261 section 20.15", "A body without Content-Type";
    // Header fields.
    MissingMandatory: "RFC 3261 sections 8.1.1 and 8.2.6.2", "A header field that is mandatory here is missing";
    Repeated: "RFC 3261 section 7.3.1", "A header field that is no list stands there more than once";
    Malformed: "RFC 3261 section 25.1", "A header field value does not follow its grammar";
    Parameter: "RFC 3261 section 25.1", "A parameter does not follow the grammar";
    RequestUri: "RFC 3261 section 8.1.1.1", "The Request-URI is malformed";
    RequestUriPart: "RFC 3261 section 19.1.1", "The Request-URI has a headers part or a `method` parameter";
    UnbracketedUri: "RFC 3261 section 20", "A URI with a comma or a question mark stands outside angle brackets";
    HeadersPartEscape: "RFC 3261 section 19.1.2", "A character in the headers part of a URI is not percent-encoded";
    FromTag: "RFC 3261 section 8.1.1.3", "From has no tag";
    ToTag: "RFC 3261 section 8.2.6.2", "To of a response other than 100 has no tag";
    CSeqMethod: "RFC 3261 section 8.1.1.5", "The CSeq method is not that of the request";
    CSeqNumber: "RFC 3261 section 8.1.1.5", "The CSeq number is not below 2^31";
    MaxForwardsRange: "RFC 3261 section 20.22", "Max-Forwards is above 255";
    Branch: "RFC 3261 section 8.1.1.7", "The Via of a request has no branch with the magic cookie";
    ContactMissing: "RFC 3261 section 8.1.1.8", "A message that sets up or refreshes a dialog has no Contact";
    ContactCount: "RFC 3261 section 8.1.1.8", "A message that sets up or refreshes a dialog has several Contacts";
    LooseRoute: "RFC 3261 section 16.6", "A Record-Route URI has no `lr` parameter";
    CancelRequire: "RFC 3261 section 9.1", "A CANCEL has Require or Proxy-Require";
    // Extensions.
    RackMissing: "RFC 3262 section 7.2", "A PRACK has no RAck";
    ReliableResponse: "RFC 3262 section 3", "RSeq and `Require: 100rel` do not stand together in a 101 to 199";
    EventMissing: "RFC 6665 section 8.2.1", "A SUBSCRIBE or NOTIFY has no Event";
    SubscriptionStateMissing: "RFC 6665 section 4.2.2", "A NOTIFY has no Subscription-State";
    SubscriptionExpires: "RFC 6665 section 4.2.2", "An active or pending Subscription-State has no `expires`";
    ReferTo: "RFC 3515 section 2.4.1", "A REFER has not exactly one Refer-To value";
    ReferReport: "RFC 3515 section 2.4.4", "The body of a refer NOTIFY is no sipfrag that begins with a Status-Line";
    ReplacesMethod: "RFC 3891 section 6.1", "Replaces stands in something else than an INVITE";
    FocusInUri: "RFC 3840 section 9", "`isfocus` is a parameter of the URI instead of the Contact";
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
