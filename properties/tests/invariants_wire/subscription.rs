//! Subscriptions and their notifications.

use imsconf_properties::invariants::{EarlyNotify, FailureRemoves, FirstNotify, SsHdr, TermOnce};
use imsconf_properties::verdict::Profile::{Ietf, ThreeGpp};

use crate::script::check;

#[test]
fn first_notify() {
    check::<FirstNotify>(
        ThreeGpp,
        "
        case both packages
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            holds EV-03 RF-06 RF-28
        case NOTIFY before the 2xx
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1 | roster 1 full
            D2 focus 200 SUBSCRIBE 1
            holds EV-03
        case no NOTIFY at all
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            finds EV-03 fail
        case no NOTIFY for the REFER
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            holds RF-03
            finds RF-06 fail
        case the observation stops too early
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            cut
            finds EV-03 inconclusive
        case NOTIFY much too late
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            wait 129
            D2 focus NOTIFY 1 | roster 1 full
            finds EV-03 fail
        case waits for the answer to another NOTIFY
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            wait 100
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            wait 100
            D1 focus NOTIFY 3 | Event: refer;id=4 | frag SIP/2.0 100 Trying
            holds RF-06
        case two REFERs, and no id tells which NOTIFY is whose
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 1 | frag SIP/2.0 100 Trying
            D1 focus NOTIFY 2 | frag SIP/2.0 100 Trying
            holds RF-06
        case two REFERs, and one NOTIFY without id
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 1 | frag SIP/2.0 100 Trying
            finds RF-06 fail
        case refused, no NOTIFY
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
        case refused, yet a NOTIFY
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            finds RF-28 fail
        case no subscription asked for
            @CALL
            D1 ue REFER 3 | Refer-Sub: false | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3 | Refer-Sub: false
            holds RF-03
        case the asking alone does not do
            @CALL
            D1 ue REFER 3 | Refer-Sub: false | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            finds RF-06 fail
        case nosub
            @CALL
            D1 ue REFER 3 | Require: nosub | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
        case the dialog died first
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 ue 404 NOTIFY 2
        case 200 to REFER
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 200 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            holds RF-06
            finds RF-03 note
        ",
    );
    check::<FirstNotify>(
        Ietf,
        "
        case 202 to REFER
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            holds RF-06
            finds RF-03 non-strict
        ",
    );
}

#[test]
fn term_once() {
    check::<TermOnce>(
        ThreeGpp,
        "
        case whole procedure
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds EV-09 RF-09 EV-21
        case a copy of the last NOTIFY
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 486 Busy Here
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 486 Busy Here
            holds RF-09
        case NOTIFY after the last
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 486 Busy Here
            D1 focus NOTIFY 3 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            finds RF-09 fail
        case final status, still active
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 200 OK
            D1 ue 200 NOTIFY 2
            finds RF-09 fail
            finds RF-09 fail
        case wrong reason
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=timeout | frag SIP/2.0 200 OK
            finds RF-09 fail
        case outcome unknown is legal
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=timeout | frag SIP/2.0 100 Trying
            holds RF-09
        case never ended
            @CALL
            @REFER
            finds RF-09 fail
        case cut before the end
            @CALL
            @REFER
            cut
            finds RF-09 inconclusive
        case removed by 481
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            D1 ue 481 NOTIFY 1
        case removed by a time-out
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            -D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
        case active, then pending
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | Subscription-State: pending;expires=500
            cut
            finds EV-09 fail
        case conference over, subscription not
            @CALL
            @SUBSCRIBE
            D1 ue BYE 3
            D1 focus 200 BYE 3
            finds EV-21 fail
        case conference over, odd reason
            @CALL
            @SUBSCRIBE
            D1 ue BYE 3
            D1 focus 200 BYE 3
            D2 focus NOTIFY 2 | Subscription-State: terminated;reason=rejected
            D2 ue 200 NOTIFY 2
            finds EV-21 non-strict
        case no ids, two REFERs: not to be told apart
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 2 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            D1 focus NOTIFY 3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            cut
            holds RF-09
        ",
    );
}

#[test]
fn failure_removes() {
    check::<FailureRemoves>(
        ThreeGpp,
        "
        case 481, then silence
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 481 NOTIFY 2
            holds EV-14
        case 481, then NOTIFY
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 481 NOTIFY 2
            D2 focus NOTIFY 3 | roster 3 partial p1
            finds EV-14 fail
        case NOTIFY crosses the 481
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            -D2 ue 481 NOTIFY 2
            D2 focus NOTIFY 3 | roster 3 partial p1
            +D2 ue 481 NOTIFY 2
            holds EV-14
        case refer: 481, then the final report all the same
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            D1 ue 481 NOTIFY 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            finds FA-07 fail
        case 500 removes nothing
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 500 NOTIFY 2
            D2 focus NOTIFY 3 | roster 3 partial p1
        case timed out, then NOTIFY
            @CALL
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            wait 130
            D2 focus NOTIFY 3 | roster 3 partial p1
            finds FA-08 non-strict
        case not yet timed out
            @CALL
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            wait 5
            D2 focus NOTIFY 3 | roster 3 partial p1
            holds FA-08
        ",
    );
}

#[test]
fn early_notify() {
    check::<EarlyNotify>(
        ThreeGpp,
        "
        case before the 2xx
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 200 NOTIFY 1
            cut
            holds EV-04
        case before the 2xx, refused
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 481 NOTIFY 1
            cut
            finds EV-04 fail
        case taken for a loop
            D2 ue SUBSCRIBE* 1
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 482 NOTIFY 1
            cut
            finds EV-04 fail
        case before the 202
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            D1 ue 200 NOTIFY 1
            cut
            holds RF-07
        case before the 202, refused
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            D1 ue 481 NOTIFY 1
            cut
            finds RF-07 fail
        case 500 without cause
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            D1 ue 500 NOTIFY 1
            cut
            finds RF-07 fail
        case overtaken: 500 is legal
            @CALL
            @REFER
            -D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 focus NOTIFY 3 | Event: refer;id=3 | frag SIP/2.0 183 x
            +D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 ue 500 NOTIFY 2
            D1 ue 200 NOTIFY 3
            cut
            holds EV-20
        case after the BYE
            @CALL
            @REFER
            D1 ue BYE 4
            D1 focus 200 BYE 4
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 x
            D1 ue 200 NOTIFY 2
            cut
            holds EV-22
        case after the BYE, refused
            @CALL
            @REFER
            D1 ue BYE 4
            D1 focus 200 BYE 4
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 x
            D1 ue 481 NOTIFY 2
            cut
            finds EV-22 fail
        case nothing asked for: 481 is right
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 481 NOTIFY 1
            cut
        case REFER was refused: 481 is right
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 x
            D1 ue 481 NOTIFY 1
            cut
        case given up by Timer N: 481 is right
            D2 ue SUBSCRIBE* 1
            wait 33
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 481 NOTIFY 1
            cut
        case after terminated: 481 is right
            @CALL
            @REFER
            @JOIN
            D1 focus NOTIFY 3 | Event: refer;id=3 | frag SIP/2.0 200 OK
            D1 ue 481 NOTIFY 3
            cut
        case method not allowed
            @CALL
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 405 NOTIFY 2
            cut
            finds EV-20 non-strict
        ",
    );
}

#[test]
fn subscription_state_header() {
    check::<SsHdr>(
        ThreeGpp,
        "
        case both packages
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            @LEAVE
            holds EV-02 EV-08
        case good
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active;expires=600
            cut
            holds EV-08
        case comma
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active,expires=600
            cut
            finds EV-08 fail
        case no expires
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active
            cut
            finds EV-08 non-strict
        case over
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: terminated;reason=noresource
            cut
            holds EV-08
        case over, with expires
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: terminated;reason=noresource;expires=0
            cut
            finds EV-08 non-strict
        case over, without reason
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: terminated
            cut
            finds EV-08 non-strict
        case longer than granted
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active;expires=601
            cut
            finds EV-08 fail
        case a token of somebody else
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: waiting
            cut
            holds EV-08
        case no header
            D2 focus NOTIFY 1 | without Subscription-State
            cut
            finds EV-08 fail
        case no Event
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | without Event
            cut
            finds EV-08 fail
        case time grows back after a shorter grant
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active;expires=600
            D2 focus NOTIFY 2 | Subscription-State: active;expires=100
            D2 focus NOTIFY 3 | Subscription-State: active;expires=200
            cut
            finds EV-08 fail
        case time grows after a refresh
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active;expires=600
            D2 focus NOTIFY 2 | Subscription-State: active;expires=100
            D2 ue SUBSCRIBE 2
            D2 focus 200 SUBSCRIBE 2
            D2 focus NOTIFY 3 | Subscription-State: active;expires=200
            cut
            holds EV-08
        case refer: time grows
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: active;expires=301 | frag SIP/2.0 180 x
            cut
            finds RF-49 non-strict
        case 2xx without Expires
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1 | without Expires
            cut
            finds EV-02 fail
        case more than asked
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1 | Expires: 601
            cut
            finds EV-02 fail
        case more than the default
            D2 ue SUBSCRIBE* 1 | without Expires
            D2 focus 200 SUBSCRIBE 1 | Expires: 7200
            cut
            finds EV-18 fail
        case the default
            D2 ue SUBSCRIBE* 1 | without Expires
            D2 focus 200 SUBSCRIBE 1 | Expires: 3600
            cut
            holds EV-18
        case 202
            D2 ue SUBSCRIBE* 1
            D2 focus 202 SUBSCRIBE 1 | Expires: 600
            cut
            finds EV-02 note
        ",
    );
    check::<SsHdr>(
        Ietf,
        "
        case no expires
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | Subscription-State: active
            cut
            finds EV-08 fail
        ",
    );
}
