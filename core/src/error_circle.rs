//! The cycle that a deadlock error names.

use std::fmt;

use crate::id::LockId;
use crate::owner::OwnerId;
use crate::sync::Arc;

/// A cycle of holders: each waits for what the next one holds, and the last for what one
/// of those before it holds, mostly the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    members: Arc<[CircleMember]>,
}

/// One in a [`Circle`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircleMember {
    /// The request that waits, or whose upgrade waits. That of the request that
    /// was refused is stale.
    pub id: LockId,
    /// Its owner, if it has one.
    pub owner: Option<OwnerId>,
    /// Its label, if it has one.
    pub label: Option<Arc<str>>,
}

impl Circle {
    pub(crate) fn new(members: Vec<CircleMember>) -> Self {
        Self {
            members: members.into(),
        }
    }

    /// Who stands in it, from the request that was refused on.
    #[must_use]
    pub fn members(&self) -> &[CircleMember] {
        &self.members
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request would wait in a cycle:")?;
        for member in &*self.members {
            match (&member.label, member.owner) {
                (Some(label), _) => write!(f, " {label:?}")?,
                (None, Some(owner)) => write!(f, " owner {}", owner.to_u64())?,
                (None, None) => write!(f, " {:?}", member.id)?,
            }
            f.write_str(" waits for")?;
        }
        f.write_str(" the first")
    }
}
