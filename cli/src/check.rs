//! `imsconf check`: the model alone.

use imsconf_properties::model::{Conference, Configuration, Procedures, Scope, ScopeReport, explore};
use serde::Serialize;

use crate::arguments::{self, Explorable, ScopeName};
use crate::error::CommandError;
use crate::implementation;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::model::{Explored, claims_text, took};
use crate::report::{Outcome, SCHEMA, grouped, write_json};

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    verdict: Outcome,
    model: &'a [Explored],
}

pub(crate) fn check(arguments: &arguments::Check, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let scope = match (arguments.scope, arguments.implementation) {
        (Explorable::Implementation(scope), true) => return implementation::check(scope, arguments, printer),
        (Explorable::Model(scope), false) => scope,
        (Explorable::Implementation(scope), false) => {
            let (is, hint) = ("a scope of the implementation", "add --impl");
            return Err(CommandError::Scope { scope: scope.name(), is, hint });
        }
        (Explorable::Model(_), true) => {
            let (is, hint) = ("a scope of the model", "with --impl name another one: imsconf check --help");
            return Err(CommandError::Scope { scope: "tiny, ci or deep", is, hint });
        }
    };
    let configurations = match arguments.invited {
        Some(invited) => {
            let procedures = arguments.with.iter().fold(Procedures::NONE, |all, own| all.and(*own));
            let model = Conference::new(invited, arguments.losses.unwrap_or(0)).with(procedures);
            vec![Configuration { model, symmetry: arguments.symmetry, confluence: false }]
        }
        None => configurations(scope, arguments.symmetry),
    };
    let reports = explored(&configurations, printer)?;
    let explored: Vec<Explored> = reports.iter().map(Explored::of).collect();
    let holds = reports.iter().all(ScopeReport::is_good);
    let verdict = Outcome::of(holds);
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    let json = Json { schema: SCHEMA, verdict, model: &explored };
    write_json(arguments.output.json.as_deref(), &json)?;
    Ok(verdict)
}

/// The configurations of a scope; with `symmetry` all of them up to exchange of invited users.
pub(crate) fn configurations(scope: ScopeName, symmetry: bool) -> Vec<Configuration> {
    let scope = match scope {
        ScopeName::Tiny => Scope::Tiny,
        ScopeName::Ci => Scope::Ci,
        ScopeName::Deep => Scope::Deep,
    };
    let all = scope.configurations().into_iter();
    all.map(|own| Configuration { symmetry: own.symmetry || symmetry, ..own }).collect()
}

/// Explores and prints.
pub(crate) fn explored(
    configurations: &[Configuration],
    printer: &mut Printer,
) -> Result<Vec<ScopeReport>, CommandError> {
    printer.line("Model")?;
    let mut reports = Vec::new();
    for configuration in configurations {
        let progress = Progress::start();
        let report = explore(configuration, &mut |states| {
            progress.show(|| format!("{configuration}: {} states", grouped(states as u64)));
        });
        let elapsed = progress.elapsed();
        drop(progress);
        printer.print(Explored::of(&report).text())?;
        printer.line(format_args!("    explored completely in {}", took(elapsed)))?;
        reports.push(report);
    }
    printer.print(reports.last().map(claims_text).unwrap_or_default())?;
    Ok(reports)
}
