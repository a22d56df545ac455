//! Bodies of SIP messages: conference-info documents (RFC 4575), session descriptions (RFC 8866, 3264, 3312), several
//! parts in one (RFC 2046).
//!
//! The first two are read into our own hashable types, so that an agent's state can hold them; [`multipart`] cuts a
//! body into borrowed parts. Nothing here knows of dialogs or timers. Read [`conference_info`] first, then [`sdp`].

pub mod conference_info;
pub mod multipart;
pub mod sdp;
