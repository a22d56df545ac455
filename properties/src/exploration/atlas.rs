//! The parts of which the explored worlds are made, by number, and what each does with each input, worked out once.
//!
//! An agent is deterministic: what it does follows from its state and from what it is handed, whatever the rest of the
//! world is like. Hundreds of thousands of worlds have a few hundred states of each agent, so that nearly every step is
//! a look at a table; what is not in the table is worked out by the [`World`] itself. Nothing here knows the
//! procedures. That a way through the tables is what a world does is tested step by step, see `scene.rs`.
//!
//! Read first: `world/mod.rs`, `world/parts.rs`, `intern.rs`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use imsconf::agent::{Addr, Agent, Transmit};
use imsconf::role::focus::Focus;
use imsconf::role::participant::Participant;
use imsconf::role::ue::Ue;
use imsconf::time::{Time, TimerClass};

use crate::intern::{Interner, Memo};
use crate::observe::Party;
use crate::oracle::Sip;
use crate::schedule::Step;
use crate::world::{
    Crossing, Datagram, Happened, Ledger, Node, Outcome, Parts, Pool, Setting, World, fingerprint, party,
};

/// How many results are kept of what is seldom asked for again but soon after: an exploration goes level by level.
pub(super) const OF_LATE: usize = 1 << 18;

/// The most users that can be invited in an exploration.
pub(super) const USERS: usize = 2;

/// The agents and what was chosen from outside, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cast {
    ue: u32,
    focus: u32,
    users: [u32; USERS],
    pub(super) setting: u32,
}

/// An agent in one state, on a clock of its own.
#[derive(Debug)]
struct Known<A> {
    agent: Arc<A>,
    now: Time,
    /// Its next timer.
    next: Option<(Duration, TimerClass)>,
    /// Whether it waits for something, and whether only for late copies.
    pending: (bool, bool),
    /// Number of its view.
    view: u32,
}

/// A message on its way from one hop to the next.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) from: Node,
    hop: Addr,
    /// The next hop, if there is anybody.
    pub(super) to: Option<Node>,
    bytes: Arc<[u8]>,
    /// What is in it, if a user agent sends it or is handed it.
    pub(super) message: Option<Arc<Sip>>,
}

impl Letter {
    /// The letter as a world has it in flight.
    pub(super) fn datagram(&self) -> Option<Datagram> {
        let (from, transport) = (self.from, self.hop.transport);
        self.to.map(|to| Datagram { from, to, transport, bytes: self.bytes.to_vec() })
    }

    /// Whether it travels in a way that loses and doubles.
    pub(super) const fn is_lossy(&self) -> bool {
        !self.hop.transport.is_reliable()
    }
}

/// What an agent is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Input {
    Letter { letter: u32, picks_up: bool },
    Clock,
}

/// What an agent does, and the agents after it.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) cast: Cast,
    pub(super) reacted: Arc<Reacted>,
}

/// What the next timer does.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) elapsed: Duration,
    /// Whether it was for late copies only.
    pub(super) late: bool,
    /// Whether the UE refreshes its subscription by itself.
    pub(super) uncontrolled: bool,
    pub(super) reaction: Reaction,
}

/// What happened at the boundary of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Happening {
    pub(super) cause: Cause,
    /// Number of the list of what was sent.
    pub(super) sent: u32,
    /// Whether from now on the UE's SUBSCRIBE inside a dialog is its user's wish, if that changes.
    pub(super) control: Option<bool>,
}

/// What it was that made it happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cause {
    Command(Step),
    Arrival(u32),
    Fired,
}

/// A happening as the ledger has it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) outcome: Outcome,
    pub(super) ledger: u32,
}

/// Which agents a command concerns: it follows from their state alone what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Concerned {
    ue: Option<u32>,
    focus: Option<u32>,
    user: Option<u32>,
    setting: u32,
    /// Whether something is in flight, if that matters.
    busy: bool,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Atlas {
    frame: World,
    ues: Interner<Known<Ue>>,
    focuses: Interner<Known<Focus>>,
    users: Interner<Known<Participant>>,
    views: Interner<()>,
    settings: Interner<Setting>,
    letters: Interner<Letter>,
    lists: Interner<Vec<u32>>,
    ledgers: Interner<Arc<Ledger>>,
    pool: Pool,
    happenings: Interner<Happening>,
    reactions: Memo<(Node, u32, Input, u32), Arc<Reacted>>,
    orders: Memo<(Step, Concerned), Option<Arc<Reacted>>>,
    fired: Memo<(Cast, bool), Option<Arc<Fired>>>,
    picked_up: Memo<(u32, u32), bool>,
    paged: Memo<(u32, u32), Arc<Page>>,
    aged: Memo<(Node, u32, Duration), u32>,
}

/// What one agent does.
#[derive(Debug)]
pub(super) struct Reacted {
    node: Node,
    agent: u32,
    setting: u32,
    /// Number of the list of what it sends.
    pub(super) sent: u32,
    /// What of that arrives next, after the proxies: they keep nothing and do not choose.
    pub(super) carried: Vec<u32>,
}

impl Atlas {
    /// An atlas of worlds like this one.
    pub(super) fn new(frame: World) -> Self {
        Self {
            frame,
            ues: Interner::default(),
            focuses: Interner::default(),
            users: Interner::default(),
            views: Interner::default(),
            settings: Interner::default(),
            letters: Interner::default(),
            lists: Interner::default(),
            ledgers: Interner::default(),
            pool: Pool::default(),
            happenings: Interner::default(),
            reactions: Memo::default(),
            orders: Memo::default(),
            fired: Memo::default(),
            picked_up: Memo::default(),
            paged: Memo::of_late(OF_LATE),
            aged: Memo::default(),
        }
    }

    /// The agents, the ledger and what is in flight of a world.
    pub(super) fn take(&self, world: &World) -> (Cast, u32, Vec<u32>) {
        let (parts, now) = (world.parts(), world.now());
        let mut users = [0; USERS];
        for (number, user) in users.iter_mut().zip(parts.users) {
            *number = self.user(user, now);
        }
        let setting = self.settings.note(&parts.setting);
        let cast = Cast { ue: self.ue(parts.ue, now), focus: self.focus(parts.focus, now), users, setting };
        let flight = world.in_flight().iter().map(|datagram| {
            let hop = datagram.to.address().over(datagram.transport);
            self.letter(datagram.from, Transmit { to: hop, bytes: datagram.bytes.clone() })
        });
        let mut flight: Vec<u32> = flight.collect();
        flight.sort_unstable();
        (cast, self.ledgers.note(&parts.ledger), flight)
    }

    /// A world with these parts. Its clock is that of the UE; only what does not ask for the time may be asked of it.
    pub(super) fn world(&self, cast: Cast, ledger: u32) -> World {
        self.world_of(Node::Ue, cast, Arc::clone(self.ledgers.get(ledger)), vec![])
    }

    /// A world with these agents, on the clock of one of them.
    fn world_of(&self, node: Node, cast: Cast, ledger: Arc<Ledger>, flight: Vec<Datagram>) -> World {
        let (ue, focus) = (self.ues.get(cast.ue), self.focuses.get(cast.focus));
        let present = self.frame.users().len();
        let users: Vec<_> = cast.users.iter().take(present).map(|user| self.users.get(*user)).collect();
        let now = match node {
            Node::Focus => focus.now,
            Node::User(user) => users.get(usize::from(user)).map_or(ue.now, |user| user.now),
            Node::Ue | Node::PCscf | Node::SCscf => ue.now,
        };
        let parts = Parts {
            ue: Arc::clone(&ue.agent),
            focus: Arc::clone(&focus.agent),
            users: users.iter().map(|user| Arc::clone(&user.agent)).collect(),
            ledger,
            setting: self.settings.get(cast.setting).clone(),
        };
        self.frame.with_parts(parts, now, flight)
    }

    fn ue(&self, agent: Arc<Ue>, now: Time) -> u32 {
        know(&self.ues, agent, now, |agent| self.views.number(fingerprint(&agent.view(), Time::EPOCH), || ()))
    }

    fn focus(&self, agent: Arc<Focus>, now: Time) -> u32 {
        know(&self.focuses, agent, now, |agent| self.views.number(fingerprint(&agent.view(), Time::EPOCH), || ()))
    }

    fn user(&self, agent: Arc<Participant>, now: Time) -> u32 {
        know(&self.users, agent, now, |agent| self.views.number(fingerprint(&agent.view(), Time::EPOCH), || ()))
    }

    fn letter(&self, from: Node, transmit: Transmit) -> u32 {
        let Transmit { to: hop, bytes } = transmit;
        self.letters.number(fingerprint(&(from, hop, &bytes), Time::EPOCH), || {
            let to = Node::at(hop, self.frame.settings().invited);
            let read = party(from).is_some() || to.and_then(party).is_some();
            let message = if read { Sip::read(&bytes).ok().map(Arc::new) } else { None };
            Letter { from, hop, to, bytes: bytes.into(), message }
        })
    }

    /// The letter with this number.
    pub(super) fn letter_at(&self, number: u32) -> &Letter {
        self.letters.get(number)
    }

    /// The numbers of the views of all agents.
    pub(super) fn views(&self, cast: Cast) -> [u32; 2 + USERS] {
        let present = self.frame.users().len();
        let mut views = [0; 2 + USERS];
        let users = cast.users.iter().take(present).map(|user| self.users.get(*user).view);
        let all = [self.ues.get(cast.ue).view, self.focuses.get(cast.focus).view].into_iter().chain(users);
        views.iter_mut().zip(all).for_each(|(view, own)| *view = own);
        views
    }

    /// Whether somebody waits for something, and whether somebody waits for late copies.
    pub(super) fn pending(&self, cast: Cast) -> (bool, bool) {
        let present = self.frame.users().len();
        let users = cast.users.iter().take(present).map(|user| self.users.get(*user).pending);
        let all = [self.ues.get(cast.ue).pending, self.focuses.get(cast.focus).pending].into_iter().chain(users);
        all.fold((false, false), |(any, late), (own, own_late)| (any | own, late | own_late))
    }

    /// What the receiver of a letter does.
    pub(super) fn receive(&self, cast: Cast, ledger: u32, letter: u32) -> Option<Reaction> {
        let to = self.letters.get(letter).to?;
        let picks_up = self.picks_up(ledger, letter);
        let reacted = self.react(to, cast, Input::Letter { letter, picks_up });
        Some(reaction(cast, reacted))
    }

    /// Whether the letter is a call beside the conference, which its receiver answers at once.
    fn picks_up(&self, ledger: u32, letter: u32) -> bool {
        let read = self.letters.get(letter);
        let Some(message) = read.message.as_ref().filter(|message| message.is_request_of("INVITE")) else {
            return false;
        };
        self.picked_up.get((ledger, letter), || {
            let entry = Ledger::clone(self.ledgers.get(ledger)).arrived(message);
            Happened::Arrival(entry).is_picked_up()
        })
    }

    fn react(&self, node: Node, cast: Cast, input: Input) -> Arc<Reacted> {
        self.reactions.get((node, self.at(node, cast), input, cast.setting), || {
            let mut world = self.world_of(node, cast, Arc::new(Ledger::new(vec![])), vec![]);
            let sent = match input {
                Input::Letter { letter, picks_up } => {
                    let datagram = self.letters.get(letter).datagram();
                    datagram.map_or_else(Vec::new, |datagram| world.take_in(datagram, picks_up))
                }
                Input::Clock => world.time_out(node),
            };
            Arc::new(self.reacted(node, cast, &world, sent))
        })
    }

    fn reacted(&self, node: Node, cast: Cast, world: &World, sent: Vec<Transmit>) -> Reacted {
        assert!(world.has_proxies_of(&self.frame), "a proxy keeps nothing");
        let (parts, now) = (world.parts(), world.now());
        let agent = match node {
            Node::Ue => self.ue(parts.ue, now),
            Node::Focus => self.focus(parts.focus, now),
            Node::User(user) => parts.users.into_iter().nth(user.into()).map_or(0, |user| self.user(user, now)),
            Node::PCscf | Node::SCscf => 0,
        };
        let mut cast = Cast { setting: self.settings.note(&parts.setting), ..cast };
        let sent: Vec<u32> = sent.into_iter().map(|transmit| self.letter(node, transmit)).collect();
        let mut carried = Vec::new();
        let mut waiting = VecDeque::from(sent.clone());
        while let Some(letter) = waiting.pop_front() {
            match self.letters.get(letter).to {
                Some(proxy @ (Node::PCscf | Node::SCscf)) if party(node).is_some() => {
                    let passed = self.react(proxy, cast, Input::Letter { letter, picks_up: false });
                    cast.setting = passed.setting;
                    waiting.extend(self.lists.get(passed.sent).iter());
                }
                Some(_) => carried.push(letter),
                None => {}
            }
        }
        Reacted { node, agent, setting: cast.setting, sent: self.lists.note(&sent), carried }
    }

    /// The number of the agent at a node; proxies have none.
    fn at(&self, node: Node, cast: Cast) -> u32 {
        match node {
            Node::Ue => cast.ue,
            Node::Focus => cast.focus,
            Node::User(user) => cast.users.get(usize::from(user)).copied().unwrap_or_default(),
            Node::PCscf | Node::SCscf => 0,
        }
    }

    /// What comes of a command, if it is taken.
    pub(super) fn order(&self, cast: Cast, step: Step, flight: &[u32]) -> Option<Reaction> {
        let concerned = concerned(step, cast, !flight.is_empty());
        let reacted = self.orders.get((step, concerned), || {
            let flight = flight.iter().filter_map(|letter| self.letters.get(*letter).datagram()).collect();
            let node = ordered(step);
            let mut world = self.world_of(node, cast, Arc::new(Ledger::clone(self.frame.ledger())), flight);
            let (acted, sent) = world.order(step)?;
            assert_eq!(acted, node, "a command is that of its agent");
            Some(Arc::new(self.reacted(node, cast, &world, sent)))
        })?;
        Some(reaction(cast, reacted))
    }

    /// What the next timer does, if there is one within the model.
    pub(super) fn fire(&self, cast: Cast, ledger: u32) -> Option<Arc<Fired>> {
        let ledger = self.ledgers.get(ledger);
        // Nothing else of what was said decides which timers are within the model.
        let complete = ledger.everything_arrived();
        self.fired.get((cast, complete), || {
            let users = (0..).zip(cast.users.iter().take(self.frame.users().len()));
            let users = users.map(|(number, user)| (Node::User(number), self.users.get(*user).next));
            let all = [(Node::Ue, self.ues.get(cast.ue).next), (Node::Focus, self.focuses.get(cast.focus).next)];
            let next = all.into_iter().chain(users).filter_map(|(node, next)| {
                let (after, class) = next?;
                Some((after, class, node))
            });
            let (elapsed, class, node) = next.min()?;
            let world = self.world_of(Node::Ue, cast, Arc::clone(ledger), vec![]);
            let uncontrolled = world.refreshes_by_itself(class);
            world.may_fire(class).then(|| {
                let cast = self.later(cast, elapsed);
                let reaction = reaction(cast, self.react(node, cast, Input::Clock));
                Arc::new(Fired { elapsed, late: class == TimerClass::Linger, uncontrolled, reaction })
            })
        })
    }

    /// The same agents a while later.
    fn later(&self, cast: Cast, elapsed: Duration) -> Cast {
        let ue = self.aged.get((Node::Ue, cast.ue, elapsed), || {
            let own = self.ues.get(cast.ue);
            self.ue(Arc::clone(&own.agent), own.now + elapsed)
        });
        let focus = self.aged.get((Node::Focus, cast.focus, elapsed), || {
            let own = self.focuses.get(cast.focus);
            self.focus(Arc::clone(&own.agent), own.now + elapsed)
        });
        let mut users = cast.users;
        for user in users.iter_mut().take(self.frame.users().len()) {
            *user = self.aged.get((Node::User(0), *user, elapsed), || {
                let own = self.users.get(*user);
                self.user(Arc::clone(&own.agent), own.now + elapsed)
            });
        }
        Cast { ue, focus, users, ..cast }
    }

    /// Writes a happening into a ledger: the number of the happening, and the page.
    pub(super) fn write(&self, ledger: u32, happening: Happening) -> (u32, Arc<Page>) {
        let number = self.happenings.note(&happening);
        let page = self.paged.get((ledger, number), || Arc::new(self.page(self.ledgers.get(ledger), happening)));
        (number, page)
    }

    fn page(&self, before: &Ledger, happening: Happening) -> Page {
        let mut ledger = before.clone();
        if let Some(wanted) = happening.control {
            ledger.expect_control(wanted);
        }
        let (happened, arrived) = match happening.cause {
            Cause::Command(step) => (Happened::Command(step), None),
            Cause::Fired => (Happened::Fired, None),
            Cause::Arrival(letter) => self.arrival(&mut ledger, self.letters.get(letter)),
        };
        let sent = self.lists.get(happening.sent);
        let sent = sent.iter().filter_map(|letter| {
            let letter = self.letters.get(*letter);
            let (party, message) = (party(letter.from)?, letter.message.clone()?);
            let entry = ledger.sent(party, &message);
            Some(Crossing { party, message, entry, hop: letter.hop, bytes: letter.bytes.clone() })
        });
        let outcome = Outcome { happened, elapsed: Duration::ZERO, arrived, sent: sent.collect() };
        ledger.share(&self.pool);
        Page { outcome, ledger: self.ledgers.note(&Arc::new(ledger)) }
    }

    fn arrival(&self, ledger: &mut Ledger, letter: &Letter) -> (Happened, Option<(Crossing, Party)>) {
        let party = letter.to.and_then(party);
        let Some((party, message)) = party.zip(letter.message.clone()) else { return (Happened::Hop, None) };
        let entry = ledger.arrived(&message);
        let from = ledger.origin(&message, letter.from);
        let (hop, bytes) = (letter.from.address(), letter.bytes.clone());
        (Happened::Arrival(entry), Some((Crossing { party, message, entry, hop, bytes }, from)))
    }
}

fn know<A: Agent>(known: &Interner<Known<A>>, agent: Arc<A>, now: Time, view: impl FnOnce(&A) -> u32) -> u32 {
    known.number(fingerprint(&*agent, now), || {
        let timers = agent.timers();
        let next = timers.iter().map(|timer| (timer.at.since(now), timer.class)).min();
        let is = |class| timers.iter().any(|timer| timer.class == class);
        let pending = (is(TimerClass::Protocol), is(TimerClass::Linger));
        let view = view(&agent);
        Known { agent, now, next, pending, view }
    })
}

fn reaction(cast: Cast, reacted: Arc<Reacted>) -> Reaction {
    let Reacted { node, agent, setting, .. } = *reacted;
    let mut cast = Cast { setting, ..cast };
    match node {
        Node::Ue => cast.ue = agent,
        Node::Focus => cast.focus = agent,
        Node::User(user) => {
            if let Some(own) = cast.users.get_mut(usize::from(user)) {
                *own = agent;
            }
        }
        Node::PCscf | Node::SCscf => {}
    }
    Reaction { cast, reacted }
}

/// Whose command it is.
fn ordered(step: Step) -> Node {
    match step {
        Step::Ring(user)
        | Step::Answer(user)
        | Step::Busy(user)
        | Step::Decline(user)
        | Step::UserLeaves(user)
        | Step::UserSubscribes(user)
        | Step::UserCalls(user)
        | Step::UserHangsUp(user)
        | Step::UserHolds(user)
        | Step::UserResumes(user) => Node::User(user),
        Step::RefuseCreation(_)
        | Step::RefuseCreationWith(_)
        | Step::WithdrawCreation(_)
        | Step::RefuseTerminations(_)
        | Step::RefuseRefer(_)
        | Step::InsistOnReports(_)
        | Step::FocusHolds(_)
        | Step::FocusResumes(_) => Node::Focus,
        Step::Create(_)
        | Step::Cancel
        | Step::Subscribe
        | Step::Refresh
        | Step::Unsubscribe
        | Step::Invite(_)
        | Step::InviteQuietly(_)
        | Step::Expel(_)
        | Step::Leave
        | Step::UeCalls(_)
        | Step::HangUp(_)
        | Step::Deliver(_)
        | Step::Drop(_)
        | Step::Duplicate(_)
        | Step::Lose(_)
        | Step::Challenge(_)
        | Step::CutOff(_)
        | Step::Damage(..)
        | Step::Truncate(..)
        | Step::Restart(_)
        | Step::Flush
        | Step::Fire
        | Step::Settle
        | Step::Idle => Node::Ue,
    }
}

/// Which agents a command looks at: its own, and for some the others.
fn concerned(step: Step, cast: Cast, busy: bool) -> Concerned {
    let Cast { ue, focus, users, setting } = cast;
    let nobody = Concerned { ue: None, focus: None, user: None, setting, busy: false };
    let user = |user: u8| users.get(usize::from(user)).copied();
    match (ordered(step), step) {
        (_, Step::Subscribe) => Concerned { ue: Some(ue), focus: Some(focus), busy, ..nobody },
        // May only be made when nothing else goes on between the two.
        (_, Step::UeCalls(number) | Step::UserCalls(number)) => {
            Concerned { ue: Some(ue), user: user(number), busy, ..nobody }
        }
        (Node::User(number), _) => Concerned { user: user(number), ..nobody },
        (Node::Focus, _) => Concerned { focus: Some(focus), ..nobody },
        (Node::Ue | Node::PCscf | Node::SCscf, _) => Concerned { ue: Some(ue), ..nobody },
    }
}

/// Tables that leave out part of what they depend on, to show that it is noticed.
#[cfg(test)]
impl Atlas {
    pub(super) fn blur_agent(&self) {
        self.reactions.blur(|(node, _, input, setting)| (*node, *input, *setting));
    }

    pub(super) fn blur_letter(&self) {
        self.reactions.blur(|(node, agent, _, setting)| (*node, *agent, *setting));
    }

    pub(super) fn blur_concerned(&self) {
        self.orders.blur(|(step, _)| *step);
    }

    pub(super) fn blur_cast(&self) {
        self.fired.blur(|(cast, _)| cast.focus);
    }

    pub(super) fn blur_elapsed(&self) {
        self.aged.blur(|(node, agent, _)| (*node, *agent));
        // What it was asked for is asked for again.
        self.fired.forget();
    }

    pub(super) fn blur_ledger(&self) {
        self.paged.blur(|(_, happening)| *happening);
    }
}
