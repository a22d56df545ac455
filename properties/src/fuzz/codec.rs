//! The codec: whatever can be framed can be read, edited and answered, and nothing reaches outside of the datagram.

use std::hint::black_box;

use imsconf::violation::Violation;
use imsconf::wire::edit::Edit;
use imsconf::wire::{self, Message, Name, OwnedUri, Uri, response_to, verdict};

use super::{Broken, hold};
use crate::oracle::Sip;

/// One datagram (RFC 3261 section 7).
///
/// # Errors
/// A view is not the datagram, a range is not inside it, or the two readers disagree about a message without faults.
pub fn message(bytes: &[u8]) -> Result<(), Broken> {
    let Ok(message) = Message::parse(bytes) else { return Ok(()) };
    read_everything(&message);
    hold(message.as_bytes() == bytes, || "the view is not the datagram".to_owned())?;
    untouched(&Edit::new(&message).render(), bytes)?;
    fields_inside(&message)?;
    let violations = verdict(&message);
    for violation in &violations {
        hold(bytes.get(violation.at.clone()).is_some(), || format!("outside of the datagram: {violation}"))?;
    }
    if violations.is_empty() {
        hold(Sip::read(bytes).is_ok(), || "no rule is broken, but the oracle cannot read it".to_owned())?;
    }
    respelled(&message, &violations)?;
    edits(&message)?;
    answer(&message)
}

/// The verdict does not hang on how names are spelled: with the long form in the place of each compact one, and the
/// usual letters, the same rules are broken.
fn respelled(message: &Message<'_>, violations: &[Violation]) -> Result<(), Broken> {
    let bytes = message.as_bytes();
    let (mut text, mut at) = (Vec::with_capacity(bytes.len() * 2), 0);
    for field in message.fields().filter(|field| field.name != Name::Other(field.raw_name)) {
        let Some(range) = message.range_of(field.raw_name) else { continue };
        text.extend_from_slice(bytes.get(at..range.start).unwrap_or_default());
        text.extend_from_slice(field.name.as_bytes());
        at = range.end;
    }
    text.extend_from_slice(bytes.get(at..).unwrap_or_default());
    // Longer names can be too long for the limits.
    let Ok(again) = Message::parse(&text) else { return Ok(()) };
    let rules = |violations: &[Violation]| violations.iter().map(|violation| violation.rule).collect::<Vec<_>>();
    let (before, after) = (rules(violations), rules(&verdict(&again)));
    hold(before == after, || format!("with other spellings of the names {before:?} became {after:?}"))
}

/// An edit that changes nothing gives the datagram back.
fn untouched(rendered: &[u8], bytes: &[u8]) -> Result<(), Broken> {
    hold(rendered == bytes, || "an edit without changes changes bytes".to_owned())
}

/// Fields stand in the datagram one behind the other, the body behind them all.
fn fields_inside(message: &Message<'_>) -> Result<(), Broken> {
    let mut end = 0;
    for field in message.fields() {
        for part in [field.raw_name, field.value] {
            let range = message.range_of(part).ok_or_else(|| Broken::new(format!("{field:?} is outside")))?;
            hold(range.start >= end, || format!("{field:?} overlaps what is before it"))?;
            end = range.end;
        }
    }
    let body = message.body();
    let start = message.range_of(body).map_or(usize::MAX, |range| range.start);
    hold(body.is_empty() || start >= end, || "the body overlaps the header fields".to_owned())
}

/// What a proxy makes of a message is a message with the same body.
fn edits(message: &Message<'_>) -> Result<(), Broken> {
    let pushed = Edit::new(message).push_via("SIP/2.0/UDP me;branch=z9hG4bKfuzz").map(Edit::render);
    let pushed = pushed.map_err(|error| Broken::new(format!("a Via cannot be pushed: {error}")))?;
    match Message::parse(&pushed) {
        Ok(below) => {
            hold(below.body() == message.body(), || "a pushed Via changes the body".to_owned())?;
            let top = below.via().ok().and_then(|via| via.branch());
            hold(top == Some(&b"z9hG4bKfuzz"[..]), || "the pushed Via is not on top".to_owned())?;
        }
        // One line more can be one too many.
        Err(error) => hold(message.fields().count() >= wire::MAX_FIELDS || pushed.len() > wire::MAX_MESSAGE, || {
            format!("with one more Via it is no message: {error}")
        })?,
    }
    black_box(Edit::new(message).pop_via().and_then(Edit::pop_route).map(Edit::render)).ok();
    black_box(Edit::new(message).decrement_max_forwards().map(Edit::render)).ok();
    Ok(())
}

/// Every request can be answered, with its Call-ID kept (RFC 3261 section 8.2.6.2).
fn answer(message: &Message<'_>) -> Result<(), Broken> {
    if !message.is_request() {
        return Ok(());
    }
    let answer = response_to(message, 400, "Bad Request", Some("t")).copy_record_route(message).render();
    let answer = answer.map_err(|error| Broken::new(format!("no answer: {error}")))?;
    let answer = Message::parse(&answer).map_err(|error| Broken::new(format!("the answer is no message: {error}")))?;
    hold(answer.status() == Some(400), || "the answer has another status".to_owned())?;
    // A folded value is copied unfolded.
    let plain = message.call_id().ok().filter(|id| !id.contains(&b'\n') && !id.contains(&b'\r'));
    hold(plain.is_none() || answer.call_id().ok() == plain, || "the answer has another Call-ID".to_owned())
}

/// Asks for everything that can be asked of a message.
fn read_everything(message: &Message<'_>) {
    black_box((message.via(), message.vias(), message.from(), message.to(), message.call_id(), message.cseq())).0.ok();
    black_box((message.contact(), message.max_forwards(), message.expires(), message.min_expires())).0.ok();
    black_box((message.rseq(), message.rack(), message.content_length(), message.content_type())).0.ok();
    black_box((message.retry_after(), message.refer_to(), message.refer_sub(), message.referred_by())).0.ok();
    black_box((message.replaces(), message.target_dialog(), message.min_se(), message.request_uri())).0.ok();
    black_box((message.access_network_info(), message.record_route(), message.route())).0.ok();
    black_box(message.event().map(|event| event.id())).ok();
    let state = message.subscription_state();
    black_box(state.map(|state| (state.expires(), state.reason(), state.retry_after()))).ok();
    black_box(message.session_expires().map(|expires| expires.refresher())).ok();
    black_box(message.reason().map(|reason| (reason.cause(), reason.text()))).ok();
    black_box((message.accept().count(), message.allow().count(), message.require().count()));
    black_box((message.supported().count(), message.allow_events().count(), message.missing_body()));
    for field in message.fields() {
        black_box((field.unfolded(), message.field(field.name), message.values(field.name).count()));
    }
}

/// A `message/sipfrag` body of a refer NOTIFY (RFC 3515 section 2.4.5).
///
/// # Errors
/// The code is out of its range, or the Status-Line rendered anew reads differently.
pub fn sipfrag(bytes: &[u8]) -> Result<(), Broken> {
    let Ok(line) = wire::sipfrag::parse(bytes) else { return Ok(()) };
    hold((100..=699).contains(&line.code), || format!("code {}", line.code))?;
    let parts = line.phrase.len() + line.fields.len() + line.body.len();
    hold(parts <= bytes.len(), || "more came out than went in".to_owned())?;
    let Ok(phrase) = std::str::from_utf8(line.phrase) else { return Ok(()) };
    if phrase.chars().any(char::is_control) {
        return Ok(());
    }
    let rendered = wire::sipfrag::render(line.code, phrase);
    let again = wire::sipfrag::parse(&rendered).map_err(|error| Broken::new(format!("rendered: {error}")))?;
    hold((again.code, again.phrase) == (line.code, line.phrase), || format!("{line:?} became {again:?}"))
}

/// One URI, or two on two lines (RFC 3261 sections 19.1.1 and 19.1.4).
///
/// # Errors
/// The text of a URI is not kept, what is made of it is no URI, or the comparison is not reflexive or not symmetric.
pub fn uri(bytes: &[u8]) -> Result<(), Broken> {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let Some(one) = lines.next().and_then(|line| Uri::parse(line).ok()) else { return Ok(()) };
    one_uri(&one)?;
    let Some(other) = lines.next().and_then(|line| Uri::parse(line).ok()) else { return Ok(()) };
    one_uri(&other)?;
    hold(one.equivalent(&other) == other.equivalent(&one), || format!("{one:?} and {other:?}: depends on the order"))
}

fn one_uri(uri: &Uri<'_>) -> Result<(), Broken> {
    let owned = uri.to_owned();
    hold(owned.as_uri() == *uri && owned.as_str() == uri.as_str(), || format!("{uri:?} changes when it is owned"))?;
    hold(uri.equivalent(uri), || format!("{uri:?} is not equivalent to itself"))?;
    let bare = owned.without_headers_and_method();
    let made = [owned.with_param("a b", Some(">\r\n")), owned.with_header("Replaces", b"\xff\r\n<>\"&;"), bare.clone()];
    for made in made.iter().chain([&owned]) {
        let again = made.as_str().parse::<OwnedUri>();
        hold(again.as_ref() == Ok(made), || format!("{made} is read as {again:?}"))?;
    }
    hold(bare.as_uri().headers_part().is_none(), || format!("{bare} has header fields left"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracles_see_what_is_wrong() {
        assert_eq!(untouched(b"a ", b"a"), Err(Broken::new("an edit without changes changes bytes")));
        assert_eq!(untouched(b"a", b"a"), Ok(()));
    }

    #[test]
    fn a_message_with_everything_wrong_is_still_held_to_the_oracles() {
        for bytes in [&b""[..], b"x", b"INVITE x SIP/2.0\r\n\r\n", b"SIP/2.0 999 \r\nVia: ,,\r\nCSeq: x\r\n\r\n"] {
            assert_eq!(message(bytes), Ok(()), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
