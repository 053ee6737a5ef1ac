//! The operations of a lock manager, as values that can be kept, printed, left
//! out and done again.

use std::fmt;

use crate::oracle::Oracle;
use crate::words::{Claim, Id, Outcome, Owner};

/// A path, perhaps with [`ENTRY`](crate::words::ENTRY) as its last segment.
pub type Path = Vec<Vec<u8>>;

/// One operation. Ids of requests are given by the list of operations itself,
/// in the order of their arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A request arrives.
    Submit(Id, Option<Owner>, Vec<Claim>),
    /// A request arrives that must not wait.
    Try(Id, Option<Owner>, Vec<Claim>),
    /// Somebody asks whether a request would be granted now.
    WouldGrant(Option<Owner>, Vec<Claim>),
    /// A request is released or cancelled.
    End(Id),
    /// Reads shall become writes.
    Upgrade(Id),
    /// They need not any more.
    CancelUpgrade(Id),
    /// Writes become reads.
    Downgrade(Id),
    /// One claim ends.
    ReleasePart(Id, Path),
    /// No more requests.
    Close,
}

impl Op {
    /// Does it on the oracle.
    pub fn apply(&self, oracle: &mut Oracle) -> Outcome {
        match self {
            Op::Submit(id, owner, claims) => oracle.submit(*id, *owner, claims),
            Op::Try(id, owner, claims) => oracle.try_submit(*id, *owner, claims),
            Op::WouldGrant(owner, claims) => oracle.would_grant(*owner, claims),
            Op::End(id) => oracle.end(*id),
            Op::Upgrade(id) => oracle.upgrade(*id),
            Op::CancelUpgrade(id) => oracle.cancel_upgrade(*id),
            Op::Downgrade(id) => oracle.downgrade(*id),
            Op::ReleasePart(id, path) => oracle.release_part(*id, path),
            Op::Close => {
                oracle.close();
                Ok(())
            }
        }
    }

    /// The request that it is about.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match self {
            Op::Submit(id, ..)
            | Op::Try(id, ..)
            | Op::End(id)
            | Op::Upgrade(id)
            | Op::CancelUpgrade(id)
            | Op::Downgrade(id)
            | Op::ReleasePart(id, _) => Some(*id),
            Op::WouldGrant(..) | Op::Close => None,
        }
    }

    /// The claims that it asks for, to change them.
    pub fn claims_mut(&mut self) -> Option<&mut Vec<Claim>> {
        match self {
            Op::Submit(.., claims) | Op::Try(.., claims) | Op::WouldGrant(_, claims) => {
                Some(claims)
            }
            _ => None,
        }
    }

    /// The owner that it names, to change it.
    pub fn owner_mut(&mut self) -> Option<&mut Option<Owner>> {
        match self {
            Op::Submit(_, owner, _) | Op::Try(_, owner, _) | Op::WouldGrant(owner, _) => {
                Some(owner)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Submit(id, owner, claims) => write!(f, "{id} submits {}", asked(*owner, claims)),
            Op::Try(id, owner, claims) => write!(f, "{id} tries {}", asked(*owner, claims)),
            Op::WouldGrant(owner, claims) => write!(f, "would grant {}?", asked(*owner, claims)),
            Op::End(id) => write!(f, "{id} ends"),
            Op::Upgrade(id) => write!(f, "{id} upgrades"),
            Op::CancelUpgrade(id) => write!(f, "{id} cancels its upgrade"),
            Op::Downgrade(id) => write!(f, "{id} downgrades"),
            Op::ReleasePart(id, path) => write!(f, "{id} releases {}", shown(path)),
            Op::Close => f.write_str("close"),
        }
    }
}

fn asked(owner: Option<Owner>, claims: &[Claim]) -> String {
    let claims: Vec<String> = claims.iter().map(Claim::to_string).collect();
    let owner = owner.map_or(String::new(), |owner| format!(" for owner {owner}"));
    format!("[{}]{owner}", claims.join(", "))
}

fn shown(path: &[Vec<u8>]) -> String {
    let segments: Vec<String> = path.iter().map(|s| s.escape_ascii().to_string()).collect();
    format!("/{}", segments.join("/"))
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.write { "w" } else { "r" };
        let limit = self.limit.map_or(String::new(), |limit| limit.to_string());
        write!(f, "{mode}{limit} {}", shown(&self.path))
    }
}
