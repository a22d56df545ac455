//! The algorithm of RFC 4575 section 4.6 as a table, and its algebra.

use proptest::prelude::*;

use super::super::arbitrary::{cases, conference, neighbours};
use super::super::diff::diff;
use super::super::document::{Endpoint, Media, SidebarsByRef, UriEntry, User, Users};
use super::super::extension::Extension;
use super::super::token::EndpointStatus;
use super::*;

fn user(name: &str) -> User {
    User { display_text: Some(name.into()), ..User::default() }
}

fn users(state: State, rows: impl IntoIterator<Item = (&'static str, User)>) -> Conference {
    let rows = rows.into_iter().map(|(entity, user)| (entity.to_owned(), user)).collect();
    Conference { users: Some(Users { state, rows, extensions: Vec::new() }), ..Conference::default() }
}

fn document(state: State, version: u32) -> Document {
    let content = match state {
        State::Full => users(State::Full, [("a", user("Alice"))]),
        State::Partial => users(State::Partial, [("b", user("Bob"))]),
        State::Deleted => Conference::default(),
    };
    Document { entity: "sip:c@h".into(), state, version, content }
}

fn names(roster: &Roster) -> Vec<&str> {
    let rows = roster.conference().users.iter().flat_map(|users| users.rows.values());
    rows.filter_map(|user| user.display_text.as_deref()).collect()
}

#[test]
fn versions_decide_what_becomes_of_a_document() {
    use Applied::{Discarded as Thrown, Ended, First, Gap, Updated};
    use Discarded::{AfterEnd, Duplicate, Old, Restarted};
    use State::{Deleted, Full, Partial};
    let gap = |local, received, refresh| Gap { local, received, refresh };
    /// Documents in the order of arrival, what becomes of each, and the local version at the end.
    type Row<'a> = (&'a [((State, u32), Applied)], Option<u32>);
    let table: &[Row<'_>] = &[
        // The first full document is taken whatever its number.
        (&[((Full, 0), First)], Some(0)),
        (&[((Full, u32::MAX), First)], Some(u32::MAX)),
        // Partial documents in order.
        (&[((Full, 3), First), ((Partial, 4), Updated), ((Partial, 5), Updated)], Some(5)),
        // Copies and latecomers.
        (&[((Full, 3), First), ((Full, 3), Thrown(Duplicate)), ((Partial, 2), Thrown(Old))], Some(3)),
        (&[((Full, 3), First), ((Deleted, 3), Thrown(Duplicate)), ((Full, 0), Thrown(Old))], Some(3)),
        // A later full document may skip numbers.
        (&[((Full, 3), First), ((Full, 9), Updated)], Some(9)),
        // Nothing to apply a first partial document to.
        (&[((Partial, 0), gap(None, 0, true)), ((Partial, 1), gap(None, 1, false)), ((Full, 1), First)], Some(1)),
        // A gap asks for one refresh and does not move the local version, so that the full document with the number
        // that was missed is taken.
        (&[((Full, 1), First), ((Partial, 3), gap(Some(1), 3, true))], Some(1)),
        (&[((Full, 1), First), ((Partial, 3), gap(Some(1), 3, true)), ((Full, 3), Updated)], Some(3)),
        (
            &[
                ((Full, 1), First),
                ((Partial, 3), gap(Some(1), 3, true)),
                ((Partial, 4), gap(Some(1), 4, false)),
                ((Full, 4), Updated),
                ((Partial, 6), gap(Some(4), 6, true)),
            ],
            Some(4),
        ),
        // What was only overtaken is applied while the refresh is under way.
        (
            &[((Full, 1), First), ((Partial, 3), gap(Some(1), 3, true)), ((Partial, 2), Updated), ((Full, 3), Updated)],
            Some(3),
        ),
        // The awaited full document says that nothing changed, or that the notifier lost its count.
        (
            &[
                ((Full, 5), First),
                ((Partial, 7), gap(Some(5), 7, true)),
                ((Full, 5), Thrown(Duplicate)),
                ((Partial, 8), gap(Some(5), 8, true)),
            ],
            Some(5),
        ),
        (
            &[
                ((Full, 5), First),
                ((Partial, 7), gap(Some(5), 7, true)),
                ((Full, 0), Thrown(Restarted)),
                ((Full, 0), Thrown(Old)),
            ],
            Some(5),
        ),
        // The end, also as the first thing heard.
        (&[((Deleted, 0), Ended), ((Full, 1), Thrown(AfterEnd))], Some(0)),
        (&[((Full, 1), First), ((Deleted, 7), Ended), ((Partial, 8), Thrown(AfterEnd))], Some(7)),
        // Nothing follows the last number.
        (&[((Full, u32::MAX), First), ((Partial, 0), Thrown(Old))], Some(u32::MAX)),
    ];
    for (steps, version) in table {
        let mut roster = Roster::new();
        for ((state, number), expected) in *steps {
            let before = roster.clone();
            assert_eq!(roster.apply(document(*state, *number)), *expected, "{state} {number} in {steps:?}");
            if matches!(expected, Thrown(_) | Gap { .. }) {
                assert_eq!((roster.conference(), roster.version()), (before.conference(), before.version()));
            }
        }
        assert_eq!(roster.version(), *version, "{steps:?}");
        assert_eq!(roster.is_ended(), steps.iter().any(|(_, applied)| *applied == Ended), "{steps:?}");
    }
}

#[test]
fn a_new_subscription_shows_the_old_roster_until_its_first_full_document() {
    let mut roster = Roster::new();
    roster.apply(document(State::Full, 8));
    roster.resubscribe();
    assert_eq!((names(&roster), roster.version()), (vec!["Alice"], None));
    assert_eq!(roster.apply(document(State::Partial, 9)), Applied::Gap { local: None, received: 9, refresh: true });
    assert_eq!(names(&roster), ["Alice"]);
    assert_eq!(roster.apply(document(State::Full, 0)), Applied::First);
}

#[test]
fn users_without_state_in_a_partial_document_replace_the_roster() {
    let partial = |state| Document { content: users(state, [("b", user("Bob"))]), ..document(State::Partial, 2) };
    for (state, expected) in
        [(State::Full, vec!["Bob"]), (State::Partial, vec!["Alice", "Bob"]), (State::Deleted, vec![])]
    {
        let mut roster = Roster::new();
        roster.apply(document(State::Full, 1));
        assert_eq!(roster.apply(partial(state)), Applied::Updated);
        assert_eq!(names(&roster), expected, "{state}");
    }
}

#[test]
fn a_key_is_literal_text() {
    let mut roster = Roster::new();
    roster.apply(document(State::Full, 1));
    let content = users(State::Partial, [("A", user("Alice again"))]);
    roster.apply(Document { content, ..document(State::Partial, 2) });
    assert_eq!(names(&roster), ["Alice again", "Alice"]);
}

#[test]
fn an_unseen_row_is_added_with_what_is_given_but_without_what_is_deleted_in_it() {
    let endpoint = |state| Endpoint { state, ..Endpoint::default() };
    let endpoints = [("gone".to_owned(), endpoint(State::Deleted)), ("new".to_owned(), endpoint(State::Partial))];
    let bob = User { state: State::Partial, endpoints: endpoints.into(), ..user("Bob") };
    let mut roster = Roster::new();
    roster.apply(document(State::Full, 1));
    roster.apply(Document { content: users(State::Partial, [("b", bob)]), ..document(State::Partial, 2) });
    let held = roster.conference().users.as_ref().and_then(|users| users.rows.get("b")).unwrap();
    let expected = User { endpoints: [("new".to_owned(), endpoint(State::Full))].into(), ..user("Bob") };
    assert_eq!(held, &expected);
}

#[test]
fn a_partial_row_changes_what_it_mentions_and_keeps_the_rest() {
    let endpoint = |state, status| Endpoint { state, status, ..Endpoint::default() };
    let media = |kind: &str| Media { kind: Some(kind.into()), ..Media::default() };
    let mut desk = endpoint(State::Full, Some(EndpointStatus::Connected));
    desk.media = [("1".to_owned(), media("audio")), ("2".to_owned(), media("video"))].into();
    let mobile = endpoint(State::Full, Some(EndpointStatus::OnHold));
    let mut alice = user("Alice");
    alice.roles = vec!["chair".into()];
    alice.endpoints = [("desk".to_owned(), desk), ("mobile".to_owned(), mobile)].into();
    let mut roster = Roster::new();
    roster.apply(Document { content: users(State::Full, [("a", alice)]), ..document(State::Full, 1) });

    let mut desk = endpoint(State::Partial, Some(EndpointStatus::MutedViaFocus));
    let labelled = Media { label: Some("7".into()), ..Media::default() };
    desk.media = [("1".to_owned(), labelled.clone())].into();
    let new = endpoint(State::Partial, None);
    let gone = endpoint(State::Deleted, None);
    let change = User {
        state: State::Partial,
        endpoints: [("desk".to_owned(), desk), ("mobile".to_owned(), gone), ("new".to_owned(), new)].into(),
        ..User::default()
    };
    roster.apply(Document { content: users(State::Partial, [("a", change)]), ..document(State::Partial, 2) });

    let users = roster.conference().users.as_ref().unwrap();
    let alice = users.rows.get("a").unwrap();
    assert_eq!((alice.display_text.as_deref(), alice.roles.len(), alice.state), (Some("Alice"), 1, State::Full));
    assert_eq!(alice.endpoints.keys().collect::<Vec<_>>(), ["desk", "new"]);
    let desk = alice.endpoints.get("desk").unwrap();
    assert_eq!((desk.status, desk.state), (Some(EndpointStatus::MutedViaFocus), State::Full));
    // A stream is replaced whole; the other one stays.
    assert_eq!(desk.media.get("1").unwrap(), &labelled);
    assert_eq!(desk.media.get("2").unwrap(), &media("video"));
    assert_eq!(alice.endpoints.get("new").unwrap().state, State::Full);
}

#[test]
fn references_to_sidebars_and_extensions_are_replaced_by_key_and_by_name() {
    let entry =
        |uri: &str, text: &str| UriEntry { uri: uri.into(), display_text: Some(text.into()), ..UriEntry::default() };
    let extension = |name: &str, text: &str| Extension {
        namespace: "urn:x".into(),
        name: name.into(),
        content: vec![super::super::Content::Text(text.into())],
        ..Extension::default()
    };
    let content = |state, entries, extensions| Conference {
        sidebars_by_ref: Some(SidebarsByRef { state, entries }),
        extensions,
        ..Conference::default()
    };
    let mut roster = Roster::new();
    let full = content(
        State::Full,
        vec![entry("1", "one"), entry("2", "two")],
        vec![extension("a", "1"), extension("b", "2")],
    );
    roster.apply(Document { content: full, ..document(State::Full, 1) });
    let partial = content(State::Partial, vec![entry("2", "TWO"), entry("3", "three")], vec![extension("a", "3")]);
    roster.apply(Document { content: partial, ..document(State::Partial, 2) });
    let held = roster.conference();
    let texts: Vec<_> = held
        .sidebars_by_ref
        .iter()
        .flat_map(|sidebars| &sidebars.entries)
        .map(|entry| entry.display_text.as_deref())
        .collect();
    assert_eq!(texts, [Some("one"), Some("TWO"), Some("three")]);
    let extensions: Vec<_> = held.extensions.iter().map(|extension| (&*extension.name, extension.text())).collect();
    assert_eq!(extensions, [("b", "2".to_owned()), ("a", "3".to_owned())]);
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_difference_applied_to_the_old_document_gives_the_new_one((old, new) in neighbours()) {
        let old = Document::full("sip:c@h", 1, old);
        let new = Document::full("sip:c@h", 2, new);
        let change = diff(&old, &new);
        prop_assert_eq!(change.version, 2);
        // It survives being written and read.
        let change = Document::read(&change.write()).unwrap();
        let mut roster = Roster::new();
        prop_assert_eq!(roster.apply(old), Applied::First);
        prop_assert_eq!(roster.apply(change.clone()), Applied::Updated);
        prop_assert_eq!(roster.conference(), &new.content);
        // A copy changes nothing.
        let before = roster.clone();
        prop_assert_eq!(roster.apply(change), Applied::Discarded(Discarded::Duplicate));
        prop_assert_eq!(roster, before);
    }

    #[test]
    fn nothing_changed_gives_an_empty_partial_document(conference in conference()) {
        let old = Document::full("sip:c@h", 1, conference);
        let new = Document { version: 2, ..old.clone() };
        let expected = Document { state: State::Partial, content: Conference::default(), ..new.clone() };
        prop_assert_eq!(diff(&old, &new), expected);
    }
}
