//! Conference documents.

use imsconf_properties::invariants::{Roster, StateTrue, StatusTrue, Version};
use imsconf_properties::verdict::Profile::{Ietf, ThreeGpp};

use crate::script::check;

#[test]
fn version() {
    check::<Version>(
        ThreeGpp,
        "
        case full, then partial
            @SUBSCRIBE
            @SHOWN
            holds EV-03 EV-33
        case the first is partial
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | roster 1 partial alice
            finds EV-03 fail
        case a copy is no second document
            @SUBSCRIBE
            D2 focus NOTIFY 1 | roster 1 full alice
        case stuck
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 1 partial p1
            finds EV-33 fail
        case skips one
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 3 partial p1
            finds EV-33 fail
        case full goes back
            @SUBSCRIBE
            @SHOWN
            D2 focus NOTIFY 3 | roster 1 full alice
            finds EV-33 fail
        case full repeats the version
            @SUBSCRIBE
            @SHOWN
            D2 focus NOTIFY 3 | roster 2 full alice p1
            holds EV-33
        case full jumps
            @SUBSCRIBE
            D2 focus NOTIFY 2 | roster 9 full alice p1
            finds EV-33 note
        case a gap, and the refresh
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 200 NOTIFY 3
            D2 ue SUBSCRIBE 2
            holds EV-34
        case a gap, and no refresh
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 200 NOTIFY 3
            finds EV-34 fail
        case a gap, and the observation stops
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 200 NOTIFY 3
            cut
            finds EV-34 inconclusive
        case a gap, and no refresh in time
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 200 NOTIFY 3
            wait 129
            D2 ue SUBSCRIBE 2
            finds EV-34 fail
        case a document that was refused as overtaken leaves no gap to mend
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 500 NOTIFY 3
        case nothing was known before
            D2 ue SUBSCRIBE* 1
            -D2 focus NOTIFY 1 | roster 1 full alice
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 200 NOTIFY 2
            finds EV-35 non-strict
        case the subscription ended meanwhile
            @SUBSCRIBE
            -D2 focus NOTIFY 2 | roster 2 partial p1
            D2 focus NOTIFY 3 | roster 3 partial p2
            D2 ue 200 NOTIFY 3
            D2 focus NOTIFY 4 | Subscription-State: terminated;reason=noresource
        ",
    );
}

#[test]
fn state_true() {
    check::<StateTrue>(
        ThreeGpp,
        r#"
        case full and partial
            @SUBSCRIBE
            @SHOWN
            holds EV-25 EV-30 EV-31 EV-32 EV-37 EV-40 EV-45 EV-51 SD-09
        case no body
            D2 focus NOTIFY 1 | Subscription-State: terminated;reason=noresource
        case another type
            D2 focus NOTIFY 1 | roster 1 full alice | Content-Type: text/xml
            finds EV-25 fail
        case not well-formed
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info"><users>
            finds EV-30 fail
        case no version
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c"/>
            finds EV-30 fail
        case no namespace
            D2 focus NOTIFY 1 | xml <conference-info entity="sip:c" version="1"/>
            finds EV-30 fail
        case an unknown state
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1" state="half"/>
            finds EV-31 fail
        case a full document without its parts
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1"/>
            finds EV-51 fail
        case a partial user in a full list
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1"><conference-description/><users><user entity="a" state="partial"/></users></conference-info>
            finds EV-32 fail
        case a child of a deleted user
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1" state="partial"><users state="partial"><user entity="a" state="deleted"><endpoint entity="b"/></user></users></conference-info>
            finds EV-32 non-strict
        case a user twice
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1"><conference-description/><users><user entity="a"/><user entity="a"/></users></conference-info>
            finds EV-37 fail
        case a blank in a key
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1"><conference-description/><users><user entity=" a"/></users></conference-info>
            finds EV-37 fail
        case a user without entity
            D2 focus NOTIFY 1 | xml <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c" version="1"><conference-description/><users><user/></users></conference-info>
            finds EV-45 fail
        case a status of one's own
            D2 focus NOTIFY 1 | roster 1 full alice=confirmed
            finds EV-40 fail
        case a partial document that flushes the roster
            D2 focus NOTIFY 1 | roster 1 flush p1
            finds SD-09 non-strict
        "#,
    );
}

#[test]
fn status_true() {
    const DIALED_IN: &str = "
        case dialed-in for a dial-out
            @CALL
            @REFER
            @JOIN
            D2 focus NOTIFY 1 | roster 1 full p1=connected/dialed-in";
    check::<StatusTrue>(
        ThreeGpp,
        "
        case creator and participant
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            holds EV-41 EV-43 FA-19
        case the creator under the identity that the network asserts
            D1 ue INVITE* 1 | P-Asserted-Identity: <tel:+1-555-0100>
            D1 focus 200 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full tel:+15550100=connected/dialed-in
            holds EV-41 EV-43 FA-19
        case who wants privacy is somebody made up
            D1 ue INVITE* 1 | Privacy: id
            D1 focus 200 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full sip:anonymous1@anonymous.invalid=connected/dialed-in
            holds EV-41 EV-43 FA-19
        case somebody made up, although nobody wants privacy
            @CALL
            D2 focus NOTIFY 1 | roster 1 full sip:anonymous1@anonymous.invalid=connected/dialed-in
            finds EV-43 fail
        case shown while it rings
            @CALL
            @REFER
            D2 focus NOTIFY 1 | roster 1 full p1
            finds EV-43 fail
        case ringing may be shown as what it is
            @CALL
            @REFER
            D2 focus NOTIFY 1 | roster 1 full p1=alerting
            holds EV-41 EV-43
        case shown although he declined
            @CALL
            @REFER
            D3.1 p1 603 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full p1
            finds EV-43 fail
        case a stranger is shown
            @CALL
            D2 focus NOTIFY 1 | roster 1 full mallory
            finds EV-43 fail
        case his 200 has not arrived
            @CALL
            @REFER
            -D3.1 p1 200 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full p1
            finds EV-43 fail
        case shown after he left
            @CALL
            @REFER
            @JOIN
            D3.1 p1 BYE 1
            D2 focus NOTIFY 1 | roster 1 full p1
            finds FA-19 fail
        case his BYE has not arrived
            @CALL
            @REFER
            @JOIN
            -D3.1 p1 BYE 1
            D2 focus NOTIFY 1 | roster 1 full p1
            holds EV-43 FA-19
        case shown although the focus ended the call that crossed its CANCEL
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D3.1 p1 200 INVITE 1
            D3.1 focus ACK 1
            D3.1 focus BYE 2
            D2 focus NOTIFY 1 | roster 1 full p1
            finds FA-19 fail
        case departed
            @CALL
            @REFER
            @JOIN
            D3.1 p1 BYE 1
            D2 focus NOTIFY 1 | roster 1 full p1=disconnected/departed
            holds EV-42
        case departed, but said to be booted
            @CALL
            @REFER
            @JOIN
            D3.1 p1 BYE 1
            D2 focus NOTIFY 1 | roster 1 full p1=disconnected/booted
            finds EV-42 non-strict
        case called, ringing, in, out: each shown as it is
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D3.1 focus INVITE* 1 | sdp c 1
            D2 focus NOTIFY 1 | roster 1 full p1=dialing-out
            D3.1 p1 180 INVITE 1
            D2 focus NOTIFY 2 | roster 2 full p1=alerting
            D3.1 p1 200 INVITE 1 | sdp p 1
            D3.1 focus ACK 1
            D2 focus NOTIFY 3 | roster 3 full p1
            D3.1 focus BYE 2
            D2 focus NOTIFY 4 | roster 4 full p1=disconnecting
            D3.1 p1 200 BYE 2
            D2 focus NOTIFY 5 | roster 5 full p1=disconnected/booted
            holds EV-41 EV-42 EV-43
        case the focus finds out who answered
            @CALL
            @REFER
            D3.1 p1 200 INVITE 1 | sdp p 1
            D2 focus NOTIFY 1 | roster 1 full p1=dialing-out
            holds EV-43
        case called, but not yet
            @CALL
            D2 focus NOTIFY 1 | roster 1 full alice=dialing-out
            finds EV-43 fail
        case calling, but he is called
            @CALL
            @REFER
            D2 focus NOTIFY 1 | roster 1 full p1=dialing-in
            finds EV-43 fail
        case alerting, but the focus has not heard so
            @CALL
            D1 ue REFER 3 | Refer-To: <sip:p1@home>
            D3.1 focus INVITE* 1 | sdp c 1
            -D3.1 p1 180 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full p1=alerting
            finds EV-43 fail
        case still alerting after he declined
            @CALL
            @REFER
            D3.1 p1 603 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full p1=alerting
            finds EV-43 fail
        case alerting, although it was he who called
            @CALL
            D2 focus NOTIFY 1 | roster 1 full alice=alerting
            finds EV-43 non-strict
        case joined while it rings
            @CALL
            @REFER
            D2 focus NOTIFY 1 | roster 1 full p1=alerting/dialed-out
            finds EV-41 non-strict
        case disconnecting, but nobody ends his call
            @CALL
            @REFER
            @JOIN
            D2 focus NOTIFY 1 | roster 1 full p1=disconnecting
            finds EV-43 fail
        case disconnecting by CANCEL
            @CALL
            @REFER
            D3.1 focus CANCEL* 1
            D2 focus NOTIFY 1 | roster 1 full p1=disconnecting
            holds EV-43
        case disconnected, and his call goes on
            @CALL
            @REFER
            @JOIN
            D2 focus NOTIFY 1 | roster 1 full p1=disconnected/departed
            finds EV-43 fail
        case declined, but said to be busy
            @CALL
            @REFER
            D3.1 p1 603 INVITE 1
            D2 focus NOTIFY 1 | roster 1 full p1=disconnected/busy
            finds EV-42 non-strict
        ",
    );
    check::<StatusTrue>(ThreeGpp, &[DIALED_IN, "\nfinds EV-41 note"].concat());
    check::<StatusTrue>(Ietf, &[DIALED_IN, "\nfinds EV-41 non-strict"].concat());
}

#[test]
fn roster() {
    check::<Roster>(
        ThreeGpp,
        "
        case the join is told
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            holds EV-48
        case the creator is told of under the identity that the network asserts, Bob as somebody made up
            D1 ue INVITE* 1 | P-Asserted-Identity: <tel:+15550100>
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D3.1 focus INVITE* 1
            D3.1 p1 200 INVITE 1 | Privacy: id
            D2 focus NOTIFY 1 | roster 1 full tel:+15550100 sip:anonymous1@anonymous.invalid
            D2 ue 200 NOTIFY 1
            holds EV-48
        case somebody made up too many
            @CALL
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | roster 1 full alice sip:anonymous1@anonymous.invalid
            D2 ue 200 NOTIFY 1
            finds EV-48 fail
        case nobody is told of who wants privacy
            D1 ue INVITE* 1 | Privacy: id
            D1 focus 200 INVITE 1
            D1 ue ACK 1
            D2 ue SUBSCRIBE* 1
            D2 focus 200 SUBSCRIBE 1
            D2 focus NOTIFY 1 | roster 1 full
            D2 ue 200 NOTIFY 1
            finds EV-48 fail
        case the join is not told
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            finds EV-48 fail
        case the join is not yet told
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            cut
            finds EV-48 inconclusive
        case the leaving is not told
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            D3.1 p1 BYE 1
            D3.1 focus 200 BYE 1
            finds EV-48 fail
        case left, shown as disconnected
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            D3.1 p1 BYE 1
            D2 focus NOTIFY 3 | roster 3 partial p1=disconnected/departed
            D2 ue 200 NOTIFY 3
            holds EV-48
        case left, shown as deleted
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            D3.1 p1 BYE 1
            D2 focus NOTIFY 3 | roster 3 partial p1=gone
            D2 ue 200 NOTIFY 3
            holds EV-48
        case the users element without state wipes the creator
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            D2 focus NOTIFY 2 | roster 2 flush p1
            D2 ue 200 NOTIFY 2
            finds EV-48 fail
        case the subscriber refused the document, so he is owed another
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 500 NOTIFY 2
            finds EV-48 fail
        case the subscription was removed
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            D2 focus NOTIFY 2 | roster 2 partial p1
            D2 ue 481 NOTIFY 2
        case the NOTIFY was lost for good
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            -D2 focus NOTIFY 2 | roster 2 partial p1
        case his BYE was lost for good
            @CALL
            @SUBSCRIBE
            @REFER
            @JOIN
            @SHOWN
            -D3.1 p1 BYE 1
            holds EV-48
        case nobody else joined
            @CALL
            @SUBSCRIBE
            @REFER
            D3.1 p1 486 INVITE 1
            holds EV-48
        ",
    );
}
