//! What a user is shown of a roster, and what a document changes in it (RFC 4575 section 4.6).
//!
//! Read first: [`apply`]. It looks only at the users whom a partial document names, however many others there are.

use crate::body::conference_info::{Applied, Conference, Document, Roster, State, User};
use crate::view::{RosterChange, RosterEntry};

/// What is shown of one user.
fn entry((entity, user): (&str, &User)) -> RosterEntry {
    RosterEntry { entity: entity.to_owned(), connected: user.is_present(), on_hold: user.is_on_hold() }
}

/// The roster as a list, without what nobody is shown.
pub(crate) fn entries(roster: &Roster) -> Vec<RosterEntry> {
    roster.conference().users.iter().flat_map(|users| &users.rows).map(entry).collect()
}

/// The same of these users; none of one who is not listed.
fn entries_of(roster: &Roster, named: &[String]) -> Vec<RosterEntry> {
    let Some(users) = &roster.conference().users else { return Vec::new() };
    named.iter().filter_map(|entity| Some(entry((entity, users.rows.get(entity)?)))).collect()
}

/// The only users whom a document can change; `None` if it can change any.
fn named(document: &Document) -> Option<Vec<String>> {
    let Conference { users, .. } = &document.content;
    let partial = document.state == State::Partial && users.as_ref().is_none_or(|users| users.state == State::Partial);
    partial.then(|| users.iter().flat_map(|users| users.rows.keys()).map(str::to_owned).collect())
}

/// Applies a document; what became of it, and of whom something else is shown now.
pub(crate) fn apply(roster: &mut Roster, document: Document) -> (Applied, RosterChange) {
    let named = named(&document);
    let shown = |roster: &Roster| named.as_ref().map_or_else(|| entries(roster), |named| entries_of(roster, named));
    let before = shown(roster);
    let applied = roster.apply(document);
    let mut changed = shown(roster);
    // Both are in the order of their URIs.
    let in_list = |list: &[RosterEntry], entity: &str| list.binary_search_by(|other| other.entity.as_str().cmp(entity));
    let gone = before.iter().map(|entry| &entry.entity).filter(|entity| in_list(&changed, entity).is_err());
    let gone = gone.cloned().collect();
    changed.retain(|entry| in_list(&before, &entry.entity).ok().and_then(|place| before.get(place)) != Some(entry));
    (applied, RosterChange { changed, gone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::conference_info::{Endpoint, EndpointStatus, Rows, Users};

    /// A document with these users, each with a status, or `gone` for one that is taken away.
    fn document(state: State, version: u32, listed: &str) -> Document {
        let mut rows: Rows<User> = Rows::new();
        for (entity, status) in listed.split(", ").filter_map(|user| user.split_once(' ')) {
            let status = match status {
                "connected" => Some(EndpointStatus::Connected),
                "on-hold" => Some(EndpointStatus::OnHold),
                "disconnected" => Some(EndpointStatus::Disconnected),
                _ => None,
            };
            let state = if status.is_some() { State::Full } else { State::Deleted };
            let endpoints = [("e".to_owned(), Endpoint { status, ..Endpoint::default() })].into();
            rows.insert(entity, User { state, endpoints, ..User::default() });
        }
        let content = Conference { users: Some(Users { state, rows, ..Users::default() }), ..Conference::default() };
        Document { entity: "sip:c@example.org".to_owned(), state, version, content }
    }

    #[test]
    fn only_who_is_shown_otherwise_is_told() {
        use State::{Full, Partial};
        let cases = [
            ("the first", Full, 1, "a connected, b on-hold, c connected", "a b c", ""),
            ("one came, one resumed", Partial, 2, "b connected, d connected", "b d", ""),
            ("nothing new", Partial, 3, "a connected", "", ""),
            ("a gap", Partial, 5, "a disconnected", "", ""),
            ("the whole after it", Full, 5, "a connected, d disconnected", "d", "b c"),
            ("an old one", Partial, 4, "a on-hold", "", ""),
            ("one is taken away", Partial, 6, "a on-hold, d gone", "a", "d"),
            ("nobody", Partial, 7, "", "", ""),
        ];
        let mut roster = Roster::new();
        for (name, state, version, users, changed, gone) in cases {
            let mut kept = entries(&roster);
            let (_, change) = apply(&mut roster, document(state, version, users));
            let listed: Vec<_> = change.changed.iter().map(|entry| entry.entity.as_str()).collect();
            assert_eq!((listed.join(" ").as_str(), change.gone.join(" ").as_str()), (changed, gone), "{name}");
            // Who keeps the list by these changes has it.
            kept.retain(|entry| !change.gone.contains(&entry.entity) && !listed.contains(&entry.entity.as_str()));
            kept.extend(change.changed.clone());
            kept.sort();
            assert_eq!(kept, entries(&roster), "{name}");
        }
    }

    /// A list that is not partial replaces the one before, also in a document that is.
    #[test]
    fn a_full_list_in_a_partial_document_tells_who_is_gone() {
        let mut roster = Roster::new();
        let _ = apply(&mut roster, document(State::Full, 1, "a connected, b connected"));
        let mut document = document(State::Partial, 2, "b connected");
        if let Some(users) = &mut document.content.users {
            users.state = State::Full;
        }
        let (_, change) = apply(&mut roster, document);
        assert_eq!((change.changed, change.gone), (vec![], vec!["a".to_owned()]));
    }
}
