//! I-BYE-EARLY.

use crate::observe::{Conversation, End, Event, Judge, Observer};
use crate::verdict::Profile;

/// The observer of I-BYE-EARLY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByeEarly;

impl Observer for ByeEarly {
    const NAME: &'static str = "I-BYE-EARLY";

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, _: &Event<'_>, _: &Conversation, _: &mut Judge) {}

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
