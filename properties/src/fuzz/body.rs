//! Bodies of several parts and session descriptions: parts are slices in order, findings stand inside, and the two
//! readers of a session description agree.

use imsconf::body::multipart::{MAX_PARTS, Multipart};
use imsconf::body::sdp::{self, SdpError, SessionDescription};
use imsconf::wire::MediaType;

use super::{Broken, hold};

/// A body of several parts (RFC 2046 section 5.1): the first line is its Content-Type.
///
/// # Errors
/// A part is no slice of the body, parts overlap, or written again they are other parts.
pub fn multipart(bytes: &[u8]) -> Result<(), Broken> {
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (first, body) = bytes.split_at_checked(line).unwrap_or((bytes, &[]));
    let body = body.get(1..).unwrap_or_default();
    let Ok(media_type) = MediaType::parse(first) else { return Ok(()) };
    let Ok(multipart) = Multipart::read(&media_type, body) else { return Ok(()) };
    inside(body, &multipart)?;
    again(&media_type, &multipart)?;
    let _ = multipart.find("application/sdp");
    Ok(())
}

fn inside(body: &[u8], multipart: &Multipart<'_>) -> Result<(), Broken> {
    hold(!multipart.parts.is_empty() && multipart.parts.len() <= MAX_PARTS, || "no part, or too many".to_owned())?;
    let mut end = body.as_ptr() as usize;
    let last = end + body.len();
    for part in &multipart.parts {
        let start = part.raw.as_ptr() as usize;
        hold(start >= end && start + part.raw.len() <= last, || format!("{part:?} overlaps or is outside"))?;
        end = start + part.raw.len();
        hold(part.raw.ends_with(part.body), || format!("{part:?} has a body that is not its end"))?;
    }
    Ok(())
}

/// Written with the same boundary the parts are the same.
fn again(media_type: &MediaType<'_>, multipart: &Multipart<'_>) -> Result<(), Broken> {
    let boundary = media_type.params.find("boundary").map(|boundary| boundary.text().into_owned()).unwrap_or_default();
    let mut text = Vec::new();
    for part in &multipart.parts {
        text.extend([&b"--"[..], &boundary, b"\r\n", part.raw, b"\r\n"].concat());
    }
    text.extend([&b"--"[..], &boundary, b"--\r\n"].concat());
    let read = Multipart::read(media_type, &text).map_err(|error| Broken::new(format!("written again: {error}")))?;
    hold(read.parts == multipart.parts && read.is_closed, || format!("{multipart:?}\nbecame\n{read:?}"))
}

/// A session description (RFC 8866).
///
/// # Errors
/// A finding is outside, what breaks no rule cannot be read, or what is read does not keep its text.
pub fn sdp(bytes: &[u8]) -> Result<(), Broken> {
    let findings = sdp::verdict(bytes);
    for finding in &findings {
        hold(bytes.get(finding.at.clone()).is_some(), || format!("outside of the description: {finding:?}"))?;
    }
    match SessionDescription::read(bytes) {
        Ok(description) => {
            hold(description.text().as_bytes() == bytes, || "the text is not kept".to_owned())?;
            hold(description.says_the_same(&description), || "it does not say what it says".to_owned())
        }
        Err(error) => clean_is_readable(findings.is_empty(), &error),
    }
}

/// What only one of the two readers minds: limits, and preconditions.
fn clean_is_readable(is_clean: bool, error: &SdpError) -> Result<(), Broken> {
    let is_own = match error {
        SdpError::TooLarge { .. } | SdpError::TooManyMedia { .. } | SdpError::Precondition(_) => true,
        // Numbers without limit are legal, and repetitions and zones are not looked into.
        SdpError::Syntax(text) => ["is no number", "no repetition", "no offset"].iter().any(|what| text.contains(what)),
        SdpError::NotUtf8 | SdpError::MissingLine(_) => false,
    };
    hold(!is_clean || is_own, || format!("no rule is broken, but: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracles_see_what_is_wrong() {
        let media_type = MediaType::parse(b"multipart/mixed;boundary=b").expect("a media type");
        let body = b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--";
        let multipart = Multipart::read(&media_type, body).expect("two parts");
        assert_eq!(inside(body, &multipart), Ok(()));
        assert!(inside(&body.clone(), &multipart).is_err(), "slices of another body");
        let mut twice = multipart.clone();
        twice.parts.reverse();
        assert!(inside(body, &twice).is_err());
        let mut open = multipart;
        open.is_closed = false;
        assert_eq!(again(&media_type, &open), Ok(()), "the closing delimiter is written");
        assert!(clean_is_readable(true, &SdpError::MissingLine('o')).is_err());
        assert_eq!(clean_is_readable(false, &SdpError::MissingLine('o')), Ok(()));
    }
}
