//! The witnesses of the optional procedures: the implementation can be led to do all that the model shows to be
//! possible. Those of the plain procedures are followed by `imsconf verify`.

use imsconf_model::{Configuration, Procedure, explore};
use imsconf_properties::verdict::Profile;
use imsconf_properties::witness::{not_ours, replay};

/// Follows the witnesses of one invited user with this procedure, and a loss.
fn follow(procedure: Procedure) {
    let configuration = Configuration::new(1, 1, false).with(procedure);
    let report = explore(&configuration, &mut |_| {});
    let ours = report.witnesses.iter().filter(|witness| witness.prompt && not_ours(witness).is_none());
    let followed = ours.map(|witness| replay(witness, Profile::ThreeGpp)).filter(|followed| !followed.is_good());
    let missed: Vec<String> = followed
        .map(|followed| {
            let failure = followed.report.as_ref().and_then(|report| report.failure.as_ref());
            format!("{}: {:?} {failure:?}", followed.name, followed.schedule.err())
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn refreshing_and_unsubscribing_are_followed() {
    follow(Procedure::SubscriptionControl);
}

#[test]
fn many_subscribers_are_followed() {
    follow(Procedure::ManySubscribers);
}

#[test]
fn a_replaced_call_is_followed() {
    follow(Procedure::Replacement);
}

#[test]
fn hold_and_glare_are_followed() {
    follow(Procedure::Hold);
}
