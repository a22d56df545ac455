//! Parameters: `;name`, `;name=token`, `;name="quoted"` (RFC 3261 sections 7.3.1 and 25.1, `generic-param`).

use std::borrow::Cow;

use super::Malformed;
use crate::wire::text::{quoted_len, same_word, split_once, split_token, split_top_level, trim, trim_start, unquote};

/// The parameters of a value or of a URI, unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params<'a> {
    raw: &'a [u8],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param<'a> {
    /// Name as written; compared without case.
    pub name: &'a [u8],
    /// Value as written, with its quotes; `None` if there is no `=`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Param<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Self {
        match split_once(text, b'=') {
            Some((name, value)) => Self { name: trim(name), value: Some(trim(value)) },
            None => Self { name: trim(text), value: None },
        }
    }

    /// The value without quotes and escapes; empty if there is none.
    pub fn text(&self) -> Cow<'a, [u8]> {
        self.value.map_or(Cow::Borrowed(&[]), unquote)
    }

    /// The value without surrounding quotes, escapes kept; empty if there is none.
    pub(crate) fn inner(&self) -> &'a [u8] {
        let value = self.value.unwrap_or_default();
        match quoted_len(value) {
            Some(end) => value.get(1..end - 1).unwrap_or_default(),
            None => value,
        }
    }
}

impl<'a> Params<'a> {
    /// Parameters that stand in `raw`, with or without the first `;`.
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The bytes as written.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The parameters in order; empty ones (`;;`) are left out.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = Some(self.raw);
        std::iter::from_fn(move || {
            loop {
                let (param, behind) = split_top_level(rest?, b';');
                rest = behind;
                let param = Param::parse(param);
                if !param.name.is_empty() {
                    return Some(param);
                }
            }
        })
    }

    /// The first parameter of this name. The others are not taken apart.
    #[inline]
    pub fn find(&self, name: &str) -> Option<Param<'a>> {
        let mut rest = self.raw;
        loop {
            rest = trim_start(rest);
            if let Some((found, behind)) = rest.split_at_checked(name.len())
                && same_word(found, name.as_bytes())
            {
                match trim_start(behind) {
                    [] | [b';', ..] => return Some(Param { name: found, value: None }),
                    [b'=', value @ ..] => {
                        return Some(Param { name: found, value: Some(trim(split_top_level(value, b';').0)) });
                    }
                    // It only begins like it.
                    [_, ..] => {}
                }
            }
            rest = split_top_level(rest, b';').1?;
        }
    }

    /// The first parameter of each of these names, which all differ, in one pass.
    pub(crate) fn find_each<const N: usize>(&self, names: [&str; N]) -> [Option<Param<'a>>; N] {
        let mut found = [None; N];
        for param in self.iter() {
            let place = names.iter().position(|name| same_word(param.name, name.as_bytes()));
            if let Some(found) = place.and_then(|place| found.get_mut(place)) {
                found.get_or_insert(param);
            }
        }
        found
    }

    /// The value of the first parameter of this name, without surrounding quotes (escapes stay); empty if it has none.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.find(name).map(|param| param.inner())
    }

    /// Whether there is a parameter of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

/// Reads `token *(;param)`, the shape of many headers; `missing` says what the token is.
pub(super) fn token_and_params<'a>(
    value: &'a [u8],
    missing: &'static str,
) -> Result<(&'a [u8], Params<'a>), Malformed> {
    let (token, rest) = split_token(value);
    if token.is_empty() {
        return Err(Malformed::at(missing, value, rest));
    }
    Ok((token, params_or_nothing(value, rest)?))
}

/// What follows the main part of a value: nothing, or parameters with their first semicolon.
pub(super) fn params_or_nothing<'a>(value: &'a [u8], rest: &'a [u8]) -> Result<Params<'a>, Malformed> {
    match rest {
        [] => Ok(Params::default()),
        [b';', params @ ..] => Ok(Params::new(params)),
        _ => Err(Malformed::at("something that is no parameter", value, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_split_at_semicolons_outside_quotes() {
        let params = Params::new(br#" ;tag = a1 ; isfocus;+sip.instance="<urn:x;y>";q="\";" ;;last="#);
        let read: Vec<_> = params.iter().map(|param| (param.name, param.value)).collect();
        assert_eq!(
            read,
            [
                (&b"tag"[..], Some(&b"a1"[..])),
                (b"isfocus", None),
                (b"+sip.instance", Some(br#""<urn:x;y>""#)),
                (b"q", Some(br#""\";""#)),
                (b"last", Some(b"")),
            ]
        );
        assert_eq!(params.get("TAG"), Some(&b"a1"[..]));
        assert_eq!(params.get("isfocus"), Some(&b""[..]));
        assert_eq!(params.get("+sip.instance"), Some(&b"<urn:x;y>"[..]));
        assert_eq!(params.find("q").map(|param| param.text().into_owned()), Some(b"\";".to_vec()));
        assert_eq!(params.get("absent"), None);
        for name in ["tag", "isfocus", "+sip.instance", "q", "last", "LAST", "ta", "tagg", "urn:x"] {
            let listed = params.iter().find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()));
            assert_eq!(params.find(name), listed, "{name}");
            assert_eq!(params.find_each(["isfocus2", name]), [None, listed], "{name}");
        }
    }
}
