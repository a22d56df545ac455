//! Bodies of the fuzz targets: each takes any bytes and holds what came of them to an oracle, not only to "no panic".
//!
//! The targets in `fuzz/` call them under libFuzzer; `tests/fuzz_seeds.rs` runs the same bodies on stable over the
//! inputs in `fuzz-seeds/` and simple damage to them. To add one: a function, a row in [`TARGETS`], a folder of
//! inputs, a file in `fuzz/fuzz_targets`. Read first: `codec.rs`, the plainest.

mod agent;
mod body;
mod codec;
mod conference_info;
mod header;
mod schedule;
mod stream;

use thiserror::Error;

pub use self::agent::agent;
pub use self::body::{multipart, sdp};
pub use self::codec::{message, sipfrag, uri};
pub use self::conference_info::conference_info;
pub use self::header::header;
pub use self::schedule::{MAX_STEPS, decode, schedule};
pub use self::stream::stream;

/// An oracle that does not hold for an input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Broken(String);

impl Broken {
    /// The statement that does not hold.
    pub fn new(statement: impl Into<String>) -> Self {
        Self(statement.into())
    }
}

/// What a target does with one input.
pub type Body = fn(&[u8]) -> Result<(), Broken>;

/// Every target: the name of its file and of its folder of inputs, and its body.
pub const TARGETS: [(&str, Body); 10] = [
    ("message", message),
    ("header", header),
    ("uri", uri),
    ("sipfrag", sipfrag),
    ("stream", stream),
    ("multipart", multipart),
    ("sdp", sdp),
    ("conference_info", conference_info),
    ("agent", agent),
    ("schedule", schedule),
];

/// `statement` holds, or is what is broken.
fn hold(holds: bool, statement: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(statement())) }
}
