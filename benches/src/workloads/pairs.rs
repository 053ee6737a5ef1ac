//! Acquire + release on one thread, with nobody in the way. Every turn has a fresh
//! instance of what it measures: with some, chance in where their memory lies or how
//! they hash doubles the time.

use std::hint::black_box;

use oarlock::{Manager, write};

use super::{Workload, contenders};
use crate::keys::{Deep, Key, Random, deep, keys};
use crate::measure::{Contender, Loop, Plan, interleave};
use crate::peers::{Berkeley, Keyed, Names, Vector};
use crate::results::Results;

const ROUNDS: usize = 25;

/// 4,096 of the items, in random order.
pub fn sequence<T: Clone>(items: &[T]) -> Vec<T> {
    let mut random = Random::new(7);
    (0..4096)
        .map(|_| items[random.below(items.len())].clone())
        .collect()
}

/// A contender that has a new manager each turn, and does the same with one item
/// after the other.
pub fn ours<T: 'static>(
    name: &'static str,
    plan: &Plan,
    items: Vec<T>,
    mut pair: impl FnMut(&Manager, &T) + 'static,
) -> Contender<'static> {
    let mut clock = Loop::new(plan.slice());
    Contender::new(name, move || {
        let manager = Manager::new();
        let mut items = items.iter().cycle();
        clock.time(|count| {
            for item in items.by_ref().take(count as usize) {
                pair(&manager, black_box(item));
            }
        })
    })
}

pub fn one_segment(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = contenders!(|P, plan| {
        let mut clock = Loop::new(plan.slice());
        let keys = sequence(&keys(1, 1000));
        Contender::new(P::NAME, move || {
            let peer = P::open(1000);
            let mut session = peer.session();
            let mut keys = keys.iter().cycle();
            clock.time(|count| {
                for key in keys.by_ref().take(count as usize) {
                    drop(black_box(peer.hold(&mut session, black_box(key))));
                }
            })
        })
    });
    let keys = sequence(&keys(1, 1000));
    contenders.push(ours("oarlock, segments", plan, keys, |manager, key| {
        drop(black_box(manager.acquire(write(&[key.0][..])).unwrap()));
    }));
    let found = interleave(plan.rounds(ROUNDS), &mut contenders);
    results.extend(workload.name, found);
}

pub fn three_segments(workload: &Workload, plan: &Plan, results: &mut Results) {
    let paths = sequence(&deep(2));
    let split = paths.iter().map(|path| -> Vec<&'static str> {
        let text = String::leak(path.text.clone());
        text.split('/').collect()
    });
    let mut contenders = vec![
        ours("oarlock", plan, paths.clone(), |manager, path: &Deep| {
            drop(black_box(manager.acquire(write(&path.text)).unwrap()));
        }),
        ours(
            "oarlock, segments",
            plan,
            split.collect(),
            |manager, path: &Vec<_>| {
                drop(black_box(manager.acquire(write(&path[..])).unwrap()));
            },
        ),
    ];
    for names in Names::BOTH.into_iter().filter(|_| Berkeley::THERE) {
        let vectors = paths
            .iter()
            .map(|path| Vector::new(names, std::slice::from_ref(path)));
        contenders.push(berkeley(plan, names, vectors.collect()));
    }
    let found = interleave(plan.rounds(ROUNDS), &mut contenders);
    results.extend(workload.name, found);
}

fn berkeley(plan: &Plan, names: Names, vectors: Vec<Vector>) -> Contender<'static> {
    let mut clock = Loop::new(plan.slice());
    Contender::new(names.name(), move || {
        let peer = Berkeley::open(10_000);
        let mut locker = peer.session();
        let mut vectors = vectors.iter().cycle();
        clock.time(|count| {
            for vector in vectors.by_ref().take(count as usize) {
                black_box(vector).pair(&mut locker);
            }
        })
    })
}

pub fn ten_keys(workload: &Workload, plan: &Plan, results: &mut Results) {
    /// 256 requests of ten different keys out of 1,000, in order.
    fn requests() -> Vec<[Key; 10]> {
        let mut keys = keys(3, 1000);
        let mut random = Random::new(3);
        (0..256)
            .map(|_| {
                random.shuffle(&mut keys);
                let mut ten: [Key; 10] = keys[..10].try_into().unwrap();
                ten.sort();
                ten
            })
            .collect()
    }
    let mut contenders = contenders!(|P, plan| {
        let mut clock = Loop::new(plan.slice());
        let requests = requests();
        Contender::new(P::NAME, move || {
            let peer = P::open(1000);
            let mut session = peer.session();
            let mut requests = requests.iter().cycle();
            clock.time(|count| {
                for request in requests.by_ref().take(count as usize) {
                    peer.ten(&mut session, black_box(request));
                }
            })
        })
    });
    let found = interleave(plan.rounds(ROUNDS), &mut contenders);
    results.extend(workload.name, found);
}

pub fn ten_deep_same(workload: &Workload, plan: &Plan, results: &mut Results) {
    ten_deep(workload, plan, results, |names, i| {
        [&names[0], &names[10 + i], &names[20 + i]]
    });
}

pub fn ten_deep_different(workload: &Workload, plan: &Plan, results: &mut Results) {
    ten_deep(workload, plan, results, |names, i| {
        [&names[i], &names[10 + i], &names[20 + i]]
    });
}

/// 64 requests of ten paths, in the order of their text.
fn ten_deep(
    workload: &Workload,
    plan: &Plan,
    results: &mut Results,
    path: impl Fn(&[Key], usize) -> [&Key; 3],
) {
    let requests: Vec<Vec<Deep>> = (0..64)
        .map(|request| {
            let names = keys(100 + request, 30);
            let mut paths: Vec<_> = (0..10).map(|i| Deep::new(path(&names, i))).collect();
            paths.sort_by(|a, b| a.text.cmp(&b.text));
            paths
        })
        .collect();
    let vectors = Names::BOTH.map(|names| {
        let vectors = requests.iter().map(|paths| Vector::new(names, paths));
        (names, vectors.collect())
    });
    let mut contenders = vec![ours("oarlock", plan, requests, |manager, paths| {
        let claims = paths.iter().map(|path| write(&path.text));
        drop(black_box(manager.acquire(claims).unwrap()));
    })];
    for (names, vectors) in vectors.into_iter().filter(|_| Berkeley::THERE) {
        contenders.push(berkeley(plan, names, vectors));
    }
    let found = interleave(plan.rounds(ROUNDS), &mut contenders);
    results.extend(workload.name, found);
}
