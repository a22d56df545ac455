//! SIP messages out of TCP segments: each direction of a connection is put in order and cut at Content-Length
//! (RFC 3261 section 18.3).
//!
//! Bounded in every respect: a capture may begin in the middle of a message or never end one. What it missed of a
//! direction costs the messages that it was part of: the next start of a message is looked for, and the gap is kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::capture::Direction as Way;
use crate::oracle::Sip;

/// The longest message that is waited for; what claims to be longer is not SIP.
const MAX_MESSAGE: usize = 1 << 20;
/// The longest first line that is waited for.
const MAX_LINE: usize = 4096;
/// How many directions of connections are followed; later ones are not.
const MAX_DIRECTIONS: usize = 1 << 16;
/// How many segments wait for an earlier one; with one more that one counts as missed.
const MAX_EARLY: usize = 64;
const VERSION: &[u8] = b"SIP/2.0";
/// What a message begins with that is looked for where its place is not known. Any other word may be what is left of
/// one of these.
const STARTS: [&[u8]; 15] = [
    b"SIP/2.0 ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"INFO ",
    b"INVITE ",
    b"MESSAGE ",
    b"NOTIFY ",
    b"OPTIONS ",
    b"PRACK ",
    b"PUBLISH ",
    b"REFER ",
    b"REGISTER ",
    b"SUBSCRIBE ",
    b"UPDATE ",
];

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

/// The frame of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number.
    pub(super) number: u32,
    /// Time since the first frame.
    pub(super) time: Duration,
    /// Which way it went, if the file says so.
    pub(super) way: Option<Way>,
}

/// A message, with the frame that completes it.
pub(super) type Complete = (Place, Vec<u8>);

/// One direction of a connection.
#[derive(Default)]
struct Direction {
    /// Number of the octet that comes next.
    next: Option<u32>,
    /// Whether octets were seen, or where they begin. What has none is no proof: a keep-alive has the number before.
    begun: bool,
    /// Octets in order that are no whole message yet.
    waiting: Vec<u8>,
    /// Whether a message begins where they do.
    in_step: bool,
    /// The latest frame that they are from.
    latest: Option<Place>,
    /// Segments that cannot be appended yet, by number.
    early: BTreeMap<u32, (Place, Vec<u8>)>,
    /// Whether a message was seen.
    speaks: bool,
    /// The frame before which octets were missed, the first one.
    gap: Option<u32>,
}

/// All connections of a capture.
#[derive(Default)]
pub(super) struct Streams {
    directions: BTreeMap<(SocketAddr, SocketAddr), Direction>,
    /// The first frame of a direction that was one too many.
    refused: Option<u32>,
}

impl Streams {
    /// The messages that this segment completes, or shows to be all that will be seen.
    pub(super) fn messages(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        place: Place,
        segment: Segment<'_>,
    ) -> Vec<Complete> {
        let key = (from, to);
        if self.directions.len() >= MAX_DIRECTIONS && !self.directions.contains_key(&key) {
            self.refused.get_or_insert(place.number);
            return Vec::new();
        }
        let direction = self.directions.entry(key).or_default();
        if segment.opens {
            let complete = direction.give_up();
            direction.open(segment.sequence.wrapping_add(1));
            return complete;
        }
        direction.take(place, segment)
    }

    /// The messages of segments that still wait for one that never came.
    pub(super) fn rest(&mut self) -> Vec<((SocketAddr, SocketAddr), Complete)> {
        let directions = self.directions.iter_mut();
        directions.flat_map(|(key, direction)| direction.give_up().into_iter().map(|one| (*key, one))).collect()
    }

    /// The first frame before which octets of a connection with SIP were missed.
    pub(super) fn gap(&self) -> Option<u32> {
        let speaks = |key: (SocketAddr, SocketAddr)| self.directions.get(&key).is_some_and(|one| one.speaks);
        let own = self.directions.iter().filter(|((from, to), _)| speaks((*from, *to)) || speaks((*to, *from)));
        own.filter_map(|(_, direction)| direction.gap).chain(self.refused).min()
    }
}

impl Direction {
    /// A connection begins, and its first octet has this number.
    fn open(&mut self, next: u32) {
        let (speaks, gap) = (self.speaks, self.gap);
        *self = Self { next: Some(next), begun: true, in_step: true, speaks, gap, ..Self::default() };
    }

    fn take(&mut self, place: Place, segment: Segment<'_>) -> Vec<Complete> {
        let Segment { sequence, payload, .. } = segment;
        if payload.is_empty() {
            if !self.begun {
                self.next = Some(sequence);
            }
            return Vec::new();
        }
        let next = self.next.filter(|next| self.begun || next.wrapping_add(1) != sequence).unwrap_or(sequence);
        (self.next, self.begun) = (Some(next), true);
        if self.early.get(&sequence).is_none_or(|(_, known)| known.len() < payload.len()) {
            self.early.insert(sequence, (place, payload.to_vec()));
        }
        let mut complete = self.in_turn();
        while self.early.len() > MAX_EARLY {
            self.skip();
            complete.extend(self.in_turn());
        }
        complete
    }

    /// Whatever is missing will not come any more.
    fn give_up(&mut self) -> Vec<Complete> {
        let mut complete = Vec::new();
        while !self.early.is_empty() {
            self.skip();
            complete.extend(self.in_turn());
        }
        complete
    }

    /// Appends every segment whose turn it is.
    fn in_turn(&mut self) -> Vec<Complete> {
        let mut complete = Vec::new();
        while let Some(next) = self.next {
            // Numbers wrap; what is less than half the circle behind has begun.
            let begun = self.early.keys().copied().find(|sequence| next.wrapping_sub(*sequence) < 1 << 31);
            let Some((sequence, (place, payload))) = begun.and_then(|at| self.early.remove_entry(&at)) else { break };
            let known = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
            let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) else { continue };
            self.append(fresh);
            let latest = self.latest.filter(|latest| latest.number > place.number).unwrap_or(place);
            self.latest = Some(latest);
            complete.extend(self.messages().into_iter().map(|message| (latest, message)));
        }
        self.speaks |= !complete.is_empty();
        complete
    }

    /// Goes on with the segment that comes next: what is before it was missed.
    fn skip(&mut self) {
        let next = self.next.unwrap_or(0);
        let nearest = self.early.iter().min_by_key(|(sequence, _)| sequence.wrapping_sub(next));
        let Some((sequence, (place, _))) = nearest else { return };
        self.gap.get_or_insert(place.number);
        self.next = Some(*sequence);
        self.waiting.clear();
        self.in_step = false;
    }

    fn append(&mut self, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.next = self.next.map(|next| next.wrapping_add(length));
        // An octet that keeps a connection alive may stand before the first segment.
        if !self.in_step && !self.waiting.contains(&b'\n') && begins(payload) {
            self.waiting.clear();
        }
        self.waiting.extend_from_slice(payload);
    }

    fn messages(&mut self) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        loop {
            let blank = self.waiting.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            self.waiting.drain(..blank);
            if !self.in_step && !self.find_step() {
                break;
            }
            if !may_be_sip(&self.waiting) {
                self.lose_step();
                continue;
            }
            let Some(end) = head_end(&self.waiting) else { break };
            let head = self.waiting.get(..end).and_then(|head| Sip::read(head).ok());
            let length = head.map(|head| {
                let length = head.header("Content-Length").and_then(|length| length.trim().parse::<usize>().ok());
                end.saturating_add(length.unwrap_or(0))
            });
            match length.filter(|length| *length <= MAX_MESSAGE) {
                None => self.lose_step(),
                Some(length) if length > self.waiting.len() => break,
                Some(length) => complete.push(self.waiting.drain(..length).collect()),
            }
        }
        if self.waiting.len() > MAX_MESSAGE {
            self.waiting.clear();
            self.in_step = false;
        }
        complete
    }

    /// What waits is no message: the next one begins on a later line.
    fn lose_step(&mut self) {
        self.in_step = false;
        let line = self.waiting.iter().position(|octet| *octet == b'\n').map_or(self.waiting.len(), |end| end + 1);
        self.waiting.drain(..line);
    }

    /// Drops what comes before the first start of a message; says whether one is there, with its whole head.
    fn find_step(&mut self) -> bool {
        let mut from = 0;
        while let Some(rest) = self.waiting.get(from..) {
            let line = rest.iter().position(|octet| *octet == b'\n').map(|end| end + 1);
            if line.is_none() && rest.len() < MAX_LINE {
                break;
            }
            if begins(rest) {
                let Some(end) = head_end(rest) else { break };
                if rest.get(..end).is_some_and(is_head) {
                    self.in_step = true;
                    break;
                }
            }
            from += line.unwrap_or(rest.len()).max(1);
        }
        self.waiting.drain(..from.min(self.waiting.len()));
        self.in_step
    }
}

/// Whether octets begin as a message does.
fn begins(octets: &[u8]) -> bool {
    STARTS.iter().any(|start| octets.starts_with(start))
}

/// Whether these lines are the head of one message. The body of a report begins like a message and the next message may
/// follow it at once (RFC 3515 section 2.4.5): then there are two first lines, or one that is made of both.
fn is_head(octets: &[u8]) -> bool {
    let mut lines = octets.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let mut later = first.windows(VERSION.len()).skip(1);
    let of_both = first.starts_with(VERSION) && later.any(|part| part == VERSION);
    !of_both && Sip::read(first).is_ok() && !lines.any(begins)
}

/// Whether octets can be the beginning of a message.
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
    /// Messages, each with the frame that completes it.
    type Seen<'a> = &'a [(u32, &'a str)];

    /// The messages, each with the frame that completes it, and the frame before which something was missed.
    fn play(segments: &[Sent<'_>]) -> (Vec<(u32, String)>, Option<u32>) {
        let (from, to) = (SocketAddr::from(([192, 0, 2, 1], 5060)), SocketAddr::from(([192, 0, 2, 2], 5060)));
        let mut streams = Streams::default();
        let mut complete = Vec::new();
        for (&(sequence, opens, payload), number) in segments.iter().zip(1..) {
            let place = Place { number, time: Duration::ZERO, way: None };
            complete.extend(streams.messages(
                from,
                to,
                place,
                Segment { sequence, opens, payload: payload.as_bytes() },
            ));
        }
        complete.extend(streams.rest().into_iter().map(|(_, complete)| complete));
        let text = |(place, message): Complete| (place.number, String::from_utf8(message).expect("text"));
        (complete.into_iter().map(text).collect(), streams.gap())
    }

    #[test]
    fn segments_in_any_shape() {
        let both = format!("{ONE}\r\n\r\n{TWO}");
        let (left, right) = both.split_at(30);
        let after = 100 + 30;
        let rest = format!("v=0\r\n{TWO}");
        let keep_alive = "\0";
        let table: [(&str, Vec<Sent<'_>>, Seen<'_>); 12] = [
            ("one each", vec![(9, true, ""), (10, false, ONE), (10 + 48, false, TWO)], &[(2, ONE), (3, TWO)]),
            ("both in one", vec![(100, false, &both)], &[(1, ONE), (1, TWO)]),
            ("cut in two", vec![(100, false, left), (after, false, right)], &[(2, ONE), (2, TWO)]),
            ("out of order", vec![(99, true, ""), (after, false, right), (100, false, left)], &[(3, ONE), (3, TWO)]),
            ("sent again", vec![(100, false, left), (100, false, left), (after, false, right)], &[(3, ONE), (3, TWO)]),
            ("wrapping", vec![(u32::MAX - 9, false, left), (20, false, right)], &[(2, ONE), (2, TWO)]),
            ("begun midway", vec![(1, false, "rest\r\n\r\n"), (9, false, TWO)], &[(2, TWO)]),
            ("the rest and a message in one", vec![(1, false, &rest)], &[(1, TWO)]),
            ("after a keep-alive", vec![(99, false, ""), (100, false, ONE)], &[(2, ONE)]),
            ("after a keep-alive of one octet", vec![(99, false, keep_alive), (100, false, ONE)], &[(2, ONE)]),
            (
                "a keep-alive between",
                vec![(100, false, ONE), (147, false, ""), (148, false, TWO)],
                &[(1, ONE), (3, TWO)],
            ),
            (
                "sent again in another cut",
                vec![(99, true, ""), (after, false, right), (100, false, &both[..40])],
                &[(3, ONE), (3, TWO)],
            ),
        ];
        assert_eq!(ONE.len(), 48);
        for (name, segments, expected) in table {
            assert_eq!(play(&segments), (owned(expected), None), "{name}");
        }
    }

    fn owned(expected: Seen<'_>) -> Vec<(u32, String)> {
        expected.iter().map(|(number, message)| (*number, (*message).to_owned())).collect()
    }

    /// A segment that is not there costs the messages that it was part of and no other, and it is said.
    #[test]
    fn a_segment_was_missed() {
        let report = "NOTIFY sip:a SIP/2.0\r\nContent-Length: 16\r\n\r\nSIP/2.0 200 OK\r\n";
        let (_, end) = report.split_at(20);
        let both = format!("{end}{TWO}");
        let unbroken = format!("{}{TWO}", end.trim_end());
        let at = |payload: &str| 148 + u32::try_from(payload.len()).expect("small");
        let table: [(&str, Vec<Sent<'_>>, Seen<'_>, Option<u32>); 6] = [
            ("between messages", vec![(100, false, ONE), (200, false, TWO)], &[(1, ONE), (2, TWO)], Some(2)),
            (
                "within a message",
                vec![(100, false, ONE), (148, false, &ONE[..20]), (180, false, &ONE[32..]), (196, false, TWO)],
                &[(1, ONE), (4, TWO)],
                Some(3),
            ),
            ("the beginning", vec![(99, true, ""), (148, false, TWO)], &[(2, TWO)], Some(2)),
            ("the head of a report", vec![(100, false, ONE), (168, false, &both)], &[(1, ONE), (2, TWO)], Some(2)),
            (
                "the head of a report without line end, and a message after it",
                vec![(100, false, ONE), (168, false, &unbroken), (at(&unbroken) + 20, false, ONE)],
                &[(1, ONE), (3, ONE)],
                Some(2),
            ),
            ("of what is no SIP", vec![(100, false, "GET / HTTP/1.1\r\n\r\n"), (200, false, "\0\0")], &[], None),
        ];
        for (name, segments, expected, gap) in table {
            assert_eq!(play(&segments), (owned(expected), gap), "{name}");
        }
    }

    /// As many segments as are kept are waited for; then it goes on without what is missing.
    #[test]
    fn waiting_has_an_end() {
        let length = u32::try_from(TWO.len()).expect("small");
        let later = |index: usize| (1000 + u32::try_from(index).expect("small") * length, false, TWO);
        for (early, gap) in [(MAX_EARLY, None), (MAX_EARLY + 1, Some(2))] {
            let (first, late) = ((1000 - 2 * length, false, TWO), (1000 - length, false, TWO));
            let segments: Vec<Sent<'_>> = [first].into_iter().chain((0..early).map(later)).chain([late]).collect();
            let (seen, missed) = play(&segments);
            assert_eq!((seen.len(), missed), (MAX_EARLY + 2, gap), "{early}");
        }
    }
}
