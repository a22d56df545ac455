//! Changes of a session that cross.

use imsconf_properties::invariants::Glare;
use imsconf_properties::verdict::Profile::ThreeGpp;

use crate::script::check;

#[test]
fn glare() {
    check::<Glare>(
        ThreeGpp,
        "
        case both are refused, and the owner of the Call-ID waits longer
            @CALL
            @REFER
            @JOIN
            -D3.1 focus INVITE 2 | sdp c 2
            -D3.1 p1 INVITE 1 | sdp p 2
            +D3.1 focus INVITE 2 | sdp c 2
            +D3.1 p1 INVITE 1 | sdp p 2
            D3.1 p1 491 INVITE 2
            D3.1 focus 491 INVITE 1
            wait 1
            D3.1 p1 INVITE 2 | sdp p 2
            D3.1 focus 200 INVITE 2 | sdp c 3
            D3.1 p1 ACK 2
            wait 2
            D3.1 focus INVITE 3 | sdp c 4
            D3.1 p1 200 INVITE 3 | sdp p 3
            holds FA-15 CR-36
        case one is served
            @CALL
            @REFER
            @JOIN
            -D3.1 focus INVITE 2 | sdp c 2
            -D3.1 p1 INVITE 1 | sdp p 2
            +D3.1 focus INVITE 2 | sdp c 2
            D3.1 p1 200 INVITE 2 | sdp p 3
            finds FA-15 fail
        case the wrong code
            @CALL
            @REFER
            @JOIN
            -D3.1 focus INVITE 2 | sdp c 2
            -D3.1 p1 INVITE 1 | sdp p 2
            +D3.1 p1 INVITE 1 | sdp p 2
            D3.1 focus 500 INVITE 1
            finds FA-15 fail
        case the owner does not wait
            @CALL
            @REFER
            @JOIN
            -D3.1 focus INVITE 2 | sdp c 2
            -D3.1 p1 INVITE 1 | sdp p 2
            +D3.1 focus INVITE 2 | sdp c 2
            D3.1 p1 491 INVITE 2
            wait 1
            D3.1 focus INVITE 3 | sdp c 2
            finds CR-36 non-strict
        case an UPDATE without an offer crosses a re-INVITE
            @CALL
            -D1 ue INVITE 3 | sdp u 3
            -D1 focus UPDATE 1
            +D1 ue INVITE 3 | sdp u 3
            +D1 focus UPDATE 1
            D1 focus 200 INVITE 3 | sdp f 3
            D1 ue 200 UPDATE 1
            holds FA-15
        case an UPDATE with an offer meets a re-INVITE
            @CALL
            -D1 ue INVITE 3 | sdp u 3
            -D1 focus UPDATE 1 | sdp f 3
            +D1 focus UPDATE 1 | sdp f 3
            D1 ue 200 UPDATE 1 | sdp u 4
            finds CR-35 fail
        case a second re-INVITE before the answer to the first
            @CALL
            -D1 ue INVITE 3 | sdp u 3
            -D1 ue INVITE 4 | sdp u 3
            finds FA-15 fail
        ",
    );
}
