//! Creating a conference by the factory URI, with the second offer in the PRACK and in an UPDATE (TS 34.229-5 A.16).

mod common;

use std::time::Duration;

use common::{Net, focus_config, ue_config};
use imsconf::agent::Agent as _;
use imsconf::role::focus;
use imsconf::role::ue::{Event, SecondOffer};
use imsconf::view::{CallState, FocusCallState};

#[test]
fn the_second_offer_rides_in_the_prack() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    insta::assert_snapshot!(net.ladder.join("\n"));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
    let uri = net.focus.view().conferences[0].uri.clone();
    assert_eq!(net.ue_events, [Event::ConferenceCreated { uri: uri.clone() }]);
    assert_eq!(net.ue.view().conference, Some(uri));
}

#[test]
fn the_second_offer_rides_in_an_update() {
    let mut net = Net::new();
    net.create(SecondOffer::Update);
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
}

#[test]
fn a_factory_that_does_not_admit_the_user_refuses_and_keeps_nothing() {
    let mut net = Net::new();
    let policy = focus::Command::Policy { admit_creation: false, admit_refer: true };
    net.focus.handle_command(net.now, policy).expect("policy");
    net.create(SecondOffer::Prack);
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().call, CallState::Failed { code: 403 });
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 403 }]);
    assert!(net.focus.view().conferences.is_empty());
    net.run_dry();
    assert_eq!(net.ue.view().counts, Default::default());
    assert_eq!(net.focus.view().counts, Default::default());
}

#[test]
fn a_factory_that_never_answers_counts_as_408() {
    let mut net = Net::new();
    net.ue
        .handle_command(net.now, imsconf::role::ue::Command::Create { second_offer: SecondOffer::Prack })
        .expect("create");
    net.run_until_unless(net.now + Duration::from_secs(200), |message| message.is_request());
    assert_eq!(net.ue.view().call, CallState::Failed { code: 408 });
    assert_eq!(net.ue.view().counts, Default::default());
    let copies = net.ladder.iter().filter(|line| line.starts_with("ue")).count();
    assert_eq!(copies, 7, "Timer A of IMS: 0, 2, 6, 14, 30, 62, 126 s");
}

#[test]
fn every_message_lost_once_still_makes_the_conference() {
    let lossless = {
        let mut net = Net::with(ue_config(), focus_config());
        net.create(SecondOffer::Update);
        net.ladder.len()
    };
    for lost in 0..lossless {
        let mut net = Net::new();
        let command = imsconf::role::ue::Command::Create { second_offer: SecondOffer::Update };
        net.ue.handle_command(net.now, command).expect("create");
        let seen = std::cell::Cell::new(0);
        net.run_until_unless(net.now + Duration::from_secs(60), |_| seen.replace(seen.get() + 1) == lost);
        assert_eq!(net.ue.view().call, CallState::Confirmed, "datagram {lost}:\n{}", net.ladder.join("\n"));
        assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed, "datagram {lost}");
        assert_eq!(net.focus.view().conferences.len(), 1, "datagram {lost}");
    }
}
