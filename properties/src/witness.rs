//! The model's witnesses on the implementation: whatever the model shows to be possible, the implementation is led to
//! do.

use imsconf_model::{Action, Conference, Moment, State, Witness, moments, sightings};
use stateright::Property;

use crate::refinement::{Unfollowed, follow};
use crate::run::{Report, run_with};
use crate::schedule::{Schedule, Settings};
use crate::verdict::Profile;

/// What the model leaves to a focus and ours never does, with the reason.
const NOT_OURS: [(&str, &str); 3] = [
    ("REFER overtaken by the BYE: 500", "our focus answers 481, because the call is over (RFC 5407 section 3.3.3)"),
    (
        "referrer hears of the joining before the roster tells",
        "our focus sends both NOTIFYs in the same reaction; only their arrival can change places",
    ),
    (
        "conference NOTIFY to an invited user too late",
        "the waits of focus and user end in the same instant, and the focus' goes first; a corner sets them apart",
    ),
];

/// Why our implementation never shows this witness, if that is so.
pub fn not_ours(witness: &Witness) -> Option<&'static str> {
    NOT_OURS.into_iter().find(|(name, _)| *name == witness.name).map(|(_, reason)| reason)
}

/// What became of a witness on the implementation.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The witness' name.
    pub name: String,
    /// The schedule that follows its path, or why there is none.
    pub schedule: Result<Schedule, Unfollowed>,
    /// Whether the run really shows what the path was to show.
    pub shown: bool,
    /// The run, if there was one.
    pub report: Option<Report>,
}

impl Followed {
    /// Whether the implementation did what the model shows to be possible, and nothing was broken.
    pub fn is_good(&self) -> bool {
        self.shown && self.report.as_ref().is_some_and(|report| report.failure.is_none())
    }
}

/// What a witness shows: a state, or an action in a state.
enum Sight {
    State(Property<Conference>),
    Moment(Moment),
}

impl Sight {
    fn of(witness: &Witness) -> Option<Self> {
        let state = sightings::<Conference>(witness.model).into_iter().find(|property| property.name == witness.name);
        let moment = || moments(witness.model).into_iter().find(|moment| moment.name == witness.name);
        state.map(Self::State).or_else(|| moment().map(Self::Moment))
    }

    fn is_seen(&self, model: &Conference, steps: &[(State, Action)], state: &State) -> bool {
        match self {
            Self::State(property) => {
                let mut states = steps.iter().map(|(before, _)| before).chain([state]);
                states.any(|state| (property.condition)(model, state))
            }
            Self::Moment(moment) => steps.iter().any(|(before, action)| moment.is(before, *action)),
        }
    }
}

/// Leads the implementation, as it is in a profile, along the path of a witness.
pub fn replay(witness: &Witness, profile: Profile) -> Followed {
    let name = witness.name.clone();
    let settings = Settings { invited: witness.model.invited, profile, ..Settings::default() };
    let schedule = follow(settings, witness.path.as_deref().unwrap_or_default());
    let Ok(steps) = &schedule else { return Followed { name, schedule, shown: false, report: None } };
    let sight = Sight::of(witness);
    let mut shown = false;
    let report = run_with(steps, None, |refinement| {
        shown |= sight
            .as_ref()
            .is_some_and(|sight| sight.is_seen(&witness.model, refinement.last_steps(), refinement.state()));
    });
    Followed { name, schedule, shown, report: Some(report) }
}
