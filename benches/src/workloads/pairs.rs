//! Acquire + release on one thread, with nobody in the way.

use std::hint::black_box;

use oarlock::{Manager, write};

use super::{Workload, contenders, open};
use crate::keys::{Deep, Key, Random, deep, keys};
use crate::measure::{Contender, Plan, interleave};
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

pub fn one_segment(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = contenders!(|P, plan| {
        let (peer, keys, mut at) = (open::<P>(1000), sequence(&keys(1, 1000)), 0);
        let mut session = peer.session();
        Contender::looping(P::NAME, plan.slice(), move |count| {
            for _ in 0..count {
                drop(black_box(
                    peer.hold(&mut session, black_box(&keys[at % 4096])),
                ));
                at += 1;
            }
        })
    });
    let manager = Manager::new();
    let names: Vec<_> = sequence(&keys(1, 1000))
        .into_iter()
        .map(|key| key.0)
        .collect();
    let mut at = 0;
    contenders.push(Contender::looping(
        "oarlock, segments",
        plan.slice(),
        move |count| {
            for _ in 0..count {
                drop(black_box(
                    manager
                        .acquire(write(&[black_box(&names[at % 4096])][..]))
                        .unwrap(),
                ));
                at += 1;
            }
        },
    ));
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

pub fn three_segments(workload: &Workload, plan: &Plan, results: &mut Results) {
    let paths = sequence(&deep(2));
    let manager = Manager::new();
    let mut at = 0;
    let texts = paths.clone();
    let mut contenders = vec![Contender::looping("oarlock", plan.slice(), move |count| {
        for _ in 0..count {
            let path = black_box(&texts[at % 4096]);
            drop(black_box(manager.acquire(write(&path.text)).unwrap()));
            at += 1;
        }
    })];
    let manager = Manager::new();
    let mut at = 0;
    let split = paths.clone();
    let split: Vec<Vec<&'static str>> = split
        .into_iter()
        .map(|path| String::leak(path.text).split('/').collect())
        .collect();
    contenders.push(Contender::looping(
        "oarlock, segments",
        plan.slice(),
        move |count| {
            for _ in 0..count {
                drop(black_box(
                    manager
                        .acquire(write(&black_box(&split[at % 4096])[..]))
                        .unwrap(),
                ));
                at += 1;
            }
        },
    ));
    for names in Names::BOTH.into_iter().filter(|_| Berkeley::THERE) {
        let vectors = paths
            .iter()
            .map(|path| Vector::new(names, std::slice::from_ref(path)));
        contenders.push(berkeley(plan, names, vectors.collect()));
    }
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

fn berkeley(plan: &Plan, names: Names, vectors: Vec<Vector>) -> Contender<'static> {
    let mut locker = open::<Berkeley>(10_000).session();
    let mut at = 0;
    Contender::looping(names.name(), plan.slice(), move |count| {
        for _ in 0..count {
            black_box(&vectors[at % vectors.len()]).pair(&mut locker);
            at += 1;
        }
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
        let (peer, requests, mut at) = (open::<P>(1000), requests(), 0);
        let mut session = peer.session();
        Contender::looping(P::NAME, plan.slice(), move |count| {
            for _ in 0..count {
                peer.ten(&mut session, black_box(&requests[at % 256]));
                at += 1;
            }
        })
    });
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
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
    let manager = Manager::new();
    let mut at = 0;
    let mut contenders = vec![Contender::looping("oarlock", plan.slice(), move |count| {
        for _ in 0..count {
            let paths = black_box(&requests[at % 64]);
            let claims = paths.iter().map(|path| write(&path.text));
            drop(black_box(manager.acquire(claims).unwrap()));
            at += 1;
        }
    })];
    for (names, vectors) in vectors.into_iter().filter(|_| Berkeley::THERE) {
        contenders.push(berkeley(plan, names, vectors));
    }
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}
