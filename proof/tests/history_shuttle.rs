//! Histories under shuttle: it picks the order of the threads' steps, at random or by
//! priorities that change a few times (PCT). `scripts/shuttle.sh` runs this.
#![cfg(shuttle)]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_proof::history::hunt::Figures;
use oarlock_proof::history::plan::{Plan, Shape};
use oarlock_proof::history::record::record;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How many changes of priority PCT makes in one execution.
const DEPTH: usize = 3;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// A history an execution, of a plan of its own.
fn check(how: &'static str, seed: u64, shape: Shape, scheduler: impl Scheduler + 'static) {
    println!("shuttle: histories, {how}: OARLOCK_SEED={seed}");
    let mut config = Config::new();
    config.stack_size = 0x8_0000;
    config.silence_warnings = true;
    let begun = Arc::new(AtomicU64::new(0));
    let figures = Arc::new(std::sync::Mutex::new(Figures::default()));
    let (counted, done) = (Arc::clone(&begun), Arc::clone(&figures));
    Runner::new(scheduler, config).run(move || {
        let number = counted.fetch_add(1, Relaxed);
        let plan = Plan::by_chance(seed.wrapping_add(number), &shape);
        let found = done.lock().expect("no panic").take_in(plan.clone(), record(&plan));
        if let Err(failure) = found {
            panic!("{}", failure.least());
        }
    });
    println!("{}", figures.lock().expect("no panic"));
    println!("shuttle: histories, {how}: {} executions", begun.load(Relaxed));
}

/// So many executions with each of the two schedulers: `OARLOCK_SHUTTLE`.
#[test]
fn histories_are_as_the_rules_allow() {
    let executions = number("OARLOCK_SHUTTLE", 1_000) as usize;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = number("OARLOCK_SEED", now.map_or(1, |now| now.as_nanos() as u64));
    let shape = Shape { length: 6, ..Shape::default() };
    let random = RandomScheduler::new_from_seed(seed, executions);
    check("at random", seed, shape.clone(), random);
    check("by priorities", seed, shape, PctScheduler::new_from_seed(seed, DEPTH, executions));
}
