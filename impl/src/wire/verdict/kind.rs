//! What a request or a response of its kind must hold (RFC 3261 sections 8.1.1 and 8.2.6.2, RFC 3262, 3515, 3891,
//! 6665).

use super::Findings;
use super::framing::start_line;
use crate::violation::Rule;
use crate::wire::{Message, Method, Name, NameAddr, SubscriptionStatus, sipfrag};

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
        (None, Some(code), Ok(cseq)) => check_response(message, code, cseq.method, findings),
        _ => {}
    }
    check_contact(message, findings);
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
        && !via.has_magic_cookie()
    {
        findings.add(Rule::Branch, via.raw);
    }
    match method {
        Method::Cancel => {
            for value in [Name::Require, Name::ProxyRequire].into_iter().filter_map(|name| message.field(name)) {
                findings.add(Rule::CancelRequire, value);
            }
        }
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
}
