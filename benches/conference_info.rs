//! Conference documents of a small and of a large conference: reading and writing.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use imsconf::body::conference_info::{
    Conference, Document, Endpoint, EndpointStatus, JoiningMethod, Media, User, Users, read,
};

fn user(number: u32) -> (String, User) {
    let medium = Media { kind: Some("audio".to_owned()), src_id: Some(number.to_string()), ..Media::default() };
    let endpoint = Endpoint {
        status: Some(EndpointStatus::Connected),
        joining_method: Some(JoiningMethod::DialedOut),
        media: BTreeMap::from([("1".to_owned(), medium)]),
        ..Endpoint::default()
    };
    let user = User {
        display_text: Some(format!("User {number}")),
        endpoints: BTreeMap::from([(format!("sip:user{number}@[2001:db8::{number}]:5060"), endpoint)]),
        ..User::default()
    };
    (format!("sip:user{number}@home.example"), user)
}

fn document(users: u32) -> Document {
    let rows = (0..users).map(user).collect();
    let users = Some(Users { rows, ..Users::default() });
    Document::full("sip:conf1@conf-factory.home.example", 1, Conference { users, ..Conference::default() })
}

fn conference_info(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conference-info");
    group.throughput(Throughput::Elements(1));
    for users in [3, 30] {
        let document = document(users);
        let text = document.write();
        assert_eq!(read(&text).expect("readable").document, document);
        group.bench_with_input(BenchmarkId::new("read", users), &text, |bencher, text| {
            bencher.iter(|| read(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("write", users), &document, |bencher, document| {
            bencher.iter(|| black_box(document).write());
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    conference_info(&mut criterion);
    criterion.final_summary();
}
