//! Mutants of the wire: one part of one kind of message, as one party sends it, is taken away or altered.
//!
//! Deviations are faults that people make; mutants are all the small ones that there are. They show for each rule of
//! the observers, not for each invariant only, that it can fail. A mutant is its name, such as
//! `focus: NOTIFY (refer): without Event`.

use std::collections::BTreeSet;
use std::fmt;

use super::text::Text;
use crate::observe::Party;
use crate::world::topology::Node;

/// Parts of a body beyond these are left as they are.
const MOST_PARTS: usize = 60;

/// Who sends the message that is changed; every invited user is wrong in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Sender {
    Ue,
    Focus,
    User,
}

/// What is changed in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Edit {
    Unsent,
    Target,
    Status,
    Without(String),
    Altered(String),
    Doubled(String),
    WithoutParameter(String, String),
    ParameterAltered(String, String),
    WithoutBody,
    WithoutPart(usize),
    PartAltered(usize),
}

/// One small fault of one kind of message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutant {
    sender: Sender,
    label: String,
    edit: Edit,
}

impl Mutant {
    /// The mutant with this name, as it displays itself.
    pub fn named(name: &str) -> Option<Self> {
        let mut words = name.splitn(3, ": ");
        let sender = words.next()?;
        let sender = Sender::ALL.into_iter().find(|own| own.name() == sender)?;
        let label = words.next()?.to_owned();
        Some(Self { sender, label, edit: Edit::named(words.next()?)? })
    }

    /// Every mutant that changes this message, if `party` sends it.
    pub fn of(party: Party, bytes: &[u8]) -> BTreeSet<Self> {
        let sender = match party {
            Party::Ue => Sender::Ue,
            Party::Focus => Sender::Focus,
            Party::Participant(_) => Sender::User,
            Party::Unknown(_) => return BTreeSet::new(),
        };
        let text = Text::of(bytes);
        let label = label(&text);
        edits(&text).into_iter().map(|edit| Self { sender, label: label.clone(), edit }).collect()
    }

    /// What becomes of a message that the agent at `node` sends.
    pub(super) fn sent(&self, node: Node, mut text: Text) -> Vec<Text> {
        if Sender::of(node) != Some(self.sender) || label(&text) != self.label {
            return vec![text];
        }
        match &self.edit {
            Edit::Unsent => return vec![],
            Edit::Target => {
                let uri = altered(text.request_uri());
                text.set_request_uri(&uri);
            }
            Edit::Status => {
                let code = text.status().unwrap_or_default();
                text.start = text.start.replacen(&code.to_string(), &(code + 1).to_string(), 1);
            }
            Edit::Without(name) => text.remove(name),
            Edit::Altered(name) => text.change(name, altered),
            Edit::Doubled(name) => text.double(name),
            Edit::WithoutParameter(parameter, name) => text.change(name, |value| edited(value, parameter, None)),
            Edit::ParameterAltered(parameter, name) => {
                text.change(name, |value| edited(value, parameter, Some(altered)));
            }
            Edit::WithoutBody => text.body.clear(),
            Edit::WithoutPart(number) => text.body = with_part(&text.body, *number, |_| String::new()),
            Edit::PartAltered(number) => text.body = with_part(&text.body, *number, altered),
        }
        vec![text]
    }
}

impl Sender {
    const ALL: [Self; 3] = [Self::Ue, Self::Focus, Self::User];

    const fn of(node: Node) -> Option<Self> {
        match node {
            Node::Ue => Some(Self::Ue),
            Node::Focus => Some(Self::Focus),
            Node::User(_) => Some(Self::User),
            Node::PCscf | Node::SCscf => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ue => "UE",
            Self::Focus => "focus",
            Self::User => "user",
        }
    }
}

impl Edit {
    fn named(name: &str) -> Option<Self> {
        let fixed = [Self::Unsent, Self::Target, Self::Status, Self::WithoutBody];
        if let Some(edit) = fixed.into_iter().find(|edit| edit.to_string() == name) {
            return Some(edit);
        }
        let of = |what: &str| what.split_once(" of ").map(|(own, name)| (own.to_owned(), name.to_owned()));
        let part = |what: &str| what.strip_prefix("part ")?.strip_suffix(" of the body")?.parse().ok();
        if let Some(what) = name.strip_prefix("without ") {
            let field =
                || of(what).map_or_else(|| Self::Without(what.to_owned()), |(p, h)| Self::WithoutParameter(p, h));
            return Some(part(what).map_or_else(field, Self::WithoutPart));
        }
        if let Some(what) = name.strip_suffix(" altered") {
            let field =
                || of(what).map_or_else(|| Self::Altered(what.to_owned()), |(p, h)| Self::ParameterAltered(p, h));
            return Some(part(what).map_or_else(field, Self::PartAltered));
        }
        name.strip_suffix(" doubled").map(|what| Self::Doubled(what.to_owned()))
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent => f.write_str("not sent"),
            Self::Target => f.write_str("Request-URI changed"),
            Self::Status => f.write_str("status changed"),
            Self::WithoutBody => f.write_str("no body"),
            Self::Without(name) => write!(f, "without {name}"),
            Self::Altered(name) => write!(f, "{name} altered"),
            Self::Doubled(name) => write!(f, "{name} doubled"),
            Self::WithoutParameter(parameter, name) => write!(f, "without {parameter} of {name}"),
            Self::ParameterAltered(parameter, name) => write!(f, "{parameter} of {name} altered"),
            Self::WithoutPart(number) => write!(f, "without part {number} of the body"),
            Self::PartAltered(number) => write!(f, "part {number} of the body altered"),
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.sender.name(), self.label, self.edit)
    }
}

/// What kind of message it is, as ladders call it.
fn label(text: &Text) -> String {
    match (text.method(), text.status(), text.header("Event")) {
        (Some(method), _, Some(event)) => format!("{method} ({})", event.split(';').next().unwrap_or_default().trim()),
        (Some(method), _, None) => method.to_owned(),
        (None, code, _) => {
            let method = text.header("CSeq").and_then(|cseq| cseq.rsplit(' ').next()).unwrap_or_default();
            format!("{} ({method})", code.unwrap_or_default())
        }
    }
}

/// Every change that there is of this message.
fn edits(text: &Text) -> Vec<Edit> {
    let start = if text.method().is_some() { Edit::Target } else { Edit::Status };
    let mut edits = vec![Edit::Unsent, start];
    for name in text.names() {
        let value = text.header(name).unwrap_or_default();
        let own = name.to_owned();
        edits.extend([Edit::Without(own.clone()), Edit::Altered(own.clone()), Edit::Doubled(own.clone())]);
        for parameter in parameters(value) {
            edits.push(Edit::WithoutParameter(parameter.to_owned(), own.clone()));
            edits.push(Edit::ParameterAltered(parameter.to_owned(), own.clone()));
        }
    }
    let parts = parts(&text.body).len().min(MOST_PARTS);
    if parts > 0 {
        edits.push(Edit::WithoutBody);
        edits.extend((0..parts).flat_map(|number| [Edit::WithoutPart(number), Edit::PartAltered(number)]));
    }
    edits
}

/// Names of the parameters behind a value, outside angle brackets.
fn parameters(value: &str) -> Vec<&str> {
    let behind = value.rfind('>').map_or(value, |end| &value[end..]);
    let all = behind.split(';').skip(1).map(|own| own.split('=').next().unwrap_or_default().trim());
    all.filter(|name| !name.is_empty()).collect()
}

/// A value in which one parameter is gone, or has another value.
fn edited(value: &str, parameter: &str, change: Option<fn(&str) -> String>) -> String {
    let (address, behind) = value.split_at(value.rfind('>').unwrap_or(0));
    let is_it = |own: &str| own.split('=').next().unwrap_or_default().trim() == parameter;
    let own = |(place, own): (usize, &str)| match change {
        _ if place == 0 || !is_it(own) => Some(own.to_owned()),
        None => None,
        Some(change) => {
            Some(own.split_once('=').map_or_else(|| change(own), |(name, value)| format!("{name}={}", change(value))))
        }
    };
    let behind: Vec<String> = behind.split(';').enumerate().filter_map(own).collect();
    format!("{address}{}", behind.join(";"))
}

/// The text with its last letter or digit replaced.
fn altered(text: &str) -> String {
    let Some(place) = text.rfind(|own: char| own.is_ascii_alphanumeric()) else { return format!("{text}x") };
    let (before, rest) = text.split_at(place);
    let mut rest = rest.chars();
    let new = match rest.next() {
        Some(digit @ '0'..='8') => char::from(digit as u8 + 1),
        Some('9') => '0',
        Some('x') => 'y',
        _ => 'x',
    };
    format!("{before}{new}{}", rest.as_str())
}

/// The parts of a body: the lines of an SDP or a sipfrag, the tags of a document, each with the text behind it.
fn parts(body: &str) -> Vec<&str> {
    if body.starts_with('<') {
        let starts: Vec<usize> = body.match_indices('<').map(|(at, _)| at).collect();
        let ends = starts.iter().skip(1).copied().chain([body.len()]);
        starts.iter().zip(ends).filter_map(|(start, end)| body.get(*start..end)).collect()
    } else {
        body.split_inclusive('\n').collect()
    }
}

fn with_part(body: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let parts = parts(body).into_iter().enumerate();
    parts.map(|(place, part)| if place == number { change(part) } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTIFY: &[u8] =
        b"NOTIFY sip:ue@a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:f;x=1@b>;tag=7\r\n\
        CSeq: 4 NOTIFY\r\nEvent: refer;id=3\r\nContent-Length: 27\r\n\r\nSIP/2.0 200 OK\r\nServer: a\r\n";

    fn mutated(name: &str) -> Option<String> {
        let mutant = Mutant::named(name)?;
        let mut texts = mutant.sent(Node::Focus, Text::of(NOTIFY));
        texts.pop().map(|text| String::from_utf8(text.bytes()).expect("UTF-8"))
    }

    #[test]
    fn each_is_found_again_by_its_name_and_changes_something() {
        let all = Mutant::of(Party::Focus, NOTIFY);
        assert_eq!(all.len(), 25, "{:#?}", all.iter().map(ToString::to_string).collect::<Vec<_>>());
        for mutant in all {
            assert_eq!(Mutant::named(&mutant.to_string()), Some(mutant.clone()));
            let changed = mutant.sent(Node::Focus, Text::of(NOTIFY));
            assert_ne!(changed, [Text::of(NOTIFY)], "{mutant}");
            assert_eq!(mutant.sent(Node::Ue, Text::of(NOTIFY)), [Text::of(NOTIFY)], "{mutant}");
        }
    }

    #[test]
    fn what_they_change() {
        let table = [
            ("focus: NOTIFY (refer): without id of Event", "\r\nEvent: refer\r\n"),
            ("focus: NOTIFY (refer): id of Event altered", "\r\nEvent: refer;id=4\r\n"),
            ("focus: NOTIFY (refer): Event altered", "\r\nEvent: refer;id=4\r\n"),
            ("focus: NOTIFY (refer): tag of From altered", "\r\nFrom: <sip:f;x=1@b>;tag=8\r\n"),
            ("focus: NOTIFY (refer): CSeq doubled", "\r\nCSeq: 4 NOTIFY\r\nCSeq: 4 NOTIFY\r\n"),
            ("focus: NOTIFY (refer): without part 1 of the body", "\r\n\r\nSIP/2.0 200 OK\r\n"),
            ("focus: NOTIFY (refer): part 0 of the body altered", "\r\n\r\nSIP/2.0 200 Ox\r\n"),
            ("focus: NOTIFY (refer): Request-URI changed", "NOTIFY sip:ue@x SIP/2.0\r\n"),
        ];
        for (name, part) in table {
            let changed = mutated(name).unwrap_or_else(|| panic!("{name}"));
            assert!(changed.contains(part), "{name}: {changed}");
        }
        assert_eq!(mutated("focus: NOTIFY (refer): not sent"), None);
    }
}
