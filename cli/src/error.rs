//! Usage and input errors: what the user can do something about. They end with exit code 2.

use std::path::PathBuf;

use imsconf_properties::catalogue::CatalogueError;
use imsconf_properties::export::ExportError;
use imsconf_properties::model::ServeError;
use imsconf_properties::schedule::ScheduleError;
use imsconf_properties::sensitivity::SensitivityError;
use imsconf_properties::trace::CaptureError;
use thiserror::Error;

/// Why a command could not be carried out.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Standard output cannot be written to; that nobody reads it is no error.
    #[error("cannot print: {0}")]
    Print(std::io::Error),
    /// A file is no schedule.
    #[error("{path}: {error}")]
    Schedule {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: ScheduleError,
    },
    /// A file is no capture that can be judged.
    #[error("{path}: {error}")]
    Trace {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: CaptureError,
    },
    /// Files that are nothing that can be judged, or beyond a limit.
    #[error("{unread} of {files} cannot be judged")]
    Lint {
        /// How many.
        unread: usize,
        /// Of how many.
        files: usize,
    },
    /// What shows that the checks can fail cannot be read.
    #[error(transparent)]
    Sensitivity(#[from] SensitivityError),
    /// A run cannot be written as a capture.
    #[error("{path}: {error}")]
    Export {
        /// Which file was to be written.
        path: PathBuf,
        /// What is in the way.
        error: ExportError,
    },
    /// The scope is one of the model where one of the implementation is wanted, or the other way round.
    #[error("--scope {scope} is {is}; {hint}")]
    Scope {
        /// Which scope.
        scope: &'static str,
        /// What it is.
        is: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// There is no deviation of this name.
    #[error("there is no deviation `{name}`; there are\n{known}")]
    Deviation {
        /// The name that was given.
        name: String,
        /// Those that exist, one a line.
        known: String,
    },
    /// The Explorer cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The requirements that the program carries are broken.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}
