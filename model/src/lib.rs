//! Abstract model of IMS conference signalling, explored completely with stateright.
//!
//! One UE creates a conference by the factory URI, subscribes to its event package, invites users by REFER to the
//! focus and leaves; the focus dials out, reports and notifies; the network reorders and, on a budget, loses. The
//! level is that of the transaction user: a request arrives at most once, a response at most once, a loss is a
//! transaction time-out.
//!
//! Read in this order: `terms`, `procedures`, `message`, `network`, `ue`, `focus`, `participant`, `expulsion`,
//! `action`, `system`, `claims`, `sightings`, `moments`, `graph`, `prompt`, `confluence`, `scope`.

mod action;
mod claims;
mod compact;
mod conference;
mod confluence;
mod explorer;
mod expulsion;
mod focus;
mod graph;
mod hold;
mod message;
mod moments;
mod network;
mod pack;
mod participant;
mod plain;
mod procedures;
mod prompt;
mod scope;
mod sightings;
mod subscription;
mod system;
mod terms;
mod ue;

pub use action::{Action, ActionKind};
pub use claims::{claims, explicit_failure, owes_nothing, settled, somebody_waits};
pub use compact::{Code, Compact, Parts};
pub use conference::Conference;
pub use confluence::Confluent;
pub use explorer::{ServeError, serve};
pub use expulsion::Expulsion;
pub use focus::{DialOut, Focus, FocusLeg, Hosting, Report};
pub use graph::{Graph, Visitor, Walk};
pub use hold::{Change, End, HoldEnd, HoldMessage};
pub use message::{CallMessage, DialMessage, Kind, Message, PlainMessage, ReferMessage, SubscriptionMessage};
pub use moments::{Moment, moments};
pub use network::{LegNetwork, Messages, Network};
pub use participant::Participant;
pub use plain::{PlainCall, PlainEnd};
pub use procedures::{Procedure, Procedures};
pub use prompt::Prompt;
pub use scope::{
    Configuration, Scope, ScopeReport, Size, Verdict, Witness, ends_well, explore, judge, report, walk, witnesses,
};
pub use sightings::sightings;
pub use subscription::{LegSubscription, Notifier, Owed, Subscription};
pub use system::{Leg, State};
pub use terms::{Invited, MAX_INVITED, Outcome, Party, Presence, SecondOffer};
pub use ue::{Call, CallFailure, Refer, Stage, Ue, UeLeg};
