//! Conversions to and from the values of the crate `rsip`, for a user whose stack speaks it (feature `rsip`).
//!
//! `rsip` reads less than there is: what it would drop or change is an error here ([`RsipError`]), never a loss. One
//! thing is no error, because nothing hangs on it: of a status code that `rsip` knows, it keeps no reason phrase (RFC
//! 3261 section 7.2). Folds become a space and compact names long ones, which means the same (section 7.3).
//!
//! ```
//! use imsconf::wire::{Message, rsip::to_bytes};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let datagram = b"BYE sip:bob@h.example SIP/2.0\r\nv: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
//!     f: <sip:alice@h.example>;tag=1\r\nt: <sip:bob@h.example>;tag=2\r\ni: c@h.example\r\nCSeq: 2 BYE\r\n\r\n";
//! let theirs = rsip::Request::try_from(&Message::parse(datagram)?)?;
//! assert_eq!(theirs.method, rsip::Method::Bye);
//!
//! let bytes = to_bytes(&theirs.into())?;
//! assert_eq!(Message::parse(&bytes)?.call_id()?, b"c@h.example");
//!
//! // An IPv6 address in the Request-URI is more than it can carry, and said so.
//! let datagram = b"BYE sip:bob@[2001:db8::1] SIP/2.0\r\n\r\n";
//! assert!(rsip::Request::try_from(&Message::parse(datagram)?).is_err());
//! # Ok(())
//! # }
//! ```

use ::rsip::headers::{Header, Headers};
use ::rsip::{Request, Response, SipMessage, StatusCode, Uri};
use thiserror::Error;

use super::text::{is_control, is_token, trim, unfold};
use super::{FramingError, Message, Method, Name, Start};

/// What an error calls the first line.
const START_LINE: &str = "the start line";

/// What cannot be carried from the one to the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum RsipError {
    /// A request where a response is wanted, or the other way round.
    #[error("a request where a response is wanted, or the other way round")]
    OtherKind,
    /// `rsip` has no extension methods.
    #[error("`rsip` has no method {method}")]
    Method {
        /// The method.
        method: String,
    },
    /// `rsip` knows SIP/2.0 and SIP/1.0.
    #[error("version {version}: only SIP/2.0 is carried")]
    Version {
        /// The version.
        version: String,
    },
    /// The Request-URI is refused by `rsip`, or comes out of it as another one: an IPv6 address, a headers part, a
    /// scheme that it does not know.
    #[error("`rsip` cannot carry the Request-URI {uri}")]
    RequestUri {
        /// The URI.
        uri: String,
    },
    /// A header field that is not UTF-8: `rsip` holds strings.
    #[error("the header field {name} is not UTF-8")]
    NotUtf8 {
        /// Name of the header.
        name: String,
    },
    /// A header field that `rsip` refuses, or that comes out of it as another one.
    #[error("`rsip` cannot carry the header field {name}")]
    Field {
        /// Name of the header.
        name: String,
    },
    /// A control character, which would end its header field before its time.
    #[error("a control character in {place}")]
    IllegalByte {
        /// Start line or name of the header.
        place: String,
    },
    /// What came out is no message of ours.
    #[error(transparent)]
    Framing(#[from] FramingError),
}

/// Refuses what would end its line before its time.
fn without_controls(place: &str, text: &[u8]) -> Result<(), RsipError> {
    if text.iter().any(|byte| is_control(*byte)) {
        return Err(RsipError::IllegalByte { place: place.to_owned() });
    }
    Ok(())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl TryFrom<&Message<'_>> for Request {
    type Error = RsipError;

    fn try_from(message: &Message<'_>) -> Result<Self, RsipError> {
        let Start::Request { method, uri } = message.start() else { return Err(RsipError::OtherKind) };
        let version = version(message)?;
        Ok(Self {
            method: to_method(method)?,
            uri: to_uri(uri)?,
            version,
            headers: to_headers(message)?,
            body: message.body().to_vec(),
        })
    }
}

impl TryFrom<&Message<'_>> for Response {
    type Error = RsipError;

    fn try_from(message: &Message<'_>) -> Result<Self, RsipError> {
        let Start::Response { code, phrase } = message.start() else { return Err(RsipError::OtherKind) };
        without_controls(START_LINE, phrase)?;
        let status_code = match StatusCode::from(code) {
            StatusCode::Other(code, _) => StatusCode::Other(code, lossy(phrase)),
            known => known,
        };
        Ok(Self {
            status_code,
            version: version(message)?,
            headers: to_headers(message)?,
            body: message.body().to_vec(),
        })
    }
}

impl TryFrom<&Message<'_>> for SipMessage {
    type Error = RsipError;

    fn try_from(message: &Message<'_>) -> Result<Self, RsipError> {
        if message.is_request() {
            Request::try_from(message).map(Self::Request)
        } else {
            Response::try_from(message).map(Self::Response)
        }
    }
}

fn version(message: &Message<'_>) -> Result<::rsip::Version, RsipError> {
    match message.version() {
        b"SIP/2.0" => Ok(::rsip::Version::V2),
        other => Err(RsipError::Version { version: lossy(other) }),
    }
}

fn to_method(method: Method<'_>) -> Result<::rsip::Method, RsipError> {
    Ok(match method {
        Method::Invite => ::rsip::Method::Invite,
        Method::Ack => ::rsip::Method::Ack,
        Method::Bye => ::rsip::Method::Bye,
        Method::Cancel => ::rsip::Method::Cancel,
        Method::Options => ::rsip::Method::Options,
        Method::Register => ::rsip::Method::Register,
        Method::Prack => ::rsip::Method::PRack,
        Method::Update => ::rsip::Method::Update,
        Method::Subscribe => ::rsip::Method::Subscribe,
        Method::Notify => ::rsip::Method::Notify,
        Method::Refer => ::rsip::Method::Refer,
        Method::Info => ::rsip::Method::Info,
        Method::Message => ::rsip::Method::Message,
        Method::Publish => ::rsip::Method::Publish,
        Method::Other(token) => return Err(RsipError::Method { method: lossy(token) }),
    })
}

/// A URI that comes out of `rsip` as it went in.
fn to_uri(uri: &[u8]) -> Result<Uri, RsipError> {
    let refused = || RsipError::RequestUri { uri: lossy(uri) };
    let text = std::str::from_utf8(uri).map_err(|_| refused())?;
    let theirs = Uri::try_from(text).map_err(|_| refused())?;
    // It takes a headers part for the end of the host, and prints it as it came.
    let hostport = super::Uri::parse(uri).map_err(|_| refused())?.body();
    let is_same = theirs.to_string() == text && theirs.host_with_port.to_string() == hostport;
    if is_same { Ok(theirs) } else { Err(refused()) }
}

/// The header fields: each is given to `rsip` with a message around it, and has to come out as it went in.
fn to_headers(message: &Message<'_>) -> Result<Headers, RsipError> {
    let mut headers = Headers::default();
    for field in message.fields() {
        let name = lossy(field.name.as_bytes());
        let value = unfold(field.value);
        without_controls(&name, &value)?;
        let value = std::str::from_utf8(&value).map_err(|_| RsipError::NotUtf8 { name: name.clone() })?;
        headers.push(to_header(&name, value).ok_or(RsipError::Field { name })?);
    }
    Ok(headers)
}

fn to_header(name: &str, value: &str) -> Option<Header> {
    let around = format!("ACK sip:a@h.example SIP/2.0\r\n{name}: {value}\r\n\r\n");
    let read = Request::try_from(around.as_bytes()).ok()?;
    let header = read.headers.iter().next().filter(|_| read.headers.iter().count() == 1)?;
    let (own_name, own_value) = parts(header)?;
    let is_same = Name::from_bytes(own_name.as_bytes()).same(&Name::from_bytes(name.as_bytes())) && own_value == value;
    is_same.then(|| header.clone())
}

/// Name and value of a header field of `rsip`, as it prints them.
fn parts(header: &Header) -> Option<(String, String)> {
    if let Header::Other(name, value) = header {
        return Some((name.trim().to_owned(), value.trim().to_owned()));
    }
    let text = header.to_string();
    let (name, value) = text.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// A message of `rsip` as it stands on the wire; [`Message::parse`] takes it.
///
/// # Errors
/// It holds something that would break the message: a control character, a URI without its scheme.
pub fn to_bytes(message: &SipMessage) -> Result<Vec<u8>, RsipError> {
    let (start, headers, body) = match message {
        SipMessage::Request(request) => (request_line(request)?, &request.headers, &request.body),
        SipMessage::Response(response) => (status_line(response), &response.headers, &response.body),
    };
    let mut bytes = Vec::with_capacity(start.len() + body.len() + 512);
    line(&mut bytes, START_LINE, start.as_bytes())?;
    for header in headers.iter() {
        let refused = || RsipError::Field { name: header.to_string() };
        let (name, value) = parts(header).filter(|(name, _)| is_token(name.as_bytes())).ok_or_else(refused)?;
        line(&mut bytes, &name, format!("{name}: {value}").as_bytes())?;
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Message::parse(&bytes)?;
    Ok(bytes)
}

fn line(bytes: &mut Vec<u8>, place: &str, text: &[u8]) -> Result<(), RsipError> {
    without_controls(place, text)?;
    bytes.extend_from_slice(trim(text));
    bytes.extend_from_slice(b"\r\n");
    Ok(())
}

fn request_line(request: &Request) -> Result<String, RsipError> {
    let uri = request.uri.to_string();
    if !request.uri.headers.is_empty() || super::Uri::parse(uri.as_bytes()).is_err() {
        return Err(RsipError::RequestUri { uri });
    }
    Ok(format!("{} {uri} {}", request.method, request.version))
}

/// `rsip` prints the name of a known code for its phrase, the words without spaces between them.
fn status_line(response: &Response) -> String {
    let code = response.status_code.code();
    let text = response.status_code.to_string();
    let phrase = text.split_once(' ').map_or("", |(_, phrase)| phrase);
    let mut spaced = String::with_capacity(phrase.len() + 4);
    let mut was_lower = false;
    for character in phrase.chars() {
        if was_lower && character.is_uppercase() {
            spaced.push(' ');
        }
        was_lower = character.is_lowercase();
        spaced.push(character);
    }
    // The space before the phrase stays although the phrase is empty (RFC 3261 section 7.2).
    format!("{} {code} {spaced}", response.version)
}
