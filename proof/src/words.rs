//! The words in which [`oracle`](crate::oracle) puts the rules: claims, what they
//! have to do with each other, requests, and refusals.

/// What the caller calls a request: greater than all ids before.
pub type Id = u64;

/// An identity whose requests do not conflict with each other.
pub type Owner = u64;

/// Who waits and is waited for: an owner, or a request without one by itself.
pub type Agent = Result<Owner, Id>;

/// The last name of the path of a path's own entry: of a child like any other, but that
/// nothing else here has this name. (The library has no name for it; see [`paths`].)
///
/// [`paths`]: crate::paths
pub const ENTRY: &[u8] = b"(entry)";

/// A claim on a path and all below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Alone, or shared with other reads.
    pub write: bool,
    /// The segments; [`ENTRY`] behind them if it is on the path's own entry.
    pub path: Vec<Vec<u8>>,
    /// For a read: how many limited reads of the path in front of it are too many.
    pub limit: Option<u32>,
    /// Whether the owner held it already when it arrived. The oracle sets it.
    pub inherited: bool,
}

impl Claim {
    /// Whether it can be asked for.
    pub fn is_valid(&self) -> bool {
        self.limit.is_none_or(|limit| limit > 0 && !self.write)
    }

    /// Whether one excludes the other if their agents differ.
    pub fn conflicts(&self, other: &Claim) -> bool {
        let on_one_way = self.path.starts_with(&other.path) || other.path.starts_with(&self.path);
        on_one_way && (self.write || other.write)
    }

    /// Whether whoever has this claim has the other one with it.
    pub fn covers(&self, other: &Claim) -> bool {
        let same_permits = self.limit.is_some() && self.path == other.path;
        let as_read = !other.write && (other.limit.is_none() || same_permits);
        other.path.starts_with(&self.path) && (self.write || as_read)
    }
}

/// Drops every claim that another one covers.
pub fn normal_form(mut claims: Vec<Claim>) -> Vec<Claim> {
    // What covers comes first: shorter paths, then writes, then smaller limits.
    claims.sort_by_key(|c| (c.path.clone(), !c.write, c.limit.is_none(), c.limit));
    let mut kept: Vec<Claim> = Vec::new();
    for claim in claims {
        if !kept.iter().any(|k| k.covers(&claim)) {
            kept.push(claim);
        }
    }
    kept
}

/// A live request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its id.
    pub id: Id,
    /// Its owner, if it named one.
    pub owner: Option<Owner>,
    /// In normal form, in the order of the paths.
    pub claims: Vec<Claim>,
    /// Granted, not waiting.
    pub granted: bool,
    /// It is granted, and an upgrade waits. The claims are still the old ones.
    pub upgrading: bool,
}

impl Request {
    /// Who waits if it does.
    pub fn agent(&self) -> Agent {
        self.owner.ok_or(self.id)
    }

    /// Whether it waits, or its upgrade.
    pub fn waits(&self) -> bool {
        !self.granted || self.upgrading
    }

    /// What it holds: all its claims once it is granted, the inherited ones before.
    pub fn held(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| self.granted || claim.inherited)
    }

    /// What it waits for: its other claims, or the new ones of its upgrade.
    pub fn wanted(&self) -> Vec<Claim> {
        match (self.granted, self.upgrading) {
            (true, true) => self.turned(true),
            (true, false) => vec![],
            (false, _) => self.claims.iter().filter(|claim| !claim.inherited).cloned().collect(),
        }
    }

    /// Its limited claim on exactly this path.
    pub fn permit(&self, path: &[Vec<u8>]) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.limit.is_some() && claim.path == path)
    }

    /// Its claims after an upgrade (`write`) or a downgrade.
    pub fn turned(&self, write: bool) -> Vec<Claim> {
        let mut claims = self.claims.clone();
        for claim in &mut claims {
            (claim.write, claim.inherited) = (write, claim.inherited && !write);
            claim.limit = claim.limit.filter(|_| !write);
        }
        normal_form(claims)
    }
}

/// Why an operation was refused. Whatever is refused has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// A try would have to wait.
    WouldBlock,
    /// What others hold would keep its agent waiting for ever.
    Deadlock,
    /// As many requests wait as may.
    TooManyWaiting,
    /// Close came first.
    Closed,
    /// No claims, a limit of zero, or a limit on a write.
    Invalid,
    /// Not live, or not in the state that the operation is for.
    Stale,
    /// Not while an upgrade waits.
    UpgradeWaits,
    /// The request has no claim on exactly this path.
    NotClaimed,
}

/// Done, or refused.
pub type Outcome = Result<(), Refused>;
