//! How long a session lasts and who prolongs it; and an INVITE that is accepted more than once.

use imsconf_properties::invariants::{Fork, SessionTimer};
use imsconf_properties::verdict::Profile::ThreeGpp;

use crate::script::check;

/// The UE asks for a session of half an hour and is to refresh it.
const TIMED: &str = "
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 200 INVITE 1 | Require: timer | Session-Expires: 1800;refresher=uac
            D1 ue ACK 1";

#[test]
fn session_timer() {
    let text = "
        case refreshed in time, and left in time
            TIMED
            wait 900
            D1 ue UPDATE 2 | Supported: timer | Session-Expires: 1800;refresher=uac
            D1 focus 200 UPDATE 2 | Require: timer | Session-Expires: 1800;refresher=uac
            wait 1767
            D1 focus BYE 1 | Supported: timer
            holds FA-30 FA-31 FA-32 FA-33
        case nobody refreshes, and nobody hangs up
            TIMED
            wait 1801
            D1 ue BYE 2
            finds FA-31 fail
            finds FA-31 non-strict
        case a refresh without an answer is none
            TIMED
            wait 900
            -D1 ue UPDATE 2 | Supported: timer
            wait 901
            D1 ue BYE 3
            finds FA-31 non-strict
        case a minute is too short
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 60
            finds FA-30 fail
            finds FA-30 note
        case less than Min-SE
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800 | Min-SE: 3600
            finds FA-30 fail
        case Min-SE is no answer
            D1 ue INVITE* 1 | Supported: timer
            D1 focus 200 INVITE 1 | Min-SE: 90
            finds FA-30 fail
        case more is granted than was asked for
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 200 INVITE 1 | Require: timer | Session-Expires: 3600;refresher=uac
            finds FA-30 fail
        case nobody is named
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 200 INVITE 1 | Require: timer | Session-Expires: 1800
            finds FA-30 fail
        case a caller without the extension is to refresh
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1 | Require: timer | Session-Expires: 1800;refresher=uac
            finds FA-30 fail
        case he is not told to look
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 200 INVITE 1 | Session-Expires: 1800;refresher=uac
            finds FA-30 fail
        case the extension is forgotten
            TIMED
            D1 ue UPDATE 2
            finds FA-30 fail
        case two UPDATEs at a time
            TIMED
            D1 ue UPDATE 2 | Supported: timer
            D1 ue UPDATE 3 | Supported: timer
            finds FA-32 fail
        case the roles flip
            TIMED
            D1 ue UPDATE 2 | Supported: timer | Session-Expires: 1800;refresher=uas
            finds FA-33 non-strict
        case too small, and longer
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 422 INVITE 1 | Min-SE: 3600
            D1 ue ACK 1
            D1 ue INVITE* 2 | Supported: timer | Session-Expires: 3600 | Min-SE: 3600
            holds FA-12
        case too small, and the same again
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 422 INVITE 1 | Min-SE: 3600
            D1 ue ACK 1
            D1 ue INVITE* 2 | Supported: timer | Session-Expires: 1800
            finds FA-12 fail
        case 422 that does not say what would do
            D1 ue INVITE* 1 | Supported: timer | Session-Expires: 1800
            D1 focus 422 INVITE 1
            finds FA-12 fail
    ";
    check::<SessionTimer>(ThreeGpp, &text.replace("            TIMED", TIMED.trim_start_matches('\n')));
}

#[test]
fn fork() {
    check::<Fork>(
        ThreeGpp,
        "
        case the second answerer is acknowledged and ended
            @CALL
            D1 focus 200 INVITE 1 | To: <sip:factory@home>;tag=other
            D1 ue ACK 1 | To: <sip:factory@home>;tag=other
            D1 ue BYE 3 | To: <sip:factory@home>;tag=other
            holds CR-61
        case he is kept
            @CALL
            D1 focus 200 INVITE 1 | To: <sip:factory@home>;tag=other
            D1 ue ACK 1 | To: <sip:factory@home>;tag=other
            finds CR-61 fail
        ",
    );
}
