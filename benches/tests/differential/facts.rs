//! What is compared: the start line, what identifies transaction and dialog, and the Request-URI.

use std::collections::BTreeMap;

use imsconf::wire::{Message, Name, Start, Uri};

/// One thing that is read out of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    /// Method or status code.
    Start,
    RequestUri,
    Branch,
    FromTag,
    ToTag,
    CallId,
    CSeq,
    FromUri,
    ToUri,
    ContactUri,
}

impl Fact {
    pub(crate) const ALL: [Self; 10] = [
        Self::Start,
        Self::RequestUri,
        Self::Branch,
        Self::FromTag,
        Self::ToTag,
        Self::CallId,
        Self::CSeq,
        Self::FromUri,
        Self::ToUri,
        Self::ContactUri,
    ];

    /// The header that says it; the start line if none.
    pub(crate) const fn header(self) -> Option<Name<'static>> {
        match self {
            Self::Start | Self::RequestUri => None,
            Self::Branch => Some(Name::Via),
            Self::FromTag | Self::FromUri => Some(Name::From),
            Self::ToTag | Self::ToUri => Some(Name::To),
            Self::ContactUri => Some(Name::Contact),
            Self::CallId => Some(Name::CallId),
            Self::CSeq => Some(Name::CSeq),
        }
    }

    /// Whether two readers say the same. Two spellings of one URI are the same (RFC 3261 section 19.1.4).
    pub(crate) fn is_same(self, one: Option<&str>, other: Option<&str>) -> bool {
        let equivalent = |(one, other): (&str, &str)| match (Uri::parse(one.as_bytes()), Uri::parse(other.as_bytes())) {
            (Ok(one), Ok(other)) => one.equivalent(&other),
            _ => false,
        };
        let is_uri = matches!(self, Self::RequestUri | Self::FromUri | Self::ToUri | Self::ContactUri);
        one == other || (is_uri && one.zip(other).is_some_and(equivalent))
    }
}

/// What a reader says of a message: text, or that there is none; a fact that it cannot be asked for is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts(BTreeMap<Fact, Option<String>>);

impl Facts {
    pub(crate) fn of(facts: &[(Fact, Option<String>)]) -> Self {
        Self(facts.iter().cloned().collect())
    }

    /// What is said of a fact; `None` if it cannot be asked for.
    pub(crate) fn get(&self, fact: Fact) -> Option<Option<&str>> {
        self.0.get(&fact).map(Option::as_deref)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What our codec says.
pub(crate) fn of(message: &Message<'_>) -> Facts {
    let (start, uri) = match message.start() {
        Start::Request { method, .. } => (method.to_string(), message.request_uri().ok().map(|uri| uri.to_string())),
        Start::Response { code, .. } => (code.to_string(), None),
    };
    Facts::of(&[
        (Fact::Start, Some(start)),
        (Fact::RequestUri, uri),
        (Fact::Branch, message.via().ok().and_then(|via| via.branch().map(text))),
        (Fact::FromTag, message.from().ok().and_then(|from| from.tag().map(text))),
        (Fact::ToTag, message.to().ok().and_then(|to| to.tag().map(text))),
        (Fact::CallId, message.call_id().ok().map(text)),
        (Fact::CSeq, message.cseq().ok().map(|cseq| format!("{} {}", cseq.number, cseq.method))),
        (Fact::FromUri, message.from().ok().map(|from| from.uri.to_string())),
        (Fact::ToUri, message.to().ok().map(|to| to.uri.to_string())),
        (Fact::ContactUri, message.contact().ok().map(|contact| contact.uri.to_string())),
    ])
}
