//! Random documents for the property tests.

use std::collections::BTreeMap;

use compact_str::CompactString;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::document::*;
use super::extension::{Content, Extension, ExtensionAttribute};
use super::token::*;

/// How many cases to try; more if `PROPTEST_CASES` says so. Seeds are not kept: what fails becomes a case of a table.
pub(super) fn cases(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.max(cases), failure_persistence: None, ..usual }
}

/// Text with all that XML treats specially.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("Bob".to_owned()), Just(String::new()), "[ -~\t\n\r]{0,6}", "[<>&'\"é😀 ]{1,6}"]
}

fn short_text() -> impl Strategy<Value = CompactString> {
    text().prop_map(CompactString::from)
}

/// Few different keys, so that two documents share some.
fn key() -> impl Strategy<Value = String> {
    select(vec!["sip:a@h", "sip:b@h;x=\"1\"", "tel:+49", "<&>"]).prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    vec("[a-z]{1,3}", 0..3)
}

fn leaf() -> impl Strategy<Value = Extension> {
    let attribute = (select(vec!["", "urn:y", "http://www.w3.org/XML/1998/namespace"]), text())
        .prop_map(|(namespace, value)| ExtensionAttribute { namespace: namespace.into(), name: "id".into(), value });
    let names = (select(vec!["urn:x", "urn:y"]), select(vec!["note", "Mark"]));
    (names, vec(attribute, 0..2)).prop_map(|((namespace, name), mut attributes)| {
        attributes.dedup_by(|a, b| a.namespace == b.namespace);
        Extension { namespace: namespace.into(), name: name.into(), attributes, content: Vec::new() }
    })
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let nested = (leaf(), "[a-z&<]{1,4}", leaf()).prop_map(|(mut outer, text, inner)| {
        outer.content = vec![Content::Text(text), Content::Element(inner)];
        outer
    });
    prop_oneof![4 => Just(Vec::new()), 1 => vec(nested, 0..2)]
}

prop_compose! {
    fn execution()(when in of(text()), reason in of(text()), by in of(text())) -> Execution {
        Execution { when, reason, by }
    }
}

prop_compose! {
    fn uri_entry()(uri in key(), display_text in of(text()), purpose in of(text()), modified in of(execution()),
        extensions in extensions()) -> UriEntry {
        UriEntry { uri, display_text, purpose, modified, extensions }
    }
}

prop_compose! {
    fn medium()(label in text(), display_text in of(text()), kind in of(text()), status in of(select(MediaStatus::ALL)),
        extensions in extensions()) -> AvailableMedium {
        AvailableMedium { label, display_text, kind, status, extensions }
    }
}

prop_compose! {
    fn description()(texts in (of(text()), of(text()), of(text())), keywords in words(),
        conf_uris in vec(uri_entry(), 0..2), service_uris in vec(uri_entry(), 0..2),
        maximum_user_count in of(any::<u32>()), available_media in vec(medium(), 0..2), extensions in extensions())
        -> ConferenceDescription {
        let (display_text, subject, free_text) = texts;
        ConferenceDescription { display_text, subject, free_text, keywords, conf_uris, service_uris, maximum_user_count,
            available_media, extensions }
    }
}

prop_compose! {
    fn host_info()(display_text in of(text()), web_page in of(text()), uris in vec(uri_entry(), 0..2),
        extensions in extensions()) -> HostInfo {
        HostInfo { display_text, web_page, uris, extensions }
    }
}

prop_compose! {
    fn conference_state()(user_count in of(0_u32..9), active in of(any::<bool>()), locked in of(any::<bool>()),
        extensions in extensions()) -> ConferenceState {
        ConferenceState { user_count, active, locked, extensions }
    }
}

prop_compose! {
    fn media()(display_text in of(short_text()), kind in of(short_text()), label in of(short_text()),
        src_id in of(short_text()), status in of(select(MediaStatus::ALL)), extensions in extensions()) -> Media {
        Media { display_text, kind, label, src_id, status, extensions }
    }
}

fn call_info() -> impl Strategy<Value = CallInfo> {
    let sip = (of(text()), text(), text(), text(), extensions()).prop_map(
        |(display_text, call_id, from_tag, to_tag, extensions)| CallInfo {
            sip: Some(SipDialogId { display_text, call_id, from_tag, to_tag, extensions }),
            extensions: Vec::new(),
        },
    );
    prop_oneof![sip, extensions().prop_map(|extensions| CallInfo { sip: None, extensions })]
}

prop_compose! {
    fn endpoint()(display_text in of(short_text()), executions in (of(execution()), of(execution()), of(execution())),
        status in of(select(EndpointStatus::ALL)), joining_method in of(select(JoiningMethod::ALL)),
        disconnection_method in of(select(DisconnectionMethod::ALL)), media in btree_map(key(), media(), 0..3),
        call_info in of(call_info()), extensions in extensions()) -> Endpoint {
        let (referred, joining_info, disconnection_info) = executions;
        let [referred, joining_info, disconnection_info] =
            [referred, joining_info, disconnection_info].map(|execution| execution.map(Box::new));
        let call_info = call_info.map(Box::new);
        Endpoint { state: State::Full, display_text, referred, status, joining_method, joining_info,
            disconnection_method, disconnection_info, media: media.into_iter().collect(), call_info, extensions }
    }
}

prop_compose! {
    fn user()(display_text in of(short_text()), associated_aors in vec(uri_entry(), 0..2), roles in vec(text(), 0..2),
        languages in words(), cascaded_focus in of(text()), endpoints in btree_map(key(), endpoint(), 0..3),
        extensions in extensions()) -> User {
        User { state: State::Full, display_text, associated_aors, roles, languages, cascaded_focus,
            endpoints: endpoints.into_iter().collect(), extensions }
    }
}

fn users() -> impl Strategy<Value = Users> {
    (btree_map(key(), user(), 0..4), extensions()).prop_map(|(rows, extensions)| Users {
        state: State::Full,
        rows: rows.into_iter().collect(),
        extensions,
    })
}

fn sidebars() -> impl Strategy<Value = SidebarsByVal> {
    let sidebar = of(users())
        .prop_map(|users| Sidebar { state: State::Full, content: Conference { users, ..Conference::default() } });
    btree_map(key(), sidebar, 0..3)
        .prop_map(|rows| SidebarsByVal { state: State::Full, rows: rows.into_iter().collect() })
}

fn sidebars_by_ref() -> impl Strategy<Value = SidebarsByRef> {
    vec(uri_entry(), 1..3).prop_map(|entries| {
        let unique: BTreeMap<_, _> = entries.into_iter().map(|entry| (entry.uri.clone(), entry)).collect();
        SidebarsByRef { state: State::Full, entries: unique.into_values().collect() }
    })
}

prop_compose! {
    /// What a notifier could have to say.
    pub(super) fn conference()(description in of(description()), host_info in of(host_info()),
        conference_state in of(conference_state()), users in of(users()), sidebars_by_ref in of(sidebars_by_ref()),
        sidebars_by_val in of(sidebars()), extensions in extensions()) -> Conference {
        Conference { description, host_info, conference_state, users, sidebars_by_ref, sidebars_by_val, extensions }
    }
}

/// Two conferences of which the second came out of the first by some changes.
pub(super) fn neighbours() -> impl Strategy<Value = (Conference, Conference)> {
    (conference(), conference(), any::<[bool; 7]>()).prop_map(|(old, other, keep)| {
        let mut new = other;
        let [description, host_info, conference_state, users, by_ref, by_val, extensions] = keep;
        if description {
            new.description.clone_from(&old.description);
        }
        if host_info {
            new.host_info.clone_from(&old.host_info);
        }
        if conference_state {
            new.conference_state.clone_from(&old.conference_state);
        }
        if users {
            new.users.clone_from(&old.users);
        }
        if by_ref {
            new.sidebars_by_ref.clone_from(&old.sidebars_by_ref);
        }
        if by_val {
            new.sidebars_by_val.clone_from(&old.sidebars_by_val);
        }
        if extensions {
            new.extensions.clone_from(&old.extensions);
        }
        (old, new)
    })
}
