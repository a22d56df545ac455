//! A challenge to one of the UE's requests: whether the request is still wanted, and which number it gets (RFC 3261
//! sections 8.1.3.5 and 22). What a challenge demands is judged in `role/authentication`.

use super::call::Call;
use super::{Event, Ue};
use crate::dialog::{Dialog, DialogId, Request};
use crate::role::authentication::Challenged;
use crate::time::Time;
use crate::transaction::ClientKey;
use crate::wire::{Message, Method};

impl Ue {
    /// A final response that may be a challenge. `true`: its request is out again. Otherwise it is a refusal like any
    /// other.
    pub(super) fn on_challenge(&mut self, now: Time, client: &ClientKey, response: &Message<'_>) -> bool {
        match self.endpoint.challenged(client, response) {
            Challenged::No => false,
            Challenged::Failed { realm, why } => {
                self.events.push_back(Event::NotAuthenticated { realm, why });
                false
            }
            Challenged::Met(request) => {
                let cseq = self.renumber(now, client, &request);
                cseq.is_some_and(|cseq| self.endpoint.request_again(now, client, cseq).is_ok())
            }
        }
    }

    /// The number under which a request goes out again, of which whoever sent it takes note. None if nobody wants it
    /// any more.
    fn renumber(&mut self, now: Time, client: &ClientKey, request: &Request) -> Option<u32> {
        if let Some(cseq) = self.calls.renumber(client, request) {
            return Some(cseq);
        }
        match request.method {
            Method::Invite if request.is_initial() => self.renumber_invite(client),
            Method::Invite | Method::Update => self.renumber_change(client, request),
            Method::Subscribe => {
                let report = self.renumber_report(now, client);
                report.or_else(|| self.subscription.as_mut()?.renumber(now, client))
            }
            Method::Refer => self.renumber_refer(now, client),
            // A dialog that nobody knows any more has numbers for nothing but its BYE.
            Method::Bye => match self.dialog_named(request.dialog()) {
                Some(dialog) => dialog.next_cseq().ok(),
                None => request.cseq.checked_add(1),
            },
            _ => self.dialog_named(request.dialog())?.next_cseq().ok(),
        }
    }

    /// The INVITE to the factory. Its early dialogs are over with the final response.
    fn renumber_invite(&mut self, client: &ClientKey) -> Option<u32> {
        let call = std::mem::replace(&mut self.call, Call::Over);
        let (call, cseq) = match call {
            Call::Calling(mut inviting) | Call::Early(mut inviting) if inviting.invite == *client => {
                inviting.initial.cseq += 1;
                inviting.branches.clear();
                let cseq = inviting.initial.cseq;
                (Call::Calling(inviting), Some(cseq))
            }
            call @ (Call::Idle
            | Call::Calling(_)
            | Call::Early(_)
            | Call::Abandoned { .. }
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. }) => (call, None),
        };
        self.call = call;
        cseq
    }

    /// A request that changes the session: of the established one, or the second offer of an early dialog, which the
    /// 2xx to the INVITE may overtake.
    fn renumber_change(&mut self, client: &ClientKey, request: &Request) -> Option<u32> {
        let Self { session, dialog, call, .. } = self;
        match (call, session, dialog) {
            (Call::Confirmed, Some(session), Some(dialog)) if session.asks(client) => {
                let cseq = dialog.next_cseq().ok()?;
                session.renumber(client, cseq);
                Some(cseq)
            }
            (Call::Early(_) | Call::Confirmed, ..) => self.dialog_named(request.dialog())?.next_cseq().ok(),
            _ => None,
        }
    }

    /// One of our dialogs, the early ones included.
    fn dialog_named(&mut self, id: &DialogId) -> Option<&mut Dialog> {
        let early = match &mut self.call {
            Call::Calling(inviting) | Call::Early(inviting) | Call::Abandoned { inviting, .. } => Some(inviting),
            Call::Idle | Call::Confirmed | Call::Leaving { .. } | Call::Over | Call::Failed { .. } => None,
        };
        let early = early.into_iter().flat_map(|inviting| &mut inviting.branches).map(|branch| &mut branch.dialog);
        self.dialog.iter_mut().chain(early).find(|dialog| dialog.id() == id)
    }
}
