//! What a REFER asks the focus to do: whom to call, and how much of what the Refer-To wishes for is done (RFC 3261
//! sections 19.1.1 and 19.1.5, RFC 3891 section 6.2, RFC 3892 section 2).
//!
//! A request is sent as asked or not at all: silently calling without the Replaces that was wished for would ring the
//! user a second time and leave his old call up.

use crate::wire::{Message, Name, OwnedUri, Replaces, Scheme, Uri};

/// What a REFER asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A user is to be called into the conference.
    Invite(Reference),
    /// This user's part in the conference is to end (RFC 4579 section 5.11).
    Expel(OwnedUri),
}

impl Asked {
    /// What `refer`, sent by whom these identities name, asks for; or the code that refuses it.
    pub(super) fn of(refer: &Message<'_>, referrer: &[OwnedUri]) -> Result<Self, u16> {
        let method = |method: &[u8]| method.eq_ignore_ascii_case(b"BYE");
        let expels = refer.refer_to().is_ok_and(|to| to.uri.param("method").is_some_and(method));
        let reference = Reference::of(refer, referrer)?;
        Ok(if expels { Self::Expel(reference.target) } else { Self::Invite(reference) })
    }
}

/// Whom a REFER is about, and how he is to be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    /// Request-URI of the INVITE: the Refer-To URI without headers and method (RFC 3261 section 19.1.5).
    pub(super) target: OwnedUri,
    /// Value of the Replaces header that the INVITE has to carry.
    pub(super) replaces: Option<Vec<u8>>,
    /// Value of Referred-By, to be copied unchanged (RFC 3892 section 2.2).
    pub(super) referred_by: Option<Vec<u8>>,
}

impl Reference {
    /// What `refer`, sent by whom these identities name, asks for; or the code that refuses it.
    fn of(refer: &Message<'_>, referrer: &[OwnedUri]) -> Result<Self, u16> {
        let (Ok(refer_to), Ok(_)) = (refer.refer_to(), refer.contact()) else { return Err(400) };
        if refer.values(Name::ReferTo).count() != 1 {
            return Err(400);
        }
        let uri = refer_to.uri;
        let method = uri.param("method").unwrap_or(b"INVITE");
        let callable = matches!(uri.scheme(), Scheme::Sip | Scheme::Sips | Scheme::Tel);
        let served = [&b"INVITE"[..], b"BYE"].iter().any(|own| method.eq_ignore_ascii_case(own));
        if !callable || !served || !only_known_extensions(&uri) {
            return Err(603);
        }
        Ok(Self {
            target: uri.to_owned().without_headers_and_method(),
            replaces: replaces(&uri)?,
            referred_by: referred_by(refer, referrer)?,
        })
    }
}

/// Values of a header in the headers part of a URI.
fn headers(uri: &Uri<'_>, name: &str) -> impl Iterator<Item = Vec<u8>> {
    uri.headers().filter(move |(own, _)| own.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.into_owned())
}

/// Whether the INVITE would require nothing but what the focus knows. Replaces and what it requires are all of the
/// headers part that is honoured: the rest would forge the dialog, misdirect the request, describe somebody else's
/// user agent, or only decorate.
fn only_known_extensions(uri: &Uri<'_>) -> bool {
    let required: Vec<u8> = headers(uri, "Require").flat_map(|value| [value, b",".to_vec()].concat()).collect();
    let tokens = required.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty());
    headers(uri, "Proxy-Require").next().is_none()
        && tokens.into_iter().all(|token| token.eq_ignore_ascii_case(b"replaces"))
}

/// The dialog to be replaced, by a value that stands in the INVITE as it is written.
fn replaces(uri: &Uri<'_>) -> Result<Option<Vec<u8>>, u16> {
    let mut values = headers(uri, "Replaces");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if Replaces::parse(&value).is_ok() && !value.iter().any(u8::is_ascii_control) => {
            Ok(Some(value))
        }
        (Some(_), _) => Err(400),
    }
}

/// Who refers, by his own word: the invited user decides what that is worth. Somebody else's name is refused.
fn referred_by(refer: &Message<'_>, referrer: &[OwnedUri]) -> Result<Option<Vec<u8>>, u16> {
    let Some(value) = refer.field(Name::ReferredBy) else { return Ok(None) };
    let fields = refer.fields().filter(|field| field.name == Name::ReferredBy).count();
    let claim = refer.referred_by().map_err(|_| 400_u16)?;
    if fields != 1 {
        return Err(400);
    }
    if !referrer.iter().any(|identity| claim.uri.same_user(&identity.as_uri())) {
        return Err(403);
    }
    Ok(Some(value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(refer_to: &str, more: &str) -> Result<Reference, u16> {
        let text = format!(
            "REFER sip:c@h SIP/2.0\r\nContact: <sip:alice@h>\r\nRefer-To: {refer_to}\r\n{more}Content-Length: 0\r\n\r\n"
        );
        let alice = ["sip:alice@home.example", "tel:+15550100"].map(|identity| identity.parse().unwrap());
        Reference::of(&Message::parse(text.as_bytes()).unwrap(), &alice)
    }

    #[test]
    fn parameters_stay_headers_and_method_go() {
        for (refer_to, target) in [
            (
                "<sip:bob@h;transport=tcp;maddr=10.0.0.1;ttl=1;user=phone;x=y>",
                "sip:bob@h;transport=tcp;maddr=10.0.0.1;ttl=1;user=phone;x=y",
            ),
            ("<sip:bob@h;method=INVITE?Subject=a>", "sip:bob@h"),
            ("<tel:+1;phone-context=x>", "tel:+1;phone-context=x"),
        ] {
            assert_eq!(asked(refer_to, "").unwrap().target.as_str(), target);
        }
        let honoured =
            asked("<sip:b@h?Replaces=1%40h%3Bto-tag%3Da%2525%3Bfrom-tag%3Db+c&Require=replaces>", "").unwrap();
        assert_eq!(honoured.replaces.as_deref(), Some(&b"1@h;to-tag=a%25;from-tag=b+c"[..]), "decoded once");
    }

    #[test]
    fn what_would_forge_misdirect_or_describe_is_not_honoured() {
        for header in [
            "From",
            "Call-ID",
            "CSeq",
            "Via",
            "Record-Route",
            "Route",
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Allow",
            "Contact",
            "Organization",
            "Supported",
            "User-Agent",
            "Content-Type",
            "Date",
            "MIME-Version",
            "Timestamp",
            "body",
            "Subject",
        ] {
            let reference = asked(&format!("<sip:bob@h?{header}=x>"), "").unwrap();
            let bare = Reference { target: "sip:bob@h".parse().unwrap(), replaces: None, referred_by: None };
            assert_eq!(reference, bare, "{header}");
        }
    }

    #[test]
    fn as_asked_or_not_at_all() {
        for (refer_to, more, code) in [
            ("<sip:b@h?Require=replaces%2Cx>", "", 603),
            ("<sip:b@h?Require=replaces&Require=x>", "", 603),
            ("<sip:b@h?Proxy-Require=replaces>", "", 603),
            ("<sip:b@h;method=SUBSCRIBE>", "", 603),
            ("<urn:service:sos>", "", 603),
            ("<sip:b@h?Replaces=1%3Bto-tag%3Da>", "", 400),
            ("<sip:b@h?Replaces=1%3Bto-tag%3Da%3Bfrom-tag%3Db&Replaces=1%3Bto-tag%3Da%3Bfrom-tag%3Db>", "", 400),
            ("<sip:b@h?Replaces=1%0D%0AX:%3Bto-tag%3Da%3Bfrom-tag%3Db>", "", 400),
            ("<sip:b@h>, <sip:c@h>", "", 400),
            ("<sip:b@h>", "Referred-By: <sip:carol@home.example>\r\n", 403),
            ("<sip:b@h>", "Referred-By: x\r\n", 400),
            ("<sip:b@h>", "b: <sip:alice@home.example>\r\nReferred-By: <sip:alice@home.example>\r\n", 400),
        ] {
            assert_eq!(asked(refer_to, more), Err(code), "{refer_to} {more}");
        }
    }

    #[test]
    fn the_referrer_is_passed_on_as_he_wrote_it() {
        let more = "Referred-By: \"A. \"  <sip:alice@HOME.example>;cid=\"x@y\"\r\n";
        let reference = asked("<sip:b@h>", more).unwrap();
        assert_eq!(reference.referred_by.as_deref(), Some(&b"\"A. \"  <sip:alice@HOME.example>;cid=\"x@y\""[..]));
        assert!(asked("<sip:b@h>", "Referred-By: <tel:+1-555-0100>\r\n").is_ok(), "by any of his identities");
    }
}
