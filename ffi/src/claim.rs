//! Claims as they come in from C.

use crate::failure::Failure;
use crate::path::{list, oarlock_path};
use crate::status::{
    OARLOCK_ERR_INVALID_MODE, OARLOCK_ERR_LIMIT_ON_WRITE, OARLOCK_ERR_TOO_MANY_CLAIMS,
    OARLOCK_ERR_ZERO_LIMIT,
};
use engine::{Claim, Limits, Mode};

/// Shared: conflicts with writes of the path, above it and below it.
pub const OARLOCK_READ: i32 = 1;
/// Exclusive: conflicts with reads and writes of the path, above and below it.
pub const OARLOCK_WRITE: i32 = 2;
/// Shared, as OARLOCK_READ, but by at most `limit` such claims on exactly this path
/// at a time: a semaphore. Reads without a limit neither count nor wait for it. With
/// a limit of 1 it is an upgradable read: see oarlock_upgradable.
pub const OARLOCK_READ_LIMITED: i32 = 3;

/// A path and a mode. A claim covers the path and everything below it (below a
/// path's entry lies nothing). It and all it points to are borrowed for the call
/// only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_claim {
    /// OARLOCK_READ, OARLOCK_WRITE or OARLOCK_READ_LIMITED.
    pub mode: i32,
    /// At least 1 with OARLOCK_READ_LIMITED: it is granted while fewer limited
    /// claims stand on this path ahead of it. 0 with any other mode.
    pub limit: u32,
    /// What is claimed.
    pub path: oarlock_path,
}

/// The caller's claims, checked, as the engine takes them.
///
/// # Safety
/// `claims` points to `count` claims whose pointers are readable for the
/// lengths beside them; none of it changes while the result lives.
#[inline]
pub(crate) unsafe fn read<'a>(
    claims: *const oarlock_claim,
    count: usize,
    limits: &Limits,
) -> Result<Checked<'a>, Failure> {
    // Before the first read: a wild count must not make this one wild too.
    if count > limits.max_claims {
        return Err(too_many(count, limits));
    }
    // SAFETY: by the caller's promise.
    let claims = unsafe { list(claims, count, "`claims`")? };
    for claim in claims {
        // Mostly a short look is enough.
        if !(claim.is_plain() && claim.path.is_readable_text()) {
            claim.check_mode()?;
            // SAFETY: by the caller's promise.
            unsafe { claim.path.check(limits)? };
        }
    }
    Ok(Checked(claims.iter()))
}

/// Claims that were checked, and that nobody changes meanwhile.
pub(crate) struct Checked<'a>(std::slice::Iter<'a, oarlock_claim>);

impl<'a> Iterator for Checked<'a> {
    type Item = Claim<'a>;

    // Twice for a single claim, the second time in vain.
    #[inline(always)]
    fn next(&mut self) -> Option<Claim<'a>> {
        // SAFETY: checked, as said above.
        self.0.next().map(|claim| unsafe { claim.open() })
    }
}

#[cold]
fn too_many(count: usize, limits: &Limits) -> Failure {
    Failure::new(
        OARLOCK_ERR_TOO_MANY_CLAIMS,
        format!(
            "the request has {count} claims, the limit is {}",
            limits.max_claims
        ),
    )
}

impl oarlock_claim {
    /// Whether it is without a limit, and needs none.
    #[inline]
    fn is_plain(&self) -> bool {
        matches!(self.mode, OARLOCK_READ | OARLOCK_WRITE) && self.limit == 0
    }

    fn check_mode(&self) -> Result<(), Failure> {
        match (self.mode, self.limit) {
            (OARLOCK_READ | OARLOCK_WRITE, 0) | (OARLOCK_READ_LIMITED, 1..) => Ok(()),
            (OARLOCK_READ_LIMITED, 0) => Err(Failure::of(OARLOCK_ERR_ZERO_LIMIT)),
            (OARLOCK_WRITE, _) => Err(Failure::of(OARLOCK_ERR_LIMIT_ON_WRITE)),
            (OARLOCK_READ, _) => Err(Failure::argument(
                "a claim has a limit: its mode must be OARLOCK_READ_LIMITED",
            )),
            (mode, _) => Err(Failure::new(
                OARLOCK_ERR_INVALID_MODE,
                format!(
                    "the mode is {mode}: it must be OARLOCK_READ (1), OARLOCK_WRITE (2) or OARLOCK_READ_LIMITED (3)"
                ),
            )),
        }
    }

    /// The claim as the engine takes it.
    ///
    /// # Safety
    /// It is checked, and its pointers are still good.
    #[inline(always)]
    unsafe fn open<'a>(&self) -> Claim<'a> {
        // SAFETY: by the caller's promise.
        let path = unsafe { self.path.open() };
        match self.mode {
            OARLOCK_READ => Claim::new(Mode::Read, path),
            OARLOCK_READ_LIMITED => Claim::new(Mode::Read, path).limit(self.limit),
            _ => Claim::new(Mode::Write, path),
        }
    }

    /// The claim as C is shown it.
    pub(crate) fn shown(claim: &Claim<'_>, path: oarlock_path) -> Self {
        let mode = match (claim.mode(), claim.limit_value()) {
            (Mode::Write, _) => OARLOCK_WRITE,
            (Mode::Read, None) => OARLOCK_READ,
            (Mode::Read, Some(_)) => OARLOCK_READ_LIMITED,
        };
        Self {
            mode,
            limit: claim.limit_value().unwrap_or(0),
            path,
        }
    }
}
