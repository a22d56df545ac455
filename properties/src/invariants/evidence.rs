//! What several observers read out of a conversation: the calls of a conference as its focus must see them, who a URI
//! means, and which notifications were never answered.
//!
//! Only what the focus itself sent or was delivered counts, so that a lost message is nobody's lie.

use crate::observe::{Conversation, DialogState, Party, SubscriptionKey, Transaction, TransactionKey};
use crate::oracle::{Sip, Text, Uri};

/// One call of a focus, made by INVITE outside a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The other end: whom the focus called, or who called it.
    pub(super) user: String,
    /// By what else he is known: whom the network asserts (RFC 3325 section 9.1).
    asserted: Vec<String>,
    /// Whether he wants his identity kept from other users (RFC 3325 section 9.3).
    hidden: bool,
    /// The Call-ID.
    pub(super) call_id: Text,
    /// Whether the focus made the call.
    pub(super) dialed_out: bool,
    /// The final answer to the INVITE that the focus was delivered (when it called) or sent.
    pub(super) answered: Option<u16>,
    /// Whether a provisional response reached the focus; false for calls to the focus.
    pub(super) provisional: bool,
    /// Whether a 180 reached the focus; false for calls to the focus.
    pub(super) ringing: bool,
    /// Whether the focus sent CANCEL.
    pub(super) cancelled: bool,
    /// Whether a BYE of the other end reached the focus.
    pub(super) left: bool,
    /// Whether the focus sent BYE.
    pub(super) dismissed: bool,
}

impl Call {
    /// Whether the other end is this user. Who wants privacy is shown as somebody made up (RFC 4575 section 5.6).
    pub(super) fn is(&self, user: &str) -> bool {
        self.user == user || self.asserted.iter().any(|other| other == user) || (self.hidden && is_made_up(user))
    }

    /// Whether the INVITE was answered with a 2xx.
    pub(super) fn succeeded(&self) -> bool {
        self.answered.is_some_and(|code| (200..300).contains(&code))
    }

    /// Whether the other end is in the conference now.
    pub(super) fn is_connected(&self) -> bool {
        self.succeeded() && !self.left && !self.dismissed
    }
}

/// The calls of `focus`, in the order of their Call-IDs.
pub(super) fn calls(conversation: &Conversation, focus: Party) -> Vec<Call> {
    let invites = conversation.transactions().filter(|(key, _)| &*key.method == "INVITE");
    invites.filter_map(|(key, invite)| call(conversation, focus, key, invite)).collect()
}

fn call(conversation: &Conversation, focus: Party, key: &TransactionKey, invite: &Transaction) -> Option<Call> {
    let request = invite.request.as_ref().filter(|request| request.to_tag.is_none())?;
    let dialed_out = invite.client == Some(focus) && invite.sent.is_some();
    if !dialed_out && (invite.server != Some(focus) || invite.delivered.is_none()) {
        return None;
    }
    let sent = |code: &u16| invite.responses.iter().any(|r| r.code == *code && r.sent.is_some());
    let answered = if dialed_out {
        invite.final_delivered()
    } else {
        invite.final_response().map(|response| response.code).filter(sent)
    };
    // A challenged INVITE goes out again, and that one is the call.
    if matches!(answered, Some(401 | 407)) {
        return None;
    }
    let heard = |matching: fn(u16) -> bool| {
        dialed_out && invite.responses.iter().any(|r| matching(r.code) && r.delivered.is_some())
    };
    let byes =
        || conversation.transactions().filter(|(other, _)| &*other.method == "BYE" && other.call_id == key.call_id);
    let cancel = TransactionKey { method: "CANCEL".into(), ..key.clone() };
    Some(Call {
        user: user(if dialed_out { &request.uri } else { &request.from }),
        asserted: if dialed_out { Vec::new() } else { request.asserted.iter().map(|uri| user(uri)).collect() },
        hidden: if dialed_out { invite.responses.iter().any(|response| response.private) } else { request.private },
        call_id: key.call_id.clone(),
        dialed_out,
        answered,
        provisional: heard(|code| code < 200),
        ringing: heard(|code| code == 180),
        cancelled: dialed_out && conversation.transaction_at(&cancel).is_some_and(|cancel| cancel.sent.is_some()),
        left: byes().any(|(_, bye)| bye.server == Some(focus) && bye.delivered.is_some()),
        dismissed: byes().any(|(_, bye)| bye.client == Some(focus) && bye.sent.is_some()),
    })
}

/// Whether `focus` was asked, by a REFER that reached it, to expel the user (RFC 4579 section 5.11).
pub(super) fn is_to_be_expelled(conversation: &Conversation, focus: Party, target: &str) -> bool {
    let refers = conversation.transactions().filter(|(key, _)| &*key.method == "REFER");
    let mut asked = refers.filter(|(_, refer)| refer.server == Some(focus) && refer.delivered.is_some());
    asked.any(|(_, refer)| {
        let refer_to = refer.request.as_ref().and_then(|request| request.refer_to.as_deref());
        refer_to.is_some_and(|uri| asks_for_bye(uri) && user(uri) == target)
    })
}

/// Whether a Refer-To URI asks for a BYE (RFC 3261 section 19.1.1).
pub(crate) fn asks_for_bye(uri: &str) -> bool {
    Uri::read(uri).parameter("method").is_some_and(|method| method.eq_ignore_ascii_case("BYE"))
}

/// Whom a URI means, as far as the roster, a Refer-To and a Request-URI have to agree: user and host without
/// parameters, or the telephone number, whichever scheme it is written in.
pub(super) fn user(uri: &str) -> String {
    let uri = Uri::read(uri);
    let tel = uri.scheme.eq_ignore_ascii_case("tel");
    let phone = uri.parameter("user").is_some_and(|value| value.eq_ignore_ascii_case("phone"));
    let number = if tel { uri.host } else { uri.user.split(';').next().unwrap_or("") };
    if tel || (phone && !number.is_empty()) {
        let digits: String = number.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
        return format!("tel:{digits}");
    }
    format!("{}@{}", uri.user, uri.host.to_ascii_lowercase())
}

/// Whether this is nobody in particular (RFC 3323 section 4.1.1.3).
pub(super) fn is_made_up(user: &str) -> bool {
    user.ends_with("@anonymous.invalid")
}

/// The focus of the conference that was seen: who answered the call that made it.
pub(super) fn focus(conversation: &Conversation) -> Option<Party> {
    let call_id = conversation.conference().call_id.as_ref()?;
    let invite = conversation.transactions().find(|(key, transaction)| {
        &*key.method == "INVITE"
            && key.call_id == *call_id
            && transaction.request.as_ref().is_none_or(|request| request.to_tag.is_none())
    });
    invite.and_then(|(_, transaction)| transaction.server)
}

/// Whether the call that made the conference is over for `party`.
pub(super) fn conference_over(conversation: &Conversation, party: Party) -> bool {
    let call_id = conversation.conference().call_id.as_deref();
    call_id.is_some_and(|call_id| {
        conversation.dialogs_of(party, call_id).any(|(_, dialog)| dialog.state == DialogState::Ended)
    })
}

/// Whether a NOTIFY of this subscription was never answered as far as its sender knows.
pub(super) fn has_unanswered_notify(conversation: &Conversation, key: &SubscriptionKey, notifier: Party) -> bool {
    conversation.transactions().any(|(other, transaction)| {
        let Some(request) = &transaction.request else { return false };
        let Some((package, id)) = &request.event else { return false };
        let id = id.as_deref().and_then(|id| id.parse::<u32>().ok());
        &*other.method == "NOTIFY"
            && other.call_id == key.call_id
            && transaction.client == Some(notifier)
            && transaction.final_delivered().is_none()
            && *package == key.package
            && (&*key.package != "refer" || id.is_none_or(|id| id == key.cause))
    })
}

/// Whether a refer NOTIFY does not say which of several REFERs in its dialog it is about. That it should is the
/// business of I-REF-ID; the others leave such a NOTIFY alone.
pub(super) fn is_nameless(conversation: &Conversation, message: &Sip) -> bool {
    let refer = message.event().is_some_and(|event| event.package == "refer" && event.id.is_none());
    let referrals = conversation.subscriptions().filter(|(key, subscription)| {
        let own = &*key.package == "refer" && *key.call_id == *message.call_id();
        own && subscription.requested && !subscription.is_challenged()
    });
    refer && referrals.count() > 1
}

#[cfg(test)]
mod tests {
    use super::user;

    #[test]
    fn who_a_uri_means() {
        let table = [
            ("sip:bob@HOME", "sip:bob@home;transport=tcp", true),
            ("sip:bob@home?Replaces=x", "sip:bob@home;method=INVITE", true),
            ("sip:bob@home", "sip:Bob@home", false),
            ("tel:+1-555-0100", "sip:+15550100@home;user=phone", true),
            ("tel:+15550100;phone-context=x", "sip:+15550100;ext=1@home;user=phone", true),
            ("sip:+15550100@home", "tel:+15550100", false),
        ];
        for (a, b, same) in table {
            assert_eq!(user(a) == user(b), same, "{a} {b}");
        }
    }
}
