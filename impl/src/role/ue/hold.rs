//! Hold and resume of the call with the conference, by this user or by the focus (TS 24.610, RFC 3264 section 8.4). The
//! rules are in `role/session`.

use super::call::Call;
use super::headers::MMTEL;
use super::{Command, Event, Ue, not_now};
use crate::agent::{Discard, Receipt};
use crate::dialog::{DialogName, TargetRefresh};
use crate::error::CommandError;
use crate::role::session::{Line, MAX_ACKNOWLEDGED, News, NotNow, Session};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::wire::Message;

impl Ue {
    pub(super) fn hold(&mut self, now: Time, hold: bool) -> Result<(), CommandError> {
        let command = if hold { Command::Hold } else { Command::Resume };
        let Self { config, endpoint, session, dialog, call, .. } = self;
        let (Call::Confirmed, Some(session), Some(dialog)) = (call, session, dialog) else {
            return Err(not_now(&command, "there is no confirmed call"));
        };
        let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
        match session.hold(&mut line, dialog, hold) {
            Ok(_) => Ok(()),
            Err(NotNow::Wait(why)) => Err(not_now(&command, why)),
            Err(NotNow::Full) => Err(CommandError::LimitReached { table: "change", limit: MAX_ACKNOWLEDGED }),
        }
    }

    /// An UPDATE or an INVITE inside the dialog of the established call.
    pub(super) fn on_session_request(
        &mut self,
        now: Time,
        server: &ServerKey,
        request: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        let Self { config, endpoint, session, dialog, call, .. } = self;
        let session = session.as_mut().filter(|_| *call == Call::Confirmed);
        let (Some(session), Some(dialog)) = (session, dialog) else { return self.answer(now, server, 481) };
        let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
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
        let Self { config, endpoint, session, dialog, call, .. } = self;
        let Some(session) = session.as_mut().filter(|session| session.is_of(client)) else { return false };
        let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
        let dialog = dialog.as_mut().filter(|_| *call == Call::Confirmed);
        let news = session.on_response(&mut line, dialog, client, response);
        self.on_session_news(now, news);
        true
    }

    /// The ACK to the 2xx of a re-INVITE.
    pub(super) fn on_session_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        let name = DialogName::of(ack);
        let Self { config, endpoint, session, dialog, .. } = self;
        let dialog = dialog.as_mut().filter(|dialog| name.is_some_and(|name| *dialog.id() == name));
        let (Some(session), Some(dialog)) = (session, dialog) else { return Receipt::Discarded(Discard::StrayAck) };
        let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
        match session.on_ack(&mut line, dialog, ack) {
            Some((receipt, news)) => {
                self.on_session_news(now, news);
                receipt
            }
            None => Receipt::Discarded(Discard::StrayAck),
        }
    }

    pub(super) fn on_session_timeout(&mut self, now: Time) {
        let Self { config, endpoint, session, dialog, .. } = self;
        let (Some(session), Some(dialog)) = (session, dialog) else { return };
        let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
        let news = session.on_timeout(&mut line, dialog);
        self.on_session_news(now, news);
    }

    pub(super) fn on_session_news(&mut self, now: Time, news: Option<News>) {
        match news {
            None => {}
            Some(News::Agreed) => {
                let media = self.session.as_ref().map(Session::view).unwrap_or_default();
                if self.call == Call::Confirmed {
                    self.events.push_back(Event::HoldChanged { holds: media.holds, held: media.held });
                }
            }
            Some(News::Refused(code)) => self.events.push_back(Event::HoldRefused { code }),
            Some(News::Lost(code)) => {
                self.events.push_back(Event::CallLost { code });
                // Without a way to the focus there is nobody to tell, and nothing of it is left to be told.
                let _ = self.leave(now);
            }
        }
    }

    /// The call is over.
    pub(super) fn end_session(&mut self) {
        if let Some(session) = &mut self.session {
            session.end();
        }
    }
}
