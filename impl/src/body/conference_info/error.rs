//! What can be wrong with a document: refused ([`DocumentError`]) or lived with ([`Finding`]).
//!
//! Each has a stable identifier (`EV-nn/what`, the number being the row of the requirement catalogue) and a position.

use std::fmt;

use thiserror::Error;

use super::token::State;

/// Line and column in the document, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// Why a document is refused as a whole. Whoever holds a roster keeps it as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("{at}: {fault} [{}]", fault.id())]
pub struct DocumentError {
    /// What is wrong.
    pub fault: Fault,
    /// Where.
    pub at: Position,
}

/// What makes a document unusable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum Fault {
    /// More bytes than are read at all.
    #[error("the document has {length} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes of the document.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// More nodes (elements, texts, comments) than are read at all.
    #[error("the document has more than {limit} nodes")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// More attributes than are read at all.
    #[error("the document has more than {limit} attributes")]
    TooManyAttributes {
        /// The limit.
        limit: usize,
    },
    /// More namespace declarations than are read at all.
    #[error("the document has more than {limit} namespace declarations")]
    TooManyNamespaces {
        /// The limit.
        limit: usize,
    },
    /// More extensions under one element than are kept.
    #[error("more than {limit} elements of other namespaces in `{element}`")]
    TooManyExtensions {
        /// The element.
        element: &'static str,
        /// The limit.
        limit: usize,
    },
    /// More rows in one table than are kept.
    #[error("more than {limit} `{element}` elements under one parent")]
    TooManyRows {
        /// The element.
        element: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Elements nested deeper than is read at all.
    #[error("elements are nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8, which RFC 4575 section 4.1 demands.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// A document type declaration: nothing that this package needs, and the door to entity expansion.
    #[error("a document type declaration is not accepted")]
    Dtd,
    /// An end tag that does not close the innermost open element.
    #[error("`</{found}>` while `{open}` is open: element `{open}` is not closed")]
    NotClosed {
        /// The element that is open.
        open: String,
        /// The element that the end tag names.
        found: String,
    },
    /// Not well-formed XML for another reason.
    #[error("not well-formed XML: {reason}")]
    NotWellFormed {
        /// What the parser says.
        reason: String,
    },
    /// The root element is another one.
    #[error(
        "the root element is `{name}` in namespace `{namespace}`, not `conference-info` in the package's namespace"
    )]
    WrongRoot {
        /// Its local name.
        name: String,
        /// Its namespace, empty if it is in none.
        namespace: String,
    },
    /// A mandatory attribute, or one that is the key of a table, is missing.
    #[error("`{element}` has no attribute `{attribute}`{}", if *.in_text {
        "; it stands in the character data: the start tag is closed before its attributes"
    } else {
        ""
    })]
    MissingAttribute {
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// Whether something that looks like the attribute stands in the character data of the element.
        in_text: bool,
    },
    /// The version is not an unsigned 32-bit number.
    #[error("version `{value}` is not a number from 0 to 4294967295")]
    BadVersion {
        /// What stands there.
        value: String,
    },
    /// A `state` that the schema does not know: what to do with the element would have to be guessed.
    #[error("state `{value}` of `{element}` is none of full, partial and deleted")]
    BadState {
        /// The element.
        element: &'static str,
        /// What stands there.
        value: String,
    },
    /// A child is not full although its parent is.
    #[error("`{element}` is {state} under a parent that is full")]
    InconsistentState {
        /// The child.
        element: &'static str,
        /// Its state.
        state: State,
    },
    /// Two rows of a table have the same key.
    #[error("two `{element}` elements have the key `{key}`")]
    DuplicateKey {
        /// The element.
        element: &'static str,
        /// The key.
        key: String,
    },
    /// A child that may stand once stands twice: which one holds would have to be guessed.
    #[error("`{child}` stands more than once in `{element}`")]
    Repeated {
        /// The parent.
        element: &'static str,
        /// The child.
        child: &'static str,
    },
    /// The URI that is the key of an entry is missing.
    #[error("an `entry` of `{element}` has no `uri`")]
    MissingUri {
        /// The list.
        element: &'static str,
    },
}

impl Fault {
    /// Stable identifier: row of the requirement catalogue and a word.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "limit/bytes",
            Self::TooManyNodes { .. } => "limit/nodes",
            Self::TooManyAttributes { .. } => "limit/attributes",
            Self::TooManyNamespaces { .. } => "limit/namespaces",
            Self::TooManyExtensions { .. } => "limit/extensions",
            Self::TooManyRows { .. } => "limit/rows",
            Self::TooDeep { .. } => "limit/depth",
            Self::NotUtf8 => "EV-30/utf-8",
            Self::Dtd => "EV-30/dtd",
            Self::NotClosed { .. } => "EV-30/not-closed",
            Self::NotWellFormed { .. } => "EV-30/not-well-formed",
            Self::WrongRoot { .. } => "EV-30/root",
            Self::MissingAttribute { .. } => "EV-55/missing-attribute",
            Self::BadVersion { .. } => "EV-33/version",
            Self::BadState { .. } => "EV-31/state",
            Self::InconsistentState { .. } => "EV-32/full-parent",
            Self::DuplicateKey { .. } => "EV-37/duplicate-key",
            Self::Repeated { .. } => "EV-52/repeated",
            Self::MissingUri { .. } => "EV-55/missing-uri",
        }
    }
}

/// A broken rule that a subscriber can live with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Which rule.
    pub rule: Tolerated,
    /// What exactly: the element, the value.
    pub detail: String,
    /// Where.
    pub at: Position,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} [{}]", self.at, self.rule.text(), self.detail, self.rule.id())
    }
}

/// Declares the rules of which a breach is tolerated.
macro_rules! tolerated {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $text:literal;)*) => {
        /// The rules of which a breach is reported and lived with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Tolerated {
            $($(#[$doc])* $variant,)*
        }

        impl Tolerated {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable identifier: row of the requirement catalogue and a word.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            /// What is wrong, for human readers.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

tolerated! {
    /// The XML declaration names another encoding; the bytes were UTF-8 all the same.
    Encoding = "EV-30/encoding", "the declared encoding is not UTF-8";
    /// An unqualified attribute that the schema does not know there.
    UnknownAttribute = "EV-30/attribute", "attribute unknown to the schema";
    /// Character data where only elements may stand.
    StrayText = "EV-30/text", "character data between elements";
    /// `state` on an element that is only ever sent whole.
    PartialAtomic = "EV-31/atomic", "an element that is sent whole is not full";
    /// Something inside an element that is deleted; it is ignored.
    ContentOfDeleted = "EV-32/deleted", "a deleted element has content";
    /// A document with state partial whose `users` has no state: the list replaces the whole roster.
    UsersDefaultFull = "EV-32/users-default-full", "users without state in a partial document replace the roster";
    /// Blanks inside a key; keys are literal text, so they are part of it.
    BlankInKey = "EV-37/blank", "a key has blanks";
    /// An unknown token of an enumeration; read as absent.
    UnknownToken = "EV-40/token", "unknown token, read as absent";
    /// Blanks around the token of an enumeration.
    PaddedToken = "EV-55/padded", "blanks around a token";
    /// A joining method of an endpoint that has not joined.
    JoiningMethodTooEarly = "EV-41/not-joined", "a joining method before the endpoint joined";
    /// `alerting` of an endpoint that dialed in.
    AlertingDialedIn = "EV-43/alerting", "alerting is for an endpoint that the focus calls";
    /// A label that is not a token or that `available-media` does not have.
    Label = "EV-44/label", "label is no token or not among the available media";
    /// A `src-id` that is not a 32-bit decimal number.
    SrcId = "EV-44/src-id", "src-id is not a decimal synchronisation source";
    /// Fewer users counted than are present in the same document.
    UserCount = "EV-46/user-count", "user-count is smaller than the number of users present";
    /// A full document without description or users.
    FullIncomplete = "EV-51/incomplete", "a full document lacks a mandatory element";
    /// A child element at the wrong place in the sequence.
    Order = "EV-52/order", "child element out of order";
    /// A required child or attribute is missing, and nothing hangs on it.
    Missing = "EV-55/missing", "a required part is missing";
    /// A list without entries that must have one.
    EmptyList = "EV-55/empty", "a list without entries";
    /// A number or a boolean that is none; read as absent.
    BadValue = "EV-55/value", "not a value of its type, read as absent";
    /// An element in the package's namespace, or in none, that the schema does not have there; ignored.
    UnknownElement = "EV-56/unknown", "element unknown to the schema, ignored";
    /// An extension before a standard child, or where no extension may stand.
    ExtensionPlace = "EV-56/place", "an extension at the wrong place";
}
