//! Challenges to the UE's requests (RFC 3261 sections 8.1.3.5 and 22): a proxy's 407, the focus' 401, both, and those
//! that cannot be met. The credentials are judged by the crate `digest_auth`.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{FOCUS, Net, PCSCF, at, name, summary, ue_config, uri};
use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use imsconf::agent::{Agent as _, PathMtu, Transmit, Transport};
use imsconf::role::config::Credentials;
use imsconf::role::participant::Command as BobDoes;
use imsconf::role::ue::{Command, Event, InvitationOutcome, SecondOffer, Unanswered};
use imsconf::view::{CallState, Counts, PlainCallState, ReferralState, SubscriberState};
use imsconf::wire::{Message, Method, Name, response_to};

const BOB: &str = "sip:bob@home.example";
const PASSWORD: &str = "see 22.4";

/// Somebody on the way who lets nobody pass without credentials.
struct Guard {
    at: &'static str,
    code: u16,
    realm: &'static str,
    /// The challenges, of which `NONCE` is filled in.
    challenges: Vec<String>,
    /// Which methods it challenges.
    methods: &'static [Method<'static>],
    password: &'static str,
    /// How many requests a nonce is good for.
    uses: u32,
    nonces: u32,
    /// What each nonce was last used with.
    counts: BTreeMap<String, u32>,
    challenged: usize,
}

const ALL: &[Method<'static>] =
    &[Method::Invite, Method::Prack, Method::Update, Method::Subscribe, Method::Refer, Method::Bye];

impl Guard {
    fn new(at: &'static str, code: u16, realm: &'static str, methods: &'static [Method<'static>]) -> Self {
        let challenges = vec![format!("Digest realm=\"{realm}\", nonce=\"NONCE\", qop=\"auth\", opaque=\"5ccc\"")];
        let (password, uses, counts) = (PASSWORD, u32::MAX, BTreeMap::new());
        Self { at, code, realm, challenges, methods, password, uses, nonces: 0, counts, challenged: 0 }
    }

    fn proxy(methods: &'static [Method<'static>]) -> Self {
        Self::new(PCSCF, 407, "proxy.example", methods)
    }

    fn focus(methods: &'static [Method<'static>]) -> Self {
        Self::new(FOCUS, 401, "conf.example", methods)
    }

    const fn headers(&self) -> (Name<'static>, Name<'static>) {
        match self.code {
            401 => (Name::WwwAuthenticate, Name::Authorization),
            _ => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
        }
    }

    /// The credentials for its realm, if they are right: none, stale, or good.
    fn judge(&mut self, request: &Message<'_>) -> Option<bool> {
        let values = request.fields().filter(|field| field.name == self.headers().1);
        let values = values.map(|field| String::from_utf8_lossy(field.value).into_owned());
        let own: Vec<_> = values.filter(|value| value.contains(&format!("realm=\"{}\"", self.realm))).collect();
        let [value] = own.as_slice() else {
            assert!(own.is_empty(), "one set of credentials for one realm: {own:?}");
            return None;
        };
        let method = String::from_utf8_lossy(request.method().expect("a request").as_bytes()).into_owned();
        let mut header = AuthorizationHeader::parse(value).expect("credentials");
        assert_eq!(header.uri.as_bytes(), request.request_uri().expect("a URI").as_str().as_bytes());
        let (said, uri) = (header.response.clone(), header.uri.clone());
        let body = None::<&[u8]>;
        let mut context = AuthContext::new_with_method("alice", self.password, uri, body, HttpMethod(method.into()));
        context.set_custom_cnonce(header.cnonce.clone().unwrap_or_default());
        header.digest(&context);
        if header.response != said {
            return None;
        }
        let count = self.counts.entry(header.nonce.clone()).or_default();
        assert!(header.qop.is_none() || header.nc > *count, "nonce count {} after {count}", header.nc);
        *count = header.nc;
        Some(header.nonce == format!("n{}", self.nonces) && *count <= self.uses)
    }

    /// Its response to a request that it does not let pass.
    fn challenge(&mut self, request: &Message<'_>) -> Option<Vec<u8>> {
        let concerned = request.method().is_some_and(|method| self.methods.contains(&method));
        if !concerned {
            return None;
        }
        let stale = match self.judge(request) {
            Some(true) => return None,
            Some(false) => ", stale=TRUE",
            None => "",
        };
        self.nonces += 1;
        self.challenged += 1;
        let nonce = format!("n{}", self.nonces);
        let response = response_to(request, self.code, "Who are you", Some(self.realm));
        let add = |response, challenge: &String| {
            let value = challenge.replace("NONCE", &nonce) + stale;
            imsconf::wire::Builder::field(response, self.headers().0, value)
        };
        Some(self.challenges.iter().fold(response, add).render().expect("a response"))
    }
}

/// As [`Net::settle`], with guards.
fn settle(net: &mut Net, guards: &mut [Guard]) {
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let guard = guards.iter_mut().find(|guard| at(guard.at).socket == transmit.to.socket);
        // An ACK to what a guard sent goes no further.
        let is_to = |guard: &Guard| message.to_tag() == Ok(Some(guard.realm.as_bytes()));
        let is_ack = message.method() == Some(Method::Ack);
        match guard {
            Some(guard) if is_ack && is_to(guard) => {}
            Some(guard) => match guard.challenge(&message) {
                Some(bytes) => {
                    let answer = Transmit { to: from, bytes };
                    net.ladder.push(format!(
                        "{:<5} -> {:<5} {}",
                        name(at(guard.at)),
                        name(from),
                        summary(&answer.bytes)
                    ));
                    net.queue.push_back((at(guard.at), answer));
                }
                None => drop(net.deliver(from, &transmit)),
            },
            None => drop(net.deliver(from, &transmit)),
        }
    }
}

fn credentials(realm: &str) -> Credentials {
    Credentials { realm: realm.to_owned(), username: "alice".to_owned(), password: PASSWORD.to_owned() }
}

fn net() -> Net {
    let mut config = ue_config();
    config.credentials = vec![credentials("proxy.example"), credentials("conf.example")];
    Net::with(config, common::focus_config())
}

fn command(net: &mut Net, guards: &mut [Guard], command: Command) {
    net.ue.handle_command(net.now, command).expect("a command that fits");
    settle(net, guards);
}

fn create(net: &mut Net, guards: &mut [Guard], second_offer: SecondOffer) {
    command(net, guards, Command::Create { second_offer });
}

fn invite(net: &mut Net, guards: &mut [Guard]) {
    command(net, guards, Command::Invite { target: uri(BOB), mode: imsconf::role::ue::InviteMode::ReferToFocus });
}

/// Create, subscribe, refresh, invite, ask for a report, hold, leave.
fn procedure(net: &mut Net, guards: &mut [Guard], second_offer: SecondOffer) {
    create(net, guards, second_offer);
    command(net, guards, Command::Subscribe);
    command(net, guards, Command::Refresh);
    invite(net, guards);
    command(net, guards, Command::RefreshReport { target: uri(BOB) });
    net.bob.handle_command(net.now, BobDoes::Answer).expect("bob answers");
    settle(net, guards);
    command(net, guards, Command::Hold);
    command(net, guards, Command::Leave);
    settle(net, guards);
}

/// What the UE sent itself, copies left out.
fn sent(net: &Net) -> Vec<Message<'_>> {
    let own = net.said.iter().filter(|(from, _)| name(*from) == "ue");
    own.map(|(_, transmit)| Message::parse(&transmit.bytes).expect("SIP")).collect()
}

fn requests<'n>(net: &'n Net, method: Method<'static>) -> Vec<Message<'n>> {
    sent(net).into_iter().filter(|message| message.method() == Some(method)).collect()
}

fn field(message: &Message<'_>, name: Name<'static>) -> String {
    String::from_utf8_lossy(message.field(name).unwrap_or_default()).into_owned()
}

fn not_authenticated(net: &Net) -> Vec<(String, Unanswered)> {
    let failures = net.ue_events.iter().filter_map(|event| match event {
        Event::NotAuthenticated { realm, why } => Some((realm.clone(), *why)),
        _ => None,
    });
    failures.collect()
}

/// Whatever is challenged, at whichever hop: the same conference comes about, is used and ends, and the requests that
/// were sent again are the same but for number, branch and credentials.
#[test]
fn each_request_may_be_challenged_at_each_hop() {
    let one: [&'static [Method<'static>]; 7] = [
        &[Method::Invite],
        &[Method::Prack],
        &[Method::Update],
        &[Method::Subscribe],
        &[Method::Refer],
        &[Method::Bye],
        ALL,
    ];
    for (methods, hop, second_offer) in one.into_iter().flat_map(|methods| {
        [Guard::proxy, Guard::focus]
            .into_iter()
            .flat_map(move |hop| [SecondOffer::Prack, SecondOffer::Update].map(|offer| (methods, hop, offer)))
    }) {
        let mut plain = net();
        procedure(&mut plain, &mut [], second_offer);
        let (mut net, mut guards) = (net(), [hop(methods)]);
        procedure(&mut net, &mut guards, second_offer);
        let context = format!("{methods:?} at {}, {second_offer:?}\n{}", guards[0].at, net.ends());
        let expected = usize::from(methods != [Method::Update] || second_offer == SecondOffer::Update);
        assert!(guards[0].challenged >= expected, "{context}");
        assert!(matches!(net.ue_events[0], Event::ConferenceCreated { .. }), "{context}");
        assert_eq!(net.ue_events[1..], plain.ue_events[1..], "{context}");
        assert_eq!(net.ue.view().call, CallState::Over, "{context}");
        let (refer, accepted) = (requests(&net, Method::Refer), net.ue.view().referrals);
        assert_eq!(accepted[0].cseq, refer.last().expect("a REFER").cseq().expect("a CSeq").number, "{context}");
        assert_eq!(accepted[0].state, ReferralState::Done(200), "{context}");
        for method in methods {
            sent_again_properly(&requests(&net, *method), &context);
        }
        net.run_dry();
        assert_eq!(
            (net.ue.view().counts, net.focus.view().counts),
            (Counts::default(), Counts::default()),
            "{context}"
        );
    }
}

/// Of the requests of one method: those with credentials are those without once more.
fn sent_again_properly(requests: &[Message<'_>], context: &str) {
    let without = |message: &&Message<'_>| {
        message.field(Name::Authorization).or_else(|| message.field(Name::ProxyAuthorization)).is_none()
    };
    for first in requests.iter().filter(without) {
        let again = requests.iter().filter(|message| !without(message)).find(|message| {
            let same = |name| message.field(name) == first.field(name);
            same(Name::CallId) && same(Name::From) && same(Name::To) && message.body() == first.body()
        });
        let again = again.unwrap_or_else(|| panic!("not sent again: {}\n{context}", summary(first.as_bytes())));
        let number = |message: &Message<'_>| message.cseq().expect("a CSeq").number;
        assert_eq!(number(again), number(first) + 1, "{context}");
        assert_ne!(again.branch(), first.branch(), "{context}");
        let names = [Name::Contact, Name::Route, Name::Supported, Name::Event, Name::RAck, Name::ReferTo];
        for name in names {
            assert_eq!(again.field(name), first.field(name), "{name}\n{context}");
        }
    }
}

#[test]
fn a_proxy_challenges_and_then_the_focus() {
    let (mut net, mut guards) = (net(), [Guard::proxy(ALL), Guard::focus(ALL)]);
    create(&mut net, &mut guards, SecondOffer::Prack);
    insta::assert_snapshot!(net.ladder.join("\n"));
    let invites = requests(&net, Method::Invite);
    let numbers: Vec<_> = invites.iter().map(|invite| invite.cseq().expect("a CSeq").number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let [.., last] = invites.as_slice() else { panic!("three INVITEs") };
    let acks = requests(&net, Method::Ack);
    let hop_by_hop: Vec<_> = acks.iter().map(|ack| ack.branch().expect("a Via")).collect();
    let branches: Vec<_> = invites.iter().map(|invite| invite.branch().expect("a Via")).collect();
    assert_eq!(hop_by_hop[..2], branches[..2], "each challenge is acknowledged in its own transaction");
    let [.., ack] = acks.as_slice() else { panic!("an ACK") };
    for name in [Name::Authorization, Name::ProxyAuthorization] {
        assert!(!field(last, name).is_empty());
        assert_eq!(field(ack, name), field(last, name), "the ACK to the 2xx has the INVITE's credentials");
    }
    assert_eq!(ack.cseq().expect("a CSeq").number, 3);
    assert_eq!(guards.map(|guard| guard.challenged), [1, 1], "what met a challenge goes along in the dialog");
}

#[test]
fn the_reports_of_a_refer_are_named_after_the_one_that_was_accepted() {
    let (mut net, mut guards) = (net(), [Guard::focus(&[Method::Refer])]);
    create(&mut net, &mut guards, SecondOffer::Prack);
    invite(&mut net, &mut guards);
    net.bob.handle_command(net.now, BobDoes::Answer).expect("bob answers");
    settle(&mut net, &mut guards);
    let numbers: Vec<_> =
        requests(&net, Method::Refer).iter().map(|refer| refer.cseq().expect("a CSeq").number).collect();
    let [refused, accepted] = numbers.as_slice() else { panic!("{numbers:?}") };
    let told = net.said.iter().filter(|(from, _)| name(*from) == "focus").map(|(_, transmit)| &transmit.bytes);
    let ids: Vec<_> = told
        .map(|bytes| Message::parse(bytes).expect("SIP"))
        .filter(|message| message.method() == Some(Method::Notify))
        .map(|notify| field(&notify, Name::Event))
        .collect();
    assert_eq!(ids, [format!("refer;id={accepted}"), format!("refer;id={accepted}")]);
    assert!(
        net.ue_events.contains(&Event::InvitationEnded { target: uri(BOB), outcome: InvitationOutcome::Reported(200) })
    );

    // A report that is named after the refused one belongs to nothing.
    let notify =
        net.said.iter().rev().find(|(_, transmit)| transmit.bytes.starts_with(b"NOTIFY") && name(transmit.to) == "ue");
    let (from, notify) = notify.cloned().expect("a NOTIFY");
    let other = common::edited(&notify.bytes, &format!("id={accepted}"), &format!("id={refused}"));
    let other = common::edited(&other, "branch=z9hG4bK", "branch=z9hG4bKx");
    let number = Message::parse(&other).expect("SIP").cseq().expect("a CSeq").number;
    let other = common::edited(&other, &format!("CSeq: {number} "), &format!("CSeq: {} ", number + 1));
    net.deliver(from, &Transmit { to: notify.to, bytes: other });
    let (_, answer) = net.queue.back().expect("an answer");
    assert!(answer.bytes.starts_with(b"SIP/2.0 481"), "{}", summary(&answer.bytes));
}

/// What cannot be met ends the request, at the latest after a few answers, and the user is told of which realm.
#[test]
fn a_challenge_that_cannot_be_met_is_a_failure_that_is_told() {
    struct Case {
        name: &'static str,
        keyring: &'static str,
        password: &'static str,
        challenge: &'static str,
        uses: u32,
        invites: usize,
        why: Unanswered,
    }
    let digest = "Digest realm=\"conf.example\", nonce=\"NONCE\", qop=\"auth\"";
    let case = |name, why, invites| Case {
        name,
        keyring: "conf.example",
        password: PASSWORD,
        challenge: digest,
        uses: u32::MAX,
        invites,
        why,
    };
    let cases = [
        Case { keyring: "elsewhere.example", ..case("another realm", Unanswered::NoCredentials, 1) },
        Case { password: "another", ..case("wrong password", Unanswered::Rejected, 2) },
        Case { uses: 0, ..case("always stale", Unanswered::Rejected, 5) },
        Case {
            challenge: "Digest realm=\"conf.example\", nonce=\"NONCE\", algorithm=AKAv1-MD5, qop=\"auth\"",
            ..case("unknown algorithm", Unanswered::Unknown, 1)
        },
        Case { challenge: "Basic realm=\"conf.example\"", ..case("unknown scheme", Unanswered::Unknown, 1) },
    ];
    for Case { name, keyring, password, challenge, uses, invites, why } in cases {
        let mut config = ue_config();
        config.credentials = vec![credentials(keyring)];
        let mut net = Net::with(config, common::focus_config());
        let mut guard = Guard::focus(ALL);
        (guard.challenges, guard.password, guard.uses) = (vec![challenge.to_owned()], password, uses);
        create(&mut net, &mut [guard], SecondOffer::Prack);
        assert_eq!(not_authenticated(&net), [("conf.example".to_owned(), why)], "{name}");
        assert!(net.ue_events.contains(&Event::CreationFailed { code: 401 }), "{name}");
        assert_eq!(requests(&net, Method::Invite).len(), invites, "{name}\n{}", net.ends());
        assert_eq!(requests(&net, Method::Ack).len(), invites, "{name}\n{}", net.ends());
        net.run_dry();
        assert_eq!(net.ue.view().counts, Counts::default(), "{name}");
    }
}

#[test]
fn without_any_credentials_the_realm_is_told() {
    let mut net = Net::new();
    create(&mut net, &mut [Guard::proxy(ALL)], SecondOffer::Prack);
    let failed = Event::NotAuthenticated { realm: "proxy.example".to_owned(), why: Unanswered::NoCredentials };
    assert_eq!(net.ue_events, [failed, Event::CreationFailed { code: 407 }]);
}

/// RFC 8760: the strongest of the algorithms that are known; what is not known is passed over.
#[test]
fn the_strongest_known_algorithm_is_used() {
    let digest =
        |algorithm| format!("Digest realm=\"conf.example\", nonce=\"NONCE\", algorithm={algorithm}, qop=\"auth\"");
    let cases = [
        (&["MD5", "SHA-256"][..], "SHA-256"),
        (&["SHA-256", "MD5"], "SHA-256"),
        (&["SHA-512", "MD5", "AKAv2-SHA-256"], "MD5"),
        (&["MD5-sess", "SHA-512-256", "SHA-256-sess"], "SHA-512-256"),
        (&["SHA-256-sess"], "SHA-256-sess"),
        (&["MD5-sess"], "MD5-sess"),
    ];
    for (offered, expected) in cases {
        let (mut net, mut guard) = (net(), Guard::focus(ALL));
        guard.challenges = offered.iter().map(digest).collect();
        let mut guards = [guard];
        procedure(&mut net, &mut guards, SecondOffer::Prack);
        let invites = requests(&net, Method::Invite);
        let used = field(&invites[1], Name::Authorization);
        assert!(used.contains(&format!("algorithm={expected},")), "{offered:?}: {used}");
        assert_eq!(net.ue.view().call, CallState::Over, "{offered:?}");
    }
}

/// A server of RFC 2069 offers no quality of protection: no client nonce is sent (RFC 3261 section 22.4).
#[test]
fn without_a_quality_of_protection_there_is_no_client_nonce() {
    let (mut net, mut guard) = (net(), Guard::focus(ALL));
    guard.challenges = vec!["Digest realm=\"conf.example\", nonce=\"NONCE\"".to_owned()];
    create(&mut net, &mut [guard], SecondOffer::Prack);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    let used = field(&requests(&net, Method::Invite)[1], Name::Authorization);
    assert!(["cnonce", "qop", "nc="].iter().all(|name| !used.contains(name)), "{used}");
}

/// Each nonce is good for two requests: the third learns so, and goes out again with the next one.
#[test]
fn a_stale_nonce_is_replaced() {
    let (mut net, mut guard) = (net(), Guard::focus(ALL));
    guard.uses = 2;
    let mut guards = [guard];
    procedure(&mut net, &mut guards, SecondOffer::Update);
    assert!(guards[0].challenged > 3, "{}", guards[0].challenged);
    assert_eq!(not_authenticated(&net), []);
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(200));
    net.run_dry();
    assert_eq!(net.ue.view().counts, Counts::default());
}

/// The credentials make the INVITE too large for UDP; the next challenge is met over TCP too.
#[test]
fn what_grows_by_credentials_stays_on_the_transport_that_its_via_names() {
    let mut plain = net();
    create(&mut plain, &mut [], SecondOffer::Prack);
    let length = plain.said.first().map(|(_, sent)| sent.bytes.len()).expect("an INVITE");
    let mut config = ue_config();
    config.credentials = vec![credentials("proxy.example"), credentials("conf.example")];
    config.path_mtu = PathMtu::Known(u16::try_from(length + PathMtu::MARGIN).expect("some 1,500"));
    let mut net = Net::with(config, common::focus_config());
    create(&mut net, &mut [Guard::proxy(ALL), Guard::focus(ALL)], SecondOffer::Prack);
    let sent = net.said.iter().filter(|(from, _)| name(*from) == "ue").map(|(_, sent)| sent);
    let invites = sent.filter(|sent| sent.bytes.starts_with(b"INVITE"));
    let transports = invites.map(|sent| {
        let via = Message::parse(&sent.bytes).expect("SIP").via().expect("a Via").transport.to_vec();
        (String::from_utf8(via).expect("text"), sent.to.transport)
    });
    let (udp, tcp) = (("UDP".to_owned(), Transport::Udp), ("TCP".to_owned(), Transport::Tcp));
    assert_eq!(transports.collect::<Vec<_>>(), [udp, tcp.clone(), tcp]);
}

/// The user gives the call up: before the challenge comes, and after it was answered.
#[test]
fn a_call_that_is_given_up_is_not_made_again() {
    let mut net_ = net();
    net_.ue.handle_command(net_.now, Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net_.ue.handle_command(net_.now, Command::Cancel).expect("cancel");
    settle(&mut net_, &mut [Guard::focus(ALL)]);
    assert_eq!(requests(&net_, Method::Invite).len(), 1);
    assert_eq!(net_.ue.view().call, CallState::Failed { code: 487 });

    let (mut net, mut guards) = (net(), [Guard::focus(&[Method::Invite])]);
    net.ue.handle_command(net.now, Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while requests(&net, Method::Invite).len() < 2 {
        let one = net.queue.pop_front().expect("something is in flight");
        let rest = std::mem::take(&mut net.queue);
        net.queue.push_back(one);
        let (from, transmit) = net.queue.pop_front().expect("it");
        let message = Message::parse(&transmit.bytes).expect("SIP");
        let challenge = if name(transmit.to) == "focus" { guards[0].challenge(&message) } else { None };
        net.queue.extend(rest);
        match challenge {
            Some(bytes) => net.queue.push_back((at(FOCUS), Transmit { to: from, bytes })),
            None => drop(net.deliver(from, &transmit)),
        }
    }
    net.ue.handle_command(net.now, Command::Cancel).expect("cancel");
    settle(&mut net, &mut guards);
    let cancels = requests(&net, Method::Cancel);
    let [cancel] = cancels.as_slice() else { panic!("one CANCEL: {}", net.ends()) };
    assert_eq!(cancel.branch(), requests(&net, Method::Invite)[1].branch());
    assert_eq!(cancel.cseq().expect("a CSeq").number, 2);
    assert!(cancel.field(Name::Authorization).is_none());
    assert_eq!(net.ue.view().call, CallState::Failed { code: 487 });
    net.run_dry();
    assert_eq!(net.ue.view().counts, Counts::default());
}

/// Every datagram comes twice: no copy of a challenge is answered again.
#[test]
fn a_challenge_that_comes_twice_is_answered_once() {
    let (mut net, mut guards) = (net(), [Guard::proxy(&[Method::Invite, Method::Refer])]);
    let twice = |net: &mut Net, guards: &mut [Guard]| {
        net.collect();
        let mut seen = std::collections::BTreeSet::new();
        while let Some((from, transmit)) = net.queue.pop_front() {
            let message = Message::parse(&transmit.bytes).expect("SIP");
            let challenged = transmit.to.socket == at(PCSCF).socket && seen.insert(transmit.bytes.clone());
            let answer = if challenged { guards[0].challenge(&message) } else { None };
            match answer {
                Some(bytes) => {
                    for _ in 0..2 {
                        net.queue.push_back((at(PCSCF), Transmit { to: from, bytes: bytes.clone() }));
                    }
                }
                None => drop(net.deliver(from, &transmit)),
            }
        }
    };
    net.ue.handle_command(net.now, Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    twice(&mut net, &mut guards);
    let refer = Command::Invite { target: uri(BOB), mode: imsconf::role::ue::InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, refer).expect("invite");
    twice(&mut net, &mut guards);
    assert_eq!(requests(&net, Method::Invite).len(), 2);
    assert_eq!(requests(&net, Method::Refer).len(), 1, "the credentials went along");
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

/// The NOTIFY to a SUBSCRIBE has 64*T1, 128 s here, from when the SUBSCRIBE was sent again (RFC 6665 section 4.1.2.4).
#[test]
fn a_subscription_waits_for_its_notify_from_the_accepted_subscribe_on() {
    let (mut net, mut guards) = (net(), [Guard::proxy(&[Method::Subscribe])]);
    create(&mut net, &mut guards, SecondOffer::Prack);
    net.ue.handle_command(net.now, Command::Subscribe).expect("subscribe");
    net.collect();
    let sent = net.now;
    net.now = sent + Duration::from_secs(127);
    while requests(&net, Method::Subscribe).len() < 2 {
        let (from, transmit) = net.queue.pop_front().expect("something is in flight");
        let message = Message::parse(&transmit.bytes).expect("SIP");
        match guards[0].challenge(&message).filter(|_| name(transmit.to) == "pcscf") {
            Some(bytes) => net.queue.push_back((at(PCSCF), Transmit { to: from, bytes })),
            None => drop(net.deliver(from, &transmit)),
        }
    }
    net.ue.handle_timeout(sent + Duration::from_secs(129));
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Subscribing { answered: false });
    net.settle();
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Active, "{}", net.ends());
    let subscribes = requests(&net, Method::Subscribe);
    let numbers: Vec<_> = subscribes.iter().map(|subscribe| subscribe.cseq().expect("a CSeq").number).collect();
    assert_eq!(numbers[..2], [1, 2]);
    assert_eq!(field(&subscribes[1], Name::CallId), field(&subscribes[0], Name::CallId));
}

/// A call outside the conference: its requests are challenged like any other; given up, it is cancelled in the
/// transaction in which its INVITE is then.
#[test]
fn calls_outside_the_conference_are_challenged_too() {
    let states = |net: &Net| net.ue.view().calls.iter().map(|call| call.state).collect::<Vec<_>>();
    let bob = |methods| Guard::new(common::BOB, 401, "conf.example", methods);
    let (mut net_, mut guards) = (net(), [Guard::proxy(&[Method::Invite]), bob(&[Method::Bye])]);
    command(&mut net_, &mut guards, Command::Call { target: uri(BOB) });
    net_.bob.handle_command(net_.now, BobDoes::Answer).expect("bob answers");
    settle(&mut net_, &mut guards);
    assert_eq!(states(&net_), [PlainCallState::Up], "{}", net_.ends());
    command(&mut net_, &mut guards, Command::HangUp { peer: uri(BOB) });
    assert_eq!(states(&net_), [PlainCallState::Over], "{}", net_.ends());
    assert_eq!(guards.map(|guard| guard.challenged), [1, 1]);
    net_.run_dry();
    assert_eq!((net_.ue.view().counts, net_.bob.view().counts), (Counts::default(), Counts::default()));

    let (mut net, mut guards) = (net(), [bob(&[Method::Invite])]);
    net.ue.handle_command(net.now, Command::Call { target: uri(BOB) }).expect("call");
    net.collect();
    while requests(&net, Method::Invite).len() < 2 {
        let (from, transmit) = net.queue.pop_front().expect("something is in flight");
        let message = Message::parse(&transmit.bytes).expect("SIP");
        let answer = if name(transmit.to) == "bob" { guards[0].challenge(&message) } else { None };
        match answer {
            Some(bytes) => {
                // A provisional response to the INVITE that is then challenged allows no CANCEL of the next one.
                let ringing = response_to(&message, 180, "Ringing", Some("guard")).render().expect("a response");
                net.queue.push_back((at(common::BOB), Transmit { to: from, bytes: ringing }));
                net.queue.push_back((at(common::BOB), Transmit { to: from, bytes }));
            }
            None => drop(net.deliver(from, &transmit)),
        }
    }
    net.ue.handle_command(net.now, Command::HangUp { peer: uri(BOB) }).expect("hang up");
    assert_eq!(requests(&net, Method::Cancel).len(), 0);
    net.run_dry();
    let cancels = requests(&net, Method::Cancel);
    assert_eq!(cancels.len(), 1, "{}", net.ends());
    assert_eq!(cancels[0].branch(), requests(&net, Method::Invite)[1].branch());
    assert_eq!(states(&net), [PlainCallState::Over]);
}
