//! Users who asked for privacy: nobody else learns who they are (RFC 4575 sections 5.6 and 8.2, RFC 3325 section 9.3).

mod common;

use common::{BOB, Net, focus_config, participant_config, ue_config};
use imsconf::role::participant::{Command, Participant};
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
}
