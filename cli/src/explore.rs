//! `imsconf explore`: the model in a browser.

use std::sync::OnceLock;

use imsconf_properties::model::{Conference, Procedures, serve};

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::Outcome;

pub(crate) fn explore(arguments: &arguments::Explore, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let procedures = arguments.with.iter().fold(Procedures::NONE, |all, own| all.and(*own));
    let model = Conference::new(arguments.invited, arguments.losses).with(procedures);
    let printed = OnceLock::new();
    serve(model, arguments.address, |address| {
        let line = format_args!("the Explorer is at http://{address}/ until Ctrl-C\n").to_string();
        let _ = printed.set(printer.print(line));
    })?;
    printed.into_inner().unwrap_or(Ok(()))?;
    Ok(Outcome::Pass)
}
