//! Differences that are known, each with the clause that decides it. In all of them our codec follows the clause.

use imsconf::wire::{Field, Message, Method, NameAddr, Scheme, Start, Uri, Via};

use crate::Difference;
use crate::facts::Fact;

/// A difference and where it was met.
pub(crate) struct Case<'m, 'a> {
    pub(crate) difference: Difference,
    pub(crate) message: &'m Message<'a>,
    /// The header field of the fact, if it has one.
    field: Option<Field<'a>>,
}

impl<'m, 'a> Case<'m, 'a> {
    pub(crate) fn new(difference: Difference, message: &'m Message<'a>) -> Self {
        let header = match difference {
            Difference::Reads(fact) => fact.header(),
            Difference::PeerRefuses | Difference::PeerAccepts => None,
        };
        let field = header.and_then(|name| message.fields().find(|field| field.name == name));
        Self { difference, message, field }
    }

    /// What the two readers read: the field of the fact, or the Request-URI.
    pub(crate) fn text(&self) -> &'a [u8] {
        match (self.field, self.message.start()) {
            (Some(field), _) => field.value,
            (None, Start::Request { uri, .. }) => uri,
            (None, Start::Response { .. }) => &[],
        }
    }

    fn is_refused(&self) -> bool {
        self.difference == Difference::PeerRefuses
    }

    fn has_name_in_other_letters(&self) -> bool {
        self.field.is_some_and(|field| field.raw_name != field.name.as_bytes())
    }

    /// Whether the method, or that of the CSeq if it is that which differs, is none that the RFCs define.
    fn has_new_method(&self) -> bool {
        let is_new = |method: Option<Method<'_>>| matches!(method, Some(Method::Other(_)));
        match self.difference {
            Difference::Reads(Fact::CSeq) => is_new(self.message.cseq().ok().map(|cseq| cseq.method)),
            Difference::PeerRefuses | Difference::Reads(Fact::Start) => is_new(self.message.method()),
            Difference::Reads(_) | Difference::PeerAccepts => false,
        }
    }

    fn has_space_before_a_colon(&self) -> bool {
        self.message.fields().any(|field| {
            let behind = self.message.range_of(field.raw_name).and_then(|name| self.message.as_bytes().get(name.end));
            behind.is_some_and(|byte| *byte != b':')
        })
    }

    /// Whether any header field is folded, also where its value has not begun or has ended.
    fn has_fold(&self) -> bool {
        let bytes = self.message.as_bytes();
        let head = bytes.len() - self.message.body().len();
        bytes.get(..head).unwrap_or_default().windows(2).any(|pair| matches!(pair, b"\n " | b"\n\t"))
    }

    /// Whether the header field is folded right before or right behind its value.
    fn has_fold_around(&self) -> bool {
        let bytes = self.message.as_bytes();
        let value = self.field.and_then(|field| self.message.range_of(field.value)).unwrap_or_default();
        let before = bytes.get(..value.start).unwrap_or_default().trim_ascii_end();
        let space = bytes.get(before.len()..value.start).unwrap_or_default();
        let behind = bytes.get(value.end..).unwrap_or_default().trim_ascii_start();
        let space_behind = bytes.get(value.end..bytes.len() - behind.len()).unwrap_or_default();
        space.contains(&b'\n') || space_behind.len() > 2
    }

    fn has_space_around_separators(&self) -> bool {
        let is_separator = |byte: &u8| matches!(byte, b';' | b'=' | b'/');
        self.text().windows(2).any(|pair| {
            let [one, two] = pair else { return false };
            (one.is_ascii_whitespace() && is_separator(two)) || (is_separator(one) && two.is_ascii_whitespace())
        })
    }

    fn has(&self, part: &[u8]) -> bool {
        self.text().windows(part.len()).any(|text| text == part)
    }

    /// Whether a quoted string there has an escape, or something that means more outside of quotes.
    fn has_more_than_words_in_quotes(&self) -> bool {
        let mut is_quoted = false;
        self.text().iter().any(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b'\\' || (is_quoted && matches!(byte, b'<' | b'>' | b',' | b';'))
        })
    }

    /// Whether the first Via has another version than 2.0 in it: its grammar takes any token.
    fn has_other_version(&self) -> bool {
        let text: Vec<u8> = self.text().iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        self.difference == Difference::Reads(Fact::Branch) && !text.starts_with(b"SIP/2.0/")
    }

    /// Whether the first Via has a transport without a name of its own in the grammar.
    fn has_other_via_transport(&self) -> bool {
        let via = Via::parse(self.text()).map(|via| via.transport.to_ascii_uppercase());
        self.difference == Difference::Reads(Fact::Branch)
            && via.is_ok_and(|name| !matches!(&name[..], b"UDP" | b"TCP" | b"TLS" | b"SCTP" | b"WS" | b"WSS"))
    }

    /// Whether a parameter of a URI there has a character that tokens do not have.
    fn has_uri_param_with_marks(&self) -> bool {
        let params = |uri: Uri<'_>| uri.params().as_bytes().iter().any(|byte| b"[]/:&+$()'".contains(byte));
        self.uri().is_some_and(params)
    }

    fn uri(&self) -> Option<Uri<'a>> {
        let address = || NameAddr::parse(self.text()).map(|address| address.uri);
        Uri::parse(self.text()).ok().or_else(|| address().ok())
    }

    fn has_line_end_in_front(&self) -> bool {
        self.is_refused() && matches!(self.message.as_bytes(), [b'\r' | b'\n', ..])
    }

    /// Whether a URI there is neither sip nor sips nor tel.
    fn has_other_scheme(&self) -> bool {
        self.uri().is_some_and(|uri| matches!(uri.scheme(), Scheme::Other(_)))
    }

    /// Whether a URI there asks for a transport that has no name of its own in the grammar.
    fn has_other_transport(&self) -> bool {
        let text = String::from_utf8_lossy(self.text()).to_ascii_lowercase();
        let transport = text.split_once(";transport=").map(|(_, rest)| rest.split([';', '>', '?']).next());
        transport.is_some_and(|name| !matches!(name, Some("udp" | "tcp" | "tls" | "sctp" | "ws" | "wss")))
    }
}

/// One known difference.
pub(crate) struct Explained {
    pub(crate) peer: &'static str,
    pub(crate) what: &'static str,
    pub(crate) clause: &'static str,
    /// In which messages.
    when: fn(&Case<'_, '_>) -> bool,
}

impl Explained {
    pub(crate) fn explains(&self, peer: &str, case: &Case<'_, '_>) -> bool {
        self.peer == peer && (self.when)(case)
    }
}

const fn row(
    peer: &'static str,
    what: &'static str,
    clause: &'static str,
    when: fn(&Case<'_, '_>) -> bool,
) -> Explained {
    Explained { peer, what, clause, when }
}

const ANY_CASE: &str = "RFC 3261 sections 7.3.1 and 7.3.3";
const SPACES: &str = "RFC 3261 section 7.3.1";
const SEPARATOR: &str = "RFC 3261 section 25.1, SEMI, EQUAL and SLASH";
const QUOTED: &str = "RFC 3261 section 25.1, quoted-string";
const METHOD: &str = "RFC 3261 section 7.1: any token, with case";
const IPV6: &str = "RFC 3261 section 25.1, IPv6reference";
const TOKEN: &str = "RFC 3261 section 25.1, token: only URIs have escapes";
const ESCAPED: &str = "RFC 3261 section 19.1.2";
const QUOTES: &str = "quoted strings with escapes, brackets and commas";
const VERSION: &str = "RFC 3261 section 25.1, protocol-version: a token";
const PARAM: &str = "RFC 3261 section 25.1, paramchar";
const EMPTY_LINE: &str = "RFC 3261 section 7.5: CRLF before the start line is ignored";
const USER: &str = "RFC 3261 section 25.1, user-unreserved";
const SCHEME: &str = "RFC 3261 section 25.1, addr-spec: an absoluteURI of any scheme";
const OTHER_TRANSPORT: &str = "RFC 3261 section 25.1, other-transport";
const SAME_TRANSPORT: &str = "RFC 3261 section 19.1.4: with and without transport are two URIs";

pub(crate) const EXPLAINED: &[Explained] = &[
    row("rsip", "white space before the colon of a header field", SPACES, |case| {
        case.is_refused() && case.has_space_before_a_colon()
    }),
    row("rsip", "folded header fields", SPACES, |case| case.is_refused() && case.has_fold()),
    row("rsip", "compact names, and names in other letters", ANY_CASE, |case| case.has_name_in_other_letters()),
    row("rsip", "extension methods", METHOD, |case| case.has_new_method()),
    row("rsip", "IPv6 addresses", IPV6, |case| case.has(b"[")),
    row("rsip", "white space around separators", SEPARATOR, |case| case.has_space_around_separators()),
    row("rsip", QUOTES, QUOTED, |case| case.has_more_than_words_in_quotes()),
    row("rsip", "other versions in a Via", VERSION, |case| case.has_other_version()),
    row("rsip", "other transports in a Via", OTHER_TRANSPORT, |case| case.has_other_via_transport()),
    row("rsip", "transports of a URI that it does not know", OTHER_TRANSPORT, |case| case.has_other_transport()),
    row("rsip", "URIs of other schemes", SCHEME, |case| case.has_other_scheme()),
    row("rsip", "users with an equals sign", USER, |case| {
        case.uri().and_then(|uri| uri.user()).is_some_and(|user| user.contains('='))
    }),
    row("rsip", "parameters of a URI that are no tokens", PARAM, |case| case.has_uri_param_with_marks()),
    row("rsipstack", "white space around separators", SEPARATOR, |case| case.has_space_around_separators()),
    row("rsipstack", "a fold right before or behind the value of a header field", SPACES, |case| {
        case.has_fold_around()
    }),
    row("rsipstack", "extension methods", METHOD, |case| case.has_new_method()),
    row("rsipstack", "what is escaped in a URI is escaped again", ESCAPED, |case| case.has(b"%")),
    row("rsipstack", QUOTES, QUOTED, |case| case.has_more_than_words_in_quotes()),
    row("rsipstack", "a Contact URI loses transport=udp", SAME_TRANSPORT, |case| {
        case.difference == Difference::Reads(Fact::ContactUri) && case.has(b"transport=")
    }),
    row("rsipstack", "users that begin with a semicolon", USER, |case| case.has(b":;")),
    row("rsipstack", "transports of a URI that it does not know", OTHER_TRANSPORT, |case| case.has_other_transport()),
    row("rsipstack", "other transports in a Via", OTHER_TRANSPORT, |case| case.has_other_via_transport()),
    row("rsipstack", "URIs of other schemes", SCHEME, |case| case.has_other_scheme()),
    row("rsipstack", "an empty line before the start line", EMPTY_LINE, |case| case.has_line_end_in_front()),
    row("ezk-sip-types", QUOTES, QUOTED, |case| case.has_more_than_words_in_quotes()),
    row("ezk-sip-types", "percent signs in tokens are read as escapes", TOKEN, |case| case.has(b"%")),
    row("ezk-sip-types", "URIs of other schemes", SCHEME, |case| case.has_other_scheme()),
    row("ezk-sip-types", "other versions in a Via", VERSION, |case| case.has_other_version()),
    row("ezk-sip-types", "methods that begin like a known one, or differ in case", METHOD, |case| {
        case.has_new_method()
    }),
    row("ezk-sip-types", "folds within a display name", SPACES, |case| case.has(b"\n")),
    row("ezk-sip-types", "an empty line before the start line", EMPTY_LINE, |case| case.has_line_end_in_front()),
    row("sipx-sip", "an empty line before the start line", EMPTY_LINE, |case| case.has_line_end_in_front()),
];

/// The headers whose fields the rows look at.
#[test]
fn a_row_looks_at_the_field_of_its_fact() {
    let message = Message::parse(b"BYE sip:a@h SIP/2.0\r\nv: x\r\nFrom: <sip:[::1]>;tag=1\r\n\r\n").expect("a message");
    let explained = |fact| {
        let case = Case::new(Difference::Reads(fact), &message);
        EXPLAINED.iter().any(|row| row.explains("rsip", &case))
    };
    assert!(explained(Fact::Branch) && explained(Fact::FromTag) && explained(Fact::FromUri));
    assert!(!explained(Fact::ToTag) && !explained(Fact::Start) && !explained(Fact::RequestUri));
}
