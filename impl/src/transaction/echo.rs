//! What of a request every response to it repeats (RFC 3261 section 8.2.6.2), cut out once: a server transaction keeps
//! this instead of the request.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::packet::Packet;
use crate::wire::header::Routing;
use crate::wire::{Builder, Message, Name, Via, offset_in, unfold};

/// The header fields of a request that go into its responses, as they will be sent. They are not judged: a request with
/// faults still gets its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Echo {
    /// Via with `received` and `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4), From, To, Call-ID, `CSeq`, then
    /// Timestamp, then Record-Route.
    lines: Packet,
    /// Where the topmost Via value stands.
    top_via: (usize, usize),
    /// Where a To tag has to be put, if the request has none.
    to_tag: Option<usize>,
    /// Where Timestamp begins.
    timestamp: usize,
    /// Where Record-Route begins.
    record_route: usize,
}

/// Bytes that usually suffice.
const USUAL: usize = 512;

impl Echo {
    /// Cuts the pieces out of a request that came from `source` with this topmost Via; `tagged`: its To has a tag.
    pub(super) fn of(request: &Message<'_>, via: (&Via<'_>, &Routing<'_>), tagged: bool, source: SocketAddr) -> Self {
        let mut lines = Vec::with_capacity(USUAL);
        let top_via = copy_vias(&mut lines, request, via, source);
        copy(&mut lines, request, Name::From);
        let to_tag = match request.field(Name::To) {
            Some(to) if !tagged => {
                line(&mut lines, Name::To, to);
                Some(lines.len() - b"\r\n".len())
            }
            Some(_) | None => {
                copy(&mut lines, request, Name::To);
                None
            }
        };
        copy(&mut lines, request, Name::CallId);
        copy(&mut lines, request, Name::CSeq);
        let timestamp = lines.len();
        copy(&mut lines, request, Name::Timestamp);
        let record_route = lines.len();
        copy(&mut lines, request, Name::RecordRoute);
        Self { lines: lines.into(), top_via, to_tag, timestamp, record_route }
    }

    /// The topmost Via value.
    pub fn top_via(&self) -> &[u8] {
        self.part(self.top_via.0, self.top_via.1)
    }

    /// Whether a To tag is to be put into its responses: the request has none.
    pub const fn takes_to_tag(&self) -> bool {
        self.to_tag.is_some()
    }

    /// A response with what it repeats, Timestamp only in a 100 (RFC 3261 section 8.2.6.1), and with this To tag if the
    /// request has none.
    pub fn response(&self, code: u16, phrase: &str, to_tag: Option<&[u8]>) -> Builder {
        let mut response = Builder::response(code, phrase);
        let end = if code == 100 { self.record_route } else { self.timestamp };
        match (self.to_tag, to_tag) {
            (Some(at), Some(tag)) => {
                response.check_param("To", tag);
                response.lines(&[self.part(0, at), b";tag=", tag, self.part(at, end)])
            }
            (Some(_) | None, _) => response.lines(&[self.part(0, end)]),
        }
    }

    /// The 100 with which a server transaction speaks for a silent transaction user: without a To tag (RFC 3261 section
    /// 17.2.1). Never `None`: what it repeats is not judged.
    pub(super) fn trying(&self) -> Option<Packet> {
        self.response(100, "Trying", None).render().ok().map(Packet::from)
    }

    /// The Record-Route of the request, for a response that makes or confirms a dialog (RFC 3261 section 12.1.1).
    pub fn with_record_route(&self, response: Builder) -> Builder {
        response.lines(&[self.part(self.record_route, self.lines.as_bytes().len())])
    }

    /// An empty one for the tests of the machines: their 100 is a start line.
    #[cfg(test)]
    pub(super) fn sample() -> Self {
        Self { lines: Packet::from(&b""[..]), top_via: (0, 0), to_tag: None, timestamp: 0, record_route: 0 }
    }

    fn part(&self, from: usize, to: usize) -> &[u8] {
        self.lines.as_bytes().get(from..to).unwrap_or_default()
    }
}

/// Appends every line of a header, verbatim but for folds.
fn copy(lines: &mut Vec<u8>, request: &Message<'_>, name: Name<'static>) {
    request.lines(name).for_each(|value| line(lines, name, value));
}

/// Appends the Via lines with the source written into the topmost value `via`; where that value stands.
fn copy_vias(
    lines: &mut Vec<u8>,
    request: &Message<'_>,
    (via, routing): (&Via<'_>, &Routing<'_>),
    source: SocketAddr,
) -> (usize, usize) {
    let mut place = None;
    for value in request.lines(Name::Via) {
        let top = if place.is_none() { offset_in(value, via.raw) } else { None };
        let parts = top.and_then(|at| Some((value.get(..at)?, value.get(at + via.raw.len()..)?)));
        let Some((before, behind)) = parts else {
            line(lines, Name::Via, value);
            continue;
        };
        lines.extend_from_slice(b"Via: ");
        lines.extend_from_slice(&unfold(before));
        let start = lines.len();
        via.write_stamped(routing, source, lines);
        unfold_behind(lines, start);
        place = Some((start, lines.len()));
        lines.extend_from_slice(&unfold(behind));
        lines.extend_from_slice(b"\r\n");
    }
    place.unwrap_or_default()
}

/// Replaces each fold in what stands from `start` on by one space.
fn unfold_behind(lines: &mut Vec<u8>, start: usize) {
    if let Cow::Owned(unfolded) = unfold(lines.get(start..).unwrap_or_default()) {
        lines.truncate(start);
        lines.extend_from_slice(&unfolded);
    }
}

/// Appends a line; the value is unfolded.
fn line(lines: &mut Vec<u8>, name: Name<'static>, value: &[u8]) {
    lines.extend_from_slice(name.line_start());
    lines.extend_from_slice(&unfold(value));
    lines.extend_from_slice(b"\r\n");
}
