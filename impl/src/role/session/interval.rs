//! What the two ends of a session say of its timer: Session-Expires, Min-SE, 422 and who refreshes (RFC 4028 sections 7
//! and 9). When something is due is decided by [`Expiry`].
//!
//! An end that does not have the extension, or whose peer answers without Session-Expires, has no session timer: such a
//! 2xx turns off one that ran. The choice of the refresher is the caller's of each request; in the first INVITE he
//! leaves it to the other, later he writes who it is now, so that the roles stay (section 7.4).

use crate::role::config::{SHORTEST_SESSION, SessionTimer};
use crate::time::Time;
use crate::usage::{Expiry, SessionInterval};
use crate::wire::{Builder, Message, Method, Refresher};

/// The option tag of the extension (RFC 4028 section 12.4).
pub(crate) const EXTENSION: &str = "timer";

/// Most 422s in a row that are followed: each hop may object once, and nobody may go on for ever.
const MAX_ROUNDS: u8 = 8;

/// The session timer of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Interval {
    pub(super) expiry: Expiry,
    /// What the last 2xx said.
    agreed: Option<SessionInterval>,
    /// Whether there was a 2xx.
    established: bool,
    /// The largest Min-SE: before the 2xx of the 422s, after it also of the peer's requests (section 7.4), in seconds.
    least: Option<u32>,
    /// What the INVITE or UPDATE of the peer says that has no 2xx yet.
    asked: Option<Asked>,
    /// How many 422s came in a row.
    rounds: u8,
    /// Whether the peer lists UPDATE in Allow.
    updates: bool,
}

/// What a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    supported: bool,
    seconds: Option<u32>,
    refresher: Option<Refresher>,
    least: u32,
}

/// What a request of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    seconds: u32,
    refresher: Option<Refresher>,
    least: Option<u32>,
}

/// What a 2xx of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    seconds: u32,
    refresher: Refresher,
    /// Whether the peer has the extension, so that it may be required of it.
    understood: bool,
}

impl Proposal {
    pub(crate) fn write(self, builder: Builder) -> Builder {
        let builder = builder.session_expires(self.seconds, self.refresher);
        match self.least {
            Some(least) => builder.min_se(least),
            None => builder,
        }
    }
}

impl Grant {
    pub(crate) fn write(self, builder: Builder) -> Builder {
        let builder = builder.session_expires(self.seconds, Some(self.refresher));
        if self.understood { builder.require(&[EXTENSION]) } else { builder }
    }
}

/// Writes a part that is there.
pub(crate) trait Write: Sized {
    fn write_to(self, builder: Builder) -> Builder;
}

impl Write for Option<Proposal> {
    fn write_to(self, builder: Builder) -> Builder {
        match self {
            Some(proposal) => proposal.write(builder),
            None => builder,
        }
    }
}

impl Write for Option<Grant> {
    fn write_to(self, builder: Builder) -> Builder {
        match self {
            Some(grant) => grant.write(builder),
            None => builder,
        }
    }
}

/// Whether a request asks for a shorter interval than `timer` accepts, so that it is refused with 422. A peer without
/// the extension could make nothing of that (section 9).
pub(crate) fn is_too_small(timer: Option<SessionTimer>, request: &Message<'_>) -> bool {
    let Some(timer) = timer.filter(|_| request.supports(EXTENSION)) else { return false };
    request.session_expires().is_ok_and(|asked| asked.seconds < timer.least())
}

impl Interval {
    /// What an INVITE or UPDATE of ours says; nothing if there is no session timer.
    pub(crate) fn proposal(&self, timer: Option<SessionTimer>) -> Option<Proposal> {
        let timer = timer?;
        let (seconds, refresher) = match self.agreed {
            Some(agreed) if agreed.ours => (agreed.seconds, Some(Refresher::Uac)),
            Some(agreed) => (agreed.seconds, Some(Refresher::Uas)),
            None if self.established => return None,
            None => (timer.interval?, None),
        };
        Some(Proposal { seconds: seconds.max(self.least.unwrap_or(SHORTEST_SESSION)), refresher, least: self.least })
    }

    /// A 2xx to a request of ours.
    pub(crate) fn on_success(&mut self, timer: Option<SessionTimer>, now: Time, response: &Message<'_>) {
        if !self.established {
            // What hops objected to on the way of other branches does not count in the dialog (section 7.4).
            self.least = None;
        }
        self.rounds = 0;
        self.note_methods(response);
        let said = timer.and_then(|_| response.session_expires().ok());
        // A peer that would have us refresh without a pause is not obeyed (section 11.1).
        let seconds = |seconds: u32| seconds.max(SHORTEST_SESSION);
        self.agree(
            now,
            said.map(|said| SessionInterval {
                seconds: seconds(said.seconds),
                ours: said.refresher() != Some(Refresher::Uas),
            }),
        );
    }

    /// A 422: whether the same request is to be sent once more, with the interval that it asks for.
    pub(crate) fn on_too_small(&mut self, timer: Option<SessionTimer>, response: &Message<'_>) -> bool {
        let (Some(proposal), Ok(least)) = (self.proposal(timer), response.min_se()) else { return false };
        if least <= proposal.seconds || self.rounds >= MAX_ROUNDS {
            return false;
        }
        self.rounds += 1;
        self.least = self.least.max(Some(least));
        true
    }

    /// An INVITE or UPDATE of the peer that is not refused with 422.
    pub(crate) fn on_request(&mut self, request: &Message<'_>) {
        self.note_methods(request);
        let (asked, least) = (request.session_expires().ok(), request.min_se().ok());
        self.least = self.least.max(least);
        self.asked = Some(Asked {
            supported: request.supports(EXTENSION),
            seconds: asked.map(|asked| asked.seconds),
            refresher: asked.and_then(|asked| asked.refresher()),
            least: least.unwrap_or(SHORTEST_SESSION).max(SHORTEST_SESSION),
        });
    }

    /// What the 2xx says that goes out now; from it on the interval counts.
    pub(crate) fn grant(&mut self, timer: Option<SessionTimer>, now: Time) -> Option<Grant> {
        let asked = self.asked.take();
        let grant = timer.zip(asked).and_then(|(timer, asked)| self.granted(timer, asked));
        self.agree(
            now,
            grant.map(|grant| SessionInterval { seconds: grant.seconds, ours: grant.refresher == Refresher::Uas }),
        );
        grant
    }

    /// The interval may be made shorter, never longer; the caller's choice of the refresher is kept (section 9, table
    /// 2).
    fn granted(&self, timer: SessionTimer, asked: Asked) -> Option<Grant> {
        let own = self.agreed.map(|agreed| agreed.seconds).or(timer.interval);
        let own = own.map(|own| own.max(asked.least));
        let seconds = match (asked.seconds, own) {
            (Some(asked), Some(own)) => asked.min(own),
            (Some(seconds), None) | (None, Some(seconds)) => seconds,
            (None, None) => return None,
        };
        let refreshes = self.agreed.map_or(timer.refreshes, |agreed| agreed.ours);
        let refresher = match asked.refresher {
            _ if !asked.supported => Refresher::Uas,
            Some(chosen) => chosen,
            None if refreshes => Refresher::Uas,
            None => Refresher::Uac,
        };
        let grant = Grant { seconds, refresher, understood: asked.supported };
        (seconds >= SHORTEST_SESSION).then_some(grant)
    }

    fn agree(&mut self, now: Time, interval: Option<SessionInterval>) {
        self.established = true;
        self.agreed = interval;
        self.expiry.on_agreed(now, interval);
    }

    fn note_methods(&mut self, message: &Message<'_>) {
        self.updates |= message.allow().any(|method| method == Method::Update);
    }

    /// Whether there was a 2xx: before, an UPDATE does not refresh anything.
    pub(super) const fn is_established(&self) -> bool {
        self.established
    }

    /// Whether the peer is known to take UPDATE, which is then the better refresh (section 7.4).
    pub(super) const fn takes_update(&self) -> bool {
        self.updates
    }
}
