//! URIs that own their text, and how a new one is made from an old one.

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use super::layout::Layout;
use super::percent::{encode_unless, is_unreserved, percent_encode};
use super::{Uri, UriError};

/// A URI that owns its text, kept as written; always one that [`Uri::parse`] accepts. A clone shares the
/// text.
#[derive(Clone)]
pub struct OwnedUri {
    text: Arc<str>,
    /// Follows from the text.
    layout: Layout,
}

impl OwnedUri {
    pub(super) fn from_uri(uri: &Uri<'_>) -> Self {
        Self { text: uri.text.into(), layout: uri.layout }
    }

    /// A changed URI. It can be read as the old one could; if it could not it would still be shown as it is.
    fn changed(text: String) -> Self {
        let layout = Layout::read(&text).unwrap_or(Layout::OPAQUE);
        Self { text: text.into(), layout }
    }

    /// The borrowed view.
    pub fn as_uri(&self) -> Uri<'_> {
        Uri { text: &self.text, layout: self.layout }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text as written.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The URI without its headers part and without the `method` parameter: what a request to a Refer-To target has as
    /// Request-URI (RFC 3261 section 19.1.1 table 1 and section 19.1.5). Every other parameter stays as written.
    #[must_use]
    pub fn without_headers_and_method(&self) -> Self {
        let uri = self.as_uri();
        if !uri.is_sip() {
            return self.clone();
        }
        let mut text = self.before_params().to_owned();
        for param in self.layout.params(&self.text).split(';').filter(|param| !param.is_empty()) {
            let name = param.split_once('=').map_or(param, |(name, _)| name);
            if !name.eq_ignore_ascii_case("method") {
                text.push(';');
                text.push_str(param);
            }
        }
        Self::changed(text)
    }

    /// The URI with a further parameter behind those it has, before the headers part; without a value the bare name.
    /// What may not stand in a parameter is percent-encoded.
    #[must_use]
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Self {
        let encode = |part: &str| {
            encode_unless(part.as_bytes(), |byte| {
                is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
            })
        };
        let uri = self.as_uri();
        let headers = uri.headers_part();
        let behind = headers.map_or(0, |headers| headers.len() + 1);
        let end = self.text.len().saturating_sub(behind);
        let (before, headers) = self.text.split_at_checked(end).unwrap_or((&self.text, ""));
        let value = value.map(|value| format!("={}", encode(value))).unwrap_or_default();
        Self::changed(format!("{before};{}{value}{headers}", encode(name)))
    }

    /// The SIP URI with a further header in its headers part, name and value percent-encoded. Other schemes have no
    /// headers part: those URIs stay as they are (a tel URI has to be converted first, RFC 3261 section 19.1.6).
    #[must_use]
    pub fn with_header(&self, name: &str, value: &[u8]) -> Self {
        let uri = self.as_uri();
        if !uri.is_sip() {
            return self.clone();
        }
        let separator = match uri.headers_part() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        let mut text = format!("{}{separator}", self.text);
        // Writing into a String cannot fail.
        let _ = write!(text, "{}={}", percent_encode(name.as_bytes()), percent_encode(value));
        Self::changed(text)
    }

    /// As [`Uri::same_user`].
    pub fn same_user(&self, other: &Self) -> bool {
        self.as_uri().same_user(&other.as_uri())
    }

    /// A number that this URI has in common with every other one of the same user that has one: the end of its user
    /// part. None of one that is more than an address, or has escapes in it: that may be the user of any other.
    pub(crate) fn user_mark(&self) -> Option<u64> {
        let user = self.layout.plain_user(&self.text)?.as_bytes();
        let last = user.last_chunk::<8>().map_or(user, |last| last);
        Some(last.iter().fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }

    /// Scheme, user part and hostport.
    fn before_params(&self) -> &str {
        let headers = self.layout.headers(&self.text).map_or(0, |headers| headers.len() + 1);
        let end = self.text.len().saturating_sub(headers + self.layout.params(&self.text).len());
        self.text.get(..end).unwrap_or(&self.text).trim_end_matches(';')
    }
}

impl PartialEq for OwnedUri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for OwnedUri {}

impl PartialOrd for OwnedUri {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OwnedUri {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for OwnedUri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for OwnedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedUri").field("text", &self.text).finish()
    }
}

impl fmt::Display for OwnedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for OwnedUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Uri::parse(text.as_bytes()).map(|uri| uri.to_owned())
    }
}

impl TryFrom<&[u8]> for OwnedUri {
    type Error = UriError;

    fn try_from(bytes: &[u8]) -> Result<Self, UriError> {
        Uri::parse(bytes).map(|uri| uri.to_owned())
    }
}

impl From<Uri<'_>> for OwnedUri {
    fn from(uri: Uri<'_>) -> Self {
        Self::from_uri(&uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(text: &str) -> OwnedUri {
        text.parse().unwrap()
    }

    #[test]
    fn whatever_made_a_uri_its_view_is_what_reading_its_text_gives() {
        for text in [
            "sip:h",
            "sips:a:pw@[2001:db8::1]:5060;lr?x=y",
            "sip:a;b?c@192.0.2.1:5070;method=BYE;x?Replaces=1",
            "sip:a@h?",
            "tel:+1;ext=2",
            "cid:a@h",
        ] {
            let plain = owned(text);
            for made in [
                plain.clone(),
                plain.without_headers_and_method(),
                plain.with_param("user", Some("phone")),
                plain.with_header("Require", b"replaces"),
            ] {
                let (view, read) = (made.as_uri(), Uri::parse(made.as_bytes()).unwrap());
                let parts = |uri: Uri<'_>| {
                    let user = (uri.scheme(), uri.user(), uri.password());
                    let host = (uri.host().map(|host| host.to_string()), uri.port(), uri.body().to_owned());
                    format!("{user:?} {host:?} {:?} {:?}", uri.params(), uri.headers_part())
                };
                assert_eq!(parts(view), parts(read), "{made}");
            }
        }
    }

    #[test]
    fn a_refer_target_loses_method_and_headers_and_nothing_else() {
        for (refer_to, request_uri) in [
            ("sip:bob@h;method=INVITE?Replaces=a%3Bb&Require=replaces", "sip:bob@h"),
            ("sip:b;x?y@h;transport=tcp;METHOD=BYE;lr?a=b", "sip:b;x?y@h;transport=tcp;lr"),
            ("sip:bob@[2001:db8::1]:5060;maddr=h", "sip:bob@[2001:db8::1]:5060;maddr=h"),
            ("sip:bob@h;", "sip:bob@h"),
            ("sip:bob@h;method=INVITE;", "sip:bob@h"),
            ("tel:+1;method=x", "tel:+1;method=x"),
        ] {
            assert_eq!(owned(refer_to).without_headers_and_method().as_str(), request_uri);
        }
    }

    #[test]
    fn the_short_way_to_tell_users_apart_says_what_the_long_way_says() {
        let addresses = [
            "sip:bob@h",
            "sip:bob@H",
            "sip:Bob@h",
            "sip:b%6Fb@h",
            "sip:bob:x@h",
            "sip:bob@h;user=phone",
            "sip:bob@h:5060",
            "sip:carol@h",
            "sips:bob@h",
            "SIP:bob@h",
            "sip:h",
            "sip:+1-2@h;user=phone",
            "sip:+12@h",
            "tel:+1-2",
        ];
        for one in addresses.map(owned) {
            for two in addresses.map(owned) {
                assert_eq!(one.same_user(&two), one.as_uri().is_same_user(&two.as_uri()), "{one} {two}");
            }
        }
    }

    #[test]
    fn parameters_go_before_the_headers_part() {
        assert_eq!(owned("sip:a?b@h").with_param("lr", None).as_str(), "sip:a?b@h;lr");
        assert_eq!(owned("sip:a@h?x=y").with_param("user", Some("p;h")).as_str(), "sip:a@h;user=p%3Bh?x=y");
        assert_eq!(owned("tel:+1").with_param("ext", Some("2")).as_str(), "tel:+1;ext=2");
    }

    #[test]
    fn the_replaces_example_of_the_refer_rfc() {
        let refer_to = owned("sip:bob@biloxi.example.net")
            .with_header("Replaces", b"12345@192.168.118.3;to-tag=12345;from-tag=5FFE-3994");
        assert_eq!(
            refer_to.as_str(),
            "sip:bob@biloxi.example.net?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994"
        );
        let both = refer_to.with_header("Require", b"replaces");
        assert_eq!(both.as_uri().header("require").as_deref(), Some(&b"replaces"[..]));
        assert_eq!(owned("sip:h?").with_header("Require", b"replaces").as_str(), "sip:h?Require=replaces");
        assert_eq!(owned("tel:+1").with_header("Require", b"replaces"), owned("tel:+1"));
    }
}
