//! Every rule that a session description breaks on its own, line by line, with the byte range (RFC 8866 sections 5 and
//! 9). Reading one (`read.rs`) is lenient about most of them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::violation::rules;

/// One broken rule and where in the description it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SdpFinding {
    /// Which rule.
    pub rule: SdpRule,
    /// Byte range in the body.
    pub at: Range<usize>,
}

rules! {
    /// The rules that a session description can break on its own.
    SdpRule
    LineEnd: "sdp-line-end", Should, "RFC 8866 section 5", "A line does not end with CRLF";
    Utf8: "sdp-utf-8", Must, "RFC 8866 section 5", "The description is not UTF-8";
    Line: "sdp-line", Must, "RFC 8866 section 5", "A line is not a letter, an equals sign and a value";
    Type: "sdp-type", Must, "RFC 8866 section 5", "A line of a type that there is not";
    Version: "sdp-version", Must, "RFC 8866 section 5.1", "The description does not begin with `v=0`";
    Order: "sdp-order", Must, "RFC 8866 section 5", "A line stands behind one that has to follow it";
    Repeated: "sdp-repeated", Must, "RFC 8866 section 5", "A second line of a type that stands once";
    Missing: "sdp-missing", Must, "RFC 8866 section 5", "There is no `o=`, `s=` or `t=` line";
    Connection: "sdp-connection", Must, "RFC 8866 section 5.7",
        "There is no `c=` line for the session nor for each of its media";
    Address: "sdp-address", Must, "RFC 8866 sections 5.2 and 5.7", "An address is none of its network and family";
    Origin: "sdp-origin", Must, "RFC 8866 section 5.2", "The `o=` line has not its six parts";
    SessionName: "sdp-session-name", Must, "RFC 8866 section 5.3", "The `s=` line is empty";
    Bandwidth: "sdp-bandwidth", Must, "RFC 8866 section 5.8", "A `b=` line is not a type, a colon and a number";
    Timing: "sdp-timing", Must, "RFC 8866 section 5.9", "A `t=` line is not two numbers";
    Key: "sdp-key", Must, "RFC 8866 section 5.12", "A `k=` line, which is obsolete, is there";
    Attribute: "sdp-attribute", Must, "RFC 8866 section 5.13", "The name of an attribute is no token";
    Media: "sdp-media", Must, "RFC 8866 section 5.14", "An `m=` line is not media, port, protocol and formats";
    PayloadType: "sdp-payload-type", Must, "RFC 8866 section 6.6",
        "A dynamic payload type has no `a=rtpmap` that says what it is";
}

/// Where a line has its place: session level, then media level; each type in its row (RFC 8866 section 5).
const SESSION: &[u8] = b"vosiuepcbtrzka";
const MEDIA: &[u8] = b"micbka";
/// What may stand once at the session level, and once for a stream.
const ONCE: &[u8] = b"vosiuczk";
const ONCE_FOR_MEDIA: &[u8] = b"ik";
/// The first payload type number that has no meaning of its own (RFC 3551 section 6).
const FIRST_DYNAMIC: u8 = 96;

/// Every rule that a body of type `application/sdp` breaks, in the order of the byte ranges.
pub fn verdict(body: &[u8]) -> Vec<SdpFinding> {
    let mut judge = Judge { body, findings: Vec::new() };
    if std::str::from_utf8(body).is_err() {
        judge.add(SdpRule::Utf8, 0..body.len());
    }
    let lines = judge.lines();
    if lines.first().is_none_or(|line| line.bytes(body) != b"v=0") {
        let first = lines.first().map_or(0..0, |line| line.at.clone());
        judge.add(SdpRule::Version, first);
    }
    let first_media = lines.iter().position(|line| line.kind == b'm').unwrap_or(lines.len());
    let (session, media) = lines.split_at_checked(first_media).unwrap_or((&lines, &[]));
    judge.section(session, SESSION, ONCE);
    for kind in [b'o', b's', b't'] {
        if !session.iter().any(|line| line.kind == kind) {
            judge.add(SdpRule::Missing, 0..0);
        }
    }
    let has_connection = session.iter().any(|line| line.kind == b'c');
    for stream in media.chunk_by(|_, next| next.kind != b'm') {
        judge.section(stream, MEDIA, ONCE_FOR_MEDIA);
        judge.payload_types(stream);
        if let Some(first) = stream.first().filter(|_| !has_connection && !stream.iter().any(|line| line.kind == b'c'))
        {
            judge.add(SdpRule::Connection, first.at.clone());
        }
    }
    let mut findings = judge.findings;
    findings.sort_by_key(|finding| (finding.at.start, finding.at.end, finding.rule));
    findings
}

/// A line without its end.
struct Line {
    kind: u8,
    at: Range<usize>,
}

impl Line {
    fn bytes<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        body.get(self.at.clone()).unwrap_or_default()
    }

    /// What follows the equals sign; empty where it is no text.
    fn value<'a>(&self, body: &'a [u8]) -> &'a str {
        let value = self.bytes(body).get(2..).unwrap_or_default();
        std::str::from_utf8(value).unwrap_or_default()
    }
}

struct Judge<'a> {
    body: &'a [u8],
    findings: Vec<SdpFinding>,
}

impl Judge<'_> {
    fn add(&mut self, rule: SdpRule, at: Range<usize>) {
        self.findings.push(SdpFinding { rule, at });
    }

    /// The lines that have a type; the others are named and left out.
    fn lines(&mut self) -> Vec<Line> {
        let (mut lines, mut start) = (Vec::new(), 0);
        while let Some(rest) = self.body.get(start..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest);
            let next = start + end.map_or(rest.len(), |end| end + 1);
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            let at = start..start + text.len();
            if end.is_none() || text.len() == line.len() {
                self.add(SdpRule::LineEnd, at.end..next);
            }
            match text {
                [kind, b'=', value @ ..] if memchr::memchr2(b'\0', b'\r', value).is_none() => {
                    lines.push(Line { kind: *kind, at });
                }
                _ => self.add(SdpRule::Line, at),
            }
            start = next;
        }
        lines
    }

    /// The lines of the session, or of one stream: their order, how often each stands there, and what it says.
    fn section(&mut self, lines: &[Line], order: &[u8], once: &[u8]) {
        let mut seen = BTreeSet::new();
        let mut reached = 0;
        for line in lines {
            let Some(rank) = order.iter().position(|kind| *kind == line.kind) else {
                let rule = if SESSION.contains(&line.kind) { SdpRule::Order } else { SdpRule::Type };
                self.add(rule, line.at.clone());
                continue;
            };
            // Each `t=` may be followed by its own `r=`.
            let rank = if line.kind == b'r' { rank - 1 } else { rank };
            if rank < reached {
                self.add(SdpRule::Order, line.at.clone());
            }
            reached = reached.max(rank);
            if !seen.insert(line.kind) && once.contains(&line.kind) {
                self.add(SdpRule::Repeated, line.at.clone());
            }
            if let Some(rule) = broken_by(line.kind, line.value(self.body)) {
                self.add(rule, line.at.clone());
            }
        }
    }

    /// The dynamic payload types of a stream that is carried in RTP, each with its `rtpmap`.
    fn payload_types(&mut self, stream: &[Line]) {
        let Some(first) = stream.first() else { return };
        let mut parts = first.value(self.body).split(' ');
        let (_, port, protocol) = (parts.next(), parts.next(), parts.next());
        if port == Some("0") || !protocol.is_some_and(|protocol| protocol.contains("RTP/")) {
            return;
        }
        for format in parts.filter(|format| format.parse::<u8>().is_ok_and(|number| number >= FIRST_DYNAMIC)) {
            let is_map = |line: &Line| {
                let map = line.value(self.body).strip_prefix("rtpmap:").filter(|_| line.kind == b'a');
                map.and_then(|map| map.split(' ').next()) == Some(format)
            };
            if !stream.iter().any(is_map) {
                let start = crate::wire::offset_in(self.body, format.as_bytes()).unwrap_or_default();
                self.add(SdpRule::PayloadType, start..start + format.len());
            }
        }
    }
}

/// The rule that a value breaks by itself.
fn broken_by(kind: u8, value: &str) -> Option<SdpRule> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = value.split(' ').collect();
    match (kind, &*parts) {
        (b'o', [user, id, version, network, family, host]) => {
            let fits = !user.is_empty() && is_number(id) && is_number(version);
            if fits { broken_address(network, family, host) } else { Some(SdpRule::Origin) }
        }
        (b'o', _) => Some(SdpRule::Origin),
        (b's', _) => value.is_empty().then_some(SdpRule::SessionName),
        (b'c', [network, family, host]) => {
            // A multicast address says its time to live and how many there are.
            broken_address(network, family, host.split('/').next().unwrap_or_default())
        }
        (b'c', _) => Some(SdpRule::Address),
        (b'b', _) => {
            let fits = value.split_once(':').is_some_and(|(kind, number)| is_token(kind) && is_number(number));
            (!fits).then_some(SdpRule::Bandwidth)
        }
        (b't', [start, stop]) => (!is_number(start) || !is_number(stop)).then_some(SdpRule::Timing),
        (b't', _) => Some(SdpRule::Timing),
        (b'k', _) => Some(SdpRule::Key),
        (b'a', _) => (!is_token(value.split(':').next().unwrap_or_default())).then_some(SdpRule::Attribute),
        (b'm', [media, port, protocol, formats @ ..]) => {
            let (port, count) = port.split_once('/').unwrap_or((port, "1"));
            let fits = is_token(media)
                && port.parse::<u16>().is_ok()
                && is_number(port)
                && is_number(count)
                && protocol.split('/').all(is_token)
                && !formats.is_empty()
                && formats.iter().all(|format| is_token(format));
            (!fits).then_some(SdpRule::Media)
        }
        (b'm', _) => Some(SdpRule::Media),
        _ => None,
    }
}

fn broken_address(network: &str, family: &str, host: &str) -> Option<SdpRule> {
    let fits = match (network, family) {
        ("IN", "IP4") => is_host(host, |host| host.parse::<std::net::Ipv4Addr>().is_ok()),
        ("IN", "IP6") => is_host(host, |host| host.parse::<std::net::Ipv6Addr>().is_ok()),
        _ => is_token(network) && is_token(family) && !host.is_empty(),
    };
    (!fits).then_some(SdpRule::Address)
}

/// An address of its family, or a name.
fn is_host(host: &str, is_address: impl Fn(&str) -> bool) -> bool {
    let is_name = |host: &str| {
        let letters = host.bytes().any(|byte| byte.is_ascii_alphabetic());
        letters && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    is_address(host) || is_name(host)
}

/// `token` (RFC 8866 section 9).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""(),/:;<=>?@[\]"#.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nb=AS:64\r\nt=0 0\r\n\
        r=7d 1h 0\r\na=sendrecv\r\nm=audio 49152 RTP/AVP 116 0\r\nc=IN IP4 10.0.0.1\r\na=rtpmap:116 AMR/8000\r\n\
        m=video 0 RTP/AVP 99\r\n";

    /// What is replaced, by what, the rule that this breaks, the bytes that break it.
    const BROKEN: &[(&str, &str, SdpRule, &str)] = &[
        ("s=-\r\n", "s=-\n", SdpRule::LineEnd, "\n"),
        ("b=AS", "session\r\nb=AS", SdpRule::Line, "session"),
        ("b=AS", "b=a\rb\r\nb=AS", SdpRule::Line, "b=a\rb"),
        ("b=AS", "x=1\r\nb=AS", SdpRule::Type, "x=1"),
        ("v=0", "v=1", SdpRule::Version, "v=1"),
        ("v=0\r\n", "", SdpRule::Version, "o=- 1 1 IN IP6 2001:db8::9"),
        ("t=0 0", "t=0 0\r\nb=AS:1", SdpRule::Order, "b=AS:1"),
        ("m=video", "t=0 0\r\nm=video", SdpRule::Order, "t=0 0"),
        ("b=AS", "c=IN IP4 h.example\r\nb=AS", SdpRule::Repeated, "c=IN IP4 h.example"),
        ("t=0 0\r\nr=7d 1h 0\r\n", "", SdpRule::Missing, ""),
        ("c=IN IP6 2001:db8::9\r\n", "", SdpRule::Connection, "m=video 0 RTP/AVP 99"),
        ("IP4 10.0.0.1", "IP4 10.0.0", SdpRule::Address, "c=IN IP4 10.0.0"),
        ("c=IN IP6 2001:db8::9", "c=IN IP4 2001:db8::9", SdpRule::Address, "c=IN IP4 2001:db8::9"),
        ("c=IN IP6 2001:db8::9", "c=IN IP6", SdpRule::Address, "c=IN IP6"),
        ("o=- 1 1", "o=- 1", SdpRule::Origin, "o=- 1 IN IP6 2001:db8::9"),
        ("o=- 1 1", "o=- a 1", SdpRule::Origin, "o=- a 1 IN IP6 2001:db8::9"),
        ("s=-", "s=", SdpRule::SessionName, "s="),
        ("AS:64", "AS:x", SdpRule::Bandwidth, "b=AS:x"),
        ("t=0 0", "t=0", SdpRule::Timing, "t=0"),
        ("a=sendrecv", "k=prompt\r\na=sendrecv", SdpRule::Key, "k=prompt"),
        ("a=sendrecv", "a=:x", SdpRule::Attribute, "a=:x"),
        ("49152", "65536", SdpRule::Media, "m=audio 65536 RTP/AVP 116 0"),
        (" 116 0\r\n", "\r\n", SdpRule::Media, "m=audio 49152 RTP/AVP"),
        ("a=rtpmap:116", "a=rtpmap:117", SdpRule::PayloadType, "116"),
    ];

    fn judged(text: &str) -> Vec<(SdpRule, &str)> {
        verdict(text.as_bytes()).into_iter().map(|finding| (finding.rule, &text[finding.at])).collect()
    }

    #[test]
    fn each_rule_is_named_with_its_bytes() {
        assert_eq!(judged(OFFER), []);
        for (old, new, rule, at) in BROKEN {
            let broken = OFFER.replacen(old, new, 1);
            assert_eq!(judged(&broken), [(*rule, *at)], "{broken}");
        }
        let octets = OFFER.replacen("s=-", "s=?", 1).into_bytes();
        let broken: Vec<u8> = octets.into_iter().map(|octet| if octet == b'?' { 0xff } else { octet }).collect();
        assert!(verdict(&broken).iter().any(|finding| finding.rule == SdpRule::Utf8));
        assert_eq!(verdict(b"").first().map(|finding| finding.rule), Some(SdpRule::Version));
    }

    #[test]
    fn every_rule_has_its_broken_description() {
        let broken: BTreeSet<_> = BROKEN.iter().map(|(_, _, rule, _)| *rule).chain([SdpRule::Utf8]).collect();
        assert_eq!(broken.len(), SdpRule::ALL.len());
    }

    #[test]
    fn what_our_own_offers_say_breaks_no_rule() {
        assert_eq!(judged(include_str!("../../../tests/messages/offer-volte.sdp")), []);
    }
}
