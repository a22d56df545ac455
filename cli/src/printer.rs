//! Standard output for a reader who may leave early: `imsconf check | head` ends as it would have ended.

use std::fmt::Display;
use std::io::{ErrorKind, Stdout, Write, stdout};

use crate::error::CommandError;

/// Prints until nobody reads any more; from then on it prints nothing and the command goes on to its exit code.
pub(crate) struct Printer<W = Stdout> {
    to: Option<W>,
}

impl Printer {
    pub(crate) fn standard() -> Self {
        Self { to: Some(stdout()) }
    }
}

impl<W: Write> Printer<W> {
    /// Prints `text` as it is.
    pub(crate) fn print(&mut self, text: impl Display) -> Result<(), CommandError> {
        let Some(to) = &mut self.to else { return Ok(()) };
        match write!(to, "{text}").and_then(|()| to.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.to = None;
                Ok(())
            }
            Err(error) => Err(CommandError::Print(error)),
        }
    }

    /// Prints `text` and ends the line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), CommandError> {
        self.print(format_args!("{text}\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Takes a few octets, then fails.
    struct Reader {
        room: usize,
        then: ErrorKind,
    }

    impl Write for Reader {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(self.then.into());
            }
            let taken = octets.len().min(self.room);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_leaves_is_no_error_and_a_full_disk_is() {
        for (then, fails) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
            let mut printer = Printer { to: Some(Reader { room: 4, then }) };
            assert!(printer.line("abc").is_ok(), "{then:?}");
            assert_eq!(printer.line("abc").is_err(), fails, "{then:?}");
            assert_eq!(printer.line("abc").is_err(), fails, "{then:?}");
        }
    }
}
