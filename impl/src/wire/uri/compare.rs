//! Equivalence of URIs (RFC 3261 section 19.1.4, RFC 3966 section 4). It is not transitive: a parameter that is ignored
//! in one pair decides in another.

use super::percent::{Unit, is_reserved, units};
use super::{Scheme, Uri};
use crate::wire::header::{Param, Params};

/// A SIP URI that has one of these matches only a URI that has it too.
const NEVER_IGNORED: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri<'_> {
    /// Whether the two URIs are equivalent by RFC 3261 section 19.1.4 (sip, sips), by RFC 3966 section 4 (tel), or, for
    /// other schemes, the same text but for the case of the scheme.
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        match (self.scheme(), other.scheme()) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => self.sip_equivalent(other),
            (Scheme::Tel, Scheme::Tel) => self.tel_equivalent(other),
            (Scheme::Urn, Scheme::Urn) => self.body() == other.body(),
            (Scheme::Other(one), Scheme::Other(two)) => one.eq_ignore_ascii_case(two) && self.body() == other.body(),
            _ => false,
        }
    }

    fn sip_equivalent(&self, other: &Uri<'_>) -> bool {
        same_option(self.user(), other.user(), |one, two| same_text(one.as_bytes(), two.as_bytes(), Case::Matters))
            && same_option(self.password(), other.password(), |one, two| {
                same_text(one.as_bytes(), two.as_bytes(), Case::Matters)
            })
            && self.host() == other.host()
            && self.port() == other.port()
            && sip_params_agree(self.params(), other.params())
            && sip_params_agree(other.params(), self.params())
            && headers_within(self, other)
            && headers_within(other, self)
    }

    fn tel_equivalent(&self, other: &Uri<'_>) -> bool {
        number(self.body()).eq(number(other.body()))
            && tel_params_within(self.params(), other.params())
            && tel_params_within(other.params(), self.params())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Matters,
    Ignored,
}

/// A character is the same as its encoding, unless it is reserved (section 19.1.4).
fn same_text(one: &[u8], two: &[u8], case: Case) -> bool {
    let normal = |unit: Unit| {
        let byte = if case == Case::Ignored { unit.byte.to_ascii_lowercase() } else { unit.byte };
        (byte, unit.was_encoded && is_reserved(unit.byte))
    };
    units(one).map(normal).eq(units(two).map(normal))
}

fn same_option<T>(one: Option<T>, two: Option<T>, same: impl Fn(T, T) -> bool) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => same(one, two),
        (None, None) => true,
        _ => false,
    }
}

fn same_name(one: &Param<'_>, two: &Param<'_>) -> bool {
    same_text(one.name, two.name, Case::Ignored)
}

fn same_value(one: &Param<'_>, two: &Param<'_>) -> bool {
    same_text(one.value.unwrap_or_default(), two.value.unwrap_or_default(), Case::Ignored)
}

/// Every parameter of `one` is the same in `two`, or missing there and one of those that are then ignored. Of a name
/// that stands twice, which no URI may have, the first one counts.
fn sip_params_agree(one: Params<'_>, two: Params<'_>) -> bool {
    one.iter().all(|param| match first_named(two, &param) {
        Some(other) => first_named(one, &param).is_some_and(|own| same_value(&own, &other)),
        None => !NEVER_IGNORED.iter().any(|name| same_text(param.name, name.as_bytes(), Case::Ignored)),
    })
}

fn first_named<'a>(params: Params<'a>, as_this: &Param<'_>) -> Option<Param<'a>> {
    params.iter().find(|param| same_name(param, as_this))
}

/// Every header of `one` stands in `two`. Values are compared as bytes: the headers that a URI carries here (Replaces,
/// Require) have no case-insensitive part that matters.
fn headers_within(one: &Uri<'_>, two: &Uri<'_>) -> bool {
    one.headers().all(|(name, value)| {
        two.headers().any(|(other, other_value)| name.eq_ignore_ascii_case(&other) && value == other_value)
    })
}

/// The number without visual separators, in lower case.
fn number(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !matches!(byte, b'-' | b'.' | b'(' | b')')).map(|byte| byte.to_ascii_lowercase())
}

/// Every parameter of `one` is the same in `two`; a phone-context that is a number is compared as one.
fn tel_params_within(one: Params<'_>, two: Params<'_>) -> bool {
    one.iter().all(|param| {
        two.iter().any(|other| {
            let is_number = |param: &Param<'_>| param.value.is_some_and(|value| value.starts_with(b"+"));
            let as_number = |param: &Param<'_>| -> Vec<u8> {
                number(std::str::from_utf8(param.value.unwrap_or_default()).unwrap_or_default()).collect()
            };
            same_name(&param, &other)
                && if is_number(&param) && is_number(&other) {
                    as_number(&param) == as_number(&other)
                } else {
                    same_value(&param, &other)
                }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalence_follows_the_examples_of_the_rfc() {
        let same = [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=off"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("sip:a@h;b=1;b=2", "sip:a@h;b=1;b=2"),
            ("sip:a@[2001:db8::1]:5060", "sip:a@[2001:DB8:0:0::1]:5060"),
            ("tel:+1-201-555-0123", "tel:+12015550123"),
            ("tel:7042;phone-context=+1-201", "TEL:7042;Phone-Context=+1201"),
            ("URN:service:sos", "urn:service:sos"),
        ];
        let different = [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@h", "sips:a@h"),
            ("sip:a@h", "sip:a:pw@h"),
            ("sip:h", "sip:a@h"),
            ("sip:a%3Bb@h", "sip:a;b@h"),
            ("sip:a@h;maddr=10.0.0.1", "sip:a@h"),
            ("tel:+12015550123", "tel:12015550123"),
            ("tel:7042;phone-context=a.example", "tel:7042"),
        ];
        for (table, expected) in [(&same[..], true), (&different[..], false)] {
            for (one, two) in table {
                let [one, two] = [one, two].map(|text| Uri::parse(text.as_bytes()).unwrap());
                assert_eq!(one.equivalent(&two), expected, "{one} {two}");
                assert_eq!(two.equivalent(&one), expected, "{two} {one}");
            }
        }
    }
}
