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

pub(crate) use evidence::asks_for_bye;

use crate::intern::Interner;
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
            pub fn captured(profile: Profile, vantage: Option<Party>, holed: bool) -> Self {
                Self { conversation: Conversation::captured(vantage, holed), ..Self::new(profile) }
            }

            /// Shows one event to every observer, then takes it into the conversation.
            pub fn observe(&mut self, event: &Event<'_>, judge: &mut Judge) {
                judge.set_gap(self.conversation.has_gap(event));
                judge.set_vantage(self.conversation.vantage());
                $(
                    judge.enter(<$observer as Observer>::NAME);
                    self.$module.on_event(event, &self.conversation, judge);
                )*
                self.conversation.observe(event);
            }

            /// Tells every observer that nothing more comes.
            pub fn end(&mut self, end: End, judge: &mut Judge) {
                judge.set_gap(false);
                judge.set_vantage(self.conversation.vantage());
                $(
                    judge.enter(<$observer as Observer>::NAME);
                    self.$module.on_end(end, &self.conversation, judge);
                )*
            }
        }

        /// The states in which an exploration met each observer, by number: many [`Observers`] share most of them.
        #[derive(Debug, Default)]
        pub(crate) struct Numbered {
            conversations: Interner<Conversation>,
            $($module: Interner<$observer>,)*
        }

        impl Numbered {
            /// For each observer what [`moved`] is for it.
            pub(crate) const MOVED: &[Moved] =
                &[$(|numbered, before, events, judge| moved(&numbered.$module, before, events, judge),)*];
            /// For each observer what [`ended`] is for it.
            pub(crate) const ENDED: &[Ended] =
                &[$(|numbered, before, whole, judge| ended(&numbered.$module, before, whole, judge),)*];

            /// The numbers of the conversation and of each observer.
            pub(crate) fn of(&self, all: &Observers) -> (u32, Vec<u32>) {
                (self.conversations.note(&all.conversation), vec![$(self.$module.note(&all.$module),)*])
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
    challenge: Challenge,
}

/// The state of an observer after these events, each with the conversation before it.
pub(crate) type Moved = fn(&Numbered, u32, &[(&Event<'_>, &Conversation)], &mut Judge) -> u32;

/// The state of an observer after the end of a conversation.
pub(crate) type Ended = fn(&Numbered, u32, &Conversation, &mut Judge) -> u32;

fn moved<O: Observer>(
    known: &Interner<O>,
    before: u32,
    events: &[(&Event<'_>, &Conversation)],
    judge: &mut Judge,
) -> u32 {
    let mut own = known.get(before).clone();
    judge.enter(O::NAME);
    events.iter().for_each(|(event, conversation)| own.on_event(event, conversation, judge));
    known.note(&own)
}

fn ended<O: Observer>(known: &Interner<O>, before: u32, whole: &Conversation, judge: &mut Judge) -> u32 {
    let mut own = known.get(before).clone();
    judge.enter(O::NAME);
    own.on_end(End::Quiescent, whole, judge);
    known.note(&own)
}

impl Numbered {
    /// The conversation with this number.
    pub(crate) fn conversation(&self, number: u32) -> &Conversation {
        self.conversations.get(number)
    }

    /// The number of a conversation.
    pub(crate) fn conversation_number(&self, conversation: &Conversation) -> u32 {
        self.conversations.note(conversation)
    }
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
