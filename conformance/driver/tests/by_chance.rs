//! Scenarios made by chance: the naive rules against the engine and the manager.
//!
//! `OARLOCK_SEED=N` replays one run's scenarios; the seed is in every failure.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock::Manager;
use oarlock_conformance::judge;
use oarlock_conformance::oracle::Oracle;
use oarlock_conformance::random;
use oarlock_conformance::scenario::{Action, Claim, Mode, Scenario, State, Step};
use oarlock_conformance::surface::engine::Engine;
use oarlock_conformance::surface::rust::Rust;
use oarlock_conformance::surface::{Broken, Locked, Surface, Unlocked};

const RUNS: u64 = 2_000;
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
fn agree(surface: &mut dyn Surface, runs: u64) {
    let seed = seed();
    for run in 0..runs {
        let scenario = random::scenario(seed.wrapping_add(run), STEPS);
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
    agree(&mut Engine::new(), RUNS);
}

#[test]
fn the_manager_agrees_with_the_rules() {
    agree(&mut Rust::new(), RUNS);
}

/// One shard, two, and many: where a path lies must not matter.
#[test]
fn the_number_of_shards_does_not_matter() {
    let makes: [fn() -> Manager; 3] = [
        || Manager::builder().shards(1).build(),
        || Manager::builder().shards(2).build(),
        || Manager::builder().shards(64).build(),
    ];
    for make in makes {
        agree(&mut Rust::made_by(make), RUNS / 5);
    }
}

/// Of two conflicting requests the later one has the greater token, and the
/// token of a granted request does not change.
#[test]
fn tokens_grow_along_conflicts() {
    let seed = seed();
    for run in 0..RUNS / 4 {
        let scenario = random::scenario(seed.wrapping_add(run), STEPS);
        let place = format!("OARLOCK_SEED={seed}, run {run}");
        let mut engine = Engine::new();
        follow_tokens(&scenario, &mut engine, Engine::token, &place);
        let mut rust = Rust::new();
        follow_tokens(&scenario, &mut rust, Rust::token, &place);
    }
}

/// A request that was granted at some time.
struct Seen<'a> {
    id: &'a str,
    claims: &'a [Claim],
    token: u64,
}

fn follow_tokens<S: Surface>(
    scenario: &Scenario,
    surface: &mut S,
    token: impl Fn(&S, &str) -> Option<u64>,
    place: &str,
) {
    // In order of arrival; ids are not used twice in scenarios made by chance.
    let mut arrived: Vec<(&str, &[Claim])> = Vec::new();
    let mut seen: Vec<Seen<'_>> = Vec::new();
    let mut live: Vec<&str> = Vec::new();
    for step in &scenario.steps {
        act(surface, step, &mut arrived, &mut live);
        for &(id, claims) in arrived.iter().filter(|request| live.contains(&request.0)) {
            let Some(token) = token(surface, id) else {
                continue;
            };
            match seen.iter().find(|seen| seen.id == id) {
                Some(seen) => assert_eq!(seen.token, token, "{place}: {id}"),
                None => seen.push(Seen { id, claims, token }),
            }
        }
    }
    let arrival = |id: &str| arrived.iter().position(|request| request.0 == id);
    seen.sort_by_key(|seen| arrival(seen.id));
    for (index, later) in seen.iter().enumerate() {
        for earlier in seen[..index]
            .iter()
            .filter(|e| conflict(e.claims, later.claims))
        {
            assert!(
                earlier.token < later.token,
                "{place}: {} has {}, {} has {}\n{scenario}",
                earlier.id,
                earlier.token,
                later.id,
                later.token
            );
        }
    }
}

fn act<'a>(
    surface: &mut impl Surface,
    step: &'a Step,
    arrived: &mut Vec<(&'a str, &'a [Claim])>,
    live: &mut Vec<&'a str>,
) {
    match &step.action {
        Some(Action::Lock { id, claims, .. }) => {
            surface.lock(id, claims).expect("the surface works");
            arrived.push((id, claims));
            live.push(id);
        }
        Some(Action::Unlock(ids)) => {
            for id in ids {
                surface.unlock(id).expect("the surface works");
                live.retain(|live| live != id);
            }
        }
        None => {}
    }
}

fn conflict(a: &[Claim], b: &[Claim]) -> bool {
    // Two requests conflict exactly if the second waits for the first.
    let mut oracle = Oracle::new();
    let second = oracle.lock("a", a).and_then(|_| oracle.lock("b", b));
    matches!(second, Ok(Locked::As(State::Waiting)))
}

/// A surface that lets a writer pass waiting readers is found, and its
/// counterexample is small.
#[test]
fn a_wrong_surface_is_found_and_shrunk() {
    let mut unfair = Unfair::default();
    let fails = |s: &Scenario| !judge::replay(&mut Unfair::default(), s).passed();
    let found = (0..200)
        .map(|seed| random::scenario(seed, STEPS))
        .find(|scenario| !judge::replay(&mut unfair, scenario).passed())
        .expect("some scenario shows it");
    let small = random::shrink(&found, fails);
    assert!(small.steps.len() <= 3, "{small}");
    assert!(!judge::replay(&mut unfair, &small).passed());
}

/// The naive rules, but reads are only held up by what is granted.
#[derive(Default)]
struct Unfair {
    rules: Oracle,
    waiting: Vec<String>,
}

impl Surface for Unfair {
    fn reset(&mut self) -> Result<(), Broken> {
        self.waiting.clear();
        self.rules.reset()
    }

    fn lock(&mut self, id: &str, claims: &[Claim]) -> Result<Locked, Broken> {
        let answer = self.rules.lock(id, claims)?;
        let reads = claims.iter().all(|claim| claim.mode == Mode::Read);
        if reads && !self.waiting.is_empty() {
            return Ok(Locked::As(State::Acquired));
        }
        if answer == Locked::As(State::Waiting) {
            self.waiting.push(id.to_owned());
        }
        Ok(answer)
    }

    fn unlock(&mut self, id: &str) -> Result<Unlocked, Broken> {
        self.waiting.retain(|waiting| waiting != id);
        self.rules.unlock(id)
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        self.rules.state(id)
    }
}
