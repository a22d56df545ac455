//! Writing a document: elements in the order of the schema (RFC 4575 section 6), everything escaped.
//!
//! Without line breaks between elements: a document often has to share a datagram. A `state` is written only where it
//! is not the default, except on the root. Text that XML cannot carry at all (control characters, say from a display
//! name) is replaced by U+FFFD, so that no peer can keep a focus from writing its roster.

use super::NAMESPACE;
use super::document::{
    AvailableMedium, CallInfo, Conference, ConferenceDescription, ConferenceState, Document, Endpoint, Execution,
    HostInfo, Media, SidebarsByRef, SidebarsByVal, SipDialogId, UriEntry, User, Users,
};
use super::extension::{Content, Extension};
use super::token::State;

/// Bytes that a document usually has at most: a few users.
const USUAL_LENGTH: usize = 2048;
/// The namespace of the prefix `xml`, which needs no declaration.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of declarations, which no attribute may be in.
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

impl Document {
    /// The document as XML 1.0 in UTF-8.
    pub fn write(&self) -> Vec<u8> {
        let mut xml = Xml { text: Vec::with_capacity(USUAL_LENGTH) };
        xml.text.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let version = self.version.to_string();
        let attributes =
            [("xmlns", NAMESPACE), ("entity", &self.entity), ("state", self.state.token()), ("version", &version)];
        xml.element("conference-info", &attributes, |xml| xml.conference(&self.content));
        xml.text
    }
}

/// The text written so far; UTF-8.
struct Xml {
    text: Vec<u8>,
}

impl Xml {
    fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// An element with the given attributes and whatever `content` writes.
    fn element(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        self.text.push(b'<');
        self.push(name);
        for (name, value) in attributes {
            self.text.push(b' ');
            self.push(name);
            self.push("=\"");
            self.escaped(value);
            self.text.push(b'"');
        }
        self.text.push(b'>');
        let open = self.text.len();
        content(self);
        if self.text.len() == open {
            self.text.pop();
            self.push("/>");
        } else {
            self.push("</");
            self.push(name);
            self.text.push(b'>');
        }
    }

    /// Character data. Blanks other than the space are written as references: a parser changes them in attributes, and
    /// carriage returns everywhere.
    fn escaped(&mut self, text: &str) {
        // Hardly any text needs more than this look at it.
        if !text.bytes().fold(false, |found, byte| found | MAY_NEED_ESCAPE[usize::from(byte)]) {
            return self.push(text);
        }
        for character in text.chars() {
            match character {
                '<' => self.push("&lt;"),
                '>' => self.push("&gt;"),
                '&' => self.push("&amp;"),
                '"' => self.push("&quot;"),
                '\t' => self.push("&#9;"),
                '\n' => self.push("&#10;"),
                '\r' => self.push("&#13;"),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.push("\u{fffd}"),
                _ => self.push(character.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn leaf(&mut self, name: &str, value: &str) {
        self.element(name, &[], |xml| xml.escaped(value));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    /// A list separated by blanks.
    fn list(&mut self, name: &str, items: &[String]) {
        if !items.is_empty() {
            self.leaf(name, &items.join(" "));
        }
    }

    fn conference(&mut self, conference: &Conference) {
        if let Some(description) = &conference.description {
            self.element("conference-description", &[], |xml| xml.description(description));
        }
        if let Some(host) = &conference.host_info {
            self.element("host-info", &[], |xml| xml.host_info(host));
        }
        if let Some(state) = &conference.conference_state {
            self.element("conference-state", &[], |xml| xml.conference_state(state));
        }
        if let Some(users) = &conference.users {
            self.element("users", state_attribute(users.state), |xml| xml.users(users));
        }
        if let Some(sidebars) = &conference.sidebars_by_ref {
            self.sidebars_by_ref(sidebars);
        }
        if let Some(sidebars) = &conference.sidebars_by_val {
            self.element("sidebars-by-val", state_attribute(sidebars.state), |xml| xml.sidebars_by_val(sidebars));
        }
        self.extensions(&conference.extensions);
    }

    fn description(&mut self, description: &ConferenceDescription) {
        self.optional("display-text", description.display_text.as_deref());
        self.optional("subject", description.subject.as_deref());
        self.optional("free-text", description.free_text.as_deref());
        self.list("keywords", &description.keywords);
        self.uris("conf-uris", &description.conf_uris);
        self.uris("service-uris", &description.service_uris);
        if let Some(count) = description.maximum_user_count {
            self.leaf("maximum-user-count", &count.to_string());
        }
        if !description.available_media.is_empty() {
            self.element("available-media", &[], |xml| {
                for medium in &description.available_media {
                    xml.element("entry", &[("label", &medium.label)], |xml| xml.available_medium(medium));
                }
            });
        }
        self.extensions(&description.extensions);
    }

    fn available_medium(&mut self, medium: &AvailableMedium) {
        self.optional("display-text", medium.display_text.as_deref());
        self.optional("type", medium.kind.as_deref());
        self.optional("status", medium.status.map(|status| status.token()));
        self.extensions(&medium.extensions);
    }

    fn host_info(&mut self, host: &HostInfo) {
        self.optional("display-text", host.display_text.as_deref());
        self.optional("web-page", host.web_page.as_deref());
        self.uris("uris", &host.uris);
        self.extensions(&host.extensions);
    }

    fn conference_state(&mut self, state: &ConferenceState) {
        if let Some(count) = state.user_count {
            self.leaf("user-count", &count.to_string());
        }
        for (name, value) in [("active", state.active), ("locked", state.locked)] {
            self.optional(name, value.map(|value| if value { "true" } else { "false" }));
        }
        self.extensions(&state.extensions);
    }

    fn users(&mut self, users: &Users) {
        for (entity, user) in &users.rows {
            self.keyed("user", "entity", entity, user.state, |xml| xml.user(user));
        }
        self.extensions(&users.extensions);
    }

    /// A row of a table that takes part in partial notification.
    fn keyed(&mut self, name: &str, key: &str, value: &str, state: State, content: impl FnOnce(&mut Self)) {
        let attributes = [(key, value), ("state", state.token())];
        let shown = if state == State::Full { attributes.get(..1) } else { attributes.get(..) };
        self.element(name, shown.unwrap_or_default(), content);
    }

    fn user(&mut self, user: &User) {
        self.optional("display-text", user.display_text.as_deref());
        self.uris("associated-aors", &user.associated_aors);
        if !user.roles.is_empty() {
            self.element("roles", &[], |xml| user.roles.iter().for_each(|role| xml.leaf("entry", role)));
        }
        self.list("languages", &user.languages);
        self.optional("cascaded-focus", user.cascaded_focus.as_deref());
        for (entity, endpoint) in &user.endpoints {
            self.keyed("endpoint", "entity", entity, endpoint.state, |xml| xml.endpoint(endpoint));
        }
        self.extensions(&user.extensions);
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
        self.optional("display-text", endpoint.display_text.as_deref());
        self.execution("referred", endpoint.referred.as_deref());
        self.optional("status", endpoint.status.map(|status| status.token()));
        self.optional("joining-method", endpoint.joining_method.map(|method| method.token()));
        self.execution("joining-info", endpoint.joining_info.as_deref());
        self.optional("disconnection-method", endpoint.disconnection_method.map(|method| method.token()));
        self.execution("disconnection-info", endpoint.disconnection_info.as_deref());
        for (id, media) in &endpoint.media {
            self.element("media", &[("id", id)], |xml| xml.media(media));
        }
        if let Some(info) = &endpoint.call_info {
            self.element("call-info", &[], |xml| xml.call_info(info));
        }
        self.extensions(&endpoint.extensions);
    }

    fn media(&mut self, media: &Media) {
        self.optional("display-text", media.display_text.as_deref());
        self.optional("type", media.kind.as_deref());
        self.optional("label", media.label.as_deref());
        self.optional("src-id", media.src_id.as_deref());
        self.optional("status", media.status.map(|status| status.token()));
        self.extensions(&media.extensions);
    }

    /// The schema has a choice there, but what somebody sent with both is passed on with both.
    fn call_info(&mut self, info: &CallInfo) {
        if let Some(dialog) = &info.sip {
            self.element("sip", &[], |xml| xml.sip(dialog));
        }
        self.extensions(&info.extensions);
    }

    /// The from-tag stands first in the schema, although the text of section 5.7.9 names it last.
    fn sip(&mut self, dialog: &SipDialogId) {
        self.optional("display-text", dialog.display_text.as_deref());
        self.leaf("call-id", &dialog.call_id);
        self.leaf("from-tag", &dialog.from_tag);
        self.leaf("to-tag", &dialog.to_tag);
        self.extensions(&dialog.extensions);
    }

    fn execution(&mut self, name: &str, execution: Option<&Execution>) {
        let Some(execution) = execution else { return };
        self.element(name, &[], |xml| {
            xml.optional("when", execution.when.as_deref());
            xml.optional("reason", execution.reason.as_deref());
            xml.optional("by", execution.by.as_deref());
        });
    }

    fn uris(&mut self, name: &str, entries: &[UriEntry]) {
        if !entries.is_empty() {
            self.element(name, &[], |xml| xml.uri_entries(entries));
        }
    }

    fn uri_entries(&mut self, entries: &[UriEntry]) {
        for entry in entries {
            self.element("entry", &[], |xml| {
                xml.leaf("uri", &entry.uri);
                xml.optional("display-text", entry.display_text.as_deref());
                xml.optional("purpose", entry.purpose.as_deref());
                xml.execution("modified", entry.modified.as_ref());
                xml.extensions(&entry.extensions);
            });
        }
    }

    /// The schema wants an entry; without one the element is left out, unless its being deleted is the message.
    /// Also without entries, against the schema: in a partial document it says that there are none any more.
    fn sidebars_by_ref(&mut self, sidebars: &SidebarsByRef) {
        let attributes = state_attribute(sidebars.state);
        self.element("sidebars-by-ref", attributes, |xml| xml.uri_entries(&sidebars.entries));
    }

    fn sidebars_by_val(&mut self, sidebars: &SidebarsByVal) {
        for (entity, sidebar) in &sidebars.rows {
            self.keyed("entry", "entity", entity, sidebar.state, |xml| xml.conference(&sidebar.content));
        }
    }

    /// Elements of other namespaces. One that claims the package's own, or none, is not an extension and is left out.
    fn extensions(&mut self, extensions: &[Extension]) {
        for extension in extensions {
            if !extension.namespace.is_empty() && extension.namespace != NAMESPACE {
                self.extension(extension, NAMESPACE);
            }
        }
    }

    /// An element inside one whose default namespace is `around`. What has no XML name is left out.
    fn extension(&mut self, extension: &Extension, around: &str) {
        if !is_xml_name(&extension.name) {
            return;
        }
        let mut attributes = Vec::new();
        if extension.namespace != around {
            attributes.push((String::from("xmlns"), extension.namespace.as_str()));
        }
        for (index, attribute) in extension.attributes.iter().enumerate() {
            if !is_xml_name(&attribute.name) || attribute.namespace == XMLNS_NAMESPACE {
                continue;
            }
            match attribute.namespace.as_str() {
                "" => attributes.push((attribute.name.clone(), &attribute.value)),
                XML_NAMESPACE => attributes.push((format!("xml:{}", attribute.name), &attribute.value)),
                namespace => {
                    attributes.push((format!("xmlns:a{index}"), namespace));
                    attributes.push((format!("a{index}:{}", attribute.name), &attribute.value));
                }
            }
        }
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.element(&extension.name, &attributes, |xml| {
            for piece in &extension.content {
                match piece {
                    Content::Text(text) => xml.escaped(text),
                    Content::Element(inner) => xml.extension(inner, &extension.namespace),
                }
            }
        });
    }
}

/// Whether a byte belongs to a character that [`Xml::escaped`] does not write as it is, or may do so: U+FFFE and U+FFFF
/// begin with 0xEF.
const MAY_NEED_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8, b'<' | b'>' | b'&' | b'"' | ..=0x1f | 0xef);
        byte += 1;
    }
    table
};

/// The attribute that a state needs: none if it is the default.
const fn state_attribute(state: State) -> &'static [(&'static str, &'static str)] {
    match state {
        State::Full => &[],
        State::Partial => &[("state", "partial")],
        State::Deleted => &[("state", "deleted")],
    }
}

/// Whether `name` is a name without a colon (Namespaces in XML 1.0, NCName).
fn is_xml_name(name: &str) -> bool {
    let starts = |character: char| {
        matches!(character, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
            | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
    };
    let continues = |character: char| {
        starts(character)
            || matches!(character, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    name.chars().next().is_some_and(starts) && name.chars().all(continues)
}

#[cfg(test)]
mod tests;
