//! From a captured frame to what it carries: link layer, IPv4 or IPv6, fragments, UDP or TCP.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use etherparse::defrag::IpDefragPool;
use etherparse::{EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, NetSlice, SlicedPacket, TransportSlice, UdpSlice};

use super::capture::Direction;
use super::stream::Segment;

/// How the frames of an interface begin (the numbers of the LINKTYPE registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Link {
    /// Ethernet.
    Ethernet,
    /// BSD loopback: four octets of address family.
    Loopback,
    /// An IP packet at once.
    Raw,
    /// Linux "cooked" capture, version 1.
    Cooked,
    /// Linux "cooked" capture, version 2.
    Cooked2,
}

impl Link {
    /// The link layer with this number.
    pub(super) const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Ethernet),
            0 | 108 => Some(Self::Loopback),
            12 | 14 | 101 | 228 | 229 => Some(Self::Raw),
            113 => Some(Self::Cooked),
            276 => Some(Self::Cooked2),
            _ => None,
        }
    }

    /// Which way a frame went, as far as a cooked capture says so: each packet has a type there, 0 for one to this host
    /// and 4 for one sent by it.
    fn direction(self, frame: &[u8]) -> Option<Direction> {
        let kind = match self {
            Self::Cooked => frame.get(1),
            Self::Cooked2 => frame.get(10),
            Self::Ethernet | Self::Loopback | Self::Raw => None,
        };
        match kind? {
            0 => Some(Direction::Inbound),
            4 => Some(Direction::Outbound),
            _ => None,
        }
    }

    /// The IP packet in a frame, with what Ethernet calls its type if the link layer says it.
    fn network(self, frame: &[u8]) -> Option<(Option<EtherType>, &[u8])> {
        let kind = |at: usize| {
            let bytes = frame.get(at..at + 2)?.try_into().ok()?;
            Some(EtherType(u16::from_be_bytes(bytes)))
        };
        match self {
            Self::Ethernet | Self::Raw => Some((None, frame)),
            Self::Loopback => Some((None, frame.get(4..)?)),
            Self::Cooked => Some((Some(kind(14)?), frame.get(16..)?)),
            Self::Cooked2 => Some((Some(kind(0)?), frame.get(20..)?)),
        }
    }
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Where it comes from.
    pub(super) source: SocketAddr,
    /// Where it goes.
    pub(super) destination: SocketAddr,
    /// Which way it went, where the link layer says so.
    pub(super) direction: Option<Direction>,
    /// What it carries.
    pub(super) content: Content<'a>,
}

/// The payload of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// A UDP datagram.
    Datagram(Cow<'a, [u8]>),
    /// A TCP segment.
    Segment(Segment<'a>),
}

/// Puts IP fragments together; bounded, because a capture may be full of first fragments.
#[derive(Default)]
pub(super) struct Reassembly {
    pool: IpDefragPool<u32, ()>,
}

/// How many frames a fragment waits for the rest of its packet.
const FRAGMENT_PATIENCE: u32 = 4096;

impl Reassembly {
    /// What frame `number` carries or completes.
    pub(super) fn packet<'a>(&mut self, link: Link, number: u32, frame: &'a [u8]) -> Option<Packet<'a>> {
        let (kind, packet) = link.network(frame)?;
        let lax = match (link, kind) {
            (Link::Ethernet, _) => LaxSlicedPacket::from_ethernet(packet).ok()?,
            (_, Some(kind)) => LaxSlicedPacket::from_ether_type(kind, packet),
            (_, None) => LaxSlicedPacket::from_ip(packet).ok()?,
        };
        let (source, destination) = match lax.net.as_ref()? {
            LaxNetSlice::Ipv4(ip) => {
                (IpAddr::V4(ip.header().source_addr()), IpAddr::V4(ip.header().destination_addr()))
            }
            LaxNetSlice::Ipv6(ip) => {
                (IpAddr::V6(ip.header().source_addr()), IpAddr::V6(ip.header().destination_addr()))
            }
            LaxNetSlice::Arp(_) => return None,
        };
        let direction = link.direction(frame);
        let addressed = |source_port, destination_port, content| Packet {
            source: SocketAddr::new(source, source_port),
            destination: SocketAddr::new(destination, destination_port),
            direction,
            content,
        };
        match lax.transport {
            Some(TransportSlice::Udp(udp)) => {
                let content = Content::Datagram(Cow::Borrowed(udp.payload()));
                return Some(addressed(udp.source_port(), udp.destination_port(), content));
            }
            Some(TransportSlice::Tcp(tcp)) => {
                let segment = Segment { sequence: tcp.sequence_number(), opens: tcp.syn(), payload: tcp.payload() };
                return Some(addressed(tcp.source_port(), tcp.destination_port(), Content::Segment(segment)));
            }
            _ => {}
        }
        if !lax.net.as_ref()?.ip_payload_ref()?.fragmented {
            return None;
        }
        let whole = self.complete(link, kind, number, packet)?;
        let udp = UdpSlice::from_slice(&whole).ok()?;
        let content = Content::Datagram(Cow::Owned(udp.payload().to_vec()));
        Some(addressed(udp.source_port(), udp.destination_port(), content))
    }

    fn complete(&mut self, link: Link, kind: Option<EtherType>, number: u32, packet: &[u8]) -> Option<Vec<u8>> {
        let strict = match (link, kind) {
            (Link::Ethernet, _) => SlicedPacket::from_ethernet(packet),
            (_, Some(kind)) => SlicedPacket::from_ether_type(kind, packet),
            (_, None) => SlicedPacket::from_ip(packet),
        }
        .ok()?;
        if !matches!(strict.net, Some(NetSlice::Ipv4(_) | NetSlice::Ipv6(_))) {
            return None;
        }
        self.pool.retain(|&since| number.saturating_sub(since) < FRAGMENT_PATIENCE);
        let whole = self.pool.process_sliced_packet(&strict, number, ()).ok().flatten()?;
        (whole.ip_number == IpNumber::UDP).then_some(whole.payload)
    }
}
