//! Users who asked for privacy: nobody else learns who they are (RFC 4575 sections 5.6 and 8.2, RFC 3325 section 9.3).

mod common;

use common::{BOB, Net, focus_config, name, participant_config, pcscf_config, ue_config, uri};
use imsconf::agent::Agent as _;
use imsconf::role::participant::{Command, Participant};
use imsconf::role::proxy::Proxy;
use imsconf::role::ue::SecondOffer;

#[test]
fn who_asked_for_privacy_is_shown_to_nobody() {
    let mut ue = ue_config();
    ue.privacy = true;
    let mut net = Net::with(ue, focus_config());
    let mut bob = participant_config("bob", BOB);
    bob.privacy = true;
    net.bob = Participant::new(bob);
    net.create(SecondOffer::Prack);
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    net.invite("sip:carol@home.example");
    net.carol(Command::Answer);
    net.carol(Command::Subscribe);
    net.bob(Command::Leave);

    let roster = net.carol.view().subscription.roster;
    let shown: Vec<_> = roster.iter().map(|row| (row.entity.as_str(), row.connected)).collect();
    let expected = [
        ("sip:anonymous1@anonymous.invalid", true),
        ("sip:anonymous2@anonymous.invalid", false),
        ("sip:carol@home.example", true),
    ];
    assert_eq!(shown, expected);
    assert_eq!(net.focus.view().conferences[0].roster, roster);
    let to_bob = net.said.iter().filter(|(_, sent)| name(sent.to) == "bob");
    let telling = to_bob.filter(|(_, sent)| String::from_utf8_lossy(&sent.bytes).contains("alice"));
    assert_eq!(telling.count(), 0, "no Referred-By tells it either");
}

/// The network asserts who the creator is, whatever his From says: under that identity he is shown, and his REFERs may
/// name him by either.
#[test]
fn the_asserted_identity_counts() {
    let mut net = Net::new();
    let mut pcscf = pcscf_config();
    pcscf.served.as_mut().expect("it serves Alice").identity = uri("tel:+15550100");
    net.pcscf = Proxy::new(pcscf);
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    let shown: Vec<_> = net.ue.view().subscription.roster.into_iter().map(|row| row.entity).collect();
    assert_eq!(shown, ["sip:bob@home.example", "tel:+15550100"]);
    let to_himself = imsconf::role::ue::Command::Invite {
        target: uri("sip:+1-555-0100@home.example;user=phone"),
        mode: imsconf::role::ue::InviteMode::ReferToFocus,
    };
    net.ue.handle_command(net.now, to_himself).expect("it does not know its number");
    net.settle();
    assert!(net.ends().contains("603 "), "he is in the conference already\n{}", net.ends());
}
