//! Applying a partial document to what a subscriber holds (RFC 4575 section 4.6, steps 1 to 3).
//!
//! What is held is *settled*: every state in it is full and nothing in it is deleted. Atomic elements are replaced when
//! the change has them, tables are updated row by row, and whatever the change does not mention stays.

use super::document::{Conference, Endpoint, Sidebar, SidebarsByRef, SidebarsByVal, User, Users};
use super::extension::Extension;
use super::rows::Rows;
use super::token::State;

impl Conference {
    /// Applies the content of a partial document.
    pub(super) fn update(&mut self, change: Self) {
        replace(&mut self.description, change.description);
        replace(&mut self.host_info, change.host_info);
        replace(&mut self.conference_state, change.conference_state);
        update_part(&mut self.users, change.users);
        update_part(&mut self.sidebars_by_ref, change.sidebars_by_ref);
        update_part(&mut self.sidebars_by_val, change.sidebars_by_val);
        replace_extensions(&mut self.extensions, change.extensions);
    }

    /// The content of a full document as it is held.
    pub(super) fn settled(mut self) -> Self {
        self.users = self.users.and_then(settled);
        self.sidebars_by_ref = self.sidebars_by_ref.and_then(settled);
        self.sidebars_by_val = self.sidebars_by_val.and_then(settled);
        self
    }
}

/// An element that takes part in partial notification (RFC 4575 section 4.4).
trait Part {
    fn state(&self) -> State;
    fn set_full(&mut self);
    /// Makes what is inside settled.
    fn settle_inside(&mut self);
    /// Applies a partial element to a settled one.
    fn update(&mut self, change: Self);
}

/// The element as it is held, unless it is deleted.
fn settled<P: Part>(mut part: P) -> Option<P> {
    if part.state() == State::Deleted {
        return None;
    }
    part.set_full();
    part.settle_inside();
    Some(part)
}

/// Step 1 (full), 2 (deleted) or 3 (partial) for an element that can stand once.
fn update_part<P: Part>(held: &mut Option<P>, change: Option<P>) {
    let Some(change) = change else { return };
    match (change.state(), held.as_mut()) {
        (State::Partial, Some(held)) => held.update(change),
        (State::Partial | State::Full | State::Deleted, _) => *held = settled(change),
    }
}

/// The same for the rows of a table. An unseen key gets a row with the content given (step 3.1.1).
fn update_rows<P: Part>(held: &mut Rows<P>, change: Rows<P>) {
    for (key, change) in change {
        match (change.state(), held.get_mut(&key)) {
            (State::Partial, Some(row)) => row.update(change),
            (State::Partial | State::Full | State::Deleted, _) => match settled(change) {
                Some(row) => drop(held.insert(key, row)),
                None => drop(held.remove(&key)),
            },
        }
    }
}

fn settle_rows<P: Part>(rows: &mut Rows<P>) {
    rows.retain(|_, row| row.state() != State::Deleted);
    for row in rows.values_mut() {
        row.set_full();
        row.settle_inside();
    }
}

/// An atomic element is replaced as a whole (step 3.2).
fn replace<T>(held: &mut Option<T>, change: Option<T>) {
    if change.is_some() {
        *held = change;
    }
}

/// The same for a list: its element is absent when it is empty.
fn replace_list<T>(held: &mut Vec<T>, change: Vec<T>) {
    if !change.is_empty() {
        *held = change;
    }
}

/// Extensions are atomic: those of a name replace the former ones of that name.
fn replace_extensions(held: &mut Vec<Extension>, change: Vec<Extension>) {
    held.retain(|old| !change.iter().any(|new| new.is_same_element(old)));
    held.extend(change);
}

impl Part for Users {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {
        settle_rows(&mut self.rows);
    }

    fn update(&mut self, change: Self) {
        update_rows(&mut self.rows, change.rows);
        replace_extensions(&mut self.extensions, change.extensions);
    }
}

impl Part for User {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {
        settle_rows(&mut self.endpoints);
    }

    fn update(&mut self, change: Self) {
        replace(&mut self.display_text, change.display_text);
        replace_list(&mut self.associated_aors, change.associated_aors);
        replace_list(&mut self.roles, change.roles);
        replace_list(&mut self.languages, change.languages);
        replace(&mut self.cascaded_focus, change.cascaded_focus);
        update_rows(&mut self.endpoints, change.endpoints);
        replace_extensions(&mut self.extensions, change.extensions);
    }
}

impl Part for Endpoint {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {}

    fn update(&mut self, change: Self) {
        replace(&mut self.display_text, change.display_text);
        replace(&mut self.referred, change.referred);
        replace(&mut self.status, change.status);
        replace(&mut self.joining_method, change.joining_method);
        replace(&mut self.joining_info, change.joining_info);
        replace(&mut self.disconnection_method, change.disconnection_method);
        replace(&mut self.disconnection_info, change.disconnection_info);
        // A stream is atomic, but it is also a row: the streams that are not mentioned stay.
        self.media.extend(change.media);
        replace(&mut self.call_info, change.call_info);
        replace_extensions(&mut self.extensions, change.extensions);
    }
}

impl Part for SidebarsByRef {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {}

    fn update(&mut self, change: Self) {
        for new in change.entries {
            match self.entries.iter_mut().find(|old| old.uri == new.uri) {
                Some(old) => *old = new,
                None => self.entries.push(new),
            }
        }
    }
}

impl Part for SidebarsByVal {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {
        settle_rows(&mut self.rows);
    }

    fn update(&mut self, change: Self) {
        update_rows(&mut self.rows, change.rows);
    }
}

impl Part for Sidebar {
    fn state(&self) -> State {
        self.state
    }

    fn set_full(&mut self) {
        self.state = State::Full;
    }

    fn settle_inside(&mut self) {
        self.content = std::mem::take(&mut self.content).settled();
    }

    fn update(&mut self, change: Self) {
        self.content.update(change.content);
    }
}
