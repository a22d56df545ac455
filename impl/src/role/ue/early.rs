//! The early dialogs of the call to the factory: reliable 183, PRACK, perhaps UPDATE (RFC 3262, RFC 3311, RFC 3312).
//!
//! An INVITE that forks makes several (RFC 3261 section 12.1): each is a [`Branch`] with its own target, order of
//! reliable responses, answer to the offer and second offer. The first 2xx makes the call, whichever branch it comes
//! from. The others are over 64*T1 later without a word (section 13.2.2.4); until then their 2xx may come, which is
//! acknowledged and ended.

use super::call::{Call, Inviting, has_sdp, remote_tag};
use super::headers::{self, MMTEL};
use super::{SecondOffer, Ue};
use crate::body::sdp::{self, Flow};
use crate::dialog::{
    Carrier, Dialog, DialogName, Meaning, Rack, ReceiverVerdict, Reliability, ReliableReceiver, Verdict,
};
use crate::role::session::{Line, Session};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::view::EarlyStage;
use crate::wire::{Builder, Message, Method};

/// Most early dialogs of one call that are followed; what further branches say is passed over until their 2xx.
pub(super) const MAX_BRANCHES: usize = 8;

/// One early dialog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Branch {
    pub(super) dialog: Dialog,
    session: Session,
    reliable: ReliableReceiver,
    /// Whether the peer applies preconditions; if not, no second offer is due (TS 24.229 section 5.1.3.1).
    preconditions: bool,
    stage: Stage,
}

/// How far its second offer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Nothing has been acknowledged.
    Made,
    /// The PRACK is out.
    Pracking { prack: ClientKey },
    /// The UPDATE is out.
    Updating { update: ClientKey },
    /// Only the 2xx to the INVITE is missing.
    Answered,
    /// A request was refused: of this branch nothing is expected any more.
    Failed,
}

impl Branch {
    fn is_of(&self, response: &Message<'_>) -> bool {
        self.dialog.id().remote_tag.as_bytes() == remote_tag(response)
    }

    const fn waits_for(&self) -> Option<&ClientKey> {
        match &self.stage {
            Stage::Pracking { prack } => Some(prack),
            Stage::Updating { update } => Some(update),
            Stage::Made | Stage::Answered | Stage::Failed => None,
        }
    }

    pub(super) const fn view(&self) -> EarlyStage {
        match self.stage {
            Stage::Made | Stage::Pracking { .. } => EarlyStage::Pracking,
            Stage::Updating { .. } => EarlyStage::Updating,
            Stage::Answered | Stage::Failed => EarlyStage::Answered,
        }
    }
}

impl Inviting {
    /// The call as it is: with early dialogs or without.
    fn into_call(self: Box<Self>) -> Call {
        if self.branches.is_empty() { Call::Calling(self) } else { Call::Early(self) }
    }

    /// The branch of a reliable response that is the next in its order, with what a PRACK for it has to say; nothing if
    /// none is due. Only a reliable response makes an early dialog.
    pub(super) fn take_reliable(&mut self, response: &Message<'_>) -> Option<(usize, Rack)> {
        let code = response.status().unwrap_or_default();
        let reliability = Reliability::of(code, response.requires("100rel"), response.rseq().ok());
        let Reliability::Reliable(rseq) = reliability else { return None };
        let cseq = response.cseq().ok()?.number;
        let place = match self.branches.iter().position(|branch| branch.is_of(response)) {
            Some(place) => place,
            None if self.branches.len() >= MAX_BRANCHES => return None,
            None => {
                self.branches.push(Branch {
                    dialog: Dialog::from_response(&self.initial, response).ok()?,
                    session: self.session.clone(),
                    reliable: ReliableReceiver::default(),
                    preconditions: false,
                    stage: Stage::Made,
                });
                self.branches.len() - 1
            }
        };
        let branch = self.branches.get_mut(place)?;
        let ReceiverVerdict::Acknowledge(rack) = branch.reliable.on_provisional(rseq, cseq) else { return None };
        // The target follows a reliable response (RFC 6141 section 4.3); without a Contact it stays.
        let _ = branch.dialog.on_response(response);
        Some((place, rack))
    }

    /// The dialog and the session of a 2xx: those of its early dialog, with its count of requests, or new ones.
    pub(super) fn confirm(&mut self, response: &Message<'_>) -> Option<(Dialog, Session)> {
        match self.branches.iter().position(|branch| branch.is_of(response)) {
            Some(place) => {
                let Branch { mut dialog, session, .. } = self.branches.remove(place);
                dialog.on_response(response).ok()?;
                Some((dialog, session))
            }
            None => Some((Dialog::from_response(&self.initial, response).ok()?, self.session.clone())),
        }
    }
}

impl Ue {
    /// A provisional response: a reliable one is taken in order and acknowledged in its branch.
    pub(super) fn on_provisional(&mut self, now: Time, mut inviting: Box<Inviting>, response: &Message<'_>) -> Call {
        let Some((place, rack)) = inviting.take_reliable(response) else { return inviting.into_call() };
        let second_offer = inviting.second_offer;
        let Some(branch) = inviting.branches.get_mut(place) else { return inviting.into_call() };
        let meaning = branch.session.offers.receive(Carrier::ReliableProvisional, has_sdp(response));
        branch.preconditions |= response.requires("precondition");
        let answered = meaning == Verdict::Take(Meaning::Answer);
        let wanted = answered && branch.preconditions && second_offer == SecondOffer::Prack;
        // The second offer rides in the PRACK if it belongs there.
        let with_offer = wanted && branch.session.offers.may_offer_in_prack();
        let _ = branch.session.offers.send(Carrier::Prack, with_offer);
        let offer = with_offer.then(|| branch.session.media.offer_with_preconditions(Flow::SENDRECV));
        match self.send_prack(now, &mut branch.dialog, rack, offer) {
            Some(prack) => {
                // After a further reliable response the second offer is where it was.
                if branch.stage == Stage::Made {
                    branch.stage = Stage::Pracking { prack };
                }
                Call::Early(inviting)
            }
            None => self.on_branch_failed(now, inviting, place, 503),
        }
    }

    pub(super) fn send_prack(
        &mut self,
        now: Time,
        dialog: &mut Dialog,
        rack: Rack,
        offer: Option<Vec<u8>>,
    ) -> Option<ClientKey> {
        let request = dialog.request(Method::Prack).ok()?;
        let finish = |builder: Builder| {
            let builder = builder.rack(rack.rseq, rack.cseq, Method::Invite);
            match offer {
                Some(offer) => builder.require(&["precondition"]).body(sdp::MEDIA_TYPE, offer),
                None => builder,
            }
        };
        self.endpoint.request(now, &request, finish).ok()
    }

    /// The final response to a PRACK or an UPDATE; `None` if none came.
    pub(super) fn on_early_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) {
        let code = response.and_then(Message::status).unwrap_or(408);
        if code < 200 {
            return;
        }
        if code == 481 {
            // The early dialog is gone: the INVITE's final response, which is on its way, tells why. Should it
            // not come, our patience ends the call.
            return;
        }
        let call = std::mem::replace(&mut self.call, Call::Over);
        self.call = match call {
            Call::Early(inviting) => {
                let waits = |branch: &Branch| branch.waits_for() == Some(client);
                match (inviting.branches.iter().position(waits), response) {
                    (Some(place), Some(response)) if code < 300 => {
                        self.on_branch_answer(now, inviting, place, response)
                    }
                    (Some(place), _) => self.on_branch_failed(now, inviting, place, code),
                    (None, _) => Call::Early(inviting),
                }
            }
            // The INVITE's final response was faster.
            call @ (Call::Idle
            | Call::Calling(_)
            | Call::Abandoned { .. }
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. }) => call,
        };
    }

    /// The PRACK was answered: now the UPDATE may carry the second offer (RFC 3311 section 5.1). Or the UPDATE was.
    fn on_branch_answer(
        &mut self,
        now: Time,
        mut inviting: Box<Inviting>,
        place: usize,
        response: &Message<'_>,
    ) -> Call {
        let second_offer = inviting.second_offer;
        let Some(branch) = inviting.branches.get_mut(place) else { return Call::Early(inviting) };
        if matches!(branch.stage, Stage::Updating { .. }) {
            branch.session.offers.receive(Carrier::UpdateSuccess, has_sdp(response));
            let _ = branch.dialog.on_response(response);
            branch.stage = Stage::Answered;
            return Call::Early(inviting);
        }
        branch.session.offers.receive(Carrier::PrackSuccess, has_sdp(response));
        let due = branch.preconditions && second_offer == SecondOffer::Update;
        if !due || branch.session.offers.send(Carrier::Update, true).is_err() {
            branch.stage = Stage::Answered;
            return Call::Early(inviting);
        }
        let offer = branch.session.media.offer_with_preconditions(Flow::SENDRECV);
        let config = &self.config;
        let update = branch.dialog.request(Method::Update).ok().and_then(|request| {
            let finish =
                |builder| headers::contact(config, builder).require(&["precondition"]).body(sdp::MEDIA_TYPE, offer);
            self.endpoint.request(now, &request, finish).ok()
        });
        match update {
            Some(update) => {
                branch.stage = Stage::Updating { update };
                Call::Early(inviting)
            }
            None => self.on_branch_failed(now, inviting, place, 503),
        }
    }

    /// A branch in which nothing can go on. The call is given up when no other is left.
    fn on_branch_failed(&mut self, now: Time, mut inviting: Box<Inviting>, place: usize, code: u16) -> Call {
        if let Some(branch) = inviting.branches.get_mut(place) {
            branch.stage = Stage::Failed;
        }
        if inviting.branches.iter().all(|branch| branch.stage == Stage::Failed) {
            self.abandon(now, inviting, code)
        } else {
            Call::Early(inviting)
        }
    }

    /// A request of the peer in an early dialog; `false`: it belongs to none.
    pub(super) fn on_early_request(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) -> bool {
        let name = DialogName::of(request);
        let Self { config, endpoint, call, .. } = self;
        let (inviting, wanted) = match call {
            Call::Early(inviting) => (inviting, true),
            Call::Abandoned { inviting, .. } => (inviting, false),
            Call::Idle
            | Call::Calling(_)
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. } => return false,
        };
        let own = |branch: &&mut Branch| name.is_some_and(|name| *branch.dialog.id() == name);
        let Some(Branch { dialog, session, .. }) = inviting.branches.iter_mut().find(own) else { return false };
        let Ok(refresh) = dialog.on_request(request) else {
            self.answer(now, server, 500);
            return true;
        };
        match request.method() {
            Some(Method::Update | Method::Invite) if wanted => {
                let mut line = Line { now, endpoint, contact: (&config.contact, MMTEL) };
                let news = session.on_request(&mut line, dialog, server, request, refresh);
                self.on_session_news(now, news);
            }
            Some(Method::Refer) => self.answer(now, server, 603),
            // There is no session yet that a BYE could end.
            _ => self.answer(now, server, 481),
        }
        true
    }
}
