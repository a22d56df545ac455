//! The descriptions that a party of ours writes: offers and answers of one audio stream.
//!
//! A signalling agent has no media; what it describes is what the voice profile of IMS shows (TS 34.229-5 A.4.1).

use std::borrow::Cow;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::description::{Address, Attributes, MediaDescription, Origin, SessionDescription, Timing, USUAL_ATTRIBUTES};
use super::flow::Flow;
use super::precondition::Preconditions;
use super::refusal::Mismatch;
use crate::wire::{push_ip, push_number, split_str_once};

/// Bytes that a description of ours usually has at most.
const USUAL_TEXT: usize = 1024;
/// Bytes that its address usually has at most.
const USUAL_HOST: usize = 16;
/// Bytes that the list of its formats usually has at most.
const USUAL_FORMATS: usize = 32;
/// Digits of a number of 64 bits at most.
const MAX_DIGITS: usize = 20;
/// Profile of our streams.
const PROTOCOL: &str = "RTP/AVP";
/// Protocols in which an audio stream can be accepted.
const ACCEPTED_PROTOCOLS: [&str; 2] = [PROTOCOL, "RTP/AVPF"];
/// Bandwidth of a voice stream: media in kbit/s, RTCP of senders and receivers in bit/s (TS 26.114).
const BANDWIDTH: &str = "b=AS:64\r\nb=RS:800\r\nb=RR:2400\r\n";
/// Packetization of speech, in milliseconds (TS 26.114 section 7.4.2).
const PACKETIZATION: [(&str, &str); 2] = [("ptime", "20"), ("maxptime", "240")];
/// Encoding name of DTMF events (RFC 4733), which are no codec of their own.
const EVENTS: &str = "telephone-event";
/// Payload types that mean something without an `rtpmap` (RFC 3551 section 6), as far as voice calls use them.
const STATIC_ENCODINGS: [(&str, &str); 2] = [("0", "PCMU/8000"), ("8", "PCMA/8000")];

/// One format of an RTP stream: payload type number, its `rtpmap` and its `fmtp`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codec {
    /// Payload type number, 0 to 127.
    pub payload_type: u8,
    /// Encoding name, clock rate and channels as in `a=rtpmap`: `AMR-WB/16000/1`.
    pub encoding: Cow<'static, str>,
    /// Parameters as in `a=fmtp`, if there are any.
    pub parameters: Option<Cow<'static, str>>,
}

impl Codec {
    /// The formats of the voice profile without EVS: AMR-WB and AMR, bandwidth-efficient and octet-aligned, and DTMF.
    pub fn voice() -> Vec<Self> {
        const EFFICIENT: &str = "mode-change-capability=2;max-red=220";
        const ALIGNED: &str = "octet-align=1;mode-change-capability=2;max-red=220";
        let table = [
            (116, "AMR-WB/16000/1", EFFICIENT),
            (107, "AMR-WB/16000/1", ALIGNED),
            (118, "AMR/8000/1", EFFICIENT),
            (96, "AMR/8000/1", ALIGNED),
            (111, "telephone-event/16000", "0-15"),
            (110, "telephone-event/8000", "0-15"),
        ];
        let codec = |(payload_type, encoding, parameters): (u8, &'static str, &'static str)| Self {
            payload_type,
            encoding: encoding.into(),
            parameters: Some(parameters.into()),
        };
        table.into_iter().map(codec).collect()
    }

    fn described(&self) -> Described<'_> {
        Described::new(self.payload_type, &self.encoding, self.parameters.as_deref())
    }
}

/// A format as somebody describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    payload_type: u8,
    encoding: &'a str,
    parameters: Option<&'a str>,
    /// The first part of the encoding.
    name: &'a str,
    /// The second part of the encoding.
    clock_rate: &'a str,
}

impl<'a> Described<'a> {
    fn new(payload_type: u8, encoding: &'a str, parameters: Option<&'a str>) -> Self {
        let (name, rest) = split_str_once(encoding, b'/').unwrap_or((encoding, ""));
        let clock_rate = split_str_once(rest, b'/').map_or(rest, |(rate, _)| rate);
        Self { payload_type, encoding, parameters, name, clock_rate }
    }

    fn is_same_format(&self, other: &Self) -> bool {
        self.clock_rate == other.clock_rate
            && self.name.eq_ignore_ascii_case(other.name)
            && (self.parameters == other.parameters || self.is_octet_aligned() == other.is_octet_aligned())
    }

    fn is_events(&self) -> bool {
        self.name.eq_ignore_ascii_case(EVENTS)
    }

    /// The packing is part of the format for AMR and AMR-WB: both sides have to have the same (RFC 4867 section 8.3.1).
    fn is_octet_aligned(&self) -> bool {
        let mut rest = self.parameters.unwrap_or_default();
        while !rest.is_empty() {
            let (parameter, behind) = split_str_once(rest, b';').unwrap_or((rest, ""));
            if parameter.trim_ascii().eq_ignore_ascii_case("octet-align=1") {
                return true;
            }
            rest = behind;
        }
        false
    }
}

/// What a party of ours puts into all its descriptions of one session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMedia {
    /// Where it receives.
    pub address: IpAddr,
    /// Port of its audio, not zero.
    pub audio_port: u16,
    /// `sess-id` of its `o=` line, the same in all descriptions of the session.
    pub session_id: u64,
    /// What it can send and receive, the preferred first.
    pub codecs: Cow<'static, [Codec]>,
    /// What it wants to do: `sendrecv` in a call, less on hold.
    pub flow: Flow,
}

/// State of the answerer's own resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resources {
    /// What is reserved in its access network.
    pub reserved: Flow,
}

impl LocalMedia {
    /// An offer with the given version in its `o=` line and the given preconditions.
    pub fn offer(&self, version: u64, preconditions: &Preconditions) -> SessionDescription {
        let (codecs, host) = (self.codecs.iter().map(Codec::described), self.host());
        let audio = self.audio(&host, PROTOCOL.into(), codecs, self.flow, preconditions.clone());
        self.describe(version, host, vec![Timing::default()], vec![audio])
    }

    /// The answer to `offer` (RFC 3264 section 6): as many media in the same order, the first audio stream that has a
    /// format in common accepted, every other one refused; formats in the offerer's order and with its numbers.
    pub fn answer(&self, version: u64, offer: &SessionDescription, resources: Resources) -> SessionDescription {
        let mut accepted = false;
        let host = self.host();
        let mut media = Vec::with_capacity(offer.media().len());
        for offered in offer.media() {
            let formats = if accepted || offered.port == 0 { None } else { common_formats(&self.codecs, offered).ok() };
            let Some((speech, events)) = formats else {
                media.push(Self::refusal(&host, offered));
                continue;
            };
            accepted = true;
            let flow = offered.flow.flipped().intersection(self.flow);
            let preconditions = offered.preconditions.answer(resources.reserved);
            let codecs = std::iter::once(speech).chain(events);
            media.push(self.audio(&host, offered.protocol.clone(), codecs, flow, preconditions));
        }
        self.describe(version, host, offer.timing().to_vec(), media)
    }

    /// A stream of ours with everything that its formats need.
    fn audio<'a>(
        &self,
        host: &Address,
        protocol: Cow<'static, str>,
        codecs: impl Iterator<Item = Described<'a>>,
        flow: Flow,
        preconditions: Preconditions,
    ) -> MediaDescription {
        let mut attributes = Attributes::with_capacity(USUAL_ATTRIBUTES);
        let mut formats = String::with_capacity(USUAL_FORMATS);
        for Described { payload_type, encoding, parameters, .. } in codecs {
            if !formats.is_empty() {
                formats.push(' ');
            }
            let start = formats.len();
            push_number(&mut formats, payload_type.into());
            let payload_type = formats.get(start..).unwrap_or_default();
            attributes.push("rtpmap", &[payload_type, " ", encoding]);
            if let Some(parameters) = parameters {
                attributes.push("fmtp", &[payload_type, " ", parameters]);
            }
        }
        preconditions.write(&mut attributes);
        attributes.push(flow.media_token(), &[]);
        PACKETIZATION.iter().for_each(|(name, value)| attributes.push(name, &[value]));
        MediaDescription {
            kind: "audio".into(),
            port: self.audio_port,
            protocol,
            formats,
            address: Some(host.clone()),
            flow,
            preconditions,
            attributes,
        }
    }

    /// The same stream with port zero. A format has to stand there, but nobody reads it.
    fn refusal(host: &Address, offered: &MediaDescription) -> MediaDescription {
        let mut attributes = Attributes::default();
        attributes.push(Flow::NONE.media_token(), &[]);
        MediaDescription {
            kind: offered.kind.clone(),
            port: 0,
            protocol: offered.protocol.clone(),
            formats: if offered.formats.is_empty() { String::from("0") } else { offered.formats.clone() },
            address: Some(host.clone()),
            flow: Flow::NONE,
            preconditions: Preconditions::default(),
            attributes,
        }
    }

    fn host(&self) -> Address {
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        let mut host = Vec::with_capacity(USUAL_HOST);
        push_ip(&mut host, self.address);
        let host = String::from_utf8(host).unwrap_or_default();
        Address { network: "IN".into(), family: family.into(), host }
    }

    fn describe(
        &self,
        version: u64,
        address: Address,
        timing: Vec<Timing>,
        media: Vec<MediaDescription>,
    ) -> SessionDescription {
        let mut session_id = String::with_capacity(MAX_DIGITS);
        push_number(&mut session_id, self.session_id);
        let origin = Origin { username: "-".into(), session_id, version, address };
        let text = render(&origin, &timing, &media);
        SessionDescription::compose(text, origin, timing, media)
    }
}

/// The first speech format of an offered stream that is among `codecs`, and the DTMF events with its clock rate.
/// Otherwise what is in the way.
pub(super) fn common_formats<'a>(
    codecs: &[Codec],
    offered: &'a MediaDescription,
) -> Result<(Described<'a>, Option<Described<'a>>), Mismatch> {
    if offered.kind != "audio" {
        return Err(Mismatch::MediaType);
    }
    if !ACCEPTED_PROTOCOLS.iter().any(|protocol| offered.protocol == *protocol) {
        return Err(Mismatch::Transport);
    }
    let mapped = Mapped::of(offered);
    let mut described = offered.formats().filter_map(|format| mapped.described(format));
    let own: SmallVec<[Described<'_>; 8]> = codecs.iter().map(Codec::described).collect();
    let ours = |format: &Described<'_>| own.iter().any(|codec| codec.is_same_format(format));
    let is_events_of =
        |events: &Described<'_>, speech: Described<'_>| events.is_events() && events.clock_rate == speech.clock_rate;
    // Events may stand before the speech that they belong to.
    let mut before = SmallVec::<[Described<'_>; 2]>::new();
    let speech = described.by_ref().filter(ours).find(|format| {
        if format.is_events() {
            before.push(*format);
        }
        !format.is_events()
    });
    let speech = speech.ok_or(Mismatch::Format)?;
    let behind = described.filter(|events| is_events_of(events, speech) && ours(events));
    let events = before.into_iter().chain(behind).find(|events| is_events_of(events, speech));
    Ok((speech, events))
}

/// What the attributes of an offered stream say about its formats, looked up once.
#[derive(Default)]
struct Mapped<'a> {
    encodings: Mapping<'a>,
    parameters: Mapping<'a>,
}

/// Format and value, in order.
type Mapping<'a> = SmallVec<[(&'a str, &'a str); 8]>;

fn value_for<'a>(mapping: &Mapping<'a>, format: &str) -> Option<&'a str> {
    mapping.iter().find(|(number, _)| *number == format).map(|(_, value)| value.trim())
}

impl<'a> Mapped<'a> {
    fn of(offered: &'a MediaDescription) -> Self {
        let mut mapped = Self::default();
        for line in offered.attributes.lines() {
            if let Some(value) = line.strip_prefix("rtpmap:") {
                mapped.encodings.extend(split_str_once(value, b' '));
            } else if let Some(value) = line.strip_prefix("fmtp:") {
                mapped.parameters.extend(split_str_once(value, b' '));
            }
        }
        mapped
    }

    /// An offered format.
    fn described(&self, format: &str) -> Option<Described<'a>> {
        let fixed = || STATIC_ENCODINGS.iter().find(|(number, _)| *number == format).map(|(_, encoding)| *encoding);
        let encoding = value_for(&self.encodings, format).or_else(fixed)?;
        let payload_type = format.parse().ok().filter(|number| *number < 128)?;
        Some(Described::new(payload_type, encoding, value_for(&self.parameters, format)))
    }
}

/// The text of a description, in the order of RFC 8866 section 5.
pub(super) fn render(origin: &Origin, timing: &[Timing], media: &[MediaDescription]) -> String {
    let Origin { username, session_id, version, address } = origin;
    let Address { network, family, host } = address;
    let mut text = String::with_capacity(USUAL_TEXT);
    push(&mut text, &["v=0\r\no=", username, " ", session_id, " "]);
    push_number(&mut text, *version);
    push(&mut text, &[" ", network, " ", family, " ", host, "\r\ns=-\r\nc=", network, " ", family, " ", host, "\r\n"]);
    text.push_str(BANDWIDTH);
    for Timing { start, stop } in timing {
        text.push_str("t=");
        push_number(&mut text, *start);
        text.push(' ');
        push_number(&mut text, *stop);
        text.push_str("\r\n");
    }
    for MediaDescription { kind, port, protocol, formats, attributes, .. } in media {
        push(&mut text, &["m=", kind, " "]);
        push_number(&mut text, (*port).into());
        push(&mut text, &[" ", protocol, " ", formats, "\r\n", attributes.as_str()]);
    }
    text
}

fn push(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
}

#[cfg(test)]
mod tests;
