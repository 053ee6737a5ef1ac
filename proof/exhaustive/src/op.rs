//! Operations, in the names of a state, and how the rules answer them.

use oarlock_proof::oracle::Oracle;
use oarlock_proof::words::{Id, Outcome, Request};

use crate::state::{self, Renaming};
use crate::world::{self, OWNERLESS, PathNumber, World};

/// One operation. `at` is the place of a live request in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A request arrives: its number in the world, the label of its owner.
    Submit {
        /// Index of [`World::requests`].
        request: u8,
        /// A label; [`OWNERLESS`] for none.
        owner: u8,
    },
    /// A request is released or cancelled.
    End(u8),
    /// Reads become writes.
    Upgrade(u8),
    /// A waiting upgrade is given up.
    CancelUpgrade(u8),
    /// Writes become reads.
    Downgrade(u8),
    /// The claim on this path is released.
    ReleasePart(u8, PathNumber),
}

/// How a request or an owner is called in another state, a table for each.
#[derive(Debug)]
pub struct Renamer {
    /// By symmetry, then by request: which request it becomes.
    requests: Vec<Vec<u8>>,
}

impl Renamer {
    /// For the requests of this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let sorted = |mut claims: Vec<world::Small>| {
            claims.sort_unstable();
            claims
        };
        let all: Vec<_> = world.requests.iter().cloned().map(sorted).collect();
        let becomes = |symmetry: u8| {
            let there = all.iter().map(|claims| {
                let moved = claims.iter().map(|&(path, kind)| (world::moved(symmetry, path), kind));
                let moved = sorted(moved.collect());
                // Only symmetries of the world are asked for.
                all.iter().position(|one| *one == moved).unwrap_or(usize::MAX) as u8
            });
            there.collect()
        };
        Self { requests: (0..world::SYMMETRIES as u8).map(becomes).collect() }
    }

    /// The same operation in other names.
    #[must_use]
    pub fn rename(&self, op: Op, names: Renaming) -> Op {
        match op {
            Op::Submit { request, owner } => Op::Submit {
                request: self.requests[names.symmetry as usize][request as usize],
                owner: names.owner(owner),
            },
            Op::ReleasePart(at, path) => Op::ReleasePart(at, world::moved(names.symmetry, path)),
            other => other,
        }
    }
}

/// Every operation that a caller could try in this state, the hopeless ones too.
#[must_use]
pub fn all(world: &World, live: &[Request]) -> Vec<Op> {
    let mut ops = Vec::new();
    // Of the owners that have nothing, one is as good as another.
    let used =
        (0..world.owners).take_while(|&label| live.iter().any(|r| state::label(r.owner) == label));
    let owners = (used.count() as u8 + 1).min(world.owners);
    for request in 0..world.requests.len() as u8 {
        ops.extend((0..owners).chain([OWNERLESS]).map(|owner| Op::Submit { request, owner }));
    }
    for (at, request) in live.iter().enumerate() {
        let at = at as u8;
        ops.push(Op::End(at));
        if world.changes {
            ops.extend([Op::Upgrade(at), Op::CancelUpgrade(at), Op::Downgrade(at)]);
            let claimed =
                |path: PathNumber| request.claims.iter().any(|claim| world::small(claim).0 == path);
            ops.extend(
                (0..world::PATHS as u8).filter(|&p| claimed(p)).map(|p| Op::ReleasePart(at, p)),
            );
            let not_claimed = (0..world::PATHS as u8).find(|&p| !claimed(p));
            ops.extend(not_claimed.map(|p| Op::ReleasePart(at, p)));
        }
    }
    ops
}

/// Asks the rules. The live requests are called 0, 1, 2, ...; one that arrives is
/// called by the next number.
pub fn ask(world: &World, oracle: &mut Oracle, op: Op) -> Outcome {
    let id = |at: u8| Id::from(at);
    match op {
        Op::Submit { request, owner } => {
            let claims: Vec<_> =
                world.requests[request as usize].iter().map(|&s| world::claim(s, false)).collect();
            oracle.submit(oracle.live.len() as Id, state::owner_of(owner), &claims)
        }
        Op::End(at) => oracle.end(id(at)),
        Op::Upgrade(at) => oracle.upgrade(id(at)),
        Op::CancelUpgrade(at) => oracle.cancel_upgrade(id(at)),
        Op::Downgrade(at) => oracle.downgrade(id(at)),
        Op::ReleasePart(at, path) => oracle.release_part(id(at), &world::segments(path)),
    }
}

/// The state in which what arrives, or is to be upgraded, just waits.
#[must_use]
pub fn world_with(world: &World, oracle: &Oracle, op: Op) -> Oracle {
    let mut with = oracle.clone();
    match op {
        Op::Submit { request, owner } => {
            let claims: Vec<_> =
                world.requests[request as usize].iter().map(|&s| world::claim(s, false)).collect();
            let next = oracle.with(oracle.live.len() as Id, state::owner_of(owner), &claims);
            next.unwrap_or(with)
        }
        Op::Upgrade(at) => {
            with.live[at as usize].upgrading = true;
            with
        }
        _ => with,
    }
}

/// Whether the rules would grant what arrives by this operation at once.
#[must_use]
pub fn would_grant(world: &World, oracle: &Oracle, op: Op) -> bool {
    let Op::Submit { request, owner } = op else { return false };
    let claims: Vec<_> =
        world.requests[request as usize].iter().map(|&s| world::claim(s, false)).collect();
    oracle.would_grant(state::owner_of(owner), &claims).is_ok()
}
