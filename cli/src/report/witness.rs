//! The part of a report that is about the model's witnesses: whether the implementation can be led to do all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use imsconf_properties::model::{ScopeReport, Witness};
use imsconf_properties::verdict::Profile;
use imsconf_properties::witness::{Followed, not_ours, replay};
use serde::Serialize;

/// What became of the witnesses.
#[derive(Debug, Serialize)]
pub(crate) struct Witnesses {
    total: usize,
    followed: usize,
    /// Those that a focus may show and ours never does, with the reason.
    waived: Vec<String>,
    /// Those that the implementation did not show, with the reason.
    failed: Vec<String>,
    #[serde(skip)]
    actions: BTreeMap<String, u64>,
}

impl Witnesses {
    /// Leads the implementation along every witness, each from the first configuration that has it. Those that take
    /// somebody who dawdles, or a timer that races with a message, are the model's alone.
    pub(crate) fn of(reports: &[ScopeReport], profile: Profile) -> Self {
        let mut names = BTreeSet::new();
        let witnesses = reports.iter().flat_map(|report| &report.witnesses).filter(|witness| witness.prompt);
        let first = witnesses.filter(|witness| names.insert(witness.name.clone()));
        let (waived, ours): (Vec<_>, Vec<_>) = first.partition(|witness| not_ours(witness).is_some());
        let reason = |witness: &&Witness| Some(format!("{}: {}", witness.name, not_ours(witness)?));
        let waived: Vec<String> = waived.iter().filter_map(reason).collect();
        let followed: Vec<Followed> = ours.into_iter().map(|witness| replay(witness, profile)).collect();
        let mut actions = BTreeMap::new();
        for (action, times) in
            followed.iter().filter_map(|one| one.report.as_ref()).flat_map(|run| &run.refinement.actions)
        {
            *actions.entry(action.clone()).or_default() += times;
        }
        let failed = followed.iter().filter(|one| !one.is_good()).map(why).collect::<Vec<_>>();
        let total = followed.len() + waived.len();
        Self { total, followed: followed.len() - failed.len(), waived, failed, actions }
    }

    pub(crate) const fn all_followed(&self) -> bool {
        self.failed.is_empty()
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = (&String, &u64)> {
        self.actions.iter()
    }

    pub(crate) fn text(&self) -> String {
        let mut text =
            format!("Witnesses\n  {} of the model's {} followed by the implementation\n", self.followed, self.total);
        for waived in &self.waived {
            let _ = writeln!(text, "  not ours: {waived}");
        }
        for failed in &self.failed {
            let _ = writeln!(text, "  NOT FOLLOWED {failed}");
        }
        text
    }
}

fn why(followed: &Followed) -> String {
    let reason = match (&followed.schedule, &followed.report) {
        (Err(unfollowed), _) => unfollowed.to_string(),
        (Ok(_), Some(report)) => match &report.failure {
            Some(failure) => failure.to_string(),
            None => "the run does not show it".to_owned(),
        },
        (Ok(_), None) => "it was not run".to_owned(),
    };
    format!("{}: {reason}", followed.name)
}
