//! Usages of dialogs (RFC 5057).
