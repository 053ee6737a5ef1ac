//! Scenarios made by chance, with what the rules expect of every step.

use std::collections::BTreeSet;

use crate::oracle::Oracle;
use crate::scenario::{Action, Claim, Expect, Mode, Scenario, State, Step};
use crate::surface::{Locked, Surface};

/// A small random number generator (SplitMix64): the same numbers for the same
/// seed on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that begins at this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Rng(seed)
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % (n.max(1) as u64)) as usize
    }

    /// Whether a chance of one in `n` comes true.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// How one scenario leans, itself drawn by chance: how crowded it is, how deep
/// its paths are and how many of its claims write.
struct Leaning {
    names: usize,
    depth: usize,
    claims: usize,
    crowd: usize,
    one_write_in: usize,
}

/// A scenario of so many steps. The same seed makes the same scenario.
#[must_use]
pub fn scenario(seed: u64, steps: usize) -> Scenario {
    let mut rng = Rng::new(seed);
    let leaning = Leaning {
        names: 1 + rng.below(4),
        depth: 1 + rng.below(4),
        claims: 1 + rng.below(4),
        crowd: 2 + rng.below(14),
        one_write_in: 1 + rng.below(5),
    };
    let mut live: Vec<String> = Vec::new();
    let mut actions = Vec::new();
    for number in 0..steps {
        // The crowd settles where arrivals and ends are equally likely.
        if rng.below(2 * leaning.crowd) < live.len() {
            let id = live.swap_remove(rng.below(live.len()));
            actions.push(Action::Unlock(vec![id]));
        } else {
            let id = format!("q{number}");
            let claims = (0..=rng.below(leaning.claims)).map(|_| claim(&mut rng, &leaning));
            let claims = claims.collect();
            live.push(id.clone());
            actions.push(Action::Lock {
                id,
                claims,
                expect: None,
            });
        }
    }
    expected(format!("by chance, seed {seed}"), actions)
}

fn claim(rng: &mut Rng, leaning: &Leaning) -> Claim {
    let mode = match rng.one_in(leaning.one_write_in) {
        true => Mode::Write,
        false => Mode::Read,
    };
    let depth = match rng.one_in(12) {
        true => 0,
        false => 1 + rng.below(leaning.depth),
    };
    // The empty name and one with a slash are names like any other.
    let names: [&[u8]; 4] = [b"a", b"b", b"", b"a/b"];
    let path = (0..depth).map(|_| names[rng.below(leaning.names)].to_vec());
    Claim {
        mode,
        path: path.collect(),
        limit: None,
    }
}

/// A scenario of these actions that expects what the rules say.
#[must_use]
pub fn expected(name: String, actions: Vec<Action>) -> Scenario {
    let mut oracle = Oracle::new();
    let steps = actions.into_iter().map(|mut action| {
        match &mut action {
            Action::Lock { id, claims, expect } => {
                *expect = match oracle.lock(id, claims) {
                    Ok(Locked::As(state)) => Some(Expect::State(state)),
                    _ => Some(Expect::Error),
                };
            }
            Action::Unlock(ids) => ids.iter().for_each(|id| drop(oracle.unlock(id))),
        }
        Step {
            action: Some(action),
            acquired: Some(BTreeSet::from_iter(oracle.ids(State::Acquired))),
            waiting: Some(BTreeSet::from_iter(oracle.ids(State::Waiting))),
            ..Step::default()
        }
    });
    let steps = steps.collect();
    Scenario { name, steps }
}

/// The smallest scenario found, by leaving requests, ends and claims out, that
/// still fails; `fails` is asked of each candidate.
pub fn shrink(scenario: &Scenario, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    let mut best = scenario.clone();
    loop {
        let smaller = candidates(&best).into_iter().find(&mut fails);
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let actions: Vec<Action> = scenario
        .steps
        .iter()
        .filter_map(|s| s.action.clone())
        .collect();
    let mut all = Vec::new();
    let mut offer = |actions| all.push(expected(scenario.name.clone(), actions));
    for (index, action) in actions.iter().enumerate() {
        match action {
            Action::Lock {
                id: gone, claims, ..
            } => {
                let without = actions.iter().filter(|action| match action {
                    Action::Lock { id, .. } => id != gone,
                    Action::Unlock(ids) => !ids.contains(gone),
                });
                offer(without.cloned().collect());
                for claim in 0..claims.len() {
                    let mut fewer = actions.clone();
                    if let Action::Lock { claims, .. } = &mut fewer[index]
                        && claims.len() > 1
                    {
                        claims.remove(claim);
                        offer(fewer);
                    }
                }
            }
            Action::Unlock(_) => {
                let mut fewer = actions.clone();
                fewer.remove(index);
                offer(fewer);
            }
        }
    }
    all
}
