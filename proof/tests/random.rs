//! 200,000 operations by chance, on the engine and on managers with one shard,
//! three and sixteen, compared with the naive list of the rules after each.
//!
//! `OARLOCK_SEED=N` repeats a run; `cargo run -p oarlock-proof --release --bin
//! random` does as many operations as one likes.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_proof::generate::Offers;
use oarlock_proof::shrink::by_chance;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::subject::manager::Managed;

/// Operations for each of the four.
const OPS: usize = 50_000;
/// Operations in one world.
const LENGTH: usize = 80;

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let given = env::var("OARLOCK_SEED").ok();
    match given.map(|seed| seed.parse()) {
        Some(seed) => seed.expect("OARLOCK_SEED is a number"),
        None => now.map_or(0, |now| now.as_nanos() as u64),
    }
}

#[track_caller]
fn agree(subject: &mut dyn Subject, close: bool, ops: usize) {
    let begin = seed();
    println!("OARLOCK_SEED={begin}");
    let offers = Offers { max_waiting: true, close };
    let (mut done, mut seed) = (0, begin);
    while done < ops {
        match by_chance(subject, offers, seed, LENGTH) {
            Ok(count) => done += count,
            Err(failure) => panic!("OARLOCK_SEED={begin}\n{failure}"),
        }
        seed = seed.wrapping_add(1);
    }
}

/// In half of the operations nobody asks the manager what became of a wait.
#[track_caller]
fn agree_asked_or_not(shards: usize) {
    agree(&mut Managed::new(shards), true, OPS / 2);
    agree(&mut Managed::unasked(shards), true, OPS / 2);
}

#[test]
fn the_engine_agrees_with_the_rules() {
    agree(&mut Pure::new(), false, OPS);
}

#[test]
fn a_manager_with_one_shard_agrees_with_the_rules() {
    agree_asked_or_not(1);
}

#[test]
fn a_manager_with_three_shards_agrees_with_the_rules() {
    agree_asked_or_not(3);
}

#[test]
fn a_manager_with_sixteen_shards_agrees_with_the_rules() {
    agree_asked_or_not(16);
}
