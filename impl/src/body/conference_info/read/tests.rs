//! What is refused, what is tolerated, and where each is said to be.

mod differential;

use std::collections::BTreeSet;

use super::super::error::Tolerated;
use super::super::token::{EndpointStatus, State};
use super::*;

/// A document with the package's namespace as default and `inside` in its root.
fn document(attributes: &str, inside: &str) -> String {
    format!("<conference-info xmlns=\"{NAMESPACE}\" {attributes}>{inside}</conference-info>")
}

const FULL: &str = r#"entity="sip:c@h" version="1""#;
const PARTIAL: &str = r#"entity="sip:c@h" version="2" state="partial""#;

fn refused(text: &str) -> DocumentError {
    match read(text.as_bytes()) {
        Err(error) => error,
        Ok(reading) => panic!("accepted: {reading:?}\n{text}"),
    }
}

/// Whether the document is read in one pass; if it is, the tree has to say the same.
fn is_usual(text: &str) -> bool {
    let scanned = from_scan(text);
    if let Ok(reading) = &scanned {
        assert_eq!(from_tree(text).as_ref(), Ok(reading), "{text}");
    }
    scanned.is_ok()
}

#[test]
fn a_document_that_is_no_xml_is_refused_with_what_is_wrong_and_where() {
    let table: &[(&str, &str, (u32, u32), &str)] = &[
        ("", "EV-30/not-well-formed", (1, 1), "the document does not have a root node"),
        ("<a>\n<b></a>", "EV-30/not-closed", (2, 4), "`</a>` while `b` is open: element `b` is not closed"),
        ("<a>\n <b/>\n", "EV-30/not-well-formed", (3, 1), "the root node was opened but never closed"),
        ("<a/><b/>", "EV-30/not-well-formed", (1, 5), ""),
        ("<p:a/>", "EV-30/not-well-formed", (1, 2), "'p'"),
        ("<a b='1' b='2'/>", "EV-30/not-well-formed", (1, 10), "'b'"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "EV-30/dtd", (1, 1), "document type"),
        ("<a>&b;</a>", "EV-30/not-well-formed", (1, 4), "'b'"),
        ("<a>\u{1}</a>", "EV-30/not-well-formed", (1, 4), ""),
        ("<a>&#0;</a>", "EV-30/not-well-formed", (1, 4), ""),
        ("<a/>", "EV-30/root", (1, 1), "`a` in namespace ``"),
        (r#"<conference-info entity="sip:c@h" version="1"/>"#, "EV-30/root", (1, 1), "in namespace ``"),
        (r#"<users xmlns="urn:ietf:params:xml:ns:conference-info"/>"#, "EV-30/root", (1, 1), "`users`"),
    ];
    for (text, id, (line, column), words) in table {
        let error = refused(text);
        assert_eq!((error.fault.id(), error.at), (*id, Position { line: *line, column: *column }), "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    let error = read(b"<a>\n\xff</a>").unwrap_err();
    assert_eq!((error.fault, error.at), (Fault::NotUtf8, Position { line: 2, column: 1 }));
}

#[test]
fn a_document_whose_meaning_would_have_to_be_guessed_is_refused() {
    let user =
        |attributes: &str, inside: &str| format!("<users state=\"partial\"><user {attributes}>{inside}</user></users>");
    let table: &[(String, &str, &str)] = &[
        (document(r#"version="1""#, ""), "EV-55/missing-attribute", "`conference-info` has no attribute `entity`"),
        (document(r#"entity="sip:c@h""#, ""), "EV-55/missing-attribute", "no attribute `version`"),
        (document("", " entity = 'sip:c@h' version='1' "), "EV-55/missing-attribute", "start tag is closed before"),
        (document(r#"entity="sip:c@h" version="-1""#, ""), "EV-33/version", "`-1`"),
        (document(r#"entity="sip:c@h" version="+1""#, ""), "EV-33/version", "`+1`"),
        (document(r#"entity="sip:c@h" version="""#, ""), "EV-33/version", "``"),
        (document(r#"entity="sip:c@h" version="4294967296""#, ""), "EV-33/version", "`4294967296`"),
        (document(r#"entity="sip:c@h" version="1" state="Full""#, ""), "EV-31/state", "`Full` of `conference-info`"),
        (document(PARTIAL, "<users state=''/>"), "EV-31/state", "`` of `users`"),
        (
            document(FULL, "<users state='partial'/>"),
            "EV-32/full-parent",
            "`users` is partial under a parent that is full",
        ),
        (document(FULL, "<users><user entity='a' state='deleted'/></users>"), "EV-32/full-parent", "`user` is deleted"),
        (
            document(PARTIAL, "<users><user entity='a' state='partial'/></users>"),
            "EV-32/full-parent",
            "`user` is partial",
        ),
        (
            document(PARTIAL, &user("entity='a'", "<endpoint entity='b' state='deleted'/>")),
            "EV-32/full-parent",
            "`endpoint` is deleted",
        ),
        (document(FULL, "<sidebars-by-val state='partial'/>"), "EV-32/full-parent", "`sidebars-by-val`"),
        (
            document(FULL, "<sidebars-by-val><entry entity='a' state='partial'/></sidebars-by-val>"),
            "EV-32/full-parent",
            "`entry` is partial",
        ),
        (document(PARTIAL, &user("", "")), "EV-55/missing-attribute", "`user` has no attribute `entity`"),
        (document(PARTIAL, &user("entity='a'", "<endpoint/>")), "EV-55/missing-attribute", "`endpoint`"),
        (
            document(PARTIAL, &user("entity='a'", "<endpoint entity='b'><media/></endpoint>")),
            "EV-55/missing-attribute",
            "`media` has no attribute `id`",
        ),
        (document(FULL, "<sidebars-by-ref><entry/></sidebars-by-ref>"), "EV-55/missing-uri", "`sidebars-by-ref`"),
        (document(FULL, "<users><user entity='a'/><user entity='a'/></users>"), "EV-37/duplicate-key", "`a`"),
        (
            document(FULL, "<sidebars-by-ref><entry><uri>a</uri></entry><entry><uri>a</uri></entry></sidebars-by-ref>"),
            "EV-37/duplicate-key",
            "`entry`",
        ),
        (document(FULL, "<users/><users/>"), "EV-52/repeated", "`users` stands more than once"),
        (
            document(
                FULL,
                "<users><user entity='a'><endpoint entity='b'><status>connected</status><status>on-hold</status></endpoint></user></users>",
            ),
            "EV-52/repeated",
            "`status`",
        ),
    ];
    for (text, id, words) in table {
        let error = refused(text);
        assert_eq!(error.fault.id(), *id, "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn what_a_subscriber_can_live_with_is_read_and_reported() {
    let endpoint = |inside: &str| {
        let endpoint = format!("<endpoint entity='b'>{inside}</endpoint>");
        document(PARTIAL, &format!("<users state='partial'><user entity='a'>{endpoint}</user></users>"))
    };
    let described =
        |inside: &str| document(PARTIAL, &format!("<conference-description>{inside}</conference-description>"));
    let table: &[(String, &[Tolerated])] = &[
        (format!("<?xml version='1.0' encoding='ISO-8859-1'?>{}", document(PARTIAL, "")), &[Tolerated::Encoding]),
        (format!("\u{feff}<?xml version='1.0' encoding='utf-8'?>{}", document(PARTIAL, "")), &[]),
        (document(&format!("{PARTIAL} id='1'"), ""), &[Tolerated::UnknownAttribute]),
        (document(&format!("{PARTIAL} xml:lang='en' xmlns:x='urn:x' x:id='1'"), ""), &[]),
        (document(PARTIAL, "stray"), &[Tolerated::StrayText]),
        (document(PARTIAL, "<!-- a comment --> \n"), &[]),
        (described("<conf-uris state='partial'><entry><uri>a</uri></entry></conf-uris>"), &[Tolerated::PartialAtomic]),
        (document(PARTIAL, "<users state='deleted'><user/></users>"), &[Tolerated::ContentOfDeleted]),
        (document(PARTIAL, "<users/>"), &[Tolerated::UsersDefaultFull]),
        (document(PARTIAL, "<users state='full'/>"), &[]),
        (document(r#"entity=" sip:c@h" version="2" state="partial""#, ""), &[Tolerated::BlankInKey]),
        (endpoint("<status>gone</status>"), &[Tolerated::UnknownToken]),
        (endpoint("<status>Connected</status>"), &[Tolerated::UnknownToken]),
        (endpoint("<status> connected </status>"), &[Tolerated::PaddedToken]),
        (
            endpoint("<status>pending</status><joining-method>dialed-in</joining-method>"),
            &[Tolerated::JoiningMethodTooEarly],
        ),
        (
            endpoint("<status>alerting</status><joining-method>dialed-in</joining-method>"),
            &[Tolerated::AlertingDialedIn, Tolerated::JoiningMethodTooEarly],
        ),
        (endpoint("<media id='1'><label>main audio</label></media>"), &[Tolerated::Label]),
        (endpoint("<media id='1'><src-id>random</src-id></media>"), &[Tolerated::SrcId]),
        (endpoint("<joining-method>dialed-in</joining-method><status>connected</status>"), &[Tolerated::Order]),
        (
            document(
                FULL,
                "<conference-description/><conference-state><user-count>0</user-count></conference-state><users><user entity='a'>\
                 <endpoint entity='b'><status>connected</status></endpoint></user></users>",
            ),
            &[Tolerated::UserCount],
        ),
        (document(FULL, ""), &[Tolerated::FullIncomplete, Tolerated::FullIncomplete]),
        (document(PARTIAL, "<users state='partial'/><host-info/>"), &[Tolerated::Order]),
        (described("<available-media><entry/></available-media>"), &[Tolerated::Missing, Tolerated::Missing]),
        (endpoint("<call-info><sip><call-id>a</call-id></sip></call-info>"), &[Tolerated::Missing, Tolerated::Missing]),
        (
            endpoint(
                "<call-info><sip><call-id>a</call-id><from-tag>b</from-tag><to-tag>c</to-tag></sip><x xmlns='urn:x'/></call-info>",
            ),
            &[Tolerated::ExtensionPlace],
        ),
        (described("<conf-uris/>"), &[Tolerated::EmptyList]),
        (described("<maximum-user-count>many</maximum-user-count>"), &[Tolerated::BadValue]),
        (document(PARTIAL, "<conference-state><active>yes</active></conference-state>"), &[Tolerated::BadValue]),
        (document(PARTIAL, "<participants/>"), &[Tolerated::UnknownElement]),
        (document(PARTIAL, "<participants xmlns=''/>"), &[Tolerated::UnknownElement]),
        (document(PARTIAL, "<x xmlns='urn:x'/><host-info/>"), &[Tolerated::ExtensionPlace]),
        (endpoint("<referred><x xmlns='urn:x'/></referred>"), &[Tolerated::ExtensionPlace]),
        (
            document(
                PARTIAL,
                "<conference-description><available-media><entry label='1'><type>audio</type></entry></available-media>\
                 </conference-description><users state='partial'><user entity='a'><endpoint entity='b'><media id='1'>\
                 <label>2</label></media></endpoint></user></users>",
            ),
            &[Tolerated::Label],
        ),
    ];
    let mut met = BTreeSet::new();
    for (text, expected) in table {
        let reading = read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let rules: Vec<_> = reading.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, *expected, "{text}: {:?}", reading.findings);
        met.extend(rules);
        assert!(is_usual(text), "{text}");
    }
    assert_eq!(met, Tolerated::ALL.iter().copied().collect(), "every tolerated rule is seen broken");
}

#[test]
fn every_identifier_of_a_tolerated_rule_is_its_own() {
    let identifiers: BTreeSet<_> = Tolerated::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(identifiers.len(), Tolerated::ALL.len());
}

#[test]
fn a_finding_says_where_it_is() {
    let text = document(PARTIAL, "\n  <users state='partial'>\n    <user entity='a b'/>\n  </users>");
    let reading = read(text.as_bytes()).unwrap();
    let finding = reading.findings.first().unwrap();
    assert_eq!(finding.to_string(), "line 3 column 5: a key has blanks: `a b` [EV-37/blank]");
}

#[test]
fn the_content_of_a_deleted_element_is_ignored_whatever_it_is() {
    let text = document(PARTIAL, "<users state='partial'><user entity='a' state='deleted'><endpoint/></user></users>");
    let document = Document::read(text.as_bytes()).unwrap();
    let user = document.content.users.as_ref().and_then(|users| users.rows.get("a")).unwrap();
    assert_eq!((user.state, user.endpoints.len()), (State::Deleted, 0));
}

#[test]
fn an_endpoint_without_status_is_not_present() {
    let text = document(FULL, "<users><user entity='a'><endpoint entity='b'/></user><user entity='c'/></users>");
    let document = Document::read(text.as_bytes()).unwrap();
    assert_eq!(document.content.present().count(), 0);
    for status in EndpointStatus::ALL {
        let text = document_with_status(*status);
        let present = Document::read(text.as_bytes()).unwrap().content.present().count();
        assert_eq!(present == 1, status.is_present(), "{status}");
    }
}

fn document_with_status(status: EndpointStatus) -> String {
    let endpoint = format!("<endpoint entity='b'><status>{status}</status></endpoint>");
    document(FULL, &format!("<users><user entity='a'>{endpoint}</user></users>"))
}

#[test]
fn every_limit_holds() {
    let nested = |depth: usize| {
        let (open, close) = ("<x:y>".repeat(depth), "</x:y>".repeat(depth));
        document(&format!("{PARTIAL} xmlns:x='urn:x'"), &format!("{open}{close}"))
    };
    let sidebars = |depth: usize| {
        let open = "<sidebars-by-val><entry entity='a'>".repeat(depth);
        document(PARTIAL, &format!("{open}{}", "</entry></sidebars-by-val>".repeat(depth)))
    };
    let users = |count: usize| {
        let rows: String = (0..count).map(|number| format!("<user entity='{number}'/>")).collect();
        document(PARTIAL, &format!("<users state='partial'>{rows}</users>"))
    };
    let attributes = |count: usize| {
        let attributes: String = (0..count).map(|number| format!(" a{number}=''")).collect();
        document(&format!("{PARTIAL}{attributes}"), "")
    };
    let namespaces =
        |count: usize| (0..count).map(|number| format!("<a xmlns:b{number}='c{number}'>")).collect::<String>();
    let extensions = |count: usize| {
        let head = format!("<conference-info xmlns=\"{NAMESPACE}\" xmlns:x='urn:x' {PARTIAL}>");
        format!("{head}{}</conference-info>", "<x:y/>".repeat(count))
    };
    let padded = |length: usize| {
        let text = document(PARTIAL, "");
        text.clone() + &" ".repeat(length - text.len())
    };
    assert!(read(padded(MAX_BYTES).as_bytes()).is_ok());
    assert!(read(extensions(MAX_EXTENSIONS).as_bytes()).is_ok());
    assert!(read(users(MAX_ROWS).as_bytes()).is_ok());
    assert!(read(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
    let table = [
        (padded(MAX_BYTES + 1), "limit/bytes"),
        (document(PARTIAL, &"<x/>".repeat(MAX_NODES)), "limit/nodes"),
        (attributes(MAX_ATTRIBUTES), "limit/attributes"),
        (namespaces(MAX_NAMESPACES + 1), "limit/namespaces"),
        (namespaces(4_000), "limit/namespaces"),
        (extensions(MAX_EXTENSIONS + 1), "limit/extensions"),
        (users(MAX_ROWS + 1), "limit/rows"),
        (nested(MAX_DEPTH), "limit/depth"),
        (nested(10_000), "limit/depth"),
        (sidebars(MAX_DEPTH), "limit/depth"),
    ];
    for (text, id) in &table {
        assert_eq!(refused(text).fault.id(), *id);
    }
    let many = document(PARTIAL, &"<x xmlns=''/>".repeat(MAX_FINDINGS * 2));
    assert_eq!(read(many.as_bytes()).unwrap().findings.len(), MAX_FINDINGS);
}

/// A user with this as display text.
fn named(text: &str) -> String {
    let user = format!("<user entity='a'><display-text>{text}</display-text></user>");
    document(PARTIAL, &format!("<users state='partial'>{user}</users>"))
}

#[test]
fn usual_documents_are_read_in_one_pass() {
    let prefixed = format!(
        "<!-- a -->\n<p:conference-info xmlns:p='{NAMESPACE}' {PARTIAL}><p:users state = \"full\"\n>\
         <p:user entity='&lt;&#x41;&#66;&quot; a'/></p:users ><users/></p:conference-info>\n<!-- d -->\n"
    );
    let extended = document(
        &format!("{PARTIAL} xmlns:x='urn:x'"),
        "<host-info/><x:a x:b='1' c='2' xml:lang='en'>one<!-- --> &amp; two<d xmlns='urn:z'><x:e/></d>\
         <conference-info/>three</x:a><y xmlns='urn:y'/>",
    );
    let texts = [
        named("Bob &amp; &lt;Alice&gt;&apos;&quot;<!-- and -->&#233;&#xe9; ž"),
        named(" two\r\nlines\r "),
        named("<x xmlns='urn:x'>foreign</x>in between<y/>"),
        named(""),
        prefixed,
        extended,
        format!("\u{feff}<?xml version='1.0' encoding=\"UTF-8\" standalone='no' ?>\r\n{}", document(PARTIAL, "")),
        document(PARTIAL, "<users state='deleted'><user><a><users/></a>text</user></users><host-info/>"),
        document(
            &format!("xmlns:q='{NAMESPACE}' {PARTIAL}"),
            "<q:host-info><q:display-text>a</q:display-text></q:host-info>",
        ),
    ];
    for text in &texts {
        assert!(is_usual(text), "{text}");
    }
}

/// Neither a comment nor an element of others ends a text; the last one is read from the tree.
#[test]
fn a_text_in_pieces_is_one_text() {
    for between in ["<!-- and -->", "<x xmlns='urn:x'>foreign</x>", "<?b c?>"] {
        let text = named(&format!("Bob {between}and {between}Alice"));
        let users = Document::read(text.as_bytes()).unwrap().content.users.unwrap();
        assert_eq!(users.rows.get("a").unwrap().display_text.as_deref(), Some("Bob and Alice"), "{between}");
    }
}

/// Well-formed, but rare: each of these is left to the tree, and is read all the same.
#[test]
fn unusual_documents_are_read_from_the_tree() {
    let texts = [
        named("<![CDATA[<Alice>]]>"),
        named("<?b c?>"),
        named("a &amp;\r\nb"),
        named("&#9;&#13;"),
        named("<é xmlns='urn:x'/>"),
        named("<x:y xmlns:x='urn:x' xmlns:z='urn:z' x:id='1' z:id='2'/>"),
        named("<!-- ]]> -->"),
        // The parser takes a colon without a prefix.
        named("<:a/>"),
        document(&format!("{PARTIAL} xmlns:xml='http://www.w3.org/XML/1998/namespace'"), ""),
        document("entity='a\tb' version='2' state='partial'", ""),
        format!("<?b?>{}", document(PARTIAL, "")),
        format!("<?xml?>{}", document(PARTIAL, "")),
    ];
    for text in &texts {
        assert!(read(text.as_bytes()).is_ok(), "{text}");
        assert_eq!(from_scan(text), Err(Doubt), "{text}");
    }
}

/// Each is refused by the parser, so the one pass must not take it, wherever it stands.
#[test]
fn nothing_that_is_no_xml_is_read_in_one_pass() {
    let inside = [
        "<a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a></a b>",
        "<a/ >",
        "< a/>",
        "<a / >",
        "<a//>",
        "<1/>",
        "<-a/>",
        "<a:/>",
        "<a:b:c/>",
        "<x:a/>",
        "<a x:b='1'/>",
        "<xmlns:a/>",
        "<xml:a/>",
        "<a b/>",
        "<a b=/>",
        "<a b=1/>",
        "<a b='1/>",
        "<a b='<'/>",
        "<a b='&'/>",
        "<a b='&c;'/>",
        "<a b='1'c='2'/>",
        "<a b='1' b='2'/>",
        "<a b='\u{1}'/>",
        "<a b='\u{ffff}'/>",
        "<a 'b'/>",
        "<a ='b'/>",
        "<a xmlns:b='urn:b' xmlns:b='urn:c'/>",
        "<a xmlns:xml='urn:b'/>",
        "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:b='urn:b' xmlns:c='urn:b' b:d='' c:d=''/>",
        "<a xmlns:b='urn:b'/><b:c/>",
        "&",
        "&;",
        "&b",
        "&b;",
        "&amp",
        "&#;",
        "&#x;",
        "&#xg;",
        "&#-1;",
        "&#+65;",
        "&#0;",
        "&#x1f;",
        "&#xfffe;",
        "&# 65;",
        "& amp;",
        "&lt",
        "]]>",
        "a]]>b",
        "\u{8}",
        "\u{b}",
        "\u{1f}",
        "\u{fffe}",
        "\u{ffff}",
        "<!-->",
        "<!--->",
        "<!-- -- -->",
        "<!-- --->",
        "<!--",
        "<!a>",
        "<!DOCTYPE a>",
        "<![CDATA[",
        "<![CDATA[a]]",
        "<!ENTITY a 'b'>",
        "<?xml version='1.0'?>",
        "<?",
        "<??>",
        "<? a?>",
        "<",
        "<>",
        "</>",
    ];
    let around = |inside: &&str| [document(PARTIAL, inside), named(inside), named(&format!("a{inside}b"))];
    let whole = document(PARTIAL, "");
    let outside = ["a", "</a>", "<a/>", "&amp;", "<!DOCTYPE a>", "<!---", "<", "\u{1}", "<![CDATA[]]>", "<?xml a?>"];
    let outside = outside.iter().flat_map(|stray| [format!("{stray} {whole}"), format!("{whole}{stray}")]);
    let declarations = [
        "<?xml ?>",
        "<?xml encoding='a'?>",
        "<?xml version=1?>",
        "<?xml version='1'encoding='a'?>",
        "<?xml version='1' a='b'?>",
    ];
    let declared = declarations.iter().map(|declaration| format!("{declaration}{whole}"));
    for text in inside.iter().flat_map(around).chain(outside).chain(declared) {
        assert_eq!(from_scan(&text), Err(Doubt), "{text}");
        let error = refused(&text);
        assert!(error.fault.id().starts_with("EV-30/"), "{text}: {error}");
    }
}
