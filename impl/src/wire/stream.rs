//! Messages on a stream: where one ends and the next begins (RFC 3261 sections 7.5 and 18.3), and the line ends that
//! keep a connection alive (RFC 5626 sections 3.5.1, 4.4.1 and 5.4). Sans-IO: whoever owns the socket hands octets in.
//!
//! On a stream only Content-Length says where a message ends. A peer that leaves it out, or says two things, cannot be
//! followed any further: the connection has to be closed. Read [`StreamFramer`] first.

use thiserror::Error;

use super::parse::{FramingError, FramingFault, MAX_MESSAGE};
use super::text::decimal;
use super::{Message, Name};

/// Most octets that wait for the rest of their message: the longest message there may be.
pub const MAX_BUFFERED: usize = MAX_MESSAGE;

/// Who opened the connection; the opener sends pings and gets pongs (RFC 5626 section 3.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// We did: a CRLF between messages is the pong to our ping.
    Opened,
    /// The peer did: two CRLFs between messages are his ping, which a CRLF answers.
    Accepted,
}

/// What stands next on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment<'a> {
    /// A whole message, without the line ends before it; [`Message::parse`] takes it.
    Message(&'a [u8]),
    /// The peer asks whether we are there: send CRLF (RFC 5626 section 5.4).
    Ping,
    /// The peer is there.
    Pong,
}

/// Why a stream cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum StreamFault {
    /// What comes is no SIP message, or beyond a limit.
    #[error(transparent)]
    Framing(FramingFault),
    /// The message does not say how long it is (RFC 3261 sections 18.3 and 20.14).
    #[error("no Content-Length, without which nobody knows where the message ends (RFC 3261 section 18.3)")]
    NoLength,
    /// Content-Length is no number of 32 bits (RFC 3261 section 20.14).
    #[error("Content-Length is no number (RFC 3261 section 20.14)")]
    BadLength,
    /// Two Content-Lengths that differ (RFC 3261 section 7.3.1).
    #[error("two Content-Lengths that differ (RFC 3261 section 7.3.1)")]
    TwoLengths,
}

/// Why a stream cannot be followed any further, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("octet {at} of the stream: {fault}")]
pub struct StreamError {
    /// What is wrong.
    pub fault: StreamFault,
    /// Octets that came before the message that is wrong.
    pub at: u64,
}

/// Cuts a stream into messages.
///
/// ```
/// use imsconf::wire::stream::{Segment, Side, StreamFramer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut framer = StreamFramer::new(Side::Accepted);
/// let mut read: &[u8] = b"\r\n\r\nACK sip:a@h SIP/2.0\r\nl: 2\r\n\r\nhiBYE sip:";
/// while !read.is_empty() {
///     read = &read[framer.push(read)..];
///     while let Some(segment) = framer.poll()? {
///         match segment {
///             Segment::Message(bytes) => assert!(bytes.ends_with(b"\r\n\r\nhi")),
///             Segment::Ping => { /* send CRLF */ }
///             Segment::Pong => { /* the peer lives */ }
///         }
///     }
/// }
/// assert_eq!(framer.waiting(), b"BYE sip:".len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamFramer {
    side: Side,
    buffer: Vec<u8>,
    /// Where in `buffer` that begins which nobody has been given yet.
    start: usize,
    /// How far behind `start` an empty line has been looked for.
    searched: usize,
    /// Octets that have left the buffer.
    passed: u64,
    failed: Option<StreamError>,
}

impl StreamFramer {
    /// Nothing has come yet.
    pub const fn new(side: Side) -> Self {
        Self { side, buffer: Vec::new(), start: 0, searched: 0, passed: 0, failed: None }
    }

    /// Takes octets that came, and says how many: as many as there is room for ([`MAX_BUFFERED`]). After
    /// [`StreamFramer::poll`] has given nothing there is room for at least one, unless the stream has failed; then all
    /// are taken and thrown away.
    pub fn push(&mut self, octets: &[u8]) -> usize {
        if self.failed.is_some() {
            return octets.len();
        }
        self.buffer.drain(..self.start);
        self.passed += self.start as u64;
        self.start = 0;
        let room = MAX_BUFFERED.saturating_sub(self.buffer.len());
        let taken = octets.get(..room).unwrap_or(octets);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// Octets that wait for the rest of their message.
    pub fn waiting(&self) -> usize {
        self.rest().len()
    }

    /// What stands next; `None` until more comes.
    ///
    /// # Errors
    /// The stream cannot be followed any further, now and ever after: close the connection.
    pub fn poll(&mut self) -> Result<Option<Segment<'_>>, StreamError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Some(segment) = self.keep_alive() {
            return Ok(Some(segment));
        }
        match self.message_len() {
            Ok(Some(length)) => {
                let start = self.start;
                self.pass(length);
                Ok(self.buffer.get(start..start + length).map(Segment::Message))
            }
            Ok(None) => Ok(None),
            Err(fault) => {
                let error = StreamError { fault, at: self.passed + self.start as u64 };
                self.failed = Some(error);
                self.buffer = Vec::new();
                self.start = 0;
                Err(error)
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn pass(&mut self, length: usize) {
        self.start += length;
        self.searched = 0;
    }

    /// Takes line ends before a message away (RFC 3261 section 7.5), as far as they are whole. A single CRLF at the
    /// acceptor's may still become a ping: it stays until something follows.
    fn keep_alive(&mut self) -> Option<Segment<'static>> {
        loop {
            let (length, segment) = match (self.side, self.rest()) {
                (Side::Accepted, [b'\r', b'\n', b'\r', b'\n', ..]) => (4, Some(Segment::Ping)),
                (Side::Accepted, [b'\r', b'\n'] | [b'\r', b'\n', b'\r']) => return None,
                (Side::Opened, [b'\r', b'\n', ..]) => (2, Some(Segment::Pong)),
                (Side::Accepted, [b'\r', b'\n', ..]) => (2, None),
                (_, [b'\n', ..]) => (1, None),
                (_, _) => return None,
            };
            self.pass(length);
            if segment.is_some() {
                return segment;
            }
        }
    }

    /// The length of the message at the start, if it is all there.
    fn message_len(&mut self) -> Result<Option<usize>, StreamFault> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        if rest.is_empty() || matches!(rest, [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r']) {
            return Ok(None);
        }
        let Some(head) = head_len(rest, self.searched) else {
            // The end of an empty line may be on its way.
            self.searched = rest.len().saturating_sub(2);
            if rest.len() >= MAX_BUFFERED {
                return Err(StreamFault::Framing(FramingFault::TooLong));
            }
            return start_is_sip(rest).map(|()| None);
        };
        let head_bytes = rest.get(..head).unwrap_or_default();
        let message = Message::parse(head_bytes).map_err(|error: FramingError| StreamFault::Framing(error.fault))?;
        let body = content_length(&message)?;
        let length = head.checked_add(body).filter(|length| *length <= MAX_MESSAGE);
        let length = length.ok_or(StreamFault::Framing(FramingFault::TooLong))?;
        Ok((length <= rest.len()).then_some(length))
    }
}

/// The length of the header section with its empty line, looked for behind the first `searched` octets.
fn head_len(bytes: &[u8], searched: usize) -> Option<usize> {
    let mut at = searched;
    loop {
        at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// A first line that is none of SIP is no reason to wait for the rest of it. Line ends say nothing yet.
fn start_is_sip(rest: &[u8]) -> Result<(), StreamFault> {
    let end = match memchr::memchr(b'\n', rest) {
        Some(at) => at + 1,
        None if rest.len() <= super::MAX_LINE => return Ok(()),
        None => rest.len(),
    };
    let line = rest.get(..end).unwrap_or_default();
    match Message::parse(line) {
        Ok(_) | Err(FramingError { fault: FramingFault::Empty, .. }) => Ok(()),
        Err(error) => Err(StreamFault::Framing(error.fault)),
    }
}

/// What the message says about the length of its body, in octets.
fn content_length(message: &Message<'_>) -> Result<usize, StreamFault> {
    let mut lengths = message.fields().filter(|field| field.name == Name::ContentLength).map(|field| {
        decimal(field.value).and_then(|length| usize::try_from(length).ok()).ok_or(StreamFault::BadLength)
    });
    let first = lengths.next().ok_or(StreamFault::NoLength)??;
    for other in lengths {
        if other? != first {
            return Err(StreamFault::TwoLengths);
        }
    }
    Ok(first)
}
