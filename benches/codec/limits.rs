//! The limits: what no codec can be faster than.

use std::hint::black_box;

use memchr::{memchr, memchr_iter};

/// Every line end, by memchr alone: the message has been looked at, nothing more.
pub(crate) fn scan(datagram: &[u8]) -> usize {
    memchr_iter(b'\n', datagram).fold(0, |lines, at| {
        black_box(at);
        lines + 1
    })
}

/// Name and value of every header field by two searches per line. Nothing is checked, no fold is seen, no name known.
pub(crate) fn split(datagram: &[u8], mut field: impl FnMut(&[u8], &[u8])) {
    let mut rest = datagram;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, behind) = rest.split_at(end + 1);
        rest = behind;
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        if line.is_empty() {
            return;
        }
        if let Some(colon) = memchr(b':', line) {
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            field(name, value.strip_prefix(b" ").unwrap_or(value));
        }
    }
}

/// The bytes between two pieces of text.
fn between<'a>(value: &'a [u8], before: &[u8], end: u8) -> Option<&'a [u8]> {
    let start = memchr::memmem::find(value, before)? + before.len();
    let rest = value.get(start..)?;
    rest.get(..memchr(end, rest).unwrap_or(rest.len()))
}

/// What [`crate::ours::typed`] reads, cut out of the values of the split without a look at their grammar.
pub(crate) fn typed(name: &[u8], value: &[u8]) {
    let part = match name {
        b"Via" => between(value, b";branch=", b';'),
        b"From" | b"To" => between(value, b";tag=", b';'),
        b"Contact" => between(value, b"<", b'>'),
        b"Call-ID" | b"CSeq" | b"Event" | b"Subscription-State" => Some(value),
        _ => None,
    };
    if let Some(part) = part {
        black_box(part);
    }
}
