//! Conference documents: what is read is what another reader finds there, it is written and read again as the same, and
//! what is refused changes no roster.

use imsconf::body::conference_info::{Applied, Document, Roster, State, read};

use super::{Broken, hold};
use crate::oracle::conference as oracle;

/// The full document that a roster has seen before the one of the input.
const BEFORE: &[u8] = include_bytes!("../../fuzz-seeds/conference_info/full.xml");

/// The body of a conference NOTIFY (RFC 4575).
///
/// # Errors
/// Another XML reader does not take the document or finds other users in it, it changes when it is written, or a
/// refused one changed the roster.
pub fn conference_info(bytes: &[u8]) -> Result<(), Broken> {
    let Ok(reading) = read(bytes) else { return Ok(()) };
    let document = reading.document;
    agree(&document, oracle::Document::read(bytes))?;
    let written = document.write();
    let again = read(&written).map_err(|error| Broken::new(format!("what was written is refused: {error}")))?;
    same(&document, &again.document)?;
    let text = std::str::from_utf8(&written).map_err(|error| Broken::new(format!("not UTF-8: {error}")))?;
    roxmltree::Document::parse(text).map_err(|error| Broken::new(format!("not XML: {error}")))?;
    let first = read(BEFORE).map_err(|error| Broken::new(format!("the document before: {error}")))?;
    let mut known = Roster::new();
    known.apply(first.document);
    for mut roster in [Roster::new(), known] {
        apply(&mut roster, &document)?;
    }
    Ok(())
}

/// The independent reader takes what was read, and finds the same in it; of what is deleted it may find more. It minds
/// keys that are missing where nothing hangs on them.
fn agree(document: &Document, oracle: Result<oracle::Document, oracle::ConferenceError>) -> Result<(), Broken> {
    let oracle = match oracle {
        Ok(oracle) => oracle,
        Err(oracle::ConferenceError::Key(_) | oracle::ConferenceError::State(_)) => return Ok(()),
        Err(oracle::ConferenceError::Attribute("entity")) if document.entity.trim().is_empty() => return Ok(()),
        Err(error) => return Err(Broken::new(format!("read, but the oracle says: {error}"))),
    };
    let root = (document.entity.as_str(), document.version);
    hold(root == (oracle.entity.as_str(), oracle.version), || format!("{root:?} read of {oracle:#?}"))?;
    let users = document.content.users.as_ref().filter(|users| users.state != State::Deleted);
    let Some((users, (_, theirs))) = users.zip(oracle.users.as_ref()) else { return Ok(()) };
    hold(users.rows.keys().eq(theirs.keys()), || format!("{users:#?} read of {theirs:#?}"))?;
    for (user, theirs) in users.rows.values().zip(theirs.values()).filter(|(user, _)| user.state != State::Deleted) {
        hold(user.endpoints.keys().eq(theirs.endpoints.keys()), || format!("{user:#?} read of {theirs:#?}"))?;
    }
    Ok(())
}

fn same(document: &Document, again: &Document) -> Result<(), Broken> {
    hold(document == again, || format!("{document:#?}\nbecame\n{again:#?}"))
}

/// A document is taken or leaves everything as it was, and is never taken twice (RFC 4575 section 4.6).
fn apply(roster: &mut Roster, document: &Document) -> Result<(), Broken> {
    let before = roster.clone();
    let applied = roster.apply(document.clone());
    taken_or_unchanged(&before, roster, applied)?;
    let after = roster.clone();
    let again = roster.apply(document.clone());
    let refused = matches!(again, Applied::Discarded(_) | Applied::Gap { .. });
    hold(refused, || format!("{applied:?}, and the second time {again:?}"))?;
    taken_or_unchanged(&after, roster, again)
}

fn taken_or_unchanged(before: &Roster, after: &Roster, applied: Applied) -> Result<(), Broken> {
    let same = before.version() == after.version() && before.conference() == after.conference();
    match applied {
        Applied::Discarded(_) | Applied::Gap { .. } => hold(same, || format!("{applied:?} changed the roster")),
        Applied::First | Applied::Updated | Applied::Ended => {
            hold(before.version() < after.version(), || format!("{applied:?} does not count up"))
        }
    }
}

#[cfg(test)]
mod tests {
    use imsconf::body::conference_info::Discarded;

    use super::*;

    #[test]
    fn the_oracles_see_what_is_wrong() {
        let document = read(BEFORE).expect("readable").document;
        let (empty, mut known) = (Roster::new(), Roster::new());
        known.apply(document.clone());
        let taken = taken_or_unchanged(&empty, &known, Applied::First);
        assert_eq!(taken, Ok(()));
        assert!(taken_or_unchanged(&empty, &known, Applied::Discarded(Discarded::Old)).is_err());
        assert!(taken_or_unchanged(&known, &known, Applied::Updated).is_err());
        let mut other = document.clone();
        other.version += 1;
        assert!(same(&document, &other).is_err());
        let oracle = oracle::Document::read(BEFORE).expect("readable");
        assert_eq!(agree(&document, Ok(oracle.clone())), Ok(()));
        assert!(agree(&other, Ok(oracle.clone())).is_err());
        let mut fewer = document.clone();
        fewer.content.users.as_mut().expect("users").rows.retain(|_, _| false);
        assert!(agree(&fewer, Ok(oracle.clone())).is_err());
        let mut alone = document.clone();
        for user in alone.content.users.as_mut().expect("users").rows.values_mut() {
            user.endpoints.retain(|_, _| false);
        }
        assert!(agree(&alone, Ok(oracle)).is_err());
        let malformed = oracle::ConferenceError::Malformed("no XML".into());
        assert!(agree(&document, Err(malformed)).is_err());
    }
}
