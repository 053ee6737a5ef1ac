//! Operations by chance, in worlds so small that requests meet all the time.

use crate::ops::{Op, Path};
use crate::oracle::Oracle;
use crate::rng::Rng;
use crate::words::{Claim, ENTRY, Id, Owner, Request};

/// How one world looks: drawn anew for each run, so that some have many owners
/// and others none, some are deep and others are one path.
#[derive(Clone, Debug)]
pub struct World {
    names: usize,
    depth: usize,
    owners: usize,
    claims: usize,
    limits: usize,
    live: usize,
    writes: usize,
    entries: usize,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    closes: bool,
}

/// What [`World`] may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offers {
    /// A bound on those who wait.
    pub max_waiting: bool,
    /// Close.
    pub close: bool,
}

impl World {
    /// Some world.
    pub fn new(rng: &mut Rng, offers: Offers) -> Self {
        World {
            names: 1 + rng.below(3),
            depth: 1 + rng.below(3),
            owners: rng.below(4),
            claims: 1 + rng.below(3),
            limits: rng.below(4),
            live: 2 + rng.below(8),
            writes: 15 + rng.below(70),
            entries: [0, 10, 40][rng.below(3)],
            max_waiting: (offers.max_waiting && rng.percent(20)).then(|| rng.below(4)),
            closes: offers.close,
        }
    }

    /// Whether requests of it name owners.
    #[must_use]
    pub fn has_owners(&self) -> bool {
        self.owners > 0
    }

    /// What happens next; `next` is the id for a request that arrives.
    pub fn op(&self, rng: &mut Rng, oracle: &Oracle, next: Id) -> Op {
        let arrives = if oracle.live.len() < self.live { 45 } else { 5 };
        let mut chance = rng.below(60 + arrives);
        let mut falls = |share: usize| {
            let hit = chance < share;
            chance = chance.wrapping_sub(share);
            hit
        };
        if falls(arrives) {
            Op::Submit(next, self.owner(rng), self.set(rng))
        } else if falls(5) {
            Op::Try(next, self.owner(rng), self.set(rng))
        } else if falls(10) {
            Op::WouldGrant(self.owner(rng), self.set(rng))
        } else if falls(20) {
            Op::End(id(rng, oracle, next, |_| true))
        } else if falls(9) {
            Op::Upgrade(id(rng, oracle, next, |r| r.granted))
        } else if falls(4) {
            Op::CancelUpgrade(id(rng, oracle, next, |r| r.upgrading))
        } else if falls(5) {
            Op::Downgrade(id(rng, oracle, next, |r| r.granted))
        } else if falls(6) || !self.closes || !rng.percent(30) {
            let id = id(rng, oracle, next, |r| r.granted);
            Op::ReleasePart(id, self.part(rng, oracle, id))
        } else {
            Op::Close
        }
    }

    fn owner(&self, rng: &mut Rng) -> Option<Owner> {
        Some(rng.below(self.owners + 1) as Owner).filter(|owner| *owner > 0)
    }

    fn set(&self, rng: &mut Rng) -> Vec<Claim> {
        (0..1 + rng.below(self.claims)).map(|_| self.claim(rng)).collect()
    }

    fn claim(&self, rng: &mut Rng) -> Claim {
        let write = rng.percent(self.writes);
        let limited = !write && self.limits > 0 && rng.percent(50);
        let mut limit = limited.then(|| 1 + rng.below(self.limits) as u32);
        if rng.below(500) == 0 {
            // Refused: zero, or on a write.
            limit = Some(u32::from(write));
        }
        Claim { write, path: self.path(rng), limit, inherited: false }
    }

    fn path(&self, rng: &mut Rng) -> Path {
        let name = |rng: &mut Rng| vec![b'a' + rng.below(self.names) as u8];
        let mut path: Path = (0..rng.below(self.depth + 1)).map(|_| name(rng)).collect();
        if rng.percent(self.entries) {
            path.push(ENTRY.to_vec());
        }
        path
    }

    /// Mostly a path that the request has claimed.
    fn part(&self, rng: &mut Rng, oracle: &Oracle, id: Id) -> Path {
        let request = oracle.live.iter().find(|r| r.id == id);
        let claims = request.map_or(&[][..], |r| &r.claims);
        match rng.pick(claims) {
            Some(claim) if rng.percent(80) => claim.path.clone(),
            _ => self.path(rng),
        }
    }
}

/// Mostly a request for which the operation makes sense, sometimes any that has
/// ever been.
fn id(rng: &mut Rng, oracle: &Oracle, next: Id, sensible: impl Fn(&Request) -> bool) -> Id {
    let sensible = oracle.live.iter().filter(|r| sensible(r));
    let ids: Vec<Id> = sensible.map(|r| r.id).collect();
    match rng.pick(&ids) {
        Some(&id) if rng.percent(95) => id,
        _ => rng.below(next as usize) as Id,
    }
}
