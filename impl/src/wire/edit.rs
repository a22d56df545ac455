//! What a proxy changes in a message, on the raw bytes: every byte that is not named stays (RFC 3261 sections 16.6,
//! 16.7).

use std::net::SocketAddr;
use std::ops::Range;

use thiserror::Error;

use super::header::HeaderError;
use super::text::{is_control, is_lws, offset_in, split_token, split_top_level, trim};
use super::{Message, Name, OwnedUri, Start};
use crate::agent::Transport;

/// Why an edit is not possible.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum EditError {
    /// Max-Forwards is already zero: answer 483 (RFC 3261 section 16.3 step 3).
    #[error("Max-Forwards is zero")]
    TooManyHops,
    /// The header field to change is missing or malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The message is a response and has no Request-URI.
    #[error("a response has no Request-URI")]
    NotARequest,
    /// The new value would break the message: it holds a control character.
    #[error("a value with a control character")]
    IllegalByte,
}

/// A set of changes to one message; they are applied together by [`Edit::render`].
#[derive(Clone, Debug)]
pub struct Edit<'m, 'a> {
    message: &'m Message<'a>,
    splices: Vec<Splice>,
}

/// Bytes to put in the place of a range, which may be empty.
#[derive(Clone, Debug)]
struct Splice {
    range: Range<usize>,
    text: Vec<u8>,
}

impl<'m, 'a> Edit<'m, 'a> {
    /// No change yet.
    pub const fn new(message: &'m Message<'a>) -> Self {
        Self { message, splices: Vec::new() }
    }

    /// Puts a Via value on top (section 16.6 step 8).
    ///
    /// # Errors
    /// The value holds a control character.
    pub fn push_via(self, value: &str) -> Result<Self, EditError> {
        self.push(Name::Via, value)
    }

    /// Puts a Record-Route value on top (section 16.6 step 4).
    ///
    /// # Errors
    /// The value holds a control character.
    pub fn push_record_route(self, value: &str) -> Result<Self, EditError> {
        self.push(Name::RecordRoute, value)
    }

    /// Puts a Route value on top (section 16.6 step 6).
    ///
    /// # Errors
    /// The value holds a control character.
    pub fn push_route(self, value: &str) -> Result<Self, EditError> {
        self.push(Name::Route, value)
    }

    /// Puts a line for `name` above the first of that name; a header that is not there yet gets the first line below
    /// the start line, where section 7.3.1 wants the fields that proxies need.
    ///
    /// # Errors
    /// The value holds a control character.
    pub fn push(mut self, name: Name<'_>, value: &str) -> Result<Self, EditError> {
        if name.as_bytes().iter().chain(value.as_bytes()).any(|byte| is_control(*byte)) {
            return Err(EditError::IllegalByte);
        }
        let bytes = self.message.as_bytes();
        let fields = &self.message.frame().fields;
        // White space at the start of the first line is no fold yet, and would be one below another line.
        let stands_alone = |line: Range<usize>| bytes.get(line.start).is_some_and(|byte| !is_lws(*byte));
        let first = fields.iter().find(|span| span.is(name, bytes));
        let first = first.or_else(|| fields.iter().find(|span| stands_alone(span.line())));
        let at = first.map_or_else(|| self.message.frame().head_end, |span| span.line().start);
        // A start line that nothing follows may lack its line end.
        let end_line: &[u8] = if bytes.get(..at).is_some_and(|head| head.ends_with(b"\n")) { b"" } else { b"\r\n" };
        let text = [end_line, name.as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat();
        // Of two lines pushed to one place the later one stands above, like on a stack.
        let before = self.splices.iter().position(|splice| splice.range == (at..at)).unwrap_or(self.splices.len());
        self.splices.insert(before, Splice { range: at..at, text });
        Ok(self)
    }

    /// Takes the topmost Via value away (section 16.7 step 3).
    ///
    /// # Errors
    /// There is no Via.
    pub fn pop_via(self) -> Result<Self, EditError> {
        self.pop(Name::Via)
    }

    /// Takes the topmost Route value away (section 16.4).
    ///
    /// # Errors
    /// There is no Route.
    pub fn pop_route(self) -> Result<Self, EditError> {
        self.pop(Name::Route)
    }

    /// Takes the first value of a list header away, and its whole line if it has no other; at most once per header.
    ///
    /// # Errors
    /// There is no such value.
    pub fn pop(self, name: Name<'_>) -> Result<Self, EditError> {
        let missing = HeaderError::Missing { header: name.canonical() };
        let bytes = self.message.as_bytes();
        let first = self.message.values(name).next().ok_or(missing)?;
        let start = offset_in(bytes, first).ok_or(missing)?;
        let span = self.message.frame().fields.iter().find(|span| span.line().contains(&start)).ok_or(missing)?;
        let value = span.value(bytes);
        let value_start = offset_in(bytes, value).ok_or(missing)?;
        // Up to the next value of the same line, so that neither its comma nor its white space stays behind.
        let rest = bytes.get(start..value_start + value.len()).and_then(|rest| split_top_level(rest, b',').1);
        let range = match rest.map(trim).filter(|rest| !rest.is_empty()).and_then(|rest| offset_in(bytes, rest)) {
            Some(next) => value_start..next,
            None => span.line(),
        };
        Ok(self.splice(range, Vec::new()))
    }

    /// Takes every line of a header away.
    #[must_use]
    pub fn remove(mut self, name: Name<'_>) -> Self {
        let bytes = self.message.as_bytes();
        let lines = self.message.frame().fields.iter().filter(|span| span.is(name, bytes)).map(|span| span.line());
        self.splices.extend(lines.map(|range| Splice { range, text: Vec::new() }));
        self
    }

    /// Takes an option tag out of a header that lists them, and each line that has no other.
    #[must_use]
    pub fn remove_option(mut self, name: Name<'_>, option: &[u8]) -> Self {
        let bytes = self.message.as_bytes();
        for span in self.message.frame().fields.iter().filter(|span| span.is(name, bytes)) {
            let value = span.value(bytes);
            let is_other = |tag: &&[u8]| !tag.eq_ignore_ascii_case(option) && !tag.is_empty();
            let others: Vec<&[u8]> = value.split(|byte| *byte == b',').map(trim).filter(is_other).collect();
            let listed = value.split(|byte| *byte == b',').any(|tag| trim(tag).eq_ignore_ascii_case(option));
            let whole = if others.is_empty() { Some(span.line()) } else { self.message.range_of(value) };
            if let Some(range) = whole.filter(|_| listed) {
                self.splices.push(Splice { range, text: others.join(&b", "[..]) });
            }
        }
        self
    }

    /// Replaces the Request-URI (section 16.6 step 2).
    ///
    /// # Errors
    /// The message is a response.
    pub fn replace_request_uri(self, uri: &OwnedUri) -> Result<Self, EditError> {
        let Start::Request { uri: old, .. } = self.message.start() else { return Err(EditError::NotARequest) };
        let range = self.message.range_of(old).ok_or(EditError::NotARequest)?;
        Ok(self.splice(range, uri.as_bytes().to_vec()))
    }

    /// Lowers Max-Forwards by one, or adds `Max-Forwards: 70` if there is none (section 16.6 step 3).
    ///
    /// # Errors
    /// It is zero already, or malformed.
    pub fn decrement_max_forwards(self) -> Result<Self, EditError> {
        let Some(value) = self.message.field(Name::MaxForwards) else { return self.push(Name::MaxForwards, "70") };
        let lower = self.message.max_forwards()?.checked_sub(1).ok_or(EditError::TooManyHops)?;
        let range = self.message.range_of(value).ok_or(EditError::TooManyHops)?;
        Ok(self.splice(range, lower.to_string().into_bytes()))
    }

    /// Writes into the topmost Via where the request came from, see [`super::Via::stamped`].
    ///
    /// # Errors
    /// There is no readable Via.
    pub fn stamp_via(self, source: SocketAddr) -> Result<Self, EditError> {
        let via = self.message.via()?;
        let range = self.message.range_of(via.raw).ok_or(HeaderError::Missing { header: "Via" })?;
        Ok(self.splice(range, via.stamped(source)))
    }

    /// Names another transport in the topmost Via (section 18.1.1).
    ///
    /// # Errors
    /// There is no readable Via.
    pub fn set_via_transport(self, transport: Transport) -> Result<Self, EditError> {
        let via = self.message.via()?;
        let range = self.message.range_of(via.transport).ok_or(HeaderError::Missing { header: "Via" })?;
        Ok(self.splice(range, transport.via_token().as_bytes().to_vec()))
    }

    /// Gives the topmost Via another branch, which makes the request a transaction of its own (section 8.1.1.7).
    ///
    /// # Errors
    /// There is no readable Via with a branch.
    pub(crate) fn set_branch(self, branch: &str) -> Result<Self, EditError> {
        let missing = HeaderError::Missing { header: "branch" };
        let range = self.message.via()?.branch().and_then(|old| self.message.range_of(old)).ok_or(missing)?;
        Ok(self.splice(range, branch.as_bytes().to_vec()))
    }

    /// Gives the request another number (section 8.1.3.5).
    ///
    /// # Errors
    /// There is no readable CSeq.
    pub(crate) fn set_cseq(self, number: u32) -> Result<Self, EditError> {
        let missing = HeaderError::Missing { header: "CSeq" };
        self.message.cseq()?;
        let (digits, _) = split_token(self.message.field(Name::CSeq).ok_or(missing)?);
        let range = self.message.range_of(digits).ok_or(missing)?;
        Ok(self.splice(range, number.to_string().into_bytes()))
    }

    /// Puts a line for `name` below the first line of the header `above`.
    ///
    /// # Errors
    /// There is no such line, or the value holds a control character.
    pub(crate) fn put_below(self, above: Name<'static>, name: Name<'static>, value: &str) -> Result<Self, EditError> {
        if value.bytes().any(is_control) {
            return Err(EditError::IllegalByte);
        }
        let bytes = self.message.as_bytes();
        let line = self.message.frame().fields.iter().find(|span| span.is(above, bytes)).map(|span| span.line());
        let end = line.ok_or_else(|| HeaderError::Missing { header: above.canonical() })?.end;
        Ok(self.splice(end..end, [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat()))
    }

    fn splice(mut self, range: Range<usize>, text: Vec<u8>) -> Self {
        self.splices.push(Splice { range, text });
        self
    }

    /// The changed message. Of two changes to the same bytes the earlier one counts.
    pub fn render(mut self) -> Vec<u8> {
        let bytes = self.message.as_bytes();
        // Stable: insertions at one place keep their order, and stand before a change of what follows.
        self.splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
        if self.splices.is_empty() {
            return bytes.to_vec();
        }
        let added: usize = self.splices.iter().map(|splice| splice.text.len()).sum();
        let mut changed = Vec::with_capacity(bytes.len() + added);
        let mut at = 0;
        for splice in &self.splices {
            let Some(kept) = bytes.get(at..splice.range.start) else { continue };
            changed.extend_from_slice(kept);
            changed.extend_from_slice(&splice.text);
            at = splice.range.end;
        }
        changed.extend_from_slice(bytes.get(at..).unwrap_or_default());
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "NOTIFY sip:a@h SIP/2.0\r\nX-First:  odd \r\nv: SIP/2.0/UDP p;branch=1 ,SIP/2.0/UDP q\r\n\
        Via: SIP/2.0/UDP r\nMax-Forwards:\t70\r\nRoute: <sip:one;lr>,\r\n <sip:two;lr>\r\nRoute: <sip:three;lr>\r\n\r\nbody";

    fn edited(text: &str, change: impl for<'m> FnOnce(Edit<'m, 'm>) -> Result<Edit<'m, 'm>, EditError>) -> String {
        let message = Message::parse(text.as_bytes()).unwrap();
        String::from_utf8(change(Edit::new(&message)).unwrap().render()).unwrap()
    }

    #[test]
    fn nothing_changed_is_the_same_bytes() {
        assert_eq!(edited(REQUEST, |edit| Ok(edit)), REQUEST);
    }

    #[test]
    fn each_edit_changes_its_bytes_only() {
        type Change = for<'m> fn(Edit<'m, 'm>) -> Result<Edit<'m, 'm>, EditError>;
        let table: &[(Change, &str, &str)] = &[
            (|edit| edit.push_via("SIP/2.0/UDP me"), "v: SIP", "Via: SIP/2.0/UDP me\r\nv: SIP"),
            (|edit| edit.pop_via(), "v: SIP/2.0/UDP p;branch=1 ,SIP", "v: SIP"),
            (|edit| edit.pop_route(), "<sip:one;lr>,\r\n ", ""),
            (|edit| edit.decrement_max_forwards(), "\t70", "\t69"),
            (|edit| edit.replace_request_uri(&"sip:b@[::1]".parse().unwrap()), "sip:a@h", "sip:b@[::1]"),
            (|edit| edit.push_record_route("<sip:me;lr>"), "X-First", "Record-Route: <sip:me;lr>\r\nX-First"),
            (
                |edit| edit.push_route("<sip:a>")?.push_route("<sip:b>"),
                "Route: <sip:o",
                "Route: <sip:b>\r\nRoute: <sip:a>\r\nRoute: <sip:o",
            ),
            (|edit| edit.pop_route()?.push_route("<sip:a>"), "Route: <sip:one;lr>,\r\n ", "Route: <sip:a>\r\nRoute: "),
            (|edit| edit.stamp_via("10.0.0.1:5060".parse().unwrap()), "branch=1 ,", "branch=1;received=10.0.0.1 ,"),
        ];
        for (change, old, new) in table {
            assert_eq!(edited(REQUEST, change), REQUEST.replacen(old, new, 1));
        }
    }

    #[test]
    fn whole_headers_and_single_options_go() {
        let text = "PRACK sip:a@h SIP/2.0\r\nRequire: sec-agree\r\nX-First: a\r\nrequire: precondition,\r\n \
            SEC-AGREE , 100rel\r\nProxy-Require: other\r\nX-Last: b\r\n\r\nbody";
        let options = edited(text, |edit| Ok(edit.remove_option(Name::Require, b"sec-agree")));
        let left = "PRACK sip:a@h SIP/2.0\r\nX-First: a\r\nrequire: precondition, 100rel\r\nProxy-Require: other\r\n\
            X-Last: b\r\n\r\nbody";
        assert_eq!(options, left);
        assert_eq!(edited(text, |edit| Ok(edit.remove_option(Name::ProxyRequire, b"sec-agree"))), text);
        let gone = edited(text, |edit| Ok(edit.remove(Name::Require).remove(Name::Other(b"x-first"))));
        assert_eq!(gone, "PRACK sip:a@h SIP/2.0\r\nProxy-Require: other\r\nX-Last: b\r\n\r\nbody");
        let replaced = edited(text, |edit| edit.remove(Name::ProxyRequire).push(Name::ProxyRequire, "mine"));
        assert_eq!(replaced, text.replace("other", "mine"));
    }

    #[test]
    fn the_last_value_takes_its_line_with_it() {
        let once = edited(REQUEST, |edit| edit.pop_via());
        let twice = edited(&once, |edit| edit.pop_via());
        assert!(!twice.contains("v:") && twice.contains("Via: SIP/2.0/UDP r\n"), "{twice}");
        let thrice = edited(&twice, |edit| edit.pop_via());
        let message = Message::parse(thrice.as_bytes()).unwrap();
        assert_eq!(Edit::new(&message).pop_via().unwrap_err(), HeaderError::Missing { header: "Via" }.into());
    }

    #[test]
    fn what_cannot_be_edited() {
        let parsed = |text: &'static str| Message::parse(text.as_bytes()).unwrap();
        let none = parsed("ACK sip:a@h SIP/2.0\r\nMax-Forwards: 0\r\n\r\n");
        assert_eq!(Edit::new(&none).decrement_max_forwards().unwrap_err(), EditError::TooManyHops);
        assert_eq!(Edit::new(&none).push_via("a\r\nb").unwrap_err(), EditError::IllegalByte);
        let response = parsed("SIP/2.0 200 OK\r\n\r\n");
        let uri = "sip:a@h".parse().unwrap();
        assert_eq!(Edit::new(&response).replace_request_uri(&uri).unwrap_err(), EditError::NotARequest);
        assert_eq!(
            edited("ACK sip:a@h SIP/2.0\r\n\r\n", |edit| edit.decrement_max_forwards()),
            "ACK sip:a@h SIP/2.0\r\nMax-Forwards: 70\r\n\r\n"
        );
    }
}
