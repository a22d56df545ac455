//! Which transport a request takes by its size, and what happens when TCP is refused (RFC 3261 section 18.1.1).

mod common;

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use common::{Net, focus_config, hosts, participant_config, ue_config};
use imsconf::agent::{Addr, Agent as _, PathMtu, Transmit, Transport};
use imsconf::role::config::UeConfig;
use imsconf::role::participant::{self, Participant};
use imsconf::role::ue::{self, SecondOffer, Ue};
use imsconf::time::Time;
use imsconf::view::CallState;
use imsconf::wire::Message;

const START: Time = Time::from_millis(1_000);

/// The INVITE of a UE whose P-Access-Network-Info is lengthened by `padding` bytes.
fn invite(path_mtu: PathMtu, padding: usize) -> (Ue, Transmit) {
    let mut config: UeConfig = ue_config();
    config.path_mtu = path_mtu;
    config.access_network = Some(format!("IEEE-802.11;i-wlan-node-id={}", "f".repeat(padding)));
    let mut ue = Ue::new(config);
    ue.handle_command(START, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    let sent = ue.poll_transmit().expect("the INVITE");
    (ue, sent)
}

/// An INVITE of exactly this many bytes.
fn invite_of(path_mtu: PathMtu, bytes: usize) -> (Ue, Transmit) {
    let base = invite(path_mtu, 1).1.bytes.len();
    let (ue, sent) = invite(path_mtu, 1 + bytes - base);
    assert_eq!(sent.bytes.len(), bytes, "the base is {base}");
    (ue, sent)
}

fn via_transport(sent: &Transmit) -> Transport {
    let message = Message::parse(&sent.bytes).expect("SIP");
    match message.via().expect("a Via").transport {
        b"UDP" => Transport::Udp,
        b"TCP" => Transport::Tcp,
        other => panic!("{}", other.escape_ascii()),
    }
}

/// The transport that a request takes, which its Via has to name.
fn taken(sent: &Transmit) -> Transport {
    assert_eq!(via_transport(sent), sent.to.transport);
    sent.to.transport
}

#[test]
fn what_is_too_large_for_udp() {
    let limits = [
        (PathMtu::Unknown, PathMtu::UNKNOWN_LIMIT),
        (PathMtu::Known(2000), 2000 - PathMtu::MARGIN),
        (PathMtu::Known(1500), 1500 - PathMtu::MARGIN),
    ];
    for (path, limit) in limits {
        assert!(path.admits(limit) && !path.admits(limit + 1), "{path:?}");
    }
    assert!(PathMtu::Unlimited.admits(usize::from(u16::MAX)));
    assert!(!PathMtu::Known(100).admits(0), "a path with less than the margin takes nothing over UDP");
    let base = invite(PathMtu::Unlimited, 1).1.bytes.len();
    let limit = base.next_multiple_of(100) + 100;
    let mtu = u16::try_from(limit + PathMtu::MARGIN).expect("an INVITE is smaller than 64 kbytes");
    for (bytes, expected) in [(limit - 1, Transport::Udp), (limit, Transport::Udp), (limit + 1, Transport::Tcp)] {
        assert_eq!(taken(&invite_of(PathMtu::Known(mtu), bytes).1), expected, "{bytes} of {limit}");
    }
}

/// `fe80::1%3` means something on this host alone; the grammar of a host (RFC 3261 section 25.1) has no such thing.
#[test]
fn the_scope_of_an_own_address_stays_here() {
    let mut config = ue_config();
    config.address = Addr::udp(SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 5070, 0, 3).into());
    let mut ue = Ue::new(config);
    ue.handle_command(START, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    let sent = ue.poll_transmit().expect("the INVITE");
    let message = Message::parse(&sent.bytes).expect("SIP");
    let via = message.via().expect("a Via");
    assert_eq!((via.host.to_string(), via.port), ("[fe80::1]".to_owned(), Some(5070)));
}

/// The REFER, which is small enough to be made as large as the limit of an unknown path.
#[test]
fn sizes_around_1300() {
    let refer = |padding: usize| {
        let mut ue = ue_config();
        ue.path_mtu = PathMtu::Unknown;
        ue.access_network = Some(format!("IEEE-802.11;i-wlan-node-id={}", "f".repeat(padding)));
        let mut net = Net::with(ue, focus_config());
        net.create(SecondOffer::Prack);
        net.invite("sip:bob@home.example");
        let refer = net.said.into_iter().map(|(_, sent)| sent).find(|sent| sent.bytes.starts_with(b"REFER"));
        refer.expect("a REFER")
    };
    let base = refer(1).bytes.len();
    for (bytes, expected) in [(1299, Transport::Udp), (1300, Transport::Udp), (1301, Transport::Tcp)] {
        let sent = refer(1 + bytes - base);
        assert_eq!((sent.bytes.len(), taken(&sent)), (bytes, expected));
    }
}

/// A dialog whose requests change from one transport to the other stays one dialog; responses come back on the
/// transport of their request, hop by hop.
#[test]
fn the_switch_keeps_the_dialog() {
    let mut ue = ue_config();
    let mut focus = focus_config();
    (ue.path_mtu, focus.path_mtu) = (PathMtu::Unknown, PathMtu::Unknown);
    ue.security_verify = Some("ipsec-3gpp;alg=hmac-sha-1-96;spi-c=98765432;spi-s=87654321".repeat(4));
    let mut net = Net::with(ue, focus);
    net.create(SecondOffer::Update);
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob(participant::Command::Answer);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert_eq!(net.ue.view().subscription.roster.len(), 2, "{}", net.ladder.join("\n"));
    let of = |method: &str| {
        let mut all = net.said.iter().map(|(_, sent)| sent).filter(|sent| sent.bytes.starts_with(method.as_bytes()));
        taken(all.next().expect("it was sent"))
    };
    assert_eq!([of("INVITE"), of("UPDATE"), of("ACK")], [Transport::Tcp, Transport::Tcp, Transport::Udp]);
    for (_, sent) in net.said.iter().filter(|(_, sent)| sent.bytes.starts_with(b"SIP/2.0")) {
        assert_eq!(via_transport(sent), sent.to.transport);
    }
    net.leave();
    net.run_dry();
    assert_eq!(net.ue.view().counts, Default::default());
    assert_eq!(net.focus.view().counts, Default::default());
}

/// RFC 3261 section 17.1.1.2: over TCP nothing is repeated, and Timer B runs all the same.
#[test]
fn over_tcp_nothing_is_repeated() {
    let (mut ue, sent) = invite(PathMtu::Known(1000), 1);
    assert_eq!(taken(&sent), Transport::Tcp);
    let timer_b = START + Duration::from_secs(128);
    assert_eq!(ue.poll_timeout(), Some(timer_b));
    ue.handle_timeout(timer_b);
    assert_eq!(ue.poll_transmit(), None);
    assert_eq!(ue.view().call, CallState::Failed { code: 408 });
}

/// RFC 3261 section 18.1.1: where TCP is refused, UDP is tried, whatever the size; from then on it is repeated.
#[test]
fn a_refused_connection_is_tried_over_udp() {
    let (mut ue, sent) = invite(PathMtu::Known(1000), 1);
    let soon = START + Duration::from_millis(3);
    ue.handle_transport_error(soon, sent.clone());
    let again = ue.poll_transmit().expect("the INVITE over UDP");
    assert_eq!(taken(&again), Transport::Udp);
    let tcp = String::from_utf8(sent.bytes).expect("text");
    assert_eq!(String::from_utf8(again.bytes.clone()).expect("text"), tcp.replacen("SIP/2.0/TCP", "SIP/2.0/UDP", 1));
    assert_eq!(ue.poll_timeout(), Some(soon + Duration::from_secs(2)), "Timer A");
    ue.handle_timeout(soon + Duration::from_secs(2));
    assert_eq!(ue.poll_transmit(), Some(again.clone()));
    // The port is closed for UDP too: as 503 for the user.
    ue.handle_transport_error(soon + Duration::from_secs(3), again);
    assert!(matches!(ue.view().call, CallState::Failed { .. }), "{:?}", ue.view().call);
    assert_eq!(ue.view().counts, Default::default());
}

/// What was answered before the bad news came needs no second try.
#[test]
fn a_late_refusal_changes_nothing() {
    let mut ue = ue_config();
    ue.path_mtu = PathMtu::Known(1000);
    let mut net = Net::with(ue, focus_config());
    net.create(SecondOffer::Prack);
    let invite = net.said.first().map(|(_, sent)| sent.clone()).expect("the INVITE");
    let before = net.ue.clone();
    net.ue.handle_transport_error(net.now, invite);
    assert_eq!(net.ue, before);
}

/// The proxy and the invited user give their requests a second try too.
#[test]
fn every_hop_tries_udp() {
    let mut ue = ue_config();
    ue.path_mtu = PathMtu::Known(1000);
    let mut net = Net::with(ue, focus_config());
    net.create(SecondOffer::Prack);
    let (_, onward) = net.said.iter().find(|(from, _)| common::name(*from) == "pcscf").expect("forwarded").clone();
    assert_eq!(taken(&onward), Transport::Tcp, "it goes on over the transport that it came over");
    net.pcscf.handle_transport_error(net.now, onward);
    assert_eq!(net.pcscf.poll_transmit().map(|sent| taken(&sent)), Some(Transport::Udp));

    let mut bob = participant_config("bob", common::BOB);
    (bob.path_mtu, bob.hosts) = (PathMtu::Known(1), hosts());
    net.bob = Participant::new(bob);
    net.invite("sip:bob@home.example");
    net.bob(participant::Command::Answer);
    net.bob.handle_command(net.now, participant::Command::Leave).expect("leave");
    let bye = net.bob.poll_transmit().expect("a BYE");
    assert_eq!(taken(&bye), Transport::Tcp);
    net.bob.handle_transport_error(net.now, bye);
    assert_eq!(net.bob.poll_transmit().map(|sent| taken(&sent)), Some(Transport::Udp));
}
