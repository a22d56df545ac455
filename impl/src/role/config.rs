//! What an operator or a test decides: addresses, URIs, profile, timers. The seeds' `px_...` parameters are fields
//! here.
//!
//! Every configuration has a `new` with what cannot be guessed and public fields, set to the defaults of the 3GPP
//! profile, for the rest.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::agent::{Addr, PathMtu};
use crate::ident::Identifiers;
use crate::transaction::TimerSettings;
use crate::wire::{Host, OwnedUri};

/// Default no-answer time of the focus for a dialled-out leg.
pub const DEFAULT_NO_ANSWER: Duration = Duration::from_secs(60);
/// Default time that a call may take to be established: a little less than the three minutes after which a proxy gives
/// up by itself (Timer C, RFC 3261 section 16.6).
pub const DEFAULT_SETUP: Duration = Duration::from_secs(175);
/// Default length of a conference subscription (TS 34.229-1 A.5.3), in seconds.
pub const DEFAULT_CONFERENCE_EXPIRES: u32 = 7200;
/// Default length of the shortest conference subscription that a focus takes, in seconds.
pub const DEFAULT_SHORTEST_SUBSCRIPTION: u32 = 60;
/// Default length of a refer subscription (TS 34.229-1 A.2.11), in seconds.
pub const DEFAULT_REFER_EXPIRES: u32 = 300;

/// No session interval is shorter (RFC 4028 sections 4 and 5), in seconds.
pub const SHORTEST_SESSION: u32 = 90;
/// The session interval that is recommended (RFC 4028 section 4), in seconds.
pub const DEFAULT_SESSION_INTERVAL: u32 = 1800;

/// How an agent uses session timers (RFC 4028). An agent without one does not have the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionTimer {
    /// The interval that it asks for, in seconds; `None`: it does what its peer asks for.
    pub interval: Option<u32>,
    /// The shortest interval that it accepts, in seconds; below [`SHORTEST_SESSION`] it counts as that.
    pub minimum: u32,
    /// Whether it refreshes itself, where the choice is its own.
    pub refreshes: bool,
}

impl Default for SessionTimer {
    /// Asks for the recommended interval, accepts every one that is legal, and leaves it to the caller to refresh.
    fn default() -> Self {
        Self { interval: Some(DEFAULT_SESSION_INTERVAL), minimum: SHORTEST_SESSION, refreshes: false }
    }
}

impl SessionTimer {
    /// The shortest interval that is accepted, in seconds.
    pub(crate) const fn least(self) -> u32 {
        if self.minimum > SHORTEST_SESSION { self.minimum } else { SHORTEST_SESSION }
    }
}

/// With what a user answers the challenges of a realm (RFC 3261 section 22.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The realm, as its challenges name it.
    pub realm: String,
    /// The user's name there.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    pub(crate) fn is_of(&self, realm: &str) -> bool {
        self.realm == realm
    }
}

impl fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { realm, username, .. } = self;
        f.debug_struct("Credentials").field("realm", realm).field("username", username).finish_non_exhaustive()
    }
}

/// What a user agent does about a redirection (RFC 3261 sections 8.1.3.4 and 21.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Redirection {
    /// The call has failed; its user is told where he was sent.
    #[default]
    Refuse,
    /// It tries the addresses one after the other, no address twice.
    Follow {
        /// Most addresses that are tried for one call, the first one not counted.
        most: usize,
    },
}

/// Who an agent is, for the identifiers it makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Key of every identifier in the system.
    pub seed: u64,
    /// The agent's own name, unique in the system.
    pub agent: String,
    /// How often the agent was restarted.
    pub incarnation: u32,
}

impl Identity {
    /// The first incarnation of the agent named `agent`.
    pub fn new(seed: u64, agent: impl Into<String>) -> Self {
        Self { seed, agent: agent.into(), incarnation: 0 }
    }

    /// The maker of this agent's identifiers.
    pub fn identifiers(&self) -> Identifiers {
        Identifiers::new(self.seed, self.agent.clone(), self.incarnation)
    }
}

/// Which documents decide where they conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// TS 34.229: a REFER is accepted with 202, and preconditions in the first offer are only supported, so that a peer
    /// without them can answer.
    #[default]
    ThreeGpp,
    /// A REFER is accepted with 200 (RFC 7647 section 5), and mandatory preconditions are required (RFC 3312 section
    /// 11).
    Ietf,
}

/// Where hosts and users are found. It stands for DNS (RFC 3263) and for the location service of a registrar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hosts {
    names: BTreeMap<String, Addr>,
    users: BTreeMap<String, Addr>,
}

impl Hosts {
    /// Nobody is known; IP literals are reachable all the same.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host name; upper and lower case are the same.
    #[must_use]
    pub fn with_name(mut self, name: &str, at: Addr) -> Self {
        self.names.insert(name.to_ascii_lowercase(), at);
        self
    }

    /// Adds a user's registered contact address; it goes before the host name. `uri` is the address of record, a SIP
    /// URI or a tel URI, without parameters.
    #[must_use]
    pub fn with_user(mut self, uri: &str, at: Addr) -> Self {
        self.users.insert(uri.to_owned(), at);
        self
    }

    /// The address registered for exactly this address of record.
    pub fn user(&self, uri: &str) -> Option<Addr> {
        self.users.get(uri).copied()
    }

    /// The address of a host: a name that was added or an IP literal, with or without the brackets of an IPv6
    /// reference. `port` replaces the one known for a name; an IP literal without one has port 5060.
    pub fn host(&self, host: &str, port: Option<u16>) -> Option<Addr> {
        let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(ip) => Some(Self::address(ip, port)),
            Err(_) => self.name(host, port),
        }
    }

    /// As [`Hosts::host`], of a host that has been read.
    pub(crate) fn of(&self, host: Host<'_>, port: Option<u16>) -> Option<Addr> {
        match host {
            Host::V4(ip) => Some(Self::address(ip.into(), port)),
            Host::V6(ip) => Some(Self::address(ip.into(), port)),
            Host::Name(name) => self.name(name, port),
        }
    }

    const fn address(ip: IpAddr, port: Option<u16>) -> Addr {
        Addr::udp(SocketAddr::new(
            ip,
            match port {
                Some(port) => port,
                None => 5060,
            },
        ))
    }

    fn name(&self, name: &str, port: Option<u16>) -> Option<Addr> {
        let mut at = match self.names.get(name) {
            Some(at) => *at,
            None => *self.names.get(&name.to_ascii_lowercase())?,
        };
        if let Some(port) = port {
            at.socket.set_port(port);
        }
        Some(at)
    }
}

/// Configuration of a [`super::ue::Ue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UeConfig {
    /// Who the UE is.
    pub identity: Identity,
    /// Its own address, the sent-by of its Via header fields.
    pub address: Addr,
    /// Its public user identity: the From URI.
    pub user: OwnedUri,
    /// Its Contact URI; an IPv6 literal or a GRUU is as good as a name.
    pub contact: OwnedUri,
    /// The conference factory URI.
    pub factory: OwnedUri,
    /// Route set of requests outside a dialog: the P-CSCF, then the Service-Route. Empty: straight to the Request-URI.
    pub route: Vec<OwnedUri>,
    /// Where hosts are found.
    pub hosts: Hosts,
    /// T1, T2, T4 and what follows from them.
    pub timers: TimerSettings,
    /// What is known of the path to its next hops: larger requests go over TCP.
    pub path_mtu: PathMtu,
    /// Value of P-Access-Network-Info.
    pub access_network: Option<String>,
    /// Value of Security-Verify; with it, requests demand `sec-agree` (RFC 3329).
    pub security_verify: Option<String>,
    /// Credentials for the realms that may challenge its requests.
    pub credentials: Vec<Credentials>,
    /// What becomes of a 3xx to the INVITE to the factory.
    pub redirection: Redirection,
    /// The identity that its P-CSCF is asked to assert in requests outside a dialog (RFC 3325 section 9.2): one of its
    /// public user identities.
    pub preferred_identity: Option<OwnedUri>,
    /// Whether other users are not to learn who this user is: `Privacy: id` (RFC 3325 section 9.3).
    pub privacy: bool,
    /// Asked length of the conference subscription, in seconds.
    pub conference_expires: u32,
    /// How long the call to the factory may take to be established before the UE gives it up.
    pub setup: Duration,
    /// Which documents decide where they conflict.
    pub profile: Profile,
    /// Which request holds and resumes the call.
    pub renegotiation: Renegotiation,
    /// Session timers; none by default.
    pub session_timer: Option<SessionTimer>,
}

impl UeConfig {
    /// A UE that reaches the factory directly, with the timers of TS 24.229.
    pub fn new(identity: Identity, address: Addr, user: OwnedUri, contact: OwnedUri, factory: OwnedUri) -> Self {
        Self {
            identity,
            address,
            preferred_identity: Some(user.clone()),
            privacy: false,
            user,
            contact,
            factory,
            route: Vec::new(),
            hosts: Hosts::new(),
            timers: TimerSettings::ims(),
            path_mtu: PathMtu::Unknown,
            access_network: Some("3GPP-NR-FDD;utran-cell-id-3gpp=00101000001000000101".to_owned()),
            security_verify: None,
            credentials: Vec::new(),
            redirection: Redirection::Refuse,
            conference_expires: DEFAULT_CONFERENCE_EXPIRES,
            setup: DEFAULT_SETUP,
            profile: Profile::ThreeGpp,
            renegotiation: Renegotiation::default(),
            session_timer: None,
        }
    }
}

/// Configuration of a [`super::focus::Focus`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FocusConfig {
    /// Who the focus host is.
    pub identity: Identity,
    /// Its own address, the sent-by of its Via header fields.
    pub address: Addr,
    /// The conference factory URI.
    pub factory: OwnedUri,
    /// Host part of the conference URIs that it allocates.
    pub host: String,
    /// Where hosts and invited users are found.
    pub hosts: Hosts,
    /// Route set of the dial-out INVITEs. Empty: straight to the invited user.
    pub route: Vec<OwnedUri>,
    /// T1, T2, T4 and what follows from them.
    pub timers: TimerSettings,
    /// What is known of the path to its next hops: larger requests go over TCP.
    pub path_mtu: PathMtu,
    /// Which documents decide where they conflict.
    pub profile: Profile,
    /// How long an invited user may ring before the focus gives up.
    pub no_answer: Duration,
    /// How long a creator may take between the 183 and the offer that says that his resources are reserved.
    pub setup: Duration,
    /// Longest conference subscription that it grants, in seconds.
    pub conference_expires: u32,
    /// How long changes are gathered before a subscriber is told of them; `None`: he is told at once. RFC 4575 section
    /// 3.9 recommends 5 s. What answers a SUBSCRIBE, and the end, never wait.
    pub notification_interval: Option<Duration>,
    /// Whether subscribers are told how a user comes in and goes (dialing-out, alerting, disconnecting), by whom he was
    /// referred, and who was called in vain; otherwise only who is connected and who was (RFC 4575 section 5.7.3).
    pub shows_progress: bool,
    /// Shortest conference subscription that it takes, in seconds, at most an hour: a shorter one is refused with 423.
    pub shortest_subscription: u32,
    /// Length of a refer subscription, in seconds.
    pub refer_expires: u32,
    /// Most users of one conference, the creator included.
    pub maximum_users: usize,
    /// Most terminations of the mixer, over all conferences.
    pub maximum_terminations: usize,
    /// Which request puts a participant on hold.
    pub renegotiation: Renegotiation,
    /// Session timers; none by default.
    pub session_timer: Option<SessionTimer>,
}

impl FocusConfig {
    /// A focus with the timers of RFC 3261 that allocates conference URIs under `host`.
    pub fn new(identity: Identity, address: Addr, factory: OwnedUri, host: impl Into<String>) -> Self {
        Self {
            identity,
            address,
            factory,
            host: host.into(),
            hosts: Hosts::new(),
            route: Vec::new(),
            timers: TimerSettings::rfc3261(),
            path_mtu: PathMtu::Unknown,
            profile: Profile::ThreeGpp,
            no_answer: DEFAULT_NO_ANSWER,
            setup: DEFAULT_SETUP,
            conference_expires: DEFAULT_CONFERENCE_EXPIRES,
            notification_interval: None,
            shows_progress: false,
            shortest_subscription: DEFAULT_SHORTEST_SUBSCRIPTION,
            refer_expires: DEFAULT_REFER_EXPIRES,
            maximum_users: 6,
            maximum_terminations: crate::role::focus::MAX_TERMINATIONS,
            renegotiation: Renegotiation::default(),
            session_timer: None,
        }
    }
}

/// Which request changes the media of an established session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Renegotiation {
    /// A re-INVITE: preferred in a confirmed dialog (RFC 3311 section 5.1).
    #[default]
    ReInvite,
    /// An UPDATE.
    Update,
}

/// Configuration of a [`super::participant::Participant`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParticipantConfig {
    /// Who the invited user is.
    pub identity: Identity,
    /// Its own address, the sent-by of its Via header fields.
    pub address: Addr,
    /// His public user identity, the From URI of his calls; by default the Contact URI.
    pub user: OwnedUri,
    /// Its Contact URI.
    pub contact: OwnedUri,
    /// Where hosts are found.
    pub hosts: Hosts,
    /// T1, T2, T4 and what follows from them.
    pub timers: TimerSettings,
    /// What is known of the path to its next hops: larger requests go over TCP.
    pub path_mtu: PathMtu,
    /// Value of P-Access-Network-Info.
    pub access_network: Option<String>,
    /// Value of Security-Verify; with it, requests demand `sec-agree` (RFC 3329).
    pub security_verify: Option<String>,
    /// Asked length of the conference subscription, in seconds.
    pub conference_expires: u32,
    /// Whether other users are not to learn who this user is: `Privacy: id` (RFC 3325 section 9.3).
    pub privacy: bool,
    /// Which request holds and resumes the call.
    pub renegotiation: Renegotiation,
    /// Session timers; none by default.
    pub session_timer: Option<SessionTimer>,
}

impl ParticipantConfig {
    /// A participant with the timers of RFC 3261 that may be anything, so that it says nothing of its access.
    pub fn new(identity: Identity, address: Addr, contact: OwnedUri) -> Self {
        Self {
            identity,
            address,
            user: contact.clone(),
            contact,
            hosts: Hosts::new(),
            timers: TimerSettings::rfc3261(),
            path_mtu: PathMtu::Unknown,
            access_network: None,
            security_verify: None,
            conference_expires: DEFAULT_CONFERENCE_EXPIRES,
            privacy: false,
            renegotiation: Renegotiation::default(),
            session_timer: None,
        }
    }
}

/// Configuration of a [`super::proxy::Proxy`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProxyConfig {
    /// Who the proxy is.
    pub identity: Identity,
    /// Its own address, the sent-by of its Via header fields.
    pub address: Addr,
    /// The URI that it puts into Record-Route and recognises in Route, `lr` included.
    pub uri: OwnedUri,
    /// Where hosts are found.
    pub hosts: Hosts,
    /// The user equipment that it serves, if it is a P-CSCF.
    pub served: Option<Served>,
}

/// The user equipment behind a P-CSCF: outside the trust domain, and known by its registration (RFC 3325 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Served {
    /// IP address of the security association; the ports differ by direction (TS 33.203 section 7.1).
    pub address: IpAddr,
    /// The public user identity that is asserted for it.
    pub identity: OwnedUri,
}

impl ProxyConfig {
    /// A proxy known as `uri`.
    pub fn new(identity: Identity, address: Addr, uri: OwnedUri) -> Self {
        Self { identity, address, uri, hosts: Hosts::new(), served: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Addr {
        Addr::udp(text.parse().expect("a socket address"))
    }

    #[test]
    fn hosts_are_names_or_ip_literals() {
        let hosts = Hosts::new().with_name("PCSCF.example", at("192.0.2.1:5060"));
        let cases = [
            ("pcscf.example", None, Some("192.0.2.1:5060")),
            ("pcscf.EXAMPLE", Some(5070), Some("192.0.2.1:5070")),
            ("192.0.2.9", None, Some("192.0.2.9:5060")),
            ("[2001:db8::9]", Some(5062), Some("[2001:db8::9]:5062")),
            ("2001:db8::9", None, Some("[2001:db8::9]:5060")),
            ("nowhere.example", None, None),
        ];
        for (host, port, expected) in cases {
            assert_eq!(hosts.host(host, port), expected.map(at), "{host} {port:?}");
        }
    }
}
