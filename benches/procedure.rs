//! A whole procedure through the simulated world: create, subscribe, invite one user, who answers. No observer looks
//! on, but the world's ledger reads every message once more with the independent oracle.

use criterion::{Criterion, Throughput};
use imsconf_properties::schedule::{SecondOffer, Settings, Step};
use imsconf_properties::world::{Move, World};

/// Runs it; how many datagrams arrived at a hop.
fn procedure() -> u64 {
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

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("procedure");
    group.throughput(Throughput::Elements(procedure()));
    group.bench_function("create, subscribe, invite", |bencher| bencher.iter(procedure));
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    benchmark(&mut criterion);
    criterion.final_summary();
}
