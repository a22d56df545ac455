//! Headers that hold a time: Retry-After (RFC 3261 section 20.33) and Session-Expires (RFC 4028 section 4).

use super::params::params_or_nothing;
use super::{Malformed, Params};
use crate::wire::text::{comment_len, decimal, split_token, trim};

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryAfter<'a> {
    /// Seconds.
    pub seconds: u32,
    /// Parameters, such as `duration`.
    pub params: Params<'a>,
}

impl<'a> RetryAfter<'a> {
    /// Reads the value; a comment is skipped.
    ///
    /// # Errors
    /// It does not begin with a number.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (seconds, rest) = split_seconds(value)?;
        // `120 (in a meeting);duration=3600`
        let rest = match rest.first() {
            Some(b'(') => comment_len(rest).and_then(|end| rest.get(end..)).map(trim),
            _ => Some(rest),
        }
        .ok_or_else(|| Malformed::at("a comment without its end", value, rest))?;
        Ok(Self { seconds, params: params_or_nothing(value, rest)? })
    }
}

/// Who refreshes the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refresher {
    /// The caller of this transaction.
    Uac,
    /// The callee of this transaction.
    Uas,
}

impl Refresher {
    /// The value of the `refresher` parameter.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// Session interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionExpires<'a> {
    /// Seconds.
    pub seconds: u32,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> SessionExpires<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It does not begin with a number.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (seconds, rest) = split_seconds(value)?;
        Ok(Self { seconds, params: params_or_nothing(value, rest)? })
    }

    /// The `refresher` parameter; `None` if it is missing or neither `uac` nor `uas`.
    pub fn refresher(&self) -> Option<Refresher> {
        let refresher = self.params.get("refresher")?;
        [Refresher::Uac, Refresher::Uas]
            .into_iter()
            .find(|role| refresher.eq_ignore_ascii_case(role.token().as_bytes()))
    }
}

fn split_seconds(value: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (seconds, rest) = split_token(value);
    let seconds = decimal(seconds).ok_or_else(|| Malformed::at("no number of seconds", value, seconds))?;
    Ok((seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_may_hold_a_comment_and_a_duration() {
        for (value, seconds, duration) in [
            (&b"5"[..], 5, None),
            (b"18000;duration=3600", 18_000, Some(&b"3600"[..])),
            (b"120 (I'm (really) in a meeting) ;duration=1", 120, Some(b"1")),
            (br#"120 (:-\)) ;x=")";duration=1"#, 120, Some(b"1")),
        ] {
            let retry = RetryAfter::parse(value).unwrap();
            assert_eq!((retry.seconds, retry.params.get("duration")), (seconds, duration), "{value:?}");
        }
        for value in [&b""[..], b"soon", b"5 (open", b"5 (a\\)", b"5 (a) b", b"5 x"] {
            assert!(RetryAfter::parse(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn session_intervals() {
        for (value, refresher) in [
            (&b"1800;refresher=uac"[..], Some(Refresher::Uac)),
            (b"1800 ;Refresher=UAS", Some(Refresher::Uas)),
            (b"1800", None),
            (b"1800;refresher=nobody", None),
        ] {
            let expires = SessionExpires::parse(value).unwrap();
            assert_eq!((expires.seconds, expires.refresher()), (1800, refresher), "{value:?}");
        }
    }
}
