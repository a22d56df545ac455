//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), as far as an export has them; little-endian throughout.

use std::net::IpAddr;
use std::time::Duration;

/// Raw IP: the link type without link layer.
const RAW: u16 = 101;
/// 10 to the minus this is the unit of time.
const NANOSECONDS: u8 = 9;
/// The section's length is not given beforehand.
const UNKNOWN_LENGTH: [u8; 8] = [0xff; 8];

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const IPV4_ADDRESS: u16 = 4;
const IPV6_ADDRESS: u16 = 5;
const TIME_RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;
const START_TIME: u16 = 2;
const END_TIME: u16 = 3;
const RECEIVED: u16 = 4;
const DROPPED: u16 = 5;

/// A file as it is written.
pub(super) struct File {
    octets: Vec<u8>,
}

/// The options of a block.
#[derive(Default)]
struct Options(Vec<u8>);

impl Options {
    fn with(mut self, code: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        let value = value.get(..length.into()).unwrap_or(value);
        self.0.extend(code.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.0.extend(value);
        pad(&mut self.0);
        self
    }

    /// The options, ended.
    fn octets(mut self) -> Vec<u8> {
        self.0.extend([0; 4]);
        self.0
    }
}

/// Fills up with zeros to a whole number of 32-bit words.
fn pad(octets: &mut Vec<u8>) {
    octets.resize(octets.len().next_multiple_of(4), 0);
}

/// A time in two words, the high one first.
fn stamp(time: Duration) -> [u8; 8] {
    let units = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let words = [units >> 32, units & 0xffff_ffff].map(|word| u32::try_from(word).unwrap_or(u32::MAX).to_le_bytes());
    let mut octets = [0; 8];
    octets.copy_from_slice(words.as_flattened());
    octets
}

impl File {
    /// A file with its section header.
    pub(super) fn new() -> Self {
        let mut file = Self { octets: Vec::new() };
        let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        body.extend(UNKNOWN_LENGTH);
        body.extend(Options::default().with(USER_APPLICATION, b"imsconf").octets());
        file.block(SECTION, &body);
        file
    }

    /// Adds the next interface, with raw IP packets, of the host with this name and address.
    pub(super) fn interface(&mut self, name: &str, address: IpAddr) {
        let mut body = RAW.to_le_bytes().to_vec();
        // Two reserved octets, and no limit to the length of a packet.
        body.extend([0; 6]);
        let options = Options::default().with(INTERFACE_NAME, name.as_bytes());
        let options = match address {
            IpAddr::V4(address) => options.with(IPV4_ADDRESS, &[address.octets(), [0xff; 4]].concat()),
            IpAddr::V6(address) => options.with(IPV6_ADDRESS, &[&address.octets()[..], &[128]].concat()),
        };
        body.extend(options.with(TIME_RESOLUTION, &[NANOSECONDS]).octets());
        self.block(INTERFACE, &body);
    }

    /// Adds a packet that leaves or enters at an interface.
    pub(super) fn packet(&mut self, interface: u32, time: Duration, outbound: bool, data: &[u8]) {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut body = interface.to_le_bytes().to_vec();
        body.extend(stamp(time));
        body.extend([length, length].as_flattened());
        body.extend(data);
        pad(&mut body);
        let direction: u32 = if outbound { 2 } else { 1 };
        body.extend(Options::default().with(PACKET_FLAGS, &direction.to_le_bytes()).octets());
        self.block(PACKET, &body);
    }

    /// Says that an interface was captured from the beginning of time to `end` and nothing was missed.
    pub(super) fn statistics(&mut self, interface: u32, end: Duration, packets: usize) {
        let mut body = interface.to_le_bytes().to_vec();
        body.extend(stamp(end));
        let packets = u64::try_from(packets).unwrap_or(u64::MAX);
        let options = Options::default()
            .with(START_TIME, &stamp(Duration::ZERO))
            .with(END_TIME, &stamp(end))
            .with(RECEIVED, &packets.to_le_bytes())
            .with(DROPPED, &0_u64.to_le_bytes());
        body.extend(options.octets());
        self.block(STATISTICS, &body);
    }

    /// The whole file.
    pub(super) fn octets(self) -> Vec<u8> {
        self.octets
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
        self.octets.extend(kind.to_le_bytes());
        self.octets.extend(length);
        self.octets.extend(body);
        self.octets.extend(length);
    }
}
