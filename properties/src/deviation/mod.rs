//! Deviations: wrong implementations, made at the boundary of an agent by changing what it sends or is handed.
//!
//! Each is named after its fault, tells which real bug has it, and which invariants must catch it. They show that the
//! checks can fail. To add one: write its function in the file of its topic and a row in that file's table.

mod challenge;
mod conference;
mod dialog;
mod headers;
mod hold;
mod mutant;
mod refer;
mod replaces;
mod roster;
mod session;
mod session_timer;
mod subscription;
mod text;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use self::mutant::Mutant;
use self::text::Text;
use crate::observe::Finding;
use crate::verdict::Level;
use crate::world::topology::Node;

/// A deliberately wrong behaviour.
#[derive(Debug)]
pub struct Spec {
    /// The fault, as a name.
    pub name: &'static str,
    /// What is wrong, in one line.
    pub fault: &'static str,
    /// The real bug that has it, or why it is here.
    pub seen: &'static str,
    /// The invariants that must catch it, and the level that they must give it in the profile `3gpp`.
    pub caught_by: &'static [(&'static str, Level)],
    /// What becomes of a message that an agent sends.
    sent: Change,
    /// What becomes of a message that an agent is handed.
    received: Change,
}

impl Spec {
    /// Whether `finding` is how this fault must be caught.
    pub fn is_caught_by(&self, finding: &Finding) -> bool {
        self.caught_by.iter().any(|(invariant, level)| finding.invariant == *invariant && finding.level >= *level)
    }

    /// Whether everything that must catch this fault has.
    pub fn is_caught(&self, findings: &[Finding]) -> bool {
        self.caught_by.iter().all(|(invariant, level)| {
            findings.iter().any(|finding| finding.invariant == *invariant && finding.level >= *level)
        })
    }
}

/// What becomes of one message at the boundary of the agent at a node: nothing, itself, or several.
type Change = fn(&mut Memory, Node, Text) -> Vec<Text>;

/// What a deviation remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Memory {
    count: u32,
    done: bool,
    kept: Vec<String>,
}

/// What a deviation does.
#[derive(Clone, Debug)]
enum Fault {
    Spec(&'static Spec),
    Mutant(Arc<Mutant>),
}

/// A deviation at work.
#[derive(Clone, Debug)]
pub struct Deviation {
    fault: Fault,
    memory: Memory,
}

impl PartialEq for Deviation {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.memory == other.memory
    }
}

impl Eq for Deviation {}

impl Hash for Deviation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        self.memory.hash(state);
    }
}

impl Deviation {
    /// Every deviation there is, without the mutants.
    pub fn all() -> impl Iterator<Item = &'static Spec> {
        let calls = [subscription::ALL, refer::ALL, replaces::ALL, session::ALL, dialog::ALL];
        let rest = [hold::ALL, session_timer::ALL, conference::ALL, roster::ALL, headers::ALL, challenge::ALL];
        calls.into_iter().chain(rest).flatten()
    }

    /// The deviation or the mutant with this name.
    pub fn named(name: &str) -> Option<Self> {
        let spec = Self::all().find(|spec| spec.name == name).map(Self::new);
        spec.or_else(|| Mutant::named(name).map(Self::mutant))
    }

    /// The deviation that `spec` describes, before anything happened.
    pub fn new(spec: &'static Spec) -> Self {
        Self { fault: Fault::Spec(spec), memory: Memory::default() }
    }

    /// This mutant.
    pub fn mutant(mutant: Mutant) -> Self {
        Self { fault: Fault::Mutant(Arc::new(mutant)), memory: Memory::default() }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match &self.fault {
            Fault::Spec(spec) => spec.name.to_owned(),
            Fault::Mutant(mutant) => mutant.to_string(),
        }
    }

    /// What it is, if it is more than a mutant.
    pub const fn spec(&self) -> Option<&'static Spec> {
        match self.fault {
            Fault::Spec(spec) => Some(spec),
            Fault::Mutant(_) => None,
        }
    }

    /// Whether `finding` is how it must be caught: a mutant by whatever is not conforming.
    pub fn is_caught_by(&self, finding: &Finding) -> bool {
        match &self.fault {
            Fault::Spec(spec) => spec.is_caught_by(finding),
            Fault::Mutant(_) => matches!(finding.level, Level::Fail | Level::NonStrict),
        }
    }

    /// Whether everything that must catch it has. Of a mutant it is never known what else it breaks.
    pub fn is_caught(&self, findings: &[Finding]) -> bool {
        self.spec().is_some_and(|spec| spec.is_caught(findings))
    }

    pub(crate) fn sent(&mut self, node: Node, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        match &self.fault {
            Fault::Spec(spec) => changed(|text| (spec.sent)(&mut self.memory, node, text), bytes),
            Fault::Mutant(mutant) => changed(|text| mutant.sent(node, text), bytes),
        }
    }

    pub(crate) fn received(&mut self, node: Node, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        match &self.fault {
            Fault::Spec(spec) => changed(|text| (spec.received)(&mut self.memory, node, text), bytes),
            Fault::Mutant(_) => vec![bytes],
        }
    }
}

fn changed(change: impl FnOnce(Text) -> Vec<Text>, bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let text = Text::of(&bytes);
    let results = change(text.clone());
    // An untouched message stays byte for byte as it was.
    results.into_iter().map(|result| if result == text { bytes.clone() } else { result.bytes() }).collect()
}

/// Leaves a message as it is.
fn unchanged(_: &mut Memory, _: Node, text: Text) -> Vec<Text> {
    vec![text]
}
