//! What the user agents have said to each other: which requests and responses were sent and which of them arrived.
//!
//! Kept from the datagrams alone, with the independent reader of `oracle`, so that what an agent believes to have sent
//! plays no part. Retransmissions are one entry. The level is that of the transaction user: a message is in flight from
//! its first sending until its first arrival, whatever happens to single copies.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use super::party;
use super::subject::Subject;
use super::topology::{Node, creator_uri};
use crate::intern::Interner;
use crate::observe::Party;
use crate::oracle::conference::{Document, Roster};
use crate::oracle::{Sip, Text, Uri, sdp, sipfrag};

/// What of a request's content the model looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Content {
    /// It carries a session description.
    pub offer: bool,
    /// Its Subscription-State is terminated.
    pub terminated: bool,
    /// It carries a conference document.
    pub document: bool,
    /// Its Expires is 0.
    pub ends: bool,
    /// The status code in its sipfrag body.
    pub reported: Option<u16>,
    /// It asks for no refer subscription (RFC 4488).
    pub quiet: bool,
    /// It names a call that is to be replaced: in Replaces, or in the Refer-To of a REFER (RFC 3891).
    pub replaces: bool,
}

/// A response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// Its status code.
    pub code: u16,
    /// Whether it carries a session description.
    pub answer: bool,
    /// Whether it says that there is no refer subscription (RFC 4488).
    pub quiet: bool,
    /// Whether a copy of it arrived.
    pub arrived: bool,
}

/// A request and its responses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// Number of its CSeq.
    pub cseq: u32,
    /// Its Call-ID: a new dialog for the same subject counts anew.
    call_id: Text,
    /// What the model looks at in it.
    pub content: Content,
    /// Whether a copy of it arrived.
    pub arrived: bool,
    /// The responses sent, in the order of their first sending.
    pub replies: Vec<Reply>,
}

impl Exchange {
    /// Whether this message, which is of its subject, belongs to it and to none that it replaced.
    fn has(&self, message: &Sip) -> bool {
        *self.call_id == *message.call_id() && message.cseq().is_some_and(|cseq| cseq.number == self.cseq)
    }
}

/// One observation, classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What the request is about.
    pub subject: Subject,
    /// The status code, for a response.
    pub reply: Option<u16>,
    /// Whether this is the first sending or the first arrival, and no copy.
    pub first: bool,
}

/// Which message, over all its copies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    call_id: Text,
    from_tag: Text,
    method: Text,
    cseq: u32,
    is_request: bool,
}

impl Identity {
    /// The identity of a message; `None` if a header field is missing that is part of it.
    pub fn of(message: &Sip) -> Option<Self> {
        let cseq = message.cseq()?;
        Some(Self {
            call_id: message.call_id().into(),
            from_tag: message.from_tag()?.into(),
            method: message.method().into(),
            cseq: cseq.number,
            is_request: message.is_request(),
        })
    }

    /// The request to which the message belongs.
    fn request(self) -> Self {
        Self { is_request: true, ..self }
    }
}

/// All of it. Its larger parts are shared until they change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    users: Arc<[String]>,
    subjects: Arc<BTreeMap<Identity, Subject>>,
    exchanges: BTreeMap<Subject, Arc<Exchange>>,
    call: Option<Text>,
    legs: BTreeMap<Text, u8>,
    /// With whom the UE has a call beside the conference, by its Call-ID.
    plain: BTreeMap<Text, u8>,
    /// The subjects of the REFERs, by the number of their CSeq.
    referred: BTreeMap<u32, Subject>,
    highest_arrived: u32,
    /// Who subscribed in the dialog with this Call-ID.
    subscribers: BTreeMap<Text, Party>,
    told: BTreeMap<Party, Arc<Told>>,
    /// Whether the UE's last SUBSCRIBE inside a dialog was its user's wish.
    control: bool,
    /// The requests that were challenged on their way, and what they are about.
    challenged: BTreeMap<Identity, Subject>,
}

/// What the focus sent to one subscriber.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Told {
    /// The roster after the last document.
    pub roster: Roster,
    /// The version of the first document.
    pub first_version: Option<u32>,
}

/// Parts of many ledgers, each kept once.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    subjects: Interner<Arc<BTreeMap<Identity, Subject>>>,
    exchanges: Interner<Arc<Exchange>>,
    told: Interner<Arc<Told>>,
}

fn share<T: Hash>(pool: &Interner<Arc<T>>, part: &mut Arc<T>) {
    *part = Arc::clone(pool.get(pool.note(part)));
}

impl Ledger {
    /// An empty ledger of a world with these users, by their address of record.
    pub fn new(users: Vec<String>) -> Self {
        Self {
            users: users.into(),
            subjects: Arc::default(),
            exchanges: BTreeMap::new(),
            call: None,
            legs: BTreeMap::new(),
            plain: BTreeMap::new(),
            referred: BTreeMap::new(),
            highest_arrived: 0,
            subscribers: BTreeMap::new(),
            told: BTreeMap::new(),
            control: false,
            challenged: BTreeMap::new(),
        }
    }

    /// The latest exchange about `subject`.
    pub fn exchange(&self, subject: Subject) -> Option<&Exchange> {
        self.exchanges.get(&subject).map(Arc::as_ref)
    }

    /// The exchange to which a message that was sent belongs.
    pub fn of(&self, message: &Sip) -> Option<(Subject, &Exchange)> {
        let subject = *self.subjects.get(&Identity::of(message)?.request())?;
        Some((subject, self.exchange(subject)?))
    }

    /// Whether of every request, and of every final response, at least one copy arrived.
    pub fn everything_arrived(&self) -> bool {
        let arrived = |reply: &Reply| reply.arrived || reply.code < 200;
        self.exchanges.values().all(|exchange| exchange.arrived && exchange.replies.iter().all(arrived))
    }

    /// Whether the next SUBSCRIBE of the UE inside a dialog is its user's wish. What its timers do by themselves
    /// happens in a world only when the focus has no subscription any more, and is below the model.
    pub(crate) const fn expect_control(&mut self, wanted: bool) {
        self.control = wanted;
    }

    /// Whether the UE's last SUBSCRIBE inside a dialog was its user's wish.
    pub const fn is_controlled(&self) -> bool {
        self.control
    }

    /// Whether a request of the UE may be challenged: it is under way, its like was not challenged before, nothing that
    /// was sent later could be overtaken by its next copy, and nothing that could put an end to it is known to come.
    pub(crate) fn may_be_challenged(&self, request: &Sip) -> bool {
        let Some((subject, own)) = self.of(request).filter(|_| request.is_request()) else { return false };
        let of_call = matches!(subject, Subject::Prack | Subject::Update);
        let refused = |create: &Exchange| create.replies.iter().any(|reply| reply.code >= 300);
        subject.is_challenged()
            && own.has(request)
            && !own.arrived
            && !self.challenged.values().any(|challenged| *challenged == subject)
            && !self.has_unanswered_challenge()
            && self.exchanges.values().all(|other| other.call_id != own.call_id || other.cseq <= own.cseq)
            && !(of_call && self.exchange(Subject::Create).is_some_and(refused))
    }

    /// A request was challenged.
    pub(super) fn challenge(&mut self, request: &Sip) {
        if let (Some(identity), Some((subject, _))) = (Identity::of(request), self.of(request)) {
            self.challenged.insert(identity, subject);
        }
    }

    /// Whether a message is a request that was challenged, the challenge to it, or the ACK to that.
    pub(super) fn is_challenge(&self, message: &Sip) -> bool {
        if self.challenged.is_empty() || !(message.is_request() || message.status() == Some(407)) {
            return false;
        }
        let Some(mut identity) = Identity::of(message).map(Identity::request) else { return false };
        if &*identity.method == "ACK" {
            identity.method = "INVITE".into();
        }
        self.challenged.contains_key(&identity)
    }

    /// Whether a request that was challenged has not been sent again.
    pub(super) fn has_unanswered_challenge(&self) -> bool {
        let waits = |(identity, subject): (&Identity, &Subject)| {
            let own = self.exchanges.get(subject);
            own.is_some_and(|own| own.call_id == identity.call_id && own.cseq == identity.cseq)
        };
        self.challenged.iter().any(waits)
    }

    /// What the focus sent to this subscriber, if it sent him a document.
    pub fn told(&self, subscriber: Party) -> Option<&Told> {
        self.told.get(&subscriber).map(Arc::as_ref)
    }

    /// The number of the user with this address of record, headers and parameters aside.
    pub fn user(&self, uri: &str) -> Option<u8> {
        let end = uri.find(['?', ';']).unwrap_or(uri.len());
        let user = self.users.iter().position(|user| uri.get(..end) == Some(user.as_str()))?;
        u8::try_from(user).ok()
    }

    /// The user agent that sent a message which arrived from `hop`.
    pub(crate) fn origin(&self, message: &Sip, hop: Node) -> Party {
        party(hop).unwrap_or_else(|| {
            let sender = if message.is_request() { message.from() } else { message.to() };
            let uri = sender.map_or("", |sender| sender.uri);
            if uri == creator_uri() {
                Party::Ue
            } else {
                // The focus has as many names as it has conferences.
                self.user(uri).map_or(Party::Focus, Party::Participant)
            }
        })
    }

    /// Whether a later request of the UE in its call arrived before the REFER with this CSeq could.
    pub const fn overtakes(&self, cseq: u32) -> bool {
        self.highest_arrived > cseq
    }

    /// Whether a copy of the message arrived already, or its like cannot be lost for good (see
    /// [`crate::schedule::Step::Lose`]).
    pub fn may_be_lost(&self, message: &Sip) -> bool {
        let Some((subject, exchange)) = self.of(message) else { return false };
        let invite = matches!(subject, Subject::Create | Subject::Dial(_));
        let other = matches!(
            subject,
            Subject::Subscribe
                | Subject::Refresh
                | Subject::Refer(_)
                | Subject::RosterNotify
                | Subject::UserSubscribe(_)
                | Subject::UserNotify(_)
                | Subject::ReferNotify(_)
                | Subject::Expel(_)
                | Subject::ExpelNotify(_)
                | Subject::CallBye
                | Subject::FocusBye(_)
                | Subject::UserBye(_)
                | Subject::PlainUeBye(_)
                | Subject::PlainUserBye(_)
        );
        match message.status() {
            None => (invite || other || subject == Subject::CallCancel) && !exchange.arrived,
            Some(code) => other && !exchange.replies.iter().any(|reply| reply.code == code && reply.arrived),
        }
    }

    /// Takes in that `party` sent `message`.
    pub fn sent(&mut self, party: Party, message: &Sip) -> Entry {
        let unknown = Entry { subject: Subject::Other, reply: message.status(), first: true };
        let Some(identity) = Identity::of(message) else { return unknown };
        match message.status() {
            Some(code) => {
                let Some(subject) = self.subjects.get(&identity.request()).copied() else { return unknown };
                let Some(exchange) = self.exchanges.get_mut(&subject).map(Arc::make_mut) else { return unknown };
                if !exchange.has(message) {
                    // A copy of an answer in an exchange that a newer one of the same subject has replaced.
                    return Entry { subject, reply: Some(code), first: false };
                }
                let first = !exchange.replies.iter().any(|reply| reply.code == code);
                if first {
                    let answer = sdp::Sdp::read(&message.body).is_some();
                    exchange.replies.push(Reply { code, answer, quiet: is_quiet(message), arrived: false });
                }
                Entry { subject, reply: Some(code), first }
            }
            None => {
                if let Some(subject) = self.subjects.get(&identity) {
                    return Entry { subject: *subject, reply: None, first: false };
                }
                let subject = self.classify(party, message);
                self.open(subject, identity, message);
                Entry { subject, reply: None, first: true }
            }
        }
    }

    /// Takes in that `message` arrived at the user agent for which it is meant.
    pub fn arrived(&mut self, message: &Sip) -> Entry {
        let unknown = Entry { subject: Subject::Other, reply: message.status(), first: true };
        let Some(identity) = Identity::of(message) else { return unknown };
        let Some(subject) = self.subjects.get(&identity.request()).copied() else { return unknown };
        let Some(exchange) = self.exchanges.get_mut(&subject).map(Arc::make_mut) else { return unknown };
        let cseq = message.cseq().map(|cseq| cseq.number);
        if !exchange.has(message) {
            // A late copy of an exchange that a newer one of the same subject has replaced.
            return Entry { subject, reply: message.status(), first: false };
        }
        let first = match message.status() {
            Some(code) => match exchange.replies.iter_mut().find(|reply| reply.code == code) {
                Some(reply) => !std::mem::replace(&mut reply.arrived, true),
                None => true,
            },
            None => !std::mem::replace(&mut exchange.arrived, true),
        };
        if first && message.is_request() && subject.counts_in_call() {
            self.highest_arrived = self.highest_arrived.max(cseq.unwrap_or_default());
        }
        Entry { subject, reply: message.status(), first }
    }

    fn classify(&self, party: Party, message: &Sip) -> Subject {
        let in_call = self.call.as_deref() == Some(message.call_id());
        let leg = self.legs.get(message.call_id()).copied();
        let invited = || message.request_uri().and_then(|uri| self.user(uri));
        let plain = self.plain.get(message.call_id()).copied();
        match (message.method(), party) {
            ("ACK", Party::Ue) if self.is_challenge(message) => Subject::ChallengeAck,
            ("ACK", Party::Ue | Party::Participant(_)) if plain.is_some() => {
                plain.map_or(Subject::Other, Subject::PlainAck)
            }
            ("BYE", Party::Ue) if plain.is_some() => plain.map_or(Subject::Other, Subject::PlainUeBye),
            ("BYE", Party::Participant(_)) if plain.is_some() => plain.map_or(Subject::Other, Subject::PlainUserBye),
            ("INVITE", Party::Participant(user)) if leg == Some(user) => Subject::UserChange(user),
            ("INVITE", Party::Participant(user)) => Subject::PlainInvite(user),
            ("INVITE", Party::Focus) if leg.is_some() => leg.map_or(Subject::Other, Subject::FocusChange),
            ("INVITE", Party::Ue) => invited().map_or(Subject::Create, Subject::PlainInvite),
            ("INVITE", Party::Focus) => invited().map_or(Subject::Other, Subject::Dial),
            ("PRACK", Party::Ue) if in_call => Subject::Prack,
            ("UPDATE", Party::Ue) if in_call && message.body.is_empty() => Subject::CallRefresh,
            ("UPDATE", Party::Ue) if in_call => Subject::Update,
            ("UPDATE", _) if message.body.is_empty() && (in_call || leg.is_some()) => Subject::SessionRefresh(leg),
            ("ACK", Party::Ue) if in_call => Subject::CallAck,
            ("ACK", Party::Focus) => leg.map_or(Subject::Other, |user| self.ack_subject(message, user, party)),
            ("ACK", Party::Participant(user)) if leg == Some(user) => self.ack_subject(message, user, party),
            ("BYE", Party::Ue) if in_call => Subject::CallBye,
            ("BYE", Party::Focus) => leg.map_or(Subject::Other, Subject::FocusBye),
            ("BYE", Party::Participant(user)) => Subject::UserBye(user),
            ("CANCEL", Party::Ue) if in_call => Subject::CallCancel,
            ("CANCEL", Party::Focus) => leg.map_or(Subject::Other, Subject::Cancel),
            ("SUBSCRIBE", Party::Ue) if self.control && message.to_tag().is_some() => Subject::Refresh,
            ("SUBSCRIBE", Party::Ue) => Subject::Subscribe,
            ("SUBSCRIBE", Party::Participant(user)) => Subject::UserSubscribe(user),
            ("REFER", Party::Ue) if in_call => {
                let uri = message.refer_to().map_or("", |address| address.uri);
                let expels = Uri::read(uri).parameter("method").is_some_and(|method| method == "BYE");
                self.user(uri).map_or(Subject::Other, if expels { Subject::Expel } else { Subject::Refer })
            }
            ("NOTIFY", Party::Focus) => self.notify_subject(message),
            _ => Subject::Other,
        }
    }

    /// An ACK in a user's dialog: to the first INVITE or to a re-INVITE, and to which kind of response.
    fn ack_subject(&self, ack: &Sip, user: u8, sender: Party) -> Subject {
        let cseq = ack.cseq().map(|cseq| cseq.number);
        let (change, acknowledges) = match sender {
            Party::Focus => (Subject::FocusChange(user), Subject::FocusChangeAck(user)),
            Party::Ue | Party::Participant(_) | Party::Unknown(_) => {
                (Subject::UserChange(user), Subject::UserChangeAck(user))
            }
        };
        match self.exchanges.get(&change).filter(|change| Some(change.cseq) == cseq) {
            Some(change) if change.replies.iter().any(|reply| reply.code >= 300) => Subject::RefusalAck(user),
            Some(_) => acknowledges,
            None if sender == Party::Focus => Subject::DialAck(user),
            None => Subject::Other,
        }
    }

    fn notify_subject(&self, message: &Sip) -> Subject {
        match message.event() {
            Some(event) if event.package == "conference" => match self.subscribers.get(message.call_id()) {
                Some(Party::Ue) => Subject::RosterNotify,
                Some(Party::Participant(user)) => Subject::UserNotify(*user),
                _ => Subject::Other,
            },
            Some(event) if event.package == "refer" => {
                let number = event.id.and_then(|id| id.parse().ok());
                let first = self.referred.keys().next().copied();
                match number.or(first).and_then(|number| self.referred.get(&number)) {
                    Some(Subject::Refer(user)) => Subject::ReferNotify(*user),
                    Some(Subject::Expel(user)) => Subject::ExpelNotify(*user),
                    _ => Subject::Other,
                }
            }
            _ => Subject::Other,
        }
    }

    fn tell(&mut self, subscriber: Party, notify: &Sip) {
        if let Ok(document) = Document::read(&notify.body) {
            let told = Arc::make_mut(self.told.entry(subscriber).or_default());
            told.first_version.get_or_insert(document.version);
            told.roster.apply(&document);
        }
    }

    /// The UE subscribes in a new dialog: what was told in an earlier one does not count, and nobody waits for what was
    /// said in it.
    fn forget_subscription(&mut self) {
        self.told.remove(&Party::Ue);
        if let Some(refresh) = self.exchanges.get_mut(&Subject::Refresh).map(Arc::make_mut) {
            refresh.arrived = true;
            refresh.replies.iter_mut().for_each(|reply| reply.arrived = true);
        }
    }

    fn open(&mut self, subject: Subject, identity: Identity, message: &Sip) {
        let cseq = identity.cseq;
        match subject {
            Subject::Create => self.call = Some(identity.call_id.clone()),
            Subject::Dial(user) => {
                self.legs.insert(identity.call_id.clone(), user);
            }
            Subject::PlainInvite(user) => {
                self.plain.insert(identity.call_id.clone(), user);
            }
            Subject::Refer(_) | Subject::Expel(_) => {
                self.referred.insert(cseq, subject);
            }
            Subject::Subscribe => {
                let known = self.subscribers.insert(identity.call_id.clone(), Party::Ue).is_some();
                if !known {
                    self.forget_subscription();
                }
            }
            Subject::UserSubscribe(user) => {
                self.subscribers.insert(identity.call_id.clone(), Party::Participant(user));
            }
            Subject::RosterNotify => self.tell(Party::Ue, message),
            Subject::UserNotify(user) => self.tell(Party::Participant(user), message),
            _ => {}
        }
        let content = Content {
            offer: sdp::Sdp::read(&message.body).is_some(),
            document: Document::read(&message.body).is_ok(),
            ends: message.header("Expires").is_some_and(|expires| expires.trim() == "0"),
            terminated: message.subscription_state().is_some_and(|state| state.is_terminated()),
            reported: sipfrag::status(&message.body).ok(),
            quiet: is_quiet(message),
            replaces: names_a_call(message),
        };
        let call_id = identity.call_id.clone();
        Arc::make_mut(&mut self.subjects).insert(identity, subject);
        let exchange = Exchange { cseq, call_id, content, arrived: false, replies: Vec::new() };
        self.exchanges.insert(subject, Arc::new(exchange));
    }

    /// Shares its larger parts with the ledgers in the same pool that have equal ones.
    pub(crate) fn share(&mut self, pool: &Pool) {
        share(&pool.subjects, &mut self.subjects);
        self.exchanges.values_mut().for_each(|exchange| share(&pool.exchanges, exchange));
        self.told.values_mut().for_each(|told| share(&pool.told, told));
    }
}

/// Whether a REFER asks for no subscription, or its 2xx says that there is none.
fn is_quiet(message: &Sip) -> bool {
    message.has_token("Refer-Sub", "false")
}

/// Whether a REFER or an INVITE names a call that is to be replaced.
fn names_a_call(message: &Sip) -> bool {
    let asked = message.refer_to().is_some_and(|address| address.uri.contains("?Replaces="));
    asked || message.header("Replaces").is_some()
}
