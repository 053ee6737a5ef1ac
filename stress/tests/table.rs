//! Transactions on a table, by threads of the system.
#![cfg(not(shuttle))]

use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock::Manager;
use oarlock_stress::table::Asks;
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

fn run(shards: usize, step: impl Fn(&Table, &mut Random, u64) + Copy + Send + Sync + 'static) {
    let seed = seed();
    let manager = Manager::builder().shards(shards).spread_after(1).build();
    let table = Arc::new(Table::new(manager.clone(), 5));
    let threads: Vec<_> = (0..6)
        .map(|number| {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                let mut random = Random::new(seed.wrapping_add(number));
                (0..300).for_each(|_| step(&table, &mut random, number));
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!((manager.stats().held, manager.stats().waiting), (0, 0));
}

#[test]
fn transactions_in_one_order_are_never_refused_beside_auditors() {
    for shards in [1, 4] {
        run(shards, |table, random, number| match number {
            0 | 1 => table.audit(random),
            _ => table.ascending(random),
        });
    }
}

#[test]
fn a_deadlock_that_is_told_is_one_of_holders() {
    for shards in [1, 4] {
        let asks: &'static Asks = Box::leak(Box::default());
        run(shards, move |table, random, _| {
            table.crosswise(asks, random);
        });
    }
}
