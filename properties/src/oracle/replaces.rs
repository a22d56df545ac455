//! The dialog that a Replaces names, in a header field or in the headers part of a Refer-To URI (RFC 3891 section 6.1,
//! RFC 3261 section 19.1.1).

use super::Text;

/// A dialog as the recipient of the Replaces sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replaces {
    /// The Call-ID.
    pub call_id: Text,
    /// The recipient's own tag.
    pub to_tag: Text,
    /// The tag of the recipient's peer.
    pub from_tag: Text,
}

impl Replaces {
    /// Reads a value; `None` unless there is a Call-ID and exactly one tag of each kind.
    pub fn read(value: &str) -> Option<Self> {
        let (call_id, parameters) = value.split_once(';')?;
        let only = |name: &str| {
            let mut found = parameters.split(';').filter_map(|parameter| {
                let (own, tag) = parameter.split_once('=')?;
                own.trim().eq_ignore_ascii_case(name).then_some(tag.trim())
            });
            found.next().filter(|tag| !tag.is_empty() && found.next().is_none())
        };
        let call_id = call_id.trim();
        let named =
            Self { call_id: call_id.into(), to_tag: only("to-tag")?.into(), from_tag: only("from-tag")?.into() };
        (!call_id.is_empty()).then_some(named)
    }

    /// Whether somebody with these tags is in the dialog that is named; `0` stands for the tag of a peer without one.
    pub fn is(&self, local_tag: &str, remote_tag: &str) -> bool {
        let same = |named: &Text, own: &str| &**named == own || (own.is_empty() && &**named == "0");
        same(&self.to_tag, local_tag) && same(&self.from_tag, remote_tag)
    }
}

/// The value of Replaces in the headers part of a URI, as it is written there.
pub fn written_in(uri: &str) -> Option<&str> {
    // An unescaped value holds characters that end other parts of the URI: whatever follows belongs to it.
    let at = uri.to_ascii_lowercase().find("replaces=").filter(|at| {
        at.checked_sub(1).and_then(|before| uri.as_bytes().get(before)).is_some_and(|byte| matches!(byte, b'?' | b'&'))
    })?;
    let value = uri.get(at + "replaces=".len()..)?;
    value.split('&').next()
}

/// The text with every `%HH` resolved, once; `None` if it holds a character that has to be escaped there, or a `%` that
/// begins no escape (RFC 3261 section 25.1, `hvalue`).
pub fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'%', high, low, behind @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(high)? << 4 | digit(low)?);
                behind
            }
            [byte, behind @ ..] if byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/?:+$".contains(byte) => {
                bytes.push(*byte);
                behind
            }
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_header_fields() {
        let named = Replaces::read("12@h ; from-tag=f;To-Tag=t%2;early-only").expect("a dialog");
        assert_eq!((&*named.call_id, &*named.to_tag, &*named.from_tag), ("12@h", "t%2", "f"));
        assert!(named.is("t%2", "f") && !named.is("f", "t%2"));
        for value in
            ["", "c", "c;to-tag=1", "c;to-tag=1;from-tag=", ";to-tag=1;from-tag=2", "c;to-tag=1;from-tag=2;to-tag=1"]
        {
            assert_eq!(Replaces::read(value), None, "{value}");
        }
    }

    #[test]
    fn values_in_uris() {
        // RFC 3515 section 2.1, and its neighbour there, which lacks an escape.
        let uri = "sip:b@h?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994";
        let value = written_in(uri).and_then(decoded).expect("escaped");
        assert_eq!(value, "12345@192.168.118.3;to-tag=12345;from-tag=5FFE-3994");
        assert_eq!(written_in("sip:b@h;user=phone?a=b&replaces=x&c=d"), Some("x"));
        assert_eq!(written_in("sip:replaces=x@h"), None);
        for raw in ["1;to-tag", "a@b", "a%4", "a%zz", "a=b", "a,b"] {
            assert_eq!(decoded(raw), None, "{raw}");
        }
        assert_eq!(decoded("%2540+").as_deref(), Some("%40+"), "once, and a plus stays a plus");
    }
}
