//! Server transactions through the table: what is a copy, what a CANCEL or an ACK belongs to, where responses go
//! (RFC 3261 sections 8.2.2.2, 9.2, 17.2 and 18.2, RFC 3581, RFC 6026).

mod transaction_support;

use imsconf::agent::{Addr, Discard};
use imsconf::time::TimerClass;
use imsconf::transaction::{
    Inbound, MAX_SERVER_TRANSACTIONS, ServerKey, TimerSettings, TransactionError, TransactionEvent, TransactionKey,
    Transactions,
};
use imsconf::wire::Message;
use transaction_support::*;

const FOREVER: u64 = 1_000_000;

fn asked(method: &str, from: Addr) -> (Transactions, ServerKey, Vec<u8>) {
    let mut table = Transactions::new(TimerSettings::rfc3261());
    let bytes = request(method, "1").into_bytes();
    let key = receive_new(&mut table, at(0), from, &bytes);
    (table, key, bytes)
}

fn respond(table: &mut Transactions, now: u64, key: &ServerKey, request: &[u8], status: u16) {
    table.respond(at(now), key, response(request, status)).expect("an open transaction");
}

/// Section 17.2.1: after 200 ms of silence, without a To tag, and not if the transaction user was faster.
#[test]
fn a_silent_transaction_user_gets_its_100_sent() {
    let (mut table, key, bytes) = asked("INVITE", client());
    assert_eq!(run_clock(&mut table.clone(), at(FOREVER)), [(200, "SIP/2.0 100 Trying".to_owned())]);

    let mut silent = table.clone();
    silent.timeout(at(200));
    let [trying] = sent_bytes(&mut silent).try_into().expect("one 100");
    assert!(String::from_utf8_lossy(&trying).contains("\r\nTo: Bob <sip:bob@biloxi.example>\r\n"));
    assert_eq!(receive(&mut silent, at(500), client(), &bytes), Inbound::Absorbed);
    assert_eq!(sent_bytes(&mut silent), [trying], "a copy of the INVITE gets a copy of the 100");

    respond(&mut table, 199, &key, &bytes, 180);
    assert_eq!(sent(&mut table), ["SIP/2.0 180 Reason"]);
    assert_eq!(run_clock(&mut table, at(FOREVER)), []);

    let (table, ..) = asked("REFER", client());
    assert_eq!(table.poll_timeout(), None, "there is no 100 to other requests");
}

/// Section 17.2.1: a 300-699 goes out until the ACK, at T1, 2*T1, ... up to T2, and Timer H gives up.
#[test]
fn a_failure_is_repeated_until_the_ack() {
    let (mut table, key, bytes) = asked("INVITE", client());
    respond(&mut table, 0, &key, &bytes, 486);
    let line = || "SIP/2.0 486 Reason".to_owned();
    assert_eq!(sent(&mut table), [line()]);

    let mut copies: Vec<_> =
        [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500].map(|at| (at, line())).into();
    copies.extend([(32_000, "no ACK".to_owned()), (32_000, "terminated".to_owned())]);
    assert_eq!(run_clock(&mut table.clone(), at(FOREVER)), copies);

    assert_eq!(receive(&mut table, at(600), client(), ack("1").as_bytes()), Inbound::Absorbed);
    assert_eq!(receive(&mut table, at(700), client(), ack("1").as_bytes()), Inbound::Absorbed);
    assert_eq!(receive(&mut table, at(700), client(), &bytes), Inbound::Absorbed);
    assert_eq!(run_clock(&mut table, at(FOREVER)), [(5600, "terminated".to_owned())], "Timer I");
}

#[test]
fn on_a_reliable_transport_a_failure_is_sent_once_and_the_ack_ends_all() {
    let (mut table, key, bytes) = asked("INVITE", over_tcp(client()));
    respond(&mut table, 0, &key, &bytes, 486);
    sent(&mut table);
    let end = [(32_000, "no ACK".to_owned()), (32_000, "terminated".to_owned())];
    assert_eq!(run_clock(&mut table.clone(), at(FOREVER)), end);
    assert_eq!(receive(&mut table, at(100), over_tcp(client()), ack("1").as_bytes()), Inbound::Absorbed);
    assert_eq!(table.server_count(), 0);
}

/// RFC 6026 section 7.1: copies of the INVITE are swallowed, copies of the 2xx and ACKs go through.
#[test]
fn an_accepted_invite_stays_for_timer_l() {
    for from in [client(), over_tcp(client())] {
        let (mut table, key, bytes) = asked("INVITE", from);
        respond(&mut table, 0, &key, &bytes, 200);
        respond(&mut table, 500, &key, &bytes, 200);
        assert_eq!(sent(&mut table), ["SIP/2.0 200 Reason"; 2]);
        assert_eq!(receive(&mut table, at(600), from, &bytes), Inbound::Absorbed);
        assert_eq!(sent(&mut table), [""; 0], "the 2xx is the transaction user's");
        assert_eq!(receive(&mut table, at(700), from, ack("1").as_bytes()), Inbound::Ack(Some(key.clone())));
        assert_eq!(receive(&mut table, at(700), from, ack("2").as_bytes()), Inbound::Ack(None), "as it should be");
        let refused = table.respond(at(800), &key, response(&bytes, 486));
        assert_eq!(refused, Err(TransactionError::Answered(Box::new(key.clone()))));
        table.transport_failed(at(900), from);
        let failed = TransactionEvent::TransportFailed(TransactionKey::Server(key.clone()));
        assert_eq!(events(&mut table), [failed], "and it stays");
        assert_eq!(run_clock(&mut table, at(FOREVER)), [(32_000, "terminated".to_owned())]);
        let over = table.respond(at(32_001), &key, response(&bytes, 200));
        assert_eq!(over, Err(TransactionError::Unknown(Box::new(TransactionKey::Server(key)))));
    }
}

/// Section 17.2.2: nothing before the first response, then always the last one.
#[test]
fn a_non_invite_copy_gets_the_last_response_again() {
    let (mut table, key, bytes) = asked("REFER", client());
    assert_eq!(receive(&mut table, at(500), client(), &bytes), Inbound::Absorbed);
    assert_eq!(sent(&mut table), [""; 0]);
    for (status, line) in [(100, "SIP/2.0 100 Reason"), (202, "SIP/2.0 202 Reason")] {
        respond(&mut table, 600, &key, &bytes, status);
        assert_eq!(receive(&mut table, at(700), client(), &bytes), Inbound::Absorbed);
        assert_eq!(sent(&mut table), [line; 2]);
    }
    assert_eq!(table.unanswered(&key), None);
    assert_eq!(run_clock(&mut table, at(FOREVER)), [(32_600, "terminated".to_owned())], "Timer J");
    assert_eq!(receive_new(&mut table, at(32_601), client(), &bytes), key, "now it is a new request");
}

/// Section 17.2.3: branch with the magic cookie, sent-by and method; nothing else.
#[test]
fn copies_are_told_from_new_requests() {
    let (table, _, _) = asked("REFER", client());
    let original = request("REFER", "1");
    let rows = [
        ("the same again", original.clone(), true),
        ("another Call-ID", original.replace("987asjd", "x"), true),
        ("another CSeq", original.replace("986759", "986760"), true),
        ("the default port written out", original.replace("192.0.2.1;", "192.0.2.1:5060;"), true),
        ("another branch", original.replace("z9hG4bK1", "z9hG4bK2"), false),
        ("another sent-by", original.replace("192.0.2.1;", "192.0.2.3;"), false),
        ("another port", original.replace("192.0.2.1;", "192.0.2.1:5062;"), false),
        ("another method", original.replace("REFER", "NOTIFY"), false),
    ];
    for (what, bytes, copy) in rows {
        let inbound = receive(&mut table.clone(), at(100), client(), bytes.as_bytes());
        assert_eq!(inbound == Inbound::Absorbed, copy, "{what}: {inbound:?}");
    }
    let mut table = Transactions::new(TimerSettings::rfc3261());
    receive_new(&mut table, at(0), client(), original.replace("192.0.2.1;", "pc.example;").as_bytes());
    let shouted = original.replace("192.0.2.1;", "PC.Example;");
    assert_eq!(receive(&mut table, at(100), client(), shouted.as_bytes()), Inbound::Absorbed, "hosts have no case");
}

/// The same section for clients of RFC 2543, whose branch says nothing.
#[test]
fn without_the_magic_cookie_the_request_itself_is_compared() {
    let old = |method: &str| request(method, "").replace(";branch=z9hG4bK", "");
    let mut table = Transactions::new(TimerSettings::rfc3261());
    let key = receive_new(&mut table, at(0), client(), old("INVITE").as_bytes());
    assert_eq!(receive(&mut table, at(1), client(), old("INVITE").as_bytes()), Inbound::Absorbed);
    let other = old("INVITE").replace("986759", "986760");
    assert_ne!(receive_new(&mut table.clone(), at(1), client(), other.as_bytes()), key);
    let inbound = receive(&mut table.clone(), at(1), client(), old("CANCEL").as_bytes());
    assert!(matches!(inbound, Inbound::Cancel { invite, .. } if invite == key));
    respond(&mut table, 1, &key, old("INVITE").as_bytes(), 486);
    let ack = old("ACK").replace("example>\r\nCall", "example>;tag=99sa0xk\r\nCall");
    assert_eq!(receive(&mut table, at(2), client(), ack.as_bytes()), Inbound::Absorbed);
    for broken in [old("INVITE").replace("Call-ID", "X"), old("INVITE").replace("986759", "many")] {
        let inbound = receive(&mut table, at(3), client(), broken.as_bytes());
        assert_eq!(inbound, Inbound::Discarded(Discard::Unmatchable));
    }
}

#[test]
fn an_ack_without_a_final_response_is_thrown_away() {
    let (table, ..) = asked("INVITE", client());
    let mut after = table.clone();
    let inbound = receive(&mut after, at(100), client(), ack("1").as_bytes());
    assert_eq!(inbound, Inbound::Discarded(Discard::StrayAck));
    assert_eq!(after, table);
}

/// Section 9.2.
#[test]
fn a_cancel_finds_its_request() {
    let cancel = request("CANCEL", "1");
    type Answered = Option<u16>;
    let rows: [(&str, Answered, &str); 5] = [
        ("INVITE", None, "effect"),
        ("INVITE", Some(180), "effect"),
        ("INVITE", Some(200), "none"),
        ("INVITE", Some(486), "none"),
        ("REFER", None, "none"),
    ];
    for (method, answered, effect) in rows {
        let (mut table, key, bytes) = asked(method, client());
        if let Some(status) = answered {
            respond(&mut table, 0, &key, &bytes, status);
        }
        match receive(&mut table, at(100), client(), cancel.as_bytes()) {
            Inbound::Cancel { cancel, invite } => {
                assert_eq!((cancel.method().as_bytes(), invite, effect), (&b"CANCEL"[..], key, "effect"));
            }
            Inbound::CancelWithoutEffect { cancel, target } => {
                assert_eq!((cancel.method().as_bytes(), target, effect), (&b"CANCEL"[..], key, "none"));
            }
            other => panic!("{method} {answered:?}: {other:?}"),
        }
        assert_eq!(receive(&mut table, at(200), client(), cancel.as_bytes()), Inbound::Absorbed, "a copy of it");
    }
    let (mut table, ..) = asked("INVITE", client());
    let other = cancel.replace("192.0.2.1;", "192.0.2.3;");
    receive_new(&mut table, at(100), client(), other.as_bytes()); // A new request, which the user answers 481.
}

/// Section 8.2.2.2: without a To tag, same From tag, Call-ID and CSeq, another branch.
#[test]
fn a_request_that_came_twice_on_different_ways_is_merged() {
    let again = request("INVITE", "2");
    let rows = [
        ("another branch", again.clone(), true),
        ("another way", again.replace("192.0.2.1;", "192.0.2.3;"), true),
        ("another From tag", again.replace("88sja8x", "x"), false),
        ("another Call-ID", again.replace("987asjd", "x"), false),
        ("another CSeq", again.replace("986759", "986760"), false),
        ("another method", again.replace("INVITE", "OPTIONS"), false),
        ("inside a dialog", again.replace("biloxi.example>\r\nCall", "biloxi.example>;tag=1\r\nCall"), false),
    ];
    for (what, bytes, merged) in rows {
        let (mut table, first, _) = asked("INVITE", client());
        assert!(!table.is_merged(&first));
        let second = receive_new(&mut table, at(100), client(), bytes.as_bytes());
        assert_eq!(table.is_merged(&second), merged, "{what}");
    }
}

/// Sections 18.2.1 and 18.2.2, RFC 3581 section 4: where the response goes, and what it says of the source.
#[test]
fn responses_go_where_the_via_and_the_source_say() {
    let source: std::net::SocketAddr = "192.0.2.1:6000".parse().expect("an address");
    let udp = Addr::udp(source);
    let rows = [
        // sent-by and parameters, source, destination, the Via in the response
        ("192.0.2.1;branch=z9hG4bK1", udp, "192.0.2.1:5060/UDP", "192.0.2.1;branch=z9hG4bK1"),
        ("192.0.2.1:5070;branch=z9hG4bK1", udp, "192.0.2.1:5070/UDP", "192.0.2.1:5070;branch=z9hG4bK1"),
        (
            "pc.example:5070;branch=z9hG4bK1",
            udp,
            "192.0.2.1:5070/UDP",
            "pc.example:5070;branch=z9hG4bK1;received=192.0.2.1",
        ),
        ("10.0.0.1;branch=z9hG4bK1", udp, "192.0.2.1:5060/UDP", "10.0.0.1;branch=z9hG4bK1;received=192.0.2.1"),
        (
            "10.0.0.1;rport;branch=z9hG4bK1",
            udp,
            "192.0.2.1:6000/UDP",
            "10.0.0.1;rport=6000;branch=z9hG4bK1;received=192.0.2.1",
        ),
        (
            "192.0.2.1;maddr=192.0.2.77;branch=z9hG4bK1",
            udp,
            "192.0.2.77:5060/UDP",
            "192.0.2.1;maddr=192.0.2.77;branch=z9hG4bK1",
        ),
        ("192.0.2.1:5070;branch=z9hG4bK1", over_tcp(udp), "192.0.2.1:6000/TCP", "192.0.2.1:5070;branch=z9hG4bK1"),
    ];
    for (via, from, destination, in_response) in rows {
        let mut table = Transactions::new(TimerSettings::rfc3261());
        let bytes = request("REFER", "1").replace("192.0.2.1;branch=z9hG4bK1", via).into_bytes();
        let key = receive_new(&mut table, at(0), from, &bytes);
        let echo = table.unanswered(&key).expect("no response yet");
        let bytes_back = echo.response(202, "Accepted", Some(b"t")).render().expect("a response");
        table.respond(at(0), &key, bytes_back).expect("an open transaction");
        let transmit = table.poll_transmit().expect("the response");
        assert_eq!(transmit.to.to_string(), destination, "{via}");
        let response = Message::parse(&transmit.bytes).expect("a response");
        let found = String::from_utf8_lossy(response.via().expect("a Via").raw).into_owned();
        assert_eq!(found, format!("SIP/2.0/UDP {in_response}"));
        if !from.transport.is_reliable() {
            assert_eq!(receive(&mut table, at(1), from, &bytes), Inbound::Absorbed, "{via}: the copy is known");
        }
    }
}

#[test]
fn what_is_no_response_is_refused_and_changes_nothing() {
    let (table, key, bytes) = asked("REFER", client());
    for no_response in [bytes.clone(), b"hello".to_vec(), b"SIP/2.0 799 What\r\n\r\n".to_vec()] {
        let mut after = table.clone();
        let error = after.respond(at(1), &key, no_response).expect_err("no response");
        assert!(matches!(error, TransactionError::NotAResponse(_)), "{error}");
        assert_eq!(after, table);
    }
}

#[test]
fn a_full_table_drops_new_requests_and_still_knows_the_old() {
    let mut table = Transactions::new(TimerSettings::rfc3261());
    for number in 0..MAX_SERVER_TRANSACTIONS {
        receive_new(&mut table, at(0), client(), request("REFER", &format!("-{number}")).as_bytes());
    }
    let before = table.clone();
    let inbound = receive(&mut table, at(1), client(), request("REFER", "x").as_bytes());
    assert_eq!(inbound, Inbound::Discarded(Discard::TableFull));
    assert_eq!(table, before);
    assert_eq!(receive(&mut table, at(1), client(), request("REFER", "-0").as_bytes()), Inbound::Absorbed);
}

/// What is only waiting for copies does not keep a system from being quiescent.
#[test]
fn timers_say_whether_something_is_still_to_happen() {
    use TimerClass::{Linger, Protocol};
    let rows: [(&str, &[u16], bool, &[TimerClass]); 7] = [
        ("INVITE", &[], false, &[Protocol]), // 200 ms
        ("INVITE", &[180], false, &[]),
        ("INVITE", &[486], false, &[Protocol, Protocol]), // G, H
        ("INVITE", &[486], true, &[Linger]),              // I
        ("INVITE", &[180, 200], false, &[Linger]),        // L
        ("REFER", &[], false, &[]),
        ("REFER", &[202], false, &[Linger]), // J
    ];
    for (method, answers, acknowledged, expected) in rows {
        let (mut table, key, bytes) = asked(method, client());
        for status in answers {
            respond(&mut table, 0, &key, &bytes, *status);
        }
        if acknowledged {
            receive(&mut table, at(100), client(), ack("1").as_bytes());
        }
        let classes: Vec<_> = table.timers().map(|timer| timer.class).collect();
        assert_eq!(classes, expected, "{method} {answers:?}");
    }
}
