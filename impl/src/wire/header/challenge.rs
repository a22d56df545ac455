//! WWW-Authenticate and Proxy-Authenticate (RFC 3261 sections 20.27 and 20.44; RFC 7616 section 3.3).

use std::borrow::Cow;

use super::{Malformed, Param};
use crate::wire::text::{is_lws, split_token, split_top_level, trim, unfold};

/// What a server asks of whoever sends a request; one to a line (RFC 3261 section 7.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Challenge<'a> {
    /// The scheme, such as `Digest`; compared without case.
    pub scheme: &'a [u8],
    params: &'a [u8],
}

impl<'a> Challenge<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// There is no scheme, or nothing behind it.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (scheme, params) = split_token(value);
        if scheme.is_empty() {
            return Err(Malformed::at("no scheme", value, params));
        }
        // `split_token` has left out the white space that has to be there.
        if params.is_empty() || !value.get(scheme.len()).is_some_and(|byte| is_lws(*byte)) {
            return Err(Malformed::at("no parameters", value, params));
        }
        Ok(Self { scheme, params })
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = Some(self.params);
        std::iter::from_fn(move || {
            let (param, behind) = split_top_level(rest?, b',');
            rest = behind;
            Some(Param::parse(trim(param)))
        })
        .filter(|param| !param.name.is_empty())
    }

    /// The value of the first parameter of this name, without surrounding quotes and folds; escapes stay, because a
    /// digest is made of the text as it was written (RFC 7616 section 3.3).
    pub fn get(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let param = self.params().find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(unfold(param.inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_split_at_commas_outside_quotes() {
        let value = br#"Digest realm="a, \"b\"" ,qop="auth,auth-int", stale=TRUE,, nonce = "x=="#;
        let challenge = Challenge::parse(value).unwrap();
        assert_eq!(challenge.scheme, b"Digest");
        let get = |name| challenge.get(name).map(|value| String::from_utf8_lossy(&value).into_owned());
        assert_eq!(get("Realm").as_deref(), Some(r#"a, \"b\""#));
        assert_eq!(get("qop").as_deref(), Some("auth,auth-int"));
        assert_eq!(get("stale").as_deref(), Some("TRUE"));
        assert_eq!(get("opaque"), None);
        assert_eq!(challenge.params().count(), 4);
        for malformed in [&b""[..], b"Digest", b"Digest ", b"=x", b"Digest,realm=\"a\""] {
            assert!(Challenge::parse(malformed).is_err(), "{}", malformed.escape_ascii());
        }
    }
}
