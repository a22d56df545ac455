//! skeleton
use std::net::IpAddr;

use super::description::SessionDescription;
use super::flow::Flow;
use super::precondition::Preconditions;

/// One format of an RTP stream: payload type number, its `rtpmap` and its `fmtp`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codec {
    /// Payload type number, 0 to 127.
    pub payload_type: u8,
    /// Encoding name, clock rate and channels as in `a=rtpmap`: `AMR-WB/16000/1`.
    pub encoding: String,
    /// Parameters as in `a=fmtp`, if there are any.
    pub parameters: Option<String>,
}

/// What a party of ours puts into all its descriptions of one session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMedia {
    /// Where it receives.
    pub address: IpAddr,
    /// Port of its audio.
    pub audio_port: u16,
    /// `sess-id` of its `o=` line, the same in all descriptions of the session.
    pub session_id: u64,
    /// What it can send and receive, the preferred first.
    pub codecs: Vec<Codec>,
    /// What it wants to do: `sendrecv` in a call, less on hold.
    pub flow: Flow,
}

/// State of the answerer's own resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resources {
    /// What is reserved in its access network.
    pub reserved: Flow,
}

impl LocalMedia {
    /// An offer with the given version in its `o=` line and the given preconditions.
    pub fn offer(&self, _version: u64, _preconditions: &Preconditions) -> SessionDescription {
        todo!()
    }

    /// The answer to `offer`.
    pub fn answer(&self, _version: u64, _offer: &SessionDescription, _resources: Resources) -> SessionDescription {
        todo!()
    }
}
