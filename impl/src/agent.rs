//! The boundary of every role: bytes and time in, bytes and events out.
//!
//! Contract (each clause is a test): same inputs give the same bytes; no datagram makes an agent panic; a discarded
//! datagram changes no state; every table is bounded by a named limit; `now` never goes back; an early or spurious
//! [`Agent::handle_timeout`] changes nothing. Three polls, because transmits and events have different consumers.

use std::fmt;
use std::hash::Hash;
use std::net::SocketAddr;

use crate::error::CommandError;
use crate::time::{Time, Timer};

/// Transport protocol of a hop (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Unreliable: the transaction layer repeats requests and final responses.
    #[default]
    Udp,
    /// Reliable: Timers A, E and G are off, D, I, J and K are zero.
    Tcp,
}

impl Transport {
    /// Whether the transport itself repeats what is lost.
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp)
    }

    /// The token that stands in a Via header field.
    pub const fn via_token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// What is known of the path to the next hops: it decides how large a request may be over UDP, which cannot be told to
/// slow down and whose fragments get lost (RFC 3261 section 18.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathMtu {
    /// Nothing: a request may have [`PathMtu::UNKNOWN_LIMIT`] bytes.
    #[default]
    Unknown,
    /// The path takes packets of this many bytes; a request has to leave [`PathMtu::MARGIN`] of them free, so that the
    /// response, which is larger, passes too.
    Known(u16),
    /// Everything passes, as where both ends are on one host.
    Unlimited,
}

impl PathMtu {
    /// Most bytes of a request over UDP on a path of which nothing is known.
    pub const UNKNOWN_LIMIT: usize = 1300;
    /// Bytes of the path's MTU that a request leaves free.
    pub const MARGIN: usize = 200;

    /// Whether a request of this many bytes may go over UDP.
    pub fn admits(self, bytes: usize) -> bool {
        match self {
            Self::Unknown => bytes <= Self::UNKNOWN_LIMIT,
            Self::Known(mtu) => bytes + Self::MARGIN <= usize::from(mtu),
            Self::Unlimited => true,
        }
    }
}

/// Where a datagram comes from or goes to: a socket address and the transport used with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    /// IP address and port.
    pub socket: SocketAddr,
    /// Transport of the hop.
    pub transport: Transport,
}

impl Addr {
    /// An address reached over UDP.
    pub const fn udp(socket: SocketAddr) -> Self {
        Self { socket, transport: Transport::Udp }
    }

    /// The same address over another transport.
    #[must_use]
    pub const fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.socket, self.transport.via_token())
    }
}

/// One datagram that the agent wants sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transmit {
    /// The next hop.
    pub to: Addr,
    /// The whole SIP message.
    pub bytes: Vec<u8>,
}

/// What became of a datagram that an agent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// It was new and moved the agent's state.
    Consumed,
    /// It was a copy of something already handled; at most a copy of the answer was sent.
    Absorbed,
    /// It was thrown away and no state changed.
    Discarded(Discard),
}

/// Why a datagram was thrown away without any effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discard {
    /// It is not a SIP message.
    NotSip,
    /// A header field without which the message cannot be matched is missing or malformed.
    Unmatchable,
    /// A response that belongs to no transaction of ours (RFC 3261 section 18.1.2).
    StrayResponse,
    /// An ACK that belongs to no dialog of ours; an ACK is never answered.
    StrayAck,
    /// A table is full and the message cannot even be answered.
    TableFull,
}

/// A sans-IO protocol participant: a role of the conference procedures or a proxy hop.
pub trait Agent: Clone + Eq + Hash {
    /// What its user may ask of it.
    type Command;
    /// What it tells its user.
    type Event;

    /// Takes one datagram that arrived from `from`.
    fn handle_datagram(&mut self, now: Time, from: Addr, bytes: &[u8]) -> Receipt;
    /// Takes back what the transport could not deliver: the connection was refused, the port or the host cannot be
    /// reached (RFC 3261 sections 8.1.3.1, 18.1.1 and 18.4).
    fn handle_transport_error(&mut self, now: Time, failed: Transmit);
    /// Lets every timer that is due at `now` fire; calling it early changes nothing.
    fn handle_timeout(&mut self, now: Time);
    /// Carries out a user's command.
    ///
    /// # Errors
    /// The command does not fit the present state; nothing was changed or sent.
    fn handle_command(&mut self, now: Time, command: Self::Command) -> Result<(), CommandError>;
    /// The next datagram to send, in order.
    fn poll_transmit(&mut self) -> Option<Transmit>;
    /// The next event for the user, in order.
    fn poll_event(&mut self) -> Option<Self::Event>;
    /// When [`Agent::handle_timeout`] has to be called next, if no input comes before.
    fn poll_timeout(&self) -> Option<Time>;
    /// Every pending timer, to decide whether the system is quiescent.
    fn timers(&self) -> Vec<Timer>;
}
