//! Names of header fields with their compact forms (RFC 3261 section 7.3.3 and the registry of RFC 3968).

use std::fmt;

/// Longer names are unknown without looking.
const LONGEST_KNOWN: usize = 32;

macro_rules! names {
    ($($variant:ident = $canonical:literal, $($lower:literal)|+;)*) => {
        /// Name of a header; compared without case, the compact form is the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name<'a> {
            $(#[doc = concat!("`", $canonical, "`")] $variant,)*
            /// Any other header, with the name as written; two spellings are two names here, see [`Name::same`].
            Other(&'a [u8]),
        }

        /// A name without its text: what a span remembers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($variant,)*
            Other,
        }

        impl Code {
            /// The name, given its text for the case that it is none of the known ones.
            pub(crate) const fn name<'a>(self, raw: &'a [u8]) -> Name<'a> {
                match self {
                    $(Self::$variant => Name::$variant,)*
                    Self::Other => Name::Other(raw),
                }
            }
        }

        impl<'a> Name<'a> {
            /// The header that these bytes name: any case, compact or long.
            pub fn from_bytes(name: &'a [u8]) -> Self {
                let mut buffer = [0; LONGEST_KNOWN];
                let Some(lower) = buffer.get_mut(..name.len()) else { return Self::Other(name) };
                lower.copy_from_slice(name);
                lower.make_ascii_lowercase();
                match &*lower {
                    $($($lower)|+ => Self::$variant,)*
                    _ => Self::Other(name),
                }
            }

            pub(crate) const fn code(&self) -> Code {
                match self {
                    $(Self::$variant => Code::$variant,)*
                    Self::Other(_) => Code::Other,
                }
            }

            /// The long name in its usual spelling; an unknown one as written.
            pub const fn as_bytes(&self) -> &'a [u8] {
                match self {
                    $(Self::$variant => $canonical.as_bytes(),)*
                    Self::Other(name) => name,
                }
            }

            /// The usual spelling; `extension` for an unknown one.
            pub const fn canonical(&self) -> &'static str {
                match self {
                    $(Self::$variant => $canonical,)*
                    Self::Other(_) => "extension",
                }
            }
        }

        #[cfg(test)]
        const TABLE: &[(Name<'static>, &str, &[&[u8]])] = &[$((Name::$variant, $canonical, &[$($lower),+]),)*];
    };
}

names! {
    Accept = "Accept", b"accept";
    AcceptContact = "Accept-Contact", b"accept-contact" | b"a";
    AcceptEncoding = "Accept-Encoding", b"accept-encoding";
    AcceptLanguage = "Accept-Language", b"accept-language";
    Allow = "Allow", b"allow";
    AllowEvents = "Allow-Events", b"allow-events" | b"u";
    Authorization = "Authorization", b"authorization";
    CallId = "Call-ID", b"call-id" | b"i";
    Contact = "Contact", b"contact" | b"m";
    ContentDisposition = "Content-Disposition", b"content-disposition";
    ContentEncoding = "Content-Encoding", b"content-encoding" | b"e";
    ContentId = "Content-ID", b"content-id";
    ContentLanguage = "Content-Language", b"content-language";
    ContentLength = "Content-Length", b"content-length" | b"l";
    ContentType = "Content-Type", b"content-type" | b"c";
    CSeq = "CSeq", b"cseq";
    Date = "Date", b"date";
    Event = "Event", b"event" | b"o";
    Expires = "Expires", b"expires";
    FeatureCaps = "Feature-Caps", b"feature-caps";
    From = "From", b"from" | b"f";
    HistoryInfo = "History-Info", b"history-info";
    Identity = "Identity", b"identity" | b"y";
    InReplyTo = "In-Reply-To", b"in-reply-to";
    Join = "Join", b"join";
    MaxForwards = "Max-Forwards", b"max-forwards";
    MimeVersion = "MIME-Version", b"mime-version";
    MinExpires = "Min-Expires", b"min-expires";
    MinSe = "Min-SE", b"min-se";
    Organization = "Organization", b"organization";
    PAccessNetworkInfo = "P-Access-Network-Info", b"p-access-network-info";
    PAssertedIdentity = "P-Asserted-Identity", b"p-asserted-identity";
    PAssertedService = "P-Asserted-Service", b"p-asserted-service";
    PAssociatedUri = "P-Associated-URI", b"p-associated-uri";
    PCalledPartyId = "P-Called-Party-ID", b"p-called-party-id";
    PChargingFunctionAddresses = "P-Charging-Function-Addresses", b"p-charging-function-addresses";
    PChargingVector = "P-Charging-Vector", b"p-charging-vector";
    PEarlyMedia = "P-Early-Media", b"p-early-media";
    PPreferredIdentity = "P-Preferred-Identity", b"p-preferred-identity";
    PPreferredService = "P-Preferred-Service", b"p-preferred-service";
    Path = "Path", b"path";
    Priority = "Priority", b"priority";
    Privacy = "Privacy", b"privacy";
    ProxyAuthenticate = "Proxy-Authenticate", b"proxy-authenticate";
    ProxyAuthorization = "Proxy-Authorization", b"proxy-authorization";
    ProxyRequire = "Proxy-Require", b"proxy-require";
    RAck = "RAck", b"rack";
    RSeq = "RSeq", b"rseq";
    Reason = "Reason", b"reason";
    RecordRoute = "Record-Route", b"record-route";
    ReferEventsAt = "Refer-Events-At", b"refer-events-at";
    ReferSub = "Refer-Sub", b"refer-sub";
    ReferTo = "Refer-To", b"refer-to" | b"r";
    ReferredBy = "Referred-By", b"referred-by" | b"b";
    RejectContact = "Reject-Contact", b"reject-contact" | b"j";
    Replaces = "Replaces", b"replaces";
    ReplyTo = "Reply-To", b"reply-to";
    RequestDisposition = "Request-Disposition", b"request-disposition" | b"d";
    Require = "Require", b"require";
    RetryAfter = "Retry-After", b"retry-after";
    Route = "Route", b"route";
    SecurityClient = "Security-Client", b"security-client";
    SecurityServer = "Security-Server", b"security-server";
    SecurityVerify = "Security-Verify", b"security-verify";
    Server = "Server", b"server";
    ServiceRoute = "Service-Route", b"service-route";
    SessionExpires = "Session-Expires", b"session-expires" | b"x";
    Subject = "Subject", b"subject" | b"s";
    SubscriptionState = "Subscription-State", b"subscription-state";
    Supported = "Supported", b"supported" | b"k";
    TargetDialog = "Target-Dialog", b"target-dialog";
    Timestamp = "Timestamp", b"timestamp";
    To = "To", b"to" | b"t";
    Unsupported = "Unsupported", b"unsupported";
    UserAgent = "User-Agent", b"user-agent";
    Via = "Via", b"via" | b"v";
    Warning = "Warning", b"warning";
    WwwAuthenticate = "WWW-Authenticate", b"www-authenticate";
}

impl Name<'_> {
    /// Whether both name the same header, unknown ones compared without case.
    pub fn same(&self, other: &Name<'_>) -> bool {
        match (self, other) {
            (Self::Other(one), Name::Other(two)) => one.eq_ignore_ascii_case(two),
            _ => self.code() == other.code(),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case_and_by_its_compact_form() {
        for (name, canonical, lower) in TABLE {
            assert_eq!(lower[0], canonical.to_ascii_lowercase().as_bytes(), "{canonical}");
            assert!(canonical.len() <= LONGEST_KNOWN, "{canonical}");
            for spelling in [canonical.as_bytes(), canonical.to_ascii_uppercase().as_bytes()].iter().chain(*lower) {
                assert_eq!(Name::from_bytes(spelling), *name);
                assert_eq!(Name::from_bytes(spelling).code().name(spelling), *name);
            }
            assert_eq!(name.as_bytes(), canonical.as_bytes());
        }
    }

    #[test]
    fn compact_forms_are_those_of_the_registry() {
        let compact: Vec<_> = TABLE
            .iter()
            .filter_map(|(_, canonical, lower)| lower.get(1).map(|form| (*canonical, char::from(form[0]))))
            .collect();
        assert_eq!(
            compact,
            [
                ("Accept-Contact", 'a'),
                ("Allow-Events", 'u'),
                ("Call-ID", 'i'),
                ("Contact", 'm'),
                ("Content-Encoding", 'e'),
                ("Content-Length", 'l'),
                ("Content-Type", 'c'),
                ("Event", 'o'),
                ("From", 'f'),
                ("Identity", 'y'),
                ("Refer-To", 'r'),
                ("Referred-By", 'b'),
                ("Reject-Contact", 'j'),
                ("Request-Disposition", 'd'),
                ("Session-Expires", 'x'),
                ("Subject", 's'),
                ("Supported", 'k'),
                ("To", 't'),
                ("Via", 'v'),
            ]
        );
    }

    #[test]
    fn an_unknown_name_stays_as_written() {
        assert_eq!(Name::from_bytes(b"X-Foo"), Name::Other(b"X-Foo"));
        assert!(Name::Other(b"X-Foo").same(&Name::Other(b"x-fOO")));
        assert!(!Name::Other(b"X-Foo").same(&Name::Via));
        assert_eq!(Name::from_bytes(&[b'a'; 100]), Name::Other(&[b'a'; 100]));
    }
}
