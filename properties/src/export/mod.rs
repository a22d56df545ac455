//! What crossed the agents' boundaries in a run, as a capture file.
//!
//! One interface for each user agent, as if every one of them captured at its own host and the files were merged: a
//! message leaves one interface when it is sent and enters another when it arrives, each time with its direction. A
//! datagram that was lost just never enters. What happens between proxies is not in the file. The file says of itself
//! that nothing was missed, and when the capture ended; `trace/boundary.rs` reads all that back, so that `trace` sees
//! the events that the observers saw in the run, in their order.
//!
//! Time is the virtual time of the world, counted from 1970. A run that came to rest is captured on for as long as any
//! transaction lives, so that what is still owed then can be called missing.

mod pcapng;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use etherparse::PacketBuilder;
use imsconf::time::Time;
use thiserror::Error;

use crate::observe::{Deadline, Party};
use crate::schedule::Settings;
use crate::world::{Crossing, Node, Outcome};

/// Hop limit and time to live of the exported packets, the usual one.
const HOPS: u8 = 64;

/// Why there is no capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExportError {
    /// A message does not fit into one UDP datagram.
    #[error("a message of {0} octets does not fit into a datagram")]
    TooLong(usize),
    /// An IPv4 host talks to an IPv6 host.
    #[error("{source_address} and {destination} are of different address families")]
    Families {
        /// Where the message comes from.
        source_address: SocketAddr,
        /// Where it goes.
        destination: SocketAddr,
    },
}

/// A host at whose interface is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    party: Party,
    name: String,
    address: SocketAddr,
}

/// One message at one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Passage {
    time: Duration,
    /// Which of the hosts.
    host: u32,
    /// Whether it leaves the host.
    outbound: bool,
    source: SocketAddr,
    destination: SocketAddr,
    bytes: Arc<[u8]>,
}

/// Everything that crossed an agent's boundary in a run, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    hosts: Vec<Host>,
    passages: Vec<Passage>,
    now: Duration,
    /// Whether the world came to rest.
    rested: bool,
}

impl Recording {
    /// A recording of a world in which nothing has happened yet.
    pub(crate) fn new(settings: Settings) -> Self {
        let fixed = [(Party::Ue, "UE".to_owned(), Node::Ue), (Party::Focus, "focus".to_owned(), Node::Focus)];
        let users =
            (0..settings.invited).map(|user| (Party::Participant(user), format!("user {user}"), Node::User(user)));
        let host = |(party, name, node): (Party, String, Node)| Host { party, name, address: node.address().socket };
        let hosts = fixed.into_iter().chain(users).map(host).collect();
        Self { hosts, passages: Vec::new(), now: Duration::ZERO, rested: false }
    }

    /// Takes down what a move showed; `now` is the time after it.
    pub(crate) fn take(&mut self, now: Time, outcome: &Outcome) {
        self.now = now.since(Time::EPOCH);
        if let Some((crossing, _)) = &outcome.arrived {
            self.pass(crossing, false);
        }
        for crossing in &outcome.sent {
            self.pass(crossing, true);
        }
    }

    fn pass(&mut self, crossing: &Crossing, outbound: bool) {
        let hosts = (0..).zip(&self.hosts);
        let Some((host, own)) = hosts.into_iter().find(|(_, host)| host.party == crossing.party) else { return };
        let (here, there) = (own.address, crossing.hop.socket);
        let (source, destination) = if outbound { (here, there) } else { (there, here) };
        let (time, bytes) = (self.now, crossing.bytes.clone());
        self.passages.push(Passage { time, host, outbound, source, destination, bytes });
    }

    /// The world has come to rest: nobody has anything more to say.
    pub(crate) const fn rest(&mut self) {
        self.rested = true;
    }

    /// What the agents sent, in order.
    pub fn sent(&self) -> impl Iterator<Item = (Party, &[u8])> {
        let party = |host: u32| self.hosts.get(usize::try_from(host).ok()?).map(|host| host.party);
        let sent = self.passages.iter().filter(|passage| passage.outbound);
        sent.filter_map(move |passage| Some((party(passage.host)?, passage.bytes.as_ref())))
    }

    /// When the capture ends.
    fn end(&self) -> Duration {
        if self.rested { self.now + Deadline::TRANSACTION.remaining() } else { self.now }
    }

    /// The capture file, in the format pcapng, with raw IP packets.
    ///
    /// # Errors
    /// A message cannot be carried in a UDP datagram between its hosts.
    pub fn pcapng(&self) -> Result<Vec<u8>, ExportError> {
        let mut file = pcapng::File::new();
        for host in &self.hosts {
            file.interface(&host.name, host.address.ip());
        }
        for passage in &self.passages {
            file.packet(passage.host, passage.time, passage.outbound, &packet(passage)?);
        }
        for (host, _) in (0..).zip(&self.hosts) {
            let own = self.passages.iter().filter(|passage| passage.host == host).count();
            file.statistics(host, self.end(), own);
        }
        Ok(file.octets())
    }
}

/// The IP packet that carries a message.
fn packet(passage: &Passage) -> Result<Vec<u8>, ExportError> {
    let Passage { source, destination, bytes, .. } = passage;
    let builder = match (source, destination) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), HOPS),
        (SocketAddr::V6(from), SocketAddr::V6(to)) => PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), HOPS),
        _ => return Err(ExportError::Families { source_address: *source, destination: *destination }),
    };
    let mut packet = Vec::with_capacity(bytes.len() + 48);
    let written = builder.udp(source.port(), destination.port()).write(&mut packet, bytes);
    written.map_err(|_| ExportError::TooLong(bytes.len()))?;
    Ok(packet)
}
