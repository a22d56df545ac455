//! What is written is what the schema wants, and what was written is read back.

use proptest::prelude::*;

use super::super::arbitrary::{cases, conference};
use super::super::extension::ExtensionAttribute;
use super::super::read::read;
use super::super::token::{EndpointStatus, JoiningMethod};
use super::*;

#[test]
fn a_join_is_written_as_the_schema_orders_it() {
    let endpoint = Endpoint {
        status: Some(EndpointStatus::Connected),
        joining_method: Some(JoiningMethod::DialedOut),
        media: [("1".to_owned(), Media { kind: Some("audio".into()), ..Media::default() })].into(),
        ..Endpoint::default()
    };
    let user = User {
        display_text: Some("Bob <& \"friends\">\r\n".into()),
        endpoints: [("sip:bob@h".to_owned(), endpoint)].into(),
        ..User::default()
    };
    let gone = User { state: State::Deleted, ..User::default() };
    let users = Users {
        state: State::Partial,
        rows: [("sip:bob@home.example".to_owned(), user), ("tel:+1".to_owned(), gone)].into(),
        extensions: Vec::new(),
    };
    let content = Conference { users: Some(users), ..Conference::default() };
    let document = Document { entity: "sip:final@conf-factory.h".into(), state: State::Partial, version: 2, content };
    let expected = concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"sip:final@conf-factory.h\"",
        " state=\"partial\" version=\"2\"><users state=\"partial\"><user entity=\"sip:bob@home.example\">",
        "<display-text>Bob &lt;&amp; &quot;friends&quot;&gt;&#13;&#10;</display-text>",
        "<endpoint entity=\"sip:bob@h\"><status>connected</status><joining-method>dialed-out</joining-method>",
        "<media id=\"1\"><type>audio</type></media></endpoint></user>",
        "<user entity=\"tel:+1\" state=\"deleted\"/></users></conference-info>",
    );
    assert_eq!(String::from_utf8(document.write()).unwrap(), expected);
}

#[test]
fn no_text_makes_a_document_that_is_no_xml() {
    for text in ["\u{0}\u{1b}", "]]>", "<!--", "\u{fffe}", "\u{d7ff}\u{e000}", "&amp;"] {
        let user = User { display_text: Some(text.into()), ..User::default() };
        let users = Users { rows: [(text.to_owned(), user)].into(), ..Users::default() };
        let document = Document::full(text, 1, Conference { users: Some(users), ..Conference::default() });
        let back = read(&document.write()).unwrap_or_else(|error| panic!("{text:?}: {error}")).document;
        if text.chars().all(|character| character >= ' ' && character != '\u{fffe}') {
            assert_eq!(back, document);
        }
    }
}

#[test]
fn what_is_no_extension_is_not_written_as_one() {
    let extension = |namespace: &str, name: &str| Extension {
        namespace: namespace.into(),
        name: name.into(),
        attributes: vec![
            ExtensionAttribute { namespace: String::new(), name: "no name".into(), value: "1".into() },
            ExtensionAttribute { namespace: XMLNS_NAMESPACE.into(), name: "x".into(), value: "urn:x".into() },
        ],
        content: Vec::new(),
    };
    let extensions = vec![
        extension("urn:x", "fine"),
        extension("urn:x", "a><users"),
        extension("urn:x", "x:y"),
        extension("", "none"),
        extension(NAMESPACE, "users"),
    ];
    let document = Document::full("sip:c@h", 1, Conference { extensions, ..Conference::default() });
    let reading = read(&document.write()).unwrap();
    assert_eq!(reading.findings, []);
    let names: Vec<_> = reading.document.content.extensions.iter().map(|extension| &*extension.name).collect();
    assert_eq!(names, ["fine"]);
}

/// Fuzzing found it left out.
#[test]
fn a_list_of_sidebars_without_entries_is_kept() {
    let content = Conference { sidebars_by_ref: Some(SidebarsByRef::default()), ..Conference::default() };
    let document = Document::full("sip:c@h", 1, content);
    assert_eq!(read(&document.write()).unwrap().document, document);
}

/// The texts and attribute values of a document as quick-xml sees them: a second opinion on our escaping.
fn second_opinion(xml: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::NsReader::from_str(xml);
    let mut seen = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                seen.push(std::mem::take(&mut text));
                for attribute in element.attributes().map(Result::unwrap) {
                    // Declarations are how namespaces are spelt, not what is said.
                    if attribute.key.as_namespace_binding().is_none() {
                        seen.push(quick_xml::escape::unescape(&attribute.value).unwrap().into_owned());
                    }
                }
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => {
                let reference = format!("&{};", &*reference);
                text.push_str(&quick_xml::escape::unescape(&reference).unwrap());
            }
            Event::End(_) => seen.push(std::mem::take(&mut text)),
            Event::Eof => return seen.into_iter().filter(|piece| !piece.is_empty()).collect(),
            _ => {}
        }
    }
}

/// The same as roxmltree sees them.
fn first_opinion(xml: &str) -> Vec<String> {
    fn visit(node: roxmltree::Node<'_, '_>, seen: &mut Vec<String>) {
        seen.extend(node.attributes().map(|attribute| attribute.value().to_owned()));
        for child in node.children() {
            if child.is_text() {
                seen.push(child.text().unwrap().to_owned());
            } else {
                visit(child, seen);
            }
        }
    }
    let document = roxmltree::Document::parse(xml).unwrap();
    let mut seen = Vec::new();
    visit(document.root_element(), &mut seen);
    seen.into_iter().filter(|piece| !piece.is_empty()).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_was_written_is_read_back(version: u32, conference in conference()) {
        let document = Document::full("sip:c@h?a=<b>&\"c\"", version, conference);
        let written = document.write();
        let reading = read(&written).unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&written)));
        prop_assert_eq!(&reading.document, &document);
        let order: Vec<_> = reading.findings.iter().filter(|finding| finding.rule.id().starts_with("EV-52")
            || finding.rule.id().starts_with("EV-56") || finding.rule.id().starts_with("EV-30")).collect();
        prop_assert!(order.is_empty(), "{:?}", order);
    }

    #[test]
    fn another_parser_reads_the_same_texts(conference in conference()) {
        let written = String::from_utf8(Document::full("sip:c@h", 1, conference).write()).unwrap();
        let (_declaration, root) = written.split_once('\n').unwrap();
        let (mut ours, mut theirs) = (first_opinion(&written), second_opinion(root));
        ours.sort();
        theirs.sort();
        prop_assert_eq!(ours, theirs, "{}", written);
    }
}
