//! The body of a refer notification: a fragment that begins with a status line (RFC 3420, RFC 3515 section 2.4.5).

use thiserror::Error;

/// Why a body is no report of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SipfragError {
    /// There is no body.
    #[error("there is no body")]
    Empty,
    /// It does not begin with a complete status line `SIP/2.0 code [phrase]`.
    #[error("it does not begin with a complete status line")]
    StatusLine,
}

/// The status code that the fragment reports.
///
/// # Errors
/// The fragment does not begin with a status line. The blank after the code is required, the phrase may be empty.
pub fn status(body: &[u8]) -> Result<u16, SipfragError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(SipfragError::Empty);
    }
    let text = String::from_utf8_lossy(body);
    let line = text.split(['\r', '\n']).next().unwrap_or("");
    let rest = line.strip_prefix("SIP/2.0 ").ok_or(SipfragError::StatusLine)?;
    let (code, _phrase) = rest.split_once(' ').ok_or(SipfragError::StatusLine)?;
    let digits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    let code = code.parse().ok().filter(|code| digits && (100..700).contains(code));
    code.ok_or(SipfragError::StatusLine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments() {
        let table: [(&[u8], Result<u16, SipfragError>); 10] = [
            (b"SIP/2.0 100 Trying", Ok(100)),
            (b"SIP/2.0 200 OK\r\nContact: <sip:a@b>\r\n", Ok(200)),
            (b"SIP/2.0 603 ", Ok(603)),
            (b"SIP/2.0 603", Err(SipfragError::StatusLine)),
            (b"SIP/2.0", Err(SipfragError::StatusLine)),
            (b"404 Not Found", Err(SipfragError::StatusLine)),
            (b"INVITE sip:a@b SIP/2.0", Err(SipfragError::StatusLine)),
            (b"SIP/2.0 99 x", Err(SipfragError::StatusLine)),
            (b"SIP/2.0 700 x", Err(SipfragError::StatusLine)),
            (b"\r\n", Err(SipfragError::Empty)),
        ];
        for (body, expected) in table {
            assert_eq!(status(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
