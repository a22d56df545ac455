//! Challenges to the requests of a user agent, and the answers to them (RFC 3261 sections 8.1.3.5 and 22).
//!
//! A role knows a request by the key of its first transaction, whatever became of it: here the transaction in which it
//! is now takes the place of that one, so that no role has to learn of another key. What a role must decide is whether
//! the request is still wanted, and which number it gets: see `renumber` of the roles.
//!
//! | rule | clause |
//! |---|---|
//! | the same request, with credentials, the next number and a branch of its own | 8.1.3.5, 22.2 |
//! | a rejected password is not tried again, unless only the nonce was stale | 22.1 |
//! | what met a challenge goes along in all later requests with that Call-ID | 22.3 |
//! | the ACK to a 2xx has the credentials of its INVITE; CANCEL has none and is never challenged | 22.1 |
//!
//! Read [`Authentication`] first; the arithmetic is in `digest.rs`.

mod digest;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::Addr;
use crate::dialog::{CallId, Request};
use crate::ident::{Identifier, Identifiers};
use crate::role::config::Credentials;
use crate::transaction::{ClientKey, TransactionEvent, TransactionKey};
use crate::wire::edit::{Edit, EditError};
use crate::wire::{Message, Method, Name};

use digest::Demand;

/// Most challenges that are answered for one request: a proxy's, the server's, and a stale nonce of either.
const MAX_ANSWERS: u8 = 4;
/// Most challenges that are remembered for later requests; the oldest makes room.
const MAX_SPACES: usize = 32;

/// Why a challenge was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unanswered {
    /// There are no credentials for the realm.
    NoCredentials,
    /// The server does not accept those that there are.
    Rejected,
    /// None of its schemes and algorithms is known.
    Unknown,
}

/// What a final response means to the request that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenged {
    /// It is no challenge.
    No,
    /// A challenge that cannot be met: the request has failed.
    Failed {
        /// Whose challenge; empty if it names none.
        realm: String,
        /// Why.
        why: Unanswered,
    },
    /// A challenge that can be met, to this request.
    Met(Box<Request>),
}

/// Credentials in a request, or those that it will have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proof {
    proxy: bool,
    realm: String,
    value: String,
}

impl Proof {
    pub(crate) const fn name(&self) -> Name<'static> {
        if self.proxy { Name::ProxyAuthorization } else { Name::Authorization }
    }

    pub(crate) fn value(&self) -> &str {
        &self.value
    }
}

/// A challenge that was met, for the requests that follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Space {
    call_id: CallId,
    demand: Demand,
    cnonce: Identifier,
    /// How many requests have answered this nonce.
    uses: u32,
}

/// A request and the transaction in which it is now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) to: Addr,
    /// The request as it was sent last.
    pub(crate) bytes: Vec<u8>,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) transaction: ClientKey,
    pub(crate) answers: u8,
}

/// The user's credentials, and the requests that may need them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Authentication {
    keyring: Arc<[Credentials]>,
    /// The oldest first.
    spaces: Vec<Space>,
    /// By the key of the first transaction; as many as there are transactions at most.
    exchanges: BTreeMap<ClientKey, Exchange>,
    /// The first transaction of a request that was sent again, by each of its transactions that is still there.
    firsts: BTreeMap<ClientKey, ClientKey>,
}

impl Authentication {
    pub(crate) fn new(credentials: &[Credentials]) -> Self {
        Self { keyring: credentials.into(), spaces: Vec::new(), exchanges: BTreeMap::new(), firsts: BTreeMap::new() }
    }

    /// The credentials of a new request: what met the challenges to earlier ones with this Call-ID (section 22.3).
    pub(crate) fn proofs(&mut self, request: &Request) -> Vec<Proof> {
        let Self { keyring, spaces, .. } = self;
        let own = spaces.iter_mut().filter(|space| space.call_id == request.dialog().call_id);
        let proof = |space: &mut Space| {
            let Space { demand, cnonce, uses, .. } = space;
            let who = keyring.iter().find(|who| who.is_of(&demand.realm))?;
            let method = str::from_utf8(request.method.as_bytes()).ok()?;
            let uri = str::from_utf8(request.routed.request_uri.as_bytes()).ok()?;
            *uses = uses.saturating_add(1);
            let value = demand.credentials(who, method, uri, cnonce, *uses);
            Some(Proof { proxy: demand.proxy, realm: demand.realm.clone(), value })
        };
        own.filter_map(proof).collect()
    }

    /// The credentials of the INVITE that this ACK is about (section 22.1).
    pub(crate) fn proofs_of_invite(&self, ack: &Request) -> Vec<Proof> {
        let acknowledged = |exchange: &&Exchange| {
            let Exchange { request, .. } = exchange;
            request.method == Method::Invite
                && (request.cseq, &request.dialog().call_id) == (ack.cseq, &ack.dialog().call_id)
        };
        self.exchanges.values().find(acknowledged).map(|exchange| exchange.proofs.clone()).unwrap_or_default()
    }

    /// A request is out for the first time, in this transaction.
    pub(crate) fn sent(&mut self, key: &ClientKey, request: Request, to: Addr, bytes: Vec<u8>, proofs: Vec<Proof>) {
        let exchange = Exchange { request, to, bytes, proofs, transaction: key.clone(), answers: 0 };
        self.exchanges.insert(key.clone(), exchange);
    }

    /// A request is out again, in this transaction; `first` is the one that its role knows.
    pub(crate) fn sent_again(&mut self, first: &ClientKey, key: ClientKey, sent: Exchange) {
        self.firsts.insert(sent.transaction.clone(), first.clone());
        self.firsts.insert(key.clone(), first.clone());
        let answers = sent.answers.saturating_add(1);
        self.exchanges.insert(first.clone(), Exchange { transaction: key, answers, ..sent });
    }

    /// What is out under this key.
    pub(crate) fn exchange(&self, first: &ClientKey) -> Option<&Exchange> {
        self.exchanges.get(first)
    }

    /// The key by which a role knows the request in this transaction; none if the request has left it.
    pub(crate) fn known_as(&self, transaction: &ClientKey) -> Option<ClientKey> {
        let Some(first) = self.firsts.get(transaction) else { return Some(transaction.clone()) };
        let exchange = self.exchanges.get(first).filter(|exchange| exchange.transaction == *transaction);
        exchange.map(|_| first.clone())
    }

    /// The transaction in which the request with this key is now.
    pub(crate) fn transaction_of<'a>(&'a self, first: &'a ClientKey) -> &'a ClientKey {
        self.exchanges.get(first).map_or(first, |exchange| &exchange.transaction)
    }

    /// What happened to a transaction, as the roles know it; none if it concerns no request of theirs any more.
    pub(crate) fn translate(&mut self, event: TransactionEvent) -> Option<TransactionEvent> {
        match event {
            TransactionEvent::TimedOut(key) => self.known_as(&key).map(TransactionEvent::TimedOut),
            TransactionEvent::TransportFailed(TransactionKey::Client(key)) => {
                self.known_as(&key).map(|first| TransactionEvent::TransportFailed(TransactionKey::Client(first)))
            }
            TransactionEvent::Terminated(TransactionKey::Client(key)) => {
                let first = self.known_as(&key);
                self.firsts.remove(&key);
                // With the transaction that it is in the request is through.
                first.map(|first| {
                    self.exchanges.remove(&first);
                    TransactionEvent::Terminated(TransactionKey::Client(first))
                })
            }
            TransactionEvent::AckTimedOut(_)
            | TransactionEvent::TransportFailed(TransactionKey::Server(_))
            | TransactionEvent::Terminated(TransactionKey::Server(_)) => Some(event),
        }
    }

    /// What a response means to the request with this key. The challenges that can be met are kept.
    pub(crate) fn judge(&mut self, identifiers: &Identifiers, first: &ClientKey, response: &Message<'_>) -> Challenged {
        let Some(exchange) = self.exchanges.get(first) else { return Challenged::No };
        let (answers, request) = (exchange.answers, exchange.request.clone());
        let tried = |demand: &Demand| exchange.proofs.iter().any(|proof| demand.is_of(proof.proxy, &proof.realm));
        let demands = Demand::all(response);
        if let Some(refused) = demands.iter().find(|demand| tried(demand) && (!demand.stale || answers >= MAX_ANSWERS))
        {
            let (proxy, realm) = (refused.proxy, refused.realm.clone());
            // It does not go along in later requests either: they are asked for it once more.
            self.forget(&request.dialog().call_id, proxy, &realm);
            return Challenged::Failed { realm, why: Unanswered::Rejected };
        }
        let (met, unmet): (Vec<_>, Vec<_>) =
            demands.into_iter().partition(|demand| self.keyring.iter().any(|who| who.is_of(&demand.realm)));
        match (met.is_empty(), unmet.first()) {
            (false, _) if answers >= MAX_ANSWERS => {
                let realm = met.first().map(|demand| demand.realm.clone()).unwrap_or_default();
                return Challenged::Failed { realm, why: Unanswered::Rejected };
            }
            (false, _) => {}
            (true, Some(unmet)) => return without_credentials(unmet.realm.clone()),
            (true, None) => return unknown(response),
        }
        met.into_iter().for_each(|demand| self.keep(identifiers, &request, demand));
        Challenged::Met(Box::new(request))
    }

    fn forget(&mut self, call_id: &CallId, proxy: bool, realm: &str) {
        self.spaces.retain(|space| space.call_id != *call_id || !space.demand.is_of(proxy, realm));
    }

    fn keep(&mut self, identifiers: &Identifiers, request: &Request, demand: Demand) {
        let call_id = request.dialog().call_id.clone();
        self.forget(&call_id, demand.proxy, &demand.realm);
        if self.spaces.len() >= MAX_SPACES {
            self.spaces.remove(0);
        }
        let cause = [call_id.as_bytes(), demand.realm.as_bytes(), demand.nonce.as_bytes()];
        let cnonce = identifiers.token("cnonce", &cause, 0);
        self.spaces.push(Space { call_id, demand, cnonce, uses: 0 });
    }
}

/// What a response means to a user agent without any credentials.
pub(crate) fn without_keyring(response: &Message<'_>) -> Challenged {
    match Demand::all(response).into_iter().next() {
        Some(demand) => without_credentials(demand.realm),
        None => unknown(response),
    }
}

const fn without_credentials(realm: String) -> Challenged {
    Challenged::Failed { realm, why: Unanswered::NoCredentials }
}

/// A response in which nothing can be met: a challenge of a kind that is not known, or none at all.
fn unknown(response: &Message<'_>) -> Challenged {
    let failed = |realm| Challenged::Failed { realm, why: Unanswered::Unknown };
    Demand::first_realm(response).map_or(Challenged::No, failed)
}

/// The same request with another number, in another transaction, with these credentials and no others.
pub(crate) fn again(bytes: &[u8], branch: &str, cseq: u32, proofs: &[Proof]) -> Result<Vec<u8>, EditError> {
    let Ok(message) = Message::parse(bytes) else { return Err(EditError::NotARequest) };
    let edit = Edit::new(&message).remove(Name::Authorization).remove(Name::ProxyAuthorization);
    let mut edit = edit.set_branch(branch)?.set_cseq(cseq)?;
    for proof in proofs {
        edit = edit.put_below(Name::CSeq, proof.name(), proof.value())?;
    }
    Ok(edit.render())
}
