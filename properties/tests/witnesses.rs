//! The witnesses of the optional procedures: the implementation can be led to do all that the model shows to be
//! possible. Those of the plain procedures are followed by `imsconf verify`.

use imsconf_model::{Conference, Configuration, Procedure, explore};
use imsconf_properties::verdict::Profile;
use imsconf_properties::witness::{not_ours, replay};

/// Follows the witnesses of one invited user with this procedure, and a loss.
fn follow(procedure: Procedure) {
    let configuration = Configuration { model: Conference::new(1, 1), symmetry: false }.with(procedure);
    let report = explore(&configuration, &mut |_| {});
    let ours = report.witnesses.iter().filter(|witness| witness.prompt && not_ours(witness).is_none());
    for witness in ours {
        let followed = replay(witness, Profile::ThreeGpp);
        let failure = followed.report.as_ref().and_then(|report| report.failure.as_ref());
        assert!(
            followed.is_good(),
            "{}: shown: {}, {:?}, {failure:?}",
            witness.name,
            followed.shown,
            followed.schedule.err()
        );
    }
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
