//! What a conference-info document holds: the types of the schema of RFC 4575 section 6.
//!
//! Rows of the tables of section 4.5 are kept under their key, so that the order in which a notifier lists users,
//! endpoints and media (which has no meaning) does not make two equal rosters different. Keys are literal text: no SIP
//! URI comparison, no case folding (section 4.5). What the schema lets stand from other namespaces is kept as
//! [`Extension`]. A list that is empty is an element that is absent: the schema has no empty containers but `users` and
//! `sidebars-by-val`. What an endpoint has seldom is boxed; what is mostly short is
//! kept where it stands ([`CompactString`]).

use compact_str::CompactString;

use super::extension::Extension;
use super::rows::Rows;
use super::token::{DisconnectionMethod, EndpointStatus, JoiningMethod, MediaStatus, State};

/// A whole document: the root element `conference-info` (section 5.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Document {
    /// The conference URI: the one to subscribe to.
    pub entity: String,
    /// Whether `content` is everything, only what changed, or nothing because the conference is over.
    pub state: State,
    /// Number of this document within its subscription.
    pub version: u32,
    /// The conference.
    pub content: Conference,
}

impl Document {
    /// A document that holds everything. A description and a list of users are part of it even when there is nothing to
    /// say (section 5.2).
    pub fn full(entity: impl Into<String>, version: u32, content: Conference) -> Self {
        let mut content = content;
        content.description.get_or_insert_default();
        content.users.get_or_insert_default();
        Self { entity: entity.into(), state: State::Full, version, content }
    }

    /// The document that says that the conference is over.
    pub fn deleted(entity: impl Into<String>, version: u32) -> Self {
        Self { entity: entity.into(), state: State::Deleted, version, content: Conference::default() }
    }
}

/// The content of a conference or of a sidebar (`conference-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conference {
    /// What the conference is about and how to reach it.
    pub description: Option<ConferenceDescription>,
    /// Who hosts it.
    pub host_info: Option<HostInfo>,
    /// Its counters and switches.
    pub conference_state: Option<ConferenceState>,
    /// Who is, was or will be in it.
    pub users: Option<Users>,
    /// Sidebars that are only named.
    pub sidebars_by_ref: Option<SidebarsByRef>,
    /// Sidebars that are described here.
    pub sidebars_by_val: Option<SidebarsByVal>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

impl Conference {
    /// The entities of the users who have at least one endpoint in the conference. Users are counted by the status of
    /// their endpoints, because one who left may still be listed as disconnected (sections 5.6 and 5.7.3).
    pub fn present(&self) -> impl Iterator<Item = &str> {
        let rows = self.users.iter().flat_map(|users| &users.rows);
        rows.filter(|(_, user)| user.is_present()).map(|(entity, _)| entity)
    }
}

/// `conference-description` (section 5.3): replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConferenceDescription {
    /// For a directory.
    pub display_text: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// A longer description.
    pub free_text: Option<String>,
    /// Words for search engines.
    pub keywords: Vec<String>,
    /// Other URIs by which the conference can be reached.
    pub conf_uris: Vec<UriEntry>,
    /// Pages, recordings and the like that belong to it.
    pub service_uris: Vec<UriEntry>,
    /// Most users that it takes.
    pub maximum_user_count: Option<u32>,
    /// Media that can be used in it.
    pub available_media: Vec<AvailableMedium>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// One `entry` of `available-media` (section 5.3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvailableMedium {
    /// Names the stream among all of the conference; endpoints' media carry the same label.
    pub label: String,
    /// For human readers.
    pub display_text: Option<String>,
    /// The SDP media name: `audio`, `video`, ... Required by the schema.
    pub kind: Option<String>,
    /// Whether it is in use.
    pub status: Option<MediaStatus>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `host-info` (section 5.4): replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostInfo {
    /// Name of the host.
    pub display_text: Option<String>,
    /// Its web page.
    pub web_page: Option<String>,
    /// How to contact it.
    pub uris: Vec<UriEntry>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `conference-state` (section 5.5): replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConferenceState {
    /// Users in the conference, also those that are not listed.
    pub user_count: Option<u32>,
    /// Whether calling it would work now.
    pub active: Option<bool>,
    /// Whether nobody can be added.
    pub locked: Option<bool>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `users` (section 5.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Users {
    /// Whether these are all users or only those that changed.
    pub state: State,
    /// The users, by their `entity`.
    pub rows: Rows<User>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// One `user` (section 5.6); its key is the `entity`, the authenticated identity or an anonymous URI.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User {
    /// Whether this is the whole user, a change, or a farewell.
    pub state: State,
    /// Name to display.
    pub display_text: Option<CompactString>,
    /// Other addresses of the same human.
    pub associated_aors: Vec<UriEntry>,
    /// Roles, in the words of local policy.
    pub roles: Vec<String>,
    /// Languages preferred.
    pub languages: Vec<String>,
    /// If the user is itself a focus: the URI of that conference.
    pub cascaded_focus: Option<String>,
    /// Devices, by their `entity`.
    pub endpoints: Rows<Endpoint>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

impl User {
    /// Whether some endpoint of the user is in the conference.
    pub fn is_present(&self) -> bool {
        self.endpoints.values().any(|endpoint| endpoint.status.is_some_and(EndpointStatus::is_present))
    }

    /// Whether the user is in the conference, and on hold with every endpoint that is.
    pub fn is_on_hold(&self) -> bool {
        let present =
            || self.endpoints.values().filter_map(|endpoint| endpoint.status).filter(|status| status.is_present());
        self.is_present() && present().all(|status| status == EndpointStatus::OnHold)
    }
}

/// One `endpoint` (section 5.7); its key is the `entity`, usually the Contact URI.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Whether this is the whole endpoint, a change, or a farewell.
    pub state: State,
    /// Name to display.
    pub display_text: Option<CompactString>,
    /// Who asked that it be brought in.
    pub referred: Option<Box<Execution>>,
    /// Where it stands. Absent means unknown, not connected.
    pub status: Option<EndpointStatus>,
    /// How it came in.
    pub joining_method: Option<JoiningMethod>,
    /// When and through whom it came in.
    pub joining_info: Option<Box<Execution>>,
    /// How it left.
    pub disconnection_method: Option<DisconnectionMethod>,
    /// When and through whom it left.
    pub disconnection_info: Option<Box<Execution>>,
    /// Media streams, by their `id`.
    pub media: Rows<Media>,
    /// The dialog it has with the focus.
    pub call_info: Option<Box<CallInfo>>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `referred`, `joining-info`, `disconnection-info` and `modified`: when, why and by whom (`execution-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Execution {
    /// An XML Schema dateTime, which should be UTC.
    pub when: Option<String>,
    /// Reason, recommended to look like a Reason header field (RFC 3326).
    pub reason: Option<String>,
    /// URI of who caused it.
    pub by: Option<String>,
}

/// One `media` stream of an endpoint (section 5.8); its key is the `id`. Replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Media {
    /// For human readers.
    pub display_text: Option<CompactString>,
    /// The SDP media name: `audio`, `video`, ...
    pub kind: Option<CompactString>,
    /// Names the conference's stream that this is part of.
    pub label: Option<CompactString>,
    /// For RTP the synchronisation source that the endpoint sends with, in decimal.
    pub src_id: Option<CompactString>,
    /// Direction as the participant sees it.
    pub status: Option<MediaStatus>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `call-info` (section 5.7.9): the SIP dialog or something foreign; the schema does not let it be both.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallInfo {
    /// The dialog between the endpoint and the focus.
    pub sip: Option<SipDialogId>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// Identification of a SIP dialog within [`CallInfo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipDialogId {
    /// For human readers.
    pub display_text: Option<String>,
    /// Call-ID.
    pub call_id: String,
    /// From tag.
    pub from_tag: String,
    /// To tag.
    pub to_tag: String,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// One `entry` of a list of URIs (`uri-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UriEntry {
    /// The URI.
    pub uri: String,
    /// For human readers.
    pub display_text: Option<String>,
    /// What the URI is good for: `participation`, `streaming`, `web-page`, ...
    pub purpose: Option<String>,
    /// When and by whom the entry was changed.
    pub modified: Option<Execution>,
    /// Elements of other namespaces.
    pub extensions: Vec<Extension>,
}

/// `sidebars-by-ref` (section 5.9.1): the key of an entry is its URI.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SidebarsByRef {
    /// Whether these are all or only those that changed. A single entry cannot be deleted.
    pub state: State,
    /// The sidebars, no two with the same URI.
    pub entries: Vec<UriEntry>,
}

/// `sidebars-by-val` (section 5.9.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SidebarsByVal {
    /// Whether these are all or only those that changed.
    pub state: State,
    /// The sidebars, by their `entity`.
    pub rows: Rows<Sidebar>,
}

/// One `entry` of `sidebars-by-val`: a conference within the conference. Its version has no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sidebar {
    /// Whether this is the whole sidebar, a change, or a farewell.
    pub state: State,
    /// What it holds.
    pub content: Conference,
}
