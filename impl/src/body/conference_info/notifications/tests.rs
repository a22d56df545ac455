//! A notifier and a subscriber talking through documents only.

use proptest::prelude::*;

use super::super::arbitrary::{cases, conference};
use super::super::document::{User, Users};
use super::super::roster::{Applied, Roster};
use super::super::token::State;
use super::*;

fn conference_of(entities: &[&str]) -> Conference {
    let rows = entities.iter().map(|entity| ((*entity).to_owned(), User::default())).collect();
    Conference { users: Some(Users { rows, ..Users::default() }), ..Conference::default() }
}

#[test]
fn the_first_document_is_full_and_each_further_one_counts_one_up() {
    let mut sent = Notifications::new("sip:c@h", 1);
    let alone = conference_of(&["a"]);
    let both = conference_of(&["a", "b"]);
    let summary = |document: Document| (document.state, document.version);
    assert_eq!(sent.change(&alone).map(|document| document.map(summary)), Ok(Some((State::Full, 1))));
    assert_eq!(sent.change(&alone), Ok(None));
    assert_eq!(sent.change(&both).map(|document| document.map(summary)), Ok(Some((State::Partial, 2))));
    assert_eq!(sent.full(&both).map(summary), Ok((State::Full, 3)));
    assert_eq!(sent.deleted().map(summary), Ok((State::Deleted, 4)));
}

#[test]
fn who_left_is_deleted_and_who_came_is_whole() {
    let mut sent = Notifications::new("sip:c@h", 1);
    sent.full(&conference_of(&["a", "b"])).unwrap();
    let document = sent.change(&conference_of(&["a", "c"])).unwrap().unwrap();
    let users = document.content.users.unwrap();
    let rows: Vec<_> = users.rows.iter().map(|(entity, user)| (entity, user.state)).collect();
    assert_eq!((users.state, rows), (State::Partial, vec![("b", State::Deleted), ("c", State::Full)]));
    // Measured by what was said last, not by what was said first.
    let document = sent.change(&conference_of(&["a", "b"])).unwrap().unwrap();
    let rows: Vec<_> = document.content.users.unwrap().rows.into_keys().collect();
    assert_eq!(rows, ["b", "c"]);
}

#[test]
fn the_version_never_wraps() {
    let mut sent = Notifications::new("sip:c@h", u32::MAX);
    assert!(sent.full(&conference_of(&["a"])).is_ok());
    let before = sent.clone();
    assert_eq!(sent.change(&conference_of(&["b"])), Err(VersionsExhausted));
    assert_eq!(sent.full(&conference_of(&["b"])), Err(VersionsExhausted));
    assert_eq!(sent.deleted(), Err(VersionsExhausted));
    assert_eq!(sent, before);
}

proptest! {
    #![proptest_config(cases(50))]

    /// Documents get lost; the subscriber refreshes when it sees a gap, and ends up with what the notifier has.
    #[test]
    fn a_subscriber_that_refreshes_after_a_gap_converges(
        states in proptest::collection::vec((conference(), any::<bool>()), 1..6), first in 0_u32..2,
    ) {
        let mut sent = Notifications::new("sip:c@h", first);
        let mut roster = Roster::new();
        let mut last = Conference::default();
        for (now, lost) in states {
            let Some(document) = sent.change(&now).unwrap() else { continue };
            last = Document::full("", 0, now).content;
            if !lost && matches!(roster.apply(document), Applied::Gap { .. }) {
                roster.apply(sent.full(&last).unwrap());
                prop_assert_eq!(roster.conference(), &last);
            }
        }
        roster.apply(sent.full(&last).unwrap());
        prop_assert_eq!(roster.conference(), &last);
    }
}
