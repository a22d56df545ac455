//! Schedules: whatever users and network do in whatever order, no check of a run fails.
//!
//! An input is text in which each byte is a step, so that damage to it is another schedule: see [`decode`].

use super::{Broken, hold};
use crate::run;
use crate::schedule::{REFUSALS, Schedule, SecondOffer, Settings, Step};

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

/// The schedule that an input stands for. A letter or sign is a step, the digits behind it, three at most, are its
/// number; any byte that stands for nothing delivers a datagram, and white space is nothing.
///
/// - The UE: `c` and `u` create with the second offer in PRACK and UPDATE, `k` gives that up, `s` subscribes, `f`
///   refreshes, `n` unsubscribes, `i` invites, `q` quietly, `e` expels, `l` leaves.
/// - An invited user: `r` rings, `a` answers, `b` is busy, `d` declines, `x` leaves, `S` subscribes, `o` holds and `O`
///   resumes; `t` and `T` are calls beside the conference, `h` and `H` hang them up.
/// - The focus: `p` holds and `P` resumes; `C`, `R` and `M` refuse creations, REFERs and terminations, and `N` insists
///   on reports, when the number is odd; `E` refuses creations with a code, `W` takes one back.
/// - The network: `-`, `+` and `~` drop, double and lose; `?` challenges; `=` cuts off for so many timers; `*` damages
///   and `/` cuts short the datagram of the last digit at the place of those before it; `@` restarts an agent.
/// - `.` flushes, `!` fires, `$` settles, `%` idles.
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
        let mut number = 0;
        for _ in 0..3 {
            let Some((digit, behind)) = rest.split_first().filter(|(byte, _)| byte.is_ascii_digit()) else { break };
            number = number * 10 + u16::from(digit - b'0');
            rest = behind;
        }
        steps.push(step(*kind, number, settings.invited));
    }
    let challenges = steps.iter().any(|step| matches!(step, Step::Challenge(_)));
    Schedule::new(Settings { challenges, ..settings }, steps)
}

fn step(kind: u8, datagram: u16, invited: u8) -> Step {
    let number = u8::try_from(datagram % 256).unwrap_or_default();
    let user = number.checked_rem(invited).unwrap_or_default();
    let odd = number % 2 == 1;
    let refusal = REFUSALS.get(usize::from(number) % REFUSALS.len()).copied().unwrap_or_default();
    match kind {
        b'c' => Step::Create(SecondOffer::Prack),
        b'u' => Step::Create(SecondOffer::Update),
        b's' => Step::Subscribe,
        b'i' => Step::Invite(user),
        b'k' => Step::Cancel,
        b'f' => Step::Refresh,
        b'n' => Step::Unsubscribe,
        b'q' => Step::InviteQuietly(user),
        b'e' => Step::Expel(user),
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
        b'S' => Step::UserSubscribes(user),
        b'o' => Step::UserHolds(user),
        b'O' => Step::UserResumes(user),
        b'p' => Step::FocusHolds(user),
        b'P' => Step::FocusResumes(user),
        b'C' => Step::RefuseCreation(odd),
        b'E' => Step::RefuseCreationWith(refusal),
        b'W' => Step::WithdrawCreation(refusal),
        b'M' => Step::RefuseTerminations(odd),
        b'R' => Step::RefuseRefer(odd),
        b'N' => Step::InsistOnReports(odd),
        b'-' => Step::Drop(datagram),
        b'+' => Step::Duplicate(datagram),
        b'~' => Step::Lose(datagram),
        b'?' => Step::Challenge(datagram),
        b'=' => Step::CutOff(number),
        b'*' => Step::Damage(datagram % 10, datagram / 10),
        b'/' => Step::Truncate(datagram % 10, datagram / 10),
        b'@' => Step::Restart(number % (invited + 2)),
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
        assert!(decode(b"c?1").world.challenges && !decode(b"c.").world.challenges);
        let steps = decode(b"*123 @4 W1").steps;
        assert_eq!(steps, [Step::Damage(3, 12), Step::Restart(0), Step::WithdrawCreation(REFUSALS[1])]);
        assert_eq!(decode(&[b'>'; 2 * MAX_STEPS]).steps.len(), MAX_STEPS);
    }

    #[test]
    fn a_wrong_implementation_does_not_pass() {
        let schedule = decode(b"c. s. i0 . a0 . $");
        assert_eq!(passes(&schedule, None), Ok(()));
        assert!(passes(&schedule, Deviation::named("version-stuck")).is_err());
    }
}
