//! Client transactions through the table: when copies go out, what is acknowledged, what a CANCEL needs
//! (RFC 3261 sections 9.1, 17.1 and 18.1.2, RFC 6026).

mod transaction_support;

use imsconf::agent::Discard;
use imsconf::time::TimerClass;
use imsconf::transaction::{
    ClientKey, Inbound, MAX_CLIENT_TRANSACTIONS, TimerSettings, TransactionError, TransactionEvent, TransactionKey,
    Transactions,
};
use transaction_support::*;

const FOREVER: u64 = 1_000_000;

fn started(method: &str, settings: TimerSettings) -> (Transactions, ClientKey, Vec<u8>) {
    let mut table = Transactions::new(settings);
    let bytes = request(method, "1").into_bytes();
    let key = table.request(at(0), bytes.clone(), server()).expect("a new transaction");
    assert_eq!(sent_bytes(&mut table), std::slice::from_ref(&bytes), "the request goes out unchanged");
    (table, key, bytes)
}

/// Sections 17.1.1.2 and 17.1.2.2: the times of the copies and of the end, with the timers of RFC 3261 and of IMS.
#[test]
fn without_a_response_the_request_is_repeated_until_the_time_out() {
    let rfc3261 = TimerSettings::rfc3261;
    let ims = TimerSettings::ims;
    type Row = (&'static str, TimerSettings, bool, Vec<u64>, u64);
    let table: [Row; 6] = [
        // method, settings, reliable, copies at ms, time-out at ms
        ("INVITE", rfc3261(), false, vec![500, 1500, 3500, 7500, 15_500, 31_500], 32_000),
        ("INVITE", ims(), false, vec![2000, 6000, 14_000, 30_000, 62_000, 126_000], 128_000),
        ("INVITE", rfc3261(), true, vec![], 32_000),
        (
            "REFER",
            rfc3261(),
            false,
            vec![500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
            32_000,
        ),
        (
            "REFER",
            ims(),
            false,
            vec![2000, 6000, 14_000, 30_000, 46_000, 62_000, 78_000, 94_000, 110_000, 126_000],
            128_000,
        ),
        ("REFER", rfc3261(), true, vec![], 32_000),
    ];
    for (method, settings, reliable, copies, end) in table {
        let mut transactions = Transactions::new(settings);
        let to = if reliable { over_tcp(server()) } else { server() };
        let key = transactions.request(at(0), request(method, "1").into_bytes(), to).expect("a new transaction");
        sent(&mut transactions);
        let line = format!("{method} sip:bob@biloxi.example SIP/2.0");
        let mut expected: Vec<_> = copies.into_iter().map(|at| (at, line.clone())).collect();
        expected.extend([(end, "timed out".to_owned()), (end, "terminated".to_owned())]);
        assert_eq!(run_clock(&mut transactions, at(FOREVER)), expected, "{method} {settings:?}");
        assert_eq!(transactions.client_count(), 0, "{key} is freed");
    }
}

/// A 1xx ends the copies of an INVITE and all its time limits; a non-INVITE request goes on every T2.
#[test]
fn a_provisional_response_silences_the_invite_and_slows_the_others() {
    let (mut table, client, bytes) = started("INVITE", TimerSettings::rfc3261());
    let inbound = receive(&mut table, at(100), server(), &response(&bytes, 100));
    assert_eq!(inbound, Inbound::Response { client, first: true });
    assert_eq!(table.poll_timeout(), None, "a ringing INVITE waits for ever");

    let (mut table, client, bytes) = started("REFER", TimerSettings::rfc3261());
    let inbound = receive(&mut table, at(100), server(), &response(&bytes, 100));
    assert_eq!(inbound, Inbound::Response { client, first: true });
    let times: Vec<_> = run_clock(&mut table, at(14_000)).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [500, 4500, 8500, 12_500]);
}

/// Section 17.1.1.3, the example of the RFC: the ACK to a 300-699 response, once for each copy of it.
#[test]
fn a_failure_is_acknowledged_by_the_transaction_each_time_it_comes() {
    let (mut table, client, bytes) = started("INVITE", TimerSettings::rfc3261());
    let busy = response(&bytes, 486);
    let inbound = receive(&mut table, at(100), server(), &busy);
    assert_eq!(inbound, Inbound::Response { client, first: true });
    let expected = "ACK sip:bob@biloxi.example SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        Route: <sip:p1.example;lr>,<sip:p2.example;lr>\r\n\
        From: Alice <sip:alice@atlanta.example>;tag=88sja8x\r\n\
        Call-ID: 987asjd97y7atg\r\n\
        Max-Forwards: 70\r\n\
        To: Bob <sip:bob@biloxi.example>;tag=99sa0xk\r\n\
        CSeq: 986759 ACK\r\n\
        Content-Length: 0\r\n\r\n";
    let acks = sent_bytes(&mut table);
    assert_eq!(acks.iter().map(|ack| String::from_utf8_lossy(ack)).collect::<Vec<_>>(), [expected]);

    assert_eq!(receive(&mut table, at(31_000), server(), &busy), Inbound::Absorbed);
    assert_eq!(sent_bytes(&mut table), acks);
    assert_eq!(run_clock(&mut table, at(FOREVER)), [(32_100, "terminated".to_owned())], "Timer D");
    assert_eq!(receive(&mut table, at(32_101), server(), &busy), Inbound::Discarded(Discard::StrayResponse));
}

/// RFC 6026 section 7.2: the transaction user sees every 2xx for 64*T1, and acknowledges them itself.
#[test]
fn every_2xx_reaches_the_transaction_user_until_timer_m() {
    let (mut table, client, bytes) = started("INVITE", TimerSettings::rfc3261());
    let accepted = response(&bytes, 200);
    for (now, first) in [(100, true), (600, false), (32_000, false)] {
        let inbound = receive(&mut table, at(now), server(), &accepted);
        assert_eq!(inbound, Inbound::Response { client: client.clone(), first }, "at {now}");
    }
    assert_eq!(sent(&mut table), [""; 0], "no ACK of its own");
    assert_eq!(run_clock(&mut table, at(FOREVER)), [(32_100, "terminated".to_owned())]);
    assert_eq!(receive(&mut table, at(32_101), server(), &accepted), Inbound::Discarded(Discard::StrayResponse));
}

#[test]
fn a_non_invite_final_response_is_delivered_once_and_its_copies_absorbed_for_timer_k() {
    let (mut table, client, bytes) = started("REFER", TimerSettings::rfc3261());
    let accepted = response(&bytes, 202);
    assert_eq!(receive(&mut table, at(100), server(), &accepted), Inbound::Response { client, first: true });
    assert_eq!(receive(&mut table, at(5000), server(), &accepted), Inbound::Absorbed);
    assert_eq!(receive(&mut table, at(5000), server(), &response(&bytes, 100)), Inbound::Absorbed);
    assert_eq!(run_clock(&mut table, at(FOREVER)), [(5100, "terminated".to_owned())]);
}

#[test]
fn on_a_reliable_transport_nothing_lingers_but_timer_m() {
    for (method, status, left) in [("INVITE", 486, 0), ("INVITE", 200, 1), ("REFER", 202, 0)] {
        let mut table = Transactions::new(TimerSettings::rfc3261());
        let bytes = request(method, "1").into_bytes();
        table.request(at(0), bytes.clone(), over_tcp(server())).expect("a new transaction");
        receive(&mut table, at(100), over_tcp(server()), &response(&bytes, status));
        assert_eq!(table.client_count(), left, "{method} {status}");
    }
}

/// Sections 17.1.3 and 18.1.2: branch, method of the CSeq and sent-by decide.
#[test]
fn a_response_that_matches_no_request_is_dropped_and_changes_nothing() {
    let (table, _, bytes) = started("INVITE", TimerSettings::rfc3261());
    let ok = String::from_utf8(response(&bytes, 200)).expect("text");
    let stray = Inbound::Discarded(Discard::StrayResponse);
    let unmatchable = Inbound::Discarded(Discard::Unmatchable);
    let no_response = Inbound::Discarded(Discard::NotSip);
    let rows = [
        ("another branch", ok.replace("z9hG4bK1", "z9hG4bK2"), &stray),
        ("another method", ok.replace("986759 INVITE", "986759 CANCEL"), &stray),
        ("another sent-by", ok.replace("192.0.2.1", "192.0.2.9"), &stray),
        ("another port", ok.replace("192.0.2.1;", "192.0.2.1:5062;"), &stray),
        ("no branch", ok.replace(";branch=z9hG4bK1", ""), &stray),
        ("no Via", ok.replace("Via:", "X-Via:"), &unmatchable),
        ("no CSeq", ok.replace("CSeq:", "X-CSeq:"), &unmatchable),
        ("no To", ok.replace("To:", "X-To:"), &unmatchable),
        ("status beyond 699", ok.replace("SIP/2.0 200", "SIP/2.0 799"), &no_response),
        ("cut off", ok.replace("Content-Length: 0", "Content-Length: 9"), &no_response),
    ];
    for (what, bytes, expected) in rows {
        let mut after = table.clone();
        assert_eq!(receive(&mut after, at(100), server(), bytes.as_bytes()), *expected, "{what}");
        assert_eq!(after, table, "{what} leaves no trace");
    }
    for (what, bytes) in [
        ("the default port written out", ok.replace("192.0.2.1;", "192.0.2.1:5060;")),
        ("received and rport added", ok.replace("192.0.2.1;", "192.0.2.1;received=192.0.2.7;rport=9;")),
    ] {
        let inbound = receive(&mut table.clone(), at(100), server(), bytes.as_bytes());
        assert!(matches!(inbound, Inbound::Response { .. }), "{what}: {inbound:?}");
    }
}

/// Section 9.1: not before a 1xx, not after a final response, only once, only for an INVITE.
#[test]
fn a_cancel_repeats_the_invite_and_has_its_time() {
    let (mut table, invite, bytes) = started("INVITE", TimerSettings::rfc3261());
    assert_eq!(table.cancel(at(50), &invite), Err(TransactionError::CancelTooEarly(invite.clone())));
    receive(&mut table, at(100), server(), &response(&bytes, 180));
    let cancel = table.cancel(at(1000), &invite).expect("it rings");
    assert_eq!((cancel.branch(), cancel.method().as_bytes()), (&b"z9hG4bK1"[..], &b"CANCEL"[..]));
    let expected = "CANCEL sip:bob@biloxi.example SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        Route: <sip:p1.example;lr>,<sip:p2.example;lr>\r\n\
        From: Alice <sip:alice@atlanta.example>;tag=88sja8x\r\n\
        Call-ID: 987asjd97y7atg\r\n\
        Max-Forwards: 70\r\n\
        To: Bob <sip:bob@biloxi.example>\r\n\
        CSeq: 986759 CANCEL\r\n\
        Content-Length: 0\r\n\r\n";
    let cancels = sent_bytes(&mut table);
    assert_eq!(cancels.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect::<Vec<_>>(), [expected]);

    let [request] = cancels.try_into().expect("one CANCEL");
    let answer = receive(&mut table, at(1100), server(), &response(&request, 200));
    assert_eq!(answer, Inbound::Response { client: cancel.clone(), first: true });
    assert_eq!(table.cancel(at(1200), &invite), Err(TransactionError::BranchInUse(cancel.clone())));

    let mut answered = table.clone();
    let last = receive(&mut answered, at(1300), server(), &response(&bytes, 487));
    assert_eq!(last, Inbound::Response { client: invite.clone(), first: true });
    assert_eq!(sent(&mut answered), ["ACK sip:bob@biloxi.example SIP/2.0"]);

    let mut silent = table;
    silent.timeout(at(6100));
    assert_eq!(events(&mut silent), [TransactionEvent::Terminated(TransactionKey::Client(cancel))]);
    assert_eq!(silent.cancel(at(6200), &invite), Err(TransactionError::CancelTooLate(invite.clone())));
    silent.timeout(at(33_000));
    let ended = TransactionEvent::Terminated(TransactionKey::Client(invite.clone()));
    assert_eq!(events(&mut silent), [TransactionEvent::TimedOut(invite), ended]);
}

#[test]
fn what_is_no_request_of_ours_is_refused_and_changes_nothing() {
    let (table, invite, bytes) = started("INVITE", TimerSettings::rfc3261());
    let text = request("REFER", "2");
    type Check = fn(&TransactionError) -> bool;
    let rows: [(&str, Vec<u8>, Check); 7] = [
        ("an ACK", ack("2").into_bytes(), |error| *error == TransactionError::Ack),
        ("a response", response(&bytes, 200), |error| matches!(error, TransactionError::NotARequest(_))),
        ("noise", b"hello".to_vec(), |error| matches!(error, TransactionError::NotARequest(_))),
        ("no cookie", text.replace("z9hG4bK", "").into_bytes(), |error| *error == TransactionError::NoBranch),
        ("no branch", text.replace(";branch=z9hG4bK2", "").into_bytes(), |error| *error == TransactionError::NoBranch),
        ("no Via", text.replace("Via:", "X:").into_bytes(), |error| matches!(error, TransactionError::Header(_))),
        ("the same branch", bytes.clone(), |error| matches!(error, TransactionError::BranchInUse(_))),
    ];
    for (what, bytes, expected) in rows {
        let mut after = table.clone();
        let error = after.request(at(100), bytes, server()).expect_err(what);
        assert!(expected(&error), "{what}: {error}");
        assert_eq!(after, table, "{what} leaves no trace");
    }
    let mut after = table.clone();
    let missing = TransactionError::Unknown(Box::new(TransactionKey::Client(invite.clone())));
    after.transport_failed(at(100), server());
    assert_eq!(after.cancel(at(100), &invite), Err(missing));
}

#[test]
fn a_full_table_refuses_another_request() {
    let mut table = Transactions::new(TimerSettings::rfc3261());
    for number in 0..MAX_CLIENT_TRANSACTIONS {
        let bytes = request("REFER", &format!("-{number}")).into_bytes();
        table.request(at(0), bytes, server()).expect("there is room");
    }
    let one_too_many = table.request(at(0), request("REFER", "x").into_bytes(), server());
    assert_eq!(one_too_many, Err(TransactionError::Full(MAX_CLIENT_TRANSACTIONS)));
    assert_eq!(table.client_count(), MAX_CLIENT_TRANSACTIONS);
}

/// Section 17.1.4: told to the transaction user, and over.
#[test]
fn a_transport_error_ends_what_is_being_sent_to_that_address_only() {
    let (mut table, client, _) = started("REFER", TimerSettings::rfc3261());
    let elsewhere = over_tcp(server());
    let other = table.request(at(0), request("REFER", "2").into_bytes(), elsewhere).expect("a new transaction");
    table.transport_failed(at(100), server());
    let key = TransactionKey::Client(client);
    let expected = [TransactionEvent::TransportFailed(key.clone()), TransactionEvent::Terminated(key)];
    assert_eq!(events(&mut table), expected);
    assert_eq!(table.client_count(), 1, "{other} is still there");
}

#[test]
fn early_time_outs_change_nothing_and_late_ones_fire_everything_due() {
    let (table, _, _) = started("INVITE", TimerSettings::rfc3261());
    let mut early = table.clone();
    early.timeout(at(499));
    assert_eq!(early, table);
    let mut late = table;
    late.timeout(at(40_000));
    assert_eq!(sent(&mut late).len(), 1, "one copy, not those of all the time that was missed");
    assert_eq!(events(&mut late).len(), 2, "timed out and terminated");
}

/// Timers of different transactions fire in the order of their times, whatever their keys.
#[test]
fn a_late_call_fires_in_the_order_of_time() {
    let mut table = Transactions::new(TimerSettings::rfc3261());
    for (now, method, branch) in [(0, "REFER", "2"), (100, "NOTIFY", "1")] {
        table.request(at(now), request(method, branch).into_bytes(), server()).expect("a new transaction");
    }
    sent(&mut table);
    table.timeout(at(700));
    let line = |method: &str| format!("{method} sip:bob@biloxi.example SIP/2.0");
    assert_eq!(sent(&mut table), [line("REFER"), line("NOTIFY")]);
}

/// What is only waiting for copies does not keep a system from being quiescent.
#[test]
fn timers_say_whether_something_is_still_to_happen() {
    use TimerClass::{Linger, Protocol};
    let rows: [(&str, Option<u16>, &[TimerClass]); 6] = [
        ("INVITE", None, &[Protocol, Protocol]), // A, B
        ("INVITE", Some(180), &[]),
        ("INVITE", Some(486), &[Linger]),            // D
        ("INVITE", Some(200), &[Linger]),            // M
        ("REFER", Some(100), &[Protocol, Protocol]), // E, F
        ("REFER", Some(202), &[Linger]),             // K
    ];
    for (method, status, expected) in rows {
        let (mut table, _, bytes) = started(method, TimerSettings::rfc3261());
        if let Some(status) = status {
            receive(&mut table, at(100), server(), &response(&bytes, status));
        }
        assert_eq!(table.timers().map(|timer| timer.class).collect::<Vec<_>>(), expected, "{method} {status:?}");
    }
}
