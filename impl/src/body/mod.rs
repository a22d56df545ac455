//! Bodies: conference-info (RFC 4575) and SDP (RFC 8866).

pub mod conference_info;
pub mod sdp;
