//! `message/sipfrag` bodies of refer notifications (RFC 3420 section 2, RFC 3515 sections 2.4.4 and 2.4.5).
//!
//! A plain sipfrag may be any part of a message; that of a refer NOTIFY must begin with a complete Status-Line, and
//! header fields and an inner body may follow.

use thiserror::Error;

use super::text::{Digits, decimal, is_control};

/// What a sipfrag of a refer NOTIFY says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusLine<'a> {
    /// Status code, 100 to 699.
    pub code: u16,
    /// Reason phrase, perhaps empty.
    pub phrase: &'a [u8],
    /// The header lines after the Status-Line, verbatim; empty if there are none.
    pub fields: &'a [u8],
    /// The body after an empty line; empty if there is none.
    pub body: &'a [u8],
}

/// Why a sipfrag says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum SipfragError {
    /// The fragment is empty.
    #[error("an empty fragment")]
    Empty,
    /// It does not begin with `SIP/2.0 code phrase`; the second space stays even if the phrase is empty.
    #[error("no complete Status-Line: byte {at}")]
    StatusLine {
        /// Byte position in the fragment.
        at: usize,
    },
    /// The code is not in 100..=699.
    #[error("status code {code} out of range")]
    Code {
        /// The code.
        code: u16,
    },
}

/// Reads the fragment; line ends may be LF alone, and the last one may be missing.
///
/// # Errors
/// It does not begin with a complete Status-Line.
pub fn parse(fragment: &[u8]) -> Result<StatusLine<'_>, SipfragError> {
    const VERSION: &[u8] = b"SIP/2.0 ";
    if fragment.is_empty() {
        return Err(SipfragError::Empty);
    }
    let (line, rest) = split_line(fragment);
    let (version, rest_of_line) = line.split_at_checked(VERSION.len()).ok_or(SipfragError::StatusLine { at: 0 })?;
    if !version.eq_ignore_ascii_case(VERSION) {
        return Err(SipfragError::StatusLine { at: 0 });
    }
    let code_at = VERSION.len();
    let (code, rest_of_line) = rest_of_line.split_at_checked(3).ok_or(SipfragError::StatusLine { at: code_at })?;
    let code =
        decimal(code).and_then(|code| u16::try_from(code).ok()).ok_or(SipfragError::StatusLine { at: code_at })?;
    let phrase = rest_of_line.strip_prefix(b" ").ok_or(SipfragError::StatusLine { at: code_at + 3 })?;
    if !(100..=699).contains(&code) {
        return Err(SipfragError::Code { code });
    }
    let (fields, body) = split_fields(rest);
    Ok(StatusLine { code, phrase, fields, body })
}

/// A fragment of one Status-Line; a control character in `phrase` becomes a space.
pub fn render(code: u16, phrase: &str) -> Vec<u8> {
    let mut line = [b"SIP/2.0 ", Digits::of(u64::from(code)).as_bytes(), b" ", phrase.as_bytes()].concat();
    line.iter_mut().filter(|byte| is_control(**byte)).for_each(|byte| *byte = b' ');
    line.extend_from_slice(b"\r\n");
    line
}

/// The first line without its end, and everything behind it.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = super::text::split_once(bytes, b'\n').unwrap_or((bytes, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// Header lines up to an empty line, and the body behind that.
fn split_fields(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (line, behind) = split_line(rest);
        if line.is_empty() {
            return (bytes.get(..bytes.len() - rest.len()).unwrap_or_default(), behind);
        }
        rest = behind;
    }
    (bytes, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_that_begin_with_a_status_line() {
        // fragment, code, phrase, header lines, body
        for (fragment, code, phrase, fields, body) in [
            ("SIP/2.0 100 Trying\r\n", 100, "Trying", "", ""),
            ("SIP/2.0 200 OK", 200, "OK", "", ""),
            ("SIP/2.0 180 Ringing\n", 180, "Ringing", "", ""),
            ("SIP/2.0 486 \r\n", 486, "", "", ""),
            ("sip/2.0 603 Decline\r\n\r\n", 603, "Decline", "", ""),
            (
                "SIP/2.0 487 Request Terminated\r\nReason: SIP;cause=480\r\nContent-Length: 2\r\n\r\nhi",
                487,
                "Request Terminated",
                "Reason: SIP;cause=480\r\nContent-Length: 2\r\n",
                "hi",
            ),
            ("SIP/2.0 200 OK\nTo: <sip:a@h>\n", 200, "OK", "To: <sip:a@h>\n", ""),
        ] {
            let expected =
                StatusLine { code, phrase: phrase.as_bytes(), fields: fields.as_bytes(), body: body.as_bytes() };
            assert_eq!(parse(fragment.as_bytes()), Ok(expected), "{fragment:?}");
        }
    }

    #[test]
    fn fragments_that_say_nothing() {
        for (fragment, error) in [
            ("", SipfragError::Empty),
            ("SIP/2.0", SipfragError::StatusLine { at: 0 }),
            ("404 Not Found", SipfragError::StatusLine { at: 0 }),
            ("SIP/3.0 200 OK", SipfragError::StatusLine { at: 0 }),
            ("\r\nSIP/2.0 200 OK", SipfragError::StatusLine { at: 0 }),
            ("INVITE sip:a@h SIP/2.0\r\n", SipfragError::StatusLine { at: 0 }),
            ("To: <sip:a@h>\r\n", SipfragError::StatusLine { at: 0 }),
            ("SIP/2.0 20", SipfragError::StatusLine { at: 8 }),
            ("SIP/2.0 abc OK", SipfragError::StatusLine { at: 8 }),
            ("SIP/2.0 200\r\n", SipfragError::StatusLine { at: 11 }),
            ("SIP/2.0 2000 OK", SipfragError::StatusLine { at: 11 }),
            ("SIP/2.0 099 Low", SipfragError::Code { code: 99 }),
            ("SIP/2.0 700 High", SipfragError::Code { code: 700 }),
        ] {
            assert_eq!(parse(fragment.as_bytes()), Err(error), "{fragment:?}");
        }
    }

    #[test]
    fn a_rendered_fragment_is_one_line() {
        assert_eq!(render(200, "OK"), b"SIP/2.0 200 OK\r\n");
        assert_eq!(render(486, "a\r\nTo: b"), b"SIP/2.0 486 a  To: b\r\n");
    }
}
