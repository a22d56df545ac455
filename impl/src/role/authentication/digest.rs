//! Digest access authentication: what a challenge demands, and the credentials that meet it (RFC 7616 section 3.4, with
//! RFC 3261 section 22.4 and the algorithms of RFC 8760).
//!
//! Of the qualities of protection `auth` is understood, and its absence (RFC 2069). Client nonces come from the
//! agent's own identifiers.

use std::borrow::Cow;
use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512_256};

use crate::role::config::Credentials;
use crate::wire::{Challenge, Message, Name};

/// The hash functions, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

/// By name, and whether the secret is bound to the nonces (`-sess`).
const ALGORITHMS: [(&str, Algorithm, bool); 6] = [
    ("MD5", Algorithm::Md5, false),
    ("MD5-sess", Algorithm::Md5, true),
    ("SHA-256", Algorithm::Sha256, false),
    ("SHA-256-sess", Algorithm::Sha256, true),
    ("SHA-512-256", Algorithm::Sha512_256, false),
    ("SHA-512-256-sess", Algorithm::Sha512_256, true),
];

impl Algorithm {
    /// The hash of these texts with colons between them, in hexadecimal digits.
    fn hash(self, texts: &[&str]) -> String {
        let text = texts.join(":");
        let digits = |octets: &[u8]| {
            octets.iter().fold(String::with_capacity(2 * octets.len()), |mut digits, octet| {
                // Writing into a string never fails.
                let _ = write!(digits, "{octet:02x}");
                digits
            })
        };
        match self {
            Self::Md5 => digits(&Md5::digest(text)),
            Self::Sha256 => digits(&Sha256::digest(text)),
            Self::Sha512_256 => digits(&Sha512_256::digest(text)),
        }
    }
}

/// A challenge that can be met. Its texts are as written between the quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Demand {
    /// Whether a proxy asks, in Proxy-Authenticate.
    pub(super) proxy: bool,
    pub(super) realm: String,
    pub(super) nonce: String,
    /// Whether only the nonce of the credentials was too old.
    pub(super) stale: bool,
    opaque: Option<String>,
    /// The name of the algorithm, if it was named.
    named: Option<&'static str>,
    algorithm: Algorithm,
    session: bool,
    /// Whether `auth` is offered; otherwise the form without client nonce is wanted.
    protects: bool,
}

/// The realm of a challenge, to be shown (RFC 3261 section 22.1).
fn realm(challenge: &Challenge<'_>) -> String {
    String::from_utf8_lossy(&challenge.get("realm").unwrap_or_default()).into_owned()
}

/// The challenges of a response, and whether each is a proxy's.
fn challenges<'a>(response: &Message<'a>) -> impl Iterator<Item = (bool, Challenge<'a>)> {
    let of =
        |name, proxy| response.fields().filter(move |field| field.name == name).map(move |field| (proxy, field.value));
    let lines = of(Name::WwwAuthenticate, false).chain(of(Name::ProxyAuthenticate, true));
    lines.filter_map(|(proxy, line)| Some((proxy, Challenge::parse(line).ok()?)))
}

impl Demand {
    /// What a response demands for each realm that it names. Of several challenges of one realm the one with the
    /// strongest algorithm counts, and the topmost of these (RFC 8760 section 2.4 leaves the choice to the client).
    pub(super) fn all(response: &Message<'_>) -> Vec<Self> {
        let mut demands: Vec<Self> = Vec::new();
        for demand in challenges(response).filter_map(|(proxy, challenge)| Self::read(&challenge, proxy)) {
            let known = demands.iter_mut().find(|known| known.is_of(demand.proxy, &demand.realm));
            match known {
                Some(known) if known.algorithm >= demand.algorithm => {}
                Some(known) => *known = demand,
                None => demands.push(demand),
            }
        }
        demands
    }

    /// The realm of the first challenge of a response, whether it can be met or not; none without any.
    pub(super) fn first_realm(response: &Message<'_>) -> Option<String> {
        challenges(response).next().map(|(_, challenge)| realm(&challenge))
    }

    /// Reads a challenge; none of another scheme, with an unknown algorithm, or without what credentials need.
    fn read(challenge: &Challenge<'_>, proxy: bool) -> Option<Self> {
        if !challenge.scheme.eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let text = |name| challenge.get(name).map(|value: Cow<'_, [u8]>| String::from_utf8(value.into_owned()));
        let named = match text("algorithm") {
            Some(name) => Some(name.ok()?),
            None => None,
        };
        let wanted = named.as_deref().unwrap_or("MD5");
        let (name, algorithm, session) = *ALGORITHMS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(wanted))?;
        let protects = match text("qop") {
            Some(offered) if offered.as_ref().is_ok_and(|offered| offers_auth(offered)) => true,
            Some(_) => return None,
            None => false,
        };
        // What depends on a client nonce needs `qop` (RFC 3261 section 22.4).
        if session && !protects {
            return None;
        }
        Some(Self {
            proxy,
            realm: text("realm")?.ok()?,
            nonce: text("nonce")?.ok()?,
            stale: challenge.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
            opaque: text("opaque").and_then(Result::ok),
            named: named.map(|_| name),
            algorithm,
            session,
            protects,
        })
    }

    pub(super) fn is_of(&self, proxy: bool, realm: &str) -> bool {
        (self.proxy, self.realm.as_str()) == (proxy, realm)
    }

    /// The value of Authorization or Proxy-Authorization for a request with this method and Request-URI, the `uses`th
    /// that answers this nonce, the first being 1.
    pub(super) fn credentials(&self, who: &Credentials, method: &str, uri: &str, cnonce: &str, uses: u32) -> String {
        let Self { realm, nonce, algorithm, .. } = self;
        let count = format!("{uses:08x}");
        let secret = algorithm.hash(&[&who.username, realm, &who.password]);
        let secret = if self.session { algorithm.hash(&[&secret, nonce, cnonce]) } else { secret };
        let request = algorithm.hash(&[method, uri]);
        let response = if self.protects {
            algorithm.hash(&[&secret, nonce, &count, cnonce, "auth", &request])
        } else {
            algorithm.hash(&[&secret, nonce, &request])
        };
        let username = who.username.replace('\\', r"\\").replace('"', r#"\""#);
        let mut value = format!(
            r#"Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}""#
        );
        let mut add = |text: std::fmt::Arguments<'_>| {
            // Writing into a string never fails.
            let _ = value.write_fmt(text);
        };
        if let Some(named) = self.named {
            add(format_args!(", algorithm={named}"));
        }
        if self.protects {
            add(format_args!(r#", qop=auth, nc={count}, cnonce="{cnonce}""#));
        }
        if let Some(opaque) = &self.opaque {
            add(format_args!(r#", opaque="{opaque}""#));
        }
        value
    }
}

fn offers_auth(offered: &str) -> bool {
    offered.split(',').any(|quality| quality.trim().eq_ignore_ascii_case("auth"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");

    fn demand(challenge: &str) -> Option<Demand> {
        Demand::read(&Challenge::parse(challenge.as_bytes()).expect("a challenge"), false)
    }

    fn response((username, password): (&str, &str), challenge: &str, method: &str, uri: &str, cnonce: &str) -> String {
        let demand = demand(challenge).expect("a challenge that can be met");
        let who = Credentials { realm: demand.realm.clone(), username: username.into(), password: password.into() };
        let value = demand.credentials(&who, method, uri, cnonce, 1);
        let credentials = Challenge::parse(value.as_bytes()).expect("credentials have the form of a challenge");
        String::from_utf8(credentials.get("response").expect("a response").into_owned()).expect("digits")
    }

    /// The examples of RFC 7616 section 3.9.1 and RFC 2617 section 3.5; RFC 3261 section 22.4 has none.
    #[test]
    fn the_examples_of_the_rfcs() {
        let rfc7616 = |algorithm: &str| {
            let challenge = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            response(MUFASA, &challenge, "GET", "/dir/index.html", cnonce)
        };
        assert_eq!(rfc7616("MD5"), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(rfc7616("SHA-256"), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        let rfc2617 = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                       nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let mufasa = ("Mufasa", "Circle Of Life");
        assert_eq!(response(mufasa, rfc2617, "GET", "/dir/index.html", "0a4f113b"), "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn what_cannot_be_met_is_no_demand() {
        let cases = [
            (r#"Digest realm="a", nonce="n", qop="auth""#, true),
            (r#"digest realm="a", nonce="n""#, true),
            (r#"Digest realm="a", nonce="n", algorithm=sha-256, qop="auth-int, auth""#, true),
            (r#"Digest realm="a", nonce="n", algorithm=AKAv1-MD5, qop="auth""#, false),
            (r#"Digest realm="a", nonce="n", qop="auth-int""#, false),
            (r#"Digest realm="a", nonce="n", algorithm=MD5-sess"#, false),
            (r#"Digest realm="a", qop="auth""#, false),
            (r#"Digest nonce="n", qop="auth""#, false),
            (r#"Basic realm="a""#, false),
        ];
        for (challenge, met) in cases {
            assert_eq!(demand(challenge).is_some(), met, "{challenge}");
        }
    }

    #[test]
    fn the_strongest_algorithm_of_each_realm_counts() {
        let response = "SIP/2.0 401 Unauthorized\r\n\
            Proxy-Authenticate: Digest realm=\"a\", nonce=\"p\"\r\n\
            WWW-Authenticate: Digest realm=\"a\", nonce=\"1\", algorithm=MD5, qop=\"auth\"\r\n\
            WWW-Authenticate: Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"\r\n\
            WWW-Authenticate: Digest realm=\"a\", nonce=\"3\", algorithm=SHA-256, qop=\"auth\"\r\n\
            WWW-Authenticate: Digest realm=\"a\", nonce=\"4\", algorithm=SHA-512, qop=\"auth\"\r\n\
            WWW-Authenticate: Digest realm=\"b\", nonce=\"5\", qop=\"auth\"\r\n\r\n";
        let response = Message::parse(response.as_bytes()).expect("a response");
        let demands: Vec<_> = Demand::all(&response).into_iter().map(|demand| (demand.proxy, demand.nonce)).collect();
        assert_eq!(demands, [(false, "2".to_owned()), (false, "5".to_owned()), (true, "p".to_owned())]);
    }
}
