//! What changed between two full documents, as one partial document (RFC 4575 sections 4.4 to 4.6).

use super::document::{Conference, Document, Sidebar, SidebarsByRef, SidebarsByVal, User, Users};
use super::rows::Rows;
use super::token::State;

/// The document that turns a subscriber's `old` into `new`, with the version of `new`.
///
/// A user who changed is sent whole and one who left as deleted, inside `users` with state partial (without that state
/// the list would replace the roster). If something went away that a partial document cannot take away (an atomic
/// element, an extension), or if `old` or `new` is not full, the result is `new` itself.
pub fn diff(old: &Document, new: &Document) -> Document {
    let both_full = old.state == State::Full && new.state == State::Full;
    let change = if both_full && old.entity == new.entity { change(&old.content, &new.content) } else { None };
    let Some(content) = change else { return new.clone() };
    Document { entity: new.entity.clone(), state: State::Partial, version: new.version, content }
}

/// The content of a partial document that turns `old` into `new`, if one can.
pub(super) fn change(old: &Conference, new: &Conference) -> Option<Conference> {
    if old.extensions != new.extensions {
        return None;
    }
    Some(Conference {
        description: atomic(&old.description, &new.description)?,
        host_info: atomic(&old.host_info, &new.host_info)?,
        conference_state: atomic(&old.conference_state, &new.conference_state)?,
        users: users(old.users.as_ref(), new.users.as_ref()),
        sidebars_by_ref: sidebars_by_ref(old.sidebars_by_ref.as_ref(), new.sidebars_by_ref.as_ref()),
        sidebars_by_val: sidebars_by_val(old.sidebars_by_val.as_ref(), new.sidebars_by_val.as_ref()),
        extensions: Vec::new(),
    })
}

/// An atomic element: not mentioned if it is the same, else whole. None at all if it went away.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it can be said, the inner one whether it has to be"
)]
fn atomic<T: Clone + PartialEq>(old: &Option<T>, new: &Option<T>) -> Option<Option<T>> {
    match (old, new) {
        (Some(_), None) => None,
        (old, new) if old == new => Some(None),
        (_, new) => Some(new.clone()),
    }
}

fn users(old: Option<&Users>, new: Option<&Users>) -> Option<Users> {
    match (old, new) {
        (Some(_), None) => Some(Users { state: State::Deleted, ..Users::default() }),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) if old.extensions == new.extensions => {
            let gone = || User { state: State::Deleted, ..User::default() };
            let rows = changed_rows(&old.rows, &new.rows, gone);
            Some(Users { state: State::Partial, rows, extensions: Vec::new() })
        }
        (_, new) => new.cloned(),
    }
}

/// Single entries cannot be deleted, so a changed list is sent whole.
fn sidebars_by_ref(old: Option<&SidebarsByRef>, new: Option<&SidebarsByRef>) -> Option<SidebarsByRef> {
    match (old, new) {
        (Some(_), None) => Some(SidebarsByRef { state: State::Deleted, ..SidebarsByRef::default() }),
        (old, new) if old == new => None,
        (_, new) => new.cloned(),
    }
}

fn sidebars_by_val(old: Option<&SidebarsByVal>, new: Option<&SidebarsByVal>) -> Option<SidebarsByVal> {
    match (old, new) {
        (Some(_), None) => Some(SidebarsByVal { state: State::Deleted, ..SidebarsByVal::default() }),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            let gone = || Sidebar { state: State::Deleted, ..Sidebar::default() };
            Some(SidebarsByVal { state: State::Partial, rows: changed_rows(&old.rows, &new.rows, gone) })
        }
        (None, new) => new.cloned(),
    }
}

/// The rows that are new or changed, whole, and those that went away, as `gone` says it.
fn changed_rows<R: Clone + PartialEq>(old: &Rows<R>, new: &Rows<R>, gone: impl Fn() -> R) -> Rows<R> {
    let changed = new.iter().filter(|(key, row)| old.get(key) != Some(row));
    let removed = old.keys().filter(|key| !new.contains_key(key));
    let changed = changed.map(|(key, row)| (key.to_owned(), row.clone()));
    changed.chain(removed.map(|key| (key.to_owned(), gone()))).collect()
}
