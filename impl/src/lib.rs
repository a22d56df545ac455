//! IMS conference signalling: sans-IO, deterministic SIP codec, transactions, dialogs, usages and roles.
//!
//! Layers, each using only those before it: [`wire`], [`body`], [`transaction`], [`dialog`], [`usage`], [`role`].
//! Read [`agent`] first: it is the boundary that every role shares. [`view`] is what observers may see of a role's inside.

pub mod agent;
pub mod body;
pub mod dialog;
pub mod error;
pub mod ident;
pub mod role;
pub mod time;
pub mod transaction;
pub mod usage;
pub mod view;
pub mod violation;
pub mod wire;
