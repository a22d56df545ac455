//! I-TARGET.

use crate::observe::{Conversation, End, Event, Judge, Observer};
use crate::verdict::Profile;

/// The observer of I-TARGET.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target;

impl Observer for Target {
    const NAME: &'static str = "I-TARGET";

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, _: &Event<'_>, _: &Conversation, _: &mut Judge) {}

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
