//! What identifies a transaction: RFC 3261 section 17.1.3 for responses, section 17.2.3 for requests.

use std::fmt;
use std::sync::Arc;

use super::TransactionError;
use crate::wire::{HeaderError, Message, Method, Start, Via};

/// The port that a sent-by without a port means (RFC 3261 section 18.1.1).
const DEFAULT_PORT: u16 = 5060;

/// A client transaction: the branch of the top Via of the request, and its method.
///
/// The method is part of it because a CANCEL has the branch of the request it cancels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey {
    branch: Text,
    method: Text,
}

impl ClientKey {
    /// The key of a request that we send.
    pub(super) fn of_request(via: &Via<'_>, method: Method<'_>) -> Result<Self, TransactionError> {
        let branch = via.branch().filter(|_| via.has_magic_cookie()).ok_or(TransactionError::NoBranch)?;
        Ok(Self { branch: Text::from(branch), method: Text::from(method.as_bytes()) })
    }

    /// The key that a response names; `None` if its top Via has no branch.
    pub(super) fn of_response(via: &Via<'_>, method: Method<'_>) -> Option<Self> {
        Some(Self { branch: Text::from(via.branch()?), method: Text::from(method.as_bytes()) })
    }

    /// The key of the CANCEL of this request.
    pub(super) fn cancel(&self) -> Self {
        Self { branch: self.branch.clone(), method: Text::from(Method::Cancel.as_bytes()) }
    }

    /// The branch of the top Via.
    pub fn branch(&self) -> &[u8] {
        &self.branch.0
    }

    /// The method of the request.
    pub fn method(&self) -> Method<'_> {
        Method::from_bytes(&self.method.0)
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.branch)
    }
}

/// A server transaction: what makes two requests copies of each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey {
    id: RequestId,
    method: Text,
}

/// The part of a [`ServerKey`] that a CANCEL or an ACK shares with the request it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum RequestId {
    /// The branch has the magic cookie: it and the sent-by say it all.
    Branch { branch: Text, sent_by: SentBy },
    /// A client of RFC 2543, whose branch is not unique. The To tag is left out, although section 17.2.3 has it: an
    /// ACK has one that its INVITE had not, and the other five tell the requests of one client apart.
    Rfc2543 { uri: Text, from_tag: Option<Text>, call_id: Text, cseq: u32, via: Text },
}

impl ServerKey {
    /// The key of a request that came in with this top Via.
    pub(super) fn of(message: &Message<'_>, via: &Via<'_>) -> Result<Self, HeaderError> {
        let (method, uri) = match message.start() {
            Start::Request { method, uri } => (method, uri),
            Start::Response { .. } => return Err(HeaderError::Missing { header: "request line" }),
        };
        let id = match via.branch().filter(|_| via.has_magic_cookie()) {
            Some(branch) => RequestId::Branch { branch: Text::from(branch), sent_by: SentBy::of(via) },
            None => RequestId::Rfc2543 {
                uri: Text::from(uri),
                from_tag: message.from()?.tag().map(Text::from),
                call_id: Text::from(message.call_id()?),
                cseq: message.cseq()?.number,
                via: Text::from(via.raw),
            },
        };
        Ok(Self { id, method: Text::from(method.as_bytes()) })
    }

    /// The method of the request.
    pub fn method(&self) -> Method<'_> {
        Method::from_bytes(&self.method.0)
    }

    /// The transaction that this request would be a copy of if it had `method`.
    pub(super) fn with_method(&self, method: Method<'_>) -> Self {
        Self { id: self.id.clone(), method: Text::from(method.as_bytes()) }
    }

    /// Whether both differ in the method at most.
    pub(super) fn same_request(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// The least key that differs from this one in the method at most.
    pub(super) fn first_of_request(&self) -> Self {
        Self { id: self.id.clone(), method: Text::from(&b""[..]) }
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            RequestId::Branch { branch, sent_by } => {
                write!(f, "{} {branch} from {}:{}", self.method, sent_by.host, sent_by.port)
            }
            RequestId::Rfc2543 { call_id, cseq, .. } => write!(f, "{} {cseq} of {call_id}", self.method),
        }
    }
}

/// A transaction of either side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionKey {
    /// Our request.
    Client(ClientKey),
    /// The peer's request.
    Server(ServerKey),
}

impl fmt::Display for TransactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(key) => write!(f, "{key}"),
            Self::Server(key) => write!(f, "{key}"),
        }
    }
}

/// The sender of a request as its Via names it, in a form that compares as section 17.2.3 wants: hosts without case,
/// a missing port as the default.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SentBy {
    host: Text,
    port: u16,
}

impl SentBy {
    pub(super) fn of(via: &Via<'_>) -> Self {
        let host = via.host.to_string().to_ascii_lowercase();
        Self { host: Text::from(host.as_bytes()), port: via.port.unwrap_or(DEFAULT_PORT) }
    }
}

/// What makes a request without a To tag the same as one that came another way (RFC 3261 section 8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin {
    from_tag: Option<Text>,
    call_id: Text,
    cseq: u32,
    method: Text,
}

impl Origin {
    /// `None` for a request inside a dialog, which is never a merged one, and for one too broken to tell.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let cseq = message.cseq().ok()?;
        message.to().ok().filter(|to| to.tag().is_none())?;
        Some(Self {
            from_tag: message.from().ok()?.tag().map(Text::from),
            call_id: Text::from(message.call_id().ok()?),
            cseq: cseq.number,
            method: Text::from(cseq.method.as_bytes()),
        })
    }
}

/// A piece of a header field, compared byte by byte, cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Text(Arc<[u8]>);

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
