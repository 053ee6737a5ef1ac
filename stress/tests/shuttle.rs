//! The actors under shuttle: it picks the order of their steps, at random or by
//! priorities that change a few times (PCT), and fails if a check on the side does
//! or if all of them are parked. `scripts/shuttle.sh` runs this.
#![cfg(shuttle)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use oarlock_stress::arena::{End, Shape};
use oarlock_stress::platform::thread;
use oarlock_stress::{Actor, Arenas, Random, Table};
use shuttle::rand::{RngCore, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How many changes of priority PCT makes in one execution.
const DEPTH: usize = 3;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

/// `OARLOCK_SEED`, or one from the clock.
fn seed() -> u64 {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    number(
        "OARLOCK_SEED",
        clock.map_or(1, |since| since.as_nanos() as u64),
    )
}

/// So many executions with each of the two schedulers: `OARLOCK_SHUTTLE`.
fn check_both(name: &'static str, play: impl Fn() + Clone + Send + Sync + 'static) {
    let executions = number("OARLOCK_SHUTTLE", 1_000) as usize;
    let seed = seed();
    let random = RandomScheduler::new_from_seed(seed, executions);
    check(name, "at random", seed, random, play.clone());
    let pct = PctScheduler::new_from_seed(seed, DEPTH, executions);
    check(name, "by priorities", seed, pct, play);
}

fn check(
    name: &str,
    how: &str,
    seed: u64,
    scheduler: impl Scheduler + 'static,
    play: impl Fn() + Send + Sync + 'static,
) {
    let begun = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&begun);
    println!("shuttle: {name}, {how}: OARLOCK_SEED={seed}");
    let mut config = Config::new();
    config.stack_size = 0x2_0000;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        counted.fetch_add(1, Relaxed);
        play();
    });
    let begun = begun.load(Relaxed);
    println!("shuttle: {name}, {how}: {begun} executions");
}

/// What runs in one execution.
#[derive(Clone, Copy)]
struct Play {
    name: &'static str,
    shape: Shape,
    actors: u64,
    steps: u64,
    claims: usize,
    /// Somebody closes the manager in between.
    close: bool,
}

impl Play {
    fn run(self) {
        let arenas = Arc::new(Arenas::new(self.shape));
        let actors: Vec<_> = (0..self.actors)
            .map(|_| {
                let mut actor = Actor::new(Arc::clone(&arenas), thread_rng().next_u64());
                actor.most = self.claims;
                actor.length = 5;
                thread::spawn(move || (0..self.steps).for_each(|_| actor.step()))
            })
            .collect();
        if self.close {
            arenas.replace(End::Closed);
        }
        for actor in actors {
            actor.join().expect("no panic");
        }
        arenas.finish();
    }

    fn check_both(self) {
        check_both(self.name, move || self.run());
    }
}

const SMALL: Shape = Shape {
    shards: 1,
    spread_after: 1,
    max_waiting: 4,
    tops: 1,
    leaves: 2,
};
const WIDE: Shape = Shape {
    shards: 4,
    spread_after: 1,
    max_waiting: usize::MAX,
    tops: 4,
    leaves: 1,
};

/// All below one first segment, so that it is spread.
const CROWD: Shape = Shape {
    shards: 3,
    spread_after: 1,
    max_waiting: usize::MAX,
    tops: 1,
    leaves: 3,
};

#[test]
fn a_crowd() {
    Play {
        name: "a crowd below one first segment",
        shape: CROWD,
        actors: 4,
        steps: 4,
        claims: 3,
        close: false,
    }
    .check_both();
}

#[test]
fn few_paths() {
    Play {
        name: "few paths in one shard",
        shape: SMALL,
        actors: 3,
        steps: 5,
        claims: 2,
        close: false,
    }
    .check_both();
}

#[test]
fn several_shards() {
    Play {
        name: "several claims over four shards",
        shape: WIDE,
        actors: 4,
        steps: 4,
        claims: 4,
        close: false,
    }
    .check_both();
}

#[test]
fn few_paths_and_a_close() {
    Play {
        name: "few paths and a close",
        shape: SMALL,
        actors: 3,
        steps: 4,
        claims: 2,
        close: true,
    }
    .check_both();
}

#[test]
fn several_shards_and_a_close() {
    Play {
        name: "four shards and a close",
        shape: WIDE,
        actors: 4,
        steps: 3,
        claims: 4,
        close: true,
    }
    .check_both();
}

/// Three actors on a table of three rows.
fn on_a_table(name: &'static str, step: fn(&Table, &mut Random, usize)) {
    check_both(name, move || {
        let seeds = [(); 3].map(|()| thread_rng().next_u64());
        Table::play((3, 3), seeds, 2, step);
    });
}

#[test]
fn transactions_in_one_order_beside_an_auditor() {
    on_a_table(
        "transactions in one order beside an auditor",
        |table, random, number| match number {
            0 => table.audit(random),
            _ => table.ascending(random),
        },
    );
}

#[test]
fn transactions_crosswise() {
    on_a_table("transactions crosswise", |table, random, _| {
        table.crosswise(random)
    });
}
