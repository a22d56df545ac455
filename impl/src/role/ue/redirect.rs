//! A redirection of the call to the factory: refused, or followed from one address to the next (RFC 3261 sections
//! 8.1.3.4 and 21.3).
//!
//! The addresses of all redirections of one call are one list, each in it once: two servers that send the UE to each
//! other do not keep it busy. Read `call.rs` first.

use std::cmp::Reverse;

use super::call::{Call, Inviting};
use super::{Event, Ue};
use crate::role::config::Redirection;
use crate::time::Time;
use crate::wire::{Message, Name, NameAddr, OwnedUri};

/// How much an address is preferred that does not say so, in thousandths: RFC 3261 names no default for 3xx.
const DEFAULT_PREFERENCE: u16 = 1_000;

/// An address and how much it is preferred, in thousandths.
type Target = (u16, OwnedUri);

/// The addresses of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Detour {
    /// What was tried, the factory not included.
    tried: Vec<OwnedUri>,
    /// What waits to be tried: the most preferred first, and of equal ones the first that was named.
    waiting: Vec<Target>,
}

/// A `qvalue` in thousandths: `0`, `1`, or either with up to three digits behind a point (RFC 3261 section 25.1). What
/// is none counts as if it were not there.
fn preference(text: &[u8]) -> u16 {
    let (whole, behind) = match text {
        [whole] => (whole, &[][..]),
        [whole, b'.', behind @ ..] if behind.len() <= 3 => (whole, behind),
        _ => return DEFAULT_PREFERENCE,
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let places = behind.iter().map(digit).chain(std::iter::repeat(Some(0))).take(3);
    let number = std::iter::once(digit(whole)).chain(places).try_fold(0, |number, digit| Some(number * 10 + digit?));
    number.filter(|number| *number <= 1_000).unwrap_or(DEFAULT_PREFERENCE)
}

/// The addresses of a redirection, the most preferred first. Only SIP leads anywhere.
fn targets(response: &Message<'_>) -> Vec<Target> {
    let contacts = response.name_addrs(Name::Contact).unwrap_or_default();
    let target = |contact: &NameAddr<'_>| {
        let preference = contact.param("q").map_or(DEFAULT_PREFERENCE, preference);
        contact.uri.is_sip().then(|| (preference, contact.uri.to_owned().without_headers_and_method()))
    };
    let mut targets: Vec<Target> = contacts.iter().filter_map(target).collect();
    targets.sort_by_key(|(preference, _)| Reverse(*preference));
    targets
}

impl Detour {
    /// Takes in the addresses of a redirection, up to `most` in all.
    fn add(&mut self, targets: Vec<Target>, factory: &OwnedUri, most: usize) {
        for (preference, target) in targets {
            let mut known = self.tried.iter().chain(self.waiting.iter().map(|(_, waiting)| waiting));
            let is_new = target != *factory && known.all(|known| *known != target);
            if is_new && self.tried.len() + self.waiting.len() < most {
                self.waiting.push((preference, target));
            }
        }
        self.waiting.sort_by_key(|(preference, _)| Reverse(*preference));
    }

    fn next(&mut self) -> Option<OwnedUri> {
        let (_, target) = (!self.waiting.is_empty()).then(|| self.waiting.remove(0))?;
        self.tried.push(target.clone());
        Some(target)
    }
}

impl Ue {
    /// The call to the factory was refused, or (`None`) not answered: it goes to the next address, if there is one. A
    /// 6xx speaks for all of them (section 21.6).
    pub(super) fn on_refused(
        &mut self,
        now: Time,
        mut inviting: Box<Inviting>,
        code: u16,
        response: Option<&Message<'_>>,
    ) -> Call {
        // A 305 names a proxy, a 380 another service.
        if let (300..=302, Some(response)) = (code, response) {
            let targets = targets(response);
            let named = targets.iter().map(|(_, target)| target.clone()).collect();
            self.events.push_back(Event::Redirected { targets: named });
            if let Redirection::Follow { most } = self.config.redirection {
                inviting.detour.add(targets, &self.config.factory, most);
            }
        }
        while let Some(target) = inviting.detour.next().filter(|_| code < 600) {
            inviting.initial.target = target;
            if self.call_again(now, &mut inviting).is_some() {
                return Call::Calling(inviting);
            }
        }
        self.on_failure(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_an_address_is_preferred() {
        let cases: [(&[u8], u16); 9] = [
            (b"0", 0),
            (b"1", 1_000),
            (b"0.5", 500),
            (b"0.25", 250),
            (b"1.000", 1_000),
            (b"1.001", DEFAULT_PREFERENCE),
            (b"0.1234", DEFAULT_PREFERENCE),
            (b"x", DEFAULT_PREFERENCE),
            (b"", DEFAULT_PREFERENCE),
        ];
        for (text, expected) in cases {
            assert_eq!(preference(text), expected, "{}", text.escape_ascii());
        }
    }
}
