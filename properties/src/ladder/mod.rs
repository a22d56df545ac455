//! Ladder diagrams in plain text and as pictures, for simulated worlds and captures alike; readable at 100 columns.
//!
//! ```text
//!     #      time  UE               focus
//!     1     0.000  |--- INVITE ------>|
//!     2     0.207  |<-- 100 (INVITE) -|  CR-03
//! ```

mod svg;

use std::fmt::Write;
use std::time::Duration;

/// The width that a ladder keeps to, as long as its labels do.
const WIDTH: usize = 100;
/// Columns for the number and the time before the first party.
const MARGIN: usize = 18;
/// Columns kept for marks behind the last party.
const MARKS: usize = 22;

/// One arrow of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrow {
    /// Frame of a capture or step of a schedule.
    pub number: u32,
    /// Time since the beginning.
    pub time: Duration,
    /// Index of the column that it leaves.
    pub from: usize,
    /// Index of the column that it reaches; the same as `from` for something that happens at one party.
    pub to: usize,
    /// What is written on it.
    pub label: String,
    /// A short mark at the right edge, such as the requirement that it breaks; empty for none.
    pub mark: String,
    /// Whether it never arrives.
    pub lost: bool,
}

/// Parties side by side and what goes between them, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ladder {
    /// What stands over the columns.
    pub parties: Vec<String>,
    /// The arrows in order.
    pub arrows: Vec<Arrow>,
}

impl Ladder {
    /// The diagram, one line for each arrow, or two where the label does not fit on it.
    pub fn render(&self) -> String {
        let spacing = self.spacing();
        let mut text = self.head(spacing);
        for arrow in &self.arrows {
            self.arrow(arrow, spacing, &mut text);
        }
        text
    }

    fn spacing(&self) -> usize {
        let gaps = self.parties.len().saturating_sub(1).max(1);
        let room = WIDTH.saturating_sub(MARGIN + MARKS) / gaps;
        room.clamp(10, 32)
    }

    fn head(&self, spacing: usize) -> String {
        let mut line = format!("{:>5}  {:>9}  ", "#", "time");
        for (index, party) in self.parties.iter().enumerate() {
            let shown: String = party.chars().take(spacing.saturating_sub(1)).collect();
            let last = index + 1 == self.parties.len();
            let width = if last { 0 } else { spacing };
            let _ = write!(line, "{shown:<width$}");
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }

    fn arrow(&self, arrow: &Arrow, spacing: usize, text: &mut String) {
        let (left, right) = (arrow.from.min(arrow.to), arrow.from.max(arrow.to));
        let room = (right - left).saturating_mul(spacing).saturating_sub(1);
        let fits = left == right || arrow.label.chars().count() + 4 <= room;
        let mut line = self.bars(spacing);
        if !fits {
            let mut above = self.bars(spacing);
            put(&mut above, left * spacing + 2, &arrow.label);
            let _ = writeln!(text, "{:MARGIN$}{}", "", above.trim_end());
        }
        if left == right {
            put(&mut line, left * spacing, &format!("* {}", arrow.label));
        } else {
            let label = if fits { arrow.label.as_str() } else { "" };
            put(&mut line, left * spacing + 1, &shaft(label, room, arrow.from < arrow.to, arrow.lost));
        }
        let time = format!("{}.{:03}", arrow.time.as_secs(), arrow.time.subsec_millis());
        let line = format!("{:>5}  {time:>9}  {line}  {}", arrow.number, arrow.mark);
        text.push_str(line.trim_end());
        text.push('\n');
    }

    /// A line with nothing but the bars of the parties.
    fn bars(&self, spacing: usize) -> String {
        let count = self.parties.len();
        let mut line = String::with_capacity(count * spacing);
        for index in 0..count {
            let width = if index + 1 == count { 1 } else { spacing };
            let _ = write!(line, "{:<width$}", "|");
        }
        line
    }
}

/// Writes over a line from a column on; lengthens the line if it must.
fn put(line: &mut String, at: usize, text: &str) {
    let end = at + text.chars().count();
    let before = line.chars().chain(std::iter::repeat(' ')).take(at);
    let merged: String = before.chain(text.chars()).chain(line.chars().skip(end)).collect();
    *line = merged;
}

/// An arrow of `room` characters with the label in the middle; a cross where it is lost.
fn shaft(label: &str, room: usize, to_the_right: bool, lost: bool) -> String {
    let label = if label.is_empty() { String::new() } else { format!(" {label} ") };
    let dashes = room.saturating_sub(label.chars().count() + 1);
    let before = dashes / 2;
    let (dash, other) = ("-".repeat(before), "-".repeat(dashes - before));
    let head = match (lost, to_the_right) {
        (true, _) => 'x',
        (false, true) => '>',
        (false, false) => '<',
    };
    if to_the_right { format!("{dash}{label}{other}{head}") } else { format!("{head}{dash}{label}{other}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrow(number: u32, milliseconds: u64, from: usize, to: usize, label: &str, mark: &str, lost: bool) -> Arrow {
        let time = Duration::from_millis(milliseconds);
        Arrow { number, time, from, to, label: label.to_owned(), mark: mark.to_owned(), lost }
    }

    #[test]
    fn two_and_four_parties() {
        let two = Ladder {
            parties: vec!["UE".to_owned(), "focus".to_owned()],
            arrows: vec![
                arrow(1, 0, 0, 1, "INVITE", "", false),
                arrow(2, 207, 1, 0, "100 (INVITE)", "CR-03", false),
                arrow(3, 61_250, 0, 1, "PRACK", "", true),
                arrow(4, 61_250, 0, 0, "Timer F", "", false),
            ],
        };
        let four = Ladder {
            parties: vec!["UE".to_owned(), "P-CSCF".to_owned(), "focus".to_owned(), "participant 0".to_owned()],
            arrows: vec![
                arrow(1, 0, 0, 1, "REFER", "", false),
                arrow(2, 5, 1, 2, "NOTIFY (conference)", "", false),
                arrow(3, 10, 3, 0, "200 (INVITE)", "CR-02 CR-41", false),
            ],
        };
        for ladder in [&two, &four] {
            assert!(ladder.render().lines().all(|line| line.chars().count() <= WIDTH));
        }
        insta::assert_snapshot!(format!("{}\n{}", two.render(), four.render()));
    }
}
