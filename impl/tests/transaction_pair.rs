//! Two tables with a network between them that loses and doubles datagrams: every pattern of faults over the first
//! datagrams leads to the same outcome, and leaves nothing behind (RFC 3261 section 17: why transactions exist).

mod transaction_support;

use imsconf::time::Time;
use imsconf::transaction::{Inbound, ServerKey, TimerSettings, TransactionEvent, Transactions};
use imsconf::wire::Message;
use transaction_support::*;

/// What happens to a datagram on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Doubled,
}

/// One party's transactions and what its transaction user saw.
#[derive(Debug)]
struct Party {
    table: Transactions,
    seen: Vec<String>,
}

impl Party {
    fn new() -> Self {
        Self { table: Transactions::new(TimerSettings::rfc3261()), seen: Vec::new() }
    }
}

/// Both parties and the network. The server's transaction user gives one final response at once.
struct Pair {
    client: Party,
    server: Party,
    answer: u16,
    /// The fates of the first `fated` datagrams, the digits of a number to the base of three; the later ones arrive.
    pattern: u32,
    fated: u32,
    datagrams: u32,
    now: Time,
}

impl Pair {
    fn fate(&mut self) -> Fate {
        let digit = if self.datagrams < self.fated { self.pattern / 3_u32.pow(self.datagrams) % 3 } else { 0 };
        self.datagrams += 1;
        match digit {
            0 => Fate::Arrives,
            1 => Fate::Lost,
            _ => Fate::Doubled,
        }
    }

    /// Delivers everything that is on its way.
    fn exchange(&mut self) {
        loop {
            let (to_server, transmit) = match self.client.table.poll_transmit() {
                Some(transmit) => (true, transmit),
                None => match self.server.table.poll_transmit() {
                    Some(transmit) => (false, transmit),
                    None => return,
                },
            };
            let copies = match self.fate() {
                Fate::Arrives => 1,
                Fate::Lost => 0,
                Fate::Doubled => 2,
            };
            for _ in 0..copies {
                if to_server { self.at_server(&transmit.bytes) } else { self.at_client(&transmit.bytes) }
            }
        }
    }

    fn at_server(&mut self, bytes: &[u8]) {
        match receive(&mut self.server.table, self.now, client(), bytes) {
            Inbound::Request(key) => {
                self.server.seen.push(key.method().to_string());
                self.answer(&key, bytes);
            }
            Inbound::Ack(_) => self.server.seen.push("ACK".to_owned()),
            Inbound::Absorbed => {}
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, key: &ServerKey, bytes: &[u8]) {
        self.server.table.respond(self.now, key, response(bytes, self.answer)).expect("a new transaction");
    }

    fn at_client(&mut self, bytes: &[u8]) {
        let message = Message::parse(bytes).expect("a response");
        match self.client.table.receive(self.now, server(), &message) {
            Inbound::Response { first, .. } => {
                if first {
                    self.client.seen.push(message.status().expect("a status").to_string());
                }
            }
            Inbound::Absorbed => {}
            other => panic!("{other:?}"),
        }
    }

    /// Runs until no timer is left.
    fn run(&mut self, method: &str) {
        let bytes = request(method, "1").into_bytes();
        self.client.table.request(self.now, bytes, server()).expect("a new transaction");
        self.exchange();
        while let Some(next) = [&self.client, &self.server].iter().filter_map(|party| party.table.poll_timeout()).min()
        {
            self.now = next;
            for party in [&mut self.client, &mut self.server] {
                party.table.timeout(next);
                for event in events(&mut party.table) {
                    if !matches!(event, TransactionEvent::Terminated(_)) {
                        party.seen.push(format!("{event:?}"));
                    }
                }
            }
            self.exchange();
        }
    }
}

/// As long as fewer datagrams are lost than there are copies, everything gets through: seven for an INVITE before
/// Timer B, eleven for another request before Timer F.
#[test]
fn every_pattern_of_losses_and_copies_ends_the_same_and_leaves_nothing() {
    for (method, answer, fated) in [("REFER", 202, 8), ("REFER", 603, 8), ("INVITE", 486, 6)] {
        for pattern in 0..3_u32.pow(fated) {
            let mut pair = Pair {
                client: Party::new(),
                server: Party::new(),
                answer,
                pattern,
                fated,
                datagrams: 0,
                now: Time::EPOCH,
            };
            pair.run(method);
            let context = format!("{method} {answer} with fates {pattern}");
            assert_eq!(pair.server.seen, [method], "{context}");
            assert_eq!(pair.client.seen, [answer.to_string()], "{context}");
            assert_eq!((pair.client.table.client_count(), pair.server.table.server_count()), (0, 0), "{context}");
        }
    }
}
