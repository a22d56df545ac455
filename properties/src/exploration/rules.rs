//! What RFC 3261 section 17 and RFC 6026 ask of a transaction, as rules about what goes in and what comes out.
//!
//! Nothing here is taken from the machines: [`Saw`] is what somebody beside the machine remembers, [`Rules`] says what
//! may follow. A rule that is broken is named by a sentence. Read first: RFC 3261 sections 17.1 and 17.2, RFC 6026
//! section 8.

use imsconf::transaction::{Inbound, TransactionError, TransactionEvent, TransactionKey};

use super::alone::{Input, Machine};
use crate::oracle::Sip;

/// What was seen of a machine so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Saw {
    answer: Answer,
    /// Of an INVITE client: a CANCEL went out; of a server: a CANCEL came.
    cancelled: bool,
    /// Of an INVITE server: the ACK came; or it said that none will.
    acknowledged: bool,
    /// Of an INVITE server: it said 100 by itself.
    trying: bool,
    over: bool,
}

/// The best answer that there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Answer {
    #[default]
    None,
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 300 to 699; to a non-INVITE any final one.
    Failure,
}

impl Saw {
    /// Whether the transaction is freed.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}

/// What came out of a machine in one step.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What it makes of a message.
    pub(super) inbound: Option<Inbound>,
    /// Why it does not do what its user wants.
    pub(super) refused: Option<TransactionError>,
    /// What it sends.
    pub(super) sent: Vec<Vec<u8>>,
    /// What it tells its user.
    pub(super) events: Vec<TransactionEvent>,
}

impl Heard {
    fn is_silent(&self) -> bool {
        self.sent.is_empty() && self.events.is_empty()
    }

    /// Whether it told its user something of this kind.
    fn told(&self, is: impl Fn(&TransactionEvent) -> bool) -> bool {
        self.events.iter().any(is)
    }

    /// The one message that it sent, if it was one.
    fn one(&self) -> Option<Sip> {
        match self.sent.as_slice() {
            [bytes] => Sip::read(bytes).ok(),
            _ => None,
        }
    }
}

/// The rules for one machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'r> {
    pub(super) machine: Machine,
    pub(super) reliable: bool,
    pub(super) request: &'r [u8],
}

/// A rule, where it is not kept.
type Verdict = Result<(), &'static str>;

const fn rule(holds: bool, text: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(text) }
}

impl Rules<'_> {
    /// What comes out at the start.
    pub(super) fn start(&self, heard: &Heard) -> Verdict {
        rule(heard.events.is_empty() && heard.refused.is_none(), "a transaction begins without a word")?;
        if self.machine.is_client() {
            rule(heard.sent == [self.request], "a client begins by sending its request once (17.1.1.2, 17.1.2.2)")
        } else {
            let new = matches!(heard.inbound, Some(Inbound::Request(_)));
            rule(new && heard.sent.is_empty(), "a new request goes to the user, and nothing is sent (17.2.1, 17.2.2)")
        }
    }

    /// Checks one step; what is seen after it.
    pub(super) fn check(&self, before: &Saw, input: Input, heard: &Heard) -> Result<Saw, &'static str> {
        if before.over {
            let stray = match &heard.inbound {
                None => true,
                // That is for the transaction of a CANCEL, which may outlive the one that it cancels.
                Some(_) if input == Input::Cancelled => true,
                Some(inbound) => matches!(inbound, Inbound::Discarded(_) | Inbound::Ack(None)),
            };
            // The transaction of a CANCEL may still be repeating.
            let of_cancel = heard.sent.iter().all(|bytes| bytes.starts_with(b"CANCEL "));
            rule(stray && of_cancel, "a transaction that is freed does nothing any more")?;
            rule(!heard.told(|event| self.is_own(event)), "a transaction that is freed says nothing any more")?;
            return Ok(*before);
        }
        let mut after = if self.machine.is_client() {
            self.client(before, input, heard)?
        } else {
            self.server(before, input, heard)?
        };
        after.over = heard.told(|event| matches!(event, TransactionEvent::Terminated(_)) && self.is_own(event));
        let last = heard.events.iter().rev().find(|event| self.is_own(event));
        let ends = last.is_none_or(|event| matches!(event, TransactionEvent::Terminated(_)) == after.over);
        rule(ends, "the end is the last that is heard of a transaction")?;
        Ok(after)
    }

    /// Whether an event is about the machine, not about the transaction of a CANCEL.
    fn is_own(&self, event: &TransactionEvent) -> bool {
        let method = match event {
            TransactionEvent::TimedOut(key)
            | TransactionEvent::TransportFailed(TransactionKey::Client(key))
            | TransactionEvent::Terminated(TransactionKey::Client(key)) => key.method(),
            TransactionEvent::AckTimedOut(key)
            | TransactionEvent::TransportFailed(TransactionKey::Server(key))
            | TransactionEvent::Terminated(TransactionKey::Server(key)) => key.method(),
        };
        method != imsconf::wire::Method::Cancel
    }

    fn client(&self, before: &Saw, input: Input, heard: &Heard) -> Result<Saw, &'static str> {
        let mut after = *before;
        let invite = self.machine.is_invite();
        match input {
            Input::Response(_) | Input::Forked => {
                let status = if let Input::Response(status) = input { status } else { 200 };
                self.response(before, status, heard)?;
                if before.answer <= Answer::Provisional {
                    after.answer = before.answer.max(self.answer(status));
                }
            }
            Input::OtherBranch | Input::OtherMethod => {
                let stray = matches!(heard.inbound, Some(Inbound::Discarded(_)));
                rule(stray && heard.is_silent(), "a response that matches nothing is thrown away (17.1.3)")?;
            }
            Input::Cancelled => {
                rule(!heard.told(|event| self.is_own(event)), "the answer to a CANCEL ends only the CANCEL (9.1)")?;
                rule(heard.sent.is_empty(), "the answer to a CANCEL is not answered")?;
            }
            Input::GiveUp => {
                let may = invite && before.answer == Answer::Provisional && !before.cancelled;
                let cancel = heard.one().is_some_and(|sent| self.is_derived(&sent, "CANCEL"));
                let sent = if may { cancel } else { heard.sent.is_empty() };
                rule(sent, "a CANCEL goes out once, after a provisional and before a final response (9.1)")?;
                rule(may == heard.refused.is_none(), "a user is told whether his CANCEL goes out (9.1)")?;
                after.cancelled |= may;
            }
            Input::TransportError => {
                let open = before.answer < Answer::Success && !(invite && before.answer == Answer::Provisional);
                let told =
                    heard.told(|event| matches!(event, TransactionEvent::TransportFailed(_)) && self.is_own(event));
                rule(!open || told, "an error of the transport while a request is being sent is told (17.1.4)")?;
                rule(heard.sent.is_empty(), "an error of the transport sends nothing")?;
            }
            Input::Clock | Input::Pause => self.client_timer(before, input, heard)?,
            Input::Copy | Input::Ack | Input::AckOfSuccess | Input::Cancel | Input::Answer(_) => {}
        }
        Ok(after)
    }

    fn answer(&self, status: u16) -> Answer {
        match status {
            ..200 => Answer::Provisional,
            200..300 if self.machine.is_invite() => Answer::Success,
            _ => Answer::Failure,
        }
    }

    fn response(&self, before: &Saw, status: u16, heard: &Heard) -> Verdict {
        let delivered = matches!(heard.inbound, Some(Inbound::Response { .. }));
        let invite = self.machine.is_invite();
        let wanted = match self.answer(status) {
            Answer::None | Answer::Provisional => before.answer <= Answer::Provisional,
            Answer::Success => before.answer != Answer::Failure,
            Answer::Failure => before.answer <= Answer::Provisional,
        };
        rule(delivered == wanted, "a user sees provisional responses, every 2xx to INVITE, one other final (17.1)")?;
        let acknowledges = invite && status >= 300 && before.answer != Answer::Success;
        if acknowledges {
            let ack = heard.one().is_some_and(|sent| self.is_derived(&sent, "ACK"));
            return rule(ack, "each 300-699 to an INVITE gets one ACK from the transaction (17.1.1.3)");
        }
        rule(heard.sent.is_empty(), "a transaction acknowledges nothing else (17.1.1.2, 13.2.2.4)")
    }

    /// Whether `sent` is the ACK or CANCEL that belongs to the request (17.1.1.3, 9.1).
    fn is_derived(&self, sent: &Sip, method: &str) -> bool {
        let Ok(request) = Sip::read(self.request) else { return false };
        let number = |message: &Sip| message.cseq().map(|cseq| cseq.number);
        sent.is_request_of(method)
            && sent.branch() == request.branch()
            && number(sent) == number(&request)
            && sent.call_id() == request.call_id()
            && sent.request_uri() == request.request_uri()
            && sent.from_tag() == request.from_tag()
            && sent.lines("Via").count() == 1
            && (sent.to_tag().is_some() == (method == "ACK"))
    }

    fn client_timer(&self, before: &Saw, input: Input, heard: &Heard) -> Verdict {
        let cancel = |bytes: &&Vec<u8>| !bytes.starts_with(b"CANCEL ");
        let copies: Vec<_> = heard.sent.iter().filter(cancel).collect();
        let repeats = if self.machine.is_invite() { Answer::None } else { Answer::Provisional };
        let may = input == Input::Clock && !self.reliable && before.answer <= repeats;
        rule(copies.is_empty() || may, "a request is repeated over UDP until it is answered (17.1.1.2, 17.1.2.2)")?;
        let same = copies.iter().all(|copy| copy.as_slice() == self.request);
        rule(copies.len() <= 1 && same, "a copy of a request is the request")?;
        let timed_out = heard.told(|event| matches!(event, TransactionEvent::TimedOut(_)) && self.is_own(event));
        let over = heard.told(|event| matches!(event, TransactionEvent::Terminated(_)) && self.is_own(event));
        rule(!timed_out || before.answer <= Answer::Provisional, "what has its final response does not time out")?;
        rule(!timed_out || over, "a time-out is the end (17.1.1.2, 17.1.2.2)")?;
        rule(!over || timed_out || before.answer >= Answer::Success, "what has no answer does not end in silence")?;
        // A timer of a request that nothing answered does one of two things, unless it is the CANCEL's.
        let waits = input == Input::Clock && before.answer == Answer::None;
        rule(!waits || timed_out || !copies.is_empty(), "an unanswered request is repeated or given up (17.1)")
    }

    fn server(&self, before: &Saw, input: Input, heard: &Heard) -> Result<Saw, &'static str> {
        let mut after = *before;
        let invite = self.machine.is_invite();
        let failed = before.answer == Answer::Failure;
        match input {
            Input::Copy => self.copy(before, heard)?,
            Input::Ack => {
                rule(heard.is_silent() || failed, "an ACK is never answered (17)")?;
                let passed = matches!(heard.inbound, Some(Inbound::Ack(Some(_))));
                let success = invite && before.answer == Answer::Success;
                rule(
                    passed == success,
                    "the ACK with the branch of its INVITE goes to the user after a 2xx (RFC 6026)",
                )?;
                after.acknowledged |= invite && failed;
            }
            Input::AckOfSuccess => {
                let passed = matches!(heard.inbound, Some(Inbound::Ack(None)));
                rule(passed && heard.is_silent(), "the ACK to a 2xx belongs to no transaction (17.1.1.3)")?;
            }
            Input::Cancel => {
                let effect = matches!(heard.inbound, Some(Inbound::Cancel { .. }));
                let open = invite && before.answer <= Answer::Provisional;
                let copy = before.cancelled && heard.inbound == Some(Inbound::Absorbed);
                rule(copy || effect == open, "a CANCEL concerns an INVITE without a final response (9.2)")?;
                after.cancelled = true;
            }
            Input::Answer(status) => {
                self.given(before, status, heard)?;
                if heard.refused.is_none() {
                    after.answer = before.answer.max(self.answer(status));
                }
            }
            Input::TransportError => rule(heard.sent.is_empty(), "an error of the transport sends nothing")?,
            Input::Clock | Input::Pause => {
                self.server_timer(before, input, heard)?;
                after.trying |= !heard.sent.is_empty() && before.answer == Answer::None;
                after.acknowledged |= heard.told(|event| matches!(event, TransactionEvent::AckTimedOut(_)));
            }
            Input::Response(_)
            | Input::Forked
            | Input::OtherBranch
            | Input::OtherMethod
            | Input::Cancelled
            | Input::GiveUp => {}
        }
        Ok(after)
    }

    /// The request comes again.
    fn copy(&self, before: &Saw, heard: &Heard) -> Verdict {
        rule(heard.inbound == Some(Inbound::Absorbed), "the user sees a request once (17.2.1, 17.2.2)")?;
        rule(heard.events.is_empty(), "a copy changes nothing")?;
        let repeats = match before.answer {
            Answer::None => before.trying,
            Answer::Provisional => true,
            // RFC 6026 section 7.1: the user repeats his 2xx himself.
            Answer::Success => false,
            Answer::Failure => !before.acknowledged,
        };
        let last = heard.one().and_then(|sent| sent.status());
        let fits = last.is_some_and(|status| {
            let answer = self.answer(status);
            answer == before.answer || (before.answer == Answer::None && status == 100)
        });
        let right = if repeats { fits } else { heard.sent.is_empty() };
        rule(right, "a copy of a request gets the last response once more, or nothing (17.2.1, 17.2.2)")
    }

    /// The user answers.
    fn given(&self, before: &Saw, status: u16, heard: &Heard) -> Verdict {
        let success = self.answer(status) == Answer::Success;
        let may = before.answer <= Answer::Provisional || (before.answer == Answer::Success && success);
        rule(may == heard.refused.is_none(), "a request gets one final response, a 2xx any number of copies (17.2)")?;
        let sent = heard.one().and_then(|sent| sent.status());
        let right = if may { sent == Some(status) } else { heard.sent.is_empty() };
        rule(right, "what the user answers is sent once, and nothing else (17.2)")
    }

    fn server_timer(&self, before: &Saw, input: Input, heard: &Heard) -> Verdict {
        let invite = self.machine.is_invite();
        let statuses: Vec<_> =
            heard.sent.iter().map(|bytes| Sip::read(bytes).ok().and_then(|sent| sent.status())).collect();
        let unacknowledged = before.answer == Answer::Failure && !before.acknowledged;
        let may = match statuses.as_slice() {
            [] => true,
            [Some(100)] if before.answer == Answer::None => invite && !before.trying,
            [Some(300..)] => invite && unacknowledged && !self.reliable,
            _ => false,
        };
        rule(may && (input == Input::Clock || statuses.is_empty()), "a server repeats what awaits its ACK (17.2.1)")?;
        let gave_up = heard.told(|event| matches!(event, TransactionEvent::AckTimedOut(_)));
        let over = heard.told(|event| matches!(event, TransactionEvent::Terminated(_)) && self.is_own(event));
        rule(!gave_up || (invite && unacknowledged && over), "only a failure without an ACK is given up (17.2.1)")?;
        rule(!over || before.answer >= Answer::Success, "what has no final response does not end (17.2)")?;
        // A timer of a failure that was not acknowledged does one of two things, unless it is the CANCEL's.
        let waits = input == Input::Clock && invite && unacknowledged && !before.cancelled;
        rule(!waits || gave_up || statuses.len() == 1, "an unacknowledged failure is repeated or given up (17.2.1)")
    }
}
