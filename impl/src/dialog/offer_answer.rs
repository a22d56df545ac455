//! Offers and answers of one dialog over the messages that carry them (RFC 3264; RFC 3261 section 13.2.1; RFC 3262
//! section 5; RFC 3311 section 5; the pairs of RFC 6337 section 2.2).
//!
//! It knows *that* a message carries a session description, never what is in it. A body is an answer only in the
//! message that the table of pairs links with the offer: [`OfferCarrier`]. Read [`Exchange`] first, then
//! [`OfferAnswer::send`].

use thiserror::Error;

/// A message that may carry a session description, or whose failure withdraws one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// INVITE or re-INVITE.
    Invite,
    /// 101 to 199 to it, without `Require: 100rel`.
    Provisional,
    /// 101 to 199 to it, sent reliably.
    ReliableProvisional,
    /// 2xx to it.
    InviteSuccess,
    /// 300 to 699 to it.
    InviteFailure,
    /// ACK to a 2xx.
    Ack,
    /// PRACK.
    Prack,
    /// 2xx to it.
    PrackSuccess,
    /// 300 to 699 to it.
    PrackFailure,
    /// UPDATE.
    Update,
    /// 2xx to it.
    UpdateSuccess,
    /// 300 to 699 to it.
    UpdateFailure,
}

/// A message that carries an offer, and with it the only messages that can carry the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferCarrier {
    /// Answered in the first reliable provisional response that has a body, or in the 2xx.
    Invite,
    /// A reliable provisional response to an INVITE without offer: answered in its PRACK.
    ReliableProvisional,
    /// The 2xx to an INVITE without offer: answered in the ACK.
    InviteSuccess,
    /// Answered in the 2xx to the PRACK.
    Prack,
    /// Answered in the 2xx to the UPDATE.
    Update,
}

/// The offer outstanding in the dialog: never more than one (RFC 3264 section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exchange {
    /// None.
    #[default]
    Idle,
    /// We offered and wait for the answer.
    LocalOffer(OfferCarrier),
    /// We offered in the INVITE and saw what the answer will be in an unreliable provisional response: still open.
    Preview,
    /// The peer offered and waits for our answer.
    RemoteOffer(OfferCarrier),
}

/// What the session description in a message is, or the absence of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// There is none and none was due.
    Nothing,
    /// An offer: an answer is due in the linked message.
    Offer,
    /// The answer: the exchange is complete.
    Answer,
    /// A copy of the coming answer in an unreliable response.
    Preview,
    /// A repetition after the exchange was complete: to be ignored (RFC 3261 section 13.2.1).
    Ignored,
    /// The peer's message had to carry the answer (or the offer) and did not: the exchange is given up.
    Missing,
}

/// Why we may not send this message now with (or without) a session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum OfferError {
    /// Another offer is outstanding.
    #[error("another offer has not been answered")]
    Outstanding,
    /// This message has to carry a session description.
    #[error("the offer or answer due in this message is missing")]
    Due,
    /// This message cannot carry one now.
    #[error("no session description is possible in this message now")]
    NotHere,
    /// The answer of the INVITE, or its PRACK, has to be through first (RFC 3311 section 5.1).
    #[error("the exchange of the INVITE and its PRACK has to be complete first")]
    TooEarly,
    /// Our previous request of this kind has no final response.
    #[error("the previous request of this kind has no final response yet")]
    RequestOpen,
}

/// What to do with a message of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Take it; this is what its body means.
    Take(Meaning),
    /// Refuse it with 491 Request Pending: the requests crossed (RFC 3311 section 5.2, RFC 3261 section 14.2).
    RequestPending,
    /// Refuse it with 500 and a Retry-After of 0 to 10 s: the peer's own earlier request or offer is open.
    RetryAfter,
}

/// Where the exchange of an INVITE stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Invite {
    /// No INVITE without a final response.
    #[default]
    None,
    /// Sent by us (`ours`) or by the peer; `settled` once its offer has been answered.
    Open { ours: bool, settled: bool },
}

/// The PRACK for the provisional response that carried the answer of the INVITE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Prack {
    /// Not due, or through.
    #[default]
    None,
    /// The response is out, the PRACK is not: only this PRACK may carry another offer (RFC 3262 section 5).
    Due,
    /// The PRACK is out, its final response is not.
    Open,
}

/// The automaton of one dialog. `Default` is the state before the first INVITE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferAnswer {
    exchange: Exchange,
    invite: Invite,
    prack: Prack,
    local_update: bool,
    remote_update: bool,
}

impl OfferAnswer {
    /// The outstanding offer.
    pub const fn exchange(&self) -> Exchange {
        self.exchange
    }

    /// Whether an offer of ours may go into the PRACK that is due (RFC 3262 section 5).
    pub fn may_offer_in_prack(&self) -> bool {
        self.send_prack(true).is_ok_and(|(_, meaning)| meaning == Meaning::Offer)
    }

    /// Whether an offer of ours may go into an UPDATE (RFC 3311 section 5.1).
    pub fn may_offer_in_update(&self) -> bool {
        self.send_update(true).is_ok()
    }

    /// We send `carrier`, with a session description if `sdp`.
    ///
    /// # Errors
    /// The rules do not allow it; nothing has changed.
    pub fn send(&mut self, carrier: Carrier, sdp: bool) -> Result<Meaning, OfferError> {
        let (next, meaning) = match carrier {
            Carrier::Invite => self.send_invite(sdp),
            Carrier::Provisional => self.send_provisional(sdp),
            Carrier::ReliableProvisional => self.send_reliable(sdp),
            Carrier::InviteSuccess => self.send_success(sdp),
            Carrier::InviteFailure => Ok((self.invite_failed(), Meaning::Nothing)),
            Carrier::Ack => self.send_ack(sdp),
            Carrier::Prack => self.send_prack(sdp),
            Carrier::PrackSuccess => self
                .send_linked_answer(OfferCarrier::Prack, sdp)
                .map(|(next, meaning)| (Self { prack: Prack::None, ..next }, meaning)),
            Carrier::PrackFailure => Ok((self.without_remote(OfferCarrier::Prack), Meaning::Nothing)),
            Carrier::Update => self.send_update(sdp),
            Carrier::UpdateSuccess => self
                .send_linked_answer(OfferCarrier::Update, sdp)
                .map(|(next, meaning)| (Self { remote_update: false, ..next }, meaning)),
            Carrier::UpdateFailure => {
                let next = self.without_remote(OfferCarrier::Update);
                Ok((Self { remote_update: false, ..next }, Meaning::Nothing))
            }
        }?;
        *self = next;
        Ok(meaning)
    }

    /// The peer's `carrier` came, with a session description if `sdp`. A refused message changes nothing.
    pub fn receive(&mut self, carrier: Carrier, sdp: bool) -> Verdict {
        let taken = match carrier {
            Carrier::Invite => self.receive_invite(sdp),
            Carrier::Provisional => Ok(self.receive_provisional(sdp)),
            Carrier::ReliableProvisional => Ok(self.receive_reliable(sdp)),
            Carrier::InviteSuccess => Ok(self.receive_success(sdp)),
            Carrier::InviteFailure => Ok((self.invite_failed(), Meaning::Nothing)),
            Carrier::Ack => Ok(self.receive_linked_answer(OfferCarrier::InviteSuccess, sdp)),
            Carrier::Prack => self.receive_prack(sdp),
            Carrier::PrackSuccess => {
                let (next, meaning) = self.receive_linked_answer(OfferCarrier::Prack, sdp);
                Ok((Self { prack: Prack::None, ..next }, meaning))
            }
            Carrier::PrackFailure => {
                // The response stays unacknowledged: a PRACK without offer has to follow (RFC 6337 section 2.3).
                let prack = if self.prack == Prack::Open { Prack::Due } else { self.prack };
                Ok((Self { prack, ..self.without_local(OfferCarrier::Prack) }, Meaning::Nothing))
            }
            Carrier::Update => self.receive_update(sdp),
            Carrier::UpdateSuccess => {
                let (next, meaning) = self.receive_linked_answer(OfferCarrier::Update, sdp);
                Ok((Self { local_update: false, ..next }, meaning))
            }
            Carrier::UpdateFailure => {
                let next = self.without_local(OfferCarrier::Update);
                Ok((Self { local_update: false, ..next }, Meaning::Nothing))
            }
        };
        match taken {
            Ok((next, meaning)) => {
                *self = next;
                Verdict::Take(meaning)
            }
            Err(refusal) => refusal,
        }
    }

    const fn with(self, exchange: Exchange) -> Self {
        Self { exchange, ..self }
    }

    const fn settled(self) -> Self {
        let invite = match self.invite {
            Invite::Open { ours, .. } => Invite::Open { ours, settled: true },
            Invite::None => Invite::None,
        };
        Self { exchange: Exchange::Idle, invite, ..self }
    }

    fn without_remote(self, carrier: OfferCarrier) -> Self {
        if self.exchange == Exchange::RemoteOffer(carrier) { self.with(Exchange::Idle) } else { self }
    }

    fn without_local(self, carrier: OfferCarrier) -> Self {
        if self.exchange == Exchange::LocalOffer(carrier) { self.with(Exchange::Idle) } else { self }
    }

    /// A refused INVITE takes its open offer and its PRACK with it; an UPDATE's offer stands on its own.
    const fn invite_failed(self) -> Self {
        let exchange = match self.exchange {
            Exchange::LocalOffer(OfferCarrier::Update) | Exchange::RemoteOffer(OfferCarrier::Update) => self.exchange,
            Exchange::Idle | Exchange::Preview | Exchange::LocalOffer(_) | Exchange::RemoteOffer(_) => Exchange::Idle,
        };
        Self { exchange, invite: Invite::None, prack: Prack::None, ..self }
    }

    /// Whether the INVITE that is open still has its offer/answer before it.
    const fn is_unsettled(self) -> bool {
        matches!(self.invite, Invite::Open { settled: false, .. })
    }

    fn send_invite(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        match (self.exchange, self.invite) {
            (Exchange::Idle, Invite::None) => {
                let next = Self { invite: Invite::Open { ours: true, settled: false }, ..self };
                Ok(if sdp {
                    (next.with(Exchange::LocalOffer(OfferCarrier::Invite)), Meaning::Offer)
                } else {
                    (next, Meaning::Nothing)
                })
            }
            (_, Invite::Open { .. }) => Err(OfferError::RequestOpen),
            (_, Invite::None) => Err(OfferError::Outstanding),
        }
    }

    const fn send_provisional(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        match (sdp, self.exchange) {
            (false, _) => Ok((self, Meaning::Nothing)),
            (true, Exchange::RemoteOffer(OfferCarrier::Invite)) => Ok((self, Meaning::Preview)),
            (true, _) => Err(OfferError::NotHere),
        }
    }

    fn send_reliable(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        match (sdp, self.exchange) {
            (false, _) => Ok((self, Meaning::Nothing)),
            (true, Exchange::RemoteOffer(OfferCarrier::Invite)) => {
                Ok((Self { prack: Prack::Due, ..self.settled() }, Meaning::Answer))
            }
            (true, Exchange::Idle) if self.is_unsettled() => {
                Ok((self.with(Exchange::LocalOffer(OfferCarrier::ReliableProvisional)), Meaning::Offer))
            }
            (true, _) => Err(OfferError::NotHere),
        }
    }

    fn send_success(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        let closed = Self { invite: Invite::None, prack: Prack::None, ..self };
        match (self.exchange, sdp) {
            (Exchange::RemoteOffer(OfferCarrier::Invite), true) => Ok((closed.with(Exchange::Idle), Meaning::Answer)),
            (Exchange::RemoteOffer(OfferCarrier::Invite), false) => Err(OfferError::Due),
            (Exchange::Idle, _) if self.prack == Prack::Due => Err(OfferError::TooEarly),
            (Exchange::Idle, true) if self.is_unsettled() => {
                Ok((closed.with(Exchange::LocalOffer(OfferCarrier::InviteSuccess)), Meaning::Offer))
            }
            (Exchange::Idle, false) if self.is_unsettled() => Err(OfferError::Due),
            (Exchange::Idle, true) => Ok((closed, Meaning::Ignored)),
            (Exchange::Idle, false) => Ok((closed, Meaning::Nothing)),
            (Exchange::LocalOffer(_) | Exchange::RemoteOffer(_) | Exchange::Preview, _) => Err(OfferError::Outstanding),
        }
    }

    fn send_ack(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        self.send_linked_answer(OfferCarrier::InviteSuccess, sdp)
    }

    /// The message that has to carry our answer to the offer in `carrier`, if that offer is outstanding.
    fn send_linked_answer(self, carrier: OfferCarrier, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        match (self.exchange == Exchange::RemoteOffer(carrier), sdp) {
            (true, true) => Ok((self.with(Exchange::Idle), Meaning::Answer)),
            (true, false) => Err(OfferError::Due),
            (false, true) => Err(OfferError::NotHere),
            (false, false) => Ok((self, Meaning::Nothing)),
        }
    }

    fn send_prack(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        let prack = if self.prack == Prack::Due { Prack::Open } else { self.prack };
        let next = Self { prack, ..self };
        match (self.exchange, sdp) {
            (Exchange::RemoteOffer(OfferCarrier::ReliableProvisional), true) => Ok((next.settled(), Meaning::Answer)),
            (Exchange::RemoteOffer(OfferCarrier::ReliableProvisional), false) => Err(OfferError::Due),
            (Exchange::Idle, true) if self.prack == Prack::Due => {
                Ok((next.with(Exchange::LocalOffer(OfferCarrier::Prack)), Meaning::Offer))
            }
            (_, true) => Err(OfferError::NotHere),
            (_, false) => Ok((next, Meaning::Nothing)),
        }
    }

    fn send_update(self, sdp: bool) -> Result<(Self, Meaning), OfferError> {
        let next = Self { local_update: true, ..self };
        match (self.exchange, sdp) {
            (_, _) if self.local_update => Err(OfferError::RequestOpen),
            (_, false) => Ok((next, Meaning::Nothing)),
            (Exchange::Idle, true) if self.is_unsettled() || self.prack != Prack::None => Err(OfferError::TooEarly),
            (Exchange::Idle, true) => Ok((next.with(Exchange::LocalOffer(OfferCarrier::Update)), Meaning::Offer)),
            (Exchange::LocalOffer(_) | Exchange::RemoteOffer(_) | Exchange::Preview, true) => {
                Err(OfferError::Outstanding)
            }
        }
    }

    fn receive_invite(self, sdp: bool) -> Result<(Self, Meaning), Verdict> {
        match (self.invite, self.exchange) {
            (Invite::Open { ours: true, .. }, _) | (Invite::None, Exchange::LocalOffer(_) | Exchange::Preview) => {
                Err(Verdict::RequestPending)
            }
            (Invite::Open { ours: false, .. }, _) | (Invite::None, Exchange::RemoteOffer(_)) => {
                Err(Verdict::RetryAfter)
            }
            (Invite::None, Exchange::Idle) => {
                let next = Self { invite: Invite::Open { ours: false, settled: false }, ..self };
                Ok(if sdp {
                    (next.with(Exchange::RemoteOffer(OfferCarrier::Invite)), Meaning::Offer)
                } else {
                    (next, Meaning::Nothing)
                })
            }
        }
    }

    const fn receive_provisional(self, sdp: bool) -> (Self, Meaning) {
        match (sdp, self.exchange) {
            (false, _) => (self, Meaning::Nothing),
            (true, Exchange::LocalOffer(OfferCarrier::Invite) | Exchange::Preview) => {
                (self.with(Exchange::Preview), Meaning::Preview)
            }
            (true, Exchange::Idle | Exchange::LocalOffer(_) | Exchange::RemoteOffer(_)) => (self, Meaning::Ignored),
        }
    }

    fn receive_reliable(self, sdp: bool) -> (Self, Meaning) {
        match (sdp, self.exchange) {
            (false, _) => (self, Meaning::Nothing),
            (true, Exchange::LocalOffer(OfferCarrier::Invite) | Exchange::Preview) => {
                (Self { prack: Prack::Due, ..self.settled() }, Meaning::Answer)
            }
            (true, Exchange::Idle) if self.is_unsettled() => {
                (self.with(Exchange::RemoteOffer(OfferCarrier::ReliableProvisional)), Meaning::Offer)
            }
            (true, Exchange::Idle | Exchange::LocalOffer(_) | Exchange::RemoteOffer(_)) => (self, Meaning::Ignored),
        }
    }

    fn receive_success(self, sdp: bool) -> (Self, Meaning) {
        let closed = Self { invite: Invite::None, prack: Prack::None, ..self };
        match (self.exchange, sdp) {
            (Exchange::LocalOffer(OfferCarrier::Invite) | Exchange::Preview, true) => {
                (closed.with(Exchange::Idle), Meaning::Answer)
            }
            (Exchange::LocalOffer(OfferCarrier::Invite) | Exchange::Preview, false) => {
                (closed.with(Exchange::Idle), Meaning::Missing)
            }
            (Exchange::Idle, true) if self.is_unsettled() => {
                (closed.with(Exchange::RemoteOffer(OfferCarrier::InviteSuccess)), Meaning::Offer)
            }
            (Exchange::Idle, false) if self.is_unsettled() => (closed, Meaning::Missing),
            (Exchange::Idle | Exchange::LocalOffer(_) | Exchange::RemoteOffer(_), true) => (closed, Meaning::Ignored),
            (Exchange::Idle | Exchange::LocalOffer(_) | Exchange::RemoteOffer(_), false) => (closed, Meaning::Nothing),
        }
    }

    /// The message in which the peer has to answer our offer in `carrier`, if that offer is outstanding.
    fn receive_linked_answer(self, carrier: OfferCarrier, sdp: bool) -> (Self, Meaning) {
        match (self.exchange == Exchange::LocalOffer(carrier), sdp) {
            (true, true) => (self.with(Exchange::Idle), Meaning::Answer),
            (true, false) => (self.with(Exchange::Idle), Meaning::Missing),
            (false, true) => (self, Meaning::Ignored),
            (false, false) => (self, Meaning::Nothing),
        }
    }

    fn receive_prack(self, sdp: bool) -> Result<(Self, Meaning), Verdict> {
        let prack = if self.prack == Prack::Due { Prack::Open } else { self.prack };
        let next = Self { prack, ..self };
        match (self.exchange, sdp) {
            (Exchange::LocalOffer(OfferCarrier::ReliableProvisional), true) => Ok((next.settled(), Meaning::Answer)),
            (Exchange::LocalOffer(OfferCarrier::ReliableProvisional), false) => Ok((next.settled(), Meaning::Missing)),
            (_, false) => Ok((next, Meaning::Nothing)),
            (Exchange::Idle, true) if self.is_unsettled() => Err(Verdict::RetryAfter),
            (Exchange::Idle, true) => Ok((next.with(Exchange::RemoteOffer(OfferCarrier::Prack)), Meaning::Offer)),
            (Exchange::LocalOffer(_) | Exchange::Preview, true) => Err(Verdict::RequestPending),
            (Exchange::RemoteOffer(_), true) => Err(Verdict::RetryAfter),
        }
    }

    fn receive_update(self, sdp: bool) -> Result<(Self, Meaning), Verdict> {
        let next = Self { remote_update: true, ..self };
        match (self.exchange, sdp) {
            (_, _) if self.remote_update => Err(Verdict::RetryAfter),
            (_, false) => Ok((next, Meaning::Nothing)),
            (Exchange::LocalOffer(_) | Exchange::Preview, true) => Err(Verdict::RequestPending),
            (Exchange::RemoteOffer(_), true) => Err(Verdict::RetryAfter),
            (Exchange::Idle, true) => match (self.invite, self.prack) {
                (Invite::Open { ours: true, settled: false }, _) => Err(Verdict::RequestPending),
                (Invite::Open { ours: false, settled: false }, _)
                | (Invite::Open { ours: false, settled: true }, Prack::Due) => Err(Verdict::RetryAfter),
                (Invite::Open { ours: true, settled: true } | Invite::None, _)
                | (Invite::Open { ours: false, settled: true }, Prack::None | Prack::Open) => {
                    Ok((next.with(Exchange::RemoteOffer(OfferCarrier::Update)), Meaning::Offer))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;
