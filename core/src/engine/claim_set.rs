//! Claims for an engine that is used alone.

use crate::claim::Claim;
use crate::error::InvalidRequest;
use crate::limits::Limits;
use crate::names::NameHasher;
use crate::prepared::Prepared;

/// The claims of one request, as they were given, within the limits.
#[derive(Clone, Debug)]
pub struct ClaimSet<'a> {
    claims: Vec<Claim<'a>>,
    limits: Limits,
}

impl<'a> ClaimSet<'a> {
    /// Takes the claims, at most one more than the limits allow, so that an
    /// endless iterator is refused like any long one, and checks them.
    ///
    /// # Errors
    ///
    /// Every [`InvalidRequest`] that speaks of claims and paths.
    pub fn new(
        claims: impl IntoIterator<Item = Claim<'a>>,
        limits: &Limits,
    ) -> Result<Self, InvalidRequest> {
        let mut collected = Claims::new();
        collect(claims, limits, &mut collected)?;
        let claims = collected.into_vec();
        // Only to see whether it can be done; engines hash names on their own.
        Prepared::new().fill(&claims, limits, &NameHasher::new(0))?;
        Ok(Self {
            claims,
            limits: *limits,
        })
    }

    /// The claims, as they were given.
    pub fn claims(&self) -> &[Claim<'a>] {
        &self.claims
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Claims in a row. Large, so that it is filled where it stands.
pub(crate) type Claims<'a> = smallvec::SmallVec<[Claim<'a>; 10]>;

/// Takes the claims of a caller's iterator, which may be endless.
#[inline]
pub(crate) fn collect<'a>(
    claims: impl IntoIterator<Item = Claim<'a>>,
    limits: &Limits,
    into: &mut Claims<'a>,
) -> Result<(), InvalidRequest> {
    for claim in claims {
        if into.len() == limits.max_claims {
            return Err(InvalidRequest::TooManyClaims {
                limit: limits.max_claims,
            });
        }
        into.push(claim);
    }
    if into.is_empty() {
        return Err(InvalidRequest::NoClaims);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{read, write};

    #[test]
    fn claims_are_checked_when_they_are_taken() {
        let limits = Limits {
            max_claims: 2,
            max_segments: 2,
            max_request_segments: 3,
            max_path_bytes: 4,
        };
        let refused = |claims: Vec<Claim<'static>>| ClaimSet::new(claims, &limits).err();
        assert_eq!(refused(vec![]), Some(InvalidRequest::NoClaims));
        assert_eq!(refused(vec![read("a/b"), write("c")]), None);
        assert_eq!(
            ClaimSet::new(std::iter::repeat_with(|| read("a")), &limits).err(),
            Some(InvalidRequest::TooManyClaims { limit: 2 })
        );
        assert_eq!(
            refused(vec![read("a/b/c")]),
            Some(InvalidRequest::TooManySegments { count: 3, limit: 2 })
        );
        assert_eq!(
            refused(vec![read("a/b"), read("c/d")]),
            Some(InvalidRequest::RequestTooLarge { limit: 3 })
        );
        assert_eq!(
            refused(vec![read("ab/cde")]),
            Some(InvalidRequest::PathTooLong { bytes: 5, limit: 4 })
        );
        assert!(matches!(
            refused(vec![read("a/")]),
            Some(InvalidRequest::EmptySegment { index: 1, .. })
        ));
        assert_eq!(
            refused(vec![read("a").limit(0)]),
            Some(InvalidRequest::ZeroLimit)
        );
        assert_eq!(
            refused(vec![write("a").limit(1)]),
            Some(InvalidRequest::LimitOnWrite)
        );
    }
}
