//! A redirection of the INVITE to the factory (RFC 3261 sections 8.1.3.4 and 21.3): refused and told, or followed.

mod common;

use common::{FOCUS, Net, at, focus_config, name, ue_config, uri};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::config::Redirection;
use imsconf::role::ue::{Command, Event, SecondOffer};
use imsconf::view::{CallState, Counts};
use imsconf::wire::{Message, Method, Name, Start, response_to};

const SECOND: &str = "sip:second@conf-factory.home.example";
const THIRD: &str = "sip:third@conf-factory.home.example";
const FACTORY: &str = "sip:mmtel@conf-factory.home.example";

/// What is at an address: a code, and the Contact of its response. Whoever is not named is the focus itself.
type Answers<'a> = &'a [(&'a str, u16, &'a str)];

fn request_uri(message: &Message<'_>) -> String {
    match message.start() {
        Start::Request { uri, .. } => String::from_utf8_lossy(uri).into_owned(),
        Start::Response { .. } => String::new(),
    }
}

/// Creates a conference where these servers stand in front of the focus; the Request-URIs of the INVITEs, in order.
fn create(redirection: Redirection, answers: Answers<'_>) -> (Net, Vec<String>) {
    let mut config = ue_config();
    config.redirection = redirection;
    let mut focus = focus_config();
    focus.factory = uri(THIRD);
    let mut net = Net::with(config, focus);
    net.ue.handle_command(net.now, Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        let target = request_uri(&message);
        let answer = answers.iter().find(|(uri, ..)| name(transmit.to) == "focus" && target == *uri);
        match (answer, message.method()) {
            (Some((_, code, contact)), Some(Method::Invite)) => {
                let response = response_to(&message, *code, "Elsewhere", Some("elsewhere"));
                let response = if contact.is_empty() { response } else { response.field(Name::Contact, contact) };
                let bytes = response.render().expect("a response");
                net.queue.push_back((at(FOCUS), Transmit { to: from, bytes }));
            }
            (Some(_), Some(Method::Ack)) => {}
            _ => drop(net.deliver(from, &transmit)),
        }
    }
    let invites = net.said.iter().filter(|(from, _)| name(*from) == "ue");
    let invites = invites.map(|(_, transmit)| Message::parse(&transmit.bytes).expect("SIP"));
    let invites: Vec<_> = invites.filter(|message| message.method() == Some(Method::Invite)).collect();
    let first = invites.first().expect("an INVITE");
    for (number, invite) in (1..).zip(&invites) {
        assert_eq!(invite.cseq().expect("a CSeq").number, number);
        let same = |name: Name<'static>| assert_eq!(invite.field(name), first.field(name), "{name}");
        [Name::CallId, Name::From, Name::To, Name::Route, Name::Contact].into_iter().for_each(same);
        assert_eq!(invite.body(), first.body());
    }
    let branches: std::collections::BTreeSet<_> =
        invites.iter().map(|invite| invite.branch().expect("a Via")).collect();
    assert_eq!(branches.len(), invites.len(), "a transaction each");
    let acks = net.said.iter().filter(|(from, transmit)| name(*from) == "ue" && transmit.bytes.starts_with(b"ACK"));
    assert_eq!(acks.count(), invites.len(), "every final response is acknowledged");
    let tried = invites.iter().map(request_uri).collect();
    (net, tried)
}

const FOLLOW: Redirection = Redirection::Follow { most: 4 };

#[test]
fn by_default_the_user_is_told_and_the_call_has_failed() {
    let contacts = format!("<{SECOND}>;q=0.3, <{THIRD}?Subject=x>;q=0.7, <mailto:a@b>");
    let (mut net, tried) = create(Redirection::Refuse, &[(FACTORY, 302, &contacts)]);
    assert_eq!(tried, [FACTORY]);
    let redirected = Event::Redirected { targets: vec![uri(THIRD), uri(SECOND)] };
    assert_eq!(net.ue_events, [redirected, Event::CreationFailed { code: 302 }]);
    net.run_dry();
    assert_eq!(net.ue.view().counts, Counts::default());
}

#[test]
fn the_addresses_are_tried_in_the_order_of_preference_until_one_takes_the_call() {
    let contacts = format!("<{THIRD}>;q=0.5, <{SECOND}>");
    let (mut net, tried) = create(FOLLOW, &[(FACTORY, 302, &contacts), (SECOND, 486, "")]);
    assert_eq!(tried, [FACTORY, SECOND, THIRD]);
    assert_eq!(net.ue.view().call, CallState::Confirmed, "{}", net.ends());
    net.leave();
    net.run_dry();
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

/// How following ends without a conference: what was tried, and the code that the user hears.
#[test]
fn following_comes_to_an_end() {
    let (second, third, factory) = (format!("<{SECOND}>"), format!("<{THIRD}>"), format!("<{FACTORY}>"));
    let both = format!("<{SECOND}>, <{THIRD}>");
    let many = (0..9).map(|number| format!("<sip:s{number}@conf-factory.home.example>")).collect::<Vec<_>>().join(", ");
    let none = [(FACTORY, 301, many.as_str())];
    let cases: [(&str, Redirection, Answers<'_>, Vec<&str>, u16); 6] = [
        (
            "each sends to the other",
            FOLLOW,
            &[(FACTORY, 302, &second), (SECOND, 301, &factory)],
            vec![FACTORY, SECOND],
            301,
        ),
        ("a 6xx speaks for all", FOLLOW, &[(FACTORY, 300, &both), (SECOND, 603, "")], vec![FACTORY, SECOND], 603),
        ("use a proxy", FOLLOW, &[(FACTORY, 305, &third)], vec![FACTORY], 305),
        ("another service", FOLLOW, &[(FACTORY, 380, &third)], vec![FACTORY], 380),
        ("nowhere", FOLLOW, &[(FACTORY, 302, "")], vec![FACTORY], 302),
        ("nowhere that may be tried", Redirection::Follow { most: 0 }, &none, vec![FACTORY], 301),
    ];
    for (name, redirection, answers, expected, code) in cases {
        let (mut net, tried) = create(redirection, answers);
        assert_eq!(tried, expected, "{name}");
        assert_eq!(net.ue_events.last(), Some(&Event::CreationFailed { code }), "{name}");
        net.run_dry();
        assert_eq!(net.ue.view().counts, Counts::default(), "{name}");
    }
}

#[test]
fn no_more_addresses_are_tried_than_allowed() {
    let servers: Vec<String> = (0..9).map(|number| format!("sip:s{number}@conf-factory.home.example")).collect();
    let contacts = servers.iter().map(|server| format!("<{server}>")).collect::<Vec<_>>().join(", ");
    let busy = servers.iter().map(|server| (server.as_str(), 486, ""));
    let answers: Vec<_> = std::iter::once((FACTORY, 302, contacts.as_str())).chain(busy).collect();
    let (net, tried) = create(FOLLOW, &answers);
    assert_eq!(tried[1..], servers[..4]);
    assert_eq!(net.ue_events.last(), Some(&Event::CreationFailed { code: 486 }));
}
