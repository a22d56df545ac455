//! Whole procedures: through the agents alone, through the simulated world, and under every check.
//!
//! `agents` is the throughput of the implementation: complete procedures, creation to leaving, and how their cost grows
//! with the users invited. `world` adds two proxies and the ledger, `schedule` everything that a campaign checks.

/// Shared with the tests, which bound what it allocates.
#[path = "../impl/tests/agents/mod.rs"]
mod agents;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use imsconf_properties::generate::Cases;
use imsconf_properties::run::run;
use imsconf_properties::schedule::{MAX_INVITED, Schedule, SecondOffer, Settings, Step};
use imsconf_properties::world::{Move, World};

use agents::Agents;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Users of one conference, up to what a focus lets one creator invite.
const INVITED: [u16; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Generated schedules of one sample, and the seed that they belong to.
const SCHEDULES: (usize, u64) = (20, 1);

/// Procedures per second: create, subscribe, invite one user, who answers, leave.
fn throughput(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("agents");
    group.throughput(Throughput::Elements(1));
    let idle = Agents::new(1);
    group.bench_function("procedure", |bencher| {
        bencher.iter_batched_ref(|| idle.clone(), Agents::procedure, BatchSize::PerIteration);
    });
    group.finish();
}

/// Messages per second while one creator invites more and more users. How many messages and bytes that takes stands in
/// the name: a notification carries what changed, so that both grow with the users and not faster.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("agents, users invited");
    group.sample_size(20);
    for invited in INVITED {
        let idle = Agents::new(invited);
        let mut once = idle.clone();
        let traffic = once.procedure();
        assert!(once.is_over(), "a procedure that did not end");
        group.throughput(Throughput::Elements(traffic.messages));
        let name =
            BenchmarkId::new(invited.to_string(), format!("{} messages, {} bytes", traffic.messages, traffic.bytes));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(|| idle.clone(), Agents::procedure, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// The procedure without leaving, in the simulated world; how many datagrams arrived at a hop.
fn deliveries() -> u64 {
    let mut world = World::new(Settings::default(), None);
    let mut arrived = 0;
    for step in [Step::Create(SecondOffer::Prack), Step::Subscribe, Step::Invite(0), Step::Ring(0), Step::Answer(0)] {
        world.apply(Move::Command(step));
        while !world.in_flight().is_empty() {
            world.apply(Move::Deliver(0));
            arrived += 1;
        }
    }
    arrived
}

/// Deliveries per second in the world without an observer; its ledger reads every message once more with the
/// independent oracle.
fn world(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("world");
    group.throughput(Throughput::Elements(deliveries()));
    group.bench_function("create, subscribe, invite", |bencher| bencher.iter(deliveries));
    group.finish();
}

/// Moves of these schedules, under all observers and held to the model.
fn moves(schedules: &[Schedule]) -> u64 {
    schedules.iter().map(|schedule| u64::from(run(schedule, None).moves)).sum()
}

/// Moves per second of generated schedules with all checks on, for as many users as the model can follow.
fn schedule(criterion: &mut Criterion) {
    let (count, seed) = SCHEDULES;
    let mut group = criterion.benchmark_group("schedule, all checks, users invited");
    group.sample_size(10);
    for invited in 1..=MAX_INVITED {
        let schedules: Vec<_> = Cases::new(invited, seed).take(count).collect();
        let moves_of_all = moves(&schedules);
        group.throughput(Throughput::Elements(moves_of_all));
        let name = BenchmarkId::new(invited.to_string(), format!("{moves_of_all} moves"));
        group.bench_function(name, |bencher| bencher.iter(|| moves(&schedules)));
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    throughput(&mut criterion);
    growth(&mut criterion);
    world(&mut criterion);
    schedule(&mut criterion);
    criterion.final_summary();
}
