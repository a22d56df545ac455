//! Identifiers without randomness: tags, branches, Call-IDs and the like are a keyed hash of who makes them and why.
//!
//! A keyed hash of (seed, agent, incarnation, cause, attempt) and never of the global order of events: two orders that
//! lead to the same situation give the same state. The cause is the user's command or the request that triggered the
//! identifier (its dialog and `CSeq`). RFC 3261 sections 8.1.1.7 and 19.3 ask for uniqueness, which the key provides.

use std::fmt;
use std::hash::Hasher;
use std::ops::Deref;

use siphasher::sip::SipHasher13;

/// What every branch begins with (RFC 3261 section 8.1.1.7).
const MAGIC_COOKIE: &str = "z9hG4bK";
/// Bytes of the longest identifier: a branch.
const MAX_LENGTH: usize = MAGIC_COOKIE.len() + 16;

/// Maker of identifiers of one incarnation of one agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifiers {
    seed: u64,
    agent: String,
    incarnation: u32,
}

impl Identifiers {
    /// Identifiers of the agent named `agent`; `incarnation` counts its restarts.
    pub fn new(seed: u64, agent: impl Into<String>, incarnation: u32) -> Self {
        Self { seed, agent: agent.into(), incarnation }
    }

    /// 64 bits for the `kind` of identifier made because of `cause`, at the `attempt`-th time.
    pub fn number(&self, kind: &str, cause: &[&[u8]], attempt: u32) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.seed, u64::from(self.incarnation));
        for part in [self.agent.as_bytes(), kind.as_bytes()].iter().chain(cause) {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.write_u32(attempt);
        hasher.finish()
    }

    /// 16 lower-case hexadecimal digits, a token everywhere in SIP.
    pub fn token(&self, kind: &str, cause: &[&[u8]], attempt: u32) -> Identifier {
        Identifier::new("", self.number(kind, cause, attempt))
    }

    /// A Via branch with the magic cookie of RFC 3261 section 8.1.1.7; depends on dialog, method and `CSeq` number
    /// only, so that a repeated request has its transaction's branch.
    pub fn branch(&self, cause: &[&[u8]]) -> Identifier {
        Identifier::new(MAGIC_COOKIE, self.number("branch", cause, 0))
    }
}

/// An identifier, which needs no memory of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identifier {
    text: [u8; MAX_LENGTH],
    length: usize,
}

impl Identifier {
    /// `prefix` and 16 lower-case hexadecimal digits.
    #[inline]
    fn new(prefix: &str, number: u64) -> Self {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let digits: [u8; 16] = std::array::from_fn(|place| DIGITS[(number >> (60 - 4 * place)) as usize & 0xf]);
        let (mut text, length) = ([0; MAX_LENGTH], prefix.len() + digits.len());
        if let Some((start, end)) = text.get_mut(..length).and_then(|text| text.split_at_mut_checked(prefix.len())) {
            start.copy_from_slice(prefix.as_bytes());
            end.copy_from_slice(&digits);
        }
        Self { text, length }
    }

    /// The octets as they stand in a message.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

impl Deref for Identifier {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &**self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_depend_on_every_part_of_their_cause_and_on_nothing_else() {
        let ue = Identifiers::new(7, "ue", 0);
        let token = ue.token("tag", &[b"a", b"bc"], 0);
        assert_eq!(*token, format!("{:016x}", ue.number("tag", &[b"a", b"bc"], 0)));
        assert_eq!(*ue.branch(&[b"a"]), format!("z9hG4bK{:016x}", ue.number("branch", &[b"a"], 0)));
        assert_eq!(token, Identifiers::new(7, "ue", 0).token("tag", &[b"a", b"bc"], 0));
        let others = [
            ue.token("tag", &[b"ab", b"c"], 0),
            ue.token("tag", &[b"a", b"bc"], 1),
            ue.token("call-id", &[b"a", b"bc"], 0),
            Identifiers::new(8, "ue", 0).token("tag", &[b"a", b"bc"], 0),
            Identifiers::new(7, "focus", 0).token("tag", &[b"a", b"bc"], 0),
            Identifiers::new(7, "ue", 1).token("tag", &[b"a", b"bc"], 0),
        ];
        assert!(others.iter().all(|other| *other != token), "{others:?}");
    }
}
