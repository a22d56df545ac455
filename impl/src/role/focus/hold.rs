//! Hold and resume of a participant, by himself or by the focus: what the sessions agree on goes to the mixer and into
//! the roster (RFC 4575 section 5.7.3, TS 24.147 section 5.3.2). The rules of the exchange are in `role/session`.

use super::conference::{Conference, Host, Part};
use super::creator::ISFOCUS;
use super::{Command, Event, Focus};
use crate::agent::{Discard, Receipt};
use crate::body::conference_info::DisconnectionMethod;
use crate::dialog::{Dialog, TargetRefresh};
use crate::error::CommandError;
use crate::role::session::{Line, MAX_ACKNOWLEDGED, News, NotNow, Session};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{CalleeOutput, CalleeState, Caller};
use crate::wire::{Message, OwnedUri};

impl Focus {
    pub(super) fn hold(
        &mut self,
        now: Time,
        command: &Command,
        user: &OwnedUri,
        hold: bool,
    ) -> Result<(), CommandError> {
        let command = command.name();
        let not_now = |why| CommandError::NotNow { command, why };
        let parts = self.conferences.iter().map(|conference| conference.part_of(user)).enumerate();
        let found = parts.filter_map(|(place, part)| Some((place, part?))).next();
        let Some((place, part)) = found else { return Err(not_now("he is in no conference")) };
        let mut done = Ok(());
        self.at(now, place, |conference, host| {
            let Some((session, Some(dialog), mut line)) = conference.session(host, part) else { return };
            done = match session.hold(&mut line, dialog, hold) {
                Ok(_) => Ok(()),
                Err(NotNow::Wait(why)) => Err(not_now(why)),
                Err(NotNow::Full) => Err(CommandError::LimitReached { table: "change", limit: MAX_ACKNOWLEDGED }),
            };
        });
        done
    }
}

impl Conference {
    /// Where this user takes part, if his dialog is confirmed.
    fn part_of(&self, user: &OwnedUri) -> Option<Part> {
        if self.creator.is(user) && self.creator.callee.state() == CalleeState::Established {
            return Some(Part::Creator);
        }
        let joined = self
            .invitations
            .iter()
            .position(|invitation| invitation.leg.caller == Caller::Established && invitation.target.same_user(user));
        joined.map(Part::Leg)
    }

    /// The session of a part with its dialog, and what they need of us. There is no session in a subscription.
    fn session<'a>(
        &'a mut self,
        host: &'a mut Host<'_>,
        part: Part,
    ) -> Option<(&'a mut Session, Option<&'a mut Dialog>, Line<'a>)> {
        let Self { uri, creator, invitations, .. } = self;
        let line = Line { now: host.now, endpoint: host.endpoint, contact: (uri, ISFOCUS) };
        match part {
            Part::Creator => Some((&mut creator.session, creator.dialog.as_mut(), line)),
            Part::Leg(place) => {
                let leg = &mut invitations.get_mut(place)?.leg;
                Some((&mut leg.session, leg.dialog.as_mut(), line))
            }
            Part::Subscription(_) => None,
        }
    }

    /// Whether the session of this part stands, or will, and no BYE has ended it.
    fn is_in_session(&self, part: Part) -> bool {
        match part {
            Part::Creator => match self.creator.callee.state() {
                CalleeState::Preparative | CalleeState::Early | CalleeState::Moratorium | CalleeState::Established => {
                    true
                }
                CalleeState::Mortal | CalleeState::Morgue => false,
            },
            Part::Leg(place) => {
                self.invitations.get(place).is_some_and(|invitation| invitation.leg.caller == Caller::Established)
            }
            Part::Subscription(_) => false,
        }
    }

    /// An UPDATE or an INVITE inside the dialog of a part.
    pub(super) fn on_session_request(
        &mut self,
        host: &mut Host<'_>,
        part: Part,
        server: &ServerKey,
        request: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        if !self.is_in_session(part) {
            return host.answer(server, 481);
        }
        let Some((session, Some(dialog), mut line)) = self.session(host, part) else { return };
        let news = session.on_request(&mut line, dialog, server, request, refresh);
        self.on_session_news(host, part, news);
        if part == Part::Creator {
            self.accept_if_ready(host);
        }
    }

    /// Every part that has a session.
    fn sessions(&self) -> impl Iterator<Item = (Part, &Session)> {
        let legs = self.invitations.iter().enumerate();
        let legs = legs.map(|(place, invitation)| (Part::Leg(place), &invitation.leg.session));
        std::iter::once((Part::Creator, &self.creator.session)).chain(legs)
    }

    /// The part whose session this request of ours changes or has changed.
    fn session_of(&self, client: &ClientKey) -> Option<Part> {
        self.sessions().find(|(_, session)| session.is_of(client)).map(|(part, _)| part)
    }

    /// A response to a request of ours that changes a session, or none.
    pub(super) fn on_session_response(
        &mut self,
        host: &mut Host<'_>,
        client: &ClientKey,
        response: Option<&Message<'_>>,
    ) {
        let Some(part) = self.session_of(client) else { return };
        let stands = self.is_in_session(part);
        let Some((session, dialog, mut line)) = self.session(host, part) else { return };
        let news = session.on_response(&mut line, dialog.filter(|_| stands), client, response);
        self.on_session_news(host, part, news);
    }

    /// No further copy of this 2xx can come.
    pub(super) fn on_session_freed(&mut self, client: &ClientKey) {
        let Some(part) = self.session_of(client) else { return };
        match part {
            Part::Creator => self.creator.session.on_freed(client),
            Part::Leg(place) => {
                if let Some(invitation) = self.invitations.get_mut(place) {
                    invitation.leg.session.on_freed(client);
                }
            }
            Part::Subscription(_) => {}
        }
    }

    /// The ACK to the 2xx of a re-INVITE.
    pub(super) fn on_session_ack(&mut self, host: &mut Host<'_>, part: Part, ack: &Message<'_>) -> Receipt {
        let stray = Receipt::Discarded(Discard::StrayAck);
        let Some((session, Some(dialog), mut line)) = self.session(host, part) else { return stray };
        let Some((receipt, news)) = session.on_ack(&mut line, dialog, ack) else { return stray };
        self.on_session_news(host, part, news);
        receipt
    }

    pub(super) fn on_session_timeouts(&mut self, host: &mut Host<'_>) {
        let now = host.now;
        let legs = self.invitations.due(now).into_iter().map(Part::Leg);
        for part in std::iter::once(Part::Creator).chain(legs) {
            // A leg may have been woken for something else.
            let due = |session: &Session| session.timers().any(|timer| timer.at <= now);
            let Some((session, Some(dialog), mut line)) = self.session(host, part).filter(|(session, ..)| due(session))
            else {
                continue;
            };
            let news = session.on_timeout(&mut line, dialog);
            self.on_session_news(host, part, news);
        }
    }

    fn on_session_news(&mut self, host: &mut Host<'_>, part: Part, news: Option<News>) {
        match news {
            None => {}
            Some(News::Agreed) => self.on_agreed(host, part),
            Some(News::Refused(code)) => {
                if let Some(user) = self.user_of(part) {
                    host.events.push_back(Event::HoldRefused { conference: self.uri.to_string(), user, code });
                }
            }
            Some(News::Lost(_)) => self.lose(host, part),
        }
    }

    fn user_of(&self, part: Part) -> Option<String> {
        match part {
            Part::Creator => Some(self.creator.user.to_string()),
            Part::Leg(place) => self.invitations.get(place).map(|invitation| invitation.target.to_string()),
            Part::Subscription(_) => None,
        }
    }

    /// Offer and answer are done: the mixer does what they say, and the subscribers hear of it.
    fn on_agreed(&mut self, host: &mut Host<'_>, part: Part) {
        let (session, termination) = match part {
            Part::Creator => (&self.creator.session, self.creator.termination),
            Part::Leg(place) => {
                let Some(invitation) = self.invitations.get(place) else { return };
                (&invitation.leg.session, invitation.leg.termination)
            }
            Part::Subscription(_) => return,
        };
        let (on_hold, flow) = (session.on_hold(), session.flow());
        let Some(user) = self.user_of(part) else { return };
        // Who is not in the roster yet has no media either: both get theirs with the 2xx.
        if !self.roster.hold(&user, on_hold, flow) {
            return;
        }
        if let Some(termination) = termination {
            host.mixer.modify(termination, flow);
        }
        self.changed();
        host.events.push_back(Event::HoldChanged { conference: self.uri.to_string(), user, on_hold });
    }

    /// The session of this part is lost: it is ended with a BYE.
    fn lose(&mut self, host: &mut Host<'_>, part: Part) {
        match part {
            Part::Creator => {
                let live = self.is_live();
                // Before the ACK no BYE may go out (RFC 3261 section 15): then its timer ends the call.
                if self.creator.callee.hang_up() == CalleeOutput::SendBye && live {
                    self.send_creator_bye(host);
                    self.end(host, DisconnectionMethod::Booted);
                }
            }
            Part::Leg(place) => self.hang_up(host, place),
            Part::Subscription(_) => {}
        }
    }
}
