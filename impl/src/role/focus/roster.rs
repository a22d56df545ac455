//! Who is and was in a conference, and the conference-info content that says so (RFC 4575 section 5).
//!
//! Only settled things are shown: a user appears when his dialog with the focus is confirmed, and stays as
//! `disconnected` after it. The transient statuses are suppressed, which section 5.7.3 leaves to policy; an invitation
//! that failed leaves no trace here. Keys are spelt once and never change (section 4.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::body::conference_info::{
    AvailableMedium, Conference, ConferenceDescription, ConferenceState, DisconnectionMethod, Endpoint, EndpointStatus,
    JoiningMethod, Media, MediaStatus, User, Users,
};
use crate::view::RosterEntry;

/// Names the conference's audio stream among its media; every participant's audio is part of it (section 5.8.3).
const AUDIO_LABEL: &str = "11223";

/// The users of one conference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    maximum: u32,
    locked: bool,
    /// By the URI that is shown. Shared with what the subscribers were told last.
    members: Arc<BTreeMap<Arc<str>, Arc<Member>>>,
    /// Under which URI a user is shown who asked for privacy.
    hidden: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Member {
    endpoint: String,
    joining: JoiningMethod,
    left: Option<DisconnectionMethod>,
    source: u32,
}

impl Roster {
    /// Nobody yet, at most `maximum` users.
    pub(crate) fn new(maximum: u32) -> Self {
        Self { maximum, locked: false, members: Arc::default(), hidden: BTreeMap::new() }
    }

    /// A user's dialog with the focus is confirmed. `endpoint` is his Contact URI, `source` the number that names his
    /// audio.
    pub(crate) fn join(&mut self, user: &str, endpoint: &str, joining: JoiningMethod, source: u32) {
        let member = Member { endpoint: endpoint.to_owned(), joining, left: None, source };
        Arc::make_mut(&mut self.members).insert(user.into(), Arc::new(member));
    }

    /// As [`Roster::join`], for a user who asked for privacy: he is shown under a URI that is made up, and so is his
    /// endpoint (RFC 4575 section 5.6).
    pub(crate) fn join_hidden(&mut self, user: &str, joining: JoiningMethod, source: u32) {
        let number = self.hidden.len() + 1;
        let shown = || format!("sip:anonymous{number}@anonymous.invalid");
        let entity = self.hidden.entry(user.to_owned()).or_insert_with(shown).clone();
        self.join(&entity, &entity, joining, source);
    }

    /// A user's dialog with the focus is over.
    pub(crate) fn leave(&mut self, user: &str, how: DisconnectionMethod) {
        let shown = self.hidden.get(user).map_or(user, String::as_str);
        let is_here = self.members.get(shown).is_some_and(|member| member.left.is_none());
        if let Some(member) = Arc::make_mut(&mut self.members).get_mut(shown).filter(|_| is_here) {
            Arc::make_mut(member).left = Some(how);
        }
    }

    /// Whether nobody can join any more (section 5.5.3); tells whether that changed.
    pub(crate) const fn lock(&mut self, locked: bool) -> bool {
        let changed = self.locked != locked;
        self.locked = locked;
        changed
    }

    /// Whether nobody can join any more.
    pub(crate) const fn is_locked(&self) -> bool {
        self.locked
    }

    /// How many are in the conference.
    pub(crate) fn present(&self) -> usize {
        self.members.values().filter(|member| member.left.is_none()).count()
    }

    /// Whether nobody was ever in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The conference as every subscriber is to know it.
    pub(crate) fn conference(&self) -> Conference {
        self.excerpt(|_, _| true)
    }

    /// The conference without the users who are the same in `other`: enough to tell both apart, and no more.
    pub(crate) fn except(&self, other: &Self) -> Conference {
        let mut others = other.members.iter().peekable();
        self.excerpt(|entity, member| {
            // Both are in the same order, and what they have in common is mostly shared.
            while others.next_if(|(known, _)| !Arc::ptr_eq(known, entity) && *known < entity).is_some() {}
            let known = others.next_if(|(known, _)| Arc::ptr_eq(known, entity) || *known == entity);
            known.is_none_or(|(_, known)| !Arc::ptr_eq(known, member) && known != member)
        })
    }

    fn excerpt(&self, mut listed: impl FnMut(&Arc<str>, &Arc<Member>) -> bool) -> Conference {
        let audio = AvailableMedium {
            label: AUDIO_LABEL.to_owned(),
            kind: Some("audio".to_owned()),
            status: Some(MediaStatus::SendRecv),
            ..AvailableMedium::default()
        };
        let members = self.members.iter().filter(|(entity, member)| listed(entity, member));
        let rows = members.map(|(entity, member)| (entity.to_string(), member.user())).collect();
        Conference {
            description: Some(ConferenceDescription {
                maximum_user_count: Some(self.maximum),
                available_media: vec![audio],
                ..ConferenceDescription::default()
            }),
            conference_state: Some(ConferenceState {
                user_count: u32::try_from(self.present()).ok(),
                active: Some(true),
                locked: self.locked.then_some(true),
                ..ConferenceState::default()
            }),
            users: Some(Users { rows, ..Users::default() }),
            ..Conference::default()
        }
    }

    pub(crate) fn view(&self) -> Vec<RosterEntry> {
        let entry = |(entity, member): (&Arc<str>, &Arc<Member>)| RosterEntry {
            entity: entity.to_string(),
            connected: member.left.is_none(),
        };
        self.members.iter().map(entry).collect()
    }
}

impl Member {
    fn user(&self) -> User {
        let audio = Media {
            kind: Some("audio".to_owned()),
            label: Some(AUDIO_LABEL.to_owned()),
            src_id: Some(self.source.to_string()),
            status: Some(MediaStatus::SendRecv),
            ..Media::default()
        };
        let endpoint = match self.left {
            None => Endpoint {
                status: Some(EndpointStatus::Connected),
                joining_method: Some(self.joining),
                media: BTreeMap::from([("1".to_owned(), Box::new(audio))]),
                ..Endpoint::default()
            },
            Some(how) => Endpoint {
                status: Some(EndpointStatus::Disconnected),
                joining_method: Some(self.joining),
                disconnection_method: Some(how),
                ..Endpoint::default()
            },
        };
        User { endpoints: BTreeMap::from([(self.endpoint.clone(), Box::new(endpoint))]), ..User::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_stays_listed_but_is_not_counted() {
        let mut roster = Roster::new(6);
        roster.join("sip:alice@home.example", "sip:alice@192.0.2.9", JoiningMethod::DialedIn, 1);
        roster.join("sip:bob@home.example", "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
        roster.leave("sip:bob@home.example", DisconnectionMethod::Departed);
        roster.leave("sip:carol@home.example", DisconnectionMethod::Failed);

        let conference = roster.conference();
        assert_eq!(conference.present().collect::<Vec<_>>(), ["sip:alice@home.example"]);
        assert_eq!(conference.conference_state.and_then(|state| state.user_count), Some(1));
        let rows = conference.users.map(|users| users.rows).unwrap_or_default();
        assert_eq!(rows.keys().collect::<Vec<_>>(), ["sip:alice@home.example", "sip:bob@home.example"]);
    }

    #[test]
    fn an_excerpt_holds_who_came_who_changed_and_who_went() {
        let mut before = Roster::new(6);
        before.join("sip:alice@home.example", "sip:alice@192.0.2.9", JoiningMethod::DialedIn, 1);
        before.join("sip:bob@home.example", "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
        let mut after = before.clone();
        after.leave("sip:bob@home.example", DisconnectionMethod::Departed);
        after.join("sip:carol@home.example", "sip:carol@192.0.2.42", JoiningMethod::DialedOut, 3);

        let listed = |conference: Conference| conference.users.map(|users| users.rows.into_keys().collect::<Vec<_>>());
        let (bob, carol) = ("sip:bob@home.example".to_owned(), "sip:carol@home.example".to_owned());
        assert_eq!(listed(before.except(&after)), Some(vec![bob.clone()]));
        assert_eq!(listed(after.except(&before)), Some(vec![bob, carol]));
        assert_eq!(listed(after.except(&after)), Some(Vec::new()));
    }

    #[test]
    fn who_is_hidden_joins_and_leaves_under_one_made_up_uri() {
        let mut roster = Roster::new(6);
        roster.join_hidden("sip:alice@home.example", JoiningMethod::DialedIn, 1);
        roster.join_hidden("sip:bob@home.example", JoiningMethod::DialedOut, 2);
        roster.leave("sip:alice@home.example", DisconnectionMethod::Departed);
        let shown: Vec<_> = roster.view().into_iter().map(|row| (row.entity, row.connected)).collect();
        let expected = [("sip:anonymous1@anonymous.invalid", false), ("sip:anonymous2@anonymous.invalid", true)];
        assert_eq!(shown, expected.map(|(entity, connected)| (entity.to_owned(), connected)));
        roster.join_hidden("sip:alice@home.example", JoiningMethod::DialedIn, 1);
        assert_eq!(roster.view().len(), 2, "he has one URI");
    }

    #[test]
    fn leaving_twice_keeps_the_first_reason() {
        let mut roster = Roster::new(6);
        roster.join("sip:bob@home.example", "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
        roster.leave("sip:bob@home.example", DisconnectionMethod::Departed);
        let before = roster.clone();
        roster.leave("sip:bob@home.example", DisconnectionMethod::Booted);
        assert_eq!(roster, before);
    }
}
