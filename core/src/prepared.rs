//! Requests made ready: paths split, names hashed, limits checked, all of it
//! before any lock is taken.

use std::num::NonZeroU32;

use smallvec::SmallVec;

use crate::claim::Claim;
use crate::error::InvalidRequest;
use crate::limits::Limits;
use crate::mode::Mode;
use crate::names::{NameHasher, Step};

pub(crate) type Steps<'p> = SmallVec<[Step<'p>; 8]>;

/// The steps of all claims of a request. Ten claims of three segments fit.
type AllSteps<'p> = SmallVec<[Step<'p>; 32]>;

/// The claims of one request as they were given, within the limits.
#[derive(Debug)]
pub(crate) struct Prepared<'p> {
    /// The ways of all claims, one after the other.
    steps: AllSteps<'p>,
    claims: SmallVec<[Place; 12]>,
}

/// One claim, and where its way is among the steps.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end: u32,
    limit: Option<NonZeroU32>,
    mode: Mode,
}

/// One claim made ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreparedClaim<'s, 'p> {
    pub(crate) mode: Mode,
    pub(crate) limit: Option<NonZeroU32>,
    pub(crate) steps: &'s [Step<'p>],
}

impl<'p> Prepared<'p> {
    /// No claims yet. Large, so that it is filled where it stands.
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            steps: SmallVec::new(),
            claims: SmallVec::new(),
        }
    }

    /// Splits, hashes and checks.
    ///
    /// # Errors
    ///
    /// Every [`InvalidRequest`] that speaks of claims and paths.
    pub(crate) fn fill(
        &mut self,
        claims: &'p [Claim<'_>],
        limits: &Limits,
        hasher: &NameHasher,
    ) -> Result<(), InvalidRequest> {
        if claims.is_empty() {
            return Err(InvalidRequest::NoClaims);
        }
        if claims.len() > limits.max_claims {
            return Err(InvalidRequest::TooManyClaims {
                limit: limits.max_claims,
            });
        }
        for claim in claims {
            self.push(claim, limits, hasher)?;
        }
        Ok(())
    }

    #[inline]
    fn push(
        &mut self,
        claim: &'p Claim<'_>,
        limits: &Limits,
        hasher: &NameHasher,
    ) -> Result<(), InvalidRequest> {
        let start = self.steps.len();
        push_steps(&mut self.steps, claim, limits, hasher)?;
        self.claims.push(Place {
            start: start as u32,
            end: self.steps.len() as u32,
            limit: claim.checked_limit()?,
            mode: claim.mode(),
        });
        Ok(())
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.claims.len()
    }

    #[inline]
    pub(crate) fn claim(&self, index: usize) -> PreparedClaim<'_, 'p> {
        let claim = &self.claims[index];
        PreparedClaim {
            mode: claim.mode,
            limit: claim.limit,
            steps: &self.steps[claim.start as usize..claim.end as usize],
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = PreparedClaim<'_, 'p>> + Clone {
        (0..self.len()).map(|index| self.claim(index))
    }
}

/// Puts the steps of a claim, within the limits, behind those of others.
#[inline]
pub(crate) fn push_steps<'p, A: smallvec::Array<Item = Step<'p>>>(
    steps: &mut SmallVec<A>,
    claim: &'p Claim<'_>,
    limits: &Limits,
    hasher: &NameHasher,
) -> Result<(), InvalidRequest> {
    let most = (steps.len() + limits.max_segments).min(limits.max_request_segments);
    let path = claim.path();
    let mut bytes = 0;
    for name in path.segments() {
        bytes += name.len();
        if steps.len() == most || bytes > limits.max_path_bytes {
            return Err(too_large(claim, limits));
        }
        if name.is_empty() {
            path.check()?;
        }
        steps.push(hasher.step(name));
    }
    if path.is_entry() {
        // Every path has an entry, so only the room of the request bounds this step.
        if steps.len() == limits.max_request_segments {
            return Err(too_large(claim, limits));
        }
        steps.push(hasher.entry_step());
    }
    Ok(())
}

/// The steps to one path.
pub(crate) fn steps<'p>(
    path: &'p crate::path::Path<'_>,
    hasher: &NameHasher,
) -> Result<Steps<'p>, InvalidRequest> {
    path.check()?;
    let names = path.segments().map(|name| hasher.step(name));
    let entry = path.is_entry().then(|| hasher.entry_step());
    Ok(names.chain(entry).collect())
}

#[cold]
fn too_large(claim: &Claim<'_>, limits: &Limits) -> InvalidRequest {
    if let Err(error) = claim.path().check() {
        return error;
    }
    let size = claim.path().size();
    if size.segments > limits.max_segments {
        InvalidRequest::TooManySegments {
            count: size.segments,
            limit: limits.max_segments,
        }
    } else if size.bytes > limits.max_path_bytes {
        InvalidRequest::PathTooLong {
            bytes: size.bytes,
            limit: limits.max_path_bytes,
        }
    } else {
        InvalidRequest::RequestTooLarge {
            limit: limits.max_request_segments,
        }
    }
}
