//! The header fields that the tables of annex A prescribe, for those who show that the tables bind them.

use imsconf_properties::invariants::{Headers, Transport};
use imsconf_properties::verdict::Profile::{Ietf, ThreeGpp};

use crate::script::check;

#[test]
fn what_binds_everybody() {
    check::<Headers>(
        ThreeGpp,
        "
        case a plain call knows nothing of annex A
            @CALL
            @REFER
            @LEAVE
            holds NW-03 NW-07 NW-08 CR-11
        case what belongs to a registration
            D1 ue REGISTER* 1 | Path: <sip:p;lr> | Require: sec-agree
            D1 focus 200 REGISTER 1 | Path: <sip:p;lr> | Service-Route: <sip:s;lr>
            D1 ue INVITE* 2 | Path: <sip:p;lr>
            D1 focus 200 INVITE 2 | Service-Route: <sip:s;lr>
            finds NW-07 fail
            finds NW-07 fail
        case no hops
            D1 ue INVITE* 1 | Max-Forwards: 0
            D1 ue BYE 2 | without Max-Forwards
            finds NW-08 fail
            finds NW-08 fail
        case identities
            D1 ue INVITE* 1 | P-Preferred-Identity: <sip:a@h>
            D3.1 focus INVITE* 1 | P-Asserted-Identity: \"A, B\" <sip:a@h>, <tel:+1>
            D3.1 focus INVITE* 2 | P-Asserted-Identity: <sip:a@h>, <sips:a@h>
            D3.1 focus INVITE* 3 | P-Asserted-Identity: <tel:+1>, <tel:+2>
            finds NW-03 fail
            finds NW-03 fail
        case a CANCEL cannot be refused
            D1 ue CANCEL* 1
            D3.1 focus CANCEL* 1 | Require: replaces
            D3.1 focus CANCEL* 2 | Proxy-Require: replaces
            finds CR-62 fail
            finds CR-62 fail
        case methods
            D1 ue INVITE* 1 | Allow: INVITE, BYE
            D1 ue SUBSCRIBE* 2 | Allow: SUBSCRIBE, NOTIFY
            finds CR-11 non-strict
        case a REFER has one target
            D1 ue REFER* 1 | Refer-To: <sip:p1@home>
            D1 ue REFER* 2 | Refer-To: <sip:p1@home>, <sip:p2@home>
            D1 ue REFER* 3
            D1 ue REFER* 4 | Refer-To: <sip:p1@home> | Event: refer
            finds DM-05 fail
            finds DM-05 fail
            finds DM-05 non-strict
        ",
    );
}

#[test]
fn what_binds_a_ue() {
    check::<Headers>(
        ThreeGpp,
        "
        case the REFER forgets it
            D1 ue INVITE* 1 | P-Access-Network-Info: a
            D1 ue ACK 1
            D1 ue REFER 2 | Refer-To: <sip:p1@home>
            finds DM-05 fail
        case it shows later that it is one
            D1 ue INVITE* 1
            D1 ue PRACK 2 | P-Access-Network-Info: a
            D1 ue BYE 3 | P-Access-Network-Info: a
            finds DM-01 fail
        case of itself, not of the one whose network said so
            D1 ue INVITE* 1 | P-Access-Network-Info: a;network-provided
            D1 ue REFER 2 | Refer-To: <sip:p1@home>
            D1 focus 200 INVITE 1 | P-Access-Network-Info: a
            D1 focus BYE 1
            holds NW-08
        case every request and answer, not ACK nor CANCEL nor its answer
            D3.1 p1 180 INVITE 1 | P-Access-Network-Info: a
            D3.1 p1 200 CANCEL 1
            D3.1 p1 200 INVITE 1
            D1 ue INVITE* 1 | P-Access-Network-Info: a
            D1 ue UPDATE 2
            D1 ue NOTIFY 3
            D1 ue BYE 4
            D1 ue CANCEL* 1
            D1 ue ACK 1 | P-Access-Network-Info: a
            finds DM-08 fail
            finds DM-13 fail
            finds DM-14 fail
            finds DM-04 fail
            finds DM-03 non-strict
        case the subscription
            D2 ue SUBSCRIBE* 1 | P-Access-Network-Info: a | Expires: 600
            D2 ue SUBSCRIBE* 2 | P-Access-Network-Info: a | without Expires | without Accept
            D2 ue SUBSCRIBE 3 | P-Access-Network-Info: a | P-Preferred-Identity: <sip:a@h>
            finds DM-10 fail
            finds DM-10 fail
            finds NW-01 non-strict
        case an INVITE of the service has all of it
            D1 ue INVITE* 1 | P-Access-Network-Info: a | Contact: <sip:a@h>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"
            finds CR-10 fail
            finds CR-10 fail
            finds CR-10 fail
            finds CR-10 fail
        case of another service nothing is known
            D1 ue INVITE* 1 | P-Access-Network-Info: a | without Supported
            finds CR-10 fail
        ",
    );
    check::<Headers>(
        Ietf,
        "
        case the RFCs leave it to the UE
            D1 ue INVITE* 1 | P-Access-Network-Info: a
            D1 ue REFER 2 | Refer-To: <sip:p1@home>
            finds DM-05 note
        ",
    );
}

#[test]
fn the_security_agreement() {
    let all = "Require: sec-agree | Proxy-Require: sec-agree | Security-Verify: a";
    let text = format!(
        "
        case whole
            D1 ue INVITE* 1 | {all}
            D1 ue ACK 1
            D1 ue BYE 2 | {all}
            holds NW-01
        case halves
            D1 ue INVITE* 1 | Require: sec-agree | Security-Verify: a
            D1 ue BYE 2
            finds NW-01 fail
            finds NW-01 fail
        case required only
            D1 ue INVITE* 1 | Require: sec-agree
            D1 ue BYE 2
            finds NW-01 fail
        "
    );
    check::<Headers>(Ietf, &text);
}

#[test]
fn the_transport_of_large_requests() {
    let via = |transport: &str| format!("Via: SIP/2.0/{transport} h;branch=z9hG4bKx");
    let (tcp, udp, padding) = (via("TCP"), via("UDP"), format!("Subject: {}", "x".repeat(1300)));
    let text = format!(
        "
        case nobody knows the path
            D1 ue INVITE* 1 | {udp} | {padding}
        case who changes to TCP at all
            D1 ue INVITE* 1 | {tcp} | {padding}
            D1 ue PRACK 2 | {udp}
            D1 ue UPDATE 3 | {udp} | {padding}
            D1 focus BYE 1 | {udp} | {padding}
            finds FA-21 non-strict
        case TCP was refused
            D1 ue INVITE* 1 | {tcp} | {padding}
            D1 ue INVITE* 1 | {udp} | {padding}
            D1 ue BYE 2 | {udp}
            holds FA-21
        "
    );
    check::<Transport>(ThreeGpp, &text);
}
