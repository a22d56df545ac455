//! As much of a SIP URI as comparing two of them takes (RFC 3261 sections 19.1.1 and 19.1.4).

use super::address::parameter;

/// The parts of a URI, verbatim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uri<'a> {
    /// The scheme, `sip`, `sips`, `tel`, ...
    pub scheme: &'a str,
    /// Everything before the `@`; empty if there is none.
    pub user: &'a str,
    /// Host and port; for other schemes than SIP everything up to the first semicolon.
    pub host: &'a str,
    /// The URI parameters.
    pub parameters: &'a str,
    /// What follows the question mark.
    pub headers: &'a str,
}

impl<'a> Uri<'a> {
    /// Takes a URI apart; never fails.
    pub fn read(uri: &'a str) -> Self {
        let (scheme, rest) = uri.split_once(':').unwrap_or(("", uri));
        // A user part may hold `?` and `;` (RFC 3261 section 25.1), so it is cut off first.
        let (user, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let end = rest.find(';').unwrap_or(rest.len());
        let (host, parameters) = rest.split_at(end);
        Self { scheme, user, host, parameters, headers }
    }

    /// The value of a URI parameter: `None` when it is absent, an empty text when it has no value.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        parameter(self.parameters, name)
    }
}

/// Whether two URIs are the same by RFC 3261 section 19.1.4: the parameters `transport`, `user`, `ttl`, `method` and
/// `maddr` count when only one has them, any other only when both have it.
pub fn same_uri(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (Uri::read(a), Uri::read(b));
    let counts = ["transport", "user", "ttl", "method", "maddr"];
    a.scheme.eq_ignore_ascii_case(b.scheme)
        && a.user == b.user
        && a.host.eq_ignore_ascii_case(b.host)
        && a.headers == b.headers
        && counts.iter().all(|name| match (a.parameter(name), b.parameter(name)) {
            (None, None) => true,
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        })
        && a.parameters.split(';').filter(|pair| !pair.is_empty()).all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            b.parameter(name).is_none_or(|other| other.eq_ignore_ascii_case(value))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison() {
        let table = [
            ("sip:a@b", "sip:a@b", true),
            ("sip:a@B", "SIP:a@b", true),
            ("sip:A@b", "sip:a@b", false),
            ("sip:a@b:5060", "sip:a@b", false),
            ("sip:a@b;transport=UDP", "sip:a@b;transport=udp", true),
            ("sip:a@b;transport=udp", "sip:a@b", false),
            ("sip:a@b;newparam=5", "sip:a@b;security=on", true),
            ("sip:a@b;security=off", "sip:a@b;security=on", false),
            ("sip:a@b;method=INVITE", "sip:a@b", false),
            ("sip:a@b?Subject=x", "sip:a@b", false),
            ("sip:b;lr", "sip:b;lr", true),
        ];
        for (a, b, expected) in table {
            assert_eq!(same_uri(a, b), expected, "{a} {b}");
            assert_eq!(same_uri(b, a), expected, "{b} {a}");
        }
    }
}
