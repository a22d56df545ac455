//! The automaton as the flows use it, and its whole reachable table.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Way {
    Send,
    Receive,
}

use Carrier as C;
use Way::{Receive, Send};

const CARRIERS: [Carrier; 12] = [
    C::Invite,
    C::Provisional,
    C::ReliableProvisional,
    C::InviteSuccess,
    C::InviteFailure,
    C::Ack,
    C::Prack,
    C::PrackSuccess,
    C::PrackFailure,
    C::Update,
    C::UpdateSuccess,
    C::UpdateFailure,
];

fn step(state: &mut OfferAnswer, way: Way, carrier: Carrier, sdp: bool) -> Result<Meaning, String> {
    match way {
        Send => state.send(carrier, sdp).map_err(|why| format!("{why:?}")),
        Receive => match state.receive(carrier, sdp) {
            Verdict::Take(meaning) => Ok(meaning),
            refusal => Err(format!("{refusal:?}")),
        },
    }
}

fn walk(steps: &[(Way, Carrier, bool)]) -> (OfferAnswer, Vec<Meaning>) {
    let mut state = OfferAnswer::default();
    let meanings = steps
        .iter()
        .map(|&(way, carrier, sdp)| {
            step(&mut state, way, carrier, sdp).unwrap_or_else(|why| panic!("{way:?} {carrier:?} {sdp}: {why}"))
        })
        .collect();
    (state, meanings)
}

/// Whether the transaction that `carrier` belongs to exists: the transaction layer lets nothing else through.
fn is_possible(state: &OfferAnswer, way: Way, carrier: Carrier, sdp: bool) -> bool {
    let invite_of_sender = |ours| matches!(state.invite, Invite::Open { ours: open, .. } if open == ours);
    let (by_us, update_by_us) = match way {
        Send => (true, state.remote_update),
        Receive => (false, state.local_update),
    };
    match carrier {
        C::Invite | C::Update => true,
        C::Provisional | C::ReliableProvisional | C::InviteSuccess => invite_of_sender(!by_us),
        C::InviteFailure => !sdp && invite_of_sender(!by_us),
        C::Prack => invite_of_sender(by_us),
        C::PrackSuccess => invite_of_sender(!by_us) && state.prack != Prack::Due,
        C::PrackFailure => !sdp && invite_of_sender(!by_us) && state.prack == Prack::Open,
        C::Ack => matches!(
            (way, state.exchange),
            (Send, Exchange::RemoteOffer(OfferCarrier::InviteSuccess))
                | (Receive, Exchange::LocalOffer(OfferCarrier::InviteSuccess))
        ),
        C::UpdateSuccess => update_by_us,
        C::UpdateFailure => !sdp && update_by_us,
    }
}

/// Every state that messages of existing transactions can reach, each with what every such message does in it. A line
/// per effect: the messages, what their bodies mean or why they are refused, and the number of the state after.
#[test]
fn every_reachable_state_against_every_message() {
    let mut numbers = BTreeMap::from([(OfferAnswer::default(), 0_usize)]);
    let mut queue = VecDeque::from([OfferAnswer::default()]);
    let mut table = String::new();
    while let Some(state) = queue.pop_front() {
        let updates = match (state.local_update, state.remote_update) {
            (false, false) => "",
            (true, false) => ", our UPDATE open",
            (false, true) => ", their UPDATE open",
            (true, true) => ", both UPDATEs open",
        };
        let _ = writeln!(
            table,
            "{}: {:?}, INVITE {:?}, PRACK {:?}{updates}",
            numbers[&state], state.exchange, state.invite, state.prack
        );
        for way in [Send, Receive] {
            let mut effects: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (carrier, sdp) in CARRIERS.into_iter().flat_map(|carrier| [(carrier, false), (carrier, true)]) {
                if !is_possible(&state, way, carrier, sdp) {
                    continue;
                }
                let mut next = state;
                let effect = match step(&mut next, way, carrier, sdp) {
                    Ok(meaning) => {
                        let count = numbers.len();
                        let number = *numbers.entry(next).or_insert_with(|| {
                            queue.push_back(next);
                            count
                        });
                        if next == state { format!("{meaning:?}") } else { format!("{meaning:?} -> {number}") }
                    }
                    Err(why) => {
                        assert_eq!(next, state, "a refusal changes nothing");
                        format!("no, {why}")
                    }
                };
                let body = if sdp { "+SDP" } else { "" };
                effects.entry(effect).or_default().push(format!("{carrier:?}{body}"));
            }
            for (effect, messages) in effects {
                let _ = writeln!(table, "  {way:?} {}: {effect}", messages.join(" "));
            }
        }
    }
    insta::assert_snapshot!("offer_answer", table);
}

/// The conference creation call at both ends, offer 2 in the PRACK (RFC 3262 section 5).
#[test]
fn second_offer_in_the_prack() {
    use Meaning::{Answer, Nothing, Offer};
    let caller = [
        (Send, C::Invite, true),
        (Receive, C::ReliableProvisional, true),
        (Send, C::Prack, true),
        (Receive, C::PrackSuccess, true),
        (Receive, C::InviteSuccess, false),
        (Send, C::Ack, false),
    ];
    let mirror = caller.map(|(way, carrier, sdp)| (if matches!(way, Send) { Receive } else { Send }, carrier, sdp));
    for steps in [caller, mirror] {
        let (state, meanings) = walk(&steps);
        assert_eq!(meanings, [Offer, Answer, Offer, Answer, Nothing, Nothing]);
        assert_eq!(state, OfferAnswer::default());
    }
}

/// The same call with offer 2 in an UPDATE, which has to wait for the 200 to the PRACK (RFC 3311 section 5.1).
#[test]
fn second_offer_in_an_update() {
    let (mut state, _) = walk(&[(Send, C::Invite, true), (Receive, C::ReliableProvisional, true)]);
    assert!(state.may_offer_in_prack());
    assert_eq!(state.send(C::Update, true), Err(OfferError::TooEarly));
    state.send(C::Prack, false).expect("the PRACK is due");
    assert!(!state.may_offer_in_prack(), "it is out");
    assert!(!state.may_offer_in_update(), "the 200 to the PRACK has to be awaited");
    state.receive(C::PrackSuccess, false);
    assert!(state.may_offer_in_update());
    assert_eq!(state.send(C::Update, true), Ok(Meaning::Offer));
    assert_eq!(state.receive(C::UpdateSuccess, true), Verdict::Take(Meaning::Answer));
    assert_eq!(state.receive(C::InviteSuccess, true), Verdict::Take(Meaning::Ignored), "it must not undo the update");
}

#[test]
fn a_description_in_an_unreliable_response_leaves_the_exchange_open() {
    let (mut state, meanings) = walk(&[(Send, C::Invite, true), (Receive, C::Provisional, true)]);
    assert_eq!(meanings, [Meaning::Offer, Meaning::Preview]);
    assert_eq!(state.send(C::Update, true), Err(OfferError::Outstanding));
    assert_eq!(state.receive(C::InviteSuccess, true), Verdict::Take(Meaning::Answer));
}

#[test]
fn an_invite_without_offer_is_offered_in_a_response_and_answered_in_the_linked_request() {
    use Meaning::{Answer, Nothing, Offer};
    let (_, in_prack) = walk(&[
        (Send, C::Invite, false),
        (Receive, C::ReliableProvisional, true),
        (Send, C::Prack, true),
        (Receive, C::PrackSuccess, false),
        (Receive, C::InviteSuccess, false),
    ]);
    assert_eq!(in_prack, [Nothing, Offer, Answer, Nothing, Nothing]);
    let (mut state, in_success) = walk(&[(Send, C::Invite, false), (Receive, C::InviteSuccess, true)]);
    assert_eq!(in_success, [Nothing, Offer]);
    assert_eq!(state.send(C::Ack, false), Err(OfferError::Due));
    assert_eq!(state.send(C::Ack, true), Ok(Answer));
}

/// RFC 3311 section 5.2, RFC 3261 section 14, RFC 6337 sections 4.1 to 4.3.
#[test]
fn crossing_requests_get_491_and_overlapping_ones_500() {
    use Verdict::{RequestPending, RetryAfter, Take};
    let confirmed_update = (Send, C::Update, true);
    type Case<'a> = (&'a str, &'a [(Way, Carrier, bool)], Carrier, bool, Verdict);
    let cases: [Case<'_>; 11] = [
        ("own UPDATE offer open", &[confirmed_update], C::Update, true, RequestPending),
        ("own UPDATE offer open, refresh", &[confirmed_update], C::Update, false, Take(Meaning::Nothing)),
        ("own UPDATE offer open", &[confirmed_update], C::Invite, true, RequestPending),
        ("peer's UPDATE offer open", &[(Receive, C::Update, true)], C::Update, true, RetryAfter),
        ("peer's UPDATE open", &[(Receive, C::Update, false)], C::Update, false, RetryAfter),
        ("own INVITE open", &[(Send, C::Invite, true)], C::Invite, true, RequestPending),
        ("own INVITE open", &[(Send, C::Invite, true)], C::Invite, false, RequestPending),
        ("peer's INVITE open", &[(Receive, C::Invite, true)], C::Invite, true, RetryAfter),
        ("peer's INVITE unanswered", &[(Receive, C::Invite, true)], C::Update, true, RetryAfter),
        ("own INVITE unanswered", &[(Send, C::Invite, true)], C::Update, true, RequestPending),
        (
            "UPDATE overtook the PRACK",
            &[(Receive, C::Invite, true), (Send, C::ReliableProvisional, true)],
            C::Update,
            true,
            RetryAfter,
        ),
    ];
    for (situation, steps, carrier, sdp, expected) in cases {
        let (mut state, _) = walk(steps);
        assert_eq!(state.receive(carrier, sdp), expected, "{situation}: {carrier:?} {sdp}");
    }
}

/// A PRACK offer that is refused leaves the response unacknowledged, not the session changed (RFC 6337 section 2.3).
#[test]
fn a_refused_prack_offer_is_followed_by_a_prack_without_offer() {
    let (mut state, _) =
        walk(&[(Send, C::Invite, true), (Receive, C::ReliableProvisional, true), (Send, C::Prack, true)]);
    assert_eq!(state.receive(C::PrackFailure, false), Verdict::Take(Meaning::Nothing));
    assert_eq!(state.exchange(), Exchange::Idle);
    assert_eq!(state.send(C::Prack, false), Ok(Meaning::Nothing));
    assert_eq!(state.receive(C::PrackSuccess, false), Verdict::Take(Meaning::Nothing));
}
