//! The invariants of the wire, each seen to hold and to fail on observations written by hand.
//!
//! Read first: `script.rs`, which says how an observation is written.

mod call;
mod dialog;
mod document;
mod headers;
mod hold;
mod refer;
mod script;
mod session_timer;
mod subscription;

use imsconf_properties::verdict::Profile;

#[test]
fn a_conforming_conference_has_no_findings() {
    let text = "case conforming\n @CALL\n @SUBSCRIBE\n @REFER\n @JOIN\n @SHOWN\n @LEAVE";
    assert_eq!(script::findings(Profile::ThreeGpp, text), Vec::<String>::new());
}
