//! References and the calls that follow from them.

use imsconf_properties::invariants::{
    Expel, FirstNotify, NotifyBeforeBye, RefId, RefIndep, RefTruth, RefWait, ReplacesTags, Sipfrag,
};
use imsconf_properties::verdict::Profile::{Ietf, ThreeGpp};

use crate::script::check;

#[test]
fn ref_id() {
    const TWO: &str = "
        case the second without id
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 2 | Event: refer | frag SIP/2.0 100 Trying";
    check::<RefId>(
        ThreeGpp,
        "
        case one REFER, with id
            @CALL
            @REFER
            @JOIN
            holds RF-13 RF-14
        case one REFER, no id
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer | frag SIP/2.0 100 Trying
            holds RF-13
        case two REFERs
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 2 | Event: refer;id=4 | frag SIP/2.0 100 Trying
            D1 ue 200 NOTIFY 2
            holds RF-13 RF-14
        case an id that is no REFER, and accepted
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=2 | frag SIP/2.0 100 Trying
            D1 ue 200 NOTIFY 2
            finds RF-13 fail
            finds RF-14 fail
        case an id that is no REFER, and refused
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=9 | frag SIP/2.0 100 Trying
            D1 ue 481 NOTIFY 2
            finds RF-13 fail
        case the id of a refused REFER
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            finds RF-13 fail
        case the id goes
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer | frag SIP/2.0 180 Ringing
            finds RF-13 fail
        case the id comes
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer | frag SIP/2.0 100 Trying
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            finds RF-13 fail
        case the REFER was not seen
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            cut
            finds RF-13 inconclusive
        ",
    );
    check::<RefId>(ThreeGpp, &[TWO, "\nfinds RF-13 non-strict\nfinds RF-13 fail"].concat());
    check::<RefId>(Ietf, &[TWO, "\nfinds RF-13 fail\nfinds RF-13 fail"].concat());
}

#[test]
fn sipfrag() {
    check::<Sipfrag>(
        ThreeGpp,
        "
        case good reports
            @CALL
            @REFER
            @JOIN
            holds RF-08 RF-50
        case no version parameter
            D1 focus NOTIFY 1 | frag SIP/2.0 603 Decline | Content-Type: message/sipfrag
            D1 ue 200 NOTIFY 1
            holds RF-08
        case no status line
            D1 focus NOTIFY 1 | frag 404 Not Found
            finds RF-08 fail
        case a request line
            D1 focus NOTIFY 1 | frag INVITE sip:p1@home SIP/2.0
            finds RF-08 fail
        case another type
            D1 focus NOTIFY 1 | frag SIP/2.0 200 OK | Content-Type: text/plain
            finds RF-08 fail
        case no body
            D1 focus NOTIFY 1 | Subscription-State: terminated;reason=noresource
            finds RF-08 non-strict
        case a header field that gives the invited user away
            D1 focus NOTIFY 1 | frag SIP/2.0 200 OK/Contact: <sip:p1@host>
            finds RF-50 non-strict
        case a Warning may follow
            D1 focus NOTIFY 1 | frag SIP/2.0 503 x/Warning: 399 focus \"no ports left\"
            holds RF-50
        case a good report is refused
            D1 focus NOTIFY 1 | frag SIP/2.0 100 Trying | Content-Type: message/sipfrag
            D1 ue 400 NOTIFY 1
            finds RF-08 fail
        case a bad report is refused
            D1 focus NOTIFY 1 | frag SIP/2.0
            D1 ue 400 NOTIFY 1
            finds RF-08 fail
        case another package
            D2 focus NOTIFY 1 | roster 1 full alice
        ",
    );
}

#[test]
fn ref_truth() {
    check::<RefTruth>(
        ThreeGpp,
        "
        case he answers
            @CALL
            @REFER
            @JOIN
            holds RF-12 RF-25
        case success before he answers
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 200 OK
            finds RF-12 fail
        case success, and nobody was called
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 200 OK
            finds RF-12 fail
        case success, and somebody else was called
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D3.2 focus INVITE* 1
            D3.2 p2 200 INVITE 1
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 200 OK
            finds RF-25 non-strict
            finds RF-12 fail
        case his 200 is lost
            @CALL
            @REFER
            -D3.1 p1 200 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 408 Request Timeout
            holds RF-11
        case busy
            @CALL
            @REFER
            D3.1 p1 486 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 486 Busy Here
            holds RF-11
        case busy, reported by a minimal notifier
            @CALL
            @REFER
            D3.1 p1 486 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 503 Service Unavailable
            holds RF-11
        case busy, reported as another client error
            @CALL
            @REFER
            D3.1 p1 486 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 480 Temporarily Unavailable
            finds RF-11 note
        case busy, reported as success
            @CALL
            @REFER
            D3.1 p1 486 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 200 OK
            finds RF-12 fail
        case declined everywhere, reported as a client error
            @CALL
            @REFER
            D3.1 p1 600 INVITE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 486 Busy Here
            finds RF-11 fail
        case joined, reported as failed
            @CALL
            @REFER
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 486 Busy Here
            finds RF-11 fail
        case no answer in time
            @CALL
            @REFER
            wait 60
            D3.1 focus CANCEL* 1
            D3.1 p1 200 CANCEL 1
            D3.1 p1 487 INVITE 1
            D3.1 focus ACK 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 408 Request Timeout
            holds RF-11
        case his 200 crosses the CANCEL
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 focus BYE 2
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 487 Request Terminated
            holds RF-11
        case his 200 crosses the CANCEL, and it is called a success
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 focus BYE 2
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 200 OK
            finds RF-12 fail
        case joined and left again before the report
            @CALL
            @REFER
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 p1 BYE 1
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 200 OK
            holds RF-12
        case nobody could be reached
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            -D3.1 focus INVITE* 1
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 408 Request Timeout
            holds RF-11
        case a report that does not say whose it is
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 202 REFER 4
            D3.2 focus INVITE* 1
            D3.2 p2 200 INVITE 1
            D1 focus NOTIFY 2 | Event: refer | frag SIP/2.0 200 OK
        case denied after the 202
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 603 Decline
            holds RF-11
        case a number, called by its SIP form
            @CALL
            D1 ue REFER 3 | Refer-To: <tel:+1-555-0100>
            D1 focus 202 REFER 3
            D3.1 focus INVITE* 1 | uri sip:+15550100@home;user=phone
            D3.1 p1 200 INVITE 1
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 200 OK
            holds RF-12 RF-25
        case the method parameter stays in the Request-URI
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home;method=INVITE>
            D1 focus 202 REFER 3
            D3.1 focus INVITE* 1 | uri sip:p1@home;method=INVITE
            finds RF-25 fail
        ",
    );
}

#[test]
fn ref_wait() {
    check::<RefWait>(
        ThreeGpp,
        "
        case leaves after the report
            @CALL
            @REFER
            @JOIN
            @LEAVE
            holds TP-07
        case leaves the conference before it
            @CALL
            @REFER
            D1 ue BYE 4
            finds TP-07 note
        case the REFER was refused
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 603 REFER 3
            D1 ue BYE 4
        case sends somebody to the conference and hangs up on the 202
            @CALL
            D3.1 focus INVITE* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus REFER 2 | Refer-To: <sip:conf@focus>
            D3.1 p1 202 REFER 2
            D3.1 focus BYE 3
            finds TP-07 fail
        case sends somebody to the conference and waits
            @CALL
            D3.1 focus INVITE* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus REFER 2 | Refer-To: <sip:conf@focus;method=INVITE>
            D3.1 p1 202 REFER 2
            D3.1 p1 NOTIFY 1 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            D3.1 focus BYE 3
            holds TP-07
        ",
    );
}

/// A REFER may ask for no subscription (RFC 4488).
#[test]
fn quiet() {
    check::<FirstNotify>(
        ThreeGpp,
        "
        case asked and granted: no NOTIFY is owed
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home> | Refer-Sub: false
            D1 focus 202 REFER 3 | Refer-Sub: false
            holds RF-16
        case asked and not granted: a NOTIFY is owed
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home> | Refer-Sub: false
            D1 focus 202 REFER 3
            finds RF-06 fail
        case granted, and a NOTIFY all the same
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home> | Refer-Sub: false
            D1 focus 202 REFER 3 | Refer-Sub: false
            D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
            finds RF-16 fail
        case granted unasked
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 3 | Refer-Sub: false
            finds RF-16 fail
        ",
    );
}

/// A REFER may ask for a BYE (RFC 4579 section 5.11).
#[test]
fn expel() {
    check::<Expel>(
        ThreeGpp,
        "
        case sent away and reported
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 4
            D3.1 focus BYE 2
            D3.1 p1 200 BYE 2
            D1 focus NOTIFY 3 | Event: refer;id=4 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            holds RF-19
        case reported only
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 3 | Event: refer;id=4 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            finds RF-19 fail
            finds RF-19 fail
        case nobody does anything
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 4
            finds RF-19 fail
        case the observation stops before
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 4
            cut
            finds RF-19 inconclusive
        case he is not there
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 3
            D1 focus NOTIFY 1 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 404 Not Found
            holds RF-20
        case he is there and is said not to be
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p1@home;method=BYE>
            D1 focus 202 REFER 4
            D1 focus NOTIFY 3 | Event: refer;id=4 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 404 Not Found
            finds RF-20 fail
            finds RF-19 fail
        ",
    );
}

#[test]
fn ref_indep() {
    check::<RefIndep>(
        ThreeGpp,
        "
        case the call goes on after the last report
            @CALL
            @REFER
            @JOIN
            @LEAVE
            holds RF-29 CR-64
        case the last report takes the call with it
            @CALL
            @REFER
            @JOIN
            D1 ue BYE 4
            D1 focus 481 BYE 4
            finds RF-29 fail
        case a second REFER finds no dialog
            @CALL
            @REFER
            @JOIN
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 481 REFER 4
            finds RF-29 fail
        case the report is ended, the invitation goes on
            @CALL
            @REFER
            D1 ue SUBSCRIBE 4 | Event: refer;id=3 | Expires: 0
            D1 focus 200 SUBSCRIBE 4
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=timeout | frag SIP/2.0 100 Trying
        case the report is ended, and the invitation with it
            @CALL
            @REFER
            D1 ue SUBSCRIBE 4 | Event: refer;id=3 | Expires: 0
            D3.1 focus CANCEL* 1
            finds RF-38 non-strict
        case BYE refused
            @CALL
            D1 ue BYE 3
            D1 focus 481 BYE 3
            finds CR-64 fail
        case REFER after the BYE is refused
            @CALL
            D1 ue BYE 3
            D1 focus 200 BYE 3
            D1 ue REFER 4 | Refer-To: <sip:p1@home>
            D1 focus 481 REFER 4
            holds CR-69
        case REFER after the BYE is accepted
            @CALL
            D1 ue BYE 3
            D1 focus 200 BYE 3
            D1 ue REFER 4 | Refer-To: <sip:p1@home>
            D1 focus 202 REFER 4
            finds CR-69 fail
        case crossing BYEs
            @CALL
            @REFER
            @JOIN
            -D3.1 p1 BYE 1
            -D3.1 focus BYE 2
            +D3.1 p1 BYE 1
            D3.1 focus 481 BYE 1
            +D3.1 focus BYE 2
            D3.1 p1 481 BYE 2
        case the REFER is overtaken by the BYE
            @CALL
            -D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 ue BYE 4
            D1 focus 200 BYE 4
            +D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D1 focus 481 REFER 3
        case a dialog declared dead is dead
            @CALL
            @REFER
            D1 ue REFER 4 | Refer-To: <sip:p2@home>
            D1 focus 404 REFER 4
            D1 focus BYE 2
            D1 ue 481 BYE 2
        case the lost report cancels the call
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 ue 481 NOTIFY 2
            D3.1 focus CANCEL* 1
            finds RF-38 non-strict
        case the call is cancelled much later
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 ue 481 NOTIFY 2
            wait 60
            D3.1 focus CANCEL* 1
        ",
    );
}

#[test]
fn notify_before_bye() {
    check::<NotifyBeforeBye>(
        ThreeGpp,
        "
        case reported, answered, then BYE
            @CALL
            @REFER
            @JOIN
            D1 focus BYE 3
            holds RF-30 EV-15
        case reported, not answered, BYE
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
            D1 focus BYE 3
            finds RF-30 non-strict
        case not reported at all, BYE
            @CALL
            @REFER
            D1 focus BYE 3
            finds RF-30 non-strict
        case the other side's BYE is its own affair
            @CALL
            @REFER
            D1 ue BYE 4
        case two NOTIFYs at once
            @CALL
            @REFER
            D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            D1 focus NOTIFY 3 | Event: refer;id=3 | frag SIP/2.0 183 Progress
            finds EV-15 note
        case the first was given up
            @CALL
            @REFER
            -D1 focus NOTIFY 2 | Event: refer;id=3 | frag SIP/2.0 180 Ringing
            wait 33
            D1 focus NOTIFY 3 | Event: refer;id=3 | frag SIP/2.0 183 Progress
            holds EV-15
        ",
    );
}

#[test]
fn replaces_tags() {
    check::<ReplacesTags>(
        ThreeGpp,
        "
        case a call that is up is named
            @CALL
            @REFER
            @JOIN
            D1 focus REFER 7 | Refer-To: <sip:p1@home?Replaces=D3.1%3Bto-tag%3Dp31%3Bfrom-tag%3Df31>
            holds RF-22 RF-46
        case its tags are the wrong way round
            @CALL
            @REFER
            @JOIN
            D1 focus REFER 7 | Refer-To: <sip:p1@home?Replaces=D3.1%3Bto-tag%3Df31%3Bfrom-tag%3Dp31>
            finds RF-22 fail
        case it still rings at the invited user
            @CALL
            @REFER
            D1 focus REFER 7 | Refer-To: <sip:p1@home?Replaces=D3.1%3Bto-tag%3Dp31%3Bfrom-tag%3Df31>
            finds RF-46 fail
        case it is up and not named
            @CALL
            @REFER
            @JOIN
            D1 focus REFER 7 | Refer-To: <sip:p1@home>
            finds RF-23 fail",
    );
}
