//! Dialogs over real messages: the rules of RFC 3261 section 12 and of what came after it, one by one.

use super::*;
use crate::agent::Transport;
use crate::dialog::{CallId, Request, RequestError};
use crate::ident::Identifiers;

fn uri(text: &str) -> OwnedUri {
    text.parse().expect("a URI")
}

/// A message with CRLF line ends from lines without.
fn lines(text: &str) -> Vec<u8> {
    let mut message = text.trim_start().replace('\n', "\r\n");
    message.push_str("\r\n\r\n");
    message.into_bytes()
}

/// What the UE sends to the conference factory.
fn initial(method: Method<'static>) -> InitialRequest {
    InitialRequest {
        method,
        call_id: CallId::from("a84b4c76e66710"),
        local: Party { uri: uri("sip:alice@home1.net"), display: b"\"Alice\"".to_vec() },
        local_tag: Tag::from("1928301774"),
        remote: Party::new(uri("sip:mmtel@conf-factory.home1.net")),
        cseq: 10,
        target: uri("sip:mmtel@conf-factory.home1.net"),
        routes: RouteSet::preloaded(vec![uri("sip:pcscf.visited1.net:7531;lr;comp=sigcomp")]).expect("short"),
    }
}

/// A response in the dialog of [`initial`]; `more` are further header lines.
fn response(status: &str, cseq: &str, more: &str) -> Vec<u8> {
    lines(&format!(
        "SIP/2.0 {status}\nVia: SIP/2.0/UDP ue;branch=z9hG4bK1\nFrom: \"Alice\" <sip:alice@home1.net>;tag=1928301774\n\
         To: <sip:mmtel@conf-factory.home1.net>;tag=focus\nCall-ID: a84b4c76e66710\nCSeq: {cseq}{more}"
    ))
}

const RELIABLE: &str = "\nRequire: 100rel\nRSeq: 121";
const RECORD_ROUTE: &str = "\nRecord-Route: <sip:orig@scscf.3gpp.org;lr>, <sip:pcscf.3gpp.org:5064;lr;x=1>";
const TEMPORARY: &str = "\nContact: <sip:temporary@conf-factory.home1.net>;isfocus";
const FINAL: &str = "\nContact: <sip:final@conf-factory.home1.net>;isfocus";
const OTHER: &str = "\nContact: <sip:other@conf-factory.home1.net>;isfocus";

fn with(dialog: &mut Dialog, message: &[u8]) {
    let message = Message::parse(message).expect("a message");
    dialog.on_response(&message).expect("well-formed");
}

/// The early dialog of the reliable 183.
fn early() -> Dialog {
    let datagram = response("183 Session Progress", "10 INVITE", &[RELIABLE, RECORD_ROUTE, TEMPORARY].concat());
    Dialog::from_response(&initial(Method::Invite), &Message::parse(&datagram).expect("a message")).expect("a dialog")
}

/// The dialog that the 200 confirmed.
fn confirmed() -> Dialog {
    let mut dialog = early();
    with(&mut dialog, &response("200 OK", "10 INVITE", &[RECORD_ROUTE, FINAL].concat()));
    dialog
}

fn request(method: &str, cseq: u32, more: &str) -> Vec<u8> {
    lines(&format!(
        "{method} sip:alice@ue SIP/2.0\nVia: SIP/2.0/UDP focus;branch=z9hG4bK2\n\
         From: <sip:mmtel@conf-factory.home1.net>;tag=focus\nTo: \"Alice\" <sip:alice@home1.net>;tag=1928301774\n\
         Call-ID: a84b4c76e66710\nCSeq: {cseq} {method}{more}"
    ))
}

fn receive(dialog: &mut Dialog, datagram: &[u8]) -> Result<TargetRefresh, DialogError> {
    dialog.on_request(&Message::parse(datagram).expect("a message"))
}

fn target(dialog: &Dialog) -> &str {
    dialog.remote_target().as_str().trim_start_matches("sip:").split('@').next().unwrap_or_default()
}

#[test]
fn the_uac_makes_an_early_dialog_from_a_provisional_response_with_a_tag() {
    let dialog = early();
    let id = DialogId { call_id: "a84b4c76e66710".into(), local_tag: "1928301774".into(), remote_tag: "focus".into() };
    assert_eq!(dialog.id(), &id);
    assert_eq!(dialog.state(), DialogState::Early);
    assert_eq!(target(&dialog), "temporary");
    let routes = [uri("sip:pcscf.3gpp.org:5064;lr;x=1"), uri("sip:orig@scscf.3gpp.org;lr")];
    assert_eq!(dialog.routes().proxies(), routes, "reversed, parameters kept");
    assert_eq!((dialog.local_cseq(), dialog.remote_cseq()), (Some(10), None));
    assert_eq!(dialog.usages().collect::<Vec<_>>(), [&Usage::Invite]);
}

#[test]
fn the_uas_makes_a_dialog_from_the_request_with_the_record_route_in_order() {
    let invite = lines(&format!(
        "INVITE sip:mmtel@conf-factory.home1.net SIP/2.0\nVia: SIP/2.0/UDP ue;branch=z9hG4bK1\n\
         From: \"Alice\" <sip:alice@home1.net>;tag=1928301774\nTo: <sip:mmtel@conf-factory.home1.net>\n\
         Call-ID: a84b4c76e66710\nCSeq: 10 INVITE\nContact: <sip:alice@ue>{RECORD_ROUTE}"
    ));
    let invite = Message::parse(&invite).expect("a message");
    let dialog = Dialog::from_request(&invite, "focus".into(), DialogState::Early).expect("a dialog");
    assert_eq!(dialog.id(), &early().id().seen_by_peer());
    let routes = [uri("sip:orig@scscf.3gpp.org;lr"), uri("sip:pcscf.3gpp.org:5064;lr;x=1")];
    assert_eq!(dialog.routes().proxies(), routes);
    assert_eq!((dialog.local_cseq(), dialog.remote_cseq()), (None, Some(10)));
    assert_eq!(dialog.remote().display, b"\"Alice\"");
}

/// RFC 3261 section 13.2.2.4, RFC 6141 section 4.3: the 2xx brings the final target and, once, a new route set.
#[test]
fn the_2xx_confirms_the_dialog_with_its_own_target_and_route_set() {
    let mut dialog = early();
    with(&mut dialog, &response("200 OK", "10 INVITE", FINAL));
    assert_eq!(dialog.state(), DialogState::Confirmed);
    assert_eq!(target(&dialog), "final");
    assert_eq!(dialog.routes().proxies(), [], "the 2xx without Record-Route empties it");
    assert_eq!(dialog.local_cseq(), Some(10), "counters are not recomputed");
    with(&mut dialog, &response("200 OK", "12 UPDATE", &[RECORD_ROUTE, FINAL].concat()));
    assert_eq!(dialog.routes().proxies(), [], "nothing after it changes the set");
}

/// Which responses move the remote target (RFC 6141 section 4.3, RFC 5057 section 5.4, RFC 3262 table 1).
#[test]
fn target_refresh_by_responses() {
    let cases = [
        ("180 Ringing", "10 INVITE", "", false),
        ("183 Session Progress", "10 INVITE", "\nRSeq: 122", false),
        ("183 Session Progress", "10 INVITE", "\nRequire: 100rel", false),
        ("183 Session Progress", "10 INVITE", RELIABLE, true),
        ("100 Trying", "10 INVITE", RELIABLE, false),
        ("200 OK", "11 PRACK", "", false),
        ("200 OK", "12 UPDATE", "", true),
        ("491 Request Pending", "12 UPDATE", "", false),
        ("202 Accepted", "13 REFER", "", true),
        ("603 Decline", "13 REFER", "", false),
        ("200 OK", "13 SUBSCRIBE", "", true),
        ("200 OK", "13 NOTIFY", "", true),
        ("200 OK", "13 BYE", "", false),
        ("200 OK", "13 INFO", "", false),
        ("302 Moved", "10 INVITE", "", false),
    ];
    for (status, cseq, more, refreshes) in cases {
        let mut dialog = early();
        with(&mut dialog, &response(status, cseq, &[more, OTHER].concat()));
        assert_eq!(target(&dialog), if refreshes { "other" } else { "temporary" }, "{status} {cseq}{more}");
        with(&mut dialog, &response(status, cseq, more));
        assert_eq!(dialog.state(), DialogState::Early);
    }
}

/// A request refreshes the target only when it is answered 2xx (RFC 3261 section 12.2.2).
#[test]
fn target_refresh_by_requests() {
    let cases = [
        ("UPDATE", 200, true),
        ("UPDATE", 488, false),
        ("REFER", 202, true),
        ("REFER", 603, false),
        ("NOTIFY", 200, true),
        ("NOTIFY", 481, false),
        ("SUBSCRIBE", 200, true),
        ("INVITE", 200, true),
        ("INVITE", 183, false),
        ("PRACK", 200, false),
        ("ACK", 200, false),
        ("BYE", 200, false),
    ];
    for (method, code, refreshes) in cases {
        let mut dialog = confirmed();
        let refresh = receive(&mut dialog, &request(method, 1, OTHER)).expect("in order");
        assert_eq!(target(&dialog), "final", "{method}: not before the answer");
        dialog.on_answered(refresh, code);
        assert_eq!(target(&dialog), if refreshes { "other" } else { "final" }, "{method} {code}");
    }
}

/// RFC 3261 section 12.2.2: lower is refused without any change, gaps are normal, ACK and CANCEL are exempt.
#[test]
fn numbers_of_the_peer() {
    let mut dialog = confirmed();
    let accepted = |dialog: &mut Dialog, method, cseq| receive(dialog, &request(method, cseq, OTHER)).is_ok();
    assert!(accepted(&mut dialog, "INVITE", 7), "any first number");
    assert!(accepted(&mut dialog, "PRACK", 8));
    assert!(accepted(&mut dialog, "ACK", 7), "the number of its INVITE");
    assert!(accepted(&mut dialog, "CANCEL", 7));
    assert!(accepted(&mut dialog, "REFER", 20), "a gap: the challenged ones in between never came");
    let before = dialog.clone();
    let overtaken = DialogError::OutOfOrder { received: 19, highest: 20 };
    assert_eq!(receive(&mut dialog, &request("REFER", 19, OTHER)), Err(overtaken));
    assert!(!accepted(&mut dialog, "REFER", 20), "never acted on twice");
    assert_eq!(dialog, before, "a refused request changes nothing");
}

fn started(request: &Request) -> Vec<u8> {
    let identifiers = Identifiers::new(0, "ue", 0);
    request.builder(&request.branch(&identifiers), Transport::Udp, "ue.home1.net:5060").render().expect("legal values")
}

/// RFC 3261 section 12.2.1.1: what a request inside the dialog looks like, and how its number counts.
#[test]
fn requests_inside_the_dialog() {
    let mut dialog = early();
    let prack = dialog.request(Method::Prack).expect("alive");
    assert_eq!((prack.cseq, prack.routed.request_uri.as_str()), (11, "sip:temporary@conf-factory.home1.net"));
    with(&mut dialog, &response("200 OK", "10 INVITE", &[RECORD_ROUTE, FINAL].concat()));
    let ack = dialog.ack(10);
    assert_eq!((ack.cseq, ack.routed.request_uri.as_str()), (10, "sip:final@conf-factory.home1.net"));
    let refer = dialog.request(Method::Refer).expect("alive");
    assert_eq!(refer.cseq, 12, "exactly one more, the ACK does not count");

    let datagram = started(&refer);
    let message = Message::parse(&datagram).expect("a message");
    assert_eq!(message.method(), Some(Method::Refer));
    assert_eq!(message.from().expect("From").raw, b"\"Alice\" <sip:alice@home1.net>;tag=1928301774");
    assert_eq!(message.to().expect("To").raw, b"<sip:mmtel@conf-factory.home1.net>;tag=focus", "the URI of the INVITE");
    assert_eq!(message.call_id(), Ok(&b"a84b4c76e66710"[..]));
    assert_eq!(message.max_forwards(), Ok(70));
    let route: Vec<_> = message.route().expect("Route").iter().map(|entry| entry.uri.to_owned()).collect();
    assert_eq!(route, dialog.routes().proxies());
    assert_eq!(refer.routed.next_hop.as_str(), "sip:pcscf.3gpp.org:5064;lr;x=1");
    assert_eq!(message.fields().next().map(|field| field.raw_name), Some(&b"Via"[..]), "the Via stands on top");
}

/// The same request has the same branch, any other another one.
#[test]
fn branches_depend_on_dialog_method_and_number() {
    let identifiers = Identifiers::new(0, "ue", 0);
    let mut dialog = confirmed();
    let refer = dialog.request(Method::Refer).expect("alive");
    let other = dialog.request(Method::Refer).expect("alive");
    assert_eq!(refer.branch(&identifiers), refer.clone().branch(&identifiers));
    assert_ne!(refer.branch(&identifiers), other.branch(&identifiers));
    assert_ne!(dialog.ack(refer.cseq).branch(&identifiers), refer.branch(&identifiers));
}

#[test]
fn the_initial_request_has_no_to_tag_and_takes_the_preloaded_route() {
    let datagram = started(&initial(Method::Invite).request());
    let message = Message::parse(&datagram).expect("a message");
    assert_eq!(message.to().expect("To").raw, b"<sip:mmtel@conf-factory.home1.net>");
    assert_eq!(message.request_uri().expect("a URI").as_str(), "sip:mmtel@conf-factory.home1.net");
    assert_eq!(message.route().expect("Route").len(), 1);
}

#[test]
fn numbers_run_out_and_a_dead_dialog_sends_nothing_but_the_ack() {
    let mut dialog = confirmed();
    dialog.local_cseq = Some(super::super::MAX_CSEQ);
    assert_eq!(dialog.request(Method::Bye), Err(RequestError::CseqExhausted));
    let mut dialog = confirmed();
    assert!(dialog.end(&Usage::Invite));
    assert_eq!(dialog.request(Method::Bye), Err(RequestError::Terminated));
    assert_eq!(dialog.ack(10).cseq, 10, "a copy of the 2xx is acknowledged even now");
}

/// RFC 5057 section 4: the dialog lives until its last usage ends, and never again.
#[test]
fn a_dialog_lives_until_its_last_usage_ends() {
    let mut dialog = confirmed();
    let refer = Usage::Subscriber(EventKey::refer(12));
    let mirror = Usage::Notifier(EventKey::refer(12));
    dialog.begin(refer.clone());
    dialog.begin(mirror.clone());
    assert!(!dialog.end(&Usage::Invite), "BYE ends the session only");
    assert!(dialog.request(Method::Notify).is_ok());
    assert!(!dialog.end(&mirror));
    assert!(dialog.end(&refer));
    assert_eq!(dialog.state(), DialogState::Terminated);
    dialog.begin(Usage::Invite);
    assert_eq!(dialog.usages().count(), 0);
    with(&mut dialog, &response("200 OK", "12 UPDATE", OTHER));
    assert_eq!(target(&dialog), "final");
}

/// RFC 5057 section 5.1: some failures end the dialog, whatever usages it has.
#[test]
fn a_destroyed_dialog_has_no_usage_left() {
    let mut dialog = confirmed();
    dialog.begin(Usage::Subscriber(EventKey::refer(12)));
    dialog.destroy();
    assert_eq!((dialog.state(), dialog.usages().count()), (DialogState::Terminated, 0));
}

/// RFC 6665 section 4.4.1: tag, target and route set are the NOTIFY's, in order.
#[test]
fn the_subscriber_makes_its_dialog_from_the_notify() {
    let notify = request("NOTIFY", 77, &[RECORD_ROUTE, FINAL].concat());
    let notify = Message::parse(&notify).expect("a message");
    let dialog = Dialog::from_notify(&initial(Method::Subscribe), &notify).expect("a dialog");
    assert_eq!(dialog.id().remote_tag, Tag::from("focus"));
    assert_eq!(dialog.state(), DialogState::Confirmed);
    assert_eq!(target(&dialog), "final");
    let routes = [uri("sip:orig@scscf.3gpp.org;lr"), uri("sip:pcscf.3gpp.org:5064;lr;x=1")];
    assert_eq!(dialog.routes().proxies(), routes);
    assert_eq!((dialog.local_cseq(), dialog.remote_cseq()), (Some(10), Some(77)));
}

#[test]
fn a_message_without_what_a_dialog_needs_makes_none() {
    let without_contact = response("183 Session Progress", "10 INVITE", RELIABLE);
    let message = Message::parse(&without_contact).expect("a message");
    assert!(matches!(Dialog::from_response(&initial(Method::Invite), &message), Err(DialogError::Header(_))));
    let mut dialog = confirmed();
    let before = dialog.clone();
    let datagram = request("UPDATE", 1, "\nContact: <sip:");
    assert!(matches!(receive(&mut dialog, &datagram), Err(DialogError::Header(_))));
    assert_eq!(dialog, before);
}
