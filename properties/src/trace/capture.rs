//! Reads pcap and pcapng files and keeps what is SIP, over UDP or TCP, whatever the port.
//!
//! Frames are numbered as Wireshark numbers them: every packet of the file counts, from 1. A file that ends in the
//! middle of a packet gives what came before and says where it was cut.

use std::net::SocketAddr;
use std::time::Duration;

use pcap_parser::{Block, parse_block_be, parse_block_le, parse_pcap_header};
use thiserror::Error;

use super::link::{Content, Link, Reassembly};
use super::stream::Streams;
use crate::oracle::Sip;

/// Why a file cannot be read, or not to its end.
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
    /// The frames begin in a way that is not known here.
    #[error("frames of link type {0} cannot be read; Ethernet, loopback, Linux cooked and raw IP can")]
    Link(i32),
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
    /// The message.
    pub message: Sip,
}

/// What a capture file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// The frames with SIP, in the order of the file.
    pub frames: Vec<Frame>,
    /// How many frames the file has.
    pub total: u32,
    /// Why the file could not be read to its end, if so.
    pub fault: Option<CaptureError>,
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
#[derive(Clone, Copy)]
struct Clock {
    resolution: u64,
    offset: i64,
}

/// An interface of a pcapng section.
#[derive(Clone, Copy)]
struct Interface {
    link: Result<Link, i32>,
    clock: Clock,
}

#[derive(Default)]
struct Reader {
    capture: Capture,
    reassembly: Reassembly,
    streams: Streams,
    begin: Option<Duration>,
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
            self.frame(link, Clock { resolution, offset: 0 }.time(units), data);
            rest = rest.get(end..).unwrap_or(&[]);
        }
        Ok(self.capture)
    }

    fn next_generation(mut self, file: &[u8]) -> Result<Capture, CaptureError> {
        let mut rest = file;
        let mut big_endian = false;
        let mut interfaces: Vec<Interface> = Vec::new();
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
                    interfaces.clear();
                }
                Block::InterfaceDescription(description) => {
                    let number = description.linktype.0;
                    let link = Link::from_number(number).ok_or(number);
                    unreadable = unreadable.or_else(|| link.err());
                    let resolution = description.ts_resolution().unwrap_or(1_000_000);
                    let clock = Clock { resolution: resolution.max(1), offset: description.if_tsoffset };
                    interfaces.push(Interface { link, clock });
                }
                Block::EnhancedPacket(packet) => {
                    let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                    let index = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                    self.packet(interfaces.get(index), Some(units), packet.data, packet.caplen);
                }
                Block::SimplePacket(packet) => {
                    self.packet(interfaces.first(), None, packet.data, packet.origlen);
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
            Some(number) if interfaces.iter().all(|interface| interface.link.is_err()) => {
                Err(CaptureError::Link(number))
            }
            _ => Ok(self.capture),
        }
    }

    fn packet(&mut self, interface: Option<&Interface>, units: Option<u64>, data: &[u8], length: u32) {
        // The data of a block is padded; the length says where the packet ends.
        let data = usize::try_from(length).ok().and_then(|length| data.get(..length)).unwrap_or(data);
        let Some(Interface { link: Ok(link), clock }) = interface else {
            self.capture.total = self.capture.total.saturating_add(1);
            return;
        };
        let time = units.map_or_else(|| self.begin.unwrap_or_default(), |units| clock.time(units));
        self.frame(*link, time, data);
    }

    fn frame(&mut self, link: Link, time: Duration, data: &[u8]) {
        self.capture.total = self.capture.total.saturating_add(1);
        let number = self.capture.total;
        let begin = *self.begin.get_or_insert(time);
        let Some(packet) = self.reassembly.packet(link, number, data) else { return };
        let (source, destination) = (packet.source, packet.destination);
        let messages = match packet.content {
            Content::Datagram(payload) => vec![payload.into_owned()],
            Content::Segment(segment) => self.streams.messages(source, destination, segment),
        };
        let time = time.saturating_sub(begin);
        for message in messages {
            let Ok(message) = Sip::read(&message) else { continue };
            if message.header("Call-ID").is_some() && message.header("CSeq").is_some() {
                self.capture.frames.push(Frame { number, time, source, destination, message });
            }
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
    fn time(self, units: u64) -> Duration {
        let seconds = (units / self.resolution).saturating_add_signed(self.offset);
        let rest = u128::from(units % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        Duration::new(seconds, u32::try_from(rest).unwrap_or(0))
    }
}
