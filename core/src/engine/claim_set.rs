//! The claims of one request, checked and brought into normal form.

use smallvec::SmallVec;

use crate::claim::Claim;
use crate::error::InvalidRequest;
use crate::limits::Limits;
use crate::mode::Mode;

/// The claims of one request in normal form: in the order of their paths, none
/// covered by another.
///
/// The order puts a path directly before the paths below it, so the nodes of a
/// request can be walked like a tree, each once. A write covers every claim at
/// or below its path; a read covers the reads there. What remains never
/// conflicts within the request.
#[derive(Clone, Debug)]
pub struct ClaimSet<'a> {
    claims: SmallVec<[Claim<'a>; 4]>,
}

impl<'a> ClaimSet<'a> {
    /// Checks the claims against the limits and drops those that others cover.
    ///
    /// Reads at most one claim more than the limit allows, so an endless
    /// iterator is refused like any long one.
    ///
    /// # Errors
    ///
    /// Every [`InvalidRequest`] that speaks of claims and paths.
    pub fn new(
        claims: impl IntoIterator<Item = Claim<'a>>,
        limits: &Limits,
    ) -> Result<Self, InvalidRequest> {
        let mut given: SmallVec<[Claim<'a>; 4]> = SmallVec::new();
        let mut segments = 0;
        for claim in claims {
            if given.len() == limits.max_claims {
                return Err(InvalidRequest::TooManyClaims {
                    limit: limits.max_claims,
                });
            }
            // Each is bounded, so the sum cannot overflow before it is refused.
            segments += check(&claim, limits)?;
            if segments > limits.max_request_segments {
                return Err(InvalidRequest::RequestTooLarge {
                    limit: limits.max_request_segments,
                });
            }
            given.push(claim);
        }
        match given.len() {
            0 => return Err(InvalidRequest::NoClaims),
            1 => {}
            _ => drop_covered(&mut given),
        }
        Ok(Self { claims: given })
    }

    /// The claims that remain, in the order of their paths.
    pub fn claims(&self) -> &[Claim<'a>] {
        &self.claims
    }
}

/// The number of segments of a claim that is within the limits.
fn check(claim: &Claim<'_>, limits: &Limits) -> Result<usize, InvalidRequest> {
    let size = claim.path().measure()?;
    if size.segments > limits.max_segments {
        return Err(InvalidRequest::TooManySegments {
            count: size.segments,
            limit: limits.max_segments,
        });
    }
    if size.bytes > limits.max_path_bytes {
        return Err(InvalidRequest::PathTooLong {
            bytes: size.bytes,
            limit: limits.max_path_bytes,
        });
    }
    Ok(size.segments)
}

/// Sorts and drops what is covered, in O(n log n) comparisons of paths.
fn drop_covered(claims: &mut SmallVec<[Claim<'_>; 4]>) {
    // A write comes before a read of the same path, so that it covers it.
    claims.sort_unstable_by(|a, b| {
        let writes_first = |claim: &Claim<'_>| claim.mode() == Mode::Read;
        a.path()
            .cmp(b.path())
            .then_with(|| writes_first(a).cmp(&writes_first(b)))
    });
    // Indices of the kept claims whose paths are prefixes of the present one.
    // Never more than two: below a write nothing is kept, below a read no read.
    let mut above: SmallVec<[usize; 2]> = SmallVec::new();
    let mut kept = 0;
    for next in 0..claims.len() {
        while let Some(&top) = above.last() {
            if is_prefix(&claims[top], &claims[next]) {
                break;
            }
            above.pop();
        }
        let covered = above
            .iter()
            .any(|&top| claims[top].mode() == Mode::Write || claims[next].mode() == Mode::Read);
        if !covered {
            claims.swap(kept, next);
            above.push(kept);
            kept += 1;
        }
    }
    claims.truncate(kept);
}

fn is_prefix(above: &Claim<'_>, below: &Claim<'_>) -> bool {
    let mut segments = below.path().segments();
    above
        .path()
        .segments()
        .all(|segment| segments.next() == Some(segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{read, write};

    fn normal<'a>(claims: impl IntoIterator<Item = Claim<'a>>) -> Vec<Claim<'a>> {
        match ClaimSet::new(claims, &Limits::default()) {
            Ok(set) => set.claims.into_vec(),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn covered_claims_are_dropped() {
        assert_eq!(normal([write("a/b"), write("a")]), [write("a")]);
        assert_eq!(normal([read("a/b"), write("a")]), [write("a")]);
        assert_eq!(normal([read("a/b"), read("a"), read("a")]), [read("a")]);
        assert_eq!(normal([read("a"), write("a")]), [write("a")]);
        assert_eq!(normal([write("a"), read("")]), [read(""), write("a")]);
        assert_eq!(normal([write("x"), read("y"), write("")]), [write("")]);
    }

    #[test]
    fn a_read_beside_a_write_below_it_keeps_both() {
        assert_eq!(
            normal([write("a/b"), read("a"), read("a/b/c"), read("a/c")]),
            [read("a"), write("a/b")]
        );
    }

    #[test]
    fn names_that_only_look_alike_cover_nothing() {
        assert_eq!(normal([write("ab"), write("a")]), [write("a"), write("ab")]);
        assert_eq!(
            normal([write("a"), write("a!"), write("a/b")]),
            [write("a"), write("a!")]
        );
    }

    #[test]
    fn limits_are_kept_and_an_endless_request_ends() {
        let limits = Limits {
            max_claims: 2,
            max_segments: 2,
            max_request_segments: 3,
            max_path_bytes: 4,
        };
        let refused = |claims: Vec<Claim<'static>>| ClaimSet::new(claims, &limits).err();
        assert_eq!(refused(vec![]), Some(InvalidRequest::NoClaims));
        assert_eq!(refused(vec![read("a"), read("b")]), None);
        assert_eq!(
            ClaimSet::new(std::iter::repeat_with(|| read("a")), &limits).err(),
            Some(InvalidRequest::TooManyClaims { limit: 2 })
        );
        assert_eq!(
            refused(vec![read("a/b/c")]),
            Some(InvalidRequest::TooManySegments { count: 3, limit: 2 })
        );
        assert_eq!(refused(vec![read("a/b"), read("c")]), None);
        assert_eq!(
            refused(vec![read("a/b"), read("c/d")]),
            Some(InvalidRequest::RequestTooLarge { limit: 3 })
        );
        assert_eq!(refused(vec![read("ab/cd")]), None);
        assert_eq!(
            refused(vec![read("ab/cde")]),
            Some(InvalidRequest::PathTooLong { bytes: 5, limit: 4 })
        );
    }
}
