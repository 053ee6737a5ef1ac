//! Transactions on a table, by threads of the system.
#![cfg(not(shuttle))]

use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_stress::{Random, Table};

/// `OARLOCK_SEED`, or one from the clock.
fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = match std::env::var("OARLOCK_SEED") {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => since.map_or(1, |since| since.as_nanos() as u64),
    };
    println!("OARLOCK_SEED={seed}");
    seed
}

/// Six threads on five rows, in one shard and in several.
fn run(step: impl Fn(&Table, &mut Random, usize) + Copy + Send + 'static) {
    let seed = seed();
    for shards in [1, 4] {
        let seeds = (0..6).map(|number| seed.wrapping_add(number));
        Table::play((shards, 5), seeds, 300, step);
    }
}

#[test]
fn transactions_in_one_order_are_never_refused_beside_auditors() {
    run(|table, random, number| match number {
        0 | 1 => table.audit(random),
        _ => table.ascending(random),
    });
}

#[test]
fn a_deadlock_that_is_told_is_one_of_holders() {
    run(|table, random, _| table.crosswise(random));
}
