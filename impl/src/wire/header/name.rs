//! Names of header fields with their compact forms (RFC 3261 section 7.3.3 and the registry of RFC 3968).

use std::fmt;

macro_rules! names {
    ($($variant:ident = $canonical:literal $(, $compact:literal)?;)*) => {
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

        /// Every known name: the usual spelling and the compact form.
        const SPELLINGS: &[(&[u8], Code)] =
            &[$(($canonical.as_bytes(), Code::$variant), $(($compact, Code::$variant),)?)*];

        impl Code {
            /// How many there are.
            pub(crate) const COUNT: usize = Self::Other as usize + 1;

            /// The names by code. A table, because a jump by code is seldom foreseen by the processor.
            const NAMES: [Name<'static>; Self::COUNT - 1] = [$(Name::$variant,)*];

            /// The name, given its text for the case that it is none of the known ones.
            #[inline]
            pub(crate) fn name(self, raw: &[u8]) -> Name<'_> {
                Self::NAMES.get(self as usize).copied().unwrap_or(Name::Other(raw))
            }
        }

        impl<'a> Name<'a> {
            /// The header that these bytes name: any case, compact or long.
            pub fn from_bytes(name: &'a [u8]) -> Self {
                Code::from_bytes(name).name(name)
            }

            #[inline]
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

            /// How a line of this header begins: the usual spelling, colon and space; empty for an unknown one.
            #[inline]
            pub(crate) const fn line_start(&self) -> &'static [u8] {
                match self {
                    $(Self::$variant => concat!($canonical, ": ").as_bytes(),)*
                    Self::Other(_) => b"",
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
        const ROWS: &[(Name<'static>, &str, &[&[u8]])] = &[$((Name::$variant, $canonical, &[$($compact)?]),)*];
    };
}

names! {
    Accept = "Accept";
    AcceptContact = "Accept-Contact", b"a";
    AcceptEncoding = "Accept-Encoding";
    AcceptLanguage = "Accept-Language";
    Allow = "Allow";
    AllowEvents = "Allow-Events", b"u";
    Authorization = "Authorization";
    CallId = "Call-ID", b"i";
    Contact = "Contact", b"m";
    ContentDisposition = "Content-Disposition";
    ContentEncoding = "Content-Encoding", b"e";
    ContentId = "Content-ID";
    ContentLanguage = "Content-Language";
    ContentLength = "Content-Length", b"l";
    ContentType = "Content-Type", b"c";
    CSeq = "CSeq";
    Date = "Date";
    Event = "Event", b"o";
    Expires = "Expires";
    FeatureCaps = "Feature-Caps";
    From = "From", b"f";
    HistoryInfo = "History-Info";
    Identity = "Identity", b"y";
    InReplyTo = "In-Reply-To";
    Join = "Join";
    MaxForwards = "Max-Forwards";
    MimeVersion = "MIME-Version";
    MinExpires = "Min-Expires";
    MinSe = "Min-SE";
    Organization = "Organization";
    PAccessNetworkInfo = "P-Access-Network-Info";
    PAssertedIdentity = "P-Asserted-Identity";
    PAssertedService = "P-Asserted-Service";
    PAssociatedUri = "P-Associated-URI";
    PCalledPartyId = "P-Called-Party-ID";
    PChargingFunctionAddresses = "P-Charging-Function-Addresses";
    PChargingVector = "P-Charging-Vector";
    PEarlyMedia = "P-Early-Media";
    PPreferredIdentity = "P-Preferred-Identity";
    PPreferredService = "P-Preferred-Service";
    Path = "Path";
    Priority = "Priority";
    Privacy = "Privacy";
    ProxyAuthenticate = "Proxy-Authenticate";
    ProxyAuthorization = "Proxy-Authorization";
    ProxyRequire = "Proxy-Require";
    RAck = "RAck";
    RSeq = "RSeq";
    Reason = "Reason";
    RecordRoute = "Record-Route";
    ReferEventsAt = "Refer-Events-At";
    ReferSub = "Refer-Sub";
    ReferTo = "Refer-To", b"r";
    ReferredBy = "Referred-By", b"b";
    RejectContact = "Reject-Contact", b"j";
    Replaces = "Replaces";
    ReplyTo = "Reply-To";
    RequestDisposition = "Request-Disposition", b"d";
    Require = "Require";
    RetryAfter = "Retry-After";
    Route = "Route";
    SecurityClient = "Security-Client";
    SecurityServer = "Security-Server";
    SecurityVerify = "Security-Verify";
    Server = "Server";
    ServiceRoute = "Service-Route";
    SessionExpires = "Session-Expires", b"x";
    Subject = "Subject", b"s";
    SubscriptionState = "Subscription-State";
    Supported = "Supported", b"k";
    TargetDialog = "Target-Dialog";
    Timestamp = "Timestamp";
    To = "To", b"t";
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    Via = "Via", b"v";
    Warning = "Warning";
    WwwAuthenticate = "WWW-Authenticate";
}

/// Where a spelling is looked for first: its ends and its length tell almost all names apart, in any case.
const fn slot(first: u8, last: u8, length: usize) -> u8 {
    let ends = (first | 0x20).wrapping_mul(23).wrapping_add((last | 0x20).wrapping_mul(26));
    ends.wrapping_add((length as u8).wrapping_mul(17))
}

/// The spellings by [`slot`], each in the first free place from there on; a place is one more than an index, or free.
/// There are more than twice as many places as spellings.
const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < SPELLINGS.len() {
        if let ([first, ..], [.., last]) = (SPELLINGS[index].0, SPELLINGS[index].0) {
            let mut at = slot(*first, *last, SPELLINGS[index].0.len());
            while table[at as usize] != 0 {
                at = at.wrapping_add(1);
            }
            table[at as usize] = index as u8 + 1;
        }
        index += 1;
    }
    table
};

/// How many bytes of a name are compared at once.
const KEY: usize = 16;

/// By length of a name, the bits of its bytes in a key.
const MASKS: [u128; KEY + 1] = {
    let mut masks = [u128::MAX; KEY + 1];
    let mut length = 0;
    while length < KEY {
        masks[length] = (1 << (8 * length)) - 1;
        length += 1;
    }
    masks
};

/// The first bytes of each spelling as one number, zero behind its end.
const KEYS: [u128; SPELLINGS.len()] = {
    let mut keys = [0; SPELLINGS.len()];
    let mut index = 0;
    while index < SPELLINGS.len() {
        let mut at = 0;
        while at < KEY && at < SPELLINGS[index].0.len() {
            keys[index] |= (SPELLINGS[index].0[at] as u128) << (8 * at);
            at += 1;
        }
        index += 1;
    }
    keys
};

impl Code {
    /// The header that these bytes name: any case, compact or long.
    #[inline]
    pub(crate) fn from_bytes(name: &[u8]) -> Self {
        Self::find(name, |_, spelling| name == spelling)
    }

    /// [`Code::from_bytes`] of the first `length` bytes. What stands behind them makes it quicker.
    #[inline(always)]
    pub(crate) fn at_start(text: &[u8], length: usize) -> Self {
        let name = text.get(..length).unwrap_or_default();
        match (text.first_chunk(), MASKS.get(length), name.last_chunk::<KEY>()) {
            (Some(start), Some(mask), _) => {
                let key = u128::from_le_bytes(*start) & mask;
                Self::find(name, |index, _| KEYS.get(index) == Some(&key))
            }
            (Some(start), None, Some(end)) if length <= 2 * KEY => {
                let key = u128::from_le_bytes(*start);
                Self::find(name, |index, spelling| KEYS.get(index) == Some(&key) && spelling.last_chunk() == Some(end))
            }
            _ => Self::from_bytes(name),
        }
    }

    /// The header of this name, given how it is compared with a spelling of the same length.
    #[inline(always)]
    fn find(name: &[u8], is_same: impl Fn(usize, &[u8]) -> bool) -> Self {
        let ([first, ..], [.., last]) = (name, name) else { return Self::Other };
        let mut at = slot(*first, *last, name.len());
        while let Some(index) = TABLE[usize::from(at)].checked_sub(1).map(usize::from)
            && let Some((spelling, code)) = SPELLINGS.get(index)
        {
            if name.len() == spelling.len() && (is_same(index, spelling) || name.eq_ignore_ascii_case(spelling)) {
                return *code;
            }
            at = at.wrapping_add(1);
        }
        Self::Other
    }
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
        for (name, canonical, compact) in ROWS {
            for spelling in [canonical.as_bytes()].iter().chain(*compact) {
                for spelling in [spelling.to_vec(), spelling.to_ascii_uppercase(), spelling.to_ascii_lowercase()] {
                    assert_eq!(Name::from_bytes(&spelling), *name);
                    assert_eq!(Name::from_bytes(&spelling).code().name(&spelling), *name);
                }
            }
            assert_eq!(name.as_bytes(), canonical.as_bytes());
        }
    }

    #[test]
    fn compact_forms_are_those_of_the_registry() {
        let compact: Vec<_> = ROWS
            .iter()
            .filter_map(|(_, canonical, compact)| compact.first().map(|form| (*canonical, char::from(form[0]))))
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
