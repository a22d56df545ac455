//! Both ends of an INVITE usage against each other: every order of the users' wishes and of the messages between them
//! (the crossings of RFC 5407 sections 3.1.2, 3.1.3, 3.1.6, 3.2.1 and 3.2.4), with a lost ACK and a repeated 2xx.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use imsconf::time::Time;
use imsconf::usage::{Callee, CalleeOutput, CalleeState, Caller, CallerOutput};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Message {
    Trying,
    Ringing,
    Success,
    Refusal,
    Ack,
    Cancel,
    ByeToCallee,
    ByeToCaller,
    AnswerToCaller,
    AnswerToCallee,
}

/// What a user, a timer or the network may do beside delivering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Wish {
    Trying,
    Ring,
    Accept,
    Refuse,
    CallerHangsUp,
    CalleeHangsUp,
    RepeatSuccess,
    LoseAck,
}

const WISHES: [Wish; 8] = [
    Wish::Trying,
    Wish::Ring,
    Wish::Accept,
    Wish::Refuse,
    Wish::CallerHangsUp,
    Wish::CalleeHangsUp,
    Wish::RepeatSuccess,
    Wish::LoseAck,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session {
    caller: Caller,
    callee: Callee,
    /// How often each message is on its way; in no order.
    network: BTreeMap<Message, u8>,
    /// Each wish is granted once.
    spent: Vec<Wish>,
    acknowledged: bool,
    waited_for_ack: bool,
    established_again: bool,
}

impl Session {
    /// The INVITE has arrived.
    fn new() -> Self {
        Self {
            caller: Caller::default(),
            callee: Callee::new(T1, T2),
            network: BTreeMap::new(),
            spent: Vec::new(),
            acknowledged: false,
            waited_for_ack: false,
            established_again: false,
        }
    }

    fn send(&mut self, message: Message) {
        *self.network.entry(message).or_default() += 1;
    }

    fn take(&mut self, message: Message) -> bool {
        match self.network.get_mut(&message) {
            Some(1) => self.network.remove(&message).is_some(),
            Some(count) => {
                *count -= 1;
                true
            }
            None => false,
        }
    }

    fn caller_does(&mut self, output: CallerOutput) {
        match output {
            CallerOutput::Nothing | CallerOutput::Failed(_) | CallerOutput::Ended => {}
            CallerOutput::SendAgain => unreachable!("this callee challenges nobody"),
            CallerOutput::SendCancel => self.send(Message::Cancel),
            CallerOutput::Establish | CallerOutput::SendAck => self.send(Message::Ack),
            CallerOutput::SendAckAndBye => {
                self.send(Message::Ack);
                self.send(Message::ByeToCallee);
            }
            CallerOutput::SendBye => self.send(Message::ByeToCallee),
            CallerOutput::AnswerBye | CallerOutput::AnswerByeAgain | CallerOutput::NoSession => {
                self.send(Message::AnswerToCallee);
            }
        }
    }

    fn callee_does(&mut self, output: CalleeOutput) {
        match output {
            CalleeOutput::Nothing | CalleeOutput::TooLate | CalleeOutput::Established | CalleeOutput::Ended => {}
            CalleeOutput::RefuseInvite => self.send(Message::Refusal),
            CalleeOutput::Resend(_) => self.send(Message::Success),
            CalleeOutput::SendBye => {
                assert!(self.acknowledged || self.waited_for_ack, "a BYE before the ACK: {self:?}");
                self.send(Message::ByeToCaller);
            }
            CalleeOutput::AnswerBye | CalleeOutput::AnswerByeAgain | CalleeOutput::NoSession => {
                self.send(Message::AnswerToCaller);
            }
            CalleeOutput::AnswerByeAndRefuse => {
                self.send(Message::AnswerToCaller);
                self.send(Message::Refusal);
            }
        }
    }

    fn deliver(&mut self, message: Message) {
        let was_over = self.caller.is_over();
        match message {
            Message::Trying | Message::Ringing => {
                let output = self.caller.on_provisional();
                self.caller_does(output);
            }
            Message::Success => {
                let output = self.caller.on_success();
                self.caller_does(output);
            }
            Message::Refusal => {
                let output = self.caller.on_failure(487);
                self.caller_does(output);
            }
            Message::Ack => {
                self.acknowledged = true;
                let output = self.callee.on_ack();
                self.callee_does(output);
            }
            Message::Cancel => {
                let output = self.callee.on_cancel();
                self.callee_does(output);
            }
            Message::ByeToCallee => {
                let output = self.callee.on_bye();
                self.callee_does(output);
            }
            Message::ByeToCaller => {
                let output = self.caller.on_bye();
                self.caller_does(output);
            }
            Message::AnswerToCaller => {
                let output = self.caller.on_bye_answered();
                self.caller_does(output);
            }
            Message::AnswerToCallee => {
                let output = self.callee.on_bye_answered();
                self.callee_does(output);
            }
        }
        self.established_again |= was_over && !self.caller.is_over();
    }

    /// Grants `wish` if the situation allows it and it was not granted before.
    fn grant(&mut self, wish: Wish) -> bool {
        let undecided = matches!(self.callee.state(), CalleeState::Preparative | CalleeState::Early);
        let possible = match wish {
            // The server transaction's own 100.
            Wish::Trying => undecided,
            Wish::Ring | Wish::Accept | Wish::Refuse => undecided,
            Wish::CallerHangsUp | Wish::CalleeHangsUp => true,
            Wish::RepeatSuccess => self.callee.state() == CalleeState::Moratorium,
            Wish::LoseAck => self.take(Message::Ack),
        };
        if !possible || self.spent.contains(&wish) {
            return false;
        }
        self.spent.push(wish);
        self.spent.sort_unstable();
        match wish {
            Wish::Trying => self.send(Message::Trying),
            Wish::Ring => {
                self.callee.progress();
                self.send(Message::Ringing);
            }
            Wish::Accept => {
                self.callee.accept(Time::EPOCH, b"200".to_vec());
                self.send(Message::Success);
            }
            Wish::Refuse => {
                self.callee.refuse();
                self.send(Message::Refusal);
            }
            Wish::CallerHangsUp => {
                let output = self.caller.hang_up();
                self.caller_does(output);
            }
            Wish::CalleeHangsUp => {
                let output = self.callee.hang_up();
                self.callee_does(output);
            }
            Wish::RepeatSuccess => {
                let output = self.callee.on_timeout(Time::EPOCH + T1);
                assert!(matches!(output, CalleeOutput::Resend(_)), "due: {output:?}");
                self.callee_does(output);
            }
            Wish::LoseAck => {}
        }
        true
    }

    /// Nothing is on its way: the long wait for an ACK ends, if one is awaited.
    fn wait(&mut self) -> bool {
        if !self.network.is_empty() || self.callee.state() != CalleeState::Moratorium {
            return false;
        }
        self.waited_for_ack = true;
        let output = self.callee.on_timeout(Time::EPOCH + 64 * T1);
        self.callee_does(output);
        true
    }

    fn successors(&self) -> Vec<Self> {
        let deliveries = self.network.keys().map(|message| {
            let mut next = self.clone();
            next.take(*message);
            next.deliver(*message);
            next
        });
        let wishes = WISHES.iter().filter_map(|wish| {
            let mut next = self.clone();
            next.grant(*wish).then_some(next)
        });
        let mut waited = self.clone();
        let waiting = waited.wait().then_some(waited);
        deliveries.chain(wishes).chain(waiting).collect()
    }

    /// Nothing is on its way and nobody waits for a timer: both ends have to agree.
    fn check_rest(&self) {
        if !self.network.is_empty() || self.callee.state() == CalleeState::Moratorium {
            return;
        }
        let agree = match self.callee.state() {
            CalleeState::Established => self.caller == Caller::Established,
            CalleeState::Morgue => self.caller == Caller::Morgue,
            CalleeState::Preparative | CalleeState::Early => {
                matches!(self.caller, Caller::Calling | Caller::CallingGivenUp | Caller::Proceeding)
            }
            CalleeState::Moratorium | CalleeState::Mortal => false,
        };
        assert!(agree, "the two ends disagree: {self:?}");
        let hung_up = [Wish::CallerHangsUp, Wish::CalleeHangsUp].iter().any(|wish| self.spent.contains(wish));
        // Only before any provisional response has the caller to wait.
        let may_wait = self.caller == Caller::CallingGivenUp && !self.spent.contains(&Wish::Trying);
        assert!(!hung_up || may_wait || self.caller.is_over(), "somebody hung up and nothing followed: {self:?}");
    }
}

#[test]
fn every_crossing_ends_with_both_ends_agreeing() {
    let mut seen = HashSet::from([Session::new()]);
    let mut open = vec![Session::new()];
    let mut ends = HashSet::new();
    while let Some(session) = open.pop() {
        assert!(!session.established_again, "what is over stays over: {session:?}");
        session.check_rest();
        let successors = session.successors();
        if successors.is_empty() {
            ends.insert((session.caller, session.callee.state()));
        }
        open.extend(successors.into_iter().filter(|next| seen.insert(next.clone())));
    }
    assert_eq!(ends, HashSet::from([(Caller::Morgue, CalleeState::Morgue)]), "after both hung up nothing is left");
    assert!(seen.len() > 1000, "only {} situations", seen.len());
}
