//! Which header fields each message of the procedures carries besides those of its dialog (TS 34.229-1 A.2.1 to A.2.12,
//! A.3.1, A.3.3, A.5.1 to A.5.3), and what the P-CSCF takes out and puts in (RFC 3325, RFC 3329).
//!
//! A table says `sender message | Field: text that a value holds | -Field that must not be there`.

mod common;

use common::{BOB, Net, at, focus_config, name, participant_config, summary, ue_config};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::participant::{self, Participant};
use imsconf::role::ue::SecondOffer;
use imsconf::wire::{Message, Name};

/// What holds whether or not there is a security agreement.
const ALWAYS: &str = "
    ue INVITE | Supported: 100rel | Supported: precondition | Allow: UPDATE | Allow: CANCEL | Allow: ACK
    ue INVITE | P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel | Max-Forwards: 70
    ue INVITE | Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"
    ue INVITE | Contact: +g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\" | Content-Type: application/sdp
    ue INVITE | Accept: application/sdp | Accept: application/3gpp-ims+xml | P-Access-Network-Info: 3GPP-NR-FDD
    ue INVITE | Route: <sip:pcscf.home.example;lr>, <sip:orig@scscf.home.example;lr>
    ue INVITE | P-Preferred-Identity: <sip:alice@home.example> | -P-Asserted-Identity | -Path | -Service-Route
    ue PRACK | P-Access-Network-Info: 3GPP-NR-FDD | RAck: INVITE | -Contact | -P-Preferred-Identity
    ue UPDATE | P-Access-Network-Info: 3GPP-NR-FDD | Require: precondition | Contact: icsi.mmtel | Content-Type: application/sdp
    ue ACK | Max-Forwards: 70 | -P-Access-Network-Info | -Require | -Proxy-Require | -Security-Verify
    ue SUBSCRIBE | Event: conference | Accept: application/conference-info+xml | Expires: 7200 | Contact: <sip:alice@
    ue SUBSCRIBE | P-Access-Network-Info: 3GPP-NR-FDD | P-Preferred-Identity: <sip:alice@home.example>
    ue SUBSCRIBE | Route: <sip:pcscf.home.example;lr>, <sip:orig@scscf.home.example;lr>
    ue REFER | Refer-To: <sip:bob@home.example> | Contact: <sip:alice@ | P-Access-Network-Info: 3GPP-NR-FDD | -Event
    ue BYE | P-Access-Network-Info: 3GPP-NR-FDD | -Contact
    ue 200 (NOTIFY) | P-Access-Network-Info: 3GPP-NR-FDD | -Require
    focus 183 (INVITE) | Require: 100rel | RSeq | Contact: isfocus | Allow: UPDATE | Record-Route: pcscf | Content-Type: application/sdp
    focus 200 (UPDATE) | Contact: isfocus | Require: precondition | -P-Access-Network-Info
    focus 200 (INVITE) | Contact: isfocus | Record-Route: pcscf | Allow: REFER | Allow-Events: conference
    focus 200 (SUBSCRIBE) | Contact: isfocus | Expires: 7200 | Record-Route: pcscf
    focus 202 (REFER) | Contact: isfocus | -Expires | -Event | -Content-Type
    focus NOTIFY refer | Event: refer;id= | Contact: isfocus | Subscription-State: active;expires=300 | Content-Type: message/sipfrag
    focus NOTIFY conference | Event: conference | Contact: isfocus | Subscription-State: active;expires=7200
    focus NOTIFY conference | Content-Type: application/conference-info+xml | -Expires
    focus INVITE | Contact: isfocus | Allow: CANCEL | P-Asserted-Identity: <sip: | Content-Type: application/sdp | -P-Access-Network-Info
    bob 180 (INVITE) | P-Access-Network-Info: 3GPP-E-UTRAN-FDD | Contact: <sip:bob@
    bob 200 (INVITE) | P-Access-Network-Info: 3GPP-E-UTRAN-FDD | Content-Type: application/sdp
    bob BYE | P-Access-Network-Info: 3GPP-E-UTRAN-FDD | -P-Preferred-Identity
    pcscf INVITE | P-Asserted-Identity: <sip:alice@home.example> | P-Charging-Vector: icid-value= | Record-Route: pcscf | Max-Forwards: 69
    pcscf INVITE | -P-Preferred-Identity | -Security-Verify | -Proxy-Require | Route: <sip:orig@scscf.home.example;lr>
    pcscf UPDATE | -Security-Verify | -Proxy-Require | Require: precondition | P-Charging-Vector: icid-value=
    pcscf BYE | -Security-Verify | -Proxy-Require | -Require | -P-Asserted-Identity
    pcscf ACK | -P-Charging-Vector
";

/// The security agreement in each request of a UE but ACK and CANCEL (RFC 3329 section 2.3.1).
const SECURED: &str = "
    ue INVITE | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    ue PRACK | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    ue UPDATE | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    ue SUBSCRIBE | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    ue REFER | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    ue BYE | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=1
    bob BYE | Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: ipsec-3gpp;spi-c=2
";

const UNSECURED: &str = "
    ue INVITE | -Security-Verify | -Proxy-Require | -Require
    ue PRACK | -Security-Verify | -Proxy-Require | -Require
    ue REFER | -Security-Verify | -Proxy-Require | -Require
    bob BYE | -Security-Verify | -Proxy-Require | -Require
";

/// Everything that is said from the creation to the end of a conference with one invited user who leaves.
fn conference(secured: bool) -> Net {
    let mut ue = ue_config();
    ue.security_verify = secured.then(|| "ipsec-3gpp;spi-c=1".to_owned());
    let mut net = Net::with(ue, focus_config());
    let mut bob = participant_config("bob", BOB);
    bob.access_network = Some("3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620100000000001".to_owned());
    bob.security_verify = secured.then(|| "ipsec-3gpp;spi-c=2".to_owned());
    net.bob = Participant::new(bob);
    net.create(SecondOffer::Update);
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob(participant::Command::Ring);
    net.bob(participant::Command::Answer);
    net.bob(participant::Command::Leave);
    net.leave();
    net
}

/// How the tables call a message.
fn label(bytes: &[u8]) -> String {
    let message = Message::parse(bytes).expect("agents send SIP");
    let method = message.cseq().expect("CSeq").method.to_string();
    match (message.status(), message.event()) {
        (Some(code), _) => format!("{code} ({method})"),
        (None, Ok(event)) if method == "NOTIFY" => format!("NOTIFY {}", String::from_utf8_lossy(event.package)),
        (None, _) => method,
    }
}

fn hold_to(table: &str, net: &Net) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut cells = line.split(" | ");
        let (sender, what) = cells.next().and_then(|cell| cell.split_once(' ')).expect("sender and message");
        let of_interest = |(from, sent): &&(_, Transmit)| name(*from) == sender && label(&sent.bytes) == what;
        let (_, sent) = net.said.iter().find(of_interest).unwrap_or_else(|| panic!("never said: {line}"));
        let message = Message::parse(&sent.bytes).expect("agents send SIP");
        for cell in cells {
            let (field, text) = cell.split_once(": ").unwrap_or((cell, ""));
            let absent = field.strip_prefix('-');
            let header = Name::from_bytes(absent.unwrap_or(field).as_bytes());
            let values: Vec<_> = message.values(header).map(String::from_utf8_lossy).collect();
            let holds = if absent.is_some() { values.is_empty() } else { values.join(", ").contains(text) };
            assert!(holds, "{sender} {what}: {cell}, but it has {values:?}\n{}", summary(&sent.bytes));
        }
    }
}

#[test]
fn with_a_security_agreement() {
    let net = conference(true);
    hold_to(ALWAYS, &net);
    hold_to(SECURED, &net);
}

#[test]
fn without_a_security_agreement() {
    let net = conference(false);
    hold_to(ALWAYS, &net);
    hold_to(UNSECURED, &net);
}

/// RFC 3608 section 6.1, RFC 3325 section 9.2: what is preloaded or preferred belongs to requests outside a dialog.
#[test]
fn requests_inside_a_dialog_prefer_no_identity() {
    let net = conference(true);
    let from_ue = net.said.iter().filter(|(from, _)| name(*from) == "ue");
    for (_, sent) in from_ue {
        let message = Message::parse(&sent.bytes).expect("agents send SIP");
        let initial = message.is_request() && message.to().is_ok_and(|to| to.tag().is_none());
        assert_eq!(message.field(Name::PPreferredIdentity).is_some(), initial, "{}", summary(&sent.bytes));
    }
}

/// TS 24.229 section 5.1.2A: not in CANCEL, nor in its answer; a refusal has it as every other response.
#[test]
fn a_cancelled_invitation() {
    let mut net = conference(true);
    net.said.clear();
    let cancelled = |net: &mut Net| {
        let mut bob = participant_config("carol", common::CAROL);
        bob.access_network = Some("IEEE-802.11".to_owned());
        net.carol = Participant::new(bob);
        net.ue = imsconf::role::ue::Ue::new(ue_config());
        net.focus = imsconf::role::focus::Focus::new(focus_config());
        net.create(SecondOffer::Prack);
        net.invite("sip:carol@home.example");
        net.carol(participant::Command::Ring);
        net.leave();
    };
    cancelled(&mut net);
    hold_to(
        "
        focus CANCEL | -Require | -Proxy-Require | -P-Access-Network-Info | Max-Forwards: 70
        carol 200 (CANCEL) | -P-Access-Network-Info
        carol 487 (INVITE) | P-Access-Network-Info: IEEE-802.11
        ",
        &net,
    );
}

/// TS 34.229-1 A.2.12: the network refers the UE, which this UE does not follow; it says so and goes on.
#[test]
fn a_refer_from_the_network_is_declined() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    let refer = "REFER sip:alice@[2001:db8::9]:5060 SIP/2.0\r\n\
        Via: SIP/2.0/UDP [2001:db8::5]:5060;branch=z9hG4bKmt\r\nMax-Forwards: 69\r\n\
        From: <sip:bob@home.example>;tag=r\r\nTo: <sip:alice@home.example>\r\nCall-ID: mt-refer\r\nCSeq: 1 REFER\r\n\
        Contact: <sip:bob@192.0.2.41>\r\nRefer-To: <sip:final@conf-factory.home.example>\r\n\
        Referred-By: <sip:master@conference.com>\r\nContent-Length: 0\r\n\r\n";
    net.ue.handle_datagram(net.now, at(common::PCSCF), refer.as_bytes());
    net.collect();
    let view = net.ue.view();
    hold_to("ue 603 (REFER) | P-Access-Network-Info: 3GPP-NR-FDD | CSeq: 1 REFER", &net);
    assert_eq!((view.call, view.counts.dialogs), (imsconf::view::CallState::Confirmed, 1));
}
