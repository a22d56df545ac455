//! The schema of RFC 4575 section 6 as tables: which children an element has, in which order, with which attributes.

/// A complex type of the schema.
pub(super) struct Shape {
    /// Name of the element, for messages.
    pub(super) element: &'static str,
    /// Children of the package's namespace, in the order of the sequence.
    pub(super) children: &'static [&'static str],
    /// The child that may stand any number of times.
    pub(super) repeated: &'static str,
    /// Unqualified attributes.
    pub(super) attributes: &'static [&'static str],
    /// Whether elements of other namespaces may follow the children.
    pub(super) extensible: bool,
}

const fn shape(element: &'static str, attributes: &'static [&'static str], children: &'static [&'static str]) -> Shape {
    Shape { element, children, repeated: "", attributes, extensible: true }
}

/// The same with `child` any number of times.
const fn repeating(shape: Shape, child: &'static str) -> Shape {
    Shape { repeated: child, ..shape }
}

/// The same without room for extensions.
const fn closed(shape: Shape) -> Shape {
    Shape { extensible: false, ..shape }
}

const CONFERENCE: &[&str] =
    &["conference-description", "host-info", "conference-state", "users", "sidebars-by-ref", "sidebars-by-val"];
const CONFERENCE_ATTRIBUTES: &[&str] = &["entity", "state", "version"];
const EXECUTION: &[&str] = &["when", "reason", "by"];

pub(super) static CONFERENCE_INFO: Shape = shape("conference-info", CONFERENCE_ATTRIBUTES, CONFERENCE);
pub(super) static SIDEBAR: Shape = shape("entry", CONFERENCE_ATTRIBUTES, CONFERENCE);
pub(super) static DESCRIPTION: Shape = shape(
    "conference-description",
    &[],
    &[
        "display-text",
        "subject",
        "free-text",
        "keywords",
        "conf-uris",
        "service-uris",
        "maximum-user-count",
        "available-media",
    ],
);
pub(super) static AVAILABLE_MEDIA: Shape = closed(repeating(shape("available-media", &[], &["entry"]), "entry"));
pub(super) static AVAILABLE_MEDIUM: Shape = shape("entry", &["label"], &["display-text", "type", "status"]);
pub(super) static HOST_INFO: Shape = shape("host-info", &[], &["display-text", "web-page", "uris"]);
pub(super) static CONFERENCE_STATE: Shape = shape("conference-state", &[], &["user-count", "active", "locked"]);
pub(super) static USERS: Shape = repeating(shape("users", &["state"], &["user"]), "user");
pub(super) static USER: Shape = repeating(
    shape(
        "user",
        &["entity", "state"],
        &["display-text", "associated-aors", "roles", "languages", "cascaded-focus", "endpoint"],
    ),
    "endpoint",
);
pub(super) static ROLES: Shape = closed(repeating(shape("roles", &[], &["entry"]), "entry"));
pub(super) static ENDPOINT: Shape = repeating(
    shape(
        "endpoint",
        &["entity", "state"],
        &[
            "display-text",
            "referred",
            "status",
            "joining-method",
            "joining-info",
            "disconnection-method",
            "disconnection-info",
            "media",
            "call-info",
        ],
    ),
    "media",
);
pub(super) static MEDIA: Shape = shape("media", &["id"], &["display-text", "type", "label", "src-id", "status"]);
pub(super) static CALL_INFO: Shape = shape("call-info", &[], &["sip"]);
pub(super) static SIP: Shape = shape("sip", &[], &["display-text", "call-id", "from-tag", "to-tag"]);
pub(super) static URI_ENTRY: Shape = shape("entry", &[], &["uri", "display-text", "purpose", "modified"]);
pub(super) static SIDEBARS_BY_REF: Shape = closed(repeating(shape("sidebars-by-ref", &["state"], &["entry"]), "entry"));
pub(super) static SIDEBARS_BY_VAL: Shape = closed(repeating(shape("sidebars-by-val", &["state"], &["entry"]), "entry"));

/// `execution-type`, which four elements have.
pub(super) const fn execution(element: &'static str) -> Shape {
    closed(shape(element, &[], EXECUTION))
}

/// `uris-type`, which several elements have.
pub(super) const fn uris(element: &'static str) -> Shape {
    closed(repeating(shape(element, &["state"], &["entry"]), "entry"))
}
