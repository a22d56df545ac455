//! What identifies a transaction: RFC 3261 section 17.1.3 for responses, section 17.2.3 for requests.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;

use super::TransactionError;
use crate::wire::{HeaderError, Host, Message, Method, Start, Via};

/// The port that a sent-by without a port means (RFC 3261 section 18.1.1).
const DEFAULT_PORT: u16 = 5060;

/// A client transaction: the branch of the top Via of the request, and its method.
///
/// The method is part of it because a CANCEL has the branch of the request it cancels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(Shared<ClientParts>);

/// What a [`ClientKey`] is made of, with which its transaction can be found.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientParts {
    mark: Mark,
    branch: Text,
    method: OwnMethod,
}

impl ClientParts {
    /// Those that a response names; `None` if its top Via has no branch.
    pub(super) fn of_response(via: &Via<'_>, method: Method<'_>) -> Option<Self> {
        Some(Self::new(via.branch()?, method))
    }

    fn new(branch: &[u8], method: Method<'_>) -> Self {
        Self { mark: Mark::of(branch), branch: Text::from(branch), method: method.into() }
    }
}

impl Borrow<ClientParts> for ClientKey {
    fn borrow(&self) -> &ClientParts {
        &self.0
    }
}

impl ClientKey {
    /// The key of a request that we send.
    pub(super) fn of_request(via: &Via<'_>, method: Method<'_>) -> Result<Self, TransactionError> {
        let branch = via.branch().filter(|branch| has_magic_cookie(branch)).ok_or(TransactionError::NoBranch)?;
        Ok(Self::new(branch, method))
    }

    /// The key of a request with this branch.
    pub(crate) fn new(branch: &[u8], method: Method<'_>) -> Self {
        Self(Shared::new(ClientParts::new(branch, method)))
    }

    /// The key of the CANCEL of this request.
    pub(super) fn cancel(&self) -> Self {
        Self::new(self.branch(), Method::Cancel)
    }

    /// The branch of the top Via.
    pub fn branch(&self) -> &[u8] {
        &self.0.branch.0
    }

    /// The method of the request.
    pub fn method(&self) -> Method<'_> {
        self.0.method.get()
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClientParts { branch, method, .. } = &*self.0;
        write!(f, "{method} {branch}")
    }
}

/// A server transaction: what makes two requests copies of each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(Shared<ServerParts>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ServerParts {
    mark: Mark,
    id: RequestId,
    method: OwnMethod,
}

/// The part of a [`ServerKey`] that a CANCEL or an ACK shares with the request it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum RequestId {
    /// The branch has the magic cookie: it and the sent-by say it all.
    Branch { branch: Text, sent_by: SentBy },
    /// A client of RFC 2543, whose branch is not unique.
    Rfc2543(Box<Rfc2543>),
}

/// The To tag is left out, although section 17.2.3 has it: an ACK has one that its INVITE had not, and these five tell
/// the requests of one client apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rfc2543 {
    uri: Text,
    from_tag: Option<Text>,
    call_id: Text,
    cseq: u32,
    via: Text,
}

impl RequestId {
    fn mark(&self) -> Mark {
        match self {
            Self::Branch { branch, .. } => Mark::of(&branch.0),
            Self::Rfc2543(id) => Mark::of(&id.call_id.0),
        }
    }
}

impl ServerKey {
    /// The key of a request that came in with this top Via and this branch in it.
    pub(super) fn of(message: &Message<'_>, via: &Via<'_>, branch: Option<&[u8]>) -> Result<Self, HeaderError> {
        let (method, uri) = match message.start() {
            Start::Request { method, uri } => (method, uri),
            Start::Response { .. } => return Err(HeaderError::Missing { header: "request line" }),
        };
        let id = match branch.filter(|branch| has_magic_cookie(branch)) {
            Some(branch) => RequestId::Branch { branch: Text::from(branch), sent_by: SentBy::of(via) },
            None => RequestId::Rfc2543(Box::new(Rfc2543 {
                uri: Text::from(uri),
                from_tag: message.from_tag()?.map(Text::from),
                call_id: Text::from(message.call_id()?),
                cseq: message.cseq()?.number,
                via: Text::from(via.raw),
            })),
        };
        Ok(Self::new(id, method))
    }

    fn new(id: RequestId, method: Method<'_>) -> Self {
        Self(Shared::new(ServerParts { mark: id.mark(), id, method: method.into() }))
    }

    /// The method of the request.
    pub fn method(&self) -> Method<'_> {
        self.0.method.get()
    }

    /// The transaction that this request would be a copy of if it had `method`.
    pub(super) fn with_method(&self, method: Method<'_>) -> Self {
        Self::new(self.0.id.clone(), method)
    }

    /// Whether both differ in the method at most.
    pub(super) fn same_request(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }

    /// The least key that differs from this one in the method at most.
    pub(super) fn first_of_request(&self) -> Self {
        Self::new(self.0.id.clone(), Method::Other(b""))
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerParts { id, method, .. } = &*self.0;
        match id {
            RequestId::Branch { branch, sent_by } => write!(f, "{method} {branch} from {sent_by}"),
            RequestId::Rfc2543(id) => write!(f, "{method} {} of {}", id.cseq, id.call_id),
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
pub(crate) struct SentBy {
    host: SenderHost,
    port: u16,
}

/// A name in lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum SenderHost {
    Address(IpAddr),
    Name(Text),
}

impl SentBy {
    pub(super) fn of(via: &Via<'_>) -> Self {
        let host = match via.host {
            Host::V4(address) => SenderHost::Address(address.into()),
            Host::V6(address) => SenderHost::Address(address.into()),
            Host::Name(name) => SenderHost::Name(Text::lower(name.as_bytes())),
        };
        Self { host, port: via.port.unwrap_or(DEFAULT_PORT) }
    }
}

impl From<SocketAddr> for SentBy {
    /// What an agent at this address writes.
    fn from(address: SocketAddr) -> Self {
        Self { host: SenderHost::Address(address.ip()), port: address.port() }
    }
}

impl fmt::Display for SentBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            SenderHost::Address(address) => write!(f, "{}", SocketAddr::new(*address, self.port)),
            SenderHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// What makes a request without a To tag the same as one that came another way (RFC 3261 section 8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin {
    from_tag: Option<Text>,
    call_id: Text,
    cseq: u32,
    method: OwnMethod,
}

impl Origin {
    /// Of a request outside a dialog: one inside is never a merged one. `None` for one too broken to tell.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let cseq = message.cseq().ok()?;
        Some(Self {
            from_tag: message.from_tag().ok()?.map(Text::from),
            call_id: Text::from(message.call_id().ok()?),
            cseq: cseq.number,
            method: cseq.method.into(),
        })
    }
}

/// The last eight octets of the branch, of the Call-ID where there is no unique branch; zero of a shorter one. Branches
/// have their beginnings in common, so that keys are ordered by this before they are compared as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Mark(u64);

impl Mark {
    fn of(name: &[u8]) -> Self {
        Self(u64::from_be_bytes(name.last_chunk().copied().unwrap_or_default()))
    }
}

/// What a key is made of. A key stands in the table, beside its timers and in what is told of it: clones share it, and
/// a clone is found equal without a look into it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    fn new(parts: T) -> Self {
        Self(Arc::new(parts))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Ord> PartialOrd for Shared<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Shared<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

/// Whether a branch alone names the transaction (section 17.2.3).
fn has_magic_cookie(branch: &[u8]) -> bool {
    branch.starts_with(b"z9hG4bK")
}

/// A method that outlives its message; ordered by its token.
#[derive(Clone, PartialEq, Eq, Hash)]
enum OwnMethod {
    Known(Method<'static>),
    Extension(Box<[u8]>),
}

impl OwnMethod {
    fn get(&self) -> Method<'_> {
        match self {
            Self::Known(method) => *method,
            Self::Extension(token) => Method::Other(token),
        }
    }
}

impl From<Method<'_>> for OwnMethod {
    fn from(method: Method<'_>) -> Self {
        method.known().map_or_else(|| Self::Extension(method.as_bytes().into()), Self::Known)
    }
}

impl PartialOrd for OwnMethod {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OwnMethod {
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().as_bytes().cmp(other.get().as_bytes())
    }
}

impl fmt::Display for OwnMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.get().as_bytes().escape_ascii())
    }
}

impl fmt::Debug for OwnMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A piece of a header field, compared byte by byte; a usual branch or tag fits without an allocation.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Text(SmallVec<[u8; 24]>);

impl Clone for Text {
    /// As one copy of all bytes, not byte by byte.
    fn clone(&self) -> Self {
        Self::from(&*self.0)
    }
}

impl Text {
    fn lower(bytes: &[u8]) -> Self {
        let mut text = Self::from(bytes);
        text.0.make_ascii_lowercase();
        text
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
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
