//! A stream of messages: whatever the pieces in which it comes, the same comes out, in order and whole.
//!
//! The first byte of an input says who opened the connection (its lowest bit) and how long the pieces are.

use imsconf::wire::Message;
use imsconf::wire::stream::{MAX_BUFFERED, Segment, Side, StreamError, StreamFramer};

use super::{Broken, hold};

/// What came out of a stream, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Out {
    segments: Vec<Vec<u8>>,
    end: Result<usize, StreamError>,
}

/// One stream (RFC 3261 sections 7.5 and 18.3).
///
/// # Errors
/// What comes out hangs on the pieces, is not what went in, is no whole message, or too much is kept.
pub fn stream(bytes: &[u8]) -> Result<(), Broken> {
    let Some((control, stream)) = bytes.split_first() else { return Ok(()) };
    let side = if control & 1 == 0 { Side::Opened } else { Side::Accepted };
    let whole = run(side, stream, usize::MAX)?;
    for piece in [1, usize::from(control >> 1) + 2] {
        let out = run(side, stream, piece)?;
        hold(out == whole, || format!("in pieces of {piece} bytes {out:?}, at once {whole:?}"))?;
    }
    in_order(stream, &whole)
}

fn run(side: Side, stream: &[u8], piece: usize) -> Result<Out, Broken> {
    let mut framer = StreamFramer::new(side);
    let mut segments = Vec::new();
    for mut piece in stream.chunks(piece) {
        while !piece.is_empty() {
            let taken = framer.push(piece);
            hold(taken > 0, || "there is no room although nothing can be taken out".to_owned())?;
            piece = piece.get(taken..).unwrap_or_default();
            loop {
                match framer.poll() {
                    Ok(Some(Segment::Message(bytes))) => {
                        one_message(bytes)?;
                        segments.push(bytes.to_vec());
                    }
                    Ok(Some(Segment::Ping | Segment::Pong)) => segments.push(Vec::new()),
                    Ok(None) => break,
                    Err(error) => {
                        hold(framer.poll() == Err(error), || "a stream that failed lives again".to_owned())?;
                        hold(framer.waiting() == 0, || "a stream that failed keeps octets".to_owned())?;
                        return Ok(Out { segments, end: Err(error) });
                    }
                }
            }
            hold(framer.waiting() <= MAX_BUFFERED, || format!("{} octets wait", framer.waiting()))?;
        }
    }
    Ok(Out { segments, end: Ok(framer.waiting()) })
}

/// A message that was cut out is one, no octet is missing and none too many.
fn one_message(bytes: &[u8]) -> Result<(), Broken> {
    let message = Message::parse(bytes).map_err(|error| Broken::new(format!("cut out what is no message: {error}")))?;
    let end = message.range_of(message.body()).map_or(usize::MAX, |range| range.end);
    let is_whole = message.missing_body() == 0 && (message.body().is_empty() || end == bytes.len());
    hold(is_whole, || format!("not cut where Content-Length says: {}", String::from_utf8_lossy(bytes)))
}

/// The messages stand in the stream one behind the other, with nothing but line ends between them.
fn in_order(stream: &[u8], out: &Out) -> Result<(), Broken> {
    let mut rest = stream;
    for message in out.segments.iter().filter(|segment| !segment.is_empty()) {
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        // A message may begin with a CR of its own.
        let found = (0..=ends).rev().find_map(|ends| rest.get(ends..)?.strip_prefix(&**message));
        rest = found.ok_or_else(|| Broken::new("a message is not what stands in the stream"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracles_see_what_is_wrong() {
        let message = b"BYE sip:a@h SIP/2.0\r\nl: 2\r\n\r\nhi";
        assert_eq!(one_message(message), Ok(()));
        assert!(one_message(&message[..message.len() - 1]).is_err());
        assert!(one_message(b"BYE").is_err());
        let out = |segments: &[&[u8]]| Out { segments: segments.iter().map(|one| one.to_vec()).collect(), end: Ok(0) };
        assert_eq!(in_order(b"\r\nab\r\n", &out(&[b"a", b"", b"b"])), Ok(()));
        assert!(in_order(b"ab", &out(&[b"b"])).is_err());
        assert!(in_order(b"a", &out(&[b"a", b"a"])).is_err());
    }
}
