//! Damaged messages: nothing that arrives makes a table panic, and what it throws away leaves no trace
//! (the contract of `imsconf::agent`).

mod transaction_support;

use imsconf::transaction::{Inbound, TimerSettings, Transactions};
use imsconf::wire::Message;
use proptest::prelude::*;
use transaction_support::*;

/// A table in which each kind of transaction waits for something.
fn busy_table() -> Transactions {
    let mut table = Transactions::new(TimerSettings::rfc3261());
    for (method, branch) in [("INVITE", "1"), ("REFER", "2")] {
        table.request(at(0), request(method, branch).into_bytes(), server()).expect("a new transaction");
    }
    for (method, branch, status) in
        [("INVITE", "3", 0), ("INVITE", "4", 486), ("INVITE", "5", 200), ("NOTIFY", "6", 0), ("NOTIFY", "7", 200)]
    {
        let bytes = request(method, branch).into_bytes();
        let key = receive_new(&mut table, at(0), client(), &bytes);
        if status > 0 {
            table.respond(at(0), &key, response(&bytes, status)).expect("an open transaction");
        }
    }
    sent(&mut table);
    table
}

/// Messages that the table has a use for.
fn messages() -> Vec<Vec<u8>> {
    let mut messages = vec![
        response(request("INVITE", "1").as_bytes(), 180),
        response(request("INVITE", "1").as_bytes(), 486),
        response(request("REFER", "2").as_bytes(), 202),
        ack("4").into_bytes(),
        ack("5").into_bytes(),
    ];
    let requests =
        [("INVITE", "3"), ("CANCEL", "3"), ("CANCEL", "5"), ("NOTIFY", "7"), ("REFER", "8"), ("INVITE", "9")];
    messages.extend(requests.map(|(method, branch)| request(method, branch).into_bytes()));
    messages
}

proptest! {
    #[test]
    fn damage_never_panics_and_what_is_discarded_leaves_no_trace(
        which in 0..11_usize,
        cut in 0..40_usize,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = messages().swap_remove(which);
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        if let Ok(message) = Message::parse(&bytes) {
            let before = busy_table();
            let mut after = before.clone();
            let inbound = after.receive(at(100), client(), &message);
            if matches!(inbound, Inbound::Discarded(_)) {
                prop_assert_eq!(&after, &before);
            }
            run_clock(&mut after, at(1_000_000));
            let mut twin = before;
            prop_assert_eq!(twin.receive(at(100), client(), &message), inbound, "same input, same meaning");
        }
    }
}
