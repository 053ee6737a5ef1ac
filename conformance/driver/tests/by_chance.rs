//! Scenarios made by chance: the naive rules against the engine and the manager.
//!
//! `OARLOCK_SEED=N` replays one run's scenarios; the seed is in every failure.
//! The proof's own tests compare more, and more often; here the judge is tested
//! with it.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_conformance::judge;
use oarlock_conformance::random::{self, Kind};
use oarlock_conformance::scenario::{Answer, Mode, State, Verb};
use oarlock_conformance::surface::proved::Proved;
use oarlock_conformance::surface::{Broken, Surface};

const RUNS: u64 = 150;
const STEPS: usize = 60;

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let given = env::var("OARLOCK_SEED").ok();
    let seed = match given.map(|seed| seed.parse()) {
        Some(seed) => seed.expect("OARLOCK_SEED is a number"),
        None => now.map_or(0, |now| now.as_nanos() as u64),
    };
    println!("OARLOCK_SEED={seed}");
    seed
}

/// Replays every scenario on the surface; the first that fails is made small and shown.
#[track_caller]
fn agree(surface: &mut dyn Surface, kind: Kind, runs: u64) {
    let seed = seed();
    for run in 0..runs {
        let scenario = random::scenario(kind, seed.wrapping_add(run), STEPS);
        if !judge::replay(surface, &scenario).passed() {
            let small = random::shrink(&scenario, |s| !judge::replay(surface, s).passed());
            let outcome = judge::replay(surface, &small);
            panic!(
                "OARLOCK_SEED={seed}, run {run}:\n{small}\n{:#?}",
                outcome.failures
            );
        }
    }
    assert_eq!(surface.finish(), Ok(()));
}

#[test]
fn the_engine_agrees_with_the_rules() {
    agree(&mut Proved::engine(), Kind::Plain, RUNS);
    agree(&mut Proved::engine(), Kind::Rich, RUNS);
}

#[test]
fn the_manager_agrees_with_the_rules() {
    agree(&mut Proved::manager(32), Kind::Plain, RUNS);
    agree(&mut Proved::manager(32), Kind::Rich, RUNS);
}

/// One shard, two, and many: where a path lies must not matter.
#[test]
fn the_number_of_shards_does_not_matter() {
    for shards in [1, 2, 64] {
        agree(&mut Proved::manager(shards), Kind::Rich, RUNS / 3);
    }
}

/// A surface that lets a reader pass waiting writers is found, and its
/// counterexample is small.
#[test]
fn a_wrong_surface_is_found_and_shrunk() {
    let mut unfair = Unfair::new();
    let found = (0..200)
        .map(|seed| random::scenario(Kind::Plain, seed, STEPS))
        .find(|scenario| !judge::replay(&mut unfair, scenario).passed())
        .expect("some scenario shows it");
    let fails = |s: &_| !judge::replay(&mut Unfair::new(), s).passed();
    let small = random::shrink(&found, fails);
    assert!(small.steps.len() <= 3, "{small}");
    assert!(!judge::replay(&mut unfair, &small).passed());
}

/// The naive rules, but reads are only held up by what is granted.
struct Unfair {
    rules: Proved,
    waiting: Vec<String>,
}

impl Unfair {
    fn new() -> Self {
        Unfair {
            rules: Proved::oracle(),
            waiting: Vec::new(),
        }
    }
}

impl Surface for Unfair {
    fn reset(&mut self, max_waiting: Option<usize>) -> Result<(), Broken> {
        self.waiting.clear();
        self.rules.reset(max_waiting)
    }

    fn ask(&mut self, id: &str, verb: &Verb) -> Result<Answer, Broken> {
        let answer = self.rules.ask(id, verb)?;
        let claims = verb.request().map_or(&[][..], |request| &request.claims);
        let reads = claims.iter().all(|claim| claim.mode == Mode::Read);
        if reads && !self.waiting.is_empty() {
            return Ok(Answer::Acquired);
        }
        if answer == Answer::Waiting {
            self.waiting.push(id.to_owned());
        }
        Ok(answer)
    }

    fn unlock(&mut self, id: &str) -> Result<Answer, Broken> {
        self.waiting.retain(|waiting| waiting != id);
        self.rules.unlock(id)
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        self.rules.state(id)
    }
}
