//! Paths as they come in from C.

use crate::failure::Failure;
use crate::status::{OARLOCK_ERR_PATH_TOO_LONG, OARLOCK_ERR_TOO_MANY_SEGMENTS};
use crate::text::oarlock_str;
use engine::{Limits, Path};

/// A path, in one of two forms. It and all it points to are borrowed for the call
/// only.
///
/// - As text, split at '/': set `text`, leave `segments` NULL. The empty text is
///   the root. An empty segment ("a//b", "/a", "a/") is an error.
/// - As a list of segments, taken as they are (a segment may hold '/', NUL or
///   nothing): set `segments` and `segment_count`, leave `text` empty. A list of
///   no segments is the root.
///
/// With `entry` it is the entry of that path: what is said of the path itself and
/// not of what lies below it, as a directory's list of names is. A claim on it
/// conflicts with claims on it, on the path and above, and with nothing else; a
/// claim on the path or above covers it. The root has an entry, too. Leave `entry`
/// and `reserved` 0 for anything else, as an initializer in braces does.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_path {
    /// The path as text.
    pub text: oarlock_str,
    /// The path as a list, or NULL.
    pub segments: *const oarlock_str,
    /// The number of segments in the list.
    pub segment_count: usize,
    /// 1 for the path's entry, 0 for the path; anything else is an error.
    pub entry: i32,
    /// 0.
    pub reserved: u32,
}

/// The caller's array as a slice.
///
/// # Safety
/// `first` is NULL, misaligned, or points to `count` readable values, which
/// nobody changes while the result lives.
#[inline]
pub(crate) unsafe fn list<'a, T>(
    first: *const T,
    count: usize,
    name: &str,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() || !first.is_aligned() || count > isize::MAX as usize / size_of::<T>() {
        return Err(bad_list(first.is_null(), first.is_aligned(), count, name));
    }
    // SAFETY: not null, aligned, of a possible size; the rest by the caller's
    // promise.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

#[cold]
fn bad_list(is_null: bool, is_aligned: bool, count: usize, name: &str) -> Failure {
    Failure::argument(match (is_null, is_aligned) {
        (true, _) => format!("{name} is NULL, its count is {count}"),
        (_, false) => format!("{name} is misaligned"),
        _ => format!("{name} is longer than memory"),
    })
}

/// Refuses a path that is larger than the manager's limits.
fn within(segments: usize, bytes: usize, limits: &Limits) -> Result<(), Failure> {
    if segments > limits.max_segments {
        let limit = limits.max_segments;
        return Err(Failure::new(
            OARLOCK_ERR_TOO_MANY_SEGMENTS,
            format!("a path has {segments} segments, the limit is {limit}"),
        ));
    }
    if bytes > limits.max_path_bytes {
        let limit = limits.max_path_bytes;
        return Err(Failure::new(
            OARLOCK_ERR_PATH_TOO_LONG,
            format!("a path has {bytes} bytes, the limit is {limit}"),
        ));
    }
    Ok(())
}

impl oarlock_path {
    /// Whether it is a text that [`Self::open`] can read: then there is nothing
    /// else to check.
    #[inline]
    pub(crate) fn is_readable_text(&self) -> bool {
        self.segments.is_null()
            && self.segment_count == 0
            && (self.entry, self.reserved) == (0, 0)
            && self.text.is_readable()
    }

    /// Refuses what [`Self::open`] could not read. Limits on segments are
    /// checked here because `open` copies them; those on text by the engine, for
    /// claims, and by `read`.
    ///
    /// # Safety
    /// Its pointers are readable for the lengths beside them; none of it changes
    /// meanwhile.
    pub(crate) unsafe fn check(&self, limits: &Limits) -> Result<(), Failure> {
        if !matches!((self.entry, self.reserved), (0 | 1, 0)) {
            return Err(Failure::argument(
                "`entry` of a path must be 0 or 1, and `reserved` 0",
            ));
        }
        if self.segments.is_null() {
            if self.segment_count != 0 {
                return Err(Failure::argument(
                    "`segments` of a path is NULL, its count is not 0",
                ));
            }
            // SAFETY: by the caller's promise.
            return unsafe { self.text.bytes() }.map(|_| ());
        }
        if self.text.len != 0 {
            return Err(Failure::argument(
                "a path is given both as text and as segments",
            ));
        }
        within(self.segment_count, 0, limits)?;
        let mut bytes = 0usize;
        // SAFETY: by the caller's promise.
        for segment in unsafe { list(self.segments, self.segment_count, "`segments`")? } {
            // SAFETY: by the caller's promise.
            bytes = bytes.saturating_add(unsafe { segment.bytes()? }.len());
        }
        within(self.segment_count, bytes, limits)
    }

    /// The path as the engine takes it. What `check` refuses is unreachable
    /// here and reads as empty.
    ///
    /// # Safety
    /// As for [`check`](Self::check), while the result lives.
    #[inline]
    pub(crate) unsafe fn open<'a>(&self) -> Path<'a> {
        // SAFETY: by the caller's promise.
        let bytes = |text: &oarlock_str| unsafe { text.bytes_or_none() }.unwrap_or(&[]);
        let path = if self.segments.is_null() {
            Path::text_bytes(bytes(&self.text))
        } else {
            // SAFETY: by the caller's promise.
            let segments = unsafe { list(self.segments, self.segment_count, "") };
            let segments: &[oarlock_str] = segments.unwrap_or(&[]);
            Path::of_segments(segments.iter().map(bytes))
        };
        if self.entry == 0 { path } else { path.entry() }
    }

    /// A path that comes alone.
    ///
    /// # Safety
    /// As for [`check`](Self::check), while the result lives.
    pub(crate) unsafe fn read<'a>(&self, limits: &Limits) -> Result<Path<'a>, Failure> {
        // SAFETY: by the caller's promise.
        let path = unsafe {
            self.check(limits)?;
            self.open()
        };
        let bytes = path.segments().map(<[u8]>::len).sum();
        within(path.depth(), bytes, limits)?;
        Ok(path)
    }
}
