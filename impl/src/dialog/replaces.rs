//! Dialogs named in Replaces (RFC 3891 sections 3 and 6.1): whoever reads the name is its recipient, so the tags stand
//! as he sees them, whoever called whom and whoever wrote the name down.

use thiserror::Error;

use super::DialogId;
use crate::wire::header::Malformed;
use crate::wire::{Message, Method, Name, Replaces};

/// What stands for the tag of a peer that has none.
const NO_TAG: &[u8] = b"0";

/// Why a request must be refused for what it says of another dialog (RFC 3891 section 3): 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ReplacesError {
    /// More than one Replaces.
    #[error("more than one Replaces")]
    Repeated,
    /// Replaces in something else than an INVITE.
    #[error("Replaces in something else than an INVITE")]
    Method,
    /// Join wants the other dialog kept, Replaces wants it gone.
    #[error("Replaces beside Join")]
    Contradiction,
    /// No dialog is named.
    #[error("not the name of a dialog: {0}")]
    Malformed(#[from] Malformed),
}

impl DialogId {
    /// Value of the Replaces that names this dialog to its other end: his tag is to-tag, ours is from-tag.
    pub fn replaces(&self) -> Vec<u8> {
        let or_none = |tag: &[u8]| if tag.is_empty() { NO_TAG.to_vec() } else { tag.to_vec() };
        let (to_tag, from_tag) = (or_none(self.remote_tag.as_bytes()), or_none(self.local_tag.as_bytes()));
        [self.call_id.as_bytes(), b";to-tag=", &to_tag, b";from-tag=", &from_tag].concat()
    }

    /// Whether a Replaces that we received names this dialog: all three parts, byte by byte.
    pub fn is_named_by(&self, replaces: &Replaces<'_>) -> bool {
        let same = |own: &[u8], named: &[u8]| own == named || (own.is_empty() && named == NO_TAG);
        self.call_id.as_bytes() == replaces.call_id
            && same(self.local_tag.as_bytes(), replaces.to_tag)
            && same(self.remote_tag.as_bytes(), replaces.from_tag)
    }
}

impl<'a> Replaces<'a> {
    /// The dialog that `request` wants to replace, if it wants to replace one.
    ///
    /// # Errors
    /// The request must be refused.
    pub fn of(request: &Message<'a>) -> Result<Option<Self>, ReplacesError> {
        let mut fields = request.fields().filter(|field| field.name == Name::Replaces);
        let Some(field) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(ReplacesError::Repeated);
        }
        if request.method() != Some(Method::Invite) {
            return Err(ReplacesError::Method);
        }
        if request.field(Name::Join).is_some() {
            return Err(ReplacesError::Contradiction);
        }
        Ok(Some(Self::parse(field.value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::OwnedUri;
    use crate::wire::uri::percent_decode;
    use proptest::prelude::*;

    fn named(call_id: &str, local: &str, remote: &str) -> DialogId {
        DialogId { call_id: call_id.into(), local_tag: local.into(), remote_tag: remote.into() }
    }

    #[test]
    fn the_name_is_for_the_other_end() {
        let ours = named("12@h", "ours", "his");
        assert_eq!(ours.replaces(), b"12@h;to-tag=his;from-tag=ours");
        let value = ours.replaces();
        let read = Replaces::parse(&value).unwrap();
        assert!(ours.seen_by_peer().is_named_by(&read));
        assert!(!ours.is_named_by(&read), "to us it names another dialog");
    }

    #[test]
    fn all_three_parts_have_to_fit() {
        let own = named("12@h", "a", "b");
        for (value, fits) in [
            (&b"12@h;from-tag=b;to-tag=a"[..], true),
            (b"12@H;to-tag=a;from-tag=b", false),
            (b"12@h;to-tag=A;from-tag=b", false),
            (b"12@h;to-tag=b;from-tag=a", false),
            (b"12@h;to-tag=0;from-tag=b", false),
        ] {
            assert_eq!(own.is_named_by(&Replaces::parse(value).unwrap()), fits, "{}", value.escape_ascii());
        }
        let tagless = named("12@h", "a", "");
        assert_eq!(tagless.seen_by_peer().replaces(), b"12@h;to-tag=a;from-tag=0");
        assert!(tagless.is_named_by(&Replaces::parse(b"12@h;to-tag=a;from-tag=0").unwrap()));
    }

    #[test]
    fn what_must_be_refused() {
        let request = |start: &str, fields: &str| format!("{start} sip:b@h SIP/2.0\r\n{fields}\r\n");
        let one = "Replaces: a;to-tag=1;from-tag=2\r\n";
        for (text, expected) in [
            (request("INVITE", ""), Ok(false)),
            (request("INVITE", one), Ok(true)),
            (request("INVITE", &one.repeat(2)), Err(ReplacesError::Repeated)),
            (request("REFER", one), Err(ReplacesError::Method)),
            (request("INVITE", &format!("{one}Join: a;to-tag=1;from-tag=2\r\n")), Err(ReplacesError::Contradiction)),
        ] {
            let message = Message::parse(text.as_bytes()).unwrap();
            assert_eq!(Replaces::of(&message).map(|found| found.is_some()), expected, "{text}");
        }
        let text = request("INVITE", "Replaces: a;to-tag=1\r\n");
        let malformed = Replaces::of(&Message::parse(text.as_bytes()).unwrap());
        assert!(matches!(malformed, Err(ReplacesError::Malformed(_))));
    }

    proptest! {
        /// Whatever a tag or a Call-ID may hold, `%` and `+` too, comes through a Refer-To.
        #[test]
        fn a_dialog_is_found_by_what_a_refer_to_says_of_it(
            call_id in "[a-zA-Z0-9.!%*_+`'~()<>:\\\\\"/\\[\\]?{}-]{1,20}(@[a-zA-Z0-9.!%*_+`'~-]{1,10})?",
            local in "[a-zA-Z0-9.!%*_+`'~-]{1,20}",
            remote in "[a-zA-Z0-9.!%*_+`'~-]{1,20}",
        ) {
            let ours = named(&call_id, &local, &remote);
            let target: OwnedUri = "sip:bob@home.example;user=phone".parse().unwrap();
            let refer_to = target.with_header("Replaces", &ours.replaces());
            let value = refer_to.as_uri().header("Replaces").unwrap().into_owned();
            let read = Replaces::parse(&value).unwrap();
            prop_assert!(ours.seen_by_peer().is_named_by(&read));
            prop_assert!(!refer_to.as_str().contains(['<', '>', '"', ' ', ',']));
            prop_assert_eq!(percent_decode(&value).into_owned() == value, !value.windows(3).any(|three| {
                matches!(three, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
            }));
            prop_assert_eq!(refer_to.without_headers_and_method(), target);
        }
    }
}
