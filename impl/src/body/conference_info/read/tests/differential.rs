//! The one pass against `roxmltree`, over damaged documents: what the one gives without doubt the other gives, too,
//! down to the last finding; and where the one doubts what the other takes, it is for a reason of [`UNUSUAL`].

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use roxmltree::{Document as Xml, Node};

use super::super::super::arbitrary::{cases, conference};
use super::super::*;

/// What a reason looks for: the text of the document and its tree.
type IsThere = fn(&str, &Xml<'_>) -> bool;

/// Why a well-formed document is left to the tree.
const UNUSUAL: &[(&str, IsThere)] = &[
    ("a CDATA section", |text, _| text.contains("<![CDATA[")),
    ("`]]>` in a comment or a value", |text, _| text.contains("]]>")),
    ("a processing instruction", |_, xml| xml.descendants().any(|node| node.is_pi())),
    ("a line end beside a reference", |text, _| text.contains('\r') && text.contains('&')),
    ("white space in a value that is made one blank", |text, xml| {
        let blanks = |value: &str| value.contains(['\t', '\n', '\r']);
        values(text, xml).any(blanks)
    }),
    ("a reference to white space or to no character", |text, _| {
        text.split("&#").skip(1).filter_map(|rest| rest.split(';').next()).any(|number| {
            let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
            u32::from_str_radix(digits, radix).is_ok_and(|number| number < 0x20 || char::from_u32(number).is_none())
        })
    }),
    ("a name beyond ASCII", |text, xml| {
        let tags = xml.descendants().filter(Node::is_element).map(|node| &text[node.range()]);
        let mut names = tags.flat_map(|tag| tag.split('>').next().unwrap_or_default().split(['"', '\'']).step_by(2));
        names.any(|name| !name.is_ascii())
    }),
    ("a colon without a prefix, which is no name", |text, _| {
        [" :", "<:", "/:", "\n:", "\t:", "\r:"].iter().any(|colon| text.contains(colon))
    }),
    ("a prefixed `xmlns`, which the parser takes for a declaration", |text, _| text.contains(":xmlns")),
    ("two prefixed attributes of one local name", |_, xml| {
        xml.descendants().any(|node| {
            let names = || node.attributes().filter(|attribute| attribute.namespace().is_some());
            names().any(|one| names().filter(|other| other.name() == one.name()).count() > 1)
        })
    }),
    ("a declaration of what needs none, of nothing, or with a reference or a blank", |text, xml| {
        let mut bindings = xml.descendants().flat_map(|node| node.namespaces());
        bindings.any(|binding| binding.name().is_some() && binding.uri().is_empty() || binding.uri().contains(' '))
            || text.contains("xmlns:xml")
            || text
                .split("xmlns")
                .skip(1)
                .any(|rest| rest.split(['"', '\'']).nth(1).is_some_and(|uri| uri.contains('&')))
    }),
    ("a default namespace declared twice, which is not well-formed", |text, _| {
        text.split('<').any(|tag| tag.split(['"', '\'']).step_by(2).filter(|name| is_default(name)).count() > 1)
    }),
    ("an XML declaration with more in it than there should be", |text, _| {
        let declaration = text.trim_start_matches('\u{feff}').strip_prefix("<?xml ");
        let declaration = declaration.and_then(|rest| rest.split("?>").next()).unwrap_or_default();
        let (names, values) =
            (declaration.split(['"', '\'']).step_by(2), declaration.split(['"', '\'']).skip(1).step_by(2));
        names
            .map(|name| name.trim_end_matches([' ', '\t', '\n', '\r', '=']).trim_start())
            .any(|name| !matches!(name, "" | "version" | "encoding" | "standalone"))
            || values.flat_map(str::chars).any(|character| !matches!(character, '!'..='~') || character == '&')
    }),
];

fn is_default(name: &str) -> bool {
    name.trim().trim_end_matches('=').trim_end().ends_with("xmlns")
}

/// The values of all attributes as they stand there.
fn values<'t>(text: &'t str, xml: &Xml<'_>) -> impl Iterator<Item = &'t str> {
    let ranges: Vec<_> =
        xml.descendants().flat_map(|node| node.attributes().map(|value| value.range_value())).collect();
    // Namespace declarations are not among the attributes.
    let declared = text.split("xmlns").skip(1).filter_map(|rest| rest.split(['"', '\'']).nth(1));
    ranges.into_iter().map(|range| &text[range]).chain(declared)
}

const NETWORK: &str = include_str!("../../../../../tests/messages/conference-info.xml");
const EVERY_ELEMENT: &str = include_str!("../../../../../tests/messages/conference-info-sidebars.xml");

/// What is put into a document to damage it.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "&amp;",
    "&#65;",
    "&#x3c;",
    "&#0;",
    "&#xd800;",
    "&#13;",
    "]]>",
    "]",
    "<![CDATA[",
    "<![CDATA[a]]>",
    "<!--",
    "-->",
    "--",
    "-",
    "<!-- a -->",
    "<?",
    "?>",
    "<?a b?>",
    "<!DOCTYPE a>",
    "xmlns",
    " xmlns=''",
    " xmlns:x='urn:x'",
    " xmlns:y='urn:x'",
    " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
    "x:",
    ":",
    "=",
    "'",
    "\"",
    " ",
    "\n",
    "\t",
    "\r",
    "\r\n",
    "\u{1}",
    "\u{feff}",
    "\u{fffe}",
    "é",
    "\u{a0}",
    "<a/>",
    "<a>",
    "</a>",
    "<x:a/>",
    " a='1'",
    " x:a='1'",
    " y:a='1'",
    " state='deleted'",
    " state='partial'",
    "<user entity='a'/>",
    "<users/>",
    "</user>",
    "<?xml version='1.0'?>",
    "<?xml version='1.0' encoding='a' standalone='b' ?>",
    "0",
];

#[derive(Clone, Debug)]
enum Damage {
    Insert(Index, &'static str),
    Remove(Index, usize),
    Repeat(Index, usize, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        3 => (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        1 => (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        1 => (any::<Index>(), 1..60_usize, any::<Index>()).prop_map(|(at, length, to)| Damage::Repeat(at, length, to)),
    ]
}

/// The nearest place before where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn place(text: &str, at: Index) -> usize {
    boundary(text, at.index(text.len() + 1))
}

impl Damage {
    fn apply(self, text: &mut String) {
        match self {
            Self::Insert(at, piece) => text.insert_str(place(text, at), piece),
            Self::Remove(at, length) => {
                let from = place(text, at);
                text.replace_range(from..boundary(text, from + length), "");
            }
            Self::Repeat(at, length, to) => {
                let from = place(text, at);
                let piece = text[from..boundary(text, from + length)].to_owned();
                text.insert_str(place(text, to), &piece);
            }
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let written = conference()
        .prop_map(|conference| String::from_utf8_lossy(&Document::full("sip:c@h", 1, conference).write()).into_owned());
    prop_oneof![2 => written, 1 => Just(NETWORK.to_owned()), 1 => Just(EVERY_ELEMENT.to_owned())]
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn the_one_pass_and_the_tree_agree(text in text(), damages in vec(damage(), 0..4)) {
        let mut text = text;
        for damage in damages {
            damage.apply(&mut text);
        }
        match (from_scan(&text), from_tree(&text)) {
            (Ok(scanned), tree) => prop_assert_eq!(Ok(scanned), tree, "{}", text),
            (Err(Doubt), Err(_)) => {}
            (Err(Doubt), Ok(_)) => {
                let xml = Xml::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
                let is_explained = UNUSUAL.iter().any(|(_, is_there)| is_there(&text, &xml));
                prop_assert!(is_explained, "left to the tree for no known reason:\n{}", text);
            }
        }
    }
}
