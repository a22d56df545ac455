//! I-REPLACES-TAGS: a REFER names the referrer's own call with the invited user, as that user sees it.
//!
//! The to-tag is the tag of the invited user, whoever called whom (RFC 3891 sections 3 and 6.1). A call that is up is
//! named (TS 34.229-5 A.20), one that still rings at the invited user is not (RFC 3891 section 4).

use super::evidence::{asks_for_bye, user};
use crate::observe::{Conversation, Dialog, DialogKey, DialogState, End, Event, Judge, Observer, Origin, Party, Rule};
use crate::oracle::replaces::{Replaces, decoded, written_in};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REPLACES-TAGS";

static ORIENTATION: Rule = Rule::new(NAME, "RF-22", Level::Fail);
static NAMED: Rule = Rule::new(NAME, "RF-23", Level::Fail).needs_history();
static EARLY: Rule = Rule::new(NAME, "RF-46", Level::Fail);

/// The observer of I-REPLACES-TAGS. It needs no memory of its own: the dialogs know their tags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacesTags;

impl Observer for ReplacesTags {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let refer = event.sends_request() && event.message.is_request_of("REFER") && conversation.is_first(event);
        let Some(target) = event.message.refer_to().filter(|_| refer) else { return };
        if asks_for_bye(target.uri) {
            return;
        }
        match written_in(target.uri).and_then(decoded).as_deref().and_then(Replaces::read) {
            Some(named) => of_the_recipient(event, &named, conversation, judge),
            // What cannot be read is the business of I-REPLACES-ENC.
            None if written_in(target.uri).is_none() => nothing_to_name(event, target.uri, conversation, judge),
            None => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn of_the_recipient(event: &Event<'_>, named: &Replaces, conversation: &Conversation, judge: &mut Judge) {
    let (party, numbers) = (event.party, [event.number]);
    // The tags of the invited user are the referrer's own, the other way round.
    let own = |key: &DialogKey| named.is(&key.remote_tag, &key.local_tag);
    let known: Vec<_> = conversation.dialogs_of(party, &named.call_id).collect();
    let Some((_, dialog)) = known.iter().find(|(key, _)| own(key)) else {
        let text = || match known.first() {
            Some((key, _)) if named.is(&key.local_tag, &key.remote_tag) => {
                format!("Replaces has to-tag {} and from-tag {} the wrong way round", named.to_tag, named.from_tag)
            }
            Some((key, _)) => format!(
                "Replaces has to-tag {} and from-tag {}, the invited user knows {} and {}",
                named.to_tag, named.from_tag, key.remote_tag, key.local_tag
            ),
            None => format!("Replaces names {}, which is no call of the referrer's", named.call_id),
        };
        if known.is_empty() && !conversation.is_complete() {
            // Somebody between the two may know the call by another name.
            judge.inconclusive(&ORIENTATION, party, &numbers, text);
        } else {
            judge.rule(&ORIENTATION, party, false, &numbers, text);
        }
        return;
    };
    judge.rule(&ORIENTATION, party, true, &numbers, String::new);
    let rings = dialog.state == DialogState::Early && dialog.origin == Origin::Caller;
    judge.rule(&EARLY, party, !rings, &numbers, || {
        "Replaces names a call that still rings at the invited user".to_owned()
    });
}

/// No call is named: then there is none.
fn nothing_to_name(event: &Event<'_>, target: &str, conversation: &Conversation, judge: &mut Judge) {
    let target = user(target);
    let up = calls_with(conversation, event.party, &target).next();
    judge.rule(&NAMED, event.party, up.is_none(), &[event.number], || {
        format!("Refer-To does not name the call that the referrer has with {target}")
    });
}

/// The calls of `party` with this user that are up.
fn calls_with<'c>(conversation: &'c Conversation, party: Party, peer: &'c str) -> impl Iterator<Item = &'c Dialog> {
    let invites = conversation.transactions().filter(|(key, _)| &*key.method == "INVITE");
    let own = invites.filter(move |(_, invite)| {
        let Some(request) = invite.request.as_ref().filter(|request| request.to_tag.is_none()) else { return false };
        (invite.client == Some(party) && user(&request.uri) == peer)
            || (invite.server == Some(party) && user(&request.from) == peer)
    });
    own.flat_map(move |(key, _)| conversation.dialogs_of(party, &key.call_id))
        .map(|(_, dialog)| dialog)
        .filter(|dialog| dialog.state == DialogState::Confirmed)
}
