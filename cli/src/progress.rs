//! A line on the terminal for what takes longer than two seconds.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const SILENT_FOR: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(200);

/// A progress line on standard error; silent when that is no terminal.
pub(crate) struct Progress {
    started: Instant,
    shown: Option<Mutex<Instant>>,
}

impl Progress {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, shown: stderr().is_terminal().then(|| Mutex::new(now)) }
    }

    /// Says how far the work is, if it is time to say something.
    pub(crate) fn show(&self, text: impl FnOnce() -> String) {
        let Some(shown) = &self.shown else { return };
        let Ok(mut last) = shown.try_lock() else { return };
        if self.started.elapsed() < SILENT_FOR || last.elapsed() < EVERY {
            return;
        }
        *last = Instant::now();
        // Progress is a courtesy: a terminal that cannot be written to is no reason to fail.
        let _ = write!(stderr(), "\r\x1b[K{}", text());
        let _ = stderr().flush();
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() && self.started.elapsed() >= SILENT_FOR {
            let _ = write!(stderr(), "\r\x1b[K");
            let _ = stderr().flush();
        }
    }
}
