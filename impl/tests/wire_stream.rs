//! Messages on a stream: whatever the pieces in which they come, the same messages come out, and nothing is kept
//! without limit.

use imsconf::wire::stream::{MAX_BUFFERED, Segment, Side, StreamError, StreamFault, StreamFramer};
use imsconf::wire::{FramingFault, MAX_FIELDS, MAX_LINE};

/// What comes out of a stream that comes in pieces of this length; what was said of its end.
fn segments(side: Side, bytes: &[u8], piece: usize) -> (Vec<String>, Result<usize, StreamError>) {
    let mut framer = StreamFramer::new(side);
    let mut found = Vec::new();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            let taken = framer.push(piece);
            assert!(taken > 0, "there is room whenever everything was taken out");
            piece = &piece[taken..];
            loop {
                match framer.poll() {
                    Ok(Some(Segment::Message(bytes))) => found.push(String::from_utf8_lossy(bytes).into_owned()),
                    Ok(Some(Segment::Ping)) => found.push("ping".to_owned()),
                    Ok(Some(Segment::Pong)) => found.push("pong".to_owned()),
                    Ok(None) => break,
                    Err(error) => return (found, Err(error)),
                }
            }
        }
    }
    let waiting = framer.waiting();
    assert!(waiting <= MAX_BUFFERED);
    (found, Ok(waiting))
}

const ACK: &str = "ACK sip:a@h SIP/2.0\r\nContent-Length: 0\r\n\r\n";
const BYE: &str = "BYE sip:a@h SIP/2.0\r\nl : 4\r\nContent-Length: 4\r\n\r\n\r\n\r\n";
const OK: &str = "SIP/2.0 200 OK\nContent-Length:\n 2\n\nhi";

#[test]
fn the_same_messages_come_out_of_any_pieces() {
    use Side::{Accepted, Opened};
    // side, stream, what comes out, octets that wait
    let table: &[(Side, String, &[&str], usize)] = &[
        (Opened, [ACK, BYE, OK].concat(), &[ACK, BYE, OK], 0),
        (Accepted, format!("{ACK}\r\n\r\n{BYE}\r\n{OK}\n\n"), &[ACK, "ping", BYE, OK], 0),
        (Opened, format!("\r\n{ACK}\r\n\r\n{OK}"), &["pong", ACK, "pong", "pong", OK], 0),
        (Accepted, format!("\r\n\r\n\r\n\r\n{ACK}"), &["ping", "ping", ACK], 0),
        (Accepted, format!("{ACK}\r\n"), &[ACK], 2),
        (Opened, format!("{ACK}{}", &BYE[..BYE.len() - 1]), &[ACK], BYE.len() - 1),
        (Accepted, "INV".to_owned(), &[], 3),
        (Accepted, String::new(), &[], 0),
    ];
    for (side, stream, expected, waiting) in table {
        for piece in [1, 2, 3, 7, 1000] {
            let (found, end) = segments(*side, stream.as_bytes(), piece);
            assert_eq!(found, *expected, "{stream:?} in pieces of {piece}");
            assert_eq!(end, Ok(*waiting), "{stream:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_stream_that_cannot_be_followed_fails_where_and_forever() {
    use FramingFault::{LineTooLong, StartLine, TooLong, TooManyFields};
    let head = |fields: &str| format!("BYE sip:a@h SIP/2.0\r\n{fields}\r\n");
    let table: &[(String, StreamFault)] = &[
        (head("To: <sip:a@h>\r\n"), StreamFault::NoLength),
        (head("Content-Length: -1\r\n"), StreamFault::BadLength),
        (head("Content-Length: 4294967296\r\n"), StreamFault::BadLength),
        (head("Content-Length: 1\r\nl: 2\r\n"), StreamFault::TwoLengths),
        (head("Content-Length: 65536\r\n"), StreamFault::Framing(TooLong)),
        (head("Content-Length: 4294967295\r\n"), StreamFault::Framing(TooLong)),
        ("GET / HTTP/1.1\r\n".to_owned(), StreamFault::Framing(StartLine)),
        ("\u{16}\u{3}\u{1}\n".to_owned(), StreamFault::Framing(StartLine)),
        ("x".repeat(MAX_LINE + 1), StreamFault::Framing(LineTooLong)),
        (head(&"A: b\r\n".repeat(MAX_FIELDS + 1)), StreamFault::Framing(TooManyFields)),
        (format!("BYE sip:a@h SIP/2.0\r\n{}", "A: b\r\n".repeat(MAX_BUFFERED / 6)), StreamFault::Framing(TooLong)),
    ];
    for (stream, fault) in table {
        for piece in [1, 100, usize::MAX] {
            let (found, end) = segments(Side::Opened, format!("{ACK}{stream}").as_bytes(), piece);
            assert_eq!(found, [ACK]);
            assert_eq!(
                end,
                Err(StreamError { fault: *fault, at: ACK.len() as u64 }),
                "{:?}",
                &stream[..20.min(stream.len())]
            );
        }
    }
    let mut framer = StreamFramer::new(Side::Opened);
    framer.push(b"GET / HTTP/1.1\r\n");
    let error = framer.poll().unwrap_err();
    assert_eq!(framer.push(ACK.as_bytes()), ACK.len());
    assert_eq!(framer.waiting(), 0);
    assert_eq!(framer.poll(), Err(error));
}

#[test]
fn a_message_of_the_longest_length_fits() {
    let head = "BYE sip:a@h SIP/2.0\r\nContent-Length: ";
    let body = MAX_BUFFERED - head.len() - "65484\r\n\r\n".len();
    let message = format!("{head}{body}\r\n\r\n{}", "x".repeat(body));
    assert_eq!(message.len(), MAX_BUFFERED);
    let (found, end) = segments(Side::Opened, format!("{message}{message}").as_bytes(), 4096);
    assert_eq!((found, end), (vec![message.clone(), message], Ok(0)));
}
