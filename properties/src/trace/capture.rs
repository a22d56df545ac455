//! Reads pcap and pcapng files and keeps what is SIP, over UDP or TCP, whatever the port.
//!
//! Frames are numbered as Wireshark numbers them: every packet of the file counts, from 1. A file that ends in the
//! middle of a packet gives what came before and says where it was cut.

use std::net::SocketAddr;
use std::time::Duration;

use pcap_parser::{Block, parse_block_be, parse_block_le, parse_pcap_header};
use thiserror::Error;

use super::boundary::{Boundary, Interface, direction};
use super::link::{Content, Link, Reassembly};
use super::stream::{Complete, Place, Streams};
use crate::oracle::Sip;

/// Why a file cannot be read, or not to its end, or not all of it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// It begins like neither a pcap nor a pcapng file.
    #[error("neither a pcap nor a pcapng file")]
    NotACapture,
    /// It ends in the middle of something.
    #[error("the file ends in the middle of what begins at octet {offset}, after frame {frame}")]
    Truncated {
        /// Number of the last whole frame; 0 if there is none.
        frame: u32,
        /// Where in the file the incomplete part begins.
        offset: usize,
    },
    /// Something in it cannot be what the format says.
    #[error("the file is damaged at octet {offset}, after frame {frame}")]
    Damaged {
        /// Number of the last whole frame; 0 if there is none.
        frame: u32,
        /// Where in the file the damaged part begins.
        offset: usize,
    },
    /// Octets of a TCP connection that carries SIP are not in it, although later ones are.
    #[error("octets of a connection before frame {frame} are not in the file: messages may be missing")]
    Missing {
        /// Number of the first frame after the gap.
        frame: u32,
    },
    /// The frames begin in a way that is not known here.
    #[error("frames of link type {0} cannot be read; Ethernet, loopback, Linux cooked and raw IP can")]
    Link(i32),
}

/// Which way a frame crossed the interface at which it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The host got it.
    Inbound,
    /// The host sent it.
    Outbound,
}

/// One frame that carries a SIP message, or completes one that came in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the file, from 1, as Wireshark counts.
    pub number: u32,
    /// Time since the first frame of the file.
    pub time: Duration,
    /// Where it comes from.
    pub source: SocketAddr,
    /// Where it goes.
    pub destination: SocketAddr,
    /// Which way it went, if the file says so.
    pub direction: Option<Direction>,
    /// The message.
    pub message: Sip,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// What a capture file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// The frames with SIP, in the order of the file.
    pub frames: Vec<Frame>,
    /// How many frames the file has.
    pub total: u32,
    /// Why the file could not be read to its end or is not whole, if so.
    pub fault: Option<CaptureError>,
    /// Where it was captured and how well.
    pub boundary: Boundary,
}

impl Capture {
    /// The time at which it ended, since its first frame.
    pub fn end(&self) -> Duration {
        let last = self.frames.last().map_or(Duration::ZERO, |frame| frame.time);
        self.boundary.until.unwrap_or_default().max(last)
    }
}

/// A frame is never larger than this; what claims to be is damage.
const MAX_FRAME: u32 = 1 << 24;

impl Capture {
    /// Reads a capture file from its octets.
    ///
    /// # Errors
    /// The file is no capture, its header is cut, or none of its link types can be read. A fault after the header is
    /// kept in [`Capture::fault`], beside the frames before it.
    pub fn read(file: &[u8]) -> Result<Self, CaptureError> {
        match file.get(..4) {
            None => Err(CaptureError::Truncated { frame: 0, offset: 0 }),
            Some([0x0a, 0x0d, 0x0d, 0x0a]) => Reader::default().next_generation(file),
            Some(_) => Reader::default().legacy(file),
        }
    }
}

/// Time stamps of an interface: units per second and an offset in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clock {
    pub(super) resolution: u64,
    pub(super) offset: i64,
}

#[derive(Default)]
struct Reader {
    capture: Capture,
    reassembly: Reassembly,
    streams: Streams,
    begin: Option<Duration>,
    /// The time stamp of the last frame.
    last: Option<Duration>,
    /// The interfaces of the sections before.
    closed: Vec<Interface>,
    /// The interfaces of this section.
    interfaces: Vec<Interface>,
}

impl Reader {
    fn legacy(mut self, file: &[u8]) -> Result<Capture, CaptureError> {
        let (mut rest, header) = parse_pcap_header(file).map_err(|error| match error.is_incomplete() {
            true => CaptureError::Truncated { frame: 0, offset: 0 },
            false => CaptureError::NotACapture,
        })?;
        let link = Link::from_number(header.network.0).ok_or(CaptureError::Link(header.network.0))?;
        let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
        // The "modified" format has eight more octets before the data of each packet.
        let skipped = if header.is_modified_format() { 8 } else { 0 };
        while !rest.is_empty() {
            let offset = file.len() - rest.len();
            let frame = self.capture.total;
            let Some(words) = record(rest, header.is_bigendian()) else {
                self.capture.fault = Some(CaptureError::Truncated { frame, offset });
                break;
            };
            let [seconds, fraction, length, _original] = words;
            if length > MAX_FRAME {
                self.capture.fault = Some(CaptureError::Damaged { frame, offset });
                break;
            }
            let begin = 16 + skipped;
            let end = begin + usize::try_from(length).unwrap_or(usize::MAX - begin);
            let Some(data) = rest.get(begin..end) else {
                self.capture.fault = Some(CaptureError::Truncated { frame, offset });
                break;
            };
            let units = u64::from(seconds).saturating_mul(resolution).saturating_add(u64::from(fraction));
            self.frame(link, Clock { resolution, offset: 0 }.time(units), None, data);
            rest = rest.get(end..).unwrap_or(&[]);
        }
        Ok(self.done())
    }

    /// The capture, with what its interfaces say of it.
    fn done(mut self) -> Capture {
        for ((source, destination), complete) in self.streams.rest() {
            self.note(source, destination, complete);
        }
        // What waited for something that never came belongs to the frame that it was in.
        self.capture.frames.sort_by_key(|frame| frame.number);
        let missing = self.streams.gap().map(|frame| CaptureError::Missing { frame });
        self.capture.fault = self.capture.fault.or(missing);
        self.closed.append(&mut self.interfaces);
        let last = self.last;
        self.capture.boundary = Boundary::of(&self.capture.frames, &self.closed, self.begin.zip(last));
        if self.capture.fault.is_some() {
            self.capture.boundary.complete = false;
        }
        self.capture
    }

    fn next_generation(mut self, file: &[u8]) -> Result<Capture, CaptureError> {
        let mut rest = file;
        let mut big_endian = false;
        let mut unreadable = None;
        while !rest.is_empty() {
            let offset = file.len() - rest.len();
            let frame = self.capture.total;
            let parsed = if big_endian { parse_block_be(rest) } else { parse_block_le(rest) };
            let (after, block) = match parsed {
                Ok(parsed) => parsed,
                Err(error) => {
                    let cut = error.is_incomplete();
                    let fault = match cut {
                        true => CaptureError::Truncated { frame, offset },
                        false => CaptureError::Damaged { frame, offset },
                    };
                    if offset == 0 {
                        return Err(if cut { fault } else { CaptureError::NotACapture });
                    }
                    self.capture.fault = Some(fault);
                    break;
                }
            };
            match block {
                Block::SectionHeader(header) => {
                    big_endian = header.big_endian();
                    self.closed.append(&mut self.interfaces);
                }
                Block::InterfaceDescription(description) => {
                    let interface = Interface::of(&description);
                    unreadable = unreadable.or_else(|| interface.link.err());
                    self.interfaces.push(interface);
                }
                Block::InterfaceStatistics(statistics) => {
                    let index = usize::try_from(statistics.if_id).unwrap_or(usize::MAX);
                    if let Some(interface) = self.interfaces.get_mut(index) {
                        interface.take(&statistics, big_endian);
                    }
                }
                Block::EnhancedPacket(packet) => {
                    let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                    let index = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                    let direction = direction(&packet.options, big_endian);
                    self.packet(index, Some(units), direction, packet.data, packet.caplen);
                }
                Block::SimplePacket(packet) => {
                    self.packet(0, None, None, packet.data, packet.origlen);
                }
                _ => {}
            }
            // A block that takes nothing would be read for ever.
            if after.len() >= rest.len() {
                self.capture.fault = Some(CaptureError::Damaged { frame, offset });
                break;
            }
            rest = after;
        }
        match unreadable {
            Some(number) if self.interfaces.iter().all(|interface| interface.link.is_err()) => {
                Err(CaptureError::Link(number))
            }
            _ => Ok(self.done()),
        }
    }

    fn packet(&mut self, index: usize, units: Option<u64>, way: Option<Direction>, data: &[u8], length: u32) {
        // The data of a block is padded; the length says where the packet ends.
        let data = usize::try_from(length).ok().and_then(|length| data.get(..length)).unwrap_or(data);
        let interface = self.interfaces.get(index).map(|interface| (interface.link, interface.clock));
        let Some((Ok(link), clock)) = interface else {
            self.capture.total = self.capture.total.saturating_add(1);
            return;
        };
        let time = units.map_or_else(|| self.begin.unwrap_or_default(), |units| clock.time(units));
        self.frame(link, time, way, data);
    }

    fn frame(&mut self, link: Link, time: Duration, way: Option<Direction>, data: &[u8]) {
        self.capture.total = self.capture.total.saturating_add(1);
        let number = self.capture.total;
        let begin = *self.begin.get_or_insert(time);
        self.last = self.last.max(Some(time));
        let Some(packet) = self.reassembly.packet(link, number, data) else { return };
        let (source, destination) = (packet.source, packet.destination);
        let place = Place { number, time: time.saturating_sub(begin), way: way.or(packet.direction) };
        let messages = match packet.content {
            Content::Datagram(payload) => vec![(place, payload.into_owned())],
            Content::Segment(segment) => self.streams.messages(source, destination, place, segment),
        };
        for message in messages {
            self.note(source, destination, message);
        }
    }

    /// Keeps a message, if it is one.
    fn note(&mut self, source: SocketAddr, destination: SocketAddr, (place, octets): Complete) {
        let Ok(message) = Sip::read(&octets) else { return };
        if message.header("Call-ID").is_some() && message.header("CSeq").is_some() {
            let Place { number, time, way: direction } = place;
            self.capture.frames.push(Frame { number, time, source, destination, direction, message, octets });
        }
    }
}

/// The four words before the data of a packet in a pcap file.
fn record(rest: &[u8], big_endian: bool) -> Option<[u32; 4]> {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(rest.get(..16)?.chunks_exact(4)) {
        let bytes = bytes.try_into().ok()?;
        *word = if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    }
    Some(words)
}

impl Clock {
    /// Units since the epoch as a duration.
    pub(super) fn time(self, units: u64) -> Duration {
        let seconds = (units / self.resolution).saturating_add_signed(self.offset);
        let rest = u128::from(units % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        Duration::new(seconds, u32::try_from(rest).unwrap_or(0))
    }
}
