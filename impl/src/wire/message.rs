//! A message as a borrowed view of its datagram: start line, header field spans, body; typed headers on demand.
//!
//! RFC 3261 sections 7 and 20. Read first: `parse.rs` for how the spans come about, `header/mod.rs` for the typed
//! views.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use super::header::{
    AccessNetworkInfo, CSeq, Event, HeaderError, Malformed, MediaType, Name, NameAddr, RAck, Reason, Replaces,
    RetryAfter, SessionExpires, SubscriptionState, TargetDialog, Values, Via,
};
use super::parse::{Frame, FramingError};
use super::text::{decimal, split_token, split_top_level, trim};
use super::{Method, OwnedUri, Uri};

/// The first line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start<'a> {
    /// Request-Line (RFC 3261 section 7.1).
    Request {
        /// Method.
        method: Method<'a>,
        /// Request-URI, verbatim.
        uri: &'a [u8],
    },
    /// Status-Line (RFC 3261 section 7.2).
    Response {
        /// Status code, 100 to 999 (the verdict names those above 699).
        code: u16,
        /// Reason phrase, perhaps empty.
        phrase: &'a [u8],
    },
}

/// One header field as it stands in the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field<'a> {
    /// Which header.
    pub name: Name<'a>,
    /// The name as written: any case, perhaps the compact form.
    pub raw_name: &'a [u8],
    /// The value without the white space around it; folds are still in it.
    pub value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The value with each fold replaced by one space.
    pub fn unfolded(&self) -> Cow<'a, [u8]> {
        super::text::unfold(self.value)
    }
}

/// A list of name-addr values, such as a route set.
pub type NameAddrs<'a> = SmallVec<[NameAddr<'a>; 4]>;

/// The Via values of a message, topmost first.
pub type Vias<'a> = SmallVec<[Via<'a>; 4]>;

/// A borrowed view over one datagram that holds one SIP message.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    frame: Frame<'a>,
}

impl<'a> Message<'a> {
    /// Frames the datagram; no header field is looked into except Content-Length.
    ///
    /// # Errors
    /// The datagram cannot be read as a SIP message, or exceeds one of the limits.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, FramingError> {
        // Made where it is returned and filled there: it is large.
        let mut parsed = match Frame::begin(datagram) {
            Ok(frame) => Ok(Self { bytes: datagram, frame }),
            Err(error) => Err(error),
        };
        if let Ok(message) = &mut parsed
            && let Err(error) = message.frame.read(datagram)
        {
            parsed = Err(error);
        }
        parsed
    }

    /// The whole datagram.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first line.
    pub const fn start(&self) -> Start<'a> {
        self.frame.start
    }

    /// The protocol version as written, `SIP/2.0` if the peer is right.
    pub const fn version(&self) -> &'a [u8] {
        self.frame.version
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        matches!(self.frame.start, Start::Request { .. })
    }

    /// Status code of a response.
    pub const fn status(&self) -> Option<u16> {
        match self.frame.start {
            Start::Response { code, .. } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// Method of a request; that of a response is in its [`Message::cseq`].
    pub const fn method(&self) -> Option<Method<'a>> {
        match self.frame.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// Request-URI of a request.
    ///
    /// # Errors
    /// It is a response, or the URI is malformed.
    pub fn request_uri(&self) -> Result<Uri<'a>, HeaderError> {
        const HEADER: &str = "Request-URI";
        let Start::Request { uri, .. } = self.frame.start else {
            return Err(HeaderError::Missing { header: HEADER });
        };
        Uri::parse(uri)
            .map_err(|error| Malformed { what: error.what, at: error.at }.in_header(HEADER, self.offset_of(uri)))
    }

    /// The header fields in order, verbatim.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + '_ {
        let bytes = self.bytes;
        self.frame.fields.iter().map(move |span| {
            let raw_name = span.name(bytes);
            Field { name: span.code.name(raw_name), raw_name, value: span.value(bytes) }
        })
    }

    /// The values of all lines of this header, unsplit, with their folds.
    pub(crate) fn lines(&self, name: Name<'static>) -> impl Iterator<Item = &'a [u8]> + '_ {
        let fields = self.frame.fields_from_first(name).iter();
        fields.filter(move |span| span.is(name, self.bytes)).map(|span| span.value(self.bytes))
    }

    /// The first value line of this header, without white space around it.
    pub fn field(&self, name: Name<'_>) -> Option<&'a [u8]> {
        self.frame.first(name, self.bytes).map(|span| span.value(self.bytes))
    }

    /// Every value of every line of this header, split at top-level commas. Only for headers that are lists (section
    /// 7.3.1): a comma in a Date or a Subject means nothing.
    pub fn values<'m>(&'m self, name: Name<'m>) -> Values<'m, 'a> {
        Values::new(self.bytes, self.frame.fields_from_first(name), name)
    }

    /// The body: what follows the empty line, cut to Content-Length if that is shorter.
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(self.frame.body.clone()).unwrap_or_default()
    }

    /// How many bytes of the body that Content-Length promises are not there (RFC 3261 section 18.3: a request is then
    /// answered 400, a response discarded).
    pub const fn missing_body(&self) -> usize {
        self.frame.missing_body
    }

    /// Where a slice taken out of this message stands in the datagram.
    pub fn range_of(&self, part: &[u8]) -> Option<Range<usize>> {
        let start = super::text::offset_in(self.bytes, part)?;
        Some(start..start + part.len())
    }

    /// What framing found.
    pub(crate) const fn frame(&self) -> &Frame<'a> {
        &self.frame
    }

    fn offset_of(&self, part: &[u8]) -> usize {
        super::text::offset_in(self.bytes, part).unwrap_or_default()
    }

    /// Reads one value that stands in this message.
    fn read<T>(
        &self,
        name: Name<'_>,
        value: &'a [u8],
        parse: impl Fn(&'a [u8]) -> Result<T, Malformed>,
    ) -> Result<T, HeaderError> {
        parse(value).map_err(|malformed| malformed.in_header(name.canonical(), self.offset_of(value)))
    }

    /// The value of a header that has one per message.
    fn only<T>(&self, name: Name<'_>, parse: impl Fn(&'a [u8]) -> Result<T, Malformed>) -> Result<T, HeaderError> {
        let value = self.field(name).ok_or_else(|| HeaderError::Missing { header: name.canonical() })?;
        self.read(name, value, parse)
    }

    /// The first value of a header that is a list.
    fn first<T>(&self, name: Name<'_>, parse: impl Fn(&'a [u8]) -> Result<T, Malformed>) -> Result<T, HeaderError> {
        let value = self.first_value(name).ok_or_else(|| HeaderError::Missing { header: name.canonical() })?;
        self.read(name, value, parse)
    }

    /// The first value of a list; it is mostly alone on its line, and the first line has one.
    fn first_value(&self, name: Name<'_>) -> Option<&'a [u8]> {
        let (value, _) = split_top_level(self.field(name)?, b',');
        Some(trim(value)).filter(|value| !value.is_empty()).or_else(|| self.values(name).next())
    }
}

fn parse_number(value: &[u8]) -> Result<u32, Malformed> {
    decimal(value).ok_or(Malformed { what: "no number of 32 bits", at: 0 })
}

fn parse_call_id(value: &[u8]) -> Result<&[u8], Malformed> {
    if value.is_empty() { Err(Malformed { what: "an empty Call-ID", at: 0 }) } else { Ok(value) }
}

/// `Refer-Sub: true` or `false`, perhaps with parameters (RFC 4488 section 4).
pub(super) fn parse_refer_sub(value: &[u8]) -> Result<bool, Malformed> {
    let (token, _) = split_token(value);
    [(true, "true"), (false, "false")]
        .into_iter()
        .find(|(_, name)| token.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(wanted, _)| wanted)
        .ok_or(Malformed { what: "neither true nor false", at: 0 })
}

macro_rules! typed {
    ($($(#[$doc:meta])* $accessor:ident -> $type:ty = $take:ident $header:ident, $parse:expr;)*) => {
        impl<'a> Message<'a> {
            $($(#[$doc])*
            ///
            /// # Errors
            /// The header field is missing or malformed.
            pub fn $accessor(&self) -> Result<$type, HeaderError> {
                self.$take(Name::$header, $parse)
            })*
        }
    };
}

typed! {
    /// The topmost Via (RFC 3261 section 20.42).
    via -> Via<'a> = first Via, Via::parse;
    /// From (RFC 3261 section 20.20).
    from -> NameAddr<'a> = only From, NameAddr::parse;
    /// To (RFC 3261 section 20.39).
    to -> NameAddr<'a> = only To, NameAddr::parse;
    /// Call-ID, verbatim; compared byte by byte (RFC 3261 section 20.8).
    call_id -> &'a [u8] = only CallId, parse_call_id;
    /// CSeq (RFC 3261 section 20.16).
    cseq -> CSeq<'a> = only CSeq, CSeq::parse;
    /// The first Contact (RFC 3261 section 20.10); `*` is malformed here.
    contact -> NameAddr<'a> = first Contact, NameAddr::parse;
    /// Max-Forwards, 0 to 255 (RFC 3261 section 20.22).
    max_forwards -> u32 = only MaxForwards, parse_number;
    /// Expires in seconds (RFC 3261 section 20.19).
    expires -> u32 = only Expires, parse_number;
    /// Min-Expires in seconds (RFC 3261 section 20.23).
    min_expires -> u32 = only MinExpires, parse_number;
    /// Content-Length in bytes (RFC 3261 section 20.14).
    content_length -> u32 = only ContentLength, parse_number;
    /// Content-Type (RFC 3261 section 20.15).
    content_type -> MediaType<'a> = only ContentType, MediaType::parse;
    /// Retry-After (RFC 3261 section 20.33).
    retry_after -> RetryAfter<'a> = only RetryAfter, RetryAfter::parse;
    /// RSeq, 1 to 2^32 - 1 (RFC 3262 section 7.1).
    rseq -> u32 = only RSeq, parse_number;
    /// RAck (RFC 3262 section 7.2).
    rack -> RAck<'a> = only RAck, RAck::parse;
    /// Event (RFC 6665 section 8.2.1).
    event -> Event<'a> = only Event, Event::parse;
    /// Subscription-State (RFC 6665 section 8.2.3).
    subscription_state -> SubscriptionState<'a> = only SubscriptionState, SubscriptionState::parse;
    /// Refer-To (RFC 3515 section 2.1); the first one, the verdict counts them.
    refer_to -> NameAddr<'a> = only ReferTo, NameAddr::parse;
    /// Refer-Sub: whether a subscription is wanted (RFC 4488 section 4).
    refer_sub -> bool = only ReferSub, parse_refer_sub;
    /// Referred-By (RFC 3892 section 3).
    referred_by -> NameAddr<'a> = only ReferredBy, NameAddr::parse;
    /// Replaces (RFC 3891 section 6.1).
    replaces -> Replaces<'a> = only Replaces, Replaces::parse;
    /// Target-Dialog (RFC 4538 section 7).
    target_dialog -> TargetDialog<'a> = only TargetDialog, TargetDialog::parse;
    /// Session-Expires (RFC 4028 section 4).
    session_expires -> SessionExpires<'a> = only SessionExpires, SessionExpires::parse;
    /// Min-SE in seconds (RFC 4028 section 5).
    min_se -> u32 = only MinSe, parse_number;
    /// The first Reason (RFC 3326 section 2).
    reason -> Reason<'a> = first Reason, Reason::parse;
    /// The first P-Access-Network-Info (RFC 7315 section 5.4).
    access_network_info -> AccessNetworkInfo<'a> = first PAccessNetworkInfo, AccessNetworkInfo::parse;
}

/// What transactions and dialogs are told apart by, without a look at the rest of the values.
impl<'a> Message<'a> {
    /// The branch of the topmost Via (RFC 3261 section 17.2.3); `None` if it is missing or empty.
    ///
    /// # Errors
    /// There is no Via.
    pub fn branch(&self) -> Result<Option<&'a [u8]>, HeaderError> {
        self.first(Name::Via, |value| Ok(Via::branch_of(value)))
    }

    /// The tag of From (RFC 3261 section 19.3); `None` if it is missing or empty.
    ///
    /// # Errors
    /// The header field is missing, or a bracket or quote in it is not closed.
    pub fn from_tag(&self) -> Result<Option<&'a [u8]>, HeaderError> {
        self.only(Name::From, NameAddr::tag_of)
    }

    /// Whether To has a tag: a request that has one is inside a dialog (RFC 3261 section 12.2).
    pub fn has_to_tag(&self) -> bool {
        self.to_tag().is_ok_and(|tag| tag.is_some())
    }

    /// The URI of the first Contact; `known` itself, which is not read again, if it is the same text.
    ///
    /// # Errors
    /// The header field is missing or malformed.
    pub(crate) fn contact_uri(&self, known: &OwnedUri) -> Result<OwnedUri, HeaderError> {
        self.first(Name::Contact, |value| NameAddr::uri_of(value, known))
    }

    /// The tag of To (RFC 3261 section 19.3); `None` if it is missing or empty.
    ///
    /// # Errors
    /// The header field is missing, or a bracket or quote in it is not closed.
    pub fn to_tag(&self) -> Result<Option<&'a [u8]>, HeaderError> {
        self.only(Name::To, NameAddr::tag_of)
    }
}

impl<'a> Message<'a> {
    /// Every Via, topmost first.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn vias(&self) -> Result<Vias<'a>, HeaderError> {
        self.values(Name::Via).map(|value| self.read(Name::Via, value, Via::parse)).collect()
    }

    /// Every value of a header whose values are name-addrs: Contact, P-Asserted-Identity, Path, Service-Route and so
    /// on.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn name_addrs(&self, name: Name<'_>) -> Result<NameAddrs<'a>, HeaderError> {
        self.values(name).map(|value| self.read(name, value, NameAddr::parse)).collect()
    }

    /// The Record-Route values, topmost first; empty if there are none.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn record_route(&self) -> Result<NameAddrs<'a>, HeaderError> {
        self.name_addrs(Name::RecordRoute)
    }

    /// The Route values, topmost first; empty if there are none.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn route(&self) -> Result<NameAddrs<'a>, HeaderError> {
        self.name_addrs(Name::Route)
    }

    /// Option tags of Require (RFC 3261 section 20.32).
    pub fn require(&self) -> Values<'_, 'a> {
        self.values(Name::Require)
    }

    /// Option tags of Proxy-Require (RFC 3261 section 20.29).
    pub fn proxy_require(&self) -> Values<'_, 'a> {
        self.values(Name::ProxyRequire)
    }

    /// Option tags of Supported (RFC 3261 section 20.37).
    pub fn supported(&self) -> Values<'_, 'a> {
        self.values(Name::Supported)
    }

    /// Option tags of Unsupported (RFC 3261 section 20.40).
    pub fn unsupported(&self) -> Values<'_, 'a> {
        self.values(Name::Unsupported)
    }

    /// Methods of Allow (RFC 3261 section 20.5).
    pub fn allow(&self) -> impl Iterator<Item = Method<'a>> + '_ {
        self.values(Name::Allow).map(Method::from_bytes)
    }

    /// Event packages of Allow-Events (RFC 6665 section 8.2.2).
    pub fn allow_events(&self) -> Values<'_, 'a> {
        self.values(Name::AllowEvents)
    }

    /// Media ranges of Accept (RFC 3261 section 20.1); those that are malformed are left out.
    pub fn accept(&self) -> impl Iterator<Item = MediaType<'a>> + '_ {
        self.values(Name::Accept).filter_map(|value| MediaType::parse(value).ok())
    }

    /// Whether an option tag stands in Require (compared without case, RFC 3261 section 7.3.1).
    pub fn requires(&self, option: &str) -> bool {
        self.require().any(|tag| tag.eq_ignore_ascii_case(option.as_bytes()))
    }

    /// Whether an option tag stands in Supported (compared without case, RFC 3261 section 7.3.1).
    pub fn supports(&self, option: &str) -> bool {
        self.supported().any(|tag| tag.eq_ignore_ascii_case(option.as_bytes()))
    }
}
