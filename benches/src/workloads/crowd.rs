//! Acquire + release of 1,000 keys while so many others are held: it should cost
//! cache misses, never a scan.

use std::hint::black_box;

use oarlock::{Guard, Manager, write};

use super::Workload;
use crate::keys::keys;
use crate::measure::{Contender, Loop, Plan, interleave};
use crate::peers::{self, Keyed};
use crate::results::Results;

const HELD: [(usize, &str); 6] = [
    (0, "ns, 0 held"),
    (1_000, "ns, 1000 held"),
    (10_000, "ns, 10000 held"),
    (100_000, "ns, 100000 held"),
    (300_000, "ns, 300000 held"),
    (1_000_000, "ns, 1000000 held"),
];

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    for (count, figure) in HELD {
        let mut contenders = vec![
            crowd::<peers::Oarlock>(plan, count),
            crowd::<peers::ByHand>(plan, count),
        ];
        contenders.push(crowd::<peers::Lockmap>(plan, count));
        if peers::Berkeley::THERE {
            contenders.push(crowd::<peers::Berkeley>(plan, count));
        }
        contenders.push(siblings(plan, count));
        for series in interleave(plan.rounds(10), &mut contenders) {
            results.take(workload.name, figure, series);
        }
    }
}

/// Peers live on here, as long as the process: what is held borrows them.
fn crowd<P: Keyed + 'static>(plan: &Plan, count: usize) -> Contender<'static> {
    let peer: &'static P = Box::leak(Box::new(P::open(count + 1000)));
    let mut session = peer.session();
    let held: Vec<_> = keys(80, count)
        .iter()
        .map(|key| peer.hold(&mut session, key))
        .collect();
    let keys = super::pairs::sequence(&keys(81, 1000));
    let (mut clock, mut at) = (Loop::new(plan.slice()), 0);
    Contender::new(P::NAME, move || {
        black_box(&held);
        clock.time(|count| {
            for _ in 0..count {
                drop(black_box(peer.hold(&mut session, &keys[at % 4096])));
                at += 1;
            }
        })
    })
}

/// All under the same two segments.
fn siblings(plan: &Plan, count: usize) -> Contender<'static> {
    let manager = Manager::new();
    let path = |key: &crate::keys::Key| format!("tenants/eu-west/{}", key.text());
    let held: Vec<Guard> = keys(82, count)
        .iter()
        .map(|key| manager.acquire(write(path(key))).unwrap())
        .collect();
    let paths: Vec<_> = super::pairs::sequence(&keys(83, 1000))
        .iter()
        .map(path)
        .collect();
    let (mut clock, mut at) = (Loop::new(plan.slice()), 0);
    Contender::new("oarlock, three segments, all siblings", move || {
        black_box(&held);
        clock.time(|count| {
            for _ in 0..count {
                drop(black_box(
                    manager.acquire(write(&paths[at % 4096])).unwrap(),
                ));
                at += 1;
            }
        })
    })
}
