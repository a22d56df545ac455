//! Where a capture was made and how well: what its file says of that.
//!
//! A pcapng file may say which way each packet went (its flags), which addresses an interface has, from when to when it
//! was captured and how many packets were missed (its statistics); a Linux cooked capture says the way too. With that a
//! message has two frames, one where it was sent and one where it arrived, and what has only the first was lost. A file
//! that says that it missed nothing shows everything that happened at its hosts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use pcap_parser::{InterfaceDescriptionBlock, InterfaceStatisticsBlock, PcapNGOption};

use super::capture::{Clock, Direction, Frame};
use super::link::Link;
use super::seen::identity;
use crate::observe::Deadline;

/// Codes of options, in the blocks that have them (draft-ietf-opsawg-pcapng sections 4.2 to 4.6).
const IPV4_ADDRESS: u16 = 4;
const IPV6_ADDRESS: u16 = 5;
const PACKET_FLAGS: u16 = 2;
const START_TIME: u16 = 2;
const END_TIME: u16 = 3;
const DROPPED: u16 = 5;
const DROPPED_BY_SYSTEM: u16 = 7;

/// Where a capture was made and how well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundary {
    /// Hosts at whose own interface was captured what they send.
    pub sends: BTreeSet<IpAddr>,
    /// Hosts at whose own interface was captured what they get.
    pub gets: BTreeSet<IpAddr>,
    /// Until when was captured, since the first frame, if the file says so.
    pub until: Option<Duration>,
    /// Whether the file says that nothing was missed at these hosts.
    pub complete: bool,
    /// Whether it was captured at one interface only: what leaves it is not seen to arrive.
    pub alone: bool,
}

/// What a section says of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link: Result<Link, i32>,
    pub(super) clock: Clock,
    addresses: Vec<IpAddr>,
    captured: Option<Captured>,
}

/// The statistics of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Captured {
    begin: Option<Duration>,
    end: Option<Duration>,
    /// `None` if it is not said.
    dropped: Option<u64>,
}

/// The octets of the option with this code.
fn option<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> Option<&'a [u8]> {
    let found = options.iter().find(|option| option.code.0 == code)?;
    let value: &Cow<'_, [u8]> = &found.value;
    // A value may be padded.
    value.get(..found.len.into())
}

fn word(octets: &[u8], big_endian: bool) -> Option<u32> {
    let octets = octets.get(..4)?.try_into().ok()?;
    Some(if big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
}

/// Two words that are a time stamp, the high one first in either order of octets.
fn stamp(octets: &[u8], big_endian: bool) -> Option<u64> {
    let (high, low) = (word(octets, big_endian)?, word(octets.get(4..)?, big_endian)?);
    Some(u64::from(high) << 32 | u64::from(low))
}

fn number(octets: &[u8], big_endian: bool) -> Option<u64> {
    let octets = octets.get(..8)?.try_into().ok()?;
    Some(if big_endian { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) })
}

/// Which way a packet went, by its flags.
pub(super) fn direction(options: &[PcapNGOption<'_>], big_endian: bool) -> Option<Direction> {
    match word(option(options, PACKET_FLAGS)?, big_endian)? & 3 {
        1 => Some(Direction::Inbound),
        2 => Some(Direction::Outbound),
        _ => None,
    }
}

impl Interface {
    /// What its description says.
    pub(super) fn of(description: &InterfaceDescriptionBlock<'_>) -> Self {
        let number = description.linktype.0;
        let resolution = description.ts_resolution().unwrap_or(1_000_000).max(1);
        let ipv4 =
            option(&description.options, IPV4_ADDRESS).and_then(|octets| <[u8; 4]>::try_from(octets.get(..4)?).ok());
        let ipv6 =
            option(&description.options, IPV6_ADDRESS).and_then(|octets| <[u8; 16]>::try_from(octets.get(..16)?).ok());
        let ipv4 = ipv4.map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
        let ipv6 = ipv6.map(|octets| IpAddr::V6(Ipv6Addr::from(octets)));
        Self {
            link: Link::from_number(number).ok_or(number),
            clock: Clock { resolution, offset: description.if_tsoffset },
            addresses: ipv4.into_iter().chain(ipv6).collect(),
            captured: None,
        }
    }

    /// Takes what its statistics say.
    pub(super) fn take(&mut self, statistics: &InterfaceStatisticsBlock<'_>, big_endian: bool) {
        let time = |code| {
            let units = stamp(option(&statistics.options, code)?, big_endian)?;
            Some(self.clock.time(units))
        };
        let count = |code| number(option(&statistics.options, code)?, big_endian);
        let dropped = match (count(DROPPED), count(DROPPED_BY_SYSTEM)) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        self.captured = Some(Captured { begin: time(START_TIME), end: time(END_TIME), dropped });
    }

    /// Whether everything at this interface between two times is in the file.
    fn covers(&self, begin: Duration, end: Duration) -> bool {
        let whole = |captured: Captured| {
            captured.begin.is_some_and(|own| own <= begin)
                && captured.end.is_some_and(|own| own >= end)
                && captured.dropped == Some(0)
        };
        self.link.is_ok() && !self.addresses.is_empty() && self.captured.is_some_and(whole)
    }
}

impl Boundary {
    /// What the interfaces of a file say of its frames; `span` is the time of the first frame and of the last.
    pub(super) fn of(frames: &[Frame], interfaces: &[Interface], span: Option<(Duration, Duration)>) -> Self {
        let Some((begin, end)) = span else { return Self::default() };
        let hosts = |way: Direction, address: fn(&Frame) -> IpAddr| -> BTreeSet<IpAddr> {
            frames.iter().filter(|frame| frame.direction == Some(way)).map(address).collect()
        };
        let mut sends = hosts(Direction::Outbound, |frame| frame.source.ip());
        let mut gets = hosts(Direction::Inbound, |frame| frame.destination.ip());
        let directed = frames.iter().all(|frame| frame.direction.is_some());
        if directed {
            for address in interfaces.iter().flat_map(|interface| &interface.addresses) {
                sends.insert(*address);
                gets.insert(*address);
            }
        }
        let complete = directed && !interfaces.is_empty() && interfaces.iter().all(|one| one.covers(begin, end));
        let ends = interfaces.iter().filter_map(|interface| interface.captured?.end);
        let until = ends.min().map(|until| until.saturating_sub(begin));
        Self { sends, gets, until, complete, alone: interfaces.len() == 1 }
    }

    /// Whether a frame shows that its message was sent, and that it arrived, where it goes from and to these hosts at
    /// the end. Where the other end has an interface of its own in the capture, a frame shows one of them only.
    pub(super) fn shows(&self, frame: &Frame, ends: [IpAddr; 2]) -> (bool, bool) {
        let [from, to] = ends;
        match frame.direction {
            None => (true, true),
            Some(_) if self.complete && !self.alone => {
                (frame.direction == Some(Direction::Outbound), frame.direction == Some(Direction::Inbound))
            }
            Some(Direction::Outbound) => {
                (true, ![frame.destination.ip(), to].iter().any(|host| self.gets.contains(host)))
            }
            Some(Direction::Inbound) => (![frame.source.ip(), from].iter().any(|host| self.sends.contains(host)), true),
        }
    }

    /// Whether these frames are everything that their parties said: the file says so, whatever arrived was seen to be
    /// sent, and no call had begun before.
    pub(super) fn is_whole(&self, frames: &[&Frame]) -> bool {
        let (mut sent, mut asked) = (BTreeSet::new(), BTreeSet::new());
        let mut calls = BTreeSet::new();
        let here =
            |frame: &&Frame| self.sends.contains(&frame.source.ip()) && self.gets.contains(&frame.destination.ip());
        self.complete
            && (!self.alone || frames.iter().all(here))
            && frames.iter().all(|frame| {
                let message = &frame.message;
                let begins = message.is_request() && message.to_tag().is_none();
                let known = !calls.insert(message.call_id()) || begins;
                let Some(identity) = identity(message) else { return known };
                if frame.direction == Some(Direction::Outbound) {
                    if message.is_request() {
                        asked.insert(identity.0.clone());
                    }
                    sent.insert(identity);
                    return known;
                }
                // Proxies ask for credentials, and they are no parties (RFC 3261 section 22.3).
                let by_a_proxy = message.status() == Some(407) && asked.contains(&identity.0);
                known && (by_a_proxy || sent.contains(&identity))
            })
    }

    /// Whether it was captured long enough after the last of these frames that nobody has anything more to say.
    pub(super) fn rests(&self, frames: &[&Frame]) -> bool {
        let last = frames.last().map_or(Duration::ZERO, |frame| frame.time);
        self.until.is_some_and(|until| until.saturating_sub(last) >= Deadline::TRANSACTION.remaining())
    }
}
