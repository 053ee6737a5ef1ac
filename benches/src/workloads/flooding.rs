//! Hash flooding. Whoever chooses the names can choose them so that all have one
//! hash, if the hash has no secret. A million such names should cost what random
//! ones cost.

use std::hint::black_box;
use std::time::Instant;

use oarlock::{Guard, Manager, write};

use super::Workload;
use crate::keys::{Key, Random};
use crate::measure::{Contender, Plan, Watch, interleave};
use crate::peers::{ByHand, Keyed};
use crate::results::Results;

/// Fewer where each costs a walk over all the others.
const FEW: usize = 20_000;

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    let count = if plan.quick { 200_000 } else { 1_000_000 };
    let mut contenders: Vec<_> = SETS
        .iter()
        .map(|set| {
            let names = (set.names)(count);
            Contender::new(set.name, move || {
                let manager = Manager::new();
                let mut held: Vec<Guard> = Vec::with_capacity(count);
                let (watch, begin) = (Watch::start(), Instant::now());
                held.extend(
                    names
                        .iter()
                        .map(|name| manager.acquire(write(&[name][..])).unwrap()),
                );
                held.clear();
                vec![
                    ("ns", begin.elapsed().as_nanos() as f64 / count as f64),
                    watch.stop(),
                ]
            })
        })
        .collect();
    contenders.push(by_hand(
        "keyed mutex by hand, 20,000 random names",
        random(FEW),
    ));
    contenders.push(by_hand(
        "keyed mutex by hand, 20,000 chosen names",
        fx_words(FEW),
    ));
    results.extend(workload.name, interleave(plan.rounds(6), &mut contenders));
}

/// Names, and against what they are chosen.
struct Set {
    name: &'static str,
    names: fn(usize) -> Vec<[u8; 16]>,
}

const SETS: [Set; 4] = [
    Set {
        name: "oarlock, random names",
        names: random,
    },
    Set {
        name: "oarlock, names that collide under FxHash as bytes",
        names: fx_bytes,
    },
    Set {
        name: "oarlock, names that collide under FxHash as two words",
        names: fx_words,
    },
    Set {
        name: "oarlock, names that collide under the first FxHash",
        names: fx_first,
    },
];

fn by_hand(name: &'static str, names: Vec<[u8; 16]>) -> Contender<'static> {
    Contender::new(name, move || {
        let map = ByHand::open(0);
        let mut held = Vec::with_capacity(names.len());
        let (watch, begin) = (Watch::start(), Instant::now());
        held.extend(
            names
                .iter()
                .map(|name| map.hold(&mut (), black_box(&Key(*name)))),
        );
        held.clear();
        vec![
            ("ns", begin.elapsed().as_nanos() as f64 / names.len() as f64),
            watch.stop(),
        ]
    })
}

fn name(low: u64, high: u64) -> [u8; 16] {
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

fn random(count: usize) -> Vec<[u8; 16]> {
    let mut random = Random::new(90);
    (0..count)
        .map(|_| name(random.next(), random.next()))
        .collect()
}

/// Whose first word cancels the hash's first constant, so that the product is 0
/// whatever the second word is.
fn fx_bytes(count: usize) -> Vec<[u8; 16]> {
    let mut random = Random::new(91);
    (0..count)
        .map(|_| name(0x243f_6a88_85a3_08d3, random.next()))
        .collect()
}

/// Whose second word undoes what the first did: the state is (0 + w₁)·K + w₂.
fn fx_words(count: usize) -> Vec<[u8; 16]> {
    const K: u64 = 0xf135_7aea_2e62_a9c5;
    let mut random = Random::new(92);
    (0..count)
        .map(|_| {
            let low = random.next();
            name(low, 42_u64.wrapping_sub(low.wrapping_mul(K)))
        })
        .collect()
}

/// The same against the older recipe: the state is (rotl(w₁·K, 5) ^ w₂)·K.
fn fx_first(count: usize) -> Vec<[u8; 16]> {
    const K: u64 = 0x517c_c1b7_2722_0a95;
    let mut random = Random::new(93);
    (0..count)
        .map(|_| {
            let low = random.next();
            name(low, low.wrapping_mul(K).rotate_left(5) ^ 42)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, Hasher};

    fn distinct(hashes: impl Iterator<Item = u64>) -> usize {
        hashes.collect::<HashSet<_>>().len()
    }

    #[test]
    fn chosen_names_collide_and_are_different() {
        let bytes = fx_bytes(1000);
        let of_bytes = |name: &[u8; 16]| {
            let mut hasher = rustc_hash::FxHasher::default();
            hasher.write(name);
            hasher.finish()
        };
        assert_eq!(distinct(bytes.iter().map(of_bytes)), 1);
        let words = fx_words(1000);
        let hasher = rustc_hash::FxBuildHasher;
        assert_eq!(
            distinct(words.iter().map(|name| hasher.hash_one(Key(*name)))),
            1
        );
        let first = fx_first(1000);
        let older = |name: &[u8; 16]| {
            let whole = u128::from_le_bytes(*name);
            let step = |hash: u64, word: u64| {
                (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
            };
            step(step(0, whole as u64), (whole >> 64) as u64)
        };
        assert_eq!(distinct(first.iter().map(older)), 1);
        for names in [bytes, words, first, random(1000)] {
            assert_eq!(names.into_iter().collect::<HashSet<_>>().len(), 1000);
        }
    }
}
