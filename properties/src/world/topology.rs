//! The default topology: UE, P-CSCF, S-CSCF, focus, and the invited users right behind the focus.
//!
//! As in the seeds' Record-Route, two loose-routing hops stand between UE and focus, so that no route set there is
//! empty.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use imsconf::agent::{Addr, PathMtu, Transport};
use imsconf::role::config::{
    Credentials, FocusConfig, Hosts, Identity, ParticipantConfig, Profile, ProxyConfig, Served, SessionTimer, UeConfig,
};
use imsconf::transaction::TimerSettings;
use imsconf::wire::OwnedUri;

use crate::level;
use crate::schedule::{Path, Settings, TimerPreset};

/// The home network's domain, `px_IMS_HomeDomainName` of the seeds.
const DOMAIN: &str = "ims.example";
/// Host part of the factory and conference URIs.
const FACTORY_HOST: &str = "conf-factory.ims.example";
const P_CSCF: &str = "pcscf.3gpp.org";
const S_CSCF: &str = "scscf.3gpp.org";

/// A place in the topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// The user equipment.
    Ue,
    /// The UE's outbound proxy.
    PCscf,
    /// The serving proxy of the UE's home network.
    SCscf,
    /// The conference factory and focus.
    Focus,
    /// An invited user.
    User(u8),
}

impl Node {
    /// The node's own address.
    pub fn address(self) -> Addr {
        let host = match self {
            Self::Ue => 1,
            Self::PCscf => 2,
            Self::SCscf => 3,
            Self::Focus => 4,
            Self::User(user) => 0x10 + u16::from(user),
        };
        let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host);
        Addr::udp(SocketAddr::new(IpAddr::V6(ip), 5060))
    }

    /// The node at an address, whichever transport leads there, among `users` invited users.
    pub fn at(address: Addr, users: u8) -> Option<Self> {
        let fixed = [Self::Ue, Self::PCscf, Self::SCscf, Self::Focus];
        fixed.into_iter().chain((0..users).map(Self::User)).find(|node| node.address() == address.over(Transport::Udp))
    }
}

/// Address of record of the user who creates the conference.
pub fn creator_uri() -> String {
    format!("sip:creator@{DOMAIN}")
}

/// Address of record of an invited user.
pub fn user_uri(user: u8) -> String {
    format!("sip:user{user}@{DOMAIN}")
}

pub(super) fn ue(settings: Settings) -> UeConfig {
    let address = Node::Ue.address();
    let user = creator();
    let contact = uri(&format!("sip:creator@{}", address.socket));
    let mut config = UeConfig::new(identity(settings, "ue"), address, user, contact, factory());
    config.route = vec![proxy_uri(P_CSCF, ""), proxy_uri(S_CSCF, "orig@")];
    config.hosts = hosts(settings);
    config.path_mtu = path_mtu(settings);
    config.timers = timers(settings);
    config.profile = profile(settings);
    config.session_timer = session_timer(settings);
    if settings.challenges {
        config.credentials = vec![credentials()];
    }
    config.security_verify =
        Some("ipsec-3gpp;alg=hmac-sha-1-96;spi-c=98765432;spi-s=87654321;port-c=5062;port-s=5064".to_owned());
    config
}

/// What the creator answers challenges with.
pub(super) fn credentials() -> Credentials {
    let [realm, username, password] = [DOMAIN, "creator@ims.example", "correct horse"].map(str::to_owned);
    Credentials { realm, username, password }
}

pub(super) fn focus(settings: Settings) -> FocusConfig {
    let mut config = FocusConfig::new(identity(settings, "focus"), Node::Focus.address(), factory(), FACTORY_HOST);
    config.hosts = hosts(settings);
    config.path_mtu = path_mtu(settings);
    config.timers = match settings.timers {
        TimerPreset::Rfc3261 | TimerPreset::Access => TimerSettings::rfc3261(),
        TimerPreset::Ims => TimerSettings::ims(),
    };
    config.profile = profile(settings);
    // It does what its peers ask for.
    config.session_timer = session_timer(settings).map(|timer| SessionTimer { interval: None, ..timer });
    config
}

pub(super) fn participant(settings: Settings, user: u8) -> ParticipantConfig {
    let address = Node::User(user).address();
    let contact = uri(&format!("sip:user{user}@{}", address.socket));
    let mut config = ParticipantConfig::new(identity(settings, &format!("user{user}")), address, contact);
    config.access_network = Some("3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100000000102".to_owned());
    config.user = uri(&user_uri(user));
    // Calls to the creator take the way through the network that serves him.
    config.hosts = hosts(settings).with_user(&creator_uri(), Node::SCscf.address());
    config.path_mtu = path_mtu(settings);
    config.timers = timers(settings);
    config.session_timer = session_timer(settings).map(|timer| SessionTimer { refreshes: true, ..timer });
    config
}

pub(super) fn p_cscf(settings: Settings) -> ProxyConfig {
    let mut config = proxy(settings, Node::PCscf, proxy_uri(P_CSCF, ""));
    config.hosts = hosts(settings).with_user(&creator_uri(), Node::Ue.address());
    config.served = Some(Served { address: Node::Ue.address().socket.ip(), identity: creator() });
    config
}

pub(super) fn s_cscf(settings: Settings) -> ProxyConfig {
    let mut config = proxy(settings, Node::SCscf, proxy_uri(S_CSCF, "orig@"));
    config.hosts = hosts(settings).with_user(&creator_uri(), Node::PCscf.address());
    config
}

fn proxy(settings: Settings, node: Node, own: OwnedUri) -> ProxyConfig {
    let mut config = ProxyConfig::new(identity(settings, &format!("{node:?}")), node.address(), own);
    config.hosts = hosts(settings);
    config
}

fn identity(settings: Settings, agent: &str) -> Identity {
    Identity::new(settings.seed, agent)
}

const fn path_mtu(settings: Settings) -> PathMtu {
    match settings.path {
        Path::Unlimited => PathMtu::Unlimited,
        Path::Unknown => PathMtu::Unknown,
    }
}

fn session_timer(settings: Settings) -> Option<SessionTimer> {
    settings.session_timers.then(SessionTimer::default)
}

const fn profile(settings: Settings) -> Profile {
    match settings.profile {
        level::Profile::ThreeGpp => Profile::ThreeGpp,
        level::Profile::Ietf => Profile::Ietf,
    }
}

const fn timers(settings: Settings) -> TimerSettings {
    match settings.timers {
        TimerPreset::Rfc3261 => TimerSettings::rfc3261(),
        TimerPreset::Ims | TimerPreset::Access => TimerSettings::ims(),
    }
}

fn hosts(settings: Settings) -> Hosts {
    let named = Hosts::new()
        .with_name(P_CSCF, Node::PCscf.address())
        .with_name(S_CSCF, Node::SCscf.address())
        .with_name(FACTORY_HOST, Node::Focus.address());
    (0..settings.invited).fold(named, |hosts, user| hosts.with_user(&user_uri(user), Node::User(user).address()))
}

/// Address of record of the user who creates the conference.
fn creator() -> OwnedUri {
    uri(&creator_uri())
}

fn factory() -> OwnedUri {
    uri(&format!("sip:mmtel@{FACTORY_HOST}"))
}

fn proxy_uri(host: &str, user: &str) -> OwnedUri {
    uri(&format!("sip:{user}{host};lr"))
}

/// A URI of this file, all of which are well-formed.
fn uri(text: &str) -> OwnedUri {
    text.parse().unwrap_or_else(|error| unreachable!("{text} is a URI: {error}"))
}
