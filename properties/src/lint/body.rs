//! Bodies: conference documents (RFC 4575), fragments of messages (RFC 3420), session descriptions (RFC 8866), and
//! bodies of several parts (RFC 2046). `start` is where the body stands in the whole.

use std::ops::Range;

use imsconf::body::conference_info::{self, DocumentError, Position, read};
use imsconf::body::multipart::{Multipart, MultipartError};
use imsconf::body::sdp;
use imsconf::wire::{self, MediaType, Message, verdict_of_fragment};

use super::{Judge, Level, Unreadable, level, shifted};

/// A body of this media type, as far as there are rules for it.
pub(super) fn of_type(
    media_type: &MediaType<'_>,
    body: &[u8],
    start: usize,
    judge: &mut Judge<'_>,
) -> Result<(), Unreadable> {
    if media_type.is(sdp::MEDIA_TYPE) {
        sdp(body, start, judge);
    } else if media_type.is(conference_info::MEDIA_TYPE) {
        return conference_info(body, start, judge);
    } else if media_type.is("message/sipfrag") {
        sipfrag(body, start, judge);
    } else if media_type.kind.eq_ignore_ascii_case(b"multipart") {
        return multipart(Multipart::read(media_type, body), body, start, judge);
    }
    Ok(())
}

fn multipart(
    found: Result<Multipart<'_>, MultipartError>,
    body: &[u8],
    start: usize,
    judge: &mut Judge<'_>,
) -> Result<(), Unreadable> {
    const CLAUSE: &str = "RFC 2046 section 5.1.1";
    let whole = start..start + body.len();
    let multipart = match found {
        Ok(multipart) => multipart,
        Err(error @ (MultipartError::Boundary | MultipartError::NoPart | MultipartError::OtherType)) => {
            judge.add("multipart", CLAUSE, Level::Fail, whole, format!("A multipart body with {error}"));
            return Ok(());
        }
        Err(limit @ (MultipartError::TooManyParts | MultipartError::TooDeep | MultipartError::TooManyFields)) => {
            return Err(Unreadable::Limit(limit.to_string()));
        }
    };
    if !multipart.is_closed {
        let text = "A multipart body has no closing delimiter";
        judge.add("multipart-end", CLAUSE, Level::Fail, whole.end..whole.end, text);
    }
    for part in &multipart.parts {
        let at = start + offset(body, part.body);
        if let Some(nested) = part.nested() {
            self::multipart(nested, part.body, at, judge)?;
        } else if let Some(media_type) = part.content_type() {
            of_type(&media_type, part.body, at, judge)?;
        }
    }
    Ok(())
}

/// Where a slice of `whole` begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// `application/sdp`.
pub(super) fn sdp(body: &[u8], start: usize, judge: &mut Judge<'_>) {
    for finding in sdp::verdict(body) {
        let rule = finding.rule;
        judge.add(rule.id(), rule.clause(), level(rule.strength()), shifted(&finding.at, start), rule.summary());
    }
    // What only the reader minds, such as precondition lines.
    let broken = sdp::SessionDescription::read(body).err();
    if let Some(sdp::SdpError::Precondition(error)) = broken {
        let at = start..start + body.len();
        judge.add("sdp-precondition", "RFC 3312 section 4", Level::Fail, at, format!("A precondition line: {error}"));
    }
}

/// `message/sipfrag`.
pub(super) fn sipfrag(body: &[u8], start: usize, judge: &mut Judge<'_>) {
    if let Err(error) = wire::sipfrag::parse(body) {
        let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let at = shifted(&(0..line.trim_ascii_end().len()), start);
        judge.add(
            "sipfrag-status-line",
            "RFC 3515 section 2.4.5",
            Level::NonStrict,
            at,
            format!("A fragment with {error}"),
        );
    }
    let Ok(fragment) = Message::parse(body) else { return };
    for violation in verdict_of_fragment(&fragment) {
        let rule = violation.rule;
        judge.add(rule.id(), rule.clause(), level(rule.strength()), shifted(&violation.at, start), rule.summary());
    }
}

/// `application/conference-info+xml`.
pub(super) fn conference_info(body: &[u8], start: usize, judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    match read(body) {
        Ok(reading) => {
            for finding in reading.findings {
                let (clause, level) = judge.requirement(finding.rule.id());
                let at = shifted(&range(body, finding.at), start);
                let text = format!("{}: {}", finding.rule.text(), finding.detail);
                judge.add(finding.rule.id(), &clause, level, at, text);
            }
            Ok(())
        }
        Err(DocumentError { fault, at }) => {
            let (clause, level) = judge.requirement(fault.id());
            if level == Level::Inconclusive {
                return Err(Unreadable::Limit(fault.to_string()));
            }
            judge.add(fault.id(), &clause, level, shifted(&range(body, at), start), fault.to_string());
            Ok(())
        }
    }
}

/// From a position to the end of the tag or word that begins there, not beyond its line.
fn range(body: &[u8], position: Position) -> Range<usize> {
    let row = usize::try_from(position.line).unwrap_or_default();
    let line_start = match row.checked_sub(2) {
        None => 0,
        Some(before) => memchr_nth(body, before).map_or(body.len(), |at| at + 1),
    };
    let line = body.get(line_start..).unwrap_or_default();
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = usize::try_from(position.column).unwrap_or_default().saturating_sub(1);
    let text = String::from_utf8_lossy(line);
    let before = text.chars().take(column).map(char::len_utf8).sum::<usize>().min(line.len());
    let rest = line.get(before..).unwrap_or_default();
    let length = match rest {
        [b'<', ..] => rest.iter().position(|byte| *byte == b'>').map_or(rest.len(), |end| end + 1),
        _ => rest.iter().position(|byte| matches!(byte, b'<' | b'>' | b' ' | b'\t')).unwrap_or(rest.len()),
    };
    line_start + before..line_start + before + length
}

/// Where the line feed stands that is preceded by so many others.
fn memchr_nth(body: &[u8], before: usize) -> Option<usize> {
    body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(before).map(|(at, _)| at)
}
