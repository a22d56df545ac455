//! What some octets are, by what they begin with. The stream is never guessed: a datagram may have anything behind its
//! message, and it is no stream for that (RFC 3261 section 18.3).

use super::Kind;

pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let line = bytes.split(|byte| *byte == b'\n').next()?.trim_ascii();
    match line {
        [b'<', ..] => Some(Kind::ConferenceInfo),
        [b'v', b'=', ..] => Some(Kind::Sdp),
        _ if starts_with(line, b"SIP/") => {
            Some(if has_field(bytes, b"via") || has_field(bytes, b"v") { Kind::Datagram } else { Kind::Sipfrag })
        }
        _ => line.windows(5).any(|part| part.eq_ignore_ascii_case(b" SIP/")).then_some(Kind::Datagram),
    }
}

fn starts_with(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether a line of the head has this name: every response has a Via, a fragment hardly ever.
fn has_field(bytes: &[u8], name: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    lines
        .filter_map(|line| line.split(|byte| *byte == b':').next())
        .any(|own| own.trim_ascii_end().eq_ignore_ascii_case(name))
}
