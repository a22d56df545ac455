//! Bodies of SIP messages: conference-info documents (RFC 4575) and session descriptions (RFC 8866, 3264, 3312).
//!
//! Each is read into our own hashable types, so that an agent's state can hold it. Nothing here knows of messages,
//! dialogs or timers. Read [`conference_info`] first, then [`sdp`].

pub mod conference_info;
pub mod sdp;
