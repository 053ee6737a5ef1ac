//! Owners that wait: what it costs to find out that nobody is stuck, beside so many
//! others. Nobody parks: the requests are objects.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oarlock::{Guard, Manager, Owner, Pending, read, write};

use super::Workload;
use crate::measure::{Contender, Figures, Plan, Watch, interleave};
use crate::results::Results;

/// How many queue for one path; the figures of each: of all, and of the last tenth.
const QUEUES: [(usize, &str, &str); 4] = [
    (100, "ns, enqueue, 100 owners", "ns, the last of 100 owners"),
    (
        1_600,
        "ns, enqueue, 1600 owners",
        "ns, the last of 1600 owners",
    ),
    (
        10_000,
        "ns, enqueue, 10000 owners",
        "ns, the last of 10000 owners",
    ),
    (
        16_000,
        "ns, enqueue, 16000 owners",
        "ns, the last of 16000 owners",
    ),
];

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = vec![
        Contender::new("oarlock", queues),
        Contender::new("oarlock, without owners", queues_without),
        Contender::new("oarlock, unrelated waiting", unrelated(100_000)),
        Contender::new("oarlock, a release", release),
        Contender::new("oarlock, a blocked upgrade", blocked_upgrade),
    ];
    results.extend(workload.name, interleave(plan.rounds(6), &mut contenders));
}

fn ns(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}

/// Each holds a row and queues for one path, one after the other.
fn queues() -> Figures {
    let watch = Watch::start();
    let mut figures = Figures::new();
    for (count, all, last) in QUEUES {
        let manager = Manager::new();
        let owners: Vec<Owner> = (0..count).map(|_| manager.owner()).collect();
        let rows: Vec<Guard> = owners
            .iter()
            .enumerate()
            .map(|(row, owner)| {
                let path = format!("rows/{row}");
                let request = manager.request(write(path.as_str())).owner(owner);
                request.acquire().unwrap()
            })
            .collect();
        let hot = manager.acquire(write("hot")).unwrap();
        let mut waiting: Vec<Pending> = Vec::with_capacity(count);
        let begin = Instant::now();
        let mut tenth = begin;
        for (place, owner) in owners.iter().enumerate() {
            if place == count - count / 10 {
                tenth = Instant::now();
            }
            let request = manager.request(write("hot")).owner(owner);
            waiting.push(request.enqueue().unwrap());
        }
        figures.push((last, ns(tenth) / (count / 10) as f64));
        figures.push((all, ns(begin) / count as f64));
        drop(black_box((waiting, hot, rows)));
    }
    figures.push(watch.stop());
    figures
}

fn queues_without() -> Figures {
    let watch = Watch::start();
    let mut figures = Figures::new();
    for (count, all, _) in QUEUES {
        let manager = Manager::new();
        let hot = manager.acquire(write("hot")).unwrap();
        let begin = Instant::now();
        let enqueue = |_| manager.enqueue(write("hot")).unwrap();
        let waiting: Vec<Pending> = (0..count).map(enqueue).collect();
        figures.push((all, ns(begin) / count as f64));
        drop(black_box((waiting, hot)));
    }
    figures.push(watch.stop());
    figures
}

/// An owner's request that waits, and an upgrade that waits, where so many wait in
/// places of their own; and the longest that an acquire elsewhere takes meanwhile.
fn unrelated(count: usize) -> impl FnMut() -> Figures {
    let manager = Manager::new();
    let paths: Vec<String> = (0..count).map(|place| format!("place{place}")).collect();
    let held: Vec<Guard> = paths
        .iter()
        .map(|path| manager.acquire(write(path.as_str())).unwrap())
        .collect();
    let waiting: Vec<Pending> = paths
        .iter()
        .map(|path| manager.enqueue(write(path.as_str())).unwrap())
        .collect();
    let other = manager.acquire(read("own")).unwrap();
    const TIMES: usize = 5_000;
    // The longest acquire elsewhere while something is done.
    let beside = {
        let manager = manager.clone();
        move |what: &mut dyn FnMut()| {
            let stop = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let elsewhere = scope.spawn(|| {
                    let mut longest = Duration::ZERO;
                    while !stop.load(Ordering::Relaxed) {
                        let begin = Instant::now();
                        drop(manager.acquire(write("elsewhere")).unwrap());
                        longest = longest.max(begin.elapsed());
                    }
                    longest
                });
                what();
                stop.store(true, Ordering::Relaxed);
                elsewhere.join().unwrap().as_nanos() as f64
            })
        }
    };
    move || {
        let watch = Watch::start();
        let (mut request, mut upgrade) = (0.0, 0.0);
        let begin = Instant::now();
        let longest = beside(&mut || {
            for _ in 0..TIMES {
                let owner = manager.owner();
                let asked = manager.request(read("own")).owner(&owner);
                let mut own = asked.acquire().unwrap();
                let begin = Instant::now();
                let wait = manager.request(write(paths[7].as_str())).owner(&owner);
                let wait = wait.enqueue().unwrap();
                request += ns(begin);
                drop(wait);
                let begin = Instant::now();
                let waits = manager.upgrade_async(own.id());
                upgrade += ns(begin);
                drop(waits);
                own.downgrade().unwrap();
            }
        });
        // What the machine makes of it by itself, in the same time.
        let whole = begin.elapsed();
        let alone = beside(&mut || {
            let begin = Instant::now();
            while begin.elapsed() < whole {
                drop(black_box(manager.acquire(write("somewhere")).unwrap()));
            }
        });
        black_box((&held, &waiting, &other));
        vec![
            ("ns, a wait of an owner", request / TIMES as f64),
            ("ns, an upgrade that waits", upgrade / TIMES as f64),
            ("ns, the longest acquire meanwhile", longest),
            ("ns, the longest acquire without", alone),
            ("ns, longer by that", (longest - alone).max(0.0)),
            watch.stop(),
        ]
    }
}

/// A release that grants one wait of an owner with 100 others, beside 1,000 owners
/// that wait where those do.
fn release() -> Figures {
    let watch = Watch::start();
    let manager = Manager::new();
    let hot = manager.acquire(write("hot")).unwrap();
    let first = manager.acquire(write("first")).unwrap();
    let enqueue = |path: &str, owner: &Owner| {
        let request = manager.request(write(path)).owner(owner);
        request.enqueue().unwrap()
    };
    let owners: Vec<Owner> = (0..1_000).map(|_| manager.owner()).collect();
    let crowd: Vec<Pending> = owners.iter().map(|owner| enqueue("hot", owner)).collect();
    let owner = manager.owner();
    let elsewhere = enqueue("first", &owner);
    let below: Vec<Pending> = (0..100)
        .map(|place| enqueue(&format!("hot/{place}"), &owner))
        .collect();
    let begin = Instant::now();
    drop(first);
    let spent = ns(begin);
    drop(black_box((elsewhere, below, crowd, hot)));
    vec![("ns", spent), watch.stop()]
}

/// An upgrade of 4,000 claims of which the last is in somebody's hands, with 50,000
/// waiting at that.
fn blocked_upgrade() -> Figures {
    let watch = Watch::start();
    let manager = Manager::builder().max_claims(4_000).build();
    let paths: Vec<String> = (0..4_000).map(|row| format!("t/{row}")).collect();
    let upgraded = manager
        .acquire(paths.iter().map(|path| read(path.as_str())))
        .unwrap();
    let last = paths[3_999].as_str();
    let other = manager.acquire(read(last)).unwrap();
    let enqueue = |_| manager.enqueue(write(last)).unwrap();
    let waiting: Vec<Pending> = (0..50_000).map(enqueue).collect();
    let begin = Instant::now();
    let waits = manager.upgrade_async(upgraded.id());
    let spent = ns(begin);
    drop(waits);
    drop(black_box((waiting, other, upgraded)));
    vec![("ns, each claim", spent / 4_000.0), watch.stop()]
}
