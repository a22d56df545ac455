//! Name-addresses and comma lists (RFC 3261 sections 20 and 25.1).
//!
//! Only the shape is read: where the URI stands and which parameters follow it. A URI without angle brackets ends at
//! the first semicolon, and all parameters then belong to the header field (section 20).

/// The value of From, To, Contact, Route, Refer-To and the like: a URI and the header parameters after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address<'a> {
    /// The URI, verbatim, with its own parameters and headers part.
    pub uri: &'a str,
    /// Everything after the URI: `;name=value` pairs, verbatim.
    pub parameters: &'a str,
    /// Whether the URI stood in angle brackets.
    pub bracketed: bool,
}

impl<'a> Address<'a> {
    /// Reads one value; never fails, the worst is an empty URI.
    pub fn read(value: &'a str) -> Self {
        let value = value.trim();
        if let Some(open) = find_outside_quotes(value, '<') {
            let rest = value.get(open + 1..).unwrap_or("");
            let (uri, parameters) = rest.split_once('>').unwrap_or((rest, ""));
            return Self { uri: uri.trim(), parameters: parameters.trim(), bracketed: true };
        }
        let end = value.find(';').unwrap_or(value.len());
        let (uri, parameters) = value.split_at(end);
        Self { uri: uri.trim(), parameters: parameters.trim(), bracketed: false }
    }

    /// The value of a header parameter: `None` when it is absent, an empty text when it has no value.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        parameter(self.parameters, name)
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&'a str> {
        self.parameter("tag")
    }

    /// Whether this Contact carries the `isfocus` feature tag as a header parameter (RFC 3840 section 9).
    pub fn is_focus(&self) -> bool {
        self.parameter("isfocus").is_some_and(|value| !value.trim_matches('"').eq_ignore_ascii_case("FALSE"))
    }
}

/// Looks a parameter up in `;name=value;flag`; names are compared without case, quotes around a value stay.
pub(crate) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    split_outside_quotes(parameters, ';').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Splits a header value at its top-level commas; quotes and angle brackets are respected.
pub fn split_list(value: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(value, ',').map(str::trim).filter(|part| !part.is_empty())
}

fn find_outside_quotes(value: &str, wanted: char) -> Option<usize> {
    let mut scan = Scan::default();
    value.char_indices().find(|&(_, c)| scan.top(c) && c == wanted).map(|(at, _)| at)
}

fn split_outside_quotes(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut scan = Scan::default();
        for (at, c) in text.char_indices() {
            if scan.outside(c) && c == separator {
                rest = text.get(at + separator.len_utf8()..);
                return text.get(..at);
            }
        }
        rest = None;
        Some(text)
    })
}

/// Walks over a header value and knows whether it is inside a quoted string or angle brackets.
#[derive(Default)]
struct Scan {
    quoted: bool,
    escaped: bool,
    angle: bool,
}

impl Scan {
    /// Whether `c` stands outside quotes.
    const fn top(&mut self, c: char) -> bool {
        if self.quoted {
            if self.escaped {
                self.escaped = false;
            } else if c == '\\' {
                self.escaped = true;
            } else if c == '"' {
                self.quoted = false;
            }
            return false;
        }
        if c == '"' {
            self.quoted = true;
            return false;
        }
        true
    }

    /// Whether `c` stands outside quotes and angle brackets.
    const fn outside(&mut self, c: char) -> bool {
        if !self.top(c) {
            return false;
        }
        match c {
            '<' => self.angle = true,
            '>' => self.angle = false,
            _ => return !self.angle,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_shapes() {
        let table = [
            ("<sip:a@b;lr>;tag=x", "sip:a@b;lr", ";tag=x", Some("x")),
            ("\"A <b>\" <sip:a@b> ; tag=x", "sip:a@b", "; tag=x", Some("x")),
            ("sip:a@b;tag=x", "sip:a@b", ";tag=x", Some("x")),
            ("sip:a@b", "sip:a@b", "", None),
            ("<sip:a@b", "sip:a@b", "", None),
            ("", "", "", None),
        ];
        for (value, uri, parameters, tag) in table {
            let address = Address::read(value);
            assert_eq!((address.uri, address.parameters, address.tag()), (uri, parameters, tag), "{value}");
        }
    }

    #[test]
    fn isfocus_is_a_header_parameter() {
        let table = [
            ("<sip:f@h>;isfocus", true),
            ("<sip:f@h>;Isfocus", true),
            ("<sip:f@h>;isfocus=\"TRUE\"", true),
            ("<sip:f@h>;isfocus=\"FALSE\"", false),
            ("<sip:f@h;isfocus>", false),
            ("sip:f@h;isfocus", true),
        ];
        for (value, expected) in table {
            assert_eq!(Address::read(value).is_focus(), expected, "{value}");
        }
    }

    #[test]
    fn lists_split_at_top_level_commas_only() {
        let value = "<sip:a,b@c;lr>, \"x,\\\"y\" <sip:d>;q=1 ,, sip:e";
        let parts: Vec<_> = split_list(value).collect();
        assert_eq!(parts, ["<sip:a,b@c;lr>", "\"x,\\\"y\" <sip:d>;q=1", "sip:e"]);
    }
}
