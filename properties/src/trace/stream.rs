//! SIP messages out of TCP segments: each direction of a connection is put in order and cut at Content-Length
//! (RFC 3261 section 18.3).
//!
//! Bounded in every respect: a capture may begin in the middle of a message or never end one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::oracle::Sip;

/// The longest message that is waited for; what claims to be longer is not SIP.
const MAX_MESSAGE: usize = 1 << 20;
/// The longest first line that is waited for.
const MAX_LINE: usize = 4096;
/// How many directions of connections are followed; later ones are not.
const MAX_DIRECTIONS: usize = 1 << 16;
/// How many segments that came too early are kept.
const MAX_EARLY: usize = 64;

/// What a TCP segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    /// Number of its first octet.
    pub(super) sequence: u32,
    /// Whether it opens the connection, so that the data begins one later.
    pub(super) opens: bool,
    /// The octets.
    pub(super) payload: &'a [u8],
}

/// One direction of a connection.
#[derive(Default)]
struct Direction {
    /// Number of the octet that comes next.
    next: Option<u32>,
    /// Octets in order that are no whole message yet.
    waiting: Vec<u8>,
    /// Segments that came too early, by number.
    early: BTreeMap<u32, Vec<u8>>,
}

/// All connections of a capture.
#[derive(Default)]
pub(super) struct Streams {
    directions: BTreeMap<(SocketAddr, SocketAddr), Direction>,
}

impl Streams {
    /// The messages that this segment completes.
    pub(super) fn messages(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment<'_>) -> Vec<Vec<u8>> {
        let key = (from, to);
        if self.directions.len() >= MAX_DIRECTIONS && !self.directions.contains_key(&key) {
            return Vec::new();
        }
        let direction = self.directions.entry(key).or_default();
        if segment.opens {
            *direction = Direction { next: Some(segment.sequence.wrapping_add(1)), ..Direction::default() };
            return Vec::new();
        }
        direction.take(segment.sequence, segment.payload);
        direction.messages()
    }
}

impl Direction {
    fn take(&mut self, sequence: u32, payload: &[u8]) {
        let next = *self.next.get_or_insert(sequence);
        // Numbers wrap; what is less than half the circle ahead came too early, anything else is a copy.
        let ahead = sequence.wrapping_sub(next);
        if ahead == 0 {
            self.append(payload);
        } else if ahead < 1 << 31 {
            if self.early.len() < MAX_EARLY {
                self.early.insert(sequence, payload.to_vec());
            }
        } else {
            let known = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
            self.append(payload.get(known..).unwrap_or(&[]));
        }
        while let Some(payload) = self.next.and_then(|next| self.early.remove(&next)) {
            self.append(&payload);
        }
    }

    fn append(&mut self, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.waiting.extend_from_slice(payload);
    }

    fn messages(&mut self) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        loop {
            let blank = self.waiting.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            self.waiting.drain(..blank);
            if !may_be_sip(&self.waiting) {
                self.waiting.clear();
            }
            let Some(end) = head_end(&self.waiting) else { break };
            let head = self.waiting.get(..end).and_then(|head| Sip::read(head).ok());
            let length = head.map(|head| {
                let length = head.header("Content-Length").and_then(|length| length.trim().parse::<usize>().ok());
                end.saturating_add(length.unwrap_or(0))
            });
            match length {
                None => self.waiting.clear(),
                Some(length) if length > MAX_MESSAGE => self.waiting.clear(),
                Some(length) if length > self.waiting.len() => break,
                Some(length) => complete.push(self.waiting.drain(..length).collect()),
            }
        }
        if self.waiting.len() > MAX_MESSAGE {
            self.waiting.clear();
        }
        complete
    }
}

/// Whether octets can be the beginning of a message; where they cannot, the next one is waited for that begins a
/// segment.
fn may_be_sip(octets: &[u8]) -> bool {
    match octets.iter().position(|octet| *octet == b'\n') {
        Some(end) => octets.get(..end).is_some_and(|line| Sip::read(line).is_ok()),
        None => octets.len() < MAX_LINE,
    }
}

/// Where the header fields end, the empty line included.
fn head_end(octets: &[u8]) -> Option<usize> {
    octets.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";
    const TWO: &str = "SIP/2.0 200 OK\r\nl: 0\r\n\r\n";

    /// Number of the first octet, whether it opens the connection, the octets.
    type Sent<'a> = (u32, bool, &'a str);

    fn play(segments: &[Sent<'_>]) -> Vec<String> {
        let (from, to) = (SocketAddr::from(([192, 0, 2, 1], 5060)), SocketAddr::from(([192, 0, 2, 2], 5060)));
        let mut streams = Streams::default();
        let messages = segments.iter().flat_map(|&(sequence, opens, payload)| {
            streams.messages(from, to, Segment { sequence, opens, payload: payload.as_bytes() })
        });
        messages.map(|message| String::from_utf8(message).expect("text")).collect()
    }

    #[test]
    fn segments_in_any_shape() {
        let both = format!("{ONE}\r\n\r\n{TWO}");
        let (left, right) = both.split_at(30);
        let after = 100 + 30;
        let table: [(&str, Vec<Sent<'_>>, &[&str]); 7] = [
            ("one each", vec![(9, true, ""), (10, false, ONE), (10 + 48, false, TWO)], &[ONE, TWO]),
            ("both in one", vec![(100, false, &both)], &[ONE, TWO]),
            ("cut in two", vec![(100, false, left), (after, false, right)], &[ONE, TWO]),
            ("out of order", vec![(99, true, ""), (after, false, right), (100, false, left)], &[ONE, TWO]),
            ("sent again", vec![(100, false, left), (100, false, left), (after, false, right)], &[ONE, TWO]),
            ("wrapping", vec![(u32::MAX - 9, false, left), (20, false, right)], &[ONE, TWO]),
            ("begun midway", vec![(1, false, "rest\r\n\r\n"), (9, false, TWO)], &[TWO]),
        ];
        assert_eq!(ONE.len(), 48);
        for (name, segments, expected) in table {
            assert_eq!(play(&segments), expected, "{name}");
        }
    }
}
