//! The conversions to and from `rsip` (feature `rsip` of our codec): what is carried comes back as it was, whatever the
//! message; what is not is an error, never a loss.

use imsconf::wire::rsip::to_bytes;
use imsconf::wire::{Message, Start};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rsip::SipMessage;

use crate::{cases, generate};

/// Start, names and values, body.
type Content = (String, Vec<(String, Vec<u8>)>, Vec<u8>);

/// All of a message but its reason phrase, which `rsip` does not keep, and its spelling.
fn content(message: &Message<'_>) -> Content {
    let start = match message.start() {
        Start::Request { method, uri } => format!("{method} {}", String::from_utf8_lossy(uri)),
        Start::Response { code, .. } => code.to_string(),
    };
    let fields = message.fields().map(|field| (field.name.to_string(), field.unfolded().into_owned()));
    (start, fields.collect(), message.body().to_vec())
}

#[test]
fn what_rsip_carries_comes_back_as_it_was() {
    let mut runner = TestRunner::deterministic();
    let strategy = generate::message();
    let (mut carried, mut refused) = (0_usize, 0_usize);
    for _ in 0..cases() {
        let bytes = strategy.new_tree(&mut runner).expect("a message").current();
        let Ok(message) = Message::parse(&bytes) else { continue };
        let shown = String::from_utf8_lossy(&bytes);
        let Ok(theirs) = SipMessage::try_from(&message) else {
            refused += 1;
            continue;
        };
        carried += 1;
        let back = to_bytes(&theirs).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        let back = Message::parse(&back).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        assert_eq!(content(&back), content(&message), "{shown}");
    }
    assert!(carried > cases() / 4 && refused > cases() / 20, "{carried} carried, {refused} refused");
}
