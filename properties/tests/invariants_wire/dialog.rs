//! What belongs to a dialog: targets, routes, numbers, tags, Contact, `isfocus`, and who hangs up when.

use imsconf_properties::invariants::{ByeEarly, CSeq, Contact, IsFocus, Route, Tags, Target};
use imsconf_properties::verdict::Profile::ThreeGpp;

use crate::script::check;

#[test]
fn target() {
    check::<Target>(
        ThreeGpp,
        "
        case everything at its place
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-24 CR-59 CR-64 RF-05 EV-20 EV-01
        case the ACK goes to the provisional Contact
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Contact: <sip:temp@focus>;isfocus
            D1 ue PRACK 2 | RAck: 1 1 INVITE | uri sip:temp@focus
            D1 focus 200 PRACK 2
            D1 focus 200 INVITE 1
            D1 ue ACK 1 | uri sip:temp@focus
            holds CR-24
            finds CR-59 fail
        case PRACK and UPDATE go to the provisional Contact
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Contact: <sip:temp@focus>;isfocus
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 ue UPDATE 3
            finds CR-24 fail
            finds CR-51 fail
        case an unreliable provisional response does not move the target
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 focus 180 INVITE 1 | Contact: <sip:other@focus>
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            holds CR-24
        case a reliable one does
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 2 | Contact: <sip:other@focus>
            D1 ue PRACK 2 | RAck: 2 1 INVITE | uri sip:other@focus
            holds CR-24
        case what is not delivered yet does not count
            @CALL
            D1 ue UPDATE 3
            -D1 focus 200 UPDATE 3 | Contact: <sip:moved@focus>
            D1 ue BYE 4
            +D1 focus 200 UPDATE 3 | Contact: <sip:moved@focus>
            holds CR-64 CR-51
        case the 2xx of an UPDATE moves the target, that of a PRACK does not
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2 | Contact: <sip:wrong@focus>
            D1 ue UPDATE 3
            D1 focus 200 UPDATE 3 | Contact: <sip:moved@focus>
            D1 ue UPDATE 4 | uri sip:moved@focus
            holds CR-51
        case a refused UPDATE moves nothing
            @CALL
            D1 ue UPDATE 3 | Contact: <sip:alice@new>
            D1 focus 500 UPDATE 3
            D1 focus BYE 1 | uri sip:alice@ue
            holds CR-64
        case an accepted one does
            @CALL
            D1 ue UPDATE 3 | Contact: <sip:alice@new>
            D1 focus 200 UPDATE 3
            D1 focus BYE 1 | uri sip:alice@ue
            finds CR-64 fail
        case a refer NOTIFY moved it, the BYE goes to the call's target
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Contact: <sip:192.0.2.9:5060>
            D1 ue 200 NOTIFY 2
            D1 ue BYE 4
            holds RF-05
            finds SD-23 note
        case the BYE goes where nobody ever was
            @CALL
            D1 ue BYE 3 | uri sip:nobody@focus
            finds CR-64 fail
        case the NOTIFY that makes the dialog goes to the Contact of the SUBSCRIBE
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1 | uri sip:alice@elsewhere
            finds EV-20 fail
        case subscribed at the provisional Contact
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Contact: <sip:temp@focus>;isfocus
            D1 ue PRACK 2 | RAck: 1 1 INVITE | uri sip:temp@focus
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            D2 ue SUBSCRIBE* 1 | uri sip:temp@focus
            finds CR-04 fail
        case subscribed somewhere else
            @CALL
            D2 ue SUBSCRIBE* 1 | uri sip:other@focus
            finds EV-01 fail
        case the ACK to a refusal and a CANCEL go where the INVITE went
            D3.1 focus INVITE* 1
            D3.1 p1 180 INVITE 1
            D3.1 focus CANCEL* 1
            D3.1 p1 200 CANCEL 1
            D3.1 p1 487 INVITE 1
            D3.1 focus ACK 1 | uri sip:p1@home
        case a copy is not judged again
            @CALL
            D1 ue BYE 3 | uri sip:nobody@focus
            D1 ue BYE 3 | uri sip:nobody@focus
            finds CR-64 fail
        ",
    );
}

#[test]
fn route() {
    // Sent and delivered differ: two proxies record their route between the UE and the focus.
    check::<Route>(
        ThreeGpp,
        "
        case two proxies
            -D1 ue INVITE* 1
            +D1 ue INVITE* 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            -D1 ue PRACK 2 | RAck: 1 1 INVITE | Route: <sip:a;lr>, <sip:b;lr>
            +D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2
            D1 focus 200 INVITE 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            -D1 ue ACK 1 | Route: <sip:a;lr>, <sip:b;lr>
            +D1 ue ACK 1
            D1 focus BYE 1 | Route: <sip:b;lr>, <sip:a;lr>
            holds CR-53 CR-54 CR-55
        case not reversed
            -D1 ue INVITE* 1
            +D1 ue INVITE* 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            D1 ue PRACK 2 | RAck: 1 1 INVITE | Route: <sip:b;lr>, <sip:a;lr>
            finds CR-53 fail
        case the called side reverses
            +D1 ue INVITE* 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            D1 focus 200 INVITE 1 | Record-Route: <sip:b;lr>, <sip:a;lr>
            D1 ue ACK 1 | Route: <sip:a;lr>, <sip:b;lr>
            D1 focus BYE 1 | Route: <sip:a;lr>, <sip:b;lr>
            finds CR-53 fail
        case no Route at all
            +D1 ue INVITE* 1 | Record-Route: <sip:a;lr>
            D1 focus 200 INVITE 1 | Record-Route: <sip:a;lr>
            D1 ue ACK 1
            finds CR-53 fail
        case the 2xx has another Record-Route, and it counts
            +D1 ue INVITE* 1 | Record-Route: <sip:a;lr>
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | Record-Route: <sip:a;lr>
            D1 focus 200 INVITE 1 | Record-Route: <sip:c;lr>
            D1 ue ACK 1 | Route: <sip:c;lr>
            holds CR-53
            finds CR-54 non-strict
        case a target refresh does not change the route
            @CALL
            D1 ue UPDATE 3
            D1 focus 200 UPDATE 3 | Record-Route: <sip:c;lr>
            D1 ue BYE 4
            holds CR-53
        case the NOTIFY gives the route of a subscription, not the 2xx
            -D2 ue SUBSCRIBE* 1
            +D2 ue SUBSCRIBE* 1 | Record-Route: <sip:a;lr>
            D2 focus 200 SUBSCRIBE 1 | Record-Route: <sip:wrong;lr>
            -D2 focus NOTIFY 1 | Route: <sip:a;lr>
            +D2 focus NOTIFY 1 | Record-Route: <sip:a;lr>, <sip:b;lr>
            D2 ue SUBSCRIBE 2 | Route: <sip:a;lr>, <sip:b;lr>
            holds CR-53
        case a proxy without lr
            D1 ue INVITE* 1 | Record-Route: <sip:a>
            finds CR-55 fail
            finds CR-55 fail
        ",
    );
}

#[test]
fn cseq() {
    check::<CSeq>(
        ThreeGpp,
        "
        case counting in both directions
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-56
        case used twice
            @CALL
            D1 ue UPDATE 3
            D1 ue BYE 3
            finds CR-56 fail
        case going back
            @CALL
            D1 ue UPDATE 3
            D1 ue BYE 2
            D1 focus 500 BYE 2
            holds CR-57
            finds CR-56 fail
        case a gap
            @CALL
            D1 ue BYE 4
            finds CR-56 fail
        case a gap after a challenge
            @CALL
            -D1 ue UPDATE 3
            +D1 focus 407 UPDATE 3
            D1 ue UPDATE 4
            D1 ue BYE 6
            holds CR-56
        case a copy is no second use
            @CALL
            D1 ue BYE 3
            D1 ue BYE 3
            holds CR-56
        case the same number and method for another request
            @CALL
            D1 ue UPDATE 3
            D1 ue UPDATE 3 | Via: SIP/2.0/UDP h;branch=z9hG4bKother
            finds CR-56 fail
        case too large
            D1 ue INVITE* 2147483648
            finds CR-56 fail
        case overtaken and refused
            @CALL
            -D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            +D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 500 REFER 3
            holds CR-56 CR-57
        case overtaken and accepted
            @CALL
            -D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            +D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            finds CR-57 fail
        case a late ACK is no late request
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            -D1 ue ACK 1
            D1 ue UPDATE 2
            +D1 ue ACK 1
            D1 focus 200 UPDATE 2
            holds CR-56
        ",
    );
}

#[test]
fn tags() {
    check::<Tags>(
        ThreeGpp,
        "
        case the tags of the dialogs
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-50
        case no To tag in a BYE
            @CALL
            D1 ue BYE* 3
            finds CR-50 fail
        case no From tag
            D1 ue INVITE* 1 | From: <sip:alice@home>
            finds CR-50 fail
        case another To tag
            @CALL
            D1 ue BYE 3 | To: <sip:factory@focus>;tag=other
            finds CR-50 fail
        case a dialog that there is not
            D1 ue BYE 1
            finds CR-50 fail
        case the 200 has another tag than the 183
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1
            D1 focus 200 INVITE 1 | To: <sip:factory@focus>;tag=other
            finds CR-50 fail
        case a response without tag
            D1 ue INVITE* 1
            D1 focus 180 INVITE 1 | To: <sip:factory@focus>
            finds CR-50 fail
        case 100 needs none
            D1 ue INVITE* 1
            D1 focus 100 INVITE 1
            holds CR-50
        case the NOTIFY before the 2xx belongs to the SUBSCRIBE
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1
            D2 ue 200 NOTIFY 1
            D2 focus 200 SUBSCRIBE 1
            holds CR-50
        case a CANCEL has no To tag
            D3.1 focus INVITE* 1
            D3.1 p1 180 INVITE 1
            D3.1 focus CANCEL* 1
            D3.1 p1 200 CANCEL 1
            D3.1 p1 487 INVITE 1
            D3.1 focus ACK 1
            holds CR-50
        ",
    );
}

#[test]
fn contact() {
    check::<Contact>(
        ThreeGpp,
        "
        case one Contact where it belongs
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-50 CR-24 EV-01 EV-20 RF-02 RF-33
        case missing everywhere
            D1 ue INVITE* 1 | without Contact
            D1 focus 183 INVITE 1 | without Contact
            D1 focus 200 INVITE 1 | without Contact
            D1 ue UPDATE 2 | without Contact
            D1 focus 200 UPDATE 2 | without Contact
            D1 ue REFER 3 | without Contact
            D1 focus 202 REFER 3 | without Contact
            D1 focus NOTIFY 1 | without Contact
            D2 ue SUBSCRIBE* 1 | without Contact
            D2 focus 200 SUBSCRIBE 1 | without Contact
            finds CR-50 fail
            finds CR-50 fail
            finds CR-50 fail
            finds CR-38 fail
            finds CR-38 fail
            finds RF-02 fail
            finds RF-33 non-strict
            finds EV-20 fail
            finds EV-01 fail
            finds CR-50 fail
        case two in a REFER
            @CALL
            D1 ue REFER 3 | Contact: <sip:alice@ue>, <sip:alice@other>
            finds RF-02 fail
        case one in a PRACK
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE | Contact: <sip:alice@ue>
            holds CR-50
            finds CR-24 non-strict
        case the Record-Route is not repeated
            -D1 ue INVITE* 1
            +D1 ue INVITE* 1 | Record-Route: <sip:a;lr>
            D1 focus 200 INVITE 1
            finds CR-50 fail
        case a refusal needs no Contact
            D1 ue INVITE* 1
            D1 focus 403 INVITE 1 | without Contact
            holds CR-50
        ",
    );
}

#[test]
fn isfocus() {
    check::<IsFocus>(
        ThreeGpp,
        "
        case marked everywhere
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-05 CR-06 CR-07
        case forgotten
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Contact: <sip:temp@focus>
            D1 focus 200 INVITE 1 | Contact: <sip:conf@focus>
            D1 ue ACK 1
            D1 ue UPDATE 2
            D1 focus 200 UPDATE 2 | Contact: <sip:conf@focus>
            D3.1 focus INVITE* 1 | Contact: <sip:conf@focus>
            finds CR-07 non-strict
            finds CR-05 fail
            finds CR-07 note
            finds CR-07 non-strict
        case inside the URI
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1 | Contact: <sip:conf@focus;isfocus>
            finds CR-06 fail
            finds CR-05 fail
        case another spelling
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1 | Contact: <sip:conf@focus>;IsFocus
            holds CR-05
        ",
    );
}

#[test]
fn bye_early() {
    check::<ByeEarly>(
        ThreeGpp,
        "
        case after the ACK
            @CALL
            D1 focus BYE 1
            holds CR-63
        case before the ACK
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            -D1 ue ACK 1
            D1 focus BYE 1
            finds CR-63 fail
        case long without an ACK
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            wait 40
            D1 focus BYE 1
            holds CR-63
        case in the early dialog
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1
            D1 focus BYE 1
            finds CR-63 fail
        case the caller may
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1
            D1 ue BYE 2
            D3.1 focus INVITE* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus BYE 2
        case the invited user before the ACK
            D3.1 focus INVITE* 1
            D3.1 p1 200 INVITE 1
            D3.1 p1 BYE 1
            finds CR-63 fail
        ",
    );
}
