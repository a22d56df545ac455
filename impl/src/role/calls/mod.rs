//! Calls between two users, outside any conference: those that a user has before he is invited into one, and that the
//! conference may then replace (RFC 3891, TS 34.229-5 A.20).
//!
//! A role hands the table what concerns its calls and says with a [`Line`] how its messages are dressed; what the user
//! has to be told comes back as [`News`]. One call is in `call.rs`.

mod call;

use crate::agent::Addr;
use crate::dialog::{Dialog, DialogId, DialogName, Request, RouteSet};
use crate::role::endpoint::Endpoint;
use crate::role::objection::refuse;
use crate::time::{Time, Timer};
use crate::transaction::{ClientKey, ServerKey};
use crate::view::PlainCallView;
use crate::wire::{Builder, Message, OwnedUri, Replaces};

pub(crate) use call::PlainCall;

/// Most calls of one user beside the conference; the oldest that is over makes room for a new one.
pub(crate) const MAX_CALLS: usize = 8;

/// What a role says of itself in the messages of its calls.
pub(crate) trait Dress {
    /// The user's address of record.
    fn user(&self) -> &OwnedUri;
    /// Address of the media.
    fn address(&self) -> Addr;
    /// Adds the Contact.
    fn contact(&self, builder: Builder) -> Builder;
    /// Adds what the INVITE of a call says of the user agent, the Contact included.
    fn invite(&self, builder: Builder) -> Builder;
    /// Adds to a 2xx which extensions the user agent supports.
    fn supported(&self, builder: Builder) -> Builder;
}

/// What the calls need of their role while they handle one input.
pub(crate) struct Line<'a> {
    pub(crate) now: Time,
    pub(crate) endpoint: &'a mut Endpoint,
    pub(crate) dress: &'a dyn Dress,
}

impl Line<'_> {
    fn answer(&mut self, server: &ServerKey, code: u16) {
        self.endpoint.answer(self.now, server, code, None);
    }
}

/// What the user has to be told of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// He is being called.
    Called,
    /// The call is up.
    Up,
    /// The call is over, or never came about.
    Over,
}

/// The calls of one user, the oldest first, those that are over included as long as there is room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Calls {
    calls: Vec<PlainCall>,
}

impl Calls {
    /// Whether there is room for another call: one that is over gives up its place.
    fn make_room(&mut self) -> bool {
        if self.calls.len() < MAX_CALLS {
            return true;
        }
        let over = self.calls.iter().position(PlainCall::is_over);
        over.map(|place| self.calls.remove(place)).is_some()
    }

    /// Calls `peer`. `false`: there is no room, or no way to him.
    pub(crate) fn place(&mut self, line: &mut Line<'_>, peer: &OwnedUri, routes: RouteSet) -> bool {
        if !self.make_room() {
            return false;
        }
        // A second call of the same two is another one: they are told apart by their number.
        let before = self.calls.iter().filter(|call| call.peer() == peer).count();
        let placed = PlainCall::place(line, peer, before, routes);
        placed.map(|call| self.calls.push(call)).is_some()
    }

    /// An INVITE outside any dialog: it is announced, the user decides. `None`: it was refused.
    pub(crate) fn on_invite(
        &mut self,
        line: &mut Line<'_>,
        server: &ServerKey,
        invite: &Message<'_>,
    ) -> Option<OwnedUri> {
        if !self.make_room() {
            line.answer(server, 486);
            return None;
        }
        match PlainCall::called(line, server, invite) {
            Ok(call) => {
                let peer = call.peer().clone();
                self.calls.push(call);
                Some(peer)
            }
            Err(code) => {
                refuse(line.endpoint, line.now, server, code, invite);
                None
            }
        }
    }

    /// The newest call that waits for the user's decision.
    pub(crate) fn undecided(&mut self) -> Option<&mut PlainCall> {
        self.calls.iter_mut().rev().find(|call| call.is_undecided())
    }

    /// The newest call with this user that is not over, and not ending.
    pub(crate) fn with(&self, peer: &OwnedUri) -> Option<&PlainCall> {
        self.calls.iter().rev().find(|call| !call.is_ending() && call.peer().same_user(peer))
    }

    /// Ends the newest call with this user, whatever that takes. `false`: there is none.
    pub(crate) fn hang_up(&mut self, line: &mut Line<'_>, peer: &OwnedUri) -> bool {
        let known = |call: &&mut PlainCall| !call.is_ending() && call.peer().same_user(peer);
        self.calls.iter_mut().rev().find(known).is_some_and(|call| {
            call.hang_up(line);
            true
        })
    }

    /// The calls that a Replaces names, those that are over included.
    pub(crate) fn named(&self, replaces: &Replaces<'_>) -> Vec<&PlainCall> {
        self.calls.iter().filter(|call| call.id().is_some_and(|id| id.is_named_by(replaces))).collect()
    }

    /// The call whose dialog has, or had, this name.
    pub(crate) fn by_id(&mut self, id: &DialogId) -> Option<&mut PlainCall> {
        self.calls.iter_mut().find(|call| call.id() == Some(id))
    }

    /// The call that a response belongs to.
    pub(crate) fn of_client(&mut self, client: &ClientKey) -> Option<&mut PlainCall> {
        self.calls.iter_mut().find(|call| call.awaits(client))
    }

    /// As `renumber` of the role, of a request in one of the calls.
    pub(crate) fn renumber(&mut self, client: &ClientKey, request: &Request) -> Option<u32> {
        self.calls.iter_mut().find(|call| call.sent(request))?.renumber(client, request)
    }

    /// The call that a request belongs to.
    pub(crate) fn of_request(&mut self, request: &Message<'_>) -> Option<&mut PlainCall> {
        if self.calls.is_empty() {
            return None;
        }
        let name = DialogName::of(request)?;
        self.calls.iter_mut().find(|call| call.dialog().is_some_and(|dialog| *dialog.id() == name))
    }

    /// A CANCEL for the INVITE of a call; `None`: it is for none of them.
    pub(crate) fn on_cancel(
        &mut self,
        line: &mut Line<'_>,
        cancel: &ServerKey,
        invite: &ServerKey,
    ) -> Option<(OwnedUri, Option<News>)> {
        let call = self.calls.iter_mut().find(|call| call.is_answer_to(invite))?;
        Some((call.peer().clone(), call.on_cancel(line, cancel)))
    }

    pub(crate) fn on_timeout(&mut self, line: &mut Line<'_>) {
        for call in &mut self.calls {
            call.on_timeout(line);
        }
    }

    pub(crate) fn timers(&self) -> impl Iterator<Item = Timer> {
        self.calls.iter().filter_map(PlainCall::timer)
    }

    pub(crate) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        self.calls.iter().filter_map(PlainCall::dialog)
    }

    pub(crate) fn view(&self) -> Vec<PlainCallView> {
        self.calls.iter().map(PlainCall::view).collect()
    }
}

/// The dialog of a call, for its name.
pub(crate) fn name(dialog: Option<&Dialog>) -> Option<DialogId> {
    dialog.map(|dialog| dialog.id().clone())
}
