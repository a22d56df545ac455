//! What a proxy changes in a message, on the raw bytes: every byte that is not named stays (RFC 3261 sections 16.6, 16.7).

use std::net::SocketAddr;

use thiserror::Error;

use super::header::HeaderError;
use super::{Message, Name, OwnedUri};

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
}

impl<'m, 'a> Edit<'m, 'a> {
    /// No change yet.
    pub fn new(message: &'m Message<'a>) -> Self {
        Self { message }
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

    /// Puts a new line for `name` above the first of that name, or before the end of the header section if there is none.
    ///
    /// # Errors
    /// The value holds a control character.
    pub fn push(self, name: Name<'_>, value: &str) -> Result<Self, EditError> {
        let _ = (name, value, self.message);
        todo!()
    }

    /// Takes the topmost Via value away (section 16.7 step 3).
    ///
    /// # Errors
    /// There is no Via.
    pub fn pop_via(self) -> Result<Self, EditError> {
        todo!()
    }

    /// Takes the topmost Route value away (section 16.4).
    ///
    /// # Errors
    /// There is no Route.
    pub fn pop_route(self) -> Result<Self, EditError> {
        todo!()
    }

    /// Replaces the Request-URI (section 16.6 step 2).
    ///
    /// # Errors
    /// The message is a response.
    pub fn replace_request_uri(self, uri: &OwnedUri) -> Result<Self, EditError> {
        let _ = uri;
        todo!()
    }

    /// Lowers Max-Forwards by one, or adds `Max-Forwards: 70` if there is none (section 16.6 step 3).
    ///
    /// # Errors
    /// It is zero already, or malformed.
    pub fn decrement_max_forwards(self) -> Result<Self, EditError> {
        todo!()
    }

    /// Writes into the topmost Via where the request came from: `received` if the sent-by host is another address
    /// (RFC 3261 section 18.2.1), and `received` and the value of `rport` if that was asked for (RFC 3581 section 4).
    ///
    /// # Errors
    /// There is no readable Via.
    pub fn stamp_via(self, source: SocketAddr) -> Result<Self, EditError> {
        let _ = source;
        todo!()
    }

    /// The changed message.
    pub fn render(self) -> Vec<u8> {
        todo!()
    }
}
