//! What the transaction tests share: messages of two parties, and drains of a table's queues.

// Every test file is a crate of its own and uses its part of this.
#![allow(dead_code)]

use imsconf::agent::{Addr, Transport};
use imsconf::time::Time;
use imsconf::transaction::{Inbound, ServerKey, TransactionEvent, Transactions};
use imsconf::wire::{Message, response_to};

/// The party that sends requests, as its Via names it.
pub(crate) fn client() -> Addr {
    Addr::udp("192.0.2.1:5060".parse().expect("an address"))
}

/// The party that answers.
pub(crate) fn server() -> Addr {
    Addr::udp("192.0.2.2:5060".parse().expect("an address"))
}

/// The same over TCP.
pub(crate) fn over_tcp(addr: Addr) -> Addr {
    Addr { transport: Transport::Tcp, ..addr }
}

pub(crate) fn at(milliseconds: u64) -> Time {
    Time::from_millis(milliseconds)
}

/// A request of the client with this branch behind the magic cookie.
pub(crate) fn request(method: &str, branch: &str) -> String {
    format!(
        "{method} sip:bob@biloxi.example SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch}\r\n\
         Route: <sip:p1.example;lr>,<sip:p2.example;lr>\r\n\
         Max-Forwards: 70\r\n\
         From: Alice <sip:alice@atlanta.example>;tag=88sja8x\r\n\
         To: Bob <sip:bob@biloxi.example>\r\n\
         Call-ID: 987asjd97y7atg\r\n\
         CSeq: 986759 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// A response to `request`, with a To tag if it is not a 100.
pub(crate) fn response(request: &[u8], status: u16) -> Vec<u8> {
    let request = Message::parse(request).expect("a request");
    let tag = (status > 100).then_some("99sa0xk");
    response_to(&request, status, "Reason", tag).render().expect("a response")
}

/// The ACK of RFC 3261 section 17.1.1.3 to a failure, or with another branch that to a 2xx.
pub(crate) fn ack(branch: &str) -> String {
    request("ACK", branch).replace("To: Bob <sip:bob@biloxi.example>", "To: Bob <sip:bob@biloxi.example>;tag=99sa0xk")
}

/// Gives bytes to a table.
pub(crate) fn receive(table: &mut Transactions, now: Time, from: Addr, bytes: &[u8]) -> Inbound {
    table.receive(now, from, &Message::parse(bytes).expect("a message"))
}

/// Gives a new request to a table.
pub(crate) fn receive_new(table: &mut Transactions, now: Time, from: Addr, bytes: &[u8]) -> ServerKey {
    match receive(table, now, from, bytes) {
        Inbound::Request(key) => key,
        other => panic!("{other:?} instead of a new request"),
    }
}

/// The start lines of what the table wants sent, each with its destination if that is not the other party.
pub(crate) fn sent(table: &mut Transactions) -> Vec<String> {
    std::iter::from_fn(|| table.poll_transmit())
        .map(|transmit| {
            let line = String::from_utf8_lossy(&transmit.bytes).lines().next().unwrap_or_default().to_owned();
            let usual = transmit.to.socket == client().socket || transmit.to.socket == server().socket;
            if usual { line } else { format!("{line} to {}", transmit.to) }
        })
        .collect()
}

/// The bytes of what the table wants sent.
pub(crate) fn sent_bytes(table: &mut Transactions) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| table.poll_transmit()).map(|transmit| transmit.bytes).collect()
}

/// The events of the table.
pub(crate) fn events(table: &mut Transactions) -> Vec<TransactionEvent> {
    std::iter::from_fn(|| table.poll_event()).collect()
}

/// When the table acts by itself and what it sends then, until it has no timer left or `until` is passed.
pub(crate) fn run_clock(table: &mut Transactions, until: Time) -> Vec<(u64, String)> {
    let mut log = Vec::new();
    while let Some(now) = table.poll_timeout().filter(|now| *now <= until) {
        table.timeout(now);
        log.extend(sent(table).into_iter().map(|line| (now.as_millis(), line)));
        for event in events(table) {
            let name = match event {
                TransactionEvent::TimedOut(_) => "timed out",
                TransactionEvent::AckTimedOut(_) => "no ACK",
                TransactionEvent::TransportFailed(_) => "transport failed",
                TransactionEvent::Terminated(_) => "terminated",
            };
            log.push((now.as_millis(), name.to_owned()));
        }
    }
    log
}
