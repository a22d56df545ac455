//! The conference factory: a new conference for every admitted INVITE (RFC 4579 section 5.4, TS 24.147 section
//! 5.3.2.3.1).

use super::conference::Conference;
use super::creator::{Creator, identities};
use super::report::Reports;
use super::roster::Roster;
use super::{Event, Focus, MAX_CONFERENCES};
use crate::dialog::{Carrier, Dialog, DialogState, ReliableSender};
use crate::role::edge::hides_identity;
use crate::role::media::Media;
use crate::role::objection;
use crate::role::session::{Session, is_too_small};
use crate::role::user_index::UserIndex;
use crate::time::{Time, Timed};
use crate::transaction::ServerKey;
use crate::usage::Callee;
use crate::wire::{Builder, Message, Name, OwnedUri};

/// Seconds after which a creator who found the host busy may try again.
const RETRY_AFTER: u32 = 30;

/// A refusal with what its code calls for: what is missing, when to come back, what is wrong with the offer.
fn explained(response: Builder, code: u16, invite: &Message<'_>) -> Builder {
    match code {
        421 => response.require(&["100rel"]),
        503 => response.number(Name::RetryAfter, RETRY_AFTER),
        _ => objection::explained(response, code, invite),
    }
}

impl Focus {
    /// An INVITE outside any dialog.
    pub(super) fn on_initial_invite(&mut self, now: Time, server: &ServerKey, invite: &Message<'_>) {
        let Ok(uri) = invite.request_uri() else { return self.endpoint.answer(now, server, 400, None) };
        if self.endpoint.is_merged(server) {
            return self.endpoint.answer(now, server, 482, None);
        }
        if uri.equivalent(&self.config.factory.as_uri()) {
            if let Err(code) = self.create(now, server, invite) {
                self.events.push_back(Event::CreationRefused { code });
                let response = self.endpoint.response(server, code, None);
                self.host(now).respond(server, response.map(|response| explained(response, code, invite)));
            }
            return;
        }
        // Users join by invitation only.
        let live = |conference: &Conference| conference.is_live() && uri.equivalent(&conference.uri.as_uri());
        let code = if self.conferences.iter().any(live) { 403 } else { 404 };
        self.endpoint.answer(now, server, code, None);
    }

    /// Makes room for another conference: of those that are over the oldest is forgotten.
    fn make_room(&mut self) -> bool {
        if self.conferences.len() >= MAX_CONFERENCES
            && let Some(place) = self.conferences.iter().position(Conference::is_settled)
        {
            let forgotten = self.conferences.remove(place);
            self.mixer.free(forgotten.uri.as_str());
        }
        self.conferences.len() < MAX_CONFERENCES
    }

    /// Allocates a conference and promises it in a reliable 183 with the answer to the offer.
    fn create(&mut self, now: Time, server: &ServerKey, invite: &Message<'_>) -> Result<(), u16> {
        let offer = self.policy.creation(invite)?;
        if is_too_small(self.config.session_timer, invite) {
            return Err(422);
        }
        if !self.make_room() {
            return Err(503);
        }
        let (Ok(call_id), Ok(from), Ok(contact), Ok(cseq)) =
            (invite.call_id(), invite.from(), invite.contact(), invite.cseq())
        else {
            return Err(400);
        };
        let cause = [call_id, from.tag().unwrap_or_default(), &cseq.number.to_be_bytes()];
        let identifiers = self.endpoint.identifiers();
        let uri = format!("sip:final-{}@{}", identifiers.token("conference", &cause, 0), self.config.host);
        let uri: OwnedUri = uri.parse().map_err(|_| 500_u16)?;
        // RFC 3262 section 3: the first RSeq lies in 1..2^31, and leaves room for more.
        let rseq = 1 + u32::try_from(identifiers.number("rseq", &cause, 0) % 1_000_000).unwrap_or(0);
        let media = Media::new(self.config.address, identifiers.number("session", &cause, 0));
        let tag = self.endpoint.tag(&cause);
        let dialog = Dialog::from_request(invite, tag.clone(), DialogState::Early).map_err(|_| 400_u16)?;
        let mut session = Session::of_callee(media, self.config.renegotiation);
        session.offers.receive(Carrier::Invite, true);
        session.interval.on_request(invite);
        let identities = identities(invite).map_err(|_| 400_u16)?;
        let user = identities.first().cloned().ok_or(400_u16)?;
        // Before the answer that the 183 carries.
        let termination = self.mixer.reserve(uri.as_str(), user.as_str()).map_err(|_| 503_u16)?;
        let timers = self.endpoint.timers();
        let creator = Creator {
            user,
            identities,
            contact: contact.uri.to_string(),
            hidden: hides_identity(invite),
            invite: server.clone(),
            cseq: cseq.number,
            tag,
            dialog: Some(dialog),
            callee: Callee::new(timers.t1(), timers.t2()),
            reliable: ReliableSender::new(cseq.number, rseq, timers.t1()),
            session,
            bye: None,
            gives_up_at: Some(now + self.config.setup),
            termination: Some(termination),
        };
        let mut conference = Conference {
            uri,
            creator,
            roster: Roster::new(
                u32::try_from(self.config.maximum_users).unwrap_or(u32::MAX),
                self.config.shows_progress,
            ),
            subscriptions: Timed::default(),
            invitations: Timed::default(),
            invited: UserIndex::default(),
            expulsions: Vec::new(),
            reports: Reports::default(),
        };
        let promised = conference.promise(&mut self.host(now), &offer);
        match promised {
            Ok(()) => self.conferences.push(conference),
            Err(_) => self.mixer.release(termination),
        }
        promised
    }
}
