//! The descriptions that a party of ours writes: offers and answers of one audio stream.
//!
//! A signalling agent has no media; what it describes is what the voice profile of IMS shows (TS 34.229-5 A.4.1).

use std::borrow::Cow;
use std::net::IpAddr;

use super::description::{Address, Attribute, MediaDescription, Origin, SessionDescription, Timing};
use super::flow::Flow;
use super::precondition::Preconditions;
use crate::wire::split_str_once;

/// Bytes that a description of ours usually has at most.
const USUAL_TEXT: usize = 768;
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

    fn is_same_format(&self, other: &Self) -> bool {
        self.encoding_name().eq_ignore_ascii_case(other.encoding_name())
            && self.clock_rate() == other.clock_rate()
            && self.is_octet_aligned() == other.is_octet_aligned()
    }

    fn encoding_name(&self) -> &str {
        split_str_once(&self.encoding, b'/').map_or(&*self.encoding, |(name, _)| name)
    }

    fn clock_rate(&self) -> &str {
        let (_, rest) = split_str_once(&self.encoding, b'/').unwrap_or_default();
        split_str_once(rest, b'/').map_or(rest, |(rate, _)| rate)
    }

    fn is_events(&self) -> bool {
        self.encoding_name().eq_ignore_ascii_case(EVENTS)
    }

    /// The packing is part of the format for AMR and AMR-WB: both sides have to have the same (RFC 4867 section 8.3.1).
    fn is_octet_aligned(&self) -> bool {
        let mut rest = self.parameters.as_deref().unwrap_or_default();
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
        let audio = self.audio(PROTOCOL, &self.codecs, self.flow, preconditions.clone());
        self.describe(version, vec![Timing::default()], vec![audio])
    }

    /// The answer to `offer` (RFC 3264 section 6): as many media in the same order, the first audio stream that has a
    /// format in common accepted, every other one refused; formats in the offerer's order and with its numbers.
    pub fn answer(&self, version: u64, offer: &SessionDescription, resources: Resources) -> SessionDescription {
        let mut accepted = false;
        let mut media = Vec::new();
        for offered in offer.media() {
            let formats = if accepted { Vec::new() } else { self.common_formats(offered) };
            if formats.is_empty() {
                media.push(self.refusal(offered));
            } else {
                accepted = true;
                let flow = offered.flow.flipped().intersection(self.flow);
                let preconditions = offered.preconditions.answer(resources.reserved);
                media.push(self.audio(&offered.protocol, &formats, flow, preconditions));
            }
        }
        self.describe(version, offer.timing().to_vec(), media)
    }

    /// The first speech format of an offered stream that we have too, and the DTMF events with its clock rate.
    fn common_formats(&self, offered: &MediaDescription) -> Vec<Codec> {
        let acceptable = offered.kind == "audio"
            && offered.port != 0
            && ACCEPTED_PROTOCOLS.iter().any(|protocol| offered.protocol == *protocol);
        if !acceptable {
            return Vec::new();
        }
        let known: Vec<Codec> = offered
            .formats
            .iter()
            .filter_map(|format| described_format(offered, format))
            .filter(|format| self.codecs.iter().any(|codec| codec.is_same_format(format)))
            .collect();
        let Some(speech) = known.iter().find(|format| !format.is_events()) else { return Vec::new() };
        let events = known.iter().find(|format| format.is_events() && format.clock_rate() == speech.clock_rate());
        std::iter::once(speech).chain(events).cloned().collect()
    }

    /// A stream of ours with everything that its formats need.
    fn audio(&self, protocol: &str, codecs: &[Codec], flow: Flow, preconditions: Preconditions) -> MediaDescription {
        let attribute = |name: &'static str, value: Option<String>| Attribute { name: name.into(), value };
        let mut attributes = Vec::with_capacity(2 * codecs.len() + 9);
        for codec in codecs {
            let Codec { payload_type, encoding, parameters } = codec;
            let payload_type = payload_type.to_string();
            attributes.push(attribute("rtpmap", Some([&payload_type, " ", encoding].concat())));
            let parameters = parameters.as_ref().map(|parameters| [&payload_type, " ", parameters].concat());
            attributes.extend(parameters.map(|parameters| attribute("fmtp", Some(parameters))));
        }
        attributes.extend(preconditions.attributes().map(|(name, value)| attribute(name, Some(value))));
        attributes.push(attribute(flow.media_token(), None));
        attributes.extend(PACKETIZATION.map(|(name, value)| attribute(name, Some(value.to_owned()))));
        MediaDescription {
            kind: String::from("audio"),
            port: self.audio_port,
            protocol: protocol.to_owned(),
            formats: codecs.iter().map(|codec| codec.payload_type.to_string()).collect(),
            address: Some(self.host()),
            flow,
            preconditions,
            attributes,
        }
    }

    /// The same stream with port zero. A format has to stand there, but nobody reads it.
    fn refusal(&self, offered: &MediaDescription) -> MediaDescription {
        MediaDescription {
            kind: offered.kind.clone(),
            port: 0,
            protocol: offered.protocol.clone(),
            formats: if offered.formats.is_empty() { vec![String::from("0")] } else { offered.formats.clone() },
            address: Some(self.host()),
            flow: Flow::NONE,
            preconditions: Preconditions::default(),
            attributes: vec![Attribute { name: Flow::NONE.media_token().into(), value: None }],
        }
    }

    fn host(&self) -> Address {
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        Address { network: String::from("IN"), family: family.to_owned(), host: self.address.to_string() }
    }

    fn describe(&self, version: u64, timing: Vec<Timing>, media: Vec<MediaDescription>) -> SessionDescription {
        let origin = Origin {
            username: String::from("-"),
            session_id: self.session_id.to_string(),
            version,
            address: self.host(),
        };
        let text = render(&origin, &timing, &media);
        SessionDescription::compose(text, origin, timing, media)
    }
}

/// An offered format as we would describe it.
fn described_format(offered: &MediaDescription, format: &str) -> Option<Codec> {
    let fixed = || STATIC_ENCODINGS.iter().find(|(number, _)| *number == format).map(|(_, encoding)| *encoding);
    let encoding = offered.value_for("rtpmap", format).or_else(fixed)?;
    Some(Codec {
        payload_type: format.parse().ok().filter(|number| *number < 128)?,
        encoding: encoding.to_owned().into(),
        parameters: offered.value_for("fmtp", format).map(|parameters| parameters.to_owned().into()),
    })
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
        line(&mut text, &["m=", kind, " ", &port.to_string(), " ", protocol, " ", &formats.join(" ")]);
        for Attribute { name, value } in attributes {
            match value {
                Some(value) => line(&mut text, &["a=", name, ":", value]),
                None => line(&mut text, &["a=", name]),
            }
        }
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
