//! Names of header fields with their compact forms (RFC 3261 section 7.3.3 and the registry of RFC 3968).

use std::fmt;

macro_rules! names {
    ($($variant:ident = $canonical:literal $(/ $compact:literal)?,)*) => {
        /// Name of a header; compared without case, the compact form is the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name<'a> {
            $(#[doc = concat!("`", $canonical, "`")] $variant,)*
            /// Any other header, with the name as written.
            Other(&'a [u8]),
        }

        impl<'a> Name<'a> {
            /// The names that have a variant.
            pub(crate) const KNOWN: &'static [Name<'static>] = &[$(Name::$variant,)*];

            /// The header that these bytes name: any case, compact or long.
            pub fn from_bytes(name: &'a [u8]) -> Self {
                $(if name.eq_ignore_ascii_case($canonical.as_bytes()) $(|| name.eq_ignore_ascii_case($compact))? {
                    return Self::$variant;
                })*
                Self::Other(name)
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
    };
}

names! {
    Accept = "Accept",
    AcceptContact = "Accept-Contact" / b"a",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    Allow = "Allow",
    AllowEvents = "Allow-Events" / b"u",
    Authorization = "Authorization",
    CallId = "Call-ID" / b"i",
    Contact = "Contact" / b"m",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding" / b"e",
    ContentId = "Content-ID",
    ContentLanguage = "Content-Language",
    ContentLength = "Content-Length" / b"l",
    ContentType = "Content-Type" / b"c",
    CSeq = "CSeq",
    Date = "Date",
    Event = "Event" / b"o",
    Expires = "Expires",
    FeatureCaps = "Feature-Caps",
    From = "From" / b"f",
    HistoryInfo = "History-Info",
    InReplyTo = "In-Reply-To",
    Join = "Join",
    MaxForwards = "Max-Forwards",
    MimeVersion = "MIME-Version",
    MinExpires = "Min-Expires",
    MinSe = "Min-SE",
    Organization = "Organization",
    PAccessNetworkInfo = "P-Access-Network-Info",
    PAssertedIdentity = "P-Asserted-Identity",
    PAssertedService = "P-Asserted-Service",
    PAssociatedUri = "P-Associated-URI",
    PCalledPartyId = "P-Called-Party-ID",
    PChargingFunctionAddresses = "P-Charging-Function-Addresses",
    PChargingVector = "P-Charging-Vector",
    PEarlyMedia = "P-Early-Media",
    PPreferredIdentity = "P-Preferred-Identity",
    PPreferredService = "P-Preferred-Service",
    Path = "Path",
    Priority = "Priority",
    Privacy = "Privacy",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyRequire = "Proxy-Require",
    RAck = "RAck",
    RSeq = "RSeq",
    Reason = "Reason",
    RecordRoute = "Record-Route",
    ReferEventsAt = "Refer-Events-At",
    ReferSub = "Refer-Sub",
    ReferTo = "Refer-To" / b"r",
    ReferredBy = "Referred-By" / b"b",
    RejectContact = "Reject-Contact" / b"j",
    Replaces = "Replaces",
    ReplyTo = "Reply-To",
    RequestDisposition = "Request-Disposition" / b"d",
    Require = "Require",
    RetryAfter = "Retry-After",
    Route = "Route",
    SecurityClient = "Security-Client",
    SecurityServer = "Security-Server",
    SecurityVerify = "Security-Verify",
    Server = "Server",
    ServiceRoute = "Service-Route",
    SessionExpires = "Session-Expires" / b"x",
    Subject = "Subject" / b"s",
    SubscriptionState = "Subscription-State",
    Supported = "Supported" / b"k",
    TargetDialog = "Target-Dialog",
    Timestamp = "Timestamp",
    To = "To" / b"t",
    Unsupported = "Unsupported",
    UserAgent = "User-Agent",
    Via = "Via" / b"v",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}
