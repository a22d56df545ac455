//! What a request or a response of its kind must hold (RFC 3261 sections 8.1.1, 8.2.6.2, 9.1 and 10.2, RFC 3262, 3515,
//! 3891, 4028, 6665).

use super::framing::start_line;
use super::{Findings, response};
use crate::violation::Rule;
use crate::wire::{Message, Method, Name, NameAddr, Scheme, SubscriptionStatus, Uri, sipfrag};

/// How every branch begins (RFC 3261 section 8.1.1.7); what makes it unique follows.
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";
/// The shortest session interval, in seconds (RFC 4028 sections 4 and 5).
const SHORTEST_SESSION: u32 = 90;

pub(super) fn check(message: &Message<'_>, findings: &mut Findings<'_>) {
    let mandatory = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq];
    for name in mandatory {
        if message.field(name).is_none() {
            findings.add(Rule::MissingMandatory, start_line(message));
        }
    }
    let cseq = message.cseq();
    if let (Ok(cseq), Some(value)) = (&cseq, message.field(Name::CSeq)) {
        if cseq.number >= 1 << 31 {
            findings.add(Rule::CSeqNumber, value);
        }
        if message.method().is_some_and(|method| method != cseq.method) {
            findings.add(Rule::CSeqMethod, value);
        }
    }
    if let Ok(from) = message.from()
        && from.tag().is_none()
    {
        findings.add(Rule::FromTag, from.raw);
    }
    match (message.method(), message.status(), cseq) {
        (Some(method), ..) => check_request(message, method, findings),
        (None, Some(code), Ok(cseq)) => {
            check_response(message, code, cseq.method, findings);
            response::check(message, code, cseq.method, findings);
        }
        _ => {}
    }
    check_contact(message, findings);
    check_session_interval(message, findings);
    let is_invite = message.method() == Some(Method::Invite);
    if let (Some(value), false) = (message.field(Name::Replaces), is_invite) {
        findings.add(Rule::ReplacesMethod, value);
    }
}

fn check_request(message: &Message<'_>, method: Method<'_>, findings: &mut Findings<'_>) {
    match message.field(Name::MaxForwards) {
        None => findings.add(Rule::MissingMandatory, start_line(message)),
        Some(value) if message.max_forwards().is_ok_and(|hops| hops > 255) => {
            findings.add(Rule::MaxForwardsRange, value);
        }
        Some(_) => {}
    }
    if let Ok(via) = message.via()
        && !via.branch().is_some_and(|branch| branch.len() > MAGIC_COOKIE.len() && branch.starts_with(MAGIC_COOKIE))
    {
        findings.add(Rule::Branch, via.raw);
    }
    match method {
        Method::Cancel => {
            for value in [Name::Require, Name::ProxyRequire].into_iter().filter_map(|name| message.field(name)) {
                findings.add(Rule::CancelRequire, value);
            }
            if let Some(second) = message.values(Name::Via).nth(1) {
                findings.add(Rule::CancelVia, second);
            }
        }
        Method::Register => check_register(message, findings),
        Method::Prack if message.field(Name::RAck).is_none() => {
            findings.add(Rule::RackMissing, start_line(message));
        }
        Method::Refer => check_refer_to(message, findings),
        Method::Subscribe | Method::Notify => {
            if message.field(Name::Event).is_none() {
                findings.add(Rule::EventMissing, start_line(message));
            }
            if method == Method::Notify {
                check_notify(message, findings);
            }
        }
        _ => {}
    }
}

fn check_register(message: &Message<'_>, findings: &mut Findings<'_>) {
    if let Ok(uri) = message.request_uri()
        && uri.user().is_some()
    {
        findings.add(Rule::RegistrarUri, uri.as_bytes());
    }
    let star = message.values(Name::Contact).find(|contact| *contact == b"*");
    if let Some(star) = star
        && (message.values(Name::Contact).count() > 1 || message.expires() != Ok(0))
    {
        findings.add(Rule::StarContact, star);
    }
}

/// No session interval is shorter than 90 seconds, nor than the Min-SE beside it (RFC 4028 sections 4, 5 and 7.1).
fn check_session_interval(message: &Message<'_>, findings: &mut Findings<'_>) {
    let least = message.min_se().ok().filter(|_| message.is_request()).unwrap_or_default().max(SHORTEST_SESSION);
    let session = message.session_expires().ok().filter(|session| session.seconds < least);
    if let (Some(_), Some(value)) = (session, message.field(Name::SessionExpires)) {
        findings.add(Rule::SessionInterval, value);
    }
    let is_short = message.min_se().is_ok_and(|seconds| seconds < SHORTEST_SESSION);
    if let (true, Some(value)) = (is_short, message.field(Name::MinSe)) {
        findings.add(Rule::SessionInterval, value);
    }
}

/// A REFER with no Refer-To value or with several of them is answered 400 (RFC 3515 section 2.4.2).
fn check_refer_to(message: &Message<'_>, findings: &mut Findings<'_>) {
    let mut values = message.fields().filter(|field| field.name == Name::ReferTo);
    match values.next() {
        None => findings.add(Rule::ReferTo, start_line(message)),
        // A comma that is no part of the URI starts a second value.
        Some(first) if NameAddr::parse(first.value).is_err() && message.values(Name::ReferTo).count() > 1 => {
            findings.add(Rule::ReferTo, first.value);
        }
        Some(_) => {}
    }
    for further in values {
        findings.add(Rule::ReferTo, further.value);
    }
}

fn check_notify(message: &Message<'_>, findings: &mut Findings<'_>) {
    match (message.field(Name::SubscriptionState), message.subscription_state()) {
        (None, _) => findings.add(Rule::SubscriptionStateMissing, start_line(message)),
        (Some(value), Ok(state)) => {
            let lives = matches!(state.status, SubscriptionStatus::Active | SubscriptionStatus::Pending);
            if lives && state.expires().is_none() {
                findings.add(Rule::SubscriptionExpires, value);
            }
        }
        (Some(_), Err(_)) => {}
    }
    if message.event().is_ok_and(|event| event.package == b"refer") {
        let is_sipfrag = message.content_type().is_ok_and(|media_type| media_type.is("message/sipfrag"));
        if !is_sipfrag || sipfrag::parse(message.body()).is_err() {
            let part = if message.body().is_empty() { start_line(message) } else { message.body() };
            findings.add(Rule::ReferReport, part);
        }
    }
}

fn check_response(message: &Message<'_>, code: u16, method: Method<'_>, findings: &mut Findings<'_>) {
    if let Ok(to) = message.to()
        && code != 100
        && to.tag().is_none()
    {
        findings.add(Rule::ToTag, to.raw);
    }
    if let (Ok(0), Some(value)) = (message.rseq(), message.field(Name::RSeq)) {
        findings.add(Rule::RSeqRange, value);
    }
    let is_provisional = (101..200).contains(&code);
    match (message.field(Name::RSeq), message.requires("100rel")) {
        (Some(rseq), _) if !is_provisional || method != Method::Invite => findings.add(Rule::ReliableResponse, rseq),
        (Some(rseq), false) => findings.add(Rule::ReliableResponse, rseq),
        (None, true) if is_provisional => findings.add(Rule::ReliableResponse, start_line(message)),
        (Some(_) | None, _) => {}
    }
}

/// Contact in what sets up or refreshes a dialog: once, and only once.
fn check_contact(message: &Message<'_>, findings: &mut Findings<'_>) {
    let targets = |method: Method<'_>| {
        matches!(method, Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer)
    };
    let is_needed = match (message.method(), message.status()) {
        (Some(method), _) => targets(method),
        (None, Some(200..=299)) => {
            message.cseq().is_ok_and(|cseq| targets(cseq.method) && cseq.method != Method::Notify)
        }
        _ => false,
    };
    let mut contacts = message.values(Name::Contact);
    match (contacts.next(), contacts.next()) {
        (None, _) if is_needed => findings.add(Rule::ContactMissing, start_line(message)),
        (_, Some(second)) if is_needed => findings.add(Rule::ContactCount, second),
        _ => {}
    }
    let is_sips = |uri: &Uri<'_>| uri.scheme() == Scheme::Sips;
    let to_sips = message.request_uri().is_ok_and(|uri| is_sips(&uri))
        || message.route().is_ok_and(|route| route.first().is_some_and(|top| is_sips(&top.uri)));
    if let Ok(contact) = message.contact()
        && to_sips
        && message.method().is_some_and(targets)
        && contact.uri.scheme() == Scheme::Sip
    {
        findings.add(Rule::SipsContact, contact.uri.as_bytes());
    }
}
