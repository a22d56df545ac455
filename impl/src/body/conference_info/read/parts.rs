//! The elements, one function each.

use compact_str::CompactString;

use super::super::document::{
    AvailableMedium, CallInfo, Conference, ConferenceDescription, ConferenceState, Document, Endpoint, Execution,
    HostInfo, Media, Sidebar, SidebarsByRef, SidebarsByVal, SipDialogId, UriEntry, User, Users,
};
use super::super::error::{Fault, Tolerated};
use super::super::rows::Rows;
use super::super::token::{DisconnectionMethod, EndpointStatus, JoiningMethod, MediaStatus, State};
use super::MAX_ROWS;
use super::reader::{Reader, Result, unsigned};
use super::shape::{self, Shape};
use super::source::{Namespace, Source};

impl<'x, S: Source<'x>> Reader<'x, S> {
    /// The root element.
    pub(super) fn document(&mut self) -> Result<'x, Document, S> {
        let root = &self.source.root()?;
        if S::name(root) != shape::CONFERENCE_INFO.element || self.source.namespace(root) != Namespace::Package {
            let (name, namespace) = (S::name(root).to_owned(), self.source.namespace(root).text().to_owned());
            return self.fail(root, Fault::WrongRoot { name, namespace });
        }
        let entity = self.key(root, "conference-info", "entity")?;
        // The schema lets it be absent because sidebars share the type; the text of section 4.3 does not.
        let version = self.required(root, "conference-info", "version")?;
        let Some(version) = unsigned(&version) else {
            return self.fail(root, Fault::BadVersion { value: version.into_owned() });
        };
        // Nothing stands above the root, so any state will do.
        let state = self.state(root, "conference-info", State::Partial)?;
        let content = self.conference(root, &shape::CONFERENCE_INFO, state)?;
        if state == State::Full {
            let description = content.description.is_none().then_some("conference-description");
            for missing in description.into_iter().chain(content.users.is_none().then_some("users")) {
                self.note(Tolerated::FullIncomplete, root, missing);
            }
        }
        self.check_labels(&content);
        self.source.end()?;
        Ok(Document { entity: entity.into_string(), state, version, content })
    }

    /// Content of the root element or of a sidebar.
    fn conference(&mut self, node: &S::Element, shape: &Shape, state: State) -> Result<'x, Conference, S> {
        let mut conference = Conference::default();
        if self.is_deleted(node, state)? {
            return Ok(conference);
        }
        let extensions = self.children(node, shape, |reader, name, child| {
            match name {
                "conference-description" => conference.description = Some(reader.description(child)?),
                "host-info" => conference.host_info = Some(reader.host_info(child)?),
                "conference-state" => conference.conference_state = Some(reader.conference_state(child)?),
                "users" => conference.users = Some(reader.users(child, state)?),
                "sidebars-by-ref" => conference.sidebars_by_ref = Some(reader.sidebars_by_ref(child, state)?),
                _ => conference.sidebars_by_val = Some(reader.sidebars_by_val(child, state)?),
            }
            Ok(())
        })?;
        conference.extensions = extensions;
        self.check_user_count(node, &conference);
        Ok(conference)
    }

    fn description(&mut self, node: &S::Element) -> Result<'x, ConferenceDescription, S> {
        let mut description = ConferenceDescription::default();
        let extensions = self.children(node, &shape::DESCRIPTION, |reader, name, child| {
            match name {
                "display-text" => description.display_text = Some(reader.text(child)?),
                "subject" => description.subject = Some(reader.text(child)?),
                "free-text" => description.free_text = Some(reader.text(child)?),
                "keywords" => description.keywords = reader.list(child)?,
                "conf-uris" => description.conf_uris = reader.uris(child, "conf-uris")?,
                "service-uris" => description.service_uris = reader.uris(child, "service-uris")?,
                "maximum-user-count" => description.maximum_user_count = reader.number(child)?,
                _ => description.available_media = reader.available_media(child)?,
            }
            Ok(())
        })?;
        description.extensions = extensions;
        Ok(description)
    }

    fn available_media(&mut self, node: &S::Element) -> Result<'x, Vec<AvailableMedium>, S> {
        let mut media = Vec::new();
        self.children(node, &shape::AVAILABLE_MEDIA, |reader, _, child| {
            let label = reader.source.attribute(child, "label").unwrap_or_default().into_owned();
            let mut medium = AvailableMedium { label, ..AvailableMedium::default() };
            let extensions = reader.children(child, &shape::AVAILABLE_MEDIUM, |reader, name, part| {
                match name {
                    "display-text" => medium.display_text = Some(reader.text(part)?),
                    "type" => medium.kind = Some(reader.text(part)?),
                    _ => medium.status = reader.token(part, MediaStatus::from_token)?,
                }
                Ok(())
            })?;
            medium.extensions = extensions;
            let label = medium.label.is_empty().then_some("label");
            for missing in label.into_iter().chain(medium.kind.is_none().then_some("type")) {
                reader.note(Tolerated::Missing, child, missing);
            }
            media.push(medium);
            Ok(())
        })?;
        self.check_not_empty(node, media.is_empty());
        Ok(media)
    }

    fn host_info(&mut self, node: &S::Element) -> Result<'x, HostInfo, S> {
        let mut host = HostInfo::default();
        let extensions = self.children(node, &shape::HOST_INFO, |reader, name, child| {
            match name {
                "display-text" => host.display_text = Some(reader.text(child)?),
                "web-page" => host.web_page = Some(reader.text(child)?),
                _ => host.uris = reader.uris(child, "uris")?,
            }
            Ok(())
        })?;
        host.extensions = extensions;
        Ok(host)
    }

    fn conference_state(&mut self, node: &S::Element) -> Result<'x, ConferenceState, S> {
        let mut state = ConferenceState::default();
        let extensions = self.children(node, &shape::CONFERENCE_STATE, |reader, name, child| {
            match name {
                "user-count" => state.user_count = reader.number(child)?,
                "active" => state.active = reader.boolean(child)?,
                _ => state.locked = reader.boolean(child)?,
            }
            Ok(())
        })?;
        state.extensions = extensions;
        Ok(state)
    }

    fn users(&mut self, node: &S::Element, parent: State) -> Result<'x, Users, S> {
        let state = self.state(node, "users", parent)?;
        if parent == State::Partial && self.source.attribute(node, "state").is_none() {
            self.note(Tolerated::UsersDefaultFull, node, "users");
        }
        let mut users = Users { state, ..Users::default() };
        if self.is_deleted(node, state)? {
            return Ok(users);
        }
        let extensions = self.children(node, &shape::USERS, |reader, _, child| {
            let entity = reader.key(child, "user", "entity")?;
            let user = reader.user(child, state)?;
            reader.insert(&mut users.rows, child, "user", entity, user)
        })?;
        users.extensions = extensions;
        Ok(users)
    }

    fn user(&mut self, node: &S::Element, parent: State) -> Result<'x, User, S> {
        let state = self.state(node, "user", parent)?;
        let mut user = User { state, ..User::default() };
        if self.is_deleted(node, state)? {
            return Ok(user);
        }
        let extensions = self.children(node, &shape::USER, |reader, name, child| {
            match name {
                "display-text" => user.display_text = Some(reader.text(child)?),
                "associated-aors" => user.associated_aors = reader.uris(child, "associated-aors")?,
                "roles" => user.roles = reader.roles(child)?,
                "languages" => user.languages = reader.list(child)?,
                "cascaded-focus" => user.cascaded_focus = Some(reader.text(child)?),
                _ => {
                    let entity = reader.key(child, "endpoint", "entity")?;
                    let endpoint = reader.endpoint(child, state)?;
                    reader.insert(&mut user.endpoints, child, "endpoint", entity, endpoint)?;
                }
            }
            Ok(())
        })?;
        user.extensions = extensions;
        Ok(user)
    }

    fn roles(&mut self, node: &S::Element) -> Result<'x, Vec<String>, S> {
        let mut roles = Vec::new();
        self.children(node, &shape::ROLES, |reader, _, child| {
            roles.push(reader.text(child)?);
            Ok(())
        })?;
        self.check_not_empty(node, roles.is_empty());
        Ok(roles)
    }

    fn endpoint(&mut self, node: &S::Element, parent: State) -> Result<'x, Endpoint, S> {
        let state = self.state(node, "endpoint", parent)?;
        let mut endpoint = Endpoint { state, ..Endpoint::default() };
        if self.is_deleted(node, state)? {
            return Ok(endpoint);
        }
        let extensions = self.children(node, &shape::ENDPOINT, |reader, name, child| {
            match name {
                "display-text" => endpoint.display_text = Some(reader.text(child)?),
                "referred" => endpoint.referred = Some(Box::new(reader.execution(child, "referred")?)),
                "status" => endpoint.status = reader.token(child, EndpointStatus::from_token)?,
                "joining-method" => endpoint.joining_method = reader.token(child, JoiningMethod::from_token)?,
                "joining-info" => endpoint.joining_info = Some(Box::new(reader.execution(child, "joining-info")?)),
                "disconnection-method" => {
                    endpoint.disconnection_method = reader.token(child, DisconnectionMethod::from_token)?;
                }
                "disconnection-info" => {
                    endpoint.disconnection_info = Some(Box::new(reader.execution(child, "disconnection-info")?));
                }
                "media" => {
                    let id = reader.key(child, "media", "id")?;
                    let media = reader.media(child)?;
                    reader.insert(&mut endpoint.media, child, "media", id, media)?;
                }
                _ => endpoint.call_info = Some(Box::new(reader.call_info(child)?)),
            }
            Ok(())
        })?;
        endpoint.extensions = extensions;
        self.check_endpoint(node, &endpoint);
        Ok(endpoint)
    }

    fn media(&mut self, node: &S::Element) -> Result<'x, Media, S> {
        let mut media = Media::default();
        let extensions = self.children(node, &shape::MEDIA, |reader, name, child| {
            match name {
                "display-text" => media.display_text = Some(reader.text(child)?),
                "type" => media.kind = Some(reader.text(child)?),
                "label" => {
                    let label: CompactString = reader.text(child)?;
                    reader.labels.push((label.clone(), S::at(child)));
                    media.label = Some(label);
                }
                "src-id" => {
                    let source: CompactString = reader.text(child)?;
                    if unsigned(&source).is_none() {
                        reader.note(Tolerated::SrcId, child, &source);
                    }
                    media.src_id = Some(source);
                }
                _ => media.status = reader.token(child, MediaStatus::from_token)?,
            }
            Ok(())
        })?;
        media.extensions = extensions;
        Ok(media)
    }

    fn call_info(&mut self, node: &S::Element) -> Result<'x, CallInfo, S> {
        let mut info = CallInfo::default();
        let extensions = self.children(node, &shape::CALL_INFO, |reader, _, child| {
            info.sip = Some(reader.sip(child)?);
            Ok(())
        })?;
        if let (Some(_), Some(extension)) = (&info.sip, extensions.first()) {
            self.note(Tolerated::ExtensionPlace, node, &extension.name);
        }
        info.extensions = extensions;
        Ok(info)
    }

    fn sip(&mut self, node: &S::Element) -> Result<'x, SipDialogId, S> {
        let (mut display_text, mut call_id, mut from_tag, mut to_tag) = (None, None, None, None);
        let extensions = self.children(node, &shape::SIP, |reader, name, child| {
            let text = Some(reader.text::<String>(child)?);
            match name {
                "display-text" => display_text = text,
                "call-id" => call_id = text,
                "from-tag" => from_tag = text,
                _ => to_tag = text,
            }
            Ok(())
        })?;
        for (name, part) in [("call-id", &call_id), ("from-tag", &from_tag), ("to-tag", &to_tag)] {
            if part.is_none() {
                self.note(Tolerated::Missing, node, name);
            }
        }
        let (call_id, from_tag, to_tag) =
            (call_id.unwrap_or_default(), from_tag.unwrap_or_default(), to_tag.unwrap_or_default());
        Ok(SipDialogId { display_text, call_id, from_tag, to_tag, extensions })
    }

    fn execution(&mut self, node: &S::Element, element: &'static str) -> Result<'x, Execution, S> {
        let mut execution = Execution::default();
        self.children(node, &shape::execution(element), |reader, name, child| {
            let text = Some(reader.text(child)?);
            match name {
                "when" => execution.when = text,
                "reason" => execution.reason = text,
                _ => execution.by = text,
            }
            Ok(())
        })?;
        Ok(execution)
    }

    /// A list of URIs inside an element that is replaced as a whole: its own state says nothing more.
    fn uris(&mut self, node: &S::Element, element: &'static str) -> Result<'x, Vec<UriEntry>, S> {
        let state = self.state(node, element, State::Partial)?;
        if state != State::Full {
            self.note(Tolerated::PartialAtomic, node, element);
        }
        if self.is_deleted(node, state)? {
            return Ok(Vec::new());
        }
        self.uri_entries(node, &shape::uris(element))
    }

    fn uri_entries(&mut self, node: &S::Element, shape: &Shape) -> Result<'x, Vec<UriEntry>, S> {
        let mut entries = Vec::new();
        self.children(node, shape, |reader, _, child| {
            let mut entry = UriEntry::default();
            let mut uri: Option<String> = None;
            let extensions = reader.children(child, &shape::URI_ENTRY, |reader, name, part| {
                match name {
                    "uri" => uri = Some(reader.text(part)?),
                    "display-text" => entry.display_text = Some(reader.text(part)?),
                    "purpose" => entry.purpose = Some(reader.text(part)?),
                    _ => entry.modified = Some(reader.execution(part, "modified")?),
                }
                Ok(())
            })?;
            let Some(uri) = uri else { return reader.fail(child, Fault::MissingUri { element: shape.element }) };
            reader.check_key(child, &uri);
            entries.push(UriEntry { uri, extensions, ..entry });
            Ok(())
        })?;
        self.check_not_empty(node, entries.is_empty());
        Ok(entries)
    }

    fn sidebars_by_ref(&mut self, node: &S::Element, parent: State) -> Result<'x, SidebarsByRef, S> {
        let state = self.state(node, "sidebars-by-ref", parent)?;
        if self.is_deleted(node, state)? {
            return Ok(SidebarsByRef { state, entries: Vec::new() });
        }
        let entries = self.uri_entries(node, &shape::SIDEBARS_BY_REF)?;
        let mut keys = Rows::new();
        for entry in &entries {
            self.insert(&mut keys, node, "entry", entry.uri.as_str().into(), ())?;
        }
        Ok(SidebarsByRef { state, entries })
    }

    fn sidebars_by_val(&mut self, node: &S::Element, parent: State) -> Result<'x, SidebarsByVal, S> {
        let state = self.state(node, "sidebars-by-val", parent)?;
        let mut sidebars = SidebarsByVal { state, rows: Rows::new() };
        if self.is_deleted(node, state)? {
            return Ok(sidebars);
        }
        // Labels inside a sidebar are not measured by the media of the conference around it.
        let labels = self.labels.len();
        self.children(node, &shape::SIDEBARS_BY_VAL, |reader, _, child| {
            let entity = reader.key(child, "entry", "entity")?;
            let state = reader.state(child, "entry", state)?;
            let content = reader.conference(child, &shape::SIDEBAR, state)?;
            reader.insert(&mut sidebars.rows, child, "entry", entity, Sidebar { state, content })
        })?;
        self.labels.truncate(labels);
        Ok(sidebars)
    }

    /// Adds a row to a table.
    fn insert<R>(
        &self,
        table: &mut Rows<R>,
        node: &S::Element,
        element: &'static str,
        key: CompactString,
        row: R,
    ) -> Result<'x, (), S> {
        if table.len() >= MAX_ROWS {
            return self.fail(node, Fault::TooManyRows { element, limit: MAX_ROWS });
        }
        let added = table.insert_new(key, row);
        added.or_else(|(key, _)| self.fail(node, Fault::DuplicateKey { element, key: key.into_string() }))
    }

    fn check_not_empty(&mut self, node: &S::Element, is_empty: bool) {
        if is_empty {
            self.note(Tolerated::EmptyList, node, S::name(node));
        }
    }

    /// What the parts of an endpoint say about each other (sections 5.7.3 and 5.7.4).
    fn check_endpoint(&mut self, node: &S::Element, endpoint: &Endpoint) {
        let (Some(status), Some(method)) = (endpoint.status, endpoint.joining_method) else { return };
        if status == EndpointStatus::Alerting && method == JoiningMethod::DialedIn {
            self.note(Tolerated::AlertingDialedIn, node, status.token());
        }
        if status.is_before_answer() {
            self.note(Tolerated::JoiningMethodTooEarly, node, &format!("{method} while {status}"));
        }
    }

    /// The count may exceed the listed users, because some may be hidden, but not fall short of them (section 5.5.1).
    fn check_user_count(&mut self, node: &S::Element, conference: &Conference) {
        let count = conference.conference_state.as_ref().and_then(|state| state.user_count);
        let full = conference.users.as_ref().is_some_and(|users| users.state == State::Full);
        let present = conference.present().count();
        if let Some(count) = count.filter(|count| full && usize::try_from(*count).is_ok_and(|count| count < present)) {
            self.note(Tolerated::UserCount, node, &format!("{count} counted, {present} present"));
        }
    }

    /// A label is a token (RFC 4574 section 4) and, if the available media are listed, one of theirs (section 5.8.3).
    fn check_labels(&mut self, content: &Conference) {
        let available = content.description.as_ref().map_or(&[][..], |description| &description.available_media);
        for (label, at) in std::mem::take(&mut self.labels) {
            let known = available.is_empty() || available.iter().any(|medium| medium.label == label);
            if !known || !is_token(&label) {
                self.note_at(Tolerated::Label, at, &label);
            }
        }
    }
}

/// Whether `text` is a `token` of RFC 8866 section 9.
fn is_token(text: &str) -> bool {
    let is_token_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_char)
}
