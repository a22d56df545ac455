//! Messages: the verdict on the message, then on its body by what Content-Type says it is.

use imsconf::violation::Violation;
use imsconf::wire::stream::{Segment, Side, StreamFault, StreamFramer};
use imsconf::wire::{FramingError, FramingFault, Message, Method, Name, verdict, verdict_on_stream};

use super::{Judge, Level, Profile, Unreadable, body, level, shifted};

/// One datagram.
pub(super) fn datagram(bytes: &[u8], judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    match Message::parse(bytes) {
        Ok(message) => whole(&message, verdict(&message), 0, judge),
        Err(error) => unframed(bytes, error, 0, judge),
    }
}

/// Messages one behind the other.
pub(super) fn stream(bytes: &[u8], judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    let mut framer = StreamFramer::new(Side::Accepted);
    let (mut rest, mut fed) = (bytes, 0);
    loop {
        let taken = framer.push(rest);
        rest = rest.get(taken..).unwrap_or_default();
        fed += taken;
        loop {
            // What the framer has given and what waits in it is everything it was fed.
            match framer.poll() {
                Ok(Some(Segment::Message(message))) => {
                    let (message, length) = (message.to_vec(), message.len());
                    let start = fed - framer.waiting() - length;
                    one_of_stream(&message, start, judge)?;
                }
                Ok(Some(Segment::Ping | Segment::Pong)) => {}
                Ok(None) => break,
                Err(error) => {
                    let start = usize::try_from(error.at).unwrap_or_default().min(bytes.len());
                    return not_followed(bytes.get(start..).unwrap_or_default(), error.fault, start, judge);
                }
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    let start = bytes.len() - framer.waiting();
    let is_cut = !bytes.get(start..).unwrap_or_default().trim_ascii().is_empty();
    if is_cut {
        judge.add(
            "stream-end",
            "RFC 3261 section 18.3",
            Level::Fail,
            start..bytes.len(),
            "The stream ends before the message does",
        );
    }
    Ok(())
}

fn one_of_stream(bytes: &[u8], start: usize, judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    match Message::parse(bytes) {
        Ok(message) => whole(&message, verdict_on_stream(&message), start, judge),
        Err(error) => unframed(bytes, error, start, judge),
    }
}

/// Where the stream cannot be followed any further, the rest is judged as a message as far as it is one.
fn not_followed(rest: &[u8], fault: StreamFault, start: usize, judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    match Message::parse(rest) {
        Ok(message) => {
            whole(&message, verdict_on_stream(&message), start, judge)?;
            if fault == StreamFault::BadLength || fault == StreamFault::TwoLengths {
                let length = message.field(Name::ContentLength).and_then(|value| message.range_of(value));
                let at = shifted(&length.unwrap_or_default(), start);
                judge.add("stream-length", "RFC 3261 section 18.3", Level::Fail, at, fault.to_string());
            }
            Ok(())
        }
        Err(error) => unframed(rest, error, start, judge),
    }
}

fn whole(
    message: &Message<'_>,
    violations: Vec<Violation>,
    start: usize,
    judge: &mut Judge<'_>,
) -> Result<(), Unreadable> {
    for violation in violations {
        let rule = violation.rule;
        let usual = judge.linter.profile == Profile::ThreeGpp && is_left_out_by_3gpp(rule.id(), message);
        let level = if usual { Level::NonStrict } else { level(rule.strength()) };
        judge.add(rule.id(), rule.clause(), level, shifted(&violation.at, start), rule.summary());
    }
    let encoded = message.field(Name::ContentEncoding).is_some();
    let (Ok(media_type), false) = (message.content_type(), encoded || message.body().is_empty()) else {
        return Ok(());
    };
    let at = message.range_of(message.body()).map_or(0, |range| range.start);
    body::of_type(&media_type, message.body(), start + at, judge)
}

/// Whether a message that breaks this rule is one that the tables of TS 34.229 show: a NOTIFY without `expires`
/// (A.5.3), a 202 to a REFER without Contact (A.3.3).
fn is_left_out_by_3gpp(rule: &str, message: &Message<'_>) -> bool {
    let answers_refer = || {
        let method = message.cseq().map(|cseq| cseq.method);
        message.status().is_some() && method == Ok(Method::Refer)
    };
    rule == "subscription-expires" || (rule == "contact-missing" && answers_refer())
}

/// What is no message at all, by the rule that says so; a limit of the reader is no rule.
fn unframed(bytes: &[u8], error: FramingError, start: usize, judge: &mut Judge<'_>) -> Result<(), Unreadable> {
    let rest = bytes.get(error.at..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let at = shifted(&(error.at..error.at + line.len()), start);
    match error.fault {
        FramingFault::StartLine => {
            judge.add("no-start-line", "RFC 3261 sections 7.1 and 7.2", Level::Fail, at, upper(error.fault));
            Ok(())
        }
        FramingFault::Empty => {
            judge.add("empty", "RFC 3261 section 7", Level::Fail, at, upper(error.fault));
            Ok(())
        }
        limit @ (FramingFault::TooLong | FramingFault::LineTooLong | FramingFault::TooManyFields) => {
            Err(Unreadable::Limit(limit.to_string()))
        }
    }
}

/// The text of a fault as the beginning of a sentence.
fn upper(fault: FramingFault) -> String {
    let text = fault.to_string();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
