//! The session descriptions of a party: its side of every offer and answer of one call (RFC 3264, RFC 3312).
//!
//! A signalling agent has no media; what it describes is what TS 34.229-5 A.4.1 and the voice profile show: one audio
//! stream with EVS, AMR-WB and telephone events.

use std::borrow::Cow;

use crate::agent::Addr;
use crate::body::sdp::{
    Codec, Desired, Flow, LocalMedia, Mismatch, Preconditions, Resources, Segment, SessionDescription, Status, Strength,
};

/// The port of the audio stream.
const AUDIO_PORT: u16 = 49_152;

/// What one party says about its media in one call, with the version of what it said last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Media {
    local: LocalMedia,
    /// `o=` version of the next description; every description that differs gets a higher one (RFC 3264 section 8).
    next: u64,
    said: Option<SessionDescription>,
}

const fn codec(payload_type: u8, encoding: &'static str, parameters: &'static str) -> Codec {
    Codec { payload_type, encoding: Cow::Borrowed(encoding), parameters: Some(Cow::Borrowed(parameters)) }
}

/// What every party of ours can send and receive.
const CODECS: &[Codec] = &[
    codec(98, "EVS/16000/1", "br=5.9-13.2;bw=nb-swb"),
    codec(99, "AMR-WB/16000/1", "mode-change-capability=2;max-red=220"),
    codec(100, "AMR/8000/1", "mode-change-capability=2;max-red=220"),
    codec(101, "telephone-event/16000", "0-15"),
    codec(102, "telephone-event/8000", "0-15"),
];

impl Media {
    /// Why we could accept no stream of this offer, if so.
    pub(crate) fn mismatch(offer: &SessionDescription) -> Option<Mismatch> {
        offer.mismatch(CODECS)
    }

    /// Media at `address` for the call that `session` names.
    pub(crate) fn new(address: Addr, session: u64) -> Self {
        let local = LocalMedia {
            address: address.socket.ip(),
            audio_port: AUDIO_PORT,
            // Readers keep it in a signed 64-bit number now and then.
            session_id: session >> 1,
            codecs: Cow::Borrowed(CODECS),
            flow: Flow::SENDRECV,
        };
        Self { local, next: 1, said: None }
    }

    /// What we do with the stream: `sendrecv` in a call, less on hold.
    pub(crate) const fn flow(&self) -> Flow {
        self.local.flow
    }

    /// From now on we do this with the stream.
    pub(crate) const fn direct(&mut self, flow: Flow) {
        self.local.flow = flow;
    }

    /// An offer to do this with the stream. Until it is accepted we do what we did before.
    pub(crate) fn offer_to(&mut self, flow: Flow) -> Vec<u8> {
        let offer = LocalMedia { flow, ..self.local.clone() }.offer(self.next, &Preconditions::default());
        self.say(offer)
    }

    /// An offer of what we said last, which shows that nothing has changed (RFC 4028 section 7.4). Preconditions are
    /// over once the session stands, so a description that has them is not repeated.
    pub(crate) fn offer_again(&mut self) -> Vec<u8> {
        match self.said.as_ref().filter(|said| !said.has_preconditions()) {
            Some(said) => said.text().as_bytes().to_vec(),
            None => self.offer_to(self.flow()),
        }
    }

    /// An offer without preconditions.
    pub(crate) fn offer(&mut self) -> Vec<u8> {
        self.offered(&Preconditions::default())
    }

    /// An offer that reserves resources (table of TS 34.229-1 15.21): `reserved` says what is there already on our
    /// side.
    pub(crate) fn offer_with_preconditions(&mut self, reserved: Flow) -> Vec<u8> {
        let preconditions = Preconditions {
            current: vec![Status::qos(Segment::Local, reserved), Status::qos(Segment::Remote, Flow::NONE)],
            desired: vec![
                Desired::qos(Strength::Mandatory, Segment::Local, Flow::SENDRECV),
                Desired::qos(Strength::Optional, Segment::Remote, Flow::SENDRECV),
            ],
            confirm: Vec::new(),
        };
        self.offered(&preconditions)
    }

    fn offered(&mut self, preconditions: &Preconditions) -> Vec<u8> {
        let offer = self.local.offer(self.next, preconditions);
        self.say(offer)
    }

    /// The answer to `offer`; `reserved` says what is there on our side.
    pub(crate) fn answer(&mut self, offer: &SessionDescription, reserved: Flow) -> Vec<u8> {
        let answer = self.local.answer(self.next, offer, Resources { reserved });
        self.say(answer)
    }

    /// Whether what we said last has all that the session must have before it may be established (RFC 3312 section 4).
    pub(crate) fn preconditions_met(&self) -> bool {
        self.said.as_ref().is_none_or(SessionDescription::preconditions_met)
    }

    /// An unchanged description keeps its version (RFC 3264 section 8).
    fn say(&mut self, description: SessionDescription) -> Vec<u8> {
        if let Some(said) = self.said.as_ref().filter(|said| said.says_the_same(&description)) {
            return said.text().as_bytes().to_vec();
        }
        self.next += 1;
        self.said.insert(description).text().as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offer of TS 34.229-5 A.4.1, with formats to be put in.
    fn offer(formats: &[(u8, &str)]) -> SessionDescription {
        let numbers: Vec<String> = formats.iter().map(|(number, _)| number.to_string()).collect();
        let maps: String = formats.iter().map(|(number, name)| format!("a=rtpmap:{number} {name}\r\n")).collect();
        let text = format!(
            "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nb=AS:65\r\nt=0 0\r\n\
             m=audio 49152 RTP/AVP {}\r\nb=AS:65\r\nb=RS:0\r\nb=RR:0\r\n{maps}a=ptime:20\r\na=maxptime:240\r\n\
             a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n\
             a=des:qos optional remote sendrecv\r\n",
            numbers.join(" ")
        );
        SessionDescription::read(text.as_bytes()).expect("a description")
    }

    #[test]
    fn the_voice_offer_is_answered_with_the_first_format_in_common() {
        let events = (101, "telephone-event/16000");
        let table: [(&[(u8, &str)], &str); 4] = [
            (&[(97, "EVS/16000/1"), (98, "AMR-WB/16000/1"), (99, "AMR/8000/1"), events], "RTP/AVP 97 101\r\n"),
            (&[(98, "AMR-WB/16000/1"), (97, "EVS/16000/1"), events], "RTP/AVP 98 101\r\n"),
            (&[(96, "AMR/8000"), (100, "telephone-event/8000")], "RTP/AVP 96 100\r\n"),
            (&[(96, "opus/48000/2")], "m=audio 0 RTP/AVP 96\r\n"),
        ];
        for (formats, media) in table {
            let mut focus = Media::new(Addr::udp("192.0.2.17:5070".parse().expect("an address")), 7);
            let answer = String::from_utf8(focus.answer(&offer(formats), Flow::NONE)).expect("text");
            assert!(answer.contains(media), "{formats:?}: {answer}");
            let refused = media.starts_with("m=audio 0");
            assert_eq!(answer.contains("a=conf:qos remote sendrecv"), !refused, "{answer}");
        }
    }
}
