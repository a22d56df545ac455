//! An independent reading of `application/conference-info+xml` (RFC 4575): what it says, and how it is applied.

use std::collections::BTreeMap;

use thiserror::Error;

/// The namespace of the package (RFC 4575 section 10.3).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:conference-info";

/// Why a body is no conference document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConferenceError {
    /// It is no well-formed XML.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// The root element is another one.
    #[error("the root is not conference-info of the package's namespace")]
    Root,
    /// A mandatory attribute of the root is missing or unreadable.
    #[error("the root has no usable `{0}`")]
    Attribute(&'static str),
    /// A key attribute is missing below the root.
    #[error("a `{0}` has no entity")]
    Key(&'static str),
    /// An element has a state that does not exist.
    #[error("`{0}` is no state")]
    State(String),
}

/// How much an element tells (RFC 4575 section 4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Everything; the value when the attribute is absent.
    #[default]
    Full,
    /// Only what changed.
    Partial,
    /// The element is gone.
    Deleted,
}

/// One endpoint of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// How much the element tells.
    pub state: State,
    /// The status, trimmed, if given.
    pub status: Option<String>,
    /// How it joined, if given.
    pub joining_method: Option<String>,
    /// How it left, if given.
    pub disconnection_method: Option<String>,
}

impl Endpoint {
    /// Whether its status is one that only an endpoint with a confirmed dialog has (RFC 4575 section 5.7.3).
    pub fn is_present(&self) -> bool {
        matches!(self.status.as_deref(), Some("connected" | "on-hold" | "muted-via-focus"))
    }
}

/// One user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// How much the element tells.
    pub state: State,
    /// The endpoints by entity.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// One document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Document {
    /// The conference URI.
    pub entity: String,
    /// The version.
    pub version: u32,
    /// How much the document tells.
    pub state: State,
    /// `users`: its own state and the users by entity; `None` when the element is absent.
    pub users: Option<(State, BTreeMap<String, User>)>,
    /// `user-count`, if given.
    pub user_count: Option<u32>,
    /// Whether `conference-description` is there.
    pub has_description: bool,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not XML, not this package's document, or lacks what the text makes mandatory.
    pub fn read(body: &[u8]) -> Result<Self, ConferenceError> {
        let text = String::from_utf8_lossy(body);
        let tree = roxmltree::Document::parse(text.trim_start())
            .map_err(|error| ConferenceError::Malformed(error.to_string()))?;
        let root = tree.root_element();
        if !is(root, "conference-info") {
            return Err(ConferenceError::Root);
        }
        let entity = root.attribute("entity").filter(|entity| !entity.trim().is_empty());
        let version = root.attribute("version").and_then(|version| version.trim().parse().ok());
        let count = child(root, "conference-state").and_then(|state| child(state, "user-count")).and_then(text_of);
        Ok(Self {
            entity: entity.ok_or(ConferenceError::Attribute("entity"))?.to_owned(),
            version: version.ok_or(ConferenceError::Attribute("version"))?,
            state: state_of(root)?,
            users: child(root, "users").map(read_users).transpose()?,
            user_count: count.and_then(|count| count.parse().ok()),
            has_description: child(root, "conference-description").is_some(),
        })
    }
}

type Node<'a, 'b> = roxmltree::Node<'a, 'b>;

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(NAMESPACE)
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|child| is(*child, name))
}

fn text_of(node: Node<'_, '_>) -> Option<String> {
    node.text().map(|text| text.trim().to_owned())
}

fn state_of(node: Node<'_, '_>) -> Result<State, ConferenceError> {
    match node.attribute("state") {
        None | Some("full") => Ok(State::Full),
        Some("partial") => Ok(State::Partial),
        Some("deleted") => Ok(State::Deleted),
        Some(other) => Err(ConferenceError::State(other.to_owned())),
    }
}

fn read_users(node: Node<'_, '_>) -> Result<(State, BTreeMap<String, User>), ConferenceError> {
    let mut users = BTreeMap::new();
    for user in node.children().filter(|child| is(*child, "user")) {
        let mut endpoints = BTreeMap::new();
        for endpoint in user.children().filter(|child| is(*child, "endpoint")) {
            let text = |name| child(endpoint, name).and_then(text_of);
            let read = Endpoint {
                state: state_of(endpoint)?,
                status: text("status"),
                joining_method: text("joining-method"),
                disconnection_method: text("disconnection-method"),
            };
            let key = endpoint.attribute("entity").ok_or(ConferenceError::Key("endpoint"))?;
            endpoints.insert(key.to_owned(), read);
        }
        let key = user.attribute("entity").ok_or(ConferenceError::Key("user"))?;
        users.insert(key.to_owned(), User { state: state_of(user)?, endpoints });
    }
    Ok((state_of(node)?, users))
}

/// What a subscriber knows of a conference after the documents it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roster {
    /// The version of the last document applied; `None` before the first full one.
    pub version: Option<u32>,
    /// The users by entity, with the endpoints by entity.
    pub users: BTreeMap<String, BTreeMap<String, Endpoint>>,
    /// Whether the conference was said to be gone.
    pub deleted: bool,
}

/// What became of a document (RFC 4575 section 4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// The roster now says what the document said.
    Applied,
    /// Not newer than what is known: thrown away.
    Old,
    /// A partial document after a gap, or before the first full one: a refresh is due.
    Gap,
}

impl Roster {
    /// Applies a document by the letter of RFC 4575 section 4.6.
    pub fn apply(&mut self, document: &Document) -> Applied {
        match (self.version, document.state) {
            (Some(version), _) if document.version <= version => return Applied::Old,
            (None, State::Partial) => return Applied::Gap,
            (Some(version), State::Partial) if version.checked_add(1) != Some(document.version) => {
                return Applied::Gap;
            }
            _ => {}
        }
        self.version = Some(document.version);
        match document.state {
            State::Deleted => {
                self.deleted = true;
                self.users.clear();
            }
            State::Full => {
                self.users.clear();
                self.apply_users(document);
            }
            State::Partial => self.apply_users(document),
        }
        Applied::Applied
    }

    fn apply_users(&mut self, document: &Document) {
        let Some((state, users)) = &document.users else { return };
        if *state != State::Partial {
            self.users.clear();
        }
        for (key, user) in users {
            match user.state {
                State::Deleted => {
                    self.users.remove(key);
                }
                State::Full => {
                    self.users.insert(key.clone(), user.endpoints.clone());
                }
                State::Partial => merge(self.users.entry(key.clone()).or_default(), &user.endpoints),
            }
        }
    }

    /// The users that have an endpoint with this status.
    pub fn with_status<'a>(&'a self, status: &'a str) -> impl Iterator<Item = &'a str> {
        self.users
            .iter()
            .filter(move |(_, endpoints)| endpoints.values().any(|endpoint| endpoint.status.as_deref() == Some(status)))
            .map(|(user, _)| user.as_str())
    }
}

fn merge(known: &mut BTreeMap<String, Endpoint>, told: &BTreeMap<String, Endpoint>) {
    for (key, endpoint) in told {
        match endpoint.state {
            State::Deleted => {
                known.remove(key);
            }
            State::Full => {
                known.insert(key.clone(), endpoint.clone());
            }
            State::Partial => {
                let entry = known.entry(key.clone()).or_default();
                let update = |old: &mut Option<String>, new: &Option<String>| {
                    if new.is_some() {
                        old.clone_from(new);
                    }
                };
                update(&mut entry.status, &endpoint.status);
                update(&mut entry.joining_method, &endpoint.joining_method);
                update(&mut entry.disconnection_method, &endpoint.disconnection_method);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(root: &str, inside: &str) -> String {
        format!("<?xml version=\"1.0\"?><conference-info xmlns=\"{NAMESPACE}\" {root}>{inside}</conference-info>")
    }

    fn user(name: &str, state: &str, status: &str) -> String {
        format!(
            "<user entity=\"sip:{name}@h\"{state}><endpoint entity=\"{name}\"><status>{status}</status></endpoint></user>"
        )
    }

    #[test]
    fn what_is_no_document() {
        let table = [
            (String::from("<conference-info"), "not well-formed"),
            (document("version=\"1\"", ""), "`entity`"),
            (document("entity=\"sip:c\"", ""), "`version`"),
            (document("entity=\"sip:c\" version=\"-1\"", ""), "`version`"),
            (document("entity=\"sip:c\" version=\"1\" state=\"Full\"", ""), "is no state"),
            (document("entity=\"sip:c\" version=\"1\"", "<users><user/></users>"), "`user` has no entity"),
            (String::from("<conference-info entity=\"sip:c\" version=\"1\"/>"), "the root"),
            // The printed example of the test specification: attributes outside the start tag, `user` not closed.
            (
                document("", "entity=\"sip:c\" state=\"partial\" version=\"1\"><users><user entity=\"u\"></users>"),
                "not well",
            ),
        ];
        for (text, expected) in table {
            let error = Document::read(text.as_bytes()).expect_err(&text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn documents_applied_in_order() {
        let full = |version: u32, users: &str| {
            document(&format!("entity=\"sip:c\" version=\"{version}\""), &format!("<users>{users}</users>"))
        };
        let partial = |version: u32, users: &str| {
            let root = format!("entity=\"sip:c\" version=\"{version}\" state=\"partial\"");
            document(&root, &format!("<users state=\"partial\">{users}</users>"))
        };
        let (alice, bob) = (user("alice", "", "connected"), user("bob", "", "connected"));
        let (gone, left) = (user("bob", " state=\"deleted\"", ""), user("bob", " state=\"partial\"", "disconnected"));
        let replaces = document("entity=\"sip:c\" version=\"9\" state=\"partial\"", &format!("<users>{bob}</users>"));
        let deleted = document("entity=\"sip:c\" version=\"20\" state=\"deleted\"", "");
        let steps: [(&str, Applied, &[&str]); 10] = [
            (&partial(1, &bob), Applied::Gap, &[]),
            (&full(5, &alice), Applied::Applied, &["sip:alice@h"]),
            (&partial(6, &bob), Applied::Applied, &["sip:alice@h", "sip:bob@h"]),
            (&partial(6, &gone), Applied::Old, &["sip:alice@h", "sip:bob@h"]),
            (&partial(8, &gone), Applied::Gap, &["sip:alice@h", "sip:bob@h"]),
            (&partial(7, &left), Applied::Applied, &["sip:alice@h"]),
            (&partial(8, &gone), Applied::Applied, &["sip:alice@h"]),
            // `users` without a state is full: the roster shrinks to what is listed.
            (&replaces, Applied::Applied, &["sip:bob@h"]),
            (&full(12, &alice), Applied::Applied, &["sip:alice@h"]),
            (&deleted, Applied::Applied, &[]),
        ];
        let mut roster = Roster::default();
        for (text, expected, connected) in steps {
            let document = Document::read(text.as_bytes()).expect(text);
            assert_eq!(roster.apply(&document), expected, "{text}");
            assert_eq!(roster.with_status("connected").collect::<Vec<_>>(), connected, "{text}");
        }
        assert!(roster.deleted);
    }
}
