//! Calls: what ends them, what has to be answered, and what is negotiated in them.

use imsconf_properties::invariants::{Isolation, OfferAnswer, Prack, Qos, Timeout};
use imsconf_properties::verdict::Profile::{Ietf, ThreeGpp};

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

#[test]
fn prack() {
    check::<Prack>(
        ThreeGpp,
        "
        case acknowledged, then answered
            @CALL
            holds CR-20 CR-21 CR-24 CR-25 CR-26 CR-27 CR-29
        case a copy before the PRACK came
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            -D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            +D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2
            holds CR-24 CR-26
        case a copy after the PRACK came
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            finds CR-22 fail
        case a copy of the INVITE is answered with a copy
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 focus 200 PRACK 2
            holds CR-22
        case not asked for
            D1 ue INVITE* 1 | Supported: timer
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            finds CR-20 fail
        case half of it
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | RSeq: 1
            finds CR-20 fail
        case a reliable 100
            D1 ue INVITE* 1
            D1 focus 100 INVITE 1 | Require: 100rel | RSeq: 1
            finds CR-20 fail
        case half of it, and acknowledged
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            finds CR-20 fail
            finds CR-28 fail
        case RSeq 0
            D1 ue INVITE* 1
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 0
            finds CR-21 fail
        case RSeq skips
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 180 INVITE 1 | Require: 100rel | RSeq: 7
            D1 ue PRACK 3 | RAck: 7 1 INVITE
            finds CR-21 fail
        case a second one too early
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            -D1 focus 180 INVITE 1 | Require: 100rel | RSeq: 6
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            finds CR-23 fail
        case one after the final response
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            finds CR-23 fail
        case RAck names nothing
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 6 1 INVITE
            D1 focus 481 PRACK 2
            D1 ue PRACK 3 | RAck: 5 1 INVITE
            finds CR-24 fail
        case RAck cannot be read
            D1 ue PRACK 2 | RAck: undefined
            finds CR-24 fail
        case RAck with the wrong CSeq number
            D1 ue INVITE* 2
            D1 focus 183 INVITE 2 | Require: 100rel | RSeq: 5
            D1 ue PRACK 3 | RAck: 5 1 INVITE
            D1 ue PRACK 4 | RAck: 5 2 INVITE
            finds CR-29 fail
        case acknowledged twice
            @CALL
            D1 ue PRACK 3 | RAck: 1 1 INVITE
            D1 focus 481 PRACK 3
            finds CR-25 non-strict
        case challenged and acknowledged again
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 407 PRACK 2
            D1 ue PRACK 3 | RAck: 5 1 INVITE
            D1 focus 200 PRACK 3
            holds CR-24 CR-25 CR-26
        case challenged once and acknowledged three times
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 407 PRACK 2
            D1 ue PRACK 3 | RAck: 5 1 INVITE
            D1 focus 200 PRACK 3
            D1 ue PRACK 4 | RAck: 5 1 INVITE
            D1 focus 481 PRACK 4
            finds CR-25 non-strict
        case another one was challenged
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 200 PRACK 2
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 6
            D1 ue PRACK 3 | RAck: 6 1 INVITE
            D1 focus 407 PRACK 3
            D1 ue PRACK 4 | RAck: 5 1 INVITE
            D1 focus 481 PRACK 4
            finds CR-25 non-strict
        case a match is refused
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 481 PRACK 2
            finds CR-26 fail
        case the offer in a match is refused
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 488 PRACK 2
            finds CR-26 non-strict
        case no match is accepted
            D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 200 PRACK 2
            finds CR-24 fail
            finds CR-26 fail
        case answered before the PRACK
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5 | sdp f 1
            D1 focus 200 INVITE 1
            finds CR-27 fail
        case the PRACK is still under way
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5 | sdp f 1
            -D1 ue PRACK 2 | RAck: 5 1 INVITE
            D1 focus 200 INVITE 1
            finds CR-27 fail
        case without a description nothing waits
            D1 ue INVITE* 1
            D1 focus 180 INVITE 1 | Require: 100rel | RSeq: 5
            D1 focus 200 INVITE 1
            holds CR-27
        case never acknowledged
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
            finds CR-24 fail
        case lost, so never acknowledged
            D1 ue INVITE* 1
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 5
        ",
    );
}

#[test]
fn offer_answer() {
    check::<OfferAnswer>(
        ThreeGpp,
        "
        case offer 2 in the PRACK
            @CALL
            holds CR-11 CR-30 CR-31 CR-33 CR-34
        case offer 2 in an UPDATE
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2
            D1 ue UPDATE 3 | sdp u 2
            D1 focus 200 UPDATE 3 | sdp f 2
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            holds CR-30 CR-31 CR-32 CR-33 CR-34
        case UPDATE is not said to be understood
            D1 ue INVITE* 1 | sdp u 1 | Allow: INVITE, ACK, CANCEL, BYE
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1 | without Allow
            finds CR-11 non-strict
            finds CR-11 non-strict
        case UPDATE before the answer
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 2
            finds CR-32 fail
        case the answer is still under way
            D1 ue INVITE* 1 | sdp u 1
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 2
            finds CR-32 fail
        case offer in PRACK before the answer
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE | sdp u 2
            finds CR-31 fail
        case no answer in the 200 to PRACK
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE | sdp u 2
            D1 focus 200 PRACK 2
            finds CR-31 fail
        case description in the 200 to a PRACK without offer
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2 | sdp f 1
            finds CR-31 fail
        case no answer to UPDATE
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 2
            D1 focus 200 UPDATE 2
            finds CR-32 fail
        case a refused UPDATE leaves room for the next
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 2
            D1 focus 491 UPDATE 2
            D1 ue UPDATE 3 | sdp u 2
            D1 focus 200 UPDATE 3 | sdp f 2
            holds CR-32
        case the focus offers while an offer is open
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 2
            D1 focus UPDATE 1 | sdp f 2
            finds CR-32 fail
        case answered nowhere
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 200 INVITE 1
            finds CR-30 fail
        case the answer in the 200
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 200 INVITE 1 | sdp f 1
            D1 ue ACK 1
            holds CR-30
        case a preview first
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | sdp f 1
            D1 focus 200 INVITE 1 | sdp f 1
            holds CR-30
        case no offer in the INVITE
            D1 ue INVITE* 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE | sdp u 1
            D1 focus 200 PRACK 2
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            holds CR-31
        case the offer in the 200, the answer in the ACK
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1 | sdp f 1
            D1 ue ACK 1 | sdp u 1
            holds CR-32 CR-34
        case a description in the ACK that nobody asked for
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 200 INVITE 1 | sdp f 1
            D1 ue ACK 1 | sdp u 2
            finds CR-30 fail
        case the answer changes in a later response
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 2 | sdp f 2
            finds CR-30 fail
        case the answer again in the 200
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            D1 focus 200 PRACK 2
            D1 focus 200 INVITE 1 | sdp f 1
            finds CR-37 non-strict
        case another answer in the 200
            @CALL
            D1 ue INVITE 4 | sdp u 3
            D1 focus 183 INVITE 4 | Require: 100rel | RSeq: 1 | sdp f 3
            D1 ue PRACK 5 | RAck: 1 4 INVITE
            D1 focus 200 PRACK 5
            D1 focus 200 INVITE 4 | sdp f 4
            finds CR-37 fail
        case the version stays, the description changes
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 1 sendonly
            finds CR-33 fail
        case the version goes back
            D1 ue INVITE* 1 | sdp u 2
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 1
            finds CR-33 fail
        case the version jumps
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp u 3
            finds CR-33 non-strict
        case another origin
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue UPDATE 2 | sdp v 2
            finds CR-33 fail
        case fewer streams
            D1 ue INVITE* 1 | sdp u 1 two
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1 two
            D1 ue UPDATE 2 | sdp u 2
            finds CR-33 fail
        case a stream is not answered
            D1 ue INVITE* 1 | sdp u 1 two
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            finds CR-34 fail
        case both only send
            D1 ue INVITE* 1 | sdp u 1 sendonly
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1 sendonly
            finds CR-34 fail
        case held
            D1 ue INVITE* 1 | sdp u 1 sendonly
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1 recvonly
            holds CR-34
        case UPDATE after an offer in the PRACK
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1
            D1 ue PRACK 2 | RAck: 1 1 INVITE | sdp u 2
            D1 focus 200 PRACK 2 | sdp f 2
            D1 ue UPDATE 3 | sdp u 3
            D1 focus 200 UPDATE 3 | sdp f 3
            finds SD-18 note
        ",
    );
}

#[test]
fn qos() {
    const NO_REQUIRE: &str = "
        case a later offer without Require
            D1 ue INVITE* 1 | Require: precondition | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
            D1 ue PRACK 2 | RAck: 1 1 INVITE | sdp u 2 sendrecv none";
    const SUPPORTED: &str = "
        case the first offer only supports preconditions
            D1 ue INVITE* 1 | sdp u 1 none none";
    check::<Qos>(
        ThreeGpp,
        "
        case met before the 200
            @CALL
            holds CR-41 CR-43 CR-44 CR-48
        case 200 before they are met
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 200 INVITE 1 | Require: precondition | sdp f 1 none none
            finds CR-41 fail
        case alerting before they are met
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 180 INVITE 1
            finds CR-41 non-strict
        case the offer that meets them is lost
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
            -D1 ue PRACK 2 | RAck: 1 1 INVITE | Require: precondition | sdp u 2 sendrecv none
            D1 focus 200 INVITE 1
            finds CR-41 fail
        case there are none
            D1 ue INVITE* 1 | sdp u 1
            D1 focus 200 INVITE 1 | sdp f 1
        case the confirmation never comes
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
            D1 ue PRACK 2 | RAck: 1 1 INVITE
            finds CR-43 fail
        case the confirmation has not come yet
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
            cut
            finds CR-43 inconclusive
        case the call failed first
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
            D1 focus 580 INVITE 1
        case preconditions answered without Require
            D1 ue INVITE* 1 | sdp u 1 none none
            D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1 | sdp f 1 none none
            finds CR-48 fail
        ",
    );
    check::<Qos>(ThreeGpp, &[NO_REQUIRE, "\nfinds CR-44 non-strict"].concat());
    check::<Qos>(Ietf, &[NO_REQUIRE, "\nfinds CR-44 fail"].concat());
    check::<Qos>(ThreeGpp, SUPPORTED);
    check::<Qos>(Ietf, &[SUPPORTED, "\nfinds CR-48 non-strict"].concat());
}

#[test]
fn timeout() {
    check::<Timeout>(
        ThreeGpp,
        "
        case everything is answered
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds CR-26 CR-59 CR-60 CR-64 EV-20 FA-16 FA-20
        case the 2xx is not acknowledged
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            D1 focus BYE 1
            D1 ue 200 BYE 1
            finds CR-59 fail
        case a copy of the 2xx is not acknowledged
            @CALL
            D1 focus 200 INVITE 1
            finds CR-59 fail
        case every copy is acknowledged
            @CALL
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            holds CR-59
        case the ACK is lost for good, and nobody ends the call
            D1 ue INVITE* 1
            D1 focus 200 INVITE 1
            -D1 ue ACK 1
            finds CR-60 non-strict
        case the 2xx is lost for good, and the call is ended
            D1 ue INVITE* 1
            -D1 focus 200 INVITE 1
            D1 focus BYE 1
            D1 ue 481 BYE 1
            holds CR-60
        case the refusal is not acknowledged
            D1 ue INVITE* 1
            D1 focus 403 INVITE 1
            finds FA-09 fail
        case the refusal is acknowledged
            D1 ue INVITE* 1
            D1 focus 403 INVITE 1
            D1 ue ACK 1
            holds FA-09
        case an UPDATE gets 100 and no more
            @CALL
            D1 ue UPDATE 3
            D1 focus 100 UPDATE 3
            finds FA-16 fail
        case cut before the answer
            @CALL
            D1 ue UPDATE 3
            cut
            finds FA-16 inconclusive
        case NOTIFY is never answered
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            finds EV-20 fail
        case NOTIFY is lost for good
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            holds EV-20
        case BYE is never answered
            @CALL
            D1 ue BYE 3
            finds CR-64 fail
        case rings for ever
            @CALL
            @REFER
            finds FA-03 fail
        case cancelled after a while
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 CANCEL 1
            D3.1 p1 487 INVITE 1
            D3.1 focus ACK 1
            holds CR-62 FA-09
        case the CANCEL gets no effect
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 CANCEL 1
            holds FA-03
            finds CR-62 non-strict
        case the CANCEL gets no answer
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 487 INVITE 1
            D3.1 focus ACK 1
            finds CR-62 fail
        case a 200 crosses the CANCEL and is ended
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 p1 200 CANCEL 1
            D3.1 focus BYE 2
            D3.1 p1 200 BYE 2
            holds CR-67
        case a 200 crosses the CANCEL and stays
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 p1 200 CANCEL 1
            finds CR-67 non-strict
        case the reliable response is never acknowledged
            D1 ue INVITE* 1
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            finds CR-22 non-strict
        case the INVITE is refused for it
            D1 ue INVITE* 1
            -D1 focus 183 INVITE 1 | Require: 100rel | RSeq: 1
            D1 focus 504 INVITE 1
            D1 ue ACK 1
            holds FA-09
        case the creator leaves, a participant stays
            @CALL
            @REFER
            @JOIN
            D1 ue BYE 4
            D1 focus 200 BYE 4
            finds FA-20 fail
        case a first NOTIFY after Timer N is accepted
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            wait 129
            D2 focus NOTIFY 1 | roster 1 full alice
            D2 ue 200 NOTIFY 1
            finds EV-05 non-strict
        case a first NOTIFY after Timer N is refused
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            wait 129
            D2 focus NOTIFY 1 | roster 1 full alice
            D2 ue 481 NOTIFY 1
            holds EV-05
        ",
    );
}
