//! The cycle that a deadlock error names.

use std::fmt;

use crate::id::LockId;
use crate::owner::OwnerId;
use crate::sync::Arc;

/// A cycle of requests that wait, each for something that the agent of the next one
/// holds: its owner with all its requests or, if it has none, the request itself, whose
/// upgrade waits. The last waits for what the agent of one of those before it holds,
/// mostly of the first.
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

/// A member in a message.
struct Named<'a>(&'a CircleMember);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.owner {
            Some(owner) => write!(f, "owner {}", owner.to_u64())?,
            None => write!(f, "request {:#018x}", self.0.id.to_u64())?,
        }
        match &self.0.label {
            Some(label) => write!(f, " ({label:?})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.members.split_first() else {
            return f.write_str("a deadlock");
        };
        write!(f, "a deadlock: {} would wait for ", Named(first))?;
        for member in others {
            write!(f, "what {} holds, which waits for ", Named(member))?;
        }
        f.write_str(match others {
            [] => "ever",
            [_] => "what the first holds",
            _ => "what one of those before it holds",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(members: &[(u64, Option<u64>, Option<&str>)]) -> String {
        let member = |&(id, owner, label): &(u64, Option<u64>, Option<&str>)| CircleMember {
            id: LockId::from_u64(id),
            owner: owner.and_then(OwnerId::from_u64),
            label: label.map(Arc::from),
        };
        Circle::new(members.iter().map(member).collect()).to_string()
    }

    #[test]
    fn a_cycle_names_owners_and_what_they_are_called() {
        assert_eq!(
            circle(&[(7, Some(1), Some("row 2")), (8, Some(2), Some("row 1"))]),
            "a deadlock: owner 1 (\"row 2\") would wait for what owner 2 (\"row 1\") holds, \
             which waits for what the first holds"
        );
    }

    #[test]
    fn a_request_that_stands_alone_is_named_by_its_id() {
        assert_eq!(
            circle(&[(7, None, None), (8, None, Some("reader"))]),
            "a deadlock: request 0x0000000000000007 would wait for what \
             request 0x0000000000000008 (\"reader\") holds, which waits for what the first holds"
        );
    }

    /// The last may wait for any of them but itself.
    #[test]
    fn of_a_longer_cycle_it_is_not_said_where_it_ends() {
        assert_eq!(
            circle(&[(7, Some(1), None), (8, Some(2), None), (9, Some(3), None)]),
            "a deadlock: owner 1 would wait for what owner 2 holds, \
             which waits for what owner 3 holds, \
             which waits for what one of those before it holds"
        );
    }
}
