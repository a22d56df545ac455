//! Hold and resume of the call with the conference, by this user or by the focus (TS 24.610, RFC 3264 section 8.4). The
//! rules are in `role/session`.

use super::call::Call;
use super::{Command, Event, Participant};
use crate::agent::{Discard, Receipt};
use crate::dialog::{Dialog, DialogName, TargetRefresh};
use crate::error::CommandError;
use crate::role::session::{Line, MAX_ACKNOWLEDGED, News, NotNow, Session};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::CalleeState;
use crate::wire::Message;

impl Call {
    /// Whether the session stands at its caller: its 2xx is out, no BYE is.
    fn is_answered(&self) -> bool {
        match self.callee.state() {
            CalleeState::Moratorium | CalleeState::Established => true,
            CalleeState::Preparative | CalleeState::Early | CalleeState::Mortal | CalleeState::Morgue => false,
        }
    }
}

impl Participant {
    /// The call's session with its dialog, and what they need of us.
    fn session(&mut self, now: Time) -> Option<(&mut Session, &mut Dialog, Line<'_>)> {
        let Self { config, endpoint, call, .. } = self;
        let call = call.as_mut()?;
        let line = Line { now, endpoint, contact: (&config.contact, "") };
        Some((&mut call.session, call.dialog.as_mut()?, line))
    }

    pub(super) fn hold(&mut self, now: Time, hold: bool) -> Result<(), CommandError> {
        let command = if hold { Command::Hold } else { Command::Resume };
        let not_now = |why| CommandError::NotNow { command: command.name(), why };
        let established = |call: &Call| call.callee.state() == CalleeState::Established;
        let session = if self.call.as_ref().is_some_and(established) { self.session(now) } else { None };
        let (session, dialog, mut line) = session.ok_or_else(|| not_now("there is no confirmed call"))?;
        match session.hold(&mut line, dialog, hold) {
            Ok(_) => Ok(()),
            Err(NotNow::Wait(why)) => Err(not_now(why)),
            Err(NotNow::Full) => Err(CommandError::LimitReached { table: "change", limit: MAX_ACKNOWLEDGED }),
        }
    }

    /// An UPDATE or an INVITE inside the dialog. While the first INVITE has no final response it comes too early.
    pub(super) fn on_session_request(
        &mut self,
        now: Time,
        server: &ServerKey,
        request: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        let over = self.call.as_ref().is_none_or(|call| match call.callee.state() {
            CalleeState::Mortal | CalleeState::Morgue => true,
            CalleeState::Preparative | CalleeState::Early | CalleeState::Moratorium | CalleeState::Established => false,
        });
        if over {
            return self.endpoint.answer(now, server, 481, None);
        }
        let Some((session, dialog, mut line)) = self.session(now) else { return };
        let news = session.on_request(&mut line, dialog, server, request, refresh);
        self.on_session_news(now, news);
    }

    /// A response to a request that changes the session, or none. `false`: it belongs to another request.
    pub(super) fn on_session_response(
        &mut self,
        now: Time,
        client: &ClientKey,
        response: Option<&Message<'_>>,
    ) -> bool {
        let Self { config, endpoint, call, .. } = self;
        let Some(call) = call.as_mut().filter(|call| call.session.is_of(client)) else { return false };
        let mut line = Line { now, endpoint, contact: (&config.contact, "") };
        let answered = call.is_answered();
        let dialog = call.dialog.as_mut().filter(|_| answered);
        let news = call.session.on_response(&mut line, dialog, client, response);
        self.on_session_news(now, news);
        true
    }

    /// The ACK to the 2xx of a re-INVITE.
    pub(super) fn on_session_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        let stray = Receipt::Discarded(Discard::StrayAck);
        let name = DialogName::of(ack);
        let Some((session, dialog, mut line)) = self.session(now) else { return stray };
        if name.is_none_or(|name| *dialog.id() != name) {
            return stray;
        }
        let Some((receipt, news)) = session.on_ack(&mut line, dialog, ack) else { return stray };
        self.on_session_news(now, news);
        receipt
    }

    pub(super) fn on_session_timeout(&mut self, now: Time) {
        let Some((session, dialog, mut line)) = self.session(now) else { return };
        let news = session.on_timeout(&mut line, dialog);
        self.on_session_news(now, news);
    }

    fn on_session_news(&mut self, now: Time, news: Option<News>) {
        match news {
            None => {}
            Some(News::Agreed) => {
                let media = self.call.as_ref().map(|call| call.session.view()).unwrap_or_default();
                self.events.push_back(Event::HoldChanged { holds: media.holds, held: media.held });
            }
            Some(News::Refused(code)) => self.events.push_back(Event::HoldRefused { code }),
            Some(News::Lost(code)) => {
                self.events.push_back(Event::CallLost { code });
                // Before the ACK of the first INVITE no BYE may go out (RFC 3261 section 15): then its timer ends it.
                let _ = self.leave(now);
            }
        }
    }
}
