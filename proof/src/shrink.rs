//! Runs by chance, and what is left of one that fails.

use std::panic::{self, AssertUnwindSafe};

use crate::compare::{Comparison, Difference};
use crate::generate::{Offers, World};
use crate::ops::Op;
use crate::rng::Rng;
use crate::subject::Subject;

/// A run that failed, made as small as it could be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed that [`by_chance`] began with.
    pub seed: u64,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    /// The operations, the last one being where it shows.
    pub ops: Vec<Op>,
    /// What was not as it should be.
    pub difference: Difference,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        if let Some(max) = self.max_waiting {
            writeln!(f, "{max} may wait")?;
        }
        self.ops.iter().try_for_each(|op| writeln!(f, "{op}"))?;
        write!(f, "{}", self.difference)
    }
}

/// One run of so many operations at most, then the end of all requests. Gives
/// how many were done.
///
/// # Errors
/// The failure, made small.
pub fn by_chance(
    subject: &mut dyn Subject,
    offers: Offers,
    seed: u64,
    length: usize,
) -> Result<usize, Box<Failure>> {
    let mut rng = Rng::new(seed);
    let world = World::new(&mut rng, offers);
    let mut ops = Vec::new();
    let done = guarded(|| {
        let mut comparison = Comparison::new(subject, world.max_waiting);
        for number in 1..=length {
            let op = world.op(&mut rng, &comparison.oracle, number as u64);
            ops.push(op.clone());
            comparison.step(&op)?;
        }
        comparison.finish()
    });
    let Err(difference) = done else { return Ok(length) };
    let max_waiting = world.max_waiting;
    let mut failure = Failure { seed, max_waiting, ops, difference };
    while let Some(smaller) = smaller(&failure, subject) {
        failure = smaller;
    }
    Err(Box::new(failure))
}

/// Does these operations and compares.
///
/// # Errors
/// The first difference.
pub fn replay(
    subject: &mut dyn Subject,
    max_waiting: Option<usize>,
    ops: &[Op],
) -> Result<(), Difference> {
    guarded(|| {
        let mut comparison = Comparison::new(subject, max_waiting);
        ops.iter().try_for_each(|op| comparison.step(op))?;
        comparison.finish()
    })
}

/// A panic is a difference.
fn guarded(run: impl FnOnce() -> Result<(), Difference>) -> Result<(), Difference> {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("for an unknown reason")))
    })
}

/// The first of all slightly smaller runs that fails, too, in whatever way.
fn smaller(failure: &Failure, subject: &mut dyn Subject) -> Option<Failure> {
    let mut fails = |ops: Vec<Op>| {
        let difference = replay(subject, failure.max_waiting, &ops).err()?;
        Some(Failure { ops, difference, ..failure.clone() })
    };
    let ops = &failure.ops;
    // Without a stretch of the operations, longest first.
    let mut length = ops.len();
    while length > 0 {
        for start in (0..=ops.len() - length).rev() {
            let kept = [&ops[..start], &ops[start + length..]].concat();
            if let Some(found) = fails(kept) {
                return Some(found);
            }
        }
        length /= 2;
    }
    // With one thing less in one operation.
    for at in 0..ops.len() {
        for op in simpler(&ops[at]) {
            let mut ops = ops.clone();
            ops[at] = op;
            if let Some(found) = fails(ops) {
                return Some(found);
            }
        }
    }
    None
}

fn simpler(op: &Op) -> Vec<Op> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Op)| {
        let mut simple = op.clone();
        change(&mut simple);
        if simple != *op {
            all.push(simple);
        }
    };
    offer(&|op| op.owner_mut().into_iter().for_each(|owner| *owner = None));
    let count = op.clone().claims_mut().map_or(0, |claims| claims.len());
    for at in 0..count {
        if count > 1 {
            offer(&|op| drop(op.claims_mut().map(|claims| claims.remove(at))));
        }
        offer(&|op| {
            op.claims_mut().into_iter().for_each(|claims| claims[at].limit = None);
        });
        offer(&|op| {
            op.claims_mut().into_iter().for_each(|claims| drop(claims[at].path.pop()));
        });
    }
    all
}
