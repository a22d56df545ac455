//! Reading the lines of a session description (RFC 8866 section 9), lenient about their order.
//!
//! `v=` comes first and each `m=` begins a media description, as in the grammar; between them lines stand in any order,
//! `s=` and `t=` may be missing, and lines of unknown type are passed over. What a line of a known type says has to
//! follow the grammar, even where nobody here looks at it.

use std::borrow::Cow;
use std::ops::Range;

use super::description::{
    Address, Attributes, MAX_MEDIA, MediaDescription, Origin, SdpError, Timing, USUAL_ATTRIBUTES,
};
use super::flow::Flow;
use super::precondition::Preconditions;
use crate::wire::{any, find, split_str_once};

/// What is taken out of a description.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) origin: Origin,
    pub(super) timing: Vec<Timing>,
    pub(super) media: Vec<MediaDescription>,
}

/// One `x=value` line.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    /// Counted from one, empty lines included.
    number: usize,
    key: u8,
    /// All of it, without its line end.
    text: &'a str,
    /// Where it stands in the description.
    start: usize,
    /// Where the next line begins.
    end: usize,
}

impl<'a> Line<'a> {
    fn value(&self) -> &'a str {
        self.text.get(2..).unwrap_or_default()
    }

    /// Whether its line end is CRLF.
    fn ends_with_crlf(&self) -> bool {
        self.end - self.start == self.text.len() + "\r\n".len()
    }

    fn error(&self, what: &str) -> SdpError {
        SdpError::Syntax(format!("line {} (`{}=`): {what}", self.number, char::from(self.key)))
    }

    fn number_of(&self, text: Option<&str>, what: &str) -> Result<u64, SdpError> {
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.error(what))
    }
}

/// Iterator over the lines that are not empty.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    /// Where the next line begins.
    at: usize,
    /// How many there were.
    number: usize,
    /// No line has a NUL or a CR inside.
    is_clean: bool,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: 0, number: 0, is_clean: is_clean(text.as_bytes()) }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, SdpError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
            let (line, next) = match find(b'\n', rest.as_bytes()) {
                Some(end) => (rest.get(..end).map(|line| line.strip_suffix('\r').unwrap_or(line)), start + end + 1),
                None => (Some(rest), self.text.len()),
            };
            (self.at, self.number) = (next, self.number + 1);
            match line.unwrap_or_default() {
                "" => {}
                text => return Some(self.line(text, start)),
            }
        }
    }
}

impl<'a> Lines<'a> {
    /// The line that was just passed.
    #[inline(always)]
    fn line(&self, text: &'a str, start: usize) -> Result<Line<'a>, SdpError> {
        match text.as_bytes() {
            _ if !self.is_clean && any(text.as_bytes(), |byte| (byte == b'\0') | (byte == b'\r')) => {
                Err(self.error("NUL or CR inside the line"))
            }
            [key, b'=', ..] if *key != b'=' => Ok(Line { number: self.number, key: *key, text, start, end: self.at }),
            _ => Err(self.error("not a letter, an equals sign and a value")),
        }
    }

    #[cold]
    fn error(&self, what: &str) -> SdpError {
        SdpError::Syntax(format!("line {}: {what}", self.number))
    }
}

/// Whether no line has a NUL or a CR inside. One look at the whole text, for most have none.
fn is_clean(text: &[u8]) -> bool {
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    let inside =
        pairs.fold(false, |found, (byte, next)| found | (*byte == b'\0') | ((*byte == b'\r') & (*next != b'\n')));
    !inside && !matches!(text.last(), Some(b'\0' | b'\r'))
}

/// The parts of a value between single or repeated spaces.
fn words(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (word, behind) = split_str_once(rest, b' ').unwrap_or((rest, ""));
            rest = behind;
            if !word.is_empty() {
                return Some(word);
            }
        }
        None
    })
}

/// A session-level or media-level section under way.
#[derive(Debug, Default)]
struct Section {
    origin: Option<Origin>,
    timing: Vec<Timing>,
    address: Option<Address>,
    flow: Option<Flow>,
    /// The lines that may stand once and have been seen, a bit for each letter.
    seen: u32,
    /// Where the `a=` lines stand that are still to be kept: they follow each other, so that one copy does.
    unkept: Range<usize>,
}

impl Section {
    /// Takes a line that may stand once.
    fn first(&mut self, line: &Line<'_>) -> Result<(), SdpError> {
        let bit = 1 << (line.key & 31);
        if self.seen & bit != 0 {
            return Err(line.error("a second line of this type"));
        }
        self.seen |= bit;
        Ok(())
    }

    /// A line before the first `m=`.
    fn session_line(&mut self, line: &Line<'_>) -> Result<(), SdpError> {
        match line.key {
            b'o' => {
                self.first(line)?;
                self.origin = Some(origin(line)?);
            }
            b'c' => {
                self.first(line)?;
                self.address = Some(connection(line)?);
            }
            b't' => self.timing.push(timing(line)?),
            b'r' if self.timing.is_empty() => return Err(line.error("no `t=` line before it")),
            b'r' => repeat(line)?,
            b'z' => {
                self.first(line)?;
                zones(line)?;
            }
            b'a' => self.flow = self.flow.or_else(|| Flow::from_media_token(attribute(line.value()).0)),
            b'b' => bandwidth(line)?,
            b's' | b'i' | b'u' | b'k' => self.first(line)?,
            _ => {}
        }
        Ok(())
    }

    /// A line of `text` behind an `m=`.
    fn media_line(&mut self, media: &mut MediaDescription, line: &Line<'_>, text: &str) -> Result<(), SdpError> {
        match line.key {
            b'c' => {
                let address = connection(line)?;
                self.address.get_or_insert(address);
            }
            b'a' => {
                let (name, value) = attribute(line.value());
                media.preconditions.take_up(name, value.unwrap_or_default())?;
                self.flow = self.flow.or_else(|| Flow::from_media_token(name));
                self.keep(media, line, text);
            }
            b'b' => bandwidth(line)?,
            b'i' | b'k' => self.first(line)?,
            _ => {}
        }
        Ok(())
    }

    /// Keeps an `a=` line of `text` as it is written, but for its line end: CRLF whatever it was.
    fn keep(&mut self, media: &mut MediaDescription, line: &Line<'_>, text: &str) {
        if line.ends_with_crlf() && line.start == self.unkept.end {
            self.unkept.end = line.end;
            return;
        }
        self.keep_rest(media, text);
        if line.ends_with_crlf() {
            self.unkept = line.start..line.end;
        } else {
            media.attributes.push_lines(line.text);
            media.attributes.push_lines("\r\n");
        }
    }

    /// Keeps the lines that are still to be kept.
    fn keep_rest(&mut self, media: &mut MediaDescription, text: &str) {
        media.attributes.push_lines(text.get(std::mem::take(&mut self.unkept)).unwrap_or_default());
    }
}

/// Reads a whole description.
pub(super) fn read(text: &str) -> Result<Parts, SdpError> {
    let mut lines = Lines::of(text);
    match lines.next().transpose()? {
        Some(Line { text: "v=0", .. }) => {}
        Some(line @ Line { key: b'v', .. }) => return Err(line.error("a version that is not 0")),
        Some(_) | None => return Err(SdpError::Syntax(String::from("No version line"))),
    }
    let mut session = Section::default();
    let mut current: Option<(MediaDescription, Section)> = None;
    let (mut media, mut count) = (Vec::new(), 0);
    for line in lines {
        let line = line?;
        if line.key == b'm' {
            media.extend(current.take().map(|current| finished(current, &session, text)));
            let room = text.len().min(USUAL_ATTRIBUTES);
            current = Some((media_description(&line, room)?, Section::default()));
            count += 1;
        } else if let Some((media, section)) = &mut current {
            section.media_line(media, &line, text)?;
        } else {
            session.session_line(&line)?;
        }
        if count > MAX_MEDIA {
            let count = text.lines().filter(|line| line.starts_with("m=")).count();
            return Err(SdpError::TooManyMedia { count, limit: MAX_MEDIA });
        }
    }
    media.extend(current.take().map(|current| finished(current, &session, text)));
    let origin = session.origin.ok_or(SdpError::MissingLine('o'))?;
    Ok(Parts { origin, timing: session.timing, media })
}

/// A stream of `text` with all its lines. What the session level says counts if the stream says nothing itself.
fn finished((mut media, mut own): (MediaDescription, Section), session: &Section, text: &str) -> MediaDescription {
    own.keep_rest(&mut media, text);
    MediaDescription {
        address: own.address.or_else(|| session.address.clone()),
        flow: own.flow.or(session.flow).unwrap_or(Flow::SENDRECV),
        ..media
    }
}

/// `<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>` (section 5.2).
fn origin(line: &Line<'_>) -> Result<Origin, SdpError> {
    let mut parts = words(line.value());
    let missing = || line.error("a part is missing");
    let username = shared(parts.next().ok_or_else(missing)?);
    let session_id = parts.next().ok_or_else(missing)?.to_owned();
    let version = line.number_of(parts.next(), "sess-version is no number")?;
    let address = address(line, &mut parts)?;
    Ok(Origin { username, session_id, version, address })
}

/// `<nettype> <addrtype> <connection-address>` (section 5.7).
fn connection(line: &Line<'_>) -> Result<Address, SdpError> {
    address(line, &mut words(line.value()))
}

/// Network, family and host, and nothing behind them.
fn address<'a>(line: &Line<'_>, parts: &mut impl Iterator<Item = &'a str>) -> Result<Address, SdpError> {
    let mut token = |known: &[&'static str]| {
        let token = parts.next().ok_or_else(|| line.error("no address"))?;
        match known.iter().find(|usual| usual.eq_ignore_ascii_case(token)) {
            Some(usual) => Ok(Cow::Borrowed(*usual)),
            None if is_token(token) => Ok(Cow::Owned(token.to_owned())),
            None => Err(line.error("no address")),
        }
    };
    let (network, family) = (token(&["IN", "TN", "ATM", "PSTN"])?, token(&["IP4", "IP6"])?);
    let host = parts.next().ok_or_else(|| line.error("no address"))?.to_owned();
    if parts.next().is_some() { Err(line.error("something behind it")) } else { Ok(Address { network, family, host }) }
}

/// `token` (section 9).
fn is_token(text: &str) -> bool {
    let is_token_char = |byte: u8| byte.is_ascii_graphic() && !br#""(),/:;<=>?@[\]"#.contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_char)
}

/// `<start-time> <stop-time>` (section 5.9).
fn timing(line: &Line<'_>) -> Result<Timing, SdpError> {
    let mut parts = words(line.value());
    let start = line.number_of(parts.next(), "start-time is no number")?;
    let stop = line.number_of(parts.next(), "stop-time is no number")?;
    if parts.next().is_some() { Err(line.error("something behind it")) } else { Ok(Timing { start, stop }) }
}

/// A number of seconds, perhaps with a unit (section 5.10).
fn typed_time(text: &str) -> Option<u64> {
    let units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let of = |(unit, seconds): (char, u64)| Some((text.strip_suffix(unit)?, seconds));
    let (number, seconds) = units.into_iter().find_map(of).unwrap_or((text, 1));
    number.parse::<u64>().ok()?.checked_mul(seconds)
}

/// `<repeat interval> <active duration> <offsets>` (section 5.10).
fn repeat(line: &Line<'_>) -> Result<(), SdpError> {
    let readable = words(line.value()).all(|word| typed_time(word).is_some());
    if readable && words(line.value()).nth(1).is_some() { Ok(()) } else { Err(line.error("no repetition")) }
}

/// Pairs of an adjustment time and an offset (section 5.11).
fn zones(line: &Line<'_>) -> Result<(), SdpError> {
    let mut parts = words(line.value());
    while let Some(time) = parts.next() {
        line.number_of(Some(time), "adjustment time is no number")?;
        let offset = parts.next().map(|offset| offset.strip_prefix('-').unwrap_or(offset));
        let seconds = offset.and_then(typed_time).filter(|seconds| i64::try_from(*seconds).is_ok());
        seconds.ok_or_else(|| line.error("no offset"))?;
    }
    Ok(())
}

/// `<bwtype>:<bandwidth>` (section 5.8).
fn bandwidth(line: &Line<'_>) -> Result<(), SdpError> {
    let bandwidth = split_str_once(line.value(), b':').map(|(_, bandwidth)| bandwidth);
    line.number_of(bandwidth, "bandwidth is no number").map(drop)
}

/// `<attribute>` or `<attribute>:<value>` (section 5.13).
fn attribute(value: &str) -> (&str, Option<&str>) {
    split_str_once(value, b':').map_or((value, None), |(name, value)| (name, Some(value)))
}

/// The words that calls use need no memory of their own.
fn shared(word: &str) -> Cow<'static, str> {
    const KNOWN: [&str; 5] = ["-", "audio", "video", "RTP/AVP", "RTP/AVPF"];
    let known = KNOWN.into_iter().find(|known| *known == word);
    known.map_or_else(|| Cow::Owned(word.to_owned()), Cow::Borrowed)
}

/// `<media> <port>[/<number of ports>] <proto> <fmt> ...` (section 5.14), and room for so many bytes of attributes.
fn media_description(line: &Line<'_>, room: usize) -> Result<MediaDescription, SdpError> {
    let missing = || line.error("a part is missing");
    let (kind, rest) = split_str_once(line.value(), b' ').ok_or_else(missing)?;
    let (ports, rest) = split_str_once(rest, b' ').ok_or_else(missing)?;
    let (protocol, formats) = split_str_once(rest, b' ').ok_or_else(missing)?;
    let (port, number) = split_str_once(ports, b'/').unwrap_or((ports, "1"));
    let (Ok(port), Ok(_)) = (port.parse(), number.parse::<u16>()) else {
        return Err(line.error("port is no number of 16 bits"));
    };
    Ok(MediaDescription {
        kind: shared(kind),
        port,
        protocol: shared(protocol),
        formats: single_spaced(formats),
        address: None,
        flow: Flow::SENDRECV,
        preconditions: Preconditions::default(),
        attributes: Attributes::with_capacity(room),
    })
}

/// The same words between single spaces.
fn single_spaced(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for word in words.split_ascii_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
