//! Conference documents of 3, 30 and 300 users, and one that a network sent: reading and writing, beside what the XML
//! libraries need for the same document when nothing is understood or judged.
//!
//! What is measured and its peers: `read` (into a roster, every check on) beside `roxmltree` (its tree) and `NsReader`
//! (every event, its namespace resolved); `write` (from the values) beside `Writer` (the events of the same document,
//! escaped already). What a run leaves behind is freed outside of what is measured.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use imsconf::body::conference_info::{
    Applied, Conference, Document, Endpoint, EndpointStatus, JoiningMethod, Media, MediaStatus, Roster, Rows, User,
    Users, read,
};
use quick_xml::events::Event;
use quick_xml::{NsReader, Reader, Writer};

/// A document of two users as it came from a network, indented.
const NETWORK: &[u8] = include_bytes!("../impl/tests/messages/conference-info.xml");

fn user(number: u32) -> (String, User) {
    let medium = Media {
        kind: Some("audio".into()),
        src_id: Some((432_000 + number).to_string().into()),
        status: Some(MediaStatus::SendRecv),
        ..Media::default()
    };
    let endpoint = Endpoint {
        status: Some(EndpointStatus::Connected),
        joining_method: Some(JoiningMethod::DialedOut),
        media: Rows::from([("1".to_owned(), medium)]),
        ..Endpoint::default()
    };
    let contact = format!("sip:user{number}@[2001:db8:abcd:16:11::{number}]:5060");
    let user = User {
        display_text: Some(format!("User {number}").into()),
        endpoints: Rows::from([(contact, endpoint)]),
        ..User::default()
    };
    (format!("sip:user{number}@ims.mnc001.mcc001.3gppnetwork.org"), user)
}

fn document(users: u32) -> Document {
    let rows = (0..users).map(user).collect();
    let users = Some(Users { rows, ..Users::default() });
    let entity = "sip:conf8123@mrfc.ims.mnc001.mcc001.3gppnetwork.org:5070";
    Document::full(entity, 1, Conference { users, ..Conference::default() })
}

fn applied(document: Document) -> Roster {
    let mut roster = Roster::new();
    assert_eq!(roster.apply(document), Applied::First);
    roster
}

/// Every event and the namespace of its name.
fn resolve(text: &[u8]) {
    let mut reader = NsReader::from_reader(text);
    loop {
        match reader.read_resolved_event().expect("well-formed") {
            (_, Event::Eof) => break,
            event => drop(black_box(event)),
        }
    }
}

fn events(text: &[u8]) -> Vec<Event<'static>> {
    let mut reader = Reader::from_reader(text);
    let next = || Some(reader.read_event().expect("well-formed").into_owned()).filter(|event| *event != Event::Eof);
    std::iter::from_fn(next).collect()
}

fn rewrite(events: &[Event<'_>]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for event in events {
        writer.write_event(event.borrow()).expect("memory");
    }
    writer.into_inner()
}

fn conference_info(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conference-info");
    let network = Document::read(NETWORK).expect("readable");
    let written = [3, 30, 300].map(|users| (users.to_string(), document(users), document(users).write()));
    for (name, document, text) in [("network".to_owned(), network, NETWORK.to_vec())].into_iter().chain(written) {
        let own = document.write();
        let events = events(&own);
        assert_eq!(read(&text).expect("readable").document, document);
        assert_eq!(rewrite(&events), own);
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut measure = |what: &str, run: &dyn Fn() -> Vec<u8>| {
            let id = BenchmarkId::new(what, &name);
            group.bench_function(id, |bencher| bencher.iter_with_large_drop(run));
        };
        measure("write", &|| black_box(&document).write());
        measure("Writer", &|| rewrite(black_box(&events)));
        let text = text.as_slice();
        group.bench_function(BenchmarkId::new("read", &name), |bencher| {
            bencher.iter_with_large_drop(|| applied(read(black_box(text)).expect("readable").document));
        });
        group.bench_function(BenchmarkId::new("roxmltree", &name), |bencher| {
            let text = std::str::from_utf8(text).expect("UTF-8");
            bencher.iter_with_large_drop(|| roxmltree::Document::parse(black_box(text)));
        });
        group.bench_function(BenchmarkId::new("NsReader", &name), |bencher| {
            bencher.iter(|| resolve(black_box(text)));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    conference_info(&mut criterion);
    criterion.final_summary();
}
