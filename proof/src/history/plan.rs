//! What threads shall do, by chance. It is made as if they did it one after the other,
//! so that most of it makes sense when they do it at the same time.

use std::fmt;

use super::call::Call;
use crate::generate::{Offers, World};
use crate::ops::Op;
use crate::oracle::Oracle;
use crate::rng::Rng;
use crate::words::{Id, Request};

/// What plans are to look like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// How many threads; two to four unless given.
    pub threads: Option<usize>,
    /// How many shards; 1, 3 or 16 unless given.
    pub shards: Option<usize>,
    /// How many steps a thread has on the average.
    pub length: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Shape { threads: None, shards: None, length: 8 }
    }
}

/// What threads do to one manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// How many threads there are.
    pub threads: usize,
    /// How many shards the manager has.
    pub shards: usize,
    /// After how many meetings of threads a crowd is spread over the shards.
    pub spread_after: u32,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    /// Whether the threads begin each of their steps together.
    pub in_step: bool,
    /// What they do, each what is its own of this list.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, and that of the request or upgrade that it begins.
    pub name: u64,
    /// Who does it.
    pub thread: usize,
    /// What to call. If there is no such request, nothing.
    pub call: Call,
    /// Whether what waits has a callback.
    pub callback: bool,
    /// How long to wait before, in turns of a loop.
    pub pause: u32,
}

impl Plan {
    /// Some plan of this shape; the same seed gives the same.
    #[must_use]
    pub fn by_chance(seed: u64, shape: &Shape) -> Plan {
        let rng = &mut Rng::new(seed);
        let threads = shape.threads.unwrap_or_else(|| 2 + [0, 0, 1, 1, 2][rng.below(5)]);
        // A close takes effect in one shard after the other, so beside others it is no
        // single step, and none of these.
        let world = World::new(rng, Offers { max_waiting: true, close: false });
        let mut oracle = Oracle { max_waiting: world.max_waiting, ..Oracle::default() };
        let mut plan = Plan {
            seed,
            threads,
            shards: shape.shards.unwrap_or([1, 3, 16][rng.below(3)]),
            spread_after: [1, 1, 16][rng.below(3)],
            max_waiting: world.max_waiting,
            in_step: rng.percent(50),
            steps: Vec::new(),
        };
        for name in 1..=(threads * shape.length) as u64 {
            let call = call(rng, &world, &mut oracle, name);
            let callback = rng.percent(50);
            let pause = [0, 0, rng.below(30), rng.below(300)][rng.below(4)] as u32;
            let thread = rng.below(threads);
            plan.steps.push(Step { name, thread, call, callback, pause });
        }
        plan
    }
}

/// What is done next, and done on the oracle.
fn call(rng: &mut Rng, world: &World, oracle: &mut Oracle, name: u64) -> Call {
    if rng.percent(15) {
        return look(rng, oracle, name);
    }
    let op = world.op(rng, oracle, name);
    // Refusals are worth as much as the rest.
    let _ = op.apply(oracle);
    match op {
        Op::End(id) if rng.percent(40) => Call::Cancel(id),
        op => Call::Rule(op),
    }
}

fn look(rng: &mut Rng, oracle: &Oracle, name: u64) -> Call {
    let mut one = |sensible: fn(&Request) -> bool| {
        let ids: Vec<Id> = oracle.live.iter().filter(|r| sensible(r)).map(|r| r.id).collect();
        rng.pick(&ids).copied().unwrap_or_else(|| rng.below(name as usize) as Id)
    };
    let (any, waits) = (one(|_| true), one(|r| r.waits()));
    match rng.below(6) {
        0 => Call::State(waits),
        1 => Call::State(any),
        2 => Call::Wait(waits),
        3 => Call::UpgradeState(if rng.percent(50) { any } else { waits }),
        4 => Call::Inspect,
        _ => Call::Count,
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, threads, shards, spread_after, .. } = self;
        write!(f, "seed {seed}: {threads} threads, {shards} shards, spread after {spread_after}")?;
        if let Some(max) = self.max_waiting {
            write!(f, ", {max} may wait")?;
        }
        f.write_str(if self.in_step { ", in step" } else { "" })
    }
}
