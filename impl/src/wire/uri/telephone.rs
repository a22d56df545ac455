//! Telephone numbers, as tel URI and as user part of a SIP URI (RFC 3966; RFC 3261 section 19.1.6).
//!
//! tel URIs are compared without case, order of parameters and visual separators, user parts of SIP URIs byte by byte:
//! so a number is brought into its one normal form on the way from the one to the other. Read [`TelephoneSubscriber`].

use std::fmt;

use thiserror::Error;

use super::percent::{Unit, encode_unless, is_reserved, is_unreserved, units};
use super::{OwnedUri, Scheme, Uri};

/// A telephone number with its parameters in normal form: equal exactly if the numbers are (RFC 3966 section 4).
///
/// Lower case, without visual separators; `isub` or `ext` before `phone-context` before the rest by name, as RFC 3966
/// section 3 orders them. Characters that no user part of a SIP URI holds are escaped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TelephoneSubscriber {
    text: String,
}

/// Why a URI is no telephone number that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TelephoneError {
    /// It is neither a tel URI nor a SIP URI with `user=phone`.
    #[error("not a telephone number")]
    OtherScheme,
    /// There are no digits, or something that is none (RFC 3966 section 3).
    #[error("not the digits of a telephone number")]
    Digits,
    /// A local number that does not say where it is valid (RFC 3966 section 5.1.5).
    #[error("a local number without phone-context")]
    NoContext,
    /// The same parameter twice, or `isub` beside `ext` (RFC 3966 section 3).
    #[error("a parameter that must not stand twice, or not beside another one")]
    Repeated,
    /// A parameter that has to be understood, and is not (RFC 3966 section 5.4).
    #[error("an unknown parameter that has to be understood")]
    Mandatory,
    /// The host of the SIP URI to be made is none.
    #[error("not a host")]
    Host,
}

impl TelephoneSubscriber {
    /// The number in a tel URI, or in a SIP URI whose user part is one (`user=phone`).
    ///
    /// # Errors
    /// There is none, or none that may be used.
    pub fn of(uri: &Uri<'_>) -> Result<Self, TelephoneError> {
        let text = match uri.scheme() {
            Scheme::Tel => uri.as_str().split_once(':').map(|(_, subscriber)| subscriber),
            Scheme::Sip | Scheme::Sips => {
                let phone = uri.param("user").is_some_and(|user| user.eq_ignore_ascii_case(b"phone"));
                uri.user().filter(|_| phone)
            }
            Scheme::Urn | Scheme::Other(_) => None,
        };
        let text = text.ok_or(TelephoneError::OtherScheme)?;
        let (number, parameters) = text.split_once(';').unwrap_or((text, ""));
        let mut normal = digits(number)?;
        let mut parameters = parameters.split(';').filter(|text| !text.is_empty()).map(parameter).collect::<Vec<_>>();
        parameters.sort();
        let has = |name: &str| parameters.iter().any(|(_, own, _)| own == name);
        let twice = parameters.iter().zip(parameters.iter().skip(1)).any(|((_, one, _), (_, two, _))| one == two);
        if twice || (has("isub") && has("ext")) {
            return Err(TelephoneError::Repeated);
        }
        if parameters.iter().any(|(_, name, _)| name.starts_with("m-")) {
            return Err(TelephoneError::Mandatory);
        }
        if !normal.starts_with('+') && !has("phone-context") {
            return Err(TelephoneError::NoContext);
        }
        for (_, name, value) in &parameters {
            normal.push(';');
            normal.push_str(name);
            if let Some(value) = value {
                normal.push('=');
                normal.push_str(value);
            }
        }
        Ok(Self { text: normal })
    }

    /// The number as it stands in the user part of a SIP URI.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The SIP URI of this number at `host`, which by 3GPP is the home domain of whoever converts.
    ///
    /// # Errors
    /// `host` is no host.
    pub fn to_sip(&self, host: &str) -> Result<OwnedUri, TelephoneError> {
        format!("sip:{}@{host};user=phone", self.text).parse().map_err(|_| TelephoneError::Host)
    }
}

impl Uri<'_> {
    /// Whether both name the same user: the same telephone number, by tel URI or SIP URI and whatever the host, or
    /// equivalent URIs (TS 34.229-5 A.20 lets one user have both).
    pub fn same_user(&self, other: &Uri<'_>) -> bool {
        // Usual addresses with different user parts are told apart at little cost.
        match (self.layout.plain_user(self.text), other.layout.plain_user(other.text)) {
            (Some(one), Some(two)) if one != two => false,
            (Some(_) | None, _) => self.is_same_user(other),
        }
    }

    /// [`Self::same_user`] of any two.
    pub(super) fn is_same_user(&self, other: &Uri<'_>) -> bool {
        match (TelephoneSubscriber::of(self), TelephoneSubscriber::of(other)) {
            (Ok(one), Ok(two)) => one == two,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
            (Err(_), Err(_)) => self.equivalent(other),
        }
    }
}

impl fmt::Display for TelephoneSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

/// The digits without visual separators; `#` can stand in a SIP URI only escaped.
fn digits(number: &str) -> Result<String, TelephoneError> {
    let plain = units(number.as_bytes()).map(|unit| unit.byte.to_ascii_lowercase()).filter(|byte| !is_separator(*byte));
    let plain: Vec<u8> = plain.collect();
    let (is_global, digits) = plain.strip_prefix(b"+").map_or((false, plain.as_slice()), |digits| (true, digits));
    let is_digit = |byte: &u8| {
        byte.is_ascii_digit() || (!is_global && (matches!(byte, b'a'..=b'f') || matches!(byte, b'*' | b'#')))
    };
    if digits.is_empty() || !digits.iter().all(is_digit) {
        return Err(TelephoneError::Digits);
    }
    Ok(encode_unless(&plain, |byte| is_unreserved(byte) || byte == b'+'))
}

/// A parameter in normal form, behind its place in the order of RFC 3966 section 3.
fn parameter(text: &str) -> (u8, String, Option<String>) {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let name = normal(units(name.as_bytes()));
    // The value of these is a number, or may be one, and is compared as such.
    let is_number = name == "ext" || (name == "phone-context" && value.is_some_and(|value| value.starts_with('+')));
    let value = value.map(|value| {
        normal(units(value.as_bytes()).filter(|unit| !is_number || unit.was_encoded || !is_separator(unit.byte)))
    });
    let place = match name.as_str() {
        "isub" | "ext" => 0,
        "phone-context" => 1,
        _ => 2,
    };
    (place, name, value)
}

/// Lower case, escaped exactly where a user part of a SIP URI needs it or where the escape means something else than
/// the character (RFC 3261 sections 19.1.4 and 25.1).
fn normal(units: impl Iterator<Item = Unit>) -> String {
    units
        .map(|unit| {
            let stays = !(unit.was_encoded && is_reserved(unit.byte));
            encode_unless(&[unit.byte.to_ascii_lowercase()], |byte| {
                stays && (is_unreserved(byte) || matches!(byte, b'&' | b'+' | b'$' | b',' | b'?' | b'/'))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(text: &str) -> Result<TelephoneSubscriber, TelephoneError> {
        TelephoneSubscriber::of(&Uri::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_number_has_one_sip_uri() {
        for (tel, sip) in [
            ("tel:+1-201-555-0123", "sip:+12015550123@home.example;user=phone"),
            ("TEL:+1(201)555.0123", "sip:+12015550123@home.example;user=phone"),
            (
                "tel:+358-555-1234567;postd=pp22;isub=1411",
                "sip:+3585551234567;isub=1411;postd=pp22@home.example;user=phone",
            ),
            ("tel:863-1234;Phone-Context=+1-914-555", "sip:8631234;phone-context=+1914555@home.example;user=phone"),
            ("tel:*21#;phone-context=Example.COM", "sip:*21%23;phone-context=example.com@home.example;user=phone"),
            ("tel:+1;x=[::1];EXT=1-2", "sip:+1;ext=12;x=%5B%3A%3A1%5D@home.example;user=phone"),
            ("tel:+1;x=%41%3b", "sip:+1;x=a%3B@home.example;user=phone"),
        ] {
            let number = subscriber(tel).unwrap();
            let made = number.to_sip("home.example").unwrap();
            assert_eq!(made.as_str(), sip, "{tel}");
            assert_eq!(subscriber(made.as_str()), Ok(number), "{tel}");
        }
    }

    #[test]
    fn one_user_may_have_a_telephone_number_and_a_sip_uri() {
        for (one, two, same) in [
            ("tel:+1-201", "sip:+1201@a.example;user=phone", true),
            ("sip:+1201@b.example;user=phone", "sip:+1201@a.example;user=phone", true),
            ("tel:+1-201", "sip:+1201@a.example", false),
            ("tel:+1-201", "tel:+1-202", false),
            ("sip:bob@a.example", "sip:bob@A.example", true),
            ("sip:bob@a.example", "sip:carol@a.example", false),
        ] {
            let [one, two] = [one, two].map(|text| Uri::parse(text.as_bytes()).unwrap());
            assert_eq!((one.same_user(&two), two.same_user(&one)), (same, same), "{one} {two}");
        }
    }

    #[test]
    fn what_may_not_be_used() {
        for (text, error) in [
            ("sip:+1@home.example", TelephoneError::OtherScheme),
            ("urn:service:sos", TelephoneError::OtherScheme),
            ("tel:", TelephoneError::Digits),
            ("tel:+", TelephoneError::Digits),
            ("tel:+--", TelephoneError::Digits),
            ("tel:+1a", TelephoneError::Digits),
            ("tel:x;phone-context=a", TelephoneError::Digits),
            ("tel:7042", TelephoneError::NoContext),
            ("sip:7042@home.example;user=phone", TelephoneError::NoContext),
            ("tel:+1;ext=1;EXT=2", TelephoneError::Repeated),
            ("tel:+1;ext=1;isub=2", TelephoneError::Repeated),
            ("tel:+1;M-type=8", TelephoneError::Mandatory),
        ] {
            assert_eq!(subscriber(text), Err(error), "{text}");
        }
        assert_eq!(subscriber("tel:+1").unwrap().to_sip("a b"), Err(TelephoneError::Host));
    }
}
