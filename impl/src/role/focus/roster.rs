//! Who is and was in a conference, and the conference-info content that says so (RFC 4575 section 5).
//!
//! A user appears when his dialog with the focus is confirmed, and stays as `disconnected` after it. Whether his way in
//! and out is shown too is policy (section 5.7.3): without it the transient statuses are suppressed, and an invitation
//! that failed leaves no trace here. Keys are spelt once and never change (section 4.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::ToCompactString;

use crate::body::conference_info::{
    AvailableMedium, Conference, ConferenceDescription, ConferenceState, DisconnectionMethod, Endpoint, EndpointStatus,
    Execution, JoiningMethod, Media, MediaStatus, User, Users,
};
use crate::body::sdp::Flow;
use crate::view::RosterEntry;

/// Names the conference's audio stream among its media; every participant's audio is part of it (section 5.8.3).
const AUDIO_LABEL: &str = "11223";

/// The users of one conference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    maximum: u32,
    /// Whether the transient statuses are shown, and who was called in vain.
    shows_progress: bool,
    locked: bool,
    /// By the URI that is shown. Shared with what the subscribers were told of them.
    members: BTreeMap<Arc<str>, Arc<Member>>,
    /// How many of them are in the conference.
    present: usize,
    /// Under which URI a user is shown who asked for privacy.
    hidden: BTreeMap<String, String>,
    /// Who changed since [`Roster::take_news`].
    news: Former,
}

/// Users who have changed, as they were; none where somebody was not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Former(BTreeMap<Arc<str>, Option<Arc<Member>>>);

/// What a subscriber was told last, as far as it is not so any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LastTold {
    head: Head,
    users: Former,
}

/// What the roster says beside its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Head {
    present: usize,
    locked: bool,
}

impl LastTold {
    /// All of the roster.
    pub(crate) fn all(roster: &Roster) -> Self {
        Self { head: roster.head(), users: Former::default() }
    }

    /// Users have changed, in `roster` already. Who is again as he was told is no news.
    pub(crate) fn note(&mut self, news: &Former, roster: &Roster) {
        for (entity, before) in &news.0 {
            let told = self.users.0.entry(Arc::clone(entity)).or_insert_with(|| before.clone());
            if told.as_ref() == roster.members.get(entity) {
                self.users.0.remove(entity);
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Member {
    endpoint: String,
    /// Who asked for the user to be brought in, as far as that is shown.
    referred: Option<String>,
    status: Status,
}

/// Where a user is on his way in and out (section 5.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Status {
    DialingOut,
    Alerting,
    Connected {
        joining: JoiningMethod,
        source: u32,
        on_hold: bool,
        /// What flows, from the focus' point of view.
        flow: Flow,
    },
    /// Who was called off before he joined has not joined in any way.
    Disconnecting {
        joining: Option<JoiningMethod>,
    },
    Disconnected {
        joining: Option<JoiningMethod>,
        how: DisconnectionMethod,
    },
}

impl Status {
    const fn is_connected(self) -> bool {
        match self {
            Self::Connected { .. } => true,
            Self::DialingOut | Self::Alerting | Self::Disconnecting { .. } | Self::Disconnected { .. } => false,
        }
    }

    /// How he came in, if he did.
    const fn joining(self) -> Option<JoiningMethod> {
        match self {
            Self::DialingOut | Self::Alerting => None,
            Self::Connected { joining, .. } => Some(joining),
            Self::Disconnecting { joining } | Self::Disconnected { joining, .. } => joining,
        }
    }
}

impl Roster {
    /// Nobody yet, at most `maximum` users.
    pub(crate) fn new(maximum: u32, shows_progress: bool) -> Self {
        Self {
            maximum,
            shows_progress,
            locked: false,
            members: BTreeMap::new(),
            present: 0,
            hidden: BTreeMap::new(),
            news: Former::default(),
        }
    }

    /// A user is called into the conference, as `referrer` wished. His URI names his endpoint too: where he will answer
    /// is not known, and a key stays as it is. Tells whether that is shown.
    pub(crate) fn dial(&mut self, user: &str, referrer: &str) -> bool {
        if self.shows_progress {
            let referred = Some(self.shown(referrer).to_owned());
            let member = Member { endpoint: user.to_owned(), referred, status: Status::DialingOut };
            self.put(user.into(), Some(member));
        }
        self.shows_progress
    }

    /// The user agent of a user who is called alerts him. Tells whether that is news.
    pub(crate) fn alert(&mut self, user: &str) -> bool {
        self.advance(user, |status| (status == Status::DialingOut).then_some(Status::Alerting))
    }

    /// A user's dialog with the focus is confirmed. `endpoint` is his Contact URI, `source` the number that names his
    /// audio.
    pub(crate) fn join(&mut self, user: &str, endpoint: &str, joining: JoiningMethod, source: u32) {
        let status = Status::Connected { joining, source, on_hold: false, flow: Flow::SENDRECV };
        let on_his_way = |status| matches!(status, Status::DialingOut | Status::Alerting).then_some(status);
        if self.advance(user, |known| on_his_way(known).map(|_| status)) {
            return;
        }
        let member = Member { endpoint: endpoint.to_owned(), referred: None, status };
        self.put(user.into(), Some(member));
    }

    /// As [`Roster::join`], for a user who asked for privacy: he is shown under a URI that is made up, and so is his
    /// endpoint (RFC 4575 section 5.6). What was shown of his way in names him, and goes.
    pub(crate) fn join_hidden(&mut self, user: &str, joining: JoiningMethod, source: u32) {
        self.put(user.into(), None);
        let number = self.hidden.len() + 1;
        let shown = || format!("sip:anonymous{number}@anonymous.invalid");
        let entity = self.hidden.entry(user.to_owned()).or_insert_with(shown).clone();
        self.join(&entity, &entity, joining, source);
    }

    /// A participant is on hold or not, and `flow` is what flows between the mixer and him, seen from the mixer; tells
    /// whether that is news.
    pub(crate) fn hold(&mut self, user: &str, on_hold: bool, flow: Flow) -> bool {
        self.advance(user, |status| match status {
            Status::Connected { joining, source, .. } => {
                let next = Status::Connected { joining, source, on_hold, flow };
                (next != status).then_some(next)
            }
            Status::DialingOut | Status::Alerting | Status::Disconnecting { .. } | Status::Disconnected { .. } => None,
        })
    }

    /// The focus is about to end a user's dialog or to call his invitation off. Tells whether that is news.
    pub(crate) fn dismiss(&mut self, user: &str) -> bool {
        if !self.shows_progress {
            return self.leave(user, DisconnectionMethod::Booted);
        }
        self.advance(user, |status| match status {
            Status::DialingOut | Status::Alerting | Status::Connected { .. } => {
                Some(Status::Disconnecting { joining: status.joining() })
            }
            Status::Disconnecting { .. } | Status::Disconnected { .. } => None,
        })
    }

    /// A user's dialog with the focus is over, or his invitation has failed. Tells whether that is news.
    pub(crate) fn leave(&mut self, user: &str, how: DisconnectionMethod) -> bool {
        self.advance(user, |status| match status {
            Status::DialingOut | Status::Alerting | Status::Connected { .. } | Status::Disconnecting { .. } => {
                Some(Status::Disconnected { joining: status.joining(), how })
            }
            Status::Disconnected { .. } => None,
        })
    }

    /// Changes where a listed user is, if there is a next status; tells whether there was.
    fn advance(&mut self, user: &str, next: impl FnOnce(Status) -> Option<Status>) -> bool {
        let Some((entity, member)) = self.members.get_key_value(self.shown(user)) else { return false };
        let Some(status) = next(member.status) else { return false };
        let (entity, member) = (Arc::clone(entity), Member { status, ..Member::clone(member) });
        self.put(entity, Some(member));
        true
    }

    /// From now on a user is listed like this, or not at all.
    fn put(&mut self, entity: Arc<str>, member: Option<Member>) {
        let is_present = |member: &Member| usize::from(member.status.is_connected());
        self.present += member.as_ref().map_or(0, is_present);
        let before = match member {
            Some(member) => self.members.insert(Arc::clone(&entity), Arc::new(member)),
            None => self.members.remove(&entity),
        };
        self.present -= before.as_deref().map_or(0, is_present);
        self.news.0.entry(entity).or_insert(before);
    }

    /// Whether anybody changed since [`Roster::take_news`].
    pub(crate) fn has_news(&self) -> bool {
        !self.news.0.is_empty()
    }

    /// Who changed since this was called last, as he was.
    pub(crate) fn take_news(&mut self) -> Former {
        std::mem::take(&mut self.news)
    }

    /// The URI under which others see a user.
    fn shown<'a>(&'a self, user: &'a str) -> &'a str {
        self.hidden.get(user).map_or(user, String::as_str)
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
        let present = |member: &&Arc<Member>| member.status.is_connected();
        debug_assert_eq!(self.present, self.members.values().filter(present).count(), "the count is exact");
        self.present
    }

    fn head(&self) -> Head {
        Head { present: self.present(), locked: self.locked }
    }

    /// Whether nobody was ever in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The conference as every subscriber is to know it.
    pub(crate) fn conference(&self) -> Conference {
        self.excerpt(self.head(), self.members.iter())
    }

    /// The conference as a subscriber was told, and as it is, both without the users who are the same: enough to tell
    /// both apart, and no more.
    pub(crate) fn since(&self, told: &LastTold) -> (Conference, Conference) {
        let before = told.users.0.iter().filter_map(|(entity, member)| Some((entity, member.as_ref()?)));
        let after = told.users.0.keys().filter_map(|entity| self.members.get_key_value(entity));
        (self.excerpt(told.head, before), self.excerpt(self.head(), after))
    }

    fn excerpt<'a>(&self, head: Head, members: impl Iterator<Item = (&'a Arc<str>, &'a Arc<Member>)>) -> Conference {
        let audio = AvailableMedium {
            label: AUDIO_LABEL.to_owned(),
            kind: Some("audio".to_owned()),
            status: Some(MediaStatus::SendRecv),
            ..AvailableMedium::default()
        };
        let rows = members.map(|(entity, member)| (entity.to_string(), member.user())).collect();
        Conference {
            description: Some(ConferenceDescription {
                maximum_user_count: Some(self.maximum),
                available_media: vec![audio],
                ..ConferenceDescription::default()
            }),
            conference_state: Some(ConferenceState {
                user_count: u32::try_from(head.present).ok(),
                active: Some(true),
                locked: head.locked.then_some(true),
                ..ConferenceState::default()
            }),
            users: Some(Users { rows, ..Users::default() }),
            ..Conference::default()
        }
    }

    pub(crate) fn view(&self) -> Vec<RosterEntry> {
        let entry = |(entity, member): (&Arc<str>, &Arc<Member>)| RosterEntry {
            entity: entity.to_string(),
            connected: member.status.is_connected(),
            on_hold: matches!(member.status, Status::Connected { on_hold: true, .. }),
        };
        self.members.iter().map(entry).collect()
    }
}

impl Member {
    fn user(&self) -> User {
        let referred = self.referred.clone().map(|by| Box::new(Execution { by: Some(by), ..Execution::default() }));
        let endpoint = Endpoint { referred, joining_method: self.status.joining(), ..Endpoint::default() };
        let endpoint = match self.status {
            Status::DialingOut => Endpoint { status: Some(EndpointStatus::DialingOut), ..endpoint },
            Status::Alerting => Endpoint { status: Some(EndpointStatus::Alerting), ..endpoint },
            Status::Connected { source, on_hold, flow, .. } => Endpoint {
                status: Some(if on_hold { EndpointStatus::OnHold } else { EndpointStatus::Connected }),
                media: [("1".to_owned(), audio(source, flow))].into(),
                ..endpoint
            },
            Status::Disconnecting { .. } => Endpoint { status: Some(EndpointStatus::Disconnecting), ..endpoint },
            Status::Disconnected { how, .. } => {
                Endpoint { status: Some(EndpointStatus::Disconnected), disconnection_method: Some(how), ..endpoint }
            }
        };
        User { endpoints: [(self.endpoint.clone(), endpoint)].into(), ..User::default() }
    }
}

/// What a participant does with a stream (section 5.8.5).
const fn media_status(flow: Flow) -> MediaStatus {
    match (flow.send, flow.recv) {
        (true, true) => MediaStatus::SendRecv,
        (true, false) => MediaStatus::SendOnly,
        (false, true) => MediaStatus::RecvOnly,
        (false, false) => MediaStatus::Inactive,
    }
}

/// A participant's part in the conference's audio.
fn audio(source: u32, flow: Flow) -> Media {
    Media {
        kind: Some("audio".into()),
        label: Some(AUDIO_LABEL.into()),
        src_id: Some(source.to_compact_string()),
        status: Some(media_status(flow.flipped())),
        ..Media::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn who_left_stays_listed_but_is_not_counted() {
        let mut roster = Roster::new(6, false);
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
    fn what_was_told_is_kept_of_those_who_changed_only() {
        let (alice, bob, carol) = ("sip:alice@home.example", "sip:bob@home.example", "sip:carol@home.example");
        let mut roster = Roster::new(6, false);
        roster.join(alice, "sip:alice@192.0.2.9", JoiningMethod::DialedIn, 1);
        roster.join(bob, "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
        roster.take_news();
        let (mut told, all) = (LastTold::all(&roster), roster.conference());
        let mut changes = |roster: &mut Roster| {
            told.note(&roster.take_news(), roster);
            let (before, after) = roster.since(&told);
            let listed = |conference: Conference| {
                conference.users.map(|users| users.rows.into_keys().collect::<Vec<_>>()).unwrap_or_default()
            };
            assert_eq!(before.conference_state, all.conference_state, "as it was told");
            assert_eq!(after.conference_state, roster.conference().conference_state, "as it is");
            (listed(before), listed(after))
        };
        assert_eq!(changes(&mut roster), (vec![], vec![]));
        roster.hold(bob, true, Flow::SENDRECV);
        roster.join(carol, "sip:carol@192.0.2.42", JoiningMethod::DialedOut, 3);
        let (bob_alone, both) = (vec![bob.to_owned()], vec![bob.to_owned(), carol.to_owned()]);
        assert_eq!(changes(&mut roster), (bob_alone.clone(), both.clone()));
        roster.leave(carol, DisconnectionMethod::Departed);
        assert_eq!(changes(&mut roster), (bob_alone, both), "he was not told of her at all");
        roster.hold(bob, false, Flow::SENDRECV);
        assert_eq!(changes(&mut roster), (vec![], vec![carol.to_owned()]), "Bob is as he was told");
        roster.join_hidden(alice, JoiningMethod::DialedIn, 1);
        let anonymous = "sip:anonymous1@anonymous.invalid".to_owned();
        assert_eq!(changes(&mut roster), (vec![alice.to_owned()], vec![anonymous, carol.to_owned()]));
    }

    #[derive(Clone, Copy, Debug)]
    enum Change {
        Dial,
        Alert,
        Join,
        JoinHidden,
        Hold(bool),
        Dismiss,
        Leave,
        Lock(bool),
        Tell,
    }

    impl Change {
        /// Makes it, of this user; a telling is of all.
        fn make(self, roster: &mut Roster, user: &str) {
            match self {
                Self::Dial => drop(roster.dial(user, "sip:alice@home.example")),
                Self::Alert => drop(roster.alert(user)),
                Self::Join => roster.join(user, user, JoiningMethod::DialedOut, 1),
                Self::JoinHidden => roster.join_hidden(user, JoiningMethod::DialedOut, 1),
                Self::Hold(on) => drop(roster.hold(user, on, Flow::SENDRECV)),
                Self::Dismiss => drop(roster.dismiss(user)),
                Self::Leave => drop(roster.leave(user, DisconnectionMethod::Departed)),
                Self::Lock(locked) => drop(roster.lock(locked)),
                Self::Tell => {}
            }
        }
    }

    fn change() -> impl Strategy<Value = Change> {
        use Change::{Alert, Dial, Dismiss, Hold, Join, JoinHidden, Leave, Lock, Tell};
        let all =
            [Dial, Alert, Join, JoinHidden, Hold(true), Hold(false), Dismiss, Leave, Lock(true), Lock(false), Tell];
        select(all.to_vec())
    }

    proptest! {
        #[test]
        fn what_was_told_differs_as_a_copy_of_all_of_it_would(
            shows_progress: bool,
            changes in vec((change(), 0..4_usize, any::<bool>()), 0..40),
        ) {
            let mut roster = Roster::new(6, shows_progress);
            let (mut told, mut copy) = (LastTold::all(&roster), roster.clone());
            for (change, user, look) in changes {
                change.make(&mut roster, ["sip:a@b", "sip:c@b", "sip:d@b", "sip:e@b"][user]);
                if !look {
                    continue;
                }
                told.note(&roster.take_news(), &roster);
                let (before, after) = (copy.conference(), roster.conference());
                let differs = |mut conference: Conference, other: &Conference| {
                    let others = other.users.as_ref().map(|users| &users.rows);
                    let other = |entity: &str| others.and_then(|rows| rows.get(entity));
                    let users = conference.users.as_mut().expect("a list");
                    users.rows.retain(|entity, row| other(entity) != Some(row));
                    conference
                };
                let expected = (differs(before.clone(), &after), differs(after, &before));
                prop_assert_eq!(roster.since(&told), expected);
                if matches!(change, Change::Tell) {
                    (told, copy) = (LastTold::all(&roster), roster.clone());
                }
            }
        }
    }

    #[test]
    fn who_is_hidden_joins_and_leaves_under_one_made_up_uri() {
        let mut roster = Roster::new(6, false);
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
        let mut roster = Roster::new(6, false);
        roster.join("sip:bob@home.example", "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
        roster.leave("sip:bob@home.example", DisconnectionMethod::Departed);
        let before = roster.clone();
        roster.leave("sip:bob@home.example", DisconnectionMethod::Booted);
        assert_eq!(roster, before);
    }

    /// What becomes of Bob's row, event by event; empty where nothing is news.
    fn way(shows_progress: bool, events: &[&str]) -> String {
        let mut roster = Roster::new(6, shows_progress);
        roster.join("sip:alice@home.example", "sip:alice@192.0.2.9", JoiningMethod::DialedIn, 1);
        let mut way = Vec::new();
        for event in events {
            let before = roster.clone();
            let bob = "sip:bob@home.example";
            let news = match *event {
                "dial" => roster.dial(bob, "sip:alice@home.example"),
                "180" => roster.alert(bob),
                "200" => {
                    roster.join(bob, "sip:bob@192.0.2.41", JoiningMethod::DialedOut, 2);
                    true
                }
                "BYE to him" => roster.dismiss(bob),
                "his BYE" => roster.leave(bob, DisconnectionMethod::Departed),
                "486" => roster.leave(bob, DisconnectionMethod::Busy),
                "BYE answered" => roster.leave(bob, DisconnectionMethod::Booted),
                other => unreachable!("{other}"),
            };
            assert_eq!(news, roster != before, "{event}");
            let status = roster.members.get(bob).and_then(|member| {
                let endpoint = member.user().endpoints.into_values().next()?;
                Some(endpoint.status?.token())
            });
            way.push(format!("{event}: {}", status.filter(|_| news).unwrap_or_default()));
        }
        way.join(", ")
    }

    #[test]
    fn the_way_in_and_out_is_shown_where_policy_wants_it() {
        let joined = ["dial", "180", "180", "200", "BYE to him", "BYE answered", "BYE answered"];
        let shown = "dial: dialing-out, 180: alerting, 180: , 200: connected, BYE to him: disconnecting, \
                     BYE answered: disconnected, BYE answered: ";
        assert_eq!(way(true, &joined), shown);
        let settled = "dial: , 180: , 180: , 200: connected, BYE to him: disconnected, BYE answered: , BYE answered: ";
        assert_eq!(way(false, &joined), settled);
        assert_eq!(way(true, &["dial", "486", "180"]), "dial: dialing-out, 486: disconnected, 180: ");
        assert_eq!(way(false, &["dial", "486"]), "dial: , 486: ");
        let again = "dial: dialing-out, 486: disconnected, dial: dialing-out, 200: connected, his BYE: disconnected";
        assert_eq!(way(true, &["dial", "486", "dial", "200", "his BYE"]), again);
    }

    #[test]
    fn who_turns_out_to_be_hidden_is_not_named_any_more() {
        let mut roster = Roster::new(6, true);
        roster.join_hidden("sip:alice@home.example", JoiningMethod::DialedIn, 1);
        roster.dial("sip:bob@home.example", "sip:alice@home.example");
        let by = roster.members["sip:bob@home.example"].referred.clone();
        assert_eq!(by.as_deref(), Some("sip:anonymous1@anonymous.invalid"), "who referred him is hidden too");
        roster.join_hidden("sip:bob@home.example", JoiningMethod::DialedOut, 2);
        let shown: Vec<_> = roster.view().into_iter().map(|row| row.entity).collect();
        assert_eq!(shown, ["sip:anonymous1@anonymous.invalid", "sip:anonymous2@anonymous.invalid"]);
    }
}
