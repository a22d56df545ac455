//! A session once it is established: hold and resume by either side, as re-INVITE or UPDATE, and requests that cross
//! (RFC 3261 section 14, RFC 3311 section 5, RFC 3264 section 8.4, RFC 5407 sections 3.1.4, 3.1.5 and 3.3).
//!
//! A [`Session`] holds what one end said of its media, which offers are open, and who holds whom. What we ask for is in
//! `request.rs`, what we answer in `answer.rs`, how long the session lasts in `interval.rs`. The dialog is the role's,
//! because other usages live in it too. A message of the peer is answered at once: whoever holds a call does so without
//! asking the other's user.

mod answer;
mod interval;
mod request;

use crate::body::sdp::{self, Flow, SessionDescription};
use crate::dialog::{Dialog, OfferAnswer};
use crate::role::config::Renegotiation;
use crate::role::endpoint::Endpoint;
use crate::role::media::Media;
use crate::time::{Time, Timer, TimerClass};
use crate::transaction::ServerKey;
use crate::usage::Change;
use crate::view::{MediaChange, MediaView};
use crate::wire::{Message, OwnedUri};

use answer::Answer;
use interval::Interval;
pub(crate) use interval::{EXTENSION as TIMER, Write, is_too_small};
use request::{Acknowledged, Asked};
pub(crate) use request::{MAX_ACKNOWLEDGED, NotNow};

/// The address that said hold before RFC 3264 (its section 8.4); still understood, never written.
const OLD_HOLD: &str = "0.0.0.0";

/// What a session needs of its role while it handles one input.
pub(crate) struct Line<'a> {
    pub(crate) now: Time,
    pub(crate) endpoint: &'a mut Endpoint,
    /// Our Contact and its parameters, the same in all messages of the dialog.
    pub(crate) contact: (&'a OwnedUri, &'a str),
}

/// What the role has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Offer and answer are done: see [`Session::media`].
    Agreed,
    /// What we asked for was refused with this code: the session is as before.
    Refused(u16),
    /// The peer has no such session, does not answer, or did not acknowledge: the session is to be ended with a BYE.
    /// The code that says so, 408 for silence.
    Lost(u16),
}

/// One end of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub(crate) media: Media,
    pub(crate) offers: OfferAnswer,
    /// What the peer said last that it does, from its point of view.
    remote: Flow,
    by: Renegotiation,
    /// Whether the Call-ID is ours: then our back-off is the longer one (RFC 3261 section 14.1).
    owns_call_id: bool,
    change: Change,
    /// What the change is to bring.
    wanted: Flow,
    asked: Option<Asked>,
    acknowledged: Vec<Acknowledged>,
    answer: Option<Answer>,
    overtaken: Vec<Answer>,
    pub(crate) interval: Interval,
}

impl Session {
    /// The session of a call that we make.
    pub(crate) fn of_caller(media: Media, by: Renegotiation) -> Self {
        Self { owns_call_id: true, ..Self::of_callee(media, by) }
    }

    /// The session of a call that we take.
    pub(crate) fn of_callee(media: Media, by: Renegotiation) -> Self {
        Self {
            media,
            offers: OfferAnswer::default(),
            remote: Flow::SENDRECV,
            by,
            owns_call_id: false,
            change: Change::Idle,
            wanted: Flow::SENDRECV,
            asked: None,
            acknowledged: Vec::new(),
            answer: None,
            overtaken: Vec::new(),
            interval: Interval::default(),
        }
    }

    /// Our answer to an offer; `reserved` says which resources are there on our side.
    pub(crate) fn answer_to(&mut self, offer: &SessionDescription, reserved: Flow) -> Vec<u8> {
        self.remote = direction(offer);
        self.media.answer(offer, reserved)
    }

    /// What a response says of the peer's media, if it says anything.
    pub(crate) fn take_answer(&mut self, response: &Message<'_>) {
        if let Ok(Some(answer)) = offered(response) {
            self.remote = direction(&answer);
        }
    }

    /// What flows, from our point of view.
    pub(crate) const fn flow(&self) -> Flow {
        self.media.flow().intersection(self.remote.flipped())
    }

    /// Whether either end keeps the call on hold: it does not want to receive what the other sends.
    pub(crate) const fn on_hold(&self) -> bool {
        !self.media.flow().recv || !self.remote.recv
    }

    pub(crate) fn view(&self) -> MediaView {
        let hold = !self.wanted.recv;
        MediaView {
            holds: !self.media.flow().recv,
            held: !self.remote.recv,
            change: match self.change {
                Change::Idle => MediaChange::None,
                Change::Resting { .. } => MediaChange::Resting,
                Change::Requested { again } => MediaChange::Requested { hold, again },
                Change::BackingOff { .. } => MediaChange::BackingOff { hold },
                Change::Due => MediaChange::Due { hold },
            },
            unacknowledged: self.answer.as_ref().map(Answer::cseq),
        }
    }

    /// The session is over: nothing is asked or repeated any more. ACKs are still sent (RFC 5407 section 3.2.3).
    pub(crate) fn end(&mut self) {
        self.change.end();
        self.interval.expiry.end();
        self.answer = None;
        self.overtaken.clear();
    }

    pub(crate) fn timers(&self) -> impl Iterator<Item = Timer> {
        let due = [self.change.due_at(), self.asked.as_ref().and_then(Asked::gives_up_at)];
        let own = due.into_iter().flatten().map(|at| Timer { at, class: TimerClass::Protocol });
        let answers = self.overtaken.iter().chain(&self.answer).filter_map(Answer::timer);
        own.chain(answers).chain(self.interval.expiry.timer())
    }

    /// Lets the timers that are due fire.
    pub(crate) fn on_timeout(&mut self, line: &mut Line<'_>, dialog: &mut Dialog) -> Option<News> {
        self.on_request_timeout(line, dialog)
            .or_else(|| self.on_answer_timeout(line))
            .or_else(|| self.on_expiry_timeout(line, dialog))
    }
}

impl Line<'_> {
    fn answer(&mut self, server: &ServerKey, code: u16) {
        self.endpoint.answer(self.now, server, code, None);
    }
}

/// The session description in a message; none in one without a body. Otherwise the code that refuses it.
pub(crate) fn offered(message: &Message<'_>) -> Result<Option<SessionDescription>, u16> {
    if message.body().is_empty() {
        return Ok(None);
    }
    if !message.content_type().is_ok_and(|media_type| media_type.is(sdp::MEDIA_TYPE)) {
        return Err(415);
    }
    SessionDescription::read(message.body()).map(Some).map_err(|_| 400)
}

/// What the writer of a description does on its first stream in use.
fn direction(description: &SessionDescription) -> Flow {
    let Some(media) = description.media_in_use().next() else { return Flow::NONE };
    let old_hold = media.address.as_ref().is_some_and(|address| address.host == OLD_HOLD);
    if old_hold { media.flow.without(Flow::RECV) } else { media.flow }
}
