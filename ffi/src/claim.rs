//! Claims as they come in from C.

use crate::failure::Failure;
use crate::status::{
    OARLOCK_ERR_INVALID_MODE, OARLOCK_ERR_PATH_TOO_LONG, OARLOCK_ERR_TOO_MANY_CLAIMS,
    OARLOCK_ERR_TOO_MANY_SEGMENTS,
};
use crate::text::oarlock_str;
use engine::{Claim, Limits, Mode, Path};

/// Shared: conflicts with writes of the path, above it and below it.
pub const OARLOCK_READ: i32 = 1;
/// Exclusive: conflicts with reads and writes of the path, above and below it.
pub const OARLOCK_WRITE: i32 = 2;

/// A path and a mode. A claim covers the path and everything below it. It and
/// all it points to are borrowed for the call only.
///
/// The path is given in one of two forms:
/// - as text, split at '/': set `path`, leave `segments` NULL. The empty text
///   is the root. An empty segment ("a//b", "/a", "a/") is an error.
/// - as a list of segments, taken as they are (a segment may hold '/', NUL or
///   nothing): set `segments` and `segment_count`, leave `path` empty. A list
///   of no segments is the root.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_claim {
    /// OARLOCK_READ or OARLOCK_WRITE.
    pub mode: i32,
    /// Must be 0.
    pub reserved: u32,
    /// The path as text.
    pub path: oarlock_str,
    /// The path as a list, or NULL.
    pub segments: *const oarlock_str,
    /// The number of segments in the list.
    pub segment_count: usize,
}

/// The caller's claims, checked, as the engine takes them.
///
/// # Safety
/// `claims` points to `count` claims whose pointers are readable for the
/// lengths beside them; none of it changes while the result lives.
pub(crate) unsafe fn read<'a>(
    claims: *const oarlock_claim,
    count: usize,
    limits: &Limits,
) -> Result<impl Iterator<Item = Claim<'a>>, Failure> {
    // Before the first read: a wild count must not make this one wild too.
    if count > limits.max_claims {
        return Err(Failure::new(
            OARLOCK_ERR_TOO_MANY_CLAIMS,
            format!(
                "the request has {count} claims, the limit is {}",
                limits.max_claims
            ),
        ));
    }
    // SAFETY: by the caller's promise.
    let claims = unsafe { list(claims, count, "`claims`")? };
    for claim in claims {
        // SAFETY: by the caller's promise.
        unsafe { claim.check(limits)? };
    }
    // SAFETY: each was just checked, and nobody changes them meanwhile.
    Ok(claims.iter().map(|claim| unsafe { claim.open() }))
}

/// A list of structs from C; NULL is a list of none.
///
/// # Safety
/// `first` points to `count` readable structs that nobody changes while the
/// result lives.
unsafe fn list<'a, T>(first: *const T, count: usize, name: &str) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() {
        return Err(Failure::argument(format!(
            "{name} is NULL, its count is {count}"
        )));
    }
    if !first.is_aligned() {
        return Err(Failure::argument(format!("{name} is misaligned")));
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Failure::argument(format!("{name} is longer than memory")));
    }
    // SAFETY: not null, aligned, of a possible size; the rest by the caller's
    // promise.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

impl oarlock_claim {
    fn mode(&self) -> Option<Mode> {
        match self.mode {
            OARLOCK_READ => Some(Mode::Read),
            OARLOCK_WRITE => Some(Mode::Write),
            _ => None,
        }
    }

    /// Refuses what [`Self::open`] could not read. Limits on segments are
    /// checked here because `open` copies them; those on text by the engine.
    ///
    /// # Safety
    /// As for [`read`].
    unsafe fn check(&self, limits: &Limits) -> Result<(), Failure> {
        if self.mode().is_none() {
            return Err(Failure::new(
                OARLOCK_ERR_INVALID_MODE,
                format!(
                    "the mode is {}: it must be OARLOCK_READ (1) or OARLOCK_WRITE (2)",
                    self.mode
                ),
            ));
        }
        if self.reserved != 0 {
            return Err(Failure::argument("`reserved` of a claim is not 0"));
        }
        if self.segments.is_null() {
            if self.segment_count != 0 {
                return Err(Failure::argument(
                    "`segments` of a claim is NULL, its count is not 0",
                ));
            }
            // SAFETY: by the caller's promise.
            return unsafe { self.path.bytes() }.map(|_| ());
        }
        if self.path.len != 0 {
            return Err(Failure::argument(
                "a claim has a path both as text and as segments",
            ));
        }
        if self.segment_count > limits.max_segments {
            return Err(Failure::new(
                OARLOCK_ERR_TOO_MANY_SEGMENTS,
                format!(
                    "a path has {} segments, the limit is {}",
                    self.segment_count, limits.max_segments
                ),
            ));
        }
        let mut bytes = 0usize;
        // SAFETY: by the caller's promise.
        for segment in unsafe { list(self.segments, self.segment_count, "`segments`")? } {
            // SAFETY: by the caller's promise.
            bytes = bytes.saturating_add(unsafe { segment.bytes()? }.len());
        }
        if bytes > limits.max_path_bytes {
            return Err(Failure::new(
                OARLOCK_ERR_PATH_TOO_LONG,
                format!(
                    "a path has {bytes} bytes, the limit is {}",
                    limits.max_path_bytes
                ),
            ));
        }
        Ok(())
    }

    /// The claim as the engine takes it. What `check` refuses is unreachable
    /// here and reads as empty.
    ///
    /// # Safety
    /// As for [`read`].
    unsafe fn open<'a>(&self) -> Claim<'a> {
        let mode = self.mode().unwrap_or(Mode::Write);
        // SAFETY: by the caller's promise.
        let bytes = |text: &oarlock_str| unsafe { text.bytes() }.unwrap_or(&[]);
        if self.segments.is_null() {
            return Claim::new(mode, Path::text_bytes(bytes(&self.path)));
        }
        // SAFETY: by the caller's promise.
        let segments = unsafe { list(self.segments, self.segment_count, "") };
        let segments: &[oarlock_str] = segments.unwrap_or(&[]);
        Claim::new(mode, Path::of_segments(segments.iter().map(bytes)))
    }
}
