//! What a response with its code must hold (RFC 3261 sections 8.2, 10.3, 21.4 and 22, RFC 3329, 4028, 6665).

use std::ops::RangeInclusive;

use super::Findings;
use super::framing::start_line;
use crate::violation::Rule;
use crate::wire::{Message, Method, Name};

/// A response that must carry one of some header fields.
struct Owed {
    codes: RangeInclusive<u16>,
    /// Only to this method.
    method: Option<Method<'static>>,
    one_of: &'static [Name<'static>],
    rule: Rule,
}

const fn owed(code: u16, one_of: &'static [Name<'static>], rule: Rule) -> Owed {
    Owed { codes: code..=code, method: None, one_of, rule }
}

const OWED: [Owed; 10] = [
    owed(401, &[Name::WwwAuthenticate], Rule::ChallengeMissing),
    owed(405, &[Name::Allow], Rule::AllowMissing),
    owed(407, &[Name::ProxyAuthenticate], Rule::ProxyChallengeMissing),
    owed(415, &[Name::Accept, Name::AcceptEncoding, Name::AcceptLanguage], Rule::AcceptMissing),
    owed(420, &[Name::Unsupported], Rule::UnsupportedMissing),
    owed(421, &[Name::Require], Rule::RequireMissing),
    owed(422, &[Name::MinSe], Rule::MinSeMissing),
    owed(423, &[Name::MinExpires], Rule::MinExpiresMissing),
    owed(494, &[Name::SecurityServer], Rule::SecurityServerMissing),
    Owed { codes: 200..=299, method: Some(Method::Subscribe), one_of: &[Name::Expires], rule: Rule::SubscribeExpires },
];

pub(super) fn check(message: &Message<'_>, code: u16, method: Method<'_>, findings: &mut Findings<'_>) {
    let applies = |owed: &&Owed| owed.codes.contains(&code) && owed.method.is_none_or(|only| only == method);
    for owed in OWED.iter().filter(applies) {
        if !owed.one_of.iter().any(|name| message.field(*name).is_some()) {
            findings.add(owed.rule, start_line(message));
        }
    }
}
