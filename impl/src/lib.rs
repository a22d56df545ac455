//! IMS conference signalling: sans-IO, deterministic SIP codec, transactions, dialogs, usages and roles.
//!
//! Layers, each using only those before it: [`wire`], [`body`], [`transaction`], [`dialog`], [`usage`], [`role`].
//! Read [`agent`] first: it is the boundary that every role shares.

pub mod agent;
pub mod body;
pub mod dialog;
pub mod error;
pub mod ident;
pub mod role;
pub mod time;
pub mod transaction;
pub mod usage;
pub mod violation;
pub mod wire;
