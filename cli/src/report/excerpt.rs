//! A line of a file with a mark below the octets that a finding is about.

use std::ops::Range;

/// The most characters of a line that are shown.
const WIDTH: usize = 96;
/// How many of them stand before the mark where the line is longer.
const BEFORE: usize = 24;

/// Where a finding stands, for human readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Octet in the line, counted from 1.
    pub(crate) column: usize,
    /// The line, or the part of it around the finding; what cannot be shown is a dot.
    pub(crate) text: String,
    /// Carets below it.
    pub(crate) mark: String,
}

impl Excerpt {
    /// The line in which `at` begins. A range without octets is marked where they are missing.
    pub(crate) fn of(bytes: &[u8], at: &Range<usize>) -> Self {
        let start = at.start.min(bytes.len());
        let before = &bytes[..start];
        let line_start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        let line_len = bytes[line_start..].iter().position(|octet| *octet == b'\n');
        let line = &bytes[line_start..line_len.map_or(bytes.len(), |length| line_start + length)];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let offset = start - line_start;
        let end = at.end.saturating_sub(line_start).min(line.len());
        // As many octets before the mark as fit, on the boundary of a character.
        let skipped = if line.len() <= WIDTH { 0 } else { offset.saturating_sub(BEFORE) };
        let skipped = (skipped..=offset).find(|from| is_boundary(line, *from)).unwrap_or(offset).min(line.len());
        let shown = |range: Range<usize>| shown(line.get(range).unwrap_or_default());
        let lead = if skipped > 0 { "…" } else { "" };
        let head = format!("{lead}{}", shown(skipped..offset.min(line.len())));
        let marked = shown(offset.min(end)..end).chars().count();
        let mut text = format!("{lead}{}", shown(skipped..line.len()));
        if text.chars().count() > WIDTH {
            text = text.chars().take(WIDTH - 1).chain(['…']).collect();
        }
        let column = head.chars().count();
        let room = WIDTH.saturating_sub(column).max(1);
        let mark = format!("{}{}", " ".repeat(column), "^".repeat(marked.clamp(1, room)));
        Self { line: before.iter().filter(|octet| **octet == b'\n').count() + 1, column: offset + 1, text, mark }
    }
}

fn is_boundary(line: &[u8], at: usize) -> bool {
    line.get(at).is_none_or(|octet| octet & 0b1100_0000 != 0b1000_0000)
}

/// Text on one line: what is no character, and what would move the cursor, is a dot.
fn shown(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    text.chars().map(|c| if c.is_control() || c == char::REPLACEMENT_CHARACTER { '.' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_what_it_is_about() {
        let text = "first\r\nCSeq: 1 ACK\r\n\u{e9}t\u{0}\u{e9}\n";
        for (at, line, column, shown, mark) in [
            (13..18, 2, 7, "CSeq: 1 ACK", "      ^^^^^"),
            (0..5, 1, 1, "first", "^^^^^"),
            (5..7, 1, 6, "first", "     ^"),
            (7..100, 2, 1, "CSeq: 1 ACK", "^^^^^^^^^^^"),
            (7..7, 2, 1, "CSeq: 1 ACK", "^"),
            (23..24, 3, 4, "\u{e9}t.\u{e9}", "  ^"),
            (999..1000, 4, 1, "", "^"),
        ] {
            let excerpt = Excerpt::of(text.as_bytes(), &at);
            assert_eq!((excerpt.line, excerpt.column), (line, column), "{at:?}");
            assert_eq!((excerpt.text.as_str(), excerpt.mark.as_str()), (shown, mark), "{at:?}");
        }
    }

    #[test]
    fn a_long_line_is_shown_around_the_mark() {
        let text = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let excerpt = Excerpt::of(text.as_bytes(), &(500..504));
        assert_eq!(excerpt.text.chars().count(), WIDTH);
        let at = excerpt.mark.find('^').expect("a mark");
        let chars: Vec<char> = excerpt.text.chars().collect();
        assert_eq!(chars[at..at + 4].iter().collect::<String>(), "here");
        assert_eq!(excerpt.mark.trim_start(), "^^^^");
        let wide = Excerpt::of(text.as_bytes(), &(0..1004));
        assert_eq!((wide.mark.len(), wide.text.chars().count()), (WIDTH, WIDTH));
    }
}
