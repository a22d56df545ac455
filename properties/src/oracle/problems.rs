//! What is malformed in a message, by header field: a reader that forgives must still be able to say so.

use super::sip::Sip;

/// One fault of the form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// The header field, by its full name.
    pub header: &'static str,
    /// What is wrong, in a few words.
    pub what: &'static str,
}

/// Names every header field that is missing or cannot be read.
pub fn problems(message: &Sip) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut check = |bad: bool, header, what| {
        if bad {
            found.push(Problem { header, what });
        }
    };
    for header in ["Via", "From", "To", "Call-ID", "CSeq"] {
        check(message.header(header).is_none(), header, "missing");
    }
    for header in ["From", "To", "Call-ID", "CSeq", "Event", "Subscription-State", "RAck", "RSeq"] {
        check(message.lines(header).nth(1).is_some(), header, "more than once");
    }
    let unreadable = |header: &str, readable: bool| message.header(header).is_some() && !readable;
    check(unreadable("CSeq", message.cseq().is_some()), "CSeq", "not `number METHOD`");
    let method = message.cseq().map_or("", |cseq| cseq.method);
    check(message.is_request() && !method.is_empty() && method != message.method(), "CSeq", "not the request's method");
    check(message.header("From").is_some() && message.from_tag().is_none(), "From", "no tag");
    check(unreadable("RAck", message.rack().is_some()), "RAck", "not `number number METHOD`");
    check(unreadable("RSeq", message.rseq().is_some()), "RSeq", "not a number");
    check(unreadable("Expires", message.expires().is_some()), "Expires", "not a number");
    let empty_package = message.event().is_some_and(|event| event.package.is_empty());
    check(empty_package, "Event", "no event package");
    let state = message.subscription_state();
    let token =
        |state: &str| !state.is_empty() && state.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c));
    check(state.is_some_and(|state| !token(state.state)), "Subscription-State", "the state is no token");
    check(message.contact().is_some_and(|contact| contact.uri.is_empty()), "Contact", "no URI");
    check(message.refer_to().is_some_and(|target| target.uri.is_empty()), "Refer-To", "no URI");
    let question = message.refer_to().is_some_and(|target| !target.bracketed && target.uri.contains(['?', ',']));
    check(question, "Refer-To", "a URI with `?` or `,` outside angle brackets");
    check(content_length_wrong(message), "Content-Length", "not the length of the body");
    found
}

fn content_length_wrong(message: &Sip) -> bool {
    let Some(value) = message.header("Content-Length") else { return false };
    value.trim().parse::<usize>() != Ok(message.body.len())
}
