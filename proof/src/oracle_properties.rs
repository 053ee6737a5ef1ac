//! The oracle alone, in operations by chance: what the rules are for.
//!
//! `OARLOCK_SEED=N` repeats a run, `OARLOCK_OPS=N` does so many operations a test.

use std::collections::BTreeSet;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::circle::world_with;
use crate::generate::{Offers, World};
use crate::ops::Op;
use crate::oracle::Oracle;
use crate::rng::Rng;
use crate::words::{Agent, Id, Refused, Request};

/// Operations of each test, unless told otherwise.
const OPS: usize = 6_000;
/// Operations in one world.
const LENGTH: usize = 60;

/// Does operations by chance and looks at each: what was before, what was done, and
/// what is now.
fn by_chance(mut worlds: impl FnMut(&mut Rng) -> World, look: impl Fn(&Oracle, &Op, &Oracle)) {
    let number = |name| {
        let given = env::var(name).ok();
        given.map(|given| given.parse::<u64>().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = number("OARLOCK_SEED").unwrap_or(now.map_or(0, |now| now.as_nanos() as u64));
    let ops = number("OARLOCK_OPS").map_or(OPS, |ops| ops as usize);
    for run in 0..ops.div_ceil(LENGTH) as u64 {
        // Shown if it fails.
        println!("OARLOCK_SEED={}", seed.wrapping_add(run));
        let mut rng = Rng::new(seed.wrapping_add(run));
        let world = worlds(&mut rng);
        let mut oracle = Oracle { max_waiting: world.max_waiting, ..Oracle::default() };
        for number in 1..=LENGTH {
            let before = oracle.clone();
            let op = world.op(&mut rng, &oracle, number as Id);
            println!("{op}");
            let outcome = op.apply(&mut oracle);
            assert!(outcome.is_ok() || oracle == before, "what is refused changes nothing");
            oracle.events.clear();
            look(&before, &op, &oracle);
        }
    }
}

fn any(rng: &mut Rng) -> World {
    World::new(rng, Offers { max_waiting: true, close: false })
}

fn with_owners(rng: &mut Rng) -> World {
    loop {
        let world = World::new(rng, Offers::default());
        if world.has_owners() {
            return world;
        }
    }
}

#[test]
fn what_conflicts_is_never_held_by_two() {
    by_chance(any, |_, _, oracle| {
        for one in &oracle.live {
            for other in oracle.live.iter().filter(|r| r.agent() != one.agent()) {
                let both = one.held().any(|c| other.held().any(|d| c.conflicts(d)));
                assert!(!both, "{one:?} and {other:?}");
            }
        }
    });
}

/// Never more agents than the greatest limit among them, but for those who had a
/// permit already when they asked.
#[test]
fn never_more_permits_are_held_than_their_limits_allow() {
    by_chance(any, |_, _, oracle| {
        let held = |r: &Request| r.held().filter(|c| !c.inherited).cloned().collect::<Vec<_>>();
        let claims = oracle.live.iter().flat_map(held).filter(|c| c.limit.is_some());
        for path in claims.map(|c| c.path).collect::<BTreeSet<_>>() {
            let on = |r: &&Request| held(r).iter().any(|c| c.limit.is_some() && c.path == path);
            let holders: Vec<&Request> = oracle.live.iter().filter(on).collect();
            let agents: BTreeSet<Agent> = holders.iter().map(|r| r.agent()).collect();
            let limits = holders.iter().filter_map(|r| r.permit(&path)?.limit);
            assert!(agents.len() as u32 <= limits.max().unwrap_or(0), "{holders:?}");
        }
    });
}

#[test]
fn nobody_is_ever_stuck() {
    by_chance(any, |_, _, oracle| {
        let mut rest = oracle.clone();
        while !rest.live.is_empty() {
            let busy: BTreeSet<Agent> =
                rest.live.iter().filter(|r| r.waits()).map(Request::agent).collect();
            let done = rest.live.iter().find(|r| !busy.contains(&r.agent())).map(|r| r.id);
            let done = done.unwrap_or_else(|| panic!("{busy:?} are stuck"));
            assert_eq!(rest.end(done), Ok(()));
        }
    });
}

#[test]
fn who_waits_is_granted_once_those_it_waits_for_have_ended() {
    by_chance(any, |_, _, oracle| {
        for request in oracle.live.iter().filter(|r| r.waits()) {
            let mut rest = oracle.clone();
            while rest.waits(request.id) {
                let this = rest.live.iter().find(|r| r.id == request.id).expect("it is live");
                let blockers: Vec<Id> = rest.blockers(this).iter().map(|r| r.id).collect();
                assert_ne!(blockers, [], "{this:?} waits for nobody");
                for id in blockers {
                    // One may have been ended with another one.
                    assert_eq!(rest.end(id), Ok(()));
                }
            }
        }
    });
}

/// Whether an agent is stuck although all that waits of others is taken away but
/// what it holds: each wait is looked at as if it were alone with holders.
fn stuck_among_holders(world: &Oracle, agent: Agent) -> bool {
    let mut left: BTreeSet<Agent> = world.live.iter().map(Request::agent).collect();
    let can = |left: &BTreeSet<Agent>, agent: Agent| {
        let waiting = world.live.iter().filter(|r| r.agent() == agent && r.waits());
        waiting.clone().all(|wait| {
            let mut alone = world.clone();
            alone.live.retain(|r| left.contains(&r.agent()));
            for other in alone.live.iter_mut().filter(|r| r.id != wait.id) {
                other.claims = other.held().cloned().collect();
                (other.granted, other.upgrading) = (true, false);
            }
            alone.blockers(wait).is_empty()
        })
    };
    while let Some(&done) = left.iter().find(|agent| can(&left, **agent)) {
        left.remove(&done);
    }
    left.contains(&agent)
}

#[test]
fn refused_is_only_what_holders_alone_keep_stuck() {
    by_chance(with_owners, |before, op, after| {
        let (Op::Submit(id, ..) | Op::Upgrade(id)) = op else { return };
        let Ok(world) = world_with(before, op) else { return };
        let Some(request) = world.live.iter().find(|r| r.id == *id) else { return };
        let deadlock = op.apply(&mut before.clone()) == Err(Refused::Deadlock);
        let taken_in = request.waits() && before != after;
        if deadlock || taken_in {
            assert_eq!(stuck_among_holders(&world, request.agent()), deadlock);
        }
    });
}

#[test]
fn nobody_is_passed_but_by_an_agent_that_it_waits_for() {
    by_chance(with_owners, |before, op, after| {
        let new: Vec<&(Id, Id)> = after.bypasses.difference(&before.bypasses).collect();
        if new.is_empty() {
            return;
        }
        let world = world_with(before, op).expect("it was taken in");
        let agent = |id: Id| world.live.iter().find(|r| r.id == id).map(Request::agent);
        for (one, other) in new {
            let mut reached: BTreeSet<Agent> = agent(*other).into_iter().collect();
            for _ in &world.live {
                let own = world.live.iter().filter(|r| reached.contains(&r.agent()));
                let next: Vec<Agent> =
                    own.flat_map(|r| world.awaited(r)).map(Request::agent).collect();
                reached.extend(next);
            }
            assert!(agent(*one).is_some_and(|one| reached.contains(&one)), "{one} passes {other}");
        }
    });
}

#[test]
fn where_nobody_names_an_owner_nobody_is_passed_but_by_upgrades() {
    let without = |rng: &mut Rng| loop {
        let world = any(rng);
        if !world.has_owners() {
            return world;
        }
    };
    by_chance(without, |before, _, oracle| {
        assert!(oracle.bypasses.is_empty() && oracle.places.is_empty());
        // First in, first out: who was granted conflicts with nobody who waited before.
        let waited = |r: &&Request| before.live.iter().any(|b| b.id == r.id && !b.granted);
        let was_granted = |r: &&Request| before.live.iter().any(|b| b.id == r.id && b.granted);
        for new in oracle.live.iter().filter(|r| r.granted && !was_granted(r)) {
            let waits = oracle.live.iter().filter(|r| !r.granted && r.id < new.id && waited(r));
            for old in waits {
                let conflict = old.claims.iter().any(|c| new.claims.iter().any(|d| c.conflicts(d)));
                assert!(!conflict, "{new:?} has passed {old:?}");
            }
        }
    });
}
