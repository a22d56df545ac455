//! The one artefact: a failing case from anywhere is a [`Schedule`], a small versioned JSON file.
//!
//! A schedule is a world's settings and a list of [`Step`]s. Every step is total: a command that is not possible, or a
//! datagram that is not there, is passed over, so that any sub-list of a schedule is a schedule. That is what lets a
//! failing one shrink. After the last step the world always runs on, oldest datagram first, until it is quiescent.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::level::Profile;

/// The version of the file format written and read here.
pub const SCHEMA: u32 = 1;
/// The most invited users a world can have.
pub const MAX_INVITED: u8 = 4;
/// The codes with which a factory refuses (FA-09, FA-11).
pub const REFUSALS: [u16; 8] = [403, 404, 486, 488, 500, 503, 504, 580];
/// The longest time for which nothing arrives, in a whole run: well below what a transaction waits.
pub const MOST_CUT_OFF: Duration = Duration::from_secs(8);
/// The most steps a schedule may have.
pub const MAX_STEPS: usize = 10_000;

/// What to run: settings of the world, what is deliberately wrong in it, and the steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Version of the format, [`SCHEMA`].
    pub schema: u32,
    /// The world in which it runs.
    pub world: Settings,
    /// Name of the deviation that is built in, if the run is of a deliberately wrong implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Settings of a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many users can be invited, 1 to [`MAX_INVITED`].
    pub invited: u8,
    /// Values of T1, T2 and T4.
    #[serde(default)]
    pub timers: TimerPreset,
    /// Key of every identifier that the agents make.
    #[serde(default)]
    pub seed: u64,
    /// Which documents the agents follow, and are judged by, where the documents conflict.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub profile: Profile,
    /// What the agents know of the paths between them.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub path: Path,
    /// Whether the P-CSCF may ask the UE for credentials, which it then has.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub challenges: bool,
    /// Whether the UE and the invited users want session timers, and the focus has them too (RFC 4028).
    #[serde(default, skip_serializing_if = "is_usual")]
    pub session_timers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            invited: 2,
            timers: TimerPreset::Rfc3261,
            seed: 0,
            profile: Profile::ThreeGpp,
            path: Path::Unlimited,
            challenges: false,
            session_timers: false,
        }
    }
}

/// Whether a file need not name the value.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What the agents know of the paths between them: it decides which requests go over TCP (RFC 3261 section 18.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// Every request fits into a datagram.
    #[default]
    Unlimited,
    /// Nothing: what has more than 1300 bytes goes over TCP, where nothing is lost or doubled.
    Unknown,
}

/// Which values T1, T2 and T4 have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimerPreset {
    /// 500 ms, 4 s, 5 s (RFC 3261 table 4).
    #[default]
    Rfc3261,
    /// 2 s, 16 s, 17 s (TS 24.229 7.7, UE to P-CSCF).
    Ims,
    /// The long timers at the UE and the invited users, those of RFC 3261 at the focus. No proxy here keeps
    /// transactions, which would set the two apart: only for schedules about the end of a wait.
    Access,
}

/// Where the second SDP offer of the creation rides (CR-31, CR-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondOffer {
    /// In the PRACK.
    Prack,
    /// In an UPDATE after the answered PRACK.
    Update,
}

/// One step of a schedule. Numbers of datagrams count what is in flight, oldest first, and wrap round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The UE creates a conference.
    Create(SecondOffer),
    /// The UE subscribes to the conference event package.
    Subscribe,
    /// The UE refreshes its conference subscription.
    Refresh,
    /// The UE ends its conference subscription.
    Unsubscribe,
    /// The UE invites the user with this number by REFER to the focus.
    Invite(u8),
    /// The same, by a REFER that asks for no report (RFC 4488).
    InviteQuietly(u8),
    /// The UE gives up the creation of the conference.
    Cancel,
    /// The UE has the user with this number expelled: REFER with `method=BYE`.
    Expel(u8),
    /// The UE leaves the conference.
    Leave,
    /// The invited user's phone rings.
    Ring(u8),
    /// The invited user answers.
    Answer(u8),
    /// The invited user is busy (486).
    Busy(u8),
    /// The invited user declines (603).
    Decline(u8),
    /// The invited user leaves the conference.
    UserLeaves(u8),
    /// The invited user subscribes to the conference event package.
    UserSubscribes(u8),
    /// The UE calls the user with this number, who answers, before it creates a conference. Everything that this takes
    /// arrives at once.
    UeCalls(u8),
    /// The user with this number calls the UE, which answers, before it creates a conference. Likewise.
    UserCalls(u8),
    /// The UE hangs up the call that it and this user have beside the conference.
    HangUp(u8),
    /// This user hangs up the call that he and the UE have beside the conference.
    UserHangsUp(u8),
    /// This user puts his call with the conference on hold, or no longer wants to resume it.
    UserHolds(u8),
    /// This user takes it off hold, or no longer wants to hold it.
    UserResumes(u8),
    /// The focus puts this user on hold, or no longer wants to resume his call.
    FocusHolds(u8),
    /// The focus takes this user off hold, or no longer wants to hold his call.
    FocusResumes(u8),
    /// From now on the focus refuses (`true`) or admits creations.
    RefuseCreation(bool),
    /// From now on the focus refuses creations with this code, one of [`REFUSALS`].
    RefuseCreationWith(u16),
    /// The focus takes back, with this code of [`REFUSALS`], the conference that it promised in its 183.
    WithdrawCreation(u16),
    /// From now on the mixer refuses (`true`) or gives terminations.
    RefuseTerminations(bool),
    /// From now on the focus refuses (`true`) or admits REFERs.
    RefuseRefer(bool),
    /// From now on the focus reports also on REFERs that ask for no report (`true`), or it does not.
    InsistOnReports(bool),
    /// A datagram in flight arrives at its next hop.
    Deliver(u16),
    /// A datagram in flight is lost.
    Drop(u16),
    /// A datagram in flight is doubled.
    Duplicate(u16),
    /// A message is lost for good: this datagram and every copy of it, until its sender gives up.
    Lose(u16),
    /// The P-CSCF answers a request of the UE with 407: this one of those that are on their way to it and may be
    /// challenged, counted round.
    Challenge(u16),
    /// For so many timers nothing of what is sent arrives; in a whole run for [`MOST_CUT_OFF`] at most.
    CutOff(u8),
    /// One bit of a datagram in flight is turned: this bit, counted round.
    Damage(u16, u16),
    /// A datagram in flight is cut off after so many bytes.
    Truncate(u16, u16),
    /// The UE (0), the focus (1) or an invited user (from 2 on) comes back with no memory of what it was doing.
    Restart(u8),
    /// Everything in flight arrives, oldest first, until nothing is in flight.
    Flush,
    /// The next timer fires, if nothing is in flight.
    Fire,
    /// Everything arrives and every wait ends: on to quiescence.
    Settle,
    /// The same, and time goes on until a session is refreshed, unless a conference subscription would be before.
    Idle,
}

/// Why a schedule file cannot be used.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// It is not the JSON that a schedule is written in.
    #[error("not a schedule: {0} (line {line}, column {column})", line = .0.line(), column = .0.column())]
    Syntax(#[from] serde_json::Error),
    /// It was written for another version of the format.
    #[error("the schedule has schema {0}, this program reads schema {SCHEMA}")]
    Schema(u32),
    /// A value is out of its range.
    #[error("{what} is {value}, allowed is {allowed}")]
    Range {
        /// Which value.
        what: &'static str,
        /// What it is.
        value: usize,
        /// What it may be.
        allowed: &'static str,
    },
}

impl Schedule {
    /// A schedule of a conforming implementation.
    pub const fn new(world: Settings, steps: Vec<Step>) -> Self {
        Self { schema: SCHEMA, world, deviation: None, steps }
    }

    /// Reads a schedule file.
    ///
    /// # Errors
    /// The text is no schedule of this version, or a value is out of range.
    pub fn from_json(text: &str) -> Result<Self, ScheduleError> {
        let schedule: Self = serde_json::from_str(text)?;
        if schedule.schema != SCHEMA {
            return Err(ScheduleError::Schema(schedule.schema));
        }
        let range = |what, value, allowed| Err(ScheduleError::Range { what, value, allowed });
        if !(1..=MAX_INVITED).contains(&schedule.world.invited) {
            return range("world.invited", schedule.world.invited.into(), "1 to 4");
        }
        if schedule.steps.len() > MAX_STEPS {
            return range("the number of steps", schedule.steps.len(), "at most 10000");
        }
        let invited = schedule.world.invited;
        if let Some(user) = schedule.steps.iter().filter_map(Step::user).find(|user| *user >= invited) {
            return range("a user's number", user.into(), "0 to world.invited - 1");
        }
        Ok(schedule)
    }

    /// Whether something happens in it that no procedure provides for, see [`Step::is_rough`].
    pub fn is_rough(&self) -> bool {
        self.steps.iter().any(|step| step.is_rough())
    }

    /// The file's text, one step a line.
    pub fn to_json(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(|step| format!("    {}", line(step))).collect();
        let deviation =
            self.deviation.as_ref().map_or_else(String::new, |name| format!("  \"deviation\": {},\n", line(name)));
        format!(
            "{{\n  \"schema\": {},\n  \"world\": {},\n{deviation}  \"steps\": [\n{}\n  ]\n}}\n",
            self.schema,
            line(&self.world),
            steps.join(",\n")
        )
    }
}

impl Step {
    /// Whether the step is something that no procedure provides for: what becomes of it is beyond the model.
    pub const fn is_rough(self) -> bool {
        matches!(self, Self::Damage(..) | Self::Truncate(..) | Self::Restart(_))
    }

    /// Whether everything that the step sets going arrives before the next one.
    pub const fn runs_through(self) -> bool {
        matches!(self, Self::UeCalls(_) | Self::UserCalls(_))
    }

    /// Whether the step has the UE send a SUBSCRIBE inside its subscription's dialog because its user wants it.
    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::Refresh | Self::Unsubscribe)
    }

    /// The invited user whom the step concerns.
    pub const fn user(&self) -> Option<u8> {
        match *self {
            Self::Invite(user)
            | Self::InviteQuietly(user)
            | Self::Expel(user)
            | Self::Ring(user)
            | Self::Answer(user)
            | Self::Busy(user)
            | Self::Decline(user)
            | Self::UserLeaves(user)
            | Self::UserSubscribes(user)
            | Self::UeCalls(user)
            | Self::UserCalls(user)
            | Self::HangUp(user)
            | Self::UserHangsUp(user)
            | Self::UserHolds(user)
            | Self::UserResumes(user)
            | Self::FocusHolds(user)
            | Self::FocusResumes(user) => Some(user),
            Self::Create(_)
            | Self::Subscribe
            | Self::Cancel
            | Self::Refresh
            | Self::Unsubscribe
            | Self::Leave
            | Self::RefuseCreation(_)
            | Self::RefuseRefer(_)
            | Self::RefuseCreationWith(_)
            | Self::WithdrawCreation(_)
            | Self::RefuseTerminations(_)
            | Self::InsistOnReports(_)
            | Self::Deliver(_)
            | Self::Drop(_)
            | Self::Duplicate(_)
            | Self::Lose(_)
            | Self::Challenge(_)
            | Self::CutOff(_)
            | Self::Damage(..)
            | Self::Truncate(..)
            | Self::Restart(_)
            | Self::Flush
            | Self::Fire
            | Self::Settle
            | Self::Idle => None,
        }
    }
}

/// Compact JSON of plain data, which always has one.
fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_survives_its_file() {
        let mut schedule = Schedule::new(
            Settings {
                invited: 2,
                timers: TimerPreset::Ims,
                seed: 7,
                profile: Profile::Ietf,
                path: Path::Unknown,
                challenges: true,
                session_timers: true,
            },
            vec![Step::Create(SecondOffer::Update), Step::Flush, Step::Invite(1), Step::Deliver(3), Step::Fire],
        );
        schedule.deviation = Some("version-stuck".to_owned());
        assert_eq!(Schedule::from_json(&schedule.to_json()).expect("readable"), schedule);
    }

    #[test]
    fn a_bad_file_is_refused_with_its_place() {
        let cases = [
            ("{", "line 1"),
            (r#"{"schema":2,"world":{"invited":1},"steps":[]}"#, "schema 2"),
            (r#"{"schema":1,"world":{"invited":5},"steps":[]}"#, "world.invited is 5"),
            (r#"{"schema":1,"world":{"invited":1},"steps":[{"ring":1}]}"#, "a user's number is 1"),
            (r#"{"schema":1,"world":{"invited":1},"steps":["dance"]}"#, "unknown variant `dance`"),
        ];
        for (text, expected) in cases {
            let message = Schedule::from_json(text).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
