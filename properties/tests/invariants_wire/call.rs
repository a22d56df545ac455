//! Calls: what ends them, what has to be answered, and what is negotiated in them.

use imsconf_properties::invariants::Isolation;
use imsconf_properties::verdict::Profile::ThreeGpp;

use crate::script::check;

#[test]
fn isolation() {
    check::<Isolation>(
        ThreeGpp,
        "
        case one leaves, the other stays
            @CALL
            @REFER
            @JOIN
            D3.2 focus INVITE* 1
            D3.2 p2 200 INVITE 1
            D3.1 p1 BYE 1
            holds EV-43
        case one leaves, and the other is dismissed
            @CALL
            @REFER
            @JOIN
            D3.2 focus INVITE* 1
            D3.2 p2 200 INVITE 1
            D3.1 p1 BYE 1
            D3.2 focus BYE 2
            finds EV-43 fail
        case one is busy, and the other is dismissed
            @CALL
            @REFER
            @JOIN
            D3.2 focus INVITE* 1
            D3.2 p2 486 INVITE 1
            D3.1 focus BYE 2
            finds FA-01 fail
        case one is busy, and the creator is dismissed
            @CALL
            @REFER
            @JOIN
            D3.2 focus INVITE* 1
            D3.2 p2 486 INVITE 1
            D1 focus BYE 3
            finds FA-01 fail
        case the last one leaves, and the creator is sent home
            @CALL
            @REFER
            @JOIN
            D3.1 p1 BYE 1
            D1 focus BYE 3
            finds EV-43 note
        case dismissed much later, for a reason of its own
            @CALL
            @REFER
            @JOIN
            D3.2 focus INVITE* 1
            D3.2 p2 486 INVITE 1
            wait 5
            D3.1 focus BYE 2
            finds EV-43 note
        case the creator leaves
            @CALL
            @REFER
            @JOIN
            @LEAVE
        case a 200 that crossed the CANCEL
            @CALL
            @REFER
            wait 60
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 focus BYE 2
            holds EV-43
        case one is busy, and the invitation of the other is cancelled
            @CALL
            @REFER
            D3.2 focus INVITE* 1
            D3.2 p2 486 INVITE 1
            D3.1 focus CANCEL* 1
            finds FA-01 fail
        case refused in a way that hurts nothing
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
            holds RF-43
        case refused as if the call were gone
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 404 REFER 3
            finds RF-43 non-strict
        ",
    );
}
