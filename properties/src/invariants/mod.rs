//! The invariants of the wire, one observer each, and all of them together as one value.
//!
//! An invariant is named as in the catalogue (`I-TARGET`); each of its rules names the requirement it checks. To add
//! one: write a module with a type that is an [`Observer`], and a line in the list at the end of this file.
//!
//! Read first: `observe/mod.rs`, then `bye_early.rs`.

mod evidence;
mod on_hold;
mod session_description;
mod transient;

use crate::observe::{Conversation, End, Event, Judge, Observer, Party};
use crate::verdict::Profile;

/// Puts all observers into one value that can be cloned, compared and hashed.
macro_rules! observers {
    ($($module:ident: $observer:ident,)*) => {
        $(mod $module;)*
        $(pub use $module::$observer;)*

        /// Every observer together with the conversation they share.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct Observers {
            conversation: Conversation,
            $($module: $observer,)*
        }

        impl Observers {
            /// The names of all invariants, in the order in which they are asked.
            pub const NAMES: &[&str] = &[$(<$observer as Observer>::NAME,)*];

            /// Observers that have seen nothing, of a world that is seen completely.
            pub fn new(profile: Profile) -> Self {
                Self { conversation: Conversation::new(), $($module: $observer::new(profile),)* }
            }

            /// Observers of a capture, see [`Conversation::captured`].
            pub fn captured(profile: Profile, vantage: Option<Party>) -> Self {
                Self { conversation: Conversation::captured(vantage), ..Self::new(profile) }
            }

            /// Shows one event to every observer, then takes it into the conversation.
            pub fn observe(&mut self, event: &Event<'_>, judge: &mut Judge) {
                judge.set_gap(self.conversation.has_gap(event));
                $(
                    judge.enter(<$observer as Observer>::NAME);
                    self.$module.on_event(event, &self.conversation, judge);
                )*
                self.conversation.observe(event);
            }

            /// Tells every observer that nothing more comes.
            pub fn end(&mut self, end: End, judge: &mut Judge) {
                judge.set_gap(false);
                $(
                    judge.enter(<$observer as Observer>::NAME);
                    self.$module.on_end(end, &self.conversation, judge);
                )*
            }
        }
    };
}

observers! {
    target: Target,
    route: Route,
    cseq: CSeq,
    tags: Tags,
    contact: Contact,
    isfocus: IsFocus,
    bye_early: ByeEarly,
    early_notify: EarlyNotify,
    first_notify: FirstNotify,
    term_once: TermOnce,
    failure_removes: FailureRemoves,
    ss_hdr: SsHdr,
    ref_id: RefId,
    sipfrag: Sipfrag,
    ref_truth: RefTruth,
    expel: Expel,
    replaces_enc: ReplacesEnc,
    replaces_tags: ReplacesTags,
    replaces_match: ReplacesMatch,
    make_break: MakeBreak,
    as_asked: AsAsked,
    ref_wait: RefWait,
    ref_indep: RefIndep,
    notify_before_bye: NotifyBeforeBye,
    version: Version,
    state_true: StateTrue,
    roster: Roster,
    status_true: StatusTrue,
    privacy: Privacy,
    isolation: Isolation,
    prack: Prack,
    offer_answer: OfferAnswer,
    glare: Glare,
    qos: Qos,
    cancel: Cancel,
    timeout: Timeout,
    session_timer: SessionTimer,
    fork: Fork,
    headers: Headers,
    transport: Transport,
}

impl Observers {
    /// The names of all invariants, in the order in which they are asked.
    pub const fn names() -> &'static [&'static str] {
        Self::NAMES
    }

    /// What the observers know of the conversation so far.
    pub const fn conversation(&self) -> &Conversation {
        &self.conversation
    }
}
