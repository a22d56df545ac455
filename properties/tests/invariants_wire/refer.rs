//! References and the calls that follow from them.

use imsconf_properties::invariants::{RefId, Sipfrag};
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
