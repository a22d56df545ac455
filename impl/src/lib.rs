//! IMS conference signalling: sans-IO, deterministic SIP codec, transactions, dialogs, usages and roles.
//!
//! Layers, each using only those before it: [`wire`], [`body`], [`transaction`], [`dialog`], [`usage`], [`role`].
//! Read [`agent`] first: it is the boundary that every role shares. [`view`] is what observers may see of a role's
//! inside.
//!
//! A role takes datagrams, commands and the time, and gives datagrams and events; whoever holds it owns the sockets and
//! the clock. Here a UE creates a conference at a focus that it reaches directly:
//!
//! ```
//! use imsconf::agent::{Addr, Agent};
//! use imsconf::role::config::{FocusConfig, Hosts, Identity, UeConfig};
//! use imsconf::role::focus::Focus;
//! use imsconf::role::ue::{Command, SecondOffer, Ue};
//! use imsconf::time::Time;
//! use imsconf::view::CallState;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (here, there) = (Addr::udp("[2001:db8::9]:5060".parse()?), Addr::udp("192.0.2.17:5060".parse()?));
//! let factory = "sip:mmtel@conf-factory.home.example";
//!
//! let (user, contact) = ("sip:alice@home.example".parse()?, "sip:alice@[2001:db8::9]:5060".parse()?);
//! let mut config = UeConfig::new(Identity::new(1, "ue"), here, user, contact, factory.parse()?);
//! config.hosts = Hosts::new().with_name("conf-factory.home.example", there);
//! let mut ue = Ue::new(config);
//! let identity = Identity::new(1, "focus");
//! let mut focus = Focus::new(FocusConfig::new(identity, there, factory.parse()?, "conf-factory.home.example"));
//!
//! let now = Time::EPOCH;
//! ue.handle_command(now, Command::Create { second_offer: SecondOffer::Prack })?;
//! loop {
//!     if let Some(transmit) = ue.poll_transmit() {
//!         focus.handle_datagram(now, here, &transmit.bytes);
//!     } else if let Some(transmit) = focus.poll_transmit() {
//!         ue.handle_datagram(now, there, &transmit.bytes);
//!     } else {
//!         break;
//!     }
//! }
//! assert_eq!(ue.view().call, CallState::Confirmed);
//! # Ok(())
//! # }
//! ```

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
