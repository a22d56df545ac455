//! Who is who in a capture, and which calls there are.
//!
//! Messages are grouped by Call-ID. A call has two ends: a request leaves one of them where it has the fewest Vias and
//! reaches the other where it has the most, so that a capture of several hops knows the ends from the proxies. Roles
//! follow from the signalling: the factory's INVITE is answered with `isfocus`; the conference package is subscribed at
//! the focus; the sender of a REFER is the UE.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::capture::Frame;
use crate::observe::Party;
use crate::oracle::{Address, Sip, Uri};

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallKind {
    /// The INVITE dialog between the creator and the focus.
    Creation,
    /// A user that joins by an INVITE to the conference.
    DialIn,
    /// The focus invites a user.
    DialOut,
    /// A subscription of the conference package outside any call.
    Subscription,
    /// A REFER outside any call.
    Reference,
    /// A call between two users.
    Plain,
    /// Nothing that the procedures know.
    Other,
}

/// One end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Side {
    pub(super) party: Party,
    pub(super) address: SocketAddr,
}

/// The messages with one Call-ID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) kind: CallKind,
    /// Who sent the first request.
    pub(super) caller: Side,
    /// Who was to get it.
    pub(super) called: Side,
    /// The tag of the caller.
    caller_tag: Option<String>,
}

impl Call {
    /// The party at an address of this call. Ports are ignored where the hosts differ: a UE sends and receives at
    /// different protected ports.
    pub(super) fn party_at(&self, address: SocketAddr) -> Option<Party> {
        let hosts_differ = self.caller.address.ip() != self.called.address.ip();
        let is = |side: &Side| side.address == address || hosts_differ && side.address.ip() == address.ip();
        [self.caller, self.called].iter().find(|side| is(side)).map(|side| side.party)
    }

    /// The hosts of the two ends that a frame goes from and to, whatever hop it is on: a request with the caller's tag
    /// in From is the caller's.
    pub(super) fn hosts(&self, frame: &Frame) -> [IpAddr; 2] {
        let (caller, called) = (self.caller.address.ip(), self.called.address.ip());
        let by_caller = frame.message.from_tag() == self.caller_tag.as_deref();
        if by_caller == frame.message.is_request() { [caller, called] } else { [called, caller] }
    }

    /// Who is at the other end.
    pub(super) fn other(&self, party: Party) -> Party {
        if self.caller.party == party { self.called.party } else { self.caller.party }
    }
}

/// A group of frames before the roles are known.
struct Group<'a> {
    call_id: &'a str,
    frames: Vec<&'a Frame>,
    first: &'a Sip,
    caller: SocketAddr,
    called: SocketAddr,
}

impl<'a> Group<'a> {
    fn new(call_id: &'a str, frames: Vec<&'a Frame>) -> Option<Self> {
        let opening = |frame: &&&Frame| frame.message.is_request() && frame.message.to_tag().is_none();
        let first = *frames.iter().find(opening).or_else(|| frames.first())?;
        let (caller_tag, call) = (first.message.from_tag(), &frames);
        let by_caller = |frame: &Frame| frame.message.from_tag() == caller_tag;
        let caller = end(call, by_caller);
        let called = end(call, |frame| !by_caller(frame));
        let request = first.message.is_request();
        let (near, far) = if request { (first.source, first.destination) } else { (first.destination, first.source) };
        let (caller, called) = (caller.unwrap_or(near), called.unwrap_or(far));
        Some(Self { call_id, first: &first.message, caller, called, frames })
    }

    fn requests<'b>(&'b self, method: &'b str) -> impl Iterator<Item = &'b &'a Frame> {
        self.frames.iter().filter(move |frame| frame.message.is_request_of(method))
    }

    fn has(&self, method: &str) -> bool {
        self.frames.iter().any(|frame| frame.message.method() == method)
    }

    /// The address that shows itself as focus: `isfocus` in a Contact, or it notifies of the conference package.
    fn focus(&self) -> Option<SocketAddr> {
        // Inside a call between two users somebody may pass a focus on; only the call itself makes its end one.
        let in_call = self.has("INVITE");
        let marked = self.frames.iter().find(|frame| {
            let own = !in_call || matches!(frame.message.method(), "INVITE" | "UPDATE");
            own && frame.message.contact().is_some_and(|contact| contact.is_focus())
        });
        let notifies = self.requests("NOTIFY").find(|frame| is_conference(&frame.message));
        let subscribed = self.requests("SUBSCRIBE").find(|frame| is_conference(&frame.message));
        marked.or(notifies).map(|frame| frame.source).or_else(|| subscribed.map(|frame| frame.destination)).or_else(
            || {
                let to_factory = self.first.to().is_some_and(|to| to.uri.contains("conf-factory"));
                (to_factory && self.first.is_request()).then_some(self.called)
            },
        )
    }
}

/// The address of one end of a call, where `own` picks the transactions that this end began. A request with one Via
/// comes straight from the end that made it; what it answers has the most Vias where it is answered.
fn end(frames: &[&Frame], own: impl Fn(&Frame) -> bool) -> Option<SocketAddr> {
    let vias = |frame: &&&Frame| frame.message.values("Via").len();
    // As the client of a transaction an end sends requests and is handed responses, as its server the other way round.
    let address = |frame: &Frame, client: bool| {
        if frame.message.is_request() == client { frame.source } else { frame.destination }
    };
    let nearest = frames.iter().filter(|frame| own(frame)).min_by_key(vias);
    let farthest = frames.iter().filter(|frame| !own(frame)).rev().max_by_key(vias);
    match (nearest, farthest) {
        (Some(near), far) if vias(&near) <= 1 || far.is_none() => Some(address(near, true)),
        (_, far) => far.map(|far| address(far, false)),
    }
}

fn is_conference(message: &Sip) -> bool {
    message.event().is_some_and(|event| event.package == "conference")
}

/// Finds the calls of a capture and gives every end its role.
pub(super) fn calls(frames: &[&Frame]) -> Calls {
    let mut order: Vec<&str> = Vec::new();
    let mut by_id: BTreeMap<&str, Vec<&Frame>> = BTreeMap::new();
    for frame in frames {
        let id = frame.message.call_id();
        let group = by_id.entry(id).or_default();
        if group.is_empty() {
            order.push(id);
        }
        group.push(frame);
    }
    let groups: Vec<Group<'_>> =
        order.into_iter().filter_map(|id| Group::new(id, by_id.remove(id).unwrap_or_default())).collect();
    let mut cast = Cast::of(&groups);
    let calls = groups.iter().map(|group| (group.call_id.to_owned(), cast.call(group))).collect();
    Calls(calls)
}

/// The calls of a scene by Call-ID.
pub(super) struct Calls(BTreeMap<String, Call>);

impl Calls {
    /// The call that a message belongs to.
    pub(super) fn of(&self, message: &Sip) -> Option<&Call> {
        self.0.get(message.call_id())
    }
}

/// The roles that are settled so far.
struct Cast {
    ue: Option<SocketAddr>,
    focus: Option<SocketAddr>,
    /// Invited users by URI, and users without a URI by address.
    participants: Vec<String>,
    unknown: Vec<SocketAddr>,
}

impl Cast {
    /// The creator is the first who calls a focus; failing that who subscribes or refers.
    fn of(groups: &[Group<'_>]) -> Self {
        let focus_of = |group: &&Group<'_>| group.focus();
        let creates = |group: &&Group<'_>| group.has("INVITE") && group.focus() == Some(group.called);
        let creation = groups.iter().find(creates);
        let subscription = groups.iter().find(|group| group.has("SUBSCRIBE") && group.focus().is_some());
        let focus = creation.or(subscription).or_else(|| groups.iter().find(|group| group.focus().is_some()));
        let focus = focus.as_ref().and_then(focus_of);
        let referrer = groups.iter().find_map(|group| group.requests("REFER").next().map(|frame| frame.source));
        let other_end = |group: &Group<'_>| {
            let at_focus = group.focus() == Some(group.caller);
            if at_focus { group.called } else { group.caller }
        };
        let ue = creation.map(|group| group.caller).or_else(|| subscription.map(other_end)).or(referrer);
        let ue = ue.or_else(|| groups.iter().find(|group| group.focus().is_some()).map(other_end));
        Self { ue, focus, participants: Vec::new(), unknown: Vec::new() }
    }

    fn call(&mut self, group: &Group<'_>) -> Call {
        let focus = group.focus();
        let caller = self.party(group, group.caller, focus, Address::read(group.first.header("From").unwrap_or("")));
        let called = self.party(group, group.called, focus, Address::read(group.first.header("To").unwrap_or("")));
        let kind = match (caller, called) {
            (Party::Ue, Party::Focus) if group.has("INVITE") => CallKind::Creation,
            (Party::Participant(_), Party::Focus) if group.has("INVITE") => CallKind::DialIn,
            (Party::Focus, Party::Participant(_)) if group.has("INVITE") => CallKind::DialOut,
            _ if group.frames.iter().any(|frame| is_conference(&frame.message)) => CallKind::Subscription,
            _ if group.has("INVITE") => CallKind::Plain,
            _ if group.has("REFER") || group.requests("NOTIFY").any(|frame| is_refer(&frame.message)) => {
                CallKind::Reference
            }
            _ => CallKind::Other,
        };
        Call {
            kind,
            caller: Side { party: caller, address: group.caller },
            called: Side { party: called, address: group.called },
            caller_tag: group.first.from_tag().map(str::to_owned),
        }
    }

    fn party(&mut self, group: &Group<'_>, address: SocketAddr, focus: Option<SocketAddr>, who: Address<'_>) -> Party {
        if focus == Some(address) {
            return Party::Focus;
        }
        if self.ue == Some(address) {
            return Party::Ue;
        }
        // A far end that plays several parts at one address is the focus only where it shows itself as such.
        let plain_call = group.has("INVITE") && focus.is_none();
        if self.focus == Some(address) && !plain_call {
            return Party::Focus;
        }
        let known = self.focus.is_some() || self.ue.is_some();
        if known && (group.has("INVITE") || group.has("REFER") || group.has("SUBSCRIBE")) {
            let uri = Uri::read(who.uri);
            return Party::Participant(index(&mut self.participants, format!("{}@{}", uri.user, uri.host)));
        }
        Party::Unknown(index(&mut self.unknown, address))
    }
}

fn is_refer(message: &Sip) -> bool {
    message.event().is_some_and(|event| event.package == "refer")
}

/// The number of an entry, added if it is new; the table is bounded by what a number can hold.
fn index<T: PartialEq>(table: &mut Vec<T>, entry: T) -> u8 {
    let at = table.iter().position(|known| *known == entry).unwrap_or_else(|| {
        table.push(entry);
        table.len() - 1
    });
    u8::try_from(at).unwrap_or(u8::MAX)
}
