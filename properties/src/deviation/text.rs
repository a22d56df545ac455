//! A message as editable text: what a deviation changes, it changes here and not with the codec under test.

use std::collections::BTreeSet;

/// Start line, header lines and body of a message, free to be made wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) start: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Text {
    /// The text of a datagram that one of our agents made.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let whole = String::from_utf8_lossy(bytes);
        let (head, body) = whole.split_once("\r\n\r\n").unwrap_or((&whole, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Self { start, headers, body: body.to_owned() }
    }

    /// The datagram, with the Content-Length that the body now has.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            if !name.eq_ignore_ascii_case("Content-Length") {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body));
        text.into_bytes()
    }

    /// Method of a request.
    pub(super) fn method(&self) -> Option<&str> {
        let (method, _) = self.start.split_once(' ')?;
        (!method.starts_with("SIP/")).then_some(method)
    }

    /// Status code of a response.
    pub(super) fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// Whether this is a request with this method.
    pub(super) fn is_request(&self, method: &str) -> bool {
        self.method() == Some(method)
    }

    /// Whether this is a response to a request with this method.
    pub(super) fn answers(&self, method: &str) -> bool {
        self.method().is_none() && self.header("CSeq").is_some_and(|cseq| cseq.ends_with(method))
    }

    /// Whether this is a NOTIFY of this event package.
    pub(super) fn notifies(&self, package: &str) -> bool {
        let event = self.header("Event").unwrap_or_default();
        self.is_request("NOTIFY") && event.split(';').next().is_some_and(|name| name.trim() == package)
    }

    /// First value of a header field.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Puts `value` in the place of every field of this name, or adds one.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        let place = self.headers.iter().position(|(own, _)| own.eq_ignore_ascii_case(name));
        self.remove(name);
        let place = place.unwrap_or(self.headers.len()).min(self.headers.len());
        self.headers.insert(place, (name.to_owned(), value.into()));
    }

    /// Takes every field of this name away.
    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    /// Writes every field of this name twice.
    pub(super) fn double(&mut self, name: &str) {
        let copies = |field: &(String, String)| if field.0.eq_ignore_ascii_case(name) { 2 } else { 1 };
        let fields = self.headers.iter().flat_map(|field| std::iter::repeat_n(field.clone(), copies(field)));
        self.headers = fields.collect();
    }

    /// Names of the header fields, each once; without Content-Length, which is always as long as the body.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !name.eq_ignore_ascii_case("Content-Length")).collect()
    }

    /// Changes every value of this name.
    pub(super) fn change(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (_, value) in self.headers.iter_mut().filter(|(own, _)| own.eq_ignore_ascii_case(name)) {
            *value = change(value);
        }
    }

    /// Values of every field of this name, in order.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).collect()
    }

    /// The number of the CSeq header field, 0 if there is none.
    pub(super) fn cseq(&self) -> u32 {
        self.header("CSeq").and_then(|value| value.split(' ').next()?.parse().ok()).unwrap_or_default()
    }

    /// Moves the CSeq number.
    pub(super) fn shift_cseq(&mut self, by: i64) {
        let number = i64::from(self.cseq()) + by;
        self.change("CSeq", |value| format!("{number} {}", value.split_once(' ').map_or("", |(_, method)| method)));
    }

    /// The Request-URI of a request.
    pub(super) fn request_uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Puts another Request-URI into a request.
    pub(super) fn set_request_uri(&mut self, uri: &str) {
        self.start = format!("{} {uri} SIP/2.0", self.method().unwrap_or_default());
    }

    /// Makes another request of this one, in the same dialog: `later` counts from its CSeq number.
    pub(super) fn become_request(&mut self, method: &str, later: i64) {
        let uri = self.request_uri().to_owned();
        self.start = format!("{method} {uri} SIP/2.0");
        let number = i64::from(self.cseq()) + later;
        self.set("CSeq", format!("{number} {method}"));
        self.new_branch(&method.to_ascii_lowercase());
    }

    /// Makes the top Via branch another one, so that the message is a transaction of its own.
    pub(super) fn new_branch(&mut self, suffix: &str) {
        if let Some((_, value)) = self.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("Via")) {
            *value = match value.split_once("branch=") {
                Some((before, branch)) => {
                    let end = branch.find(';').unwrap_or(branch.len());
                    format!("{before}branch={}{suffix}{}", &branch[..end], &branch[end..])
                }
                None => format!("{value};branch=z9hG4bK{suffix}"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_message_stays_as_it_is_and_a_changed_one_has_its_new_length() {
        let message = b"NOTIFY sip:ue@a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nCSeq: 4 NOTIFY\r\n\
            Event: refer;id=3\r\nContent-Length: 2\r\n\r\nab";
        let mut text = Text::of(message);
        assert_eq!(text.bytes(), message);
        assert!(text.notifies("refer"));
        text.body = "abc".to_owned();
        text.shift_cseq(-2);
        text.set_request_uri("sip:other");
        let changed = String::from_utf8(text.bytes()).expect("UTF-8");
        assert!(
            changed.starts_with("NOTIFY sip:other SIP/2.0\r\n") && changed.ends_with("Content-Length: 3\r\n\r\nabc")
        );
        assert!(changed.contains("CSeq: 2 NOTIFY"));
    }
}
