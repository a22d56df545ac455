//! Whole conference-info documents: the test specification's as printed, a network's, and one with every element.

use imsconf::body::conference_info::{
    Applied, Conference, Discarded, Document, EndpointStatus, Fault, JoiningMethod, Notifications, Position, Roster,
    State, Tolerated, read,
};

/// Step 7 of the procedure "inviting user to conference" as the test specification prints it: placeholders, a start tag
/// that ends before its attributes, an unclosed user.
const AS_PRINTED: &str = include_str!("messages/conference-info-a20-as-printed.xml");
const NETWORK: &[u8] = include_bytes!("messages/conference-info.xml");
const EVERY_ELEMENT: &[u8] = include_bytes!("messages/conference-info-sidebars.xml");

const FOCUS: &str = "sip:final@conf-factory.home1.net";

/// A subscriber who has heard that the creator is in the conference.
fn creator_alone() -> Roster {
    let creator = format!(
        "<conference-info xmlns='urn:ietf:params:xml:ns:conference-info' entity='{FOCUS}' version='1'>\
         <conference-description/><users><user entity='sip:creator@home1.net'>\
         <endpoint entity='sip:creator@[2001:db8::1]'><status>connected</status>\
         <joining-method>dialed-in</joining-method></endpoint></user></users></conference-info>"
    );
    let mut roster = Roster::new();
    assert_eq!(roster.apply(Document::read(creator.as_bytes()).unwrap()), Applied::First);
    roster
}

fn present(roster: &Roster) -> Vec<&str> {
    roster.conference().present().collect()
}

#[test]
fn the_printed_document_is_refused_because_the_user_is_not_closed() {
    let error = read(AS_PRINTED.as_bytes()).unwrap_err();
    let open_user = Fault::NotClosed { open: "user".into(), found: "users".into() };
    assert_eq!((&error.fault, error.at), (&open_user, Position { line: 18, column: 6 }));
    assert_eq!(
        error.to_string(),
        "line 18 column 6: `</users>` while `user` is open: element `user` is not closed [EV-30/not-closed]"
    );
}

#[test]
fn closing_the_user_is_not_enough_and_the_roster_stays_as_it_was() {
    // Now it is well-formed, and read without care it would be a full document that empties the roster.
    let closed = AS_PRINTED.replace("</users>", "</user></users>");
    assert!(roxmltree::Document::parse(&closed).is_ok());
    let mut roster = creator_alone();
    let before = roster.clone();
    let error = match read(closed.as_bytes()) {
        Ok(reading) => panic!("{:?}", roster.apply(reading.document)),
        Err(error) => error,
    };
    assert_eq!(
        error.to_string(),
        "line 2 column 2: `conference-info` has no attribute `entity`; it stands in the character data: the start tag \
         is closed before its attributes [EV-55/missing-attribute]"
    );
    assert_eq!(roster, before);
    assert_eq!(present(&roster), ["sip:creator@home1.net"]);

    // Nor is it enough to give the root one of the two.
    let with_entity = closed.replace(":conference-info\">", &format!(":conference-info\" entity=\"{FOCUS}\">"));
    let error = read(with_entity.as_bytes()).unwrap_err();
    let version = Fault::MissingAttribute { element: "conference-info", attribute: "version", in_text: true };
    assert_eq!(error.fault, version);

    // Where nothing of the kind stands in the text, nothing is said of it.
    let (declaration, root) = with_entity.split_once("?>").unwrap();
    let without = format!("{declaration}?>{}", root.replace("version", "revision"));
    let version = Fault::MissingAttribute { element: "conference-info", attribute: "version", in_text: false };
    assert_eq!(read(without.as_bytes()).unwrap_err().fault, version);
}

/// The printed document with everything repaired that keeps it from being read.
fn repaired() -> String {
    AS_PRINTED
        .replace("</users>", "</user></users>")
        .replace("conference-info\">", "conference-info\"")
        .replace(" appended with px_IMS_HomeDomainName", "home1.net")
        .replace("\" value as in previous notification for conference event package but incremented by one\"", "\"2\">")
        .replace("SIP URI or tel URI of the invited user", "sip:bob@home1.net")
        .replace("Contact URI of the invited user", "sip:bob@[2001:db8::2]")
}

#[test]
fn the_repaired_document_still_makes_the_creator_vanish() {
    let reading = read(repaired().as_bytes()).unwrap();
    let rules: Vec<_> = reading.findings.iter().map(|finding| finding.rule).collect();
    let expected =
        [Tolerated::UsersDefaultFull, Tolerated::BlankInKey, Tolerated::BlankInKey, Tolerated::SrcId, Tolerated::Label];
    assert_eq!(rules, expected, "{:?}", reading.findings);
    let mut roster = creator_alone();
    assert_eq!(roster.apply(reading.document), Applied::Updated);
    assert_eq!(present(&roster), [" sip:bob@home1.net"], "the blank is part of the key");
}

#[test]
fn with_a_partial_list_of_users_the_invited_user_joins_the_creator() {
    let intended = repaired().replace("<users>", "<users state=\"partial\">").replace("\" sip:bob", "\"sip:bob");
    let reading = read(intended.as_bytes()).unwrap();
    let mut roster = creator_alone();
    assert_eq!(roster.apply(reading.document.clone()), Applied::Updated);
    assert_eq!(present(&roster), ["sip:bob@home1.net", "sip:creator@home1.net"]);
    assert_eq!(roster.apply(reading.document), Applied::Discarded(Discarded::Duplicate));
}

#[test]
fn a_networks_document_is_read() {
    let reading = read(NETWORK).unwrap();
    // The focus gives a user who has not answered a joining method.
    let rules: Vec<_> = reading.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Tolerated::JoiningMethodTooEarly]);
    let document = reading.document;
    assert_eq!((document.state, document.version), (State::Full, 3));
    assert_eq!(document.content.description.as_ref().and_then(|about| about.maximum_user_count), Some(6));
    let mut roster = Roster::new();
    roster.apply(document.clone());
    assert_eq!(present(&roster), ["sip:001011234567895@ims.mnc001.mcc001.3gppnetwork.org"]);
    let users = document.content.users.as_ref().unwrap();
    let bob = users.rows.get("sip:bob@ims.mnc001.mcc001.3gppnetwork.org").unwrap();
    let endpoint = bob.endpoints.get("sip:bob@[2001:db8:abcd:16:11::4]:5060").unwrap();
    assert_eq!(endpoint.status, Some(EndpointStatus::Pending));
    assert_eq!(endpoint.joining_method, Some(JoiningMethod::DialedOut));
    assert_eq!(Document::read(&document.write()), Ok(document));
}

#[test]
fn a_document_with_every_element_is_read_and_written_back() {
    let reading = read(EVERY_ELEMENT).unwrap();
    assert_eq!(reading.findings, []);
    let content = &reading.document.content;
    let about = content.description.as_ref().unwrap();
    assert_eq!(about.display_text.as_deref(), Some("Board & guests"));
    assert_eq!(about.free_text.as_deref(), Some("Starts <sharp>"));
    assert_eq!(about.keywords, ["budget", "board", "2026"]);
    assert_eq!(about.maximum_user_count, Some(40));
    assert_eq!(content.conference_state.as_ref().and_then(|state| state.active), Some(true));
    let users = content.users.as_ref().unwrap();
    let carol = users.rows.get("sip:carol@example.org").unwrap();
    assert_eq!((carol.roles.len(), carol.languages.len()), (2, 2));
    let endpoint = carol.endpoints.values().next().unwrap();
    assert_eq!(endpoint.referred.as_ref().and_then(|referred| referred.by.as_deref()), Some("sip:dave@example.org"));
    let battery = endpoint.extensions.first().unwrap();
    assert_eq!((battery.name.as_str(), battery.text().as_str()), ("battery", " of 2"));
    let sidebars = content.sidebars_by_val.as_ref().unwrap();
    assert!(sidebars.rows.contains_key("sips:board@conf.example.org;grid=6"));

    let written = reading.document.write();
    let again = read(&written).unwrap();
    assert_eq!(again.document, reading.document, "{}", String::from_utf8_lossy(&written));
    assert_eq!(again.findings, []);
}

/// Whatever the prefix, the order of the children or the foreign elements between them: the roster is the same.
#[test]
fn the_same_roster_in_other_words() {
    let plain = Document::read(NETWORK).unwrap();
    let text = String::from_utf8(NETWORK.to_vec()).unwrap();
    let prefixed = text
        .replace("</", "</p:")
        .replace("xmlns=", "xmlns:p=")
        .replace('<', "<p:")
        .replace("<p:/p:", "</p:")
        .replace("<p:?", "<?");
    assert_eq!(Document::read(prefixed.as_bytes()).as_ref(), Ok(&plain), "{prefixed}");

    let users = text.find("<users>").unwrap()..text.find("</users>").unwrap() + "</users>".len();
    let about = text.find("<conference-description>").unwrap();
    let mut moved = text.clone();
    moved.replace_range(users.clone(), "");
    moved.insert_str(about, &text[users]);
    let reading = read(moved.as_bytes()).unwrap();
    assert_eq!(reading.document, plain);
    assert!(reading.findings.iter().any(|finding| finding.rule == Tolerated::Order));
}

#[test]
fn a_focus_and_a_subscriber_agree_on_who_is_there() {
    let mut focus = Notifications::new(FOCUS, 1);
    let mut subscriber = Roster::new();
    let mut tell = |now: &Conference| {
        let document = focus.change(now).unwrap().unwrap();
        subscriber.apply(Document::read(&document.write()).unwrap());
        (document.state, document.version, subscriber.conference().present().map(str::to_owned).collect::<Vec<_>>())
    };
    let mut now = Document::read(NETWORK).unwrap().content;
    let alice = "sip:001011234567895@ims.mnc001.mcc001.3gppnetwork.org";
    let bob = "sip:bob@ims.mnc001.mcc001.3gppnetwork.org";
    assert_eq!(tell(&now), (State::Full, 1, vec![alice.to_owned()]));
    let status = |now: &mut Conference, status| {
        let endpoint = now.users.as_mut().and_then(|users| users.rows.get_mut(bob));
        endpoint.and_then(|bob| bob.endpoints.values_mut().next()).unwrap().status = Some(status);
    };
    status(&mut now, EndpointStatus::Connected);
    assert_eq!(tell(&now), (State::Partial, 2, vec![alice.to_owned(), bob.to_owned()]));
    status(&mut now, EndpointStatus::Disconnected);
    assert_eq!(tell(&now), (State::Partial, 3, vec![alice.to_owned()]));
    now.users.as_mut().unwrap().rows.remove(alice);
    assert_eq!(tell(&now), (State::Partial, 4, vec![]));
}
