//! A P-CSCF that wants to know who asks: it answers a request of the UE with 407, and lets nothing pass with wrong
//! credentials (RFC 3261 section 22.3).
//!
//! For the model such a request is on its way all the time, until it arrives with credentials. So only what cannot
//! overtake anything else is challenged, and while a challenge is unanswered the UE's user waits. Who has right
//! credentials is decided by the crate `digest_auth`.

use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use imsconf::view::CallState;
use imsconf::wire::{Message, Name, response_to};

use super::topology::{Node, credentials};
use super::{Datagram, Happened, Outcome, World};
use crate::oracle::Sip;
use crate::schedule::Step;

/// The tag that the P-CSCF gives to its responses.
const TAG: &str = "challenge";

impl World {
    /// The P-CSCF challenges the request with this number of those that it may challenge, counted round.
    pub(super) fn challenge(&mut self, number: u16) -> Outcome {
        let places: Vec<usize> = (0..self.flight.len()).filter(|place| self.may_challenge(*place)).collect();
        let picked = usize::from(number).checked_rem(places.len()).and_then(|pick| places.get(pick));
        let Some(place) = picked.copied() else { return Outcome::of(Happened::Nothing) };
        let datagram = self.flight.remove(place);
        self.refuse(&datagram, true)
    }

    /// Whether the datagram at this place is a request of the UE that has not got beyond the P-CSCF, and that can be
    /// challenged without anything else being changed by it.
    fn may_challenge(&self, place: usize) -> bool {
        let Some(datagram) = self.flight.get(place).filter(|datagram| is_before_the_proxy(datagram)) else {
            return false;
        };
        let Ok(request) = Sip::read(&datagram.bytes) else { return false };
        let beyond = |other: &Datagram| {
            let same =
                |other: Sip| other.is_request() && other.call_id() == request.call_id() && same_cseq(&other, &request);
            !is_before_the_proxy(other) && Sip::read(&other.bytes).is_ok_and(same)
        };
        self.settings.challenges
            && !matches!(self.ue.view().call, CallState::Abandoned { .. })
            && self.ledger.may_be_challenged(&request)
            && !self.flight.iter().any(beyond)
    }

    /// What becomes of a datagram that the P-CSCF does not let pass; none if it does.
    pub(super) fn stopped(&mut self, datagram: &Datagram) -> Option<Outcome> {
        if !self.settings.challenges || !is_before_the_proxy(datagram) {
            return None;
        }
        let request = Sip::read(&datagram.bytes).ok().filter(Sip::is_request)?;
        if request.method() == "ACK" && self.ledger.is_challenge(&request) {
            // It goes no further than the challenge came from.
            std::sync::Arc::make_mut(&mut self.ledger).arrived(&request);
            return Some(Outcome::of(Happened::Hop));
        }
        // An ACK has the credentials of its INVITE, and is never challenged.
        let proof = request.header("Proxy-Authorization").filter(|_| request.method() != "ACK");
        let wrong = proof.is_some_and(|proof| !is_right(proof, request.method()));
        (wrong || self.ledger.is_challenge(&request)).then(|| self.refuse(datagram, !wrong))
    }

    /// Answers with 407, because of the nonce if the credentials were right or there were none.
    fn refuse(&mut self, datagram: &Datagram, right: bool) -> Outcome {
        let challenge = Sip::read(&datagram.bytes).ok().and_then(|request| {
            let stale = right && request.header("Proxy-Authorization").is_some();
            let bytes = response(&datagram.bytes, stale)?;
            std::sync::Arc::make_mut(&mut self.ledger).challenge(&request);
            Some(bytes)
        });
        let Some(bytes) = challenge else { return Outcome::of(Happened::Hop) };
        let Datagram { from, to, transport, .. } = *datagram;
        self.flight.push(Datagram { from: to, to: from, transport, bytes });
        Outcome::of(Happened::Challenged)
    }

    /// Whether a command has to wait, because a challenge to the UE is unanswered: all of the UE, and what takes back a
    /// conference.
    pub(super) fn must_wait(&self, step: Step) -> bool {
        let elsewhere = matches!(
            step,
            Step::Ring(_)
                | Step::Answer(_)
                | Step::Busy(_)
                | Step::Decline(_)
                | Step::UserLeaves(_)
                | Step::UserSubscribes(_)
                | Step::UserHolds(_)
                | Step::UserResumes(_)
                | Step::FocusHolds(_)
                | Step::FocusResumes(_)
        );
        !elsewhere && self.ledger.has_unanswered_challenge()
    }
}

fn is_before_the_proxy(datagram: &Datagram) -> bool {
    (datagram.from, datagram.to) == (Node::Ue, Node::PCscf)
}

fn same_cseq(one: &Sip, other: &Sip) -> bool {
    one.cseq().zip(other.cseq()).is_some_and(|(one, other)| (one.number, one.method) == (other.number, other.method))
}

/// Whether these credentials are those of the creator for a request with this method.
fn is_right(proof: &str, method: &str) -> bool {
    let Ok(mut header) = AuthorizationHeader::parse(proof) else { return false };
    let (own, said) = (credentials(), header.response.clone());
    let (uri, cnonce) = (header.uri.clone(), header.cnonce.clone());
    let body = None::<&[u8]>;
    let mut context = AuthContext::new_with_method(own.username, own.password, uri, body, HttpMethod(method.into()));
    context.set_custom_cnonce(cnonce.unwrap_or_default());
    header.digest(&context);
    header.realm == own.realm && header.response == said
}

/// The 407 to a request.
fn response(request: &[u8], stale: bool) -> Option<Vec<u8>> {
    let message = Message::parse(request).ok()?;
    let nonce = format!("{:08x}", message.cseq().ok()?.number);
    let stale = if stale { ", stale=TRUE" } else { "" };
    let realm = credentials().realm;
    let challenge = format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\"{stale}");
    let response = response_to(&message, 407, "Proxy Authentication Required", Some(TAG));
    response.field(Name::ProxyAuthenticate, challenge).render().ok()
}
