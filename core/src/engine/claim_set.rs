//! Claims for an engine that is used alone.

use crate::claim::Claim;
use crate::error::InvalidRequest;
use crate::limits::Limits;

/// The claims of one request, as they were given, counted against the limits.
#[derive(Clone, Debug)]
pub struct ClaimSet<'a> {
    claims: Vec<Claim<'a>>,
    limits: Limits,
}

impl<'a> ClaimSet<'a> {
    /// Takes the claims, at most one more than the limits allow, so that an
    /// endless iterator is refused like any long one. Their paths are checked
    /// by the call that uses them.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest::NoClaims`], [`InvalidRequest::TooManyClaims`].
    pub fn new(
        claims: impl IntoIterator<Item = Claim<'a>>,
        limits: &Limits,
    ) -> Result<Self, InvalidRequest> {
        let mut collected = Claims::new();
        collect(claims, limits, &mut collected)?;
        let claims = collected.into_vec();
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
