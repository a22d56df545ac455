//! The descriptions that a party of ours writes: offers and answers of one audio stream.
//!
//! A signalling agent has no media; what it describes is what the voice profile of IMS shows (TS 34.229-5 A.4.1).

use std::borrow::Cow;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::description::{Address, Attributes, MediaDescription, Origin, SessionDescription, Timing};
use super::flow::Flow;
use super::precondition::Preconditions;
use crate::wire::split_str_once;

/// Bytes that a description of ours usually has at most.
const USUAL_TEXT: usize = 768;
/// Bytes that its attributes usually have at most.
const USUAL_ATTRIBUTES: usize = 512;
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
        let Self { payload_type, encoding, parameters } = self;
        Described { payload_type: *payload_type, encoding, parameters: parameters.as_deref() }
    }
}

/// A format as somebody describes it.
#[derive(Clone, Copy, Debug)]
struct Described<'a> {
    payload_type: u8,
    encoding: &'a str,
    parameters: Option<&'a str>,
}

impl<'a> Described<'a> {
    fn is_same_format(self, other: Self) -> bool {
        self.encoding_name().eq_ignore_ascii_case(other.encoding_name())
            && self.clock_rate() == other.clock_rate()
            && self.is_octet_aligned() == other.is_octet_aligned()
    }

    fn encoding_name(self) -> &'a str {
        split_str_once(self.encoding, b'/').map_or(self.encoding, |(name, _)| name)
    }

    fn clock_rate(self) -> &'a str {
        let (_, rest) = split_str_once(self.encoding, b'/').unwrap_or_default();
        split_str_once(rest, b'/').map_or(rest, |(rate, _)| rate)
    }

    fn is_events(self) -> bool {
        self.encoding_name().eq_ignore_ascii_case(EVENTS)
    }

    /// The packing is part of the format for AMR and AMR-WB: both sides have to have the same (RFC 4867 section 8.3.1).
    fn is_octet_aligned(self) -> bool {
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
    pub codecs: Vec<Codec>,
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
        let codecs = self.codecs.iter().map(Codec::described);
        let audio = self.audio(PROTOCOL.into(), codecs, self.flow, preconditions.clone());
        self.describe(version, vec![Timing::default()], vec![audio])
    }

    /// The answer to `offer` (RFC 3264 section 6): as many media in the same order, the first audio stream that has a
    /// format in common accepted, every other one refused; formats in the offerer's order and with its numbers.
    pub fn answer(&self, version: u64, offer: &SessionDescription, resources: Resources) -> SessionDescription {
        let mut accepted = false;
        let mut media = Vec::with_capacity(offer.media().len());
        for offered in offer.media() {
            let formats = if accepted { None } else { self.common_formats(offered) };
            let Some((speech, events)) = formats else {
                media.push(self.refusal(offered));
                continue;
            };
            accepted = true;
            let flow = offered.flow.flipped().intersection(self.flow);
            let preconditions = offered.preconditions.answer(resources.reserved);
            let codecs = std::iter::once(speech).chain(events);
            media.push(self.audio(offered.protocol.clone(), codecs, flow, preconditions));
        }
        self.describe(version, offer.timing().to_vec(), media)
    }

    /// The first speech format of an offered stream that we have too, and the DTMF events with its clock rate.
    fn common_formats<'a>(&self, offered: &'a MediaDescription) -> Option<(Described<'a>, Option<Described<'a>>)> {
        let acceptable = offered.kind == "audio"
            && offered.port != 0
            && ACCEPTED_PROTOCOLS.iter().any(|protocol| offered.protocol == *protocol);
        if !acceptable {
            return None;
        }
        let [encodings, parameters] = ["rtpmap", "fmtp"].map(|name| Mapped::of(offered, name));
        let described = offered.formats().filter_map(|format| described_format(&encodings, &parameters, format));
        let ours = |format: &Described<'_>| self.codecs.iter().any(|codec| codec.described().is_same_format(*format));
        let mut known = described.filter(ours);
        let is_events_of = |events: &Described<'_>, speech: Described<'_>| {
            events.is_events() && events.clock_rate() == speech.clock_rate()
        };
        // Events may stand before the speech that they belong to.
        let mut before = SmallVec::<[Described<'_>; 2]>::new();
        let speech = known.by_ref().find(|format| {
            if format.is_events() {
                before.push(*format);
            }
            !format.is_events()
        })?;
        let events = before.into_iter().chain(known).find(|events| is_events_of(events, speech));
        Some((speech, events))
    }

    /// A stream of ours with everything that its formats need.
    fn audio<'a>(
        &self,
        protocol: Cow<'static, str>,
        codecs: impl Iterator<Item = Described<'a>>,
        flow: Flow,
        preconditions: Preconditions,
    ) -> MediaDescription {
        let mut attributes = Attributes::with_capacity(USUAL_ATTRIBUTES);
        let mut formats = String::new();
        for Described { payload_type, encoding, parameters } in codecs {
            let payload_type = payload_type.to_string();
            attributes.push("rtpmap", &[&payload_type, " ", encoding]);
            if let Some(parameters) = parameters {
                attributes.push("fmtp", &[&payload_type, " ", parameters]);
            }
            if !formats.is_empty() {
                formats.push(' ');
            }
            formats.push_str(&payload_type);
        }
        preconditions.write(&mut attributes);
        attributes.push(flow.media_token(), &[]);
        PACKETIZATION.iter().for_each(|(name, value)| attributes.push(name, &[value]));
        MediaDescription {
            kind: "audio".into(),
            port: self.audio_port,
            protocol,
            formats,
            address: Some(self.host()),
            flow,
            preconditions,
            attributes,
        }
    }

    /// The same stream with port zero. A format has to stand there, but nobody reads it.
    fn refusal(&self, offered: &MediaDescription) -> MediaDescription {
        let mut attributes = Attributes::default();
        attributes.push(Flow::NONE.media_token(), &[]);
        MediaDescription {
            kind: offered.kind.clone(),
            port: 0,
            protocol: offered.protocol.clone(),
            formats: if offered.formats.is_empty() { String::from("0") } else { offered.formats.clone() },
            address: Some(self.host()),
            flow: Flow::NONE,
            preconditions: Preconditions::default(),
            attributes,
        }
    }

    fn host(&self) -> Address {
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        Address { network: "IN".into(), family: family.into(), host: self.address.to_string() }
    }

    fn describe(&self, version: u64, timing: Vec<Timing>, media: Vec<MediaDescription>) -> SessionDescription {
        let origin =
            Origin { username: "-".into(), session_id: self.session_id.to_string(), version, address: self.host() };
        let text = render(&origin, &timing, &media);
        SessionDescription::compose(text, origin, timing, media)
    }
}

/// What the attributes of one name say about the formats of an offered stream, looked up once.
struct Mapped<'a>(SmallVec<[(&'a str, &'a str); 8]>);

impl<'a> Mapped<'a> {
    fn of(offered: &'a MediaDescription, name: &str) -> Self {
        Self(offered.values(name).filter_map(|value| split_str_once(value, b' ')).collect())
    }

    fn value_for(&self, format: &str) -> Option<&'a str> {
        self.0.iter().find(|(number, _)| *number == format).map(|(_, value)| value.trim())
    }
}

/// An offered format.
fn described_format<'a>(encodings: &Mapped<'a>, parameters: &Mapped<'a>, format: &str) -> Option<Described<'a>> {
    let fixed = || STATIC_ENCODINGS.iter().find(|(number, _)| *number == format).map(|(_, encoding)| *encoding);
    let encoding = encodings.value_for(format).or_else(fixed)?;
    let payload_type = format.parse().ok().filter(|number| *number < 128)?;
    Some(Described { payload_type, encoding, parameters: parameters.value_for(format) })
}

/// The text of a description, in the order of RFC 8866 section 5.
pub(super) fn render(origin: &Origin, timing: &[Timing], media: &[MediaDescription]) -> String {
    let Origin { username, session_id, version, address } = origin;
    let Address { network, family, host } = address;
    let mut text = String::with_capacity(USUAL_TEXT);
    let version = version.to_string();
    line(&mut text, &["v=0"]);
    line(&mut text, &["o=", username, " ", session_id, " ", &version, " ", network, " ", family, " ", host]);
    line(&mut text, &["s=-"]);
    line(&mut text, &["c=", network, " ", family, " ", host]);
    text.push_str(BANDWIDTH);
    for Timing { start, stop } in timing {
        line(&mut text, &["t=", &start.to_string(), " ", &stop.to_string()]);
    }
    for MediaDescription { kind, port, protocol, formats, attributes, .. } in media {
        line(&mut text, &["m=", kind, " ", &port.to_string(), " ", protocol, " ", formats]);
        attributes.lines().for_each(|attribute| line(&mut text, &["a=", attribute]));
    }
    text
}

/// Adds one line.
fn line(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests;
