//! A ladder as a picture: the same ladder gives the same octets.
//!
//! One file without style sheet, script or font of its own; a viewer's dark mode is left alone by drawing on white.

use std::fmt::Write;

use super::{Arrow, Ladder};

/// Width of the column with number and time.
const MARGIN: usize = 120;
/// Width between two parties.
const SPACING: usize = 200;
/// Width behind the last party, for marks.
const MARKS: usize = 220;
/// Height of the names over the bars.
const HEAD: usize = 40;
/// Height of an arrow with its label.
const ROW: usize = 26;
/// Length of the head of an arrow.
const POINT: usize = 8;

impl Ladder {
    /// The diagram as an SVG document.
    pub fn svg(&self) -> String {
        let width = MARGIN + SPACING * self.parties.len().saturating_sub(1) + MARKS;
        let height = HEAD + ROW * (self.arrows.len() + 1);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        for (column, party) in self.parties.iter().enumerate() {
            let at = place(column);
            let _ = writeln!(
                text,
                "<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>\n\
                 <line x1=\"{at}\" y1=\"{}\" x2=\"{at}\" y2=\"{height}\" stroke=\"silver\"/>",
                HEAD / 2,
                escaped(party),
                HEAD - 10
            );
        }
        for (row, arrow) in self.arrows.iter().enumerate() {
            draw(&mut text, arrow, HEAD + ROW * (row + 1), place(self.parties.len().saturating_sub(1)));
        }
        text.push_str("</svg>\n");
        text
    }
}

/// Where the bar of a column stands.
const fn place(column: usize) -> usize {
    MARGIN + SPACING * column
}

fn draw(text: &mut String, arrow: &Arrow, y: usize, last: usize) {
    let Arrow { number, time, from, to, label, mark, lost } = arrow;
    let (from, to) = (place(*from), place(*to));
    let time = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    let _ = writeln!(text, "<text x=\"4\" y=\"{y}\" fill=\"gray\">{number:>5} {time:>9}</text>");
    let colour = if mark.is_empty() { "black" } else { "firebrick" };
    if from == to {
        let _ = writeln!(text, "<circle cx=\"{from}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        let _ = writeln!(text, "<text x=\"{}\" y=\"{y}\" fill=\"{colour}\">{}</text>", from + POINT, escaped(label));
    } else {
        let dashes = if *lost { " stroke-dasharray=\"4\"" } else { "" };
        let _ = writeln!(
            text,
            "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{colour}\"{dashes}/>\n\
             <path d=\"{}\" stroke=\"{colour}\" fill=\"{}\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{colour}\">{}</text>",
            head(from, to, y, *lost),
            if *lost { "none" } else { colour },
            from.midpoint(to),
            y - 4,
            escaped(label)
        );
    }
    if !mark.is_empty() {
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{y}\" fill=\"firebrick\">{}</text>", last + POINT * 2, escaped(mark));
    }
}

/// The point of an arrow, or a cross where it is lost.
fn head(from: usize, to: usize, y: usize, lost: bool) -> String {
    let back = if from < to { to - POINT } else { to + POINT };
    let (above, below) = (y - POINT / 2, y + POINT / 2);
    if lost {
        format!("M{back} {above}L{to} {below}M{back} {below}L{to} {above}")
    } else {
        format!("M{to} {y}L{back} {above}L{back} {below}Z")
    }
}

/// Text as it may stand between tags: a capture may hold anything, and not every character is one of XML 1.0.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roxmltree::Document;

    use super::*;

    fn arrow(from: usize, to: usize, label: &str, mark: &str, lost: bool) -> Arrow {
        let (number, time) = (7, Duration::from_millis(1_250));
        Arrow { number, time, from, to, label: label.to_owned(), mark: mark.to_owned(), lost }
    }

    #[test]
    fn every_kind_of_arrow() {
        let ladder = Ladder {
            parties: vec!["UE".to_owned(), "focus".to_owned(), "user 0".to_owned()],
            arrows: vec![
                arrow(0, 1, "INVITE", "", false),
                arrow(2, 0, "200 (INVITE)", "CR-02", false),
                arrow(1, 2, "CANCEL", "", true),
                arrow(1, 1, "sends NOTIFY", "EV-33", false),
            ],
        };
        insta::assert_snapshot!(ladder.svg());
        assert_eq!(ladder.svg(), ladder.clone().svg());
    }

    #[test]
    fn whatever_is_in_a_label_the_document_is_well_formed() {
        for hostile in ["<script>alert(1)</script>", "a&b;\"'", "]]>", "\0\u{1}\u{fffe}\u{7f}", "é\u{1f600}\n\r\t", ""]
        {
            let arrows = vec![arrow(0, 1, hostile, hostile, false), arrow(0, 0, hostile, "", true)];
            let svg = Ladder { parties: vec![hostile.to_owned(), "b".to_owned()], arrows }.svg();
            let tree = Document::parse(&svg).unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
            let known = ["svg", "rect", "text", "line", "path", "circle"];
            let elements = tree.descendants().filter(roxmltree::Node::is_element);
            assert!(elements.into_iter().all(|node| known.contains(&node.tag_name().name())), "{hostile:?}");
        }
        let empty = Ladder::default().svg();
        assert!(Document::parse(&empty).is_ok(), "{empty}");
    }
}
