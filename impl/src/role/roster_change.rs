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
    use crate::body::conference_info::{Conference, Endpoint, EndpointStatus, Users};

    /// A document with these users and their statuses; a dash for one that is taken away.
    fn document(state: State, version: u32, users: &[(&str, &str)]) -> Document {
        let row = |&(entity, status): &(&str, &str)| {
            let status = match status {
                "connected" => EndpointStatus::Connected,
                "on-hold" => EndpointStatus::OnHold,
                _ => EndpointStatus::Disconnected,
            };
            let endpoint = Endpoint { status: Some(status), ..Endpoint::default() };
            (entity.to_owned(), User { endpoints: [("e".to_owned(), endpoint)].into(), ..User::default() })
        };
        let mut rows: crate::body::conference_info::Rows<User> = users.iter().map(row).collect();
        for (entity, status) in users {
            if let Some(user) = rows.get_mut(entity).filter(|_| *status == "-") {
                user.state = State::Deleted;
            }
        }
        let content = Conference { users: Some(Users { state, rows, ..Users::default() }), ..Conference::default() };
        Document { entity: "sip:c@example.org".to_owned(), state, version, content }
    }

    #[test]
    fn only_who_is_shown_otherwise_is_told() {
        use State::{Full, Partial};
        let cases: [(&str, State, u32, &[(&str, &str)], &[&str], &[&str]); 8] = [
            ("first", Full, 1, &[("a", "connected"), ("b", "on-hold"), ("c", "connected")], &["a", "b", "c"], &[]),
            ("one came, one resumed", Partial, 2, &[("b", "connected"), ("d", "connected")], &["b", "d"], &[]),
            ("nothing new", Partial, 3, &[("a", "connected")], &[], &[]),
            ("a gap", Partial, 5, &[("a", "disconnected")], &[], &[]),
            ("the whole after it", Full, 5, &[("a", "connected"), ("d", "disconnected")], &["d"], &["b", "c"]),
            ("an old one", Partial, 4, &[("a", "on-hold")], &[], &[]),
            ("one is taken away", Partial, 6, &[("a", "on-hold"), ("d", "-")], &["a"], &["d"]),
            ("nobody", Partial, 7, &[], &[], &[]),
        ];
        let mut roster = Roster::new();
        for (name, state, version, users, changed, gone) in cases {
            let before = entries(&roster);
            let (_, change) = apply(&mut roster, document(state, version, users));
            let listed: Vec<_> = change.changed.iter().map(|entry| entry.entity.as_str()).collect();
            assert_eq!(
                (listed.as_slice(), change.gone.as_slice()),
                (changed, &*gone.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()),
                "{name}"
            );
            // Who keeps the list by these changes has it.
            let mut kept = before;
            kept.retain(|entry| !change.gone.contains(&entry.entity) && !listed.contains(&entry.entity.as_str()));
            kept.extend(change.changed.clone());
            kept.sort();
            assert_eq!(kept, entries(&roster), "{name}");
        }
    }
}
