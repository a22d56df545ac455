//! Preconditions of one media stream (RFC 3312, RFC 4032): current, desired and confirmation status.
//!
//! The rows are kept as written, from the point of view of whoever wrote the description; [`Preconditions::flipped`] is
//! how its reader sees them.

use std::fmt;

use thiserror::Error;

use super::description::Attributes;
use super::flow::Flow;

/// Which part of the path a status is about (RFC 3312 section 4, status-type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// The whole path.
    EndToEnd,
    /// The access network of whoever wrote the description.
    Local,
    /// The access network of whoever reads it.
    Remote,
}

impl Segment {
    /// The same part seen by the other party.
    pub const fn flipped(self) -> Self {
        match self {
            Self::EndToEnd => Self::EndToEnd,
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }

    /// Its tag.
    pub const fn token(self) -> &'static str {
        match self {
            Self::EndToEnd => "e2e",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }

    fn from_token(token: &str) -> Option<Self> {
        [Self::EndToEnd, Self::Local, Self::Remote].into_iter().find(|segment| segment.token() == token)
    }
}

/// How much a precondition is wanted (RFC 3312 section 4, strength-tag), the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Not at all.
    None,
    /// Worth trying.
    Optional,
    /// The session must not be established without it.
    Mandatory,
    /// It could not be met; only in a description that explains a refusal.
    Failure,
    /// Its type is not understood; only in a description that explains a refusal.
    Unknown,
}

impl Strength {
    const ALL: [Self; 5] = [Self::None, Self::Optional, Self::Mandatory, Self::Failure, Self::Unknown];

    /// Its tag.
    pub const fn token(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Mandatory => "mandatory",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it belongs only into a description that explains a refusal (section 8).
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Failure | Self::Unknown)
    }

    fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.token() == token)
    }
}

/// What the precondition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PreconditionType {
    /// Quality of service: the resources of the path.
    Qos,
    /// Another type, which we do not understand.
    Other(String),
}

impl PreconditionType {
    fn token(&self) -> &str {
        match self {
            Self::Qos => "qos",
            Self::Other(token) => token,
        }
    }

    fn from_token(token: &str) -> Self {
        if token == "qos" { Self::Qos } else { Self::Other(token.to_owned()) }
    }
}

/// The value of an `a=curr` or an `a=conf` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    /// What it is about.
    pub kind: PreconditionType,
    /// Which part of the path.
    pub segment: Segment,
    /// In which directions.
    pub flow: Flow,
}

impl Status {
    /// A status of resources.
    pub const fn qos(segment: Segment, flow: Flow) -> Self {
        Self { kind: PreconditionType::Qos, segment, flow }
    }

    /// The same seen by the other party (RFC 3312 section 5.2, table 4).
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { kind: self.kind.clone(), segment: self.segment.flipped(), flow: self.flow.flipped() }
    }
}

impl Status {
    fn words(&self) -> [&str; 5] {
        [self.kind.token(), " ", self.segment.token(), " ", self.flow.precondition_token()]
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().into_iter().try_for_each(|word| f.write_str(word))
    }
}

/// The value of an `a=des` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Desired {
    /// How much it is wanted.
    pub strength: Strength,
    /// What is wanted.
    pub status: Status,
}

impl Desired {
    /// A desired status of resources.
    pub const fn qos(strength: Strength, segment: Segment, flow: Flow) -> Self {
        Self { strength, status: Status::qos(segment, flow) }
    }

    /// The same seen by the other party; the strength has no point of view.
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { strength: self.strength, status: self.status.flipped() }
    }
}

impl Desired {
    fn words(&self) -> [&str; 7] {
        let [kind, space, segment, _, flow] = self.status.words();
        [kind, space, self.strength.token(), space, segment, space, flow]
    }
}

impl fmt::Display for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().into_iter().try_for_each(|word| f.write_str(word))
    }
}

/// A precondition line that cannot be read. Leaving it out could let a session be established too early, so the whole
/// description is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("`a={attribute}:{value}` is not a precondition line (RFC 3312 section 4)")]
pub struct PreconditionError {
    /// `curr`, `des` or `conf`.
    pub attribute: String,
    /// What follows it.
    pub value: String,
}

/// The precondition lines of one media stream, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preconditions {
    /// `a=curr`: what is reserved.
    pub current: Vec<Status>,
    /// `a=des`: what is wanted.
    pub desired: Vec<Desired>,
    /// `a=conf`: when the reader is asked to send a new offer.
    pub confirm: Vec<Status>,
}

impl Preconditions {
    /// The rows of a first offer: what is reserved on the offerer's side, mandatory there and optional at the peer's,
    /// whose answer will raise it (the values of TS 34.229-1 for a voice call).
    pub fn first_offer(reserved: Flow) -> Self {
        Self {
            current: vec![Status::qos(Segment::Local, reserved), Status::qos(Segment::Remote, Flow::NONE)],
            desired: vec![
                Desired::qos(Strength::Mandatory, Segment::Local, Flow::SENDRECV),
                Desired::qos(Strength::Optional, Segment::Remote, Flow::SENDRECV),
            ],
            confirm: Vec::new(),
        }
    }

    /// The rows of the next offer after the peer's description had `self`: the shared view of it with what is reserved
    /// now on the offerer's side. None if the peer does not use preconditions (TS 24.229 section 5.1.3.1).
    #[must_use]
    pub fn next_offer(&self, reserved: Flow) -> Self {
        let mut rows = self.seen_by_reader(reserved);
        rows.confirm.clear();
        rows
    }

    /// The rows of the answer to an offer that has `self` (RFC 3312 sections 5.2 and 7): turned round, with what is
    /// reserved on the answerer's side, for which the answerer's own knowledge counts (RFC 4032 section 4.1). What the
    /// offerer only wished for on that side becomes mandatory, and a new offer is asked for if the offerer's side still
    /// lacks something mandatory.
    #[must_use]
    pub fn answer(&self, reserved: Flow) -> Self {
        let mut rows = self.seen_by_reader(reserved);
        for desired in &mut rows.desired {
            let ours = desired.status.kind == PreconditionType::Qos && desired.status.segment == Segment::Local;
            if ours && desired.strength == Strength::Optional {
                desired.strength = Strength::Mandatory;
            }
        }
        let missing = rows.unmet().filter(|missing| missing.segment == Segment::Remote);
        rows.confirm = missing.collect();
        rows
    }

    /// The same rows from the reader's point of view, with the reader's knowledge of its own side, in the order of
    /// RFC 3312: whole path, local, remote.
    fn seen_by_reader(&self, reserved: Flow) -> Self {
        let mut rows = self.flipped();
        for status in &mut rows.current {
            if status.kind == PreconditionType::Qos && status.segment == Segment::Local {
                status.flow = reserved;
            }
        }
        rows.current.sort_by_key(|status| status.segment);
        rows.desired.sort_by_key(|desired| desired.status.segment);
        rows
    }

    /// Whether there are no rows: the description does not use preconditions.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty() && self.desired.is_empty() && self.confirm.is_empty()
    }

    /// The rows as the reader of the description sees them. Twice gives the rows again.
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self {
            current: self.current.iter().map(Status::flipped).collect(),
            desired: self.desired.iter().map(Desired::flipped).collect(),
            confirm: self.confirm.iter().map(Status::flipped).collect(),
        }
    }

    /// In which directions resources (or whatever `kind` is) are there in `segment`; a missing row says none.
    pub fn reached(&self, kind: &PreconditionType, segment: Segment) -> Flow {
        let rows = self.current.iter().filter(|status| status.kind == *kind && status.segment == segment);
        rows.fold(Flow::NONE, |flow, status| flow.union(status.flow))
    }

    /// What is mandatory and not there yet, with the directions that are missing. A refused row stays unmet for good.
    pub fn unmet(&self) -> impl Iterator<Item = Status> {
        self.desired.iter().filter(|desired| desired.strength >= Strength::Mandatory).filter_map(|desired| {
            let Status { kind, segment, flow } = &desired.status;
            let reached = if desired.strength.is_refusal() { Flow::NONE } else { self.reached(kind, *segment) };
            let flow = flow.without(reached);
            (flow != Flow::NONE).then(|| Status { kind: kind.clone(), segment: *segment, flow })
        })
    }

    /// Whether everything mandatory is there, so that the callee may be alerted and the session be established
    /// (RFC 3312 section 4).
    pub fn is_met(&self) -> bool {
        self.unmet().next().is_none()
    }

    /// Whether something is mandatory, so that the message has to require the extension (RFC 3312 section 11).
    pub fn is_mandatory(&self) -> bool {
        self.desired.iter().any(|desired| desired.strength == Strength::Mandatory)
    }

    /// Whether these rows say what the peer asked to be told with the `conf` rows of its description `asked`
    /// (RFC 3312 section 7): every one of them is reached. False if nothing was asked.
    pub fn confirms(&self, asked: &Self) -> bool {
        let reached = |threshold: &Status| {
            let ours = threshold.flipped();
            self.reached(&ours.kind, ours.segment).covers(ours.flow)
        };
        !asked.confirm.is_empty() && asked.confirm.iter().all(reached)
    }

    /// Adds the attributes that say all this.
    pub(super) fn write(&self, attributes: &mut Attributes) {
        self.current.iter().for_each(|status| attributes.push("curr", &status.words()));
        self.desired.iter().for_each(|desired| attributes.push("des", &desired.words()));
        self.confirm.iter().for_each(|status| attributes.push("conf", &status.words()));
    }

    /// Takes up an attribute if it is a precondition line; others are left alone.
    ///
    /// # Errors
    /// It is one, but its value does not follow the grammar.
    pub fn take_up(&mut self, name: &str, value: &str) -> Result<(), PreconditionError> {
        let refuse = || PreconditionError { attribute: name.to_owned(), value: value.to_owned() };
        match name {
            "curr" => self.current.push(status(value).ok_or_else(refuse)?),
            "des" => self.desired.push(desired(value).ok_or_else(refuse)?),
            "conf" => self.confirm.push(status(value).ok_or_else(refuse)?),
            _ => {}
        }
        Ok(())
    }
}

/// `precondition-type SP status-type SP direction-tag`.
fn status(value: &str) -> Option<Status> {
    let mut words = value.split_ascii_whitespace();
    let kind = PreconditionType::from_token(words.next()?);
    let segment = Segment::from_token(words.next()?)?;
    let flow = Flow::from_precondition_token(words.next()?)?;
    words.next().is_none().then_some(Status { kind, segment, flow })
}

/// `precondition-type SP strength-tag SP status-type SP direction-tag`.
fn desired(value: &str) -> Option<Desired> {
    let mut words = value.split_ascii_whitespace();
    let kind = PreconditionType::from_token(words.next()?);
    let strength = Strength::from_token(words.next()?)?;
    let segment = Segment::from_token(words.next()?)?;
    let flow = Flow::from_precondition_token(words.next()?)?;
    words.next().is_none().then_some(Desired { strength, status: Status { kind, segment, flow } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn rows(lines: &[&str]) -> Preconditions {
        let mut rows = Preconditions::default();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            rows.take_up(name, value).unwrap();
        }
        rows
    }

    fn lines(rows: &Preconditions) -> Vec<String> {
        let mut attributes = Attributes::default();
        rows.write(&mut attributes);
        attributes.lines().map(str::to_owned).collect()
    }

    /// The table of the procedure: offer 1, answer 1, offer 2, answer 2.
    #[test]
    fn a_call_with_preconditions_goes_from_nothing_reserved_to_met() {
        let offer_1 = Preconditions::first_offer(Flow::NONE);
        let expected = [
            "curr:qos local none",
            "curr:qos remote none",
            "des:qos mandatory local sendrecv",
            "des:qos optional remote sendrecv",
        ];
        assert_eq!(lines(&offer_1), expected);
        let answer_1 = offer_1.answer(Flow::NONE);
        let expected = [
            "curr:qos local none",
            "curr:qos remote none",
            "des:qos mandatory local sendrecv",
            "des:qos mandatory remote sendrecv",
            "conf:qos remote sendrecv",
        ];
        assert_eq!(lines(&answer_1), expected);
        assert!(!answer_1.is_met() && !offer_1.confirms(&answer_1));
        let offer_2 = answer_1.next_offer(Flow::SENDRECV);
        let expected = [
            "curr:qos local sendrecv",
            "curr:qos remote none",
            "des:qos mandatory local sendrecv",
            "des:qos mandatory remote sendrecv",
        ];
        assert_eq!(lines(&offer_2), expected);
        assert!(offer_2.confirms(&answer_1) && !offer_2.is_met());
        let answer_2 = offer_2.answer(Flow::SENDRECV);
        let expected = [
            "curr:qos local sendrecv",
            "curr:qos remote sendrecv",
            "des:qos mandatory local sendrecv",
            "des:qos mandatory remote sendrecv",
        ];
        assert_eq!(lines(&answer_2), expected);
        assert!(answer_2.is_met() && answer_2.flipped().is_met() && answer_2.is_mandatory());
    }

    #[test]
    fn met_means_that_every_mandatory_direction_is_there() {
        let table: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&["curr:qos local none", "des:qos optional local sendrecv"], &[]),
            (&["curr:qos local none", "des:qos none local sendrecv"], &[]),
            (&["curr:qos local send", "des:qos mandatory local sendrecv"], &["qos local recv"]),
            (&["curr:qos local send", "curr:qos local recv", "des:qos mandatory local sendrecv"], &[]),
            (&["curr:qos local sendrecv", "des:qos mandatory remote recv"], &["qos remote recv"]),
            (&["curr:qos local sendrecv", "des:qos mandatory e2e send"], &["qos e2e send"]),
            (&["curr:qos e2e sendrecv", "des:qos mandatory e2e send"], &[]),
            (&["des:qos mandatory local none"], &[]),
            (&["curr:sec local sendrecv", "des:qos mandatory local send"], &["qos local send"]),
            (&["curr:qos local sendrecv", "des:sec mandatory local send"], &["sec local send"]),
            (&["curr:qos local sendrecv", "des:qos failure local sendrecv"], &["qos local sendrecv"]),
        ];
        for (lines, unmet) in table {
            let found: Vec<_> = rows(lines).unmet().map(|status| status.to_string()).collect();
            assert_eq!(found, *unmet, "{lines:?}");
        }
    }

    #[test]
    fn an_answer_never_lowers_a_strength_and_knows_its_own_side_best() {
        let offer = rows(&[
            "curr:qos local recv",
            "curr:qos remote sendrecv",
            "des:qos none local send",
            "des:qos mandatory local recv",
            "des:qos none remote sendrecv",
        ]);
        let expected = [
            "curr:qos local send",
            "curr:qos remote send",
            "des:qos none local sendrecv",
            "des:qos none remote recv",
            "des:qos mandatory remote send",
        ];
        assert_eq!(lines(&offer.answer(Flow::SEND)), expected);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error() {
        for (name, value) in [
            ("curr", ""),
            ("curr", "qos local"),
            ("curr", "qos here none"),
            ("curr", "qos local sendonly"),
            ("curr", "qos local none extra"),
            ("des", "qos local sendrecv"),
            ("des", "qos compulsory local sendrecv"),
            ("conf", "remote sendrecv"),
        ] {
            let error = Preconditions::default().take_up(name, value).unwrap_err();
            assert!(error.to_string().contains(&format!("a={name}:{value}")), "{error}");
        }
        assert_eq!(Preconditions::default().take_up("sendrecv", ""), Ok(()));
    }

    fn any_status() -> impl Strategy<Value = Status> {
        let kind = select(vec![PreconditionType::Qos, PreconditionType::Other("sec".into())]);
        let segment = select(vec![Segment::EndToEnd, Segment::Local, Segment::Remote]);
        (kind, segment, select(&Flow::ALL[..])).prop_map(|(kind, segment, flow)| Status { kind, segment, flow })
    }

    fn any_rows() -> impl Strategy<Value = Preconditions> {
        let desired =
            (select(&Strength::ALL[..]), any_status()).prop_map(|(strength, status)| Desired { strength, status });
        let statuses = || proptest::collection::vec(any_status(), 0..4);
        (statuses(), proptest::collection::vec(desired, 0..4), statuses())
            .prop_map(|(current, desired, confirm)| Preconditions { current, desired, confirm })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn turning_rows_round_twice_changes_nothing(rows in any_rows()) {
            prop_assert_eq!(rows.flipped().flipped(), rows.clone());
            prop_assert_eq!(rows.flipped().is_met(), rows.is_met());
        }

        #[test]
        fn rows_are_written_and_read_back(rows in any_rows()) {
            let mut back = Preconditions::default();
            for line in lines(&rows) {
                let (name, value) = line.split_once(':').unwrap();
                back.take_up(name, value).unwrap();
            }
            prop_assert_eq!(back, rows);
        }
    }
}
