//! Schedules: whatever users and network do in whatever order, no check of a run fails.
//!
//! An input is text in which each byte is a step, so that damage to it is another schedule: see [`decode`].

use super::{Broken, hold};
use crate::run;
use crate::schedule::{Schedule, SecondOffer, Settings, Step};

/// The most steps of an input that count; the rest is left out, to keep a run short.
pub const MAX_STEPS: usize = 64;

/// One run under every check.
///
/// # Errors
/// A check fails, or the schedule does not survive its file.
pub fn schedule(bytes: &[u8]) -> Result<(), Broken> {
    let schedule = decode(bytes);
    let again = Schedule::from_json(&schedule.to_json()).map_err(|error| Broken::new(error.to_string()))?;
    hold(again == schedule, || "the schedule changes in its file".to_owned())?;
    passes(&schedule, None)
}

fn passes(schedule: &Schedule, deviation: Option<crate::deviation::Deviation>) -> Result<(), Broken> {
    let failure = run::run(schedule, deviation).failure;
    failure.map_or(Ok(()), |failure| Err(Broken::new(format!("{failure}\n{}", schedule.to_json()))))
}

/// The schedule that an input stands for. A letter or sign is a step, a digit behind it is its number; any byte that
/// stands for nothing delivers a datagram, and white space is nothing.
///
/// `c` and `u` create with the second offer in PRACK and UPDATE, `s` subscribes, `i` invites, `l` leaves; `r`, `a`,
/// `b`, `d` and `x` are an invited user's ring, answer, busy, decline and leave; `C` and `R` refuse creations and
/// REFERs when the number is odd; `-`, `+` and `~` drop, double and lose; `.` flushes, `!` fires, `$` settles.
pub fn decode(bytes: &[u8]) -> Schedule {
    let settings = Settings::default();
    let mut steps = Vec::new();
    let mut rest = bytes;
    while let Some((kind, behind)) = rest.split_first() {
        rest = behind;
        if kind.is_ascii_whitespace() {
            continue;
        }
        if steps.len() == MAX_STEPS {
            break;
        }
        let digit = behind.first().filter(|byte| byte.is_ascii_digit());
        if digit.is_some() {
            rest = behind.get(1..).unwrap_or_default();
        }
        steps.push(step(*kind, digit.map_or(0, |digit| digit - b'0'), settings.invited));
    }
    Schedule::new(settings, steps)
}

fn step(kind: u8, number: u8, invited: u8) -> Step {
    let user = number.checked_rem(invited).unwrap_or_default();
    let datagram = u16::from(number);
    match kind {
        b'c' => Step::Create(SecondOffer::Prack),
        b'u' => Step::Create(SecondOffer::Update),
        b's' => Step::Subscribe,
        b'i' => Step::Invite(user),
        b'l' => Step::Leave,
        b'r' => Step::Ring(user),
        b'a' => Step::Answer(user),
        b'b' => Step::Busy(user),
        b'd' => Step::Decline(user),
        b'x' => Step::UserLeaves(user),
        b't' => Step::UeCalls(user),
        b'T' => Step::UserCalls(user),
        b'h' => Step::HangUp(user),
        b'H' => Step::UserHangsUp(user),
        b'C' => Step::RefuseCreation(number % 2 == 1),
        b'R' => Step::RefuseRefer(number % 2 == 1),
        b'-' => Step::Drop(datagram),
        b'+' => Step::Duplicate(datagram),
        b'~' => Step::Lose(datagram),
        b'.' => Step::Flush,
        b'!' => Step::Fire,
        b'$' => Step::Settle,
        b'%' => Step::Idle,
        _ => Step::Deliver(datagram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deviation::Deviation;

    #[test]
    fn a_schedule_is_written_in_one_line() {
        let steps = decode(b"u. s>3 i1\n-2 R1 ~").steps;
        let create = Step::Create(SecondOffer::Update);
        let expected = [create, Step::Flush, Step::Subscribe, Step::Deliver(3), Step::Invite(1), Step::Drop(2)];
        assert_eq!(steps[..6], expected);
        assert_eq!(steps[6..], [Step::RefuseRefer(true), Step::Lose(0)]);
        assert_eq!(decode(&[b'>'; 2 * MAX_STEPS]).steps.len(), MAX_STEPS);
    }

    #[test]
    fn a_wrong_implementation_does_not_pass() {
        let schedule = decode(b"c. s. i0 . a0 . $");
        assert_eq!(passes(&schedule, None), Ok(()));
        assert!(passes(&schedule, Deviation::named("version-stuck")).is_err());
    }
}
