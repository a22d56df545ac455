//! I-HEADERS: each message carries the header fields that its table prescribes, and none that belongs elsewhere (TS
//! 34.229-1 A.2.1 to A.2.13, A.3.1, A.5.1; RFC 3261 sections 8.1.1.6, 9.1 and 20.5; RFC 3325 sections 9.1 and 9.2; RFC
//! 3327, RFC 3329, RFC 3608, RFC 7315).
//!
//! [`TABLE`] says it all: which message, of whom, which header field. Most rows bind only those who show somewhere that
//! they are what the row is about: a user agent without P-Access-Network-Info in any message is no IMS UE, and nothing
//! is missing in its REFER. What was sent before that shows is judged as soon as it does. These rows hold on the first
//! hop of a request only: behind it the P-CSCF has used up the security agreement, and other hops take more away.

use std::collections::{BTreeMap, BTreeSet};

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule};
use crate::oracle::Sip;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-HEADERS";

static INVITE: Rule = Rule::new(NAME, "DM-01", Level::Fail).ietf(Level::Note);
static SERVICE: Rule = Rule::new(NAME, "CR-10", Level::Fail).ietf(Level::Note);
static PRACK_UPDATE: Rule = Rule::new(NAME, "DM-13", Level::Fail).ietf(Level::Note);
static BYE: Rule = Rule::new(NAME, "DM-04", Level::Fail).ietf(Level::Note);
static REFER: Rule = Rule::new(NAME, "DM-05", Level::Fail).ietf(Level::Note);
static SUBSCRIBE: Rule = Rule::new(NAME, "DM-10", Level::Fail).ietf(Level::Note);
static NOTIFY: Rule = Rule::new(NAME, "DM-14", Level::Fail).ietf(Level::Note);
static ACK: Rule = Rule::new(NAME, "DM-03", Level::NonStrict).ietf(Level::Note);
static ANSWER: Rule = Rule::new(NAME, "DM-08", Level::Fail).ietf(Level::Note).needs_history();
/// RFC 3329 itself demands it of whoever takes part.
static AGREEMENT: Rule = Rule::new(NAME, "NW-01", Level::Fail);
static PREFERENCE: Rule = Rule::new(NAME, "NW-01", Level::NonStrict).ietf(Level::Note);
static IDENTITY: Rule = Rule::new(NAME, "NW-03", Level::Fail);
static REGISTRATION: Rule = Rule::new(NAME, "NW-07", Level::Fail);
static HOPS: Rule = Rule::new(NAME, "NW-08", Level::Fail);
static CANCEL: Rule = Rule::new(NAME, "CR-62", Level::Fail);
static ALLOW: Rule = Rule::new(NAME, "CR-11", Level::NonStrict);
/// RFC 3515 section 2.4.1.
static REFER_TO: Rule = Rule::new(NAME, "DM-05", Level::Fail);
static NO_EVENT: Rule = Rule::new(NAME, "DM-05", Level::NonStrict);

/// The most messages that are kept until their sender shows what it is.
const MAX_KEPT: usize = 64;

/// The MTSI service in a feature tag, where colons are written `%3A`.
const MMTEL: &str = "ims.icsi.mmtel";

/// What a sender shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shown {
    /// Nothing: the row binds everybody.
    Nothing,
    /// P-Access-Network-Info: it is a UE (annex A, condition A1).
    Network,
    /// Security-Verify: it has a security agreement with its first hop.
    Agreement,
    /// The MTSI service, beside the access network (annex A, condition A3).
    Mmtel,
}

/// Which messages a row is about.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// Requests with this method.
    Request(&'static str),
    /// Requests with this method outside a dialog.
    Initial(&'static str),
    /// SUBSCRIBE for this event package outside a dialog.
    Subscription(&'static str),
    /// Every request but ACK, CANCEL and REGISTER.
    Requests,
    /// Those among them that are inside a dialog.
    InDialog,
    /// Every request but REGISTER.
    Sessions,
    /// Responses from 101 to 299, except to CANCEL and REGISTER.
    Answers,
    /// Every message but a REGISTER and what answers it.
    All,
}

/// What the message must look like.
#[derive(Clone, Copy, Debug)]
enum Wants {
    /// The header field is there.
    Field(&'static str),
    /// One of these two is there.
    Either(&'static str, &'static str),
    /// A value of the header field holds this text, whatever its case.
    Text(&'static str, &'static str),
    /// The header field lists this option.
    Option(&'static str, &'static str),
    /// The header field is not there.
    Absent(&'static str),
    /// The header field is there once, with one value.
    Once(&'static str),
    /// Max-Forwards is there and lets the request go on.
    Hops,
    /// A security agreement is there with all its parts or not at all.
    Agreement,
    /// At most one SIP or SIPS and one tel URI.
    Identities(&'static str),
    /// If methods are listed, ACK and CANCEL are listed with INVITE.
    Methods,
}

/// One row: the rule, whom it binds, the message, the demand.
struct Row(&'static Rule, Shown, Of, Wants);

const PANI: &str = "P-Access-Network-Info";

static TABLE: &[Row] = &[
    // A.2.1: the INVITE of a UE. Beyond the S-CSCF the service is an asserted one.
    Row(&INVITE, Shown::Network, Of::Request("INVITE"), Wants::Field(PANI)),
    Row(&SERVICE, Shown::Network, Of::Initial("INVITE"), Wants::Option("Supported", "100rel")),
    Row(&SERVICE, Shown::Mmtel, Of::Initial("INVITE"), Wants::Either("P-Preferred-Service", "P-Asserted-Service")),
    Row(&SERVICE, Shown::Mmtel, Of::Initial("INVITE"), Wants::Text("Accept-Contact", MMTEL)),
    Row(&SERVICE, Shown::Mmtel, Of::Initial("INVITE"), Wants::Text("Contact", MMTEL)),
    Row(&SERVICE, Shown::Mmtel, Of::Initial("INVITE"), Wants::Text("Accept", "application/sdp")),
    Row(&SERVICE, Shown::Mmtel, Of::Initial("INVITE"), Wants::Text("Accept", "application/3gpp-ims+xml")),
    // A.2.4 to A.2.13, A.5.1: the other requests of a UE.
    Row(&PRACK_UPDATE, Shown::Network, Of::Request("PRACK"), Wants::Field(PANI)),
    Row(&PRACK_UPDATE, Shown::Network, Of::Request("UPDATE"), Wants::Field(PANI)),
    Row(&BYE, Shown::Network, Of::Request("BYE"), Wants::Field(PANI)),
    Row(&REFER, Shown::Network, Of::Request("REFER"), Wants::Field(PANI)),
    Row(&NOTIFY, Shown::Network, Of::Request("NOTIFY"), Wants::Field(PANI)),
    Row(&SUBSCRIBE, Shown::Network, Of::Request("SUBSCRIBE"), Wants::Field(PANI)),
    Row(&SUBSCRIBE, Shown::Network, Of::Subscription("conference"), Wants::Field("Expires")),
    Row(&SUBSCRIBE, Shown::Network, Of::Subscription("conference"), Wants::Text("Accept", "conference-info+xml")),
    Row(&ACK, Shown::Network, Of::Request("ACK"), Wants::Absent(PANI)),
    Row(&REFER_TO, Shown::Nothing, Of::Request("REFER"), Wants::Once("Refer-To")),
    Row(&NO_EVENT, Shown::Nothing, Of::Request("REFER"), Wants::Absent("Event")),
    // A.3.1, condition A8.
    Row(&ANSWER, Shown::Network, Of::Answers, Wants::Field(PANI)),
    // RFC 3329 section 2.3.1: both options and the mirror of the server's list.
    Row(&AGREEMENT, Shown::Agreement, Of::Requests, Wants::Field("Security-Verify")),
    Row(&AGREEMENT, Shown::Nothing, Of::Requests, Wants::Agreement),
    Row(&PREFERENCE, Shown::Network, Of::InDialog, Wants::Absent("P-Preferred-Identity")),
    // RFC 3325 sections 9.1 and 9.2.
    Row(&IDENTITY, Shown::Nothing, Of::All, Wants::Identities("P-Asserted-Identity")),
    Row(&IDENTITY, Shown::Nothing, Of::All, Wants::Identities("P-Preferred-Identity")),
    // RFC 3327 section 4, RFC 3608 section 5: in sessions these vectors are Route values.
    Row(&REGISTRATION, Shown::Nothing, Of::All, Wants::Absent("Path")),
    Row(&REGISTRATION, Shown::Nothing, Of::All, Wants::Absent("Service-Route")),
    Row(&HOPS, Shown::Nothing, Of::Sessions, Wants::Hops),
    Row(&CANCEL, Shown::Nothing, Of::Request("CANCEL"), Wants::Absent("Require")),
    Row(&CANCEL, Shown::Nothing, Of::Request("CANCEL"), Wants::Absent("Proxy-Require")),
    Row(&ALLOW, Shown::Nothing, Of::All, Wants::Methods),
];

impl Of {
    fn concerns(self, message: &Sip) -> bool {
        let method = message.method();
        let request = message.is_request();
        let session = method != "REGISTER";
        match self {
            Self::Request(wanted) => request && method == wanted,
            Self::Initial(wanted) => request && method == wanted && message.to_tag().is_none(),
            Self::Subscription(package) => {
                Self::Initial("SUBSCRIBE").concerns(message)
                    && message.event().is_some_and(|event| event.package == package)
            }
            Self::Requests => request && session && !matches!(method, "ACK" | "CANCEL"),
            Self::InDialog => Self::Requests.concerns(message) && message.to_tag().is_some(),
            Self::Sessions => request && session,
            Self::Answers => session && method != "CANCEL" && matches!(message.status(), Some(101..=299)),
            Self::All => session,
        }
    }
}

/// Whether a value holds `text`, whatever its case.
fn holds(message: &Sip, header: &str, text: &str) -> bool {
    message.lines(header).any(|value| value.to_ascii_lowercase().contains(&text.to_ascii_lowercase()))
}

impl Wants {
    /// What is wrong with the message, if anything is.
    fn fault(self, message: &Sip) -> Option<String> {
        let broken = |holds: bool, fault: String| (!holds).then(|| format!("{} {fault}", message.label()));
        match self {
            Self::Field(name) => broken(message.header(name).is_some(), format!("without {name}")),
            Self::Either(one, other) => {
                let there = message.header(one).or_else(|| message.header(other)).is_some();
                broken(there, format!("without {one}"))
            }
            Self::Text(name, text) => broken(holds(message, name, text), format!("whose {name} does not name {text}")),
            Self::Option(name, option) => {
                broken(message.has_token(name, option), format!("whose {name} does not list {option}"))
            }
            Self::Absent(name) => broken(message.header(name).is_none(), format!("with {name}")),
            Self::Once(name) => {
                let count = message.values(name).len();
                broken(count == 1, format!("with {count} values of {name}"))
            }
            Self::Hops => {
                let hops = message.header("Max-Forwards").and_then(|value| value.trim().parse::<u8>().ok());
                broken(hops.is_some_and(|hops| hops > 0), "without a Max-Forwards above 0".to_owned())
            }
            Self::Agreement => {
                let parts = agreement(message);
                let missing: Vec<&str> = parts.iter().filter(|(_, there)| !there).map(|(part, _)| *part).collect();
                let whole = missing.is_empty() || missing.len() == parts.len();
                broken(whole, format!("with a security agreement without {}", missing.join(" and ")))
            }
            Self::Identities(name) => {
                let values = message.values(name);
                let tel = values.iter().filter(|value| value.to_ascii_lowercase().contains("tel:")).count();
                let fits = tel <= 1 && values.len() - tel <= 1;
                broken(fits, format!("whose {name} has more than one SIP or more than one tel URI"))
            }
            Self::Methods => {
                let lists = |method| message.has_token("Allow", method);
                let fits = !lists("INVITE") || (lists("ACK") && lists("CANCEL"));
                broken(fits, "whose Allow lists INVITE without ACK and CANCEL".to_owned())
            }
        }
    }
}

/// The parts of a security agreement, and which of them a request has (RFC 3329 section 2.3.1).
fn agreement(message: &Sip) -> [(&'static str, bool); 3] {
    let list = message.header("Security-Verify").or_else(|| message.header("Security-Client"));
    [
        ("Security-Verify", list.is_some()),
        ("Require: sec-agree", message.has_token("Require", "sec-agree")),
        ("Proxy-Require: sec-agree", message.has_token("Proxy-Require", "sec-agree")),
    ]
}

/// What a message shows of its sender. A focus is no UE: what it passes on of somebody's access network is not its own.
fn shows(party: Party, message: &Sip) -> impl Iterator<Item = Shown> {
    let own = |value: &str| !value.to_ascii_lowercase().contains("network-provided");
    let network = party != Party::Focus && message.header(PANI).is_some_and(own);
    let agreement = message.method() != "REGISTER" && message.header("Security-Verify").is_some();
    let mmtel = network && (holds(message, "Contact", MMTEL) || holds(message, "Accept-Contact", MMTEL));
    let all = [(Shown::Network, network), (Shown::Agreement, agreement), (Shown::Mmtel, mmtel)];
    all.into_iter().filter(|(_, shown)| *shown).map(|(shown, _)| shown)
}

/// A row that a message did not fulfil before its sender showed that it is bound by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Missed {
    number: u32,
    row: usize,
    text: String,
}

/// The observer of I-HEADERS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Headers {
    shown: BTreeSet<(Party, Shown)>,
    /// Sets, so that to an exploration, which does not number messages, neither their order nor how often counts.
    missed: BTreeMap<(Party, Shown), BTreeSet<Missed>>,
}

impl Headers {
    fn learn(&mut self, event: &Event<'_>, judge: &mut Judge) {
        for shown in shows(event.party, event.message) {
            if !self.shown.insert((event.party, shown)) {
                continue;
            }
            for missed in self.missed.remove(&(event.party, shown)).unwrap_or_default() {
                if let Some(Row(rule, ..)) = TABLE.get(missed.row) {
                    judge.rule(rule, event.party, false, &[missed.number], || missed.text);
                }
            }
        }
    }
}

impl Observer for Headers {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { shown: BTreeSet::new(), missed: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let sent = event.sends_request() || event.sends_response();
        if !sent || !conversation.is_first(event) {
            return;
        }
        self.learn(event, judge);
        let first_hop = !event.message.is_request() || event.message.values("Via").len() <= 1;
        for (row, Row(rule, by, of, wants)) in TABLE.iter().enumerate() {
            if !of.concerns(event.message) || (*by != Shown::Nothing && !first_hop) {
                continue;
            }
            let bound = *by == Shown::Nothing || self.shown.contains(&(event.party, *by));
            let fault = wants.fault(event.message);
            if bound {
                judge.rule(rule, event.party, fault.is_none(), &[event.number], || fault.unwrap_or_default());
            } else if let Some(text) = fault {
                let kept = self.missed.entry((event.party, *by)).or_default();
                if kept.len() < MAX_KEPT {
                    kept.insert(Missed { number: event.number, row, text });
                }
            }
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
