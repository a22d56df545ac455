//! I-AS-ASKED: the focus calls an invited user as the REFER asked it to, or not at all.
//!
//! A Replaces in Refer-To becomes the same Replaces in the INVITE (RFC 3261 section 19.1.5, RFC 3891 section 6.2):
//! without it the user would be rung up a second time. Referred-By is copied as it was written (RFC 3892 section 2.2).

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{asks_for_bye, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule};
use crate::oracle::Text;
use crate::oracle::replaces::{decoded, written_in};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-AS-ASKED";

static REPLACES: Rule = Rule::new(NAME, "RF-44", Level::Fail);
static REFERRED: Rule = Rule::new(NAME, "RF-18", Level::Fail);

/// What a REFER wants to stand in the INVITE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Asked {
    replaces: Option<Text>,
    referred_by: Option<Text>,
}

/// The observer of I-AS-ASKED.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AsAsked {
    /// What was asked of each party, by the user whom it is to call.
    asked: BTreeMap<(Party, String), BTreeSet<Asked>>,
}

impl Observer for AsAsked {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { asked: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !conversation.is_first(event) {
            return;
        }
        let field = |name: &str| event.message.header(name).map(|value| Text::from(value.trim()));
        if event.receives_request() && event.message.is_request_of("REFER") {
            let Some(target) = event.message.refer_to().filter(|target| !asks_for_bye(target.uri)) else { return };
            let bare = target.uri.split_once('?').map_or(target.uri, |(bare, _)| bare);
            let replaces = written_in(target.uri).and_then(decoded).map(|value| Text::from(value.as_str()));
            let asked = Asked { replaces, referred_by: field("Referred-By") };
            self.asked.entry((event.party, user(bare))).or_default().insert(asked);
        } else if event.sends_request() && event.message.is_request_of("INVITE") && event.message.to_tag().is_none() {
            let called = (event.party, event.message.request_uri().map(user).unwrap_or_default());
            let Some(asked) = self.asked.get(&called) else { return };
            let (replaces, referred_by) = (field("Replaces"), field("Referred-By"));
            judge.rule(
                &REPLACES,
                event.party,
                asked.iter().any(|one| one.replaces == replaces),
                &[event.number],
                || match &replaces {
                    None => "INVITE without the Replaces that the REFER asked for".to_owned(),
                    Some(value) => format!("INVITE with Replaces {value}, for which no REFER asked"),
                },
            );
            let copied = asked.iter().any(|one| one.referred_by == referred_by);
            judge.rule(&REFERRED, event.party, copied, &[event.number], || {
                let value = referred_by.as_deref().unwrap_or("none");
                format!("Referred-By of the INVITE is not that of the REFER: {value}")
            });
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
