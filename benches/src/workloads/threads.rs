//! Two threads.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oarlock::{Manager, read, write};

use super::{Workload, contenders};
use crate::keys::{Deep, Key, keys};
use crate::measure::{
    Contender, DISTURBED, Done, Figures, Plan, disturbed, interleave, race, rate, smallest_share,
    switched,
};
use crate::peers::{self, Berkeley, Keyed, Names, Vector};
use crate::results::Results;

const ROUNDS: usize = 15;

/// One thread, then two, at the same work.
fn scaling(mut run: impl FnMut(usize) -> Vec<Done>) -> Figures {
    let (alone, together) = (run(1), run(2));
    let (one, two) = (rate(&alone), rate(&together));
    vec![
        ("M/s, one thread", one),
        ("M/s, two threads", two),
        ("scaling", two / one),
        (DISTURBED, disturbed(&alone).max(disturbed(&together))),
    ]
}

/// What perfect scaling looks like on this machine: two threads that have nothing
/// to do with each other, each locking a mutex of its own.
fn strangers(window: Duration) -> Contender<'static> {
    Contender::new("a mutex for each thread", move || {
        scaling(|threads| {
            race(threads, window, |_| {
                let mutex = Box::new(parking_lot::Mutex::new(0_u64));
                move || {
                    *black_box(&mutex).lock() += 1;
                    false
                }
            })
        })
    })
}

pub fn apart(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = contenders!(|P, plan| {
        let window = plan.window();
        Contender::new(P::NAME, move || {
            let peer = &P::open(1000);
            scaling(|threads| {
                race(threads, window, |thread| {
                    let keys = super::pairs::sequence(&keys(10 + thread as u64, 1000));
                    let mut session = peer.session();
                    let mut at = 0;
                    move || {
                        drop(black_box(peer.hold(&mut session, &keys[at % 4096])));
                        at += 1;
                        false
                    }
                })
            })
        })
    });
    contenders.push(strangers(plan.window()));
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

/// The paths of one thread.
type PathsOf = fn(thread: usize) -> Vec<Deep>;

/// Oarlock and Berkeley DB with paths of three segments. Each turn has a manager
/// of its own, since chance decides which first segments share a shard.
fn deep_paths(plan: &Plan, paths: PathsOf) -> Vec<Contender<'static>> {
    let window = plan.window();
    let mut contenders = vec![Contender::new("oarlock", move || {
        let manager = Manager::new();
        scaling(|threads| {
            race(threads, window, |thread| {
                let (manager, paths, mut at) = (manager.clone(), paths(thread), 0);
                move || {
                    drop(black_box(
                        manager
                            .acquire(write(&paths[at % paths.len()].text))
                            .unwrap(),
                    ));
                    at += 1;
                    false
                }
            })
        })
    })];
    if Berkeley::THERE {
        contenders.push(Contender::new(Names::Ids.name(), move || {
            let peer = &Berkeley::open(10_000);
            scaling(|threads| {
                race(threads, window, |thread| {
                    let vectors: Vec<_> = paths(thread)
                        .into_iter()
                        .map(|path| Vector::new(Names::Ids, &[path]))
                        .collect();
                    let (mut locker, mut at) = (peer.session(), 0);
                    // Vectors point into their own texts.
                    let mut step = move || {
                        vectors[at % vectors.len()].pair(&mut locker);
                        at += 1;
                    };
                    move || {
                        step();
                        false
                    }
                })
            })
        }));
    }
    contenders.push(strangers(window));
    contenders
}

pub fn apart_deep(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = deep_paths(plan, |thread| {
        let names = keys(20 + thread as u64, 21);
        (0..100)
            .map(|i| Deep::new([&names[20], &names[i / 10], &names[10 + i % 10]]))
            .collect()
    });
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

pub fn siblings(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = deep_paths(plan, |thread| {
        let above = keys(30, 2);
        let leaves = keys(31 + thread as u64, 500);
        leaves
            .iter()
            .map(|leaf| Deep::new([&above[0], &above[1], leaf]))
            .collect()
    });
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

pub fn reading(workload: &Workload, plan: &Plan, results: &mut Results) {
    fn contender<P: Keyed + 'static>(window: Duration) -> Contender<'static> {
        let key = keys(40, 1)[0];
        Contender::new(P::NAME, move || {
            let peer = &P::open(1000);
            scaling(|threads| {
                race(threads, window, |_| {
                    let mut session = peer.session();
                    move || {
                        drop(black_box(peer.hold_read(&mut session, black_box(&key))));
                        false
                    }
                })
            })
        })
    }
    let window = plan.window();
    let mut contenders = vec![
        contender::<peers::Oarlock>(window),
        contender::<peers::RwByHand>(window),
        contender::<peers::RwKept>(window),
    ];
    if Berkeley::THERE {
        contenders.push(contender::<Berkeley>(window));
    }
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

pub fn reading_deep(workload: &Workload, plan: &Plan, results: &mut Results) {
    let window = plan.window();
    let names = keys(41, 3);
    let path = Deep::new([&names[0], &names[1], &names[2]]);
    let manager = Manager::new();
    let mut contenders = vec![Contender::new("oarlock", move || {
        scaling(|threads| {
            race(threads, window, |_| {
                let (manager, path) = (&manager, &path);
                move || {
                    drop(black_box(manager.acquire(read(&path.text)).unwrap()));
                    false
                }
            })
        })
    })];
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

/// Threads that all want this key; counts who had it.
fn hammer<P: Keyed>(peer: &P, key: &Key, threads: usize, window: Duration) -> Figures {
    let last = AtomicUsize::new(usize::MAX);
    let done = race(threads, window, |thread| {
        let mut session = peer.session();
        let last = &last;
        move || {
            let held = peer.hold(&mut session, key);
            let switched = last.load(Ordering::Relaxed) != thread;
            if switched {
                last.store(thread, Ordering::Relaxed);
            }
            drop(black_box(held));
            switched
        }
    });
    vec![
        ("M/s", rate(&done)),
        ("smallest share %", smallest_share(&done)),
        ("changed owner %", switched(&done)),
        (DISTURBED, disturbed(&done)),
    ]
}

pub fn one_key(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = contenders!(|P, plan| {
        let (key, window) = (keys(50, 1)[0], plan.window());
        Contender::new(P::NAME, move || hammer(&P::open(1000), &key, 2, window))
    });
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}

/// Nobody waits for anybody here but at the shard's mutex, which may barge. Shares
/// of every 20 ms, not only of the whole: who starves for a while is behind then.
pub fn internal_mutex(workload: &Workload, plan: &Plan, results: &mut Results) {
    let window = plan.window();
    let slots = (window.as_millis() / 20).max(1) as usize;
    let manager = Manager::new();
    let mut contenders = vec![Contender::new("oarlock", move || {
        let counts: Vec<[AtomicUsize; 2]> = (0..=slots).map(|_| Default::default()).collect();
        let begin = Instant::now();
        let done = race(2, window, |thread| {
            let leaves: Vec<_> = keys(60 + thread as u64, 16)
                .iter()
                .map(|key| format!("a/{}", key.text()))
                .collect();
            let (manager, counts, mut at) = (&manager, &counts, 0);
            move || {
                drop(black_box(manager.acquire(write(&leaves[at % 16])).unwrap()));
                at += 1;
                if at % 64 == 0 {
                    let slot = (begin.elapsed().as_millis() / 20) as usize;
                    counts[slot.min(slots)][thread].fetch_add(64, Ordering::Relaxed);
                }
                false
            }
        });
        let shares = counts[..slots].iter().map(|pair| {
            let [a, b] = pair
                .each_ref()
                .map(|count| count.load(Ordering::Relaxed) as f64);
            100.0 * a.min(b) / (a + b).max(1.0)
        });
        vec![
            ("M/s", rate(&done)),
            ("smallest share %", smallest_share(&done)),
            ("smallest share of 20 ms %", shares.fold(50.0, f64::min)),
            (DISTURBED, disturbed(&done)),
        ]
    })];
    results.extend(
        workload.name,
        interleave(plan.rounds(ROUNDS), &mut contenders),
    );
}
