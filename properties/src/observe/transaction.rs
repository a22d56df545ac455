//! Transactions end to end: the same request on every hop is one transaction (RFC 3261 section 17 seen from outside).

use crate::observe::Party;
use crate::oracle::{Sip, Text};

/// What makes a request the same request at both ends, whatever the hops do to its Vias.
///
/// An ACK is a transaction of its own (method `ACK`, the number of its INVITE), a CANCEL too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionKey {
    /// The Call-ID.
    pub call_id: Text,
    /// The tag in From; empty if there is none.
    pub from_tag: Text,
    /// The CSeq number.
    pub cseq: u32,
    /// The CSeq method.
    pub method: Text,
}

impl TransactionKey {
    /// The key of a request or of a response to it; `None` when the CSeq cannot be read.
    pub fn of(message: &Sip) -> Option<Self> {
        let cseq = message.cseq()?;
        Some(Self {
            call_id: message.call_id().into(),
            from_tag: message.from_tag().unwrap_or("").into(),
            cseq: cseq.number,
            method: cseq.method.into(),
        })
    }
}

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// The Request-URI.
    pub uri: Text,
    /// The URI in From; empty if there is none.
    pub from: Text,
    /// Whom the network asserts, as the party that was handed the request was told; as sent, as long as nobody was (RFC
    /// 3325 section 9.1).
    pub asserted: Vec<Text>,
    /// Whether it asks that its sender's identity be kept from other users (RFC 3325 section 9.3).
    pub private: bool,
    /// The tag in To; `None` outside a dialog.
    pub to_tag: Option<Text>,
    /// The URI in Refer-To.
    pub refer_to: Option<Text>,
    /// The URI in Contact.
    pub contact: Option<Text>,
    /// The URIs of Record-Route as the party that was handed the request saw them; as sent, as long as nobody was.
    pub record_routes: Vec<Text>,
    /// The event package and its `id`.
    pub event: Option<(Text, Option<Text>)>,
    /// The `branch` of the user agent that made it.
    pub branch: Option<Text>,
    /// The Expires header field.
    pub expires: Option<u32>,
    /// Whether it asks for no refer subscription (RFC 4488).
    pub quiet: bool,
}

impl Request {
    pub(super) fn of(message: &Sip) -> Self {
        Self {
            uri: message.request_uri().unwrap_or("").into(),
            from: message.from().map_or("", |from| from.uri).into(),
            asserted: message.asserted_identities().into_iter().map(Text::from).collect(),
            private: message.asks_for_privacy(),
            refer_to: message.refer_to().map(|target| target.uri.into()),
            to_tag: message.to_tag().map(Text::from),
            contact: message.contact().map(|contact| contact.uri.into()),
            record_routes: message.record_routes().into_iter().map(Text::from).collect(),
            event: message.event().map(|event| (event.package.into(), event.id.map(Text::from))),
            branch: message.origin_branch().map(Text::from),
            expires: message.expires(),
            quiet: message.has_token("Refer-Sub", "false"),
        }
    }
}

/// One response to a request, each different one once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Response {
    /// The status code.
    pub code: u16,
    /// The tag in To.
    pub to_tag: Option<Text>,
    /// The RSeq of a reliable provisional.
    pub rseq: Option<u32>,
    /// Whether it asks that its sender's identity be kept from other users (RFC 3325 section 9.3).
    pub private: bool,
    /// Where it was first sent.
    pub sent: Option<u32>,
    /// Where it was first delivered.
    pub delivered: Option<u32>,
}

/// One request with its responses, as far as they were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transaction {
    /// Who made the request, if that was seen.
    pub client: Option<Party>,
    /// Who was handed it or answered it, if that was seen.
    pub server: Option<Party>,
    /// The request, if it was seen.
    pub request: Option<Request>,
    /// Where the request was first sent.
    pub sent: Option<u32>,
    /// Where the request was first delivered.
    pub delivered: Option<u32>,
    /// The different responses, in the order in which they were first seen.
    pub responses: Vec<Response>,
}

impl Transaction {
    /// The response that `message` is a copy of.
    pub fn response(&self, message: &Sip) -> Option<&Response> {
        let code = message.status()?;
        let (tag, rseq) = (message.to_tag(), message.rseq());
        self.responses.iter().find(|r| r.code == code && r.to_tag.as_deref() == tag && r.rseq == rseq)
    }

    /// The final response, if one was sent; the first one if there are several.
    pub fn final_response(&self) -> Option<&Response> {
        self.responses.iter().find(|response| response.code >= 200)
    }

    /// The code of the final response that the client was handed.
    pub fn final_delivered(&self) -> Option<u16> {
        self.responses.iter().find(|r| r.code >= 200 && r.delivered.is_some()).map(|r| r.code)
    }
}
