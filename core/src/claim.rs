//! Claims: a path and a mode, perhaps a limit.

use std::num::NonZeroU32;

use crate::error::InvalidRequest;
use crate::mode::Mode;
use crate::path::Path;

/// One part of a request: a [`Mode`] for a [`Path`] and all that lies below it.
/// (Below an [`entry`](Path::entry) lies nothing.)
///
/// A claim is also an iterator's source of just itself, so a call that takes
/// claims takes one without brackets: `acquire(write("a"))`,
/// `acquire([write("a"), read("b")])`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a claim does nothing until it is passed to a manager"]
pub struct Claim<'a> {
    mode: Mode,
    /// As it was given: 0, or a limit on a write, is refused by the call.
    limit: Option<u32>,
    path: Path<'a>,
}

impl<'a> Claim<'a> {
    /// A claim of this mode on this path.
    pub fn new(mode: Mode, path: impl Into<Path<'a>>) -> Self {
        Self {
            mode,
            limit: None,
            path: path.into(),
        }
    }

    /// Makes a read claim one of at most `limit` that stand on exactly this path
    /// at a time: a semaphore. Read claims without a limit neither count nor
    /// wait. Each claim brings its own limit, and is granted while fewer than
    /// that stand ahead of it; those that wait are served first in, first out.
    ///
    /// ```
    /// # use oarlock::{Manager, read};
    /// let manager = Manager::new();
    /// let one = manager.acquire(read("pool").limit(2))?;
    /// let two = manager.acquire(read("pool").limit(2))?;
    /// assert!(manager.try_acquire(read("pool").limit(2)).is_err());
    /// # Ok::<(), oarlock::AcquireError>(())
    /// ```
    ///
    /// The call that uses the claim refuses 0 with
    /// [`InvalidRequest::ZeroLimit`] and a limit on a write claim with
    /// [`InvalidRequest::LimitOnWrite`].
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What is asked for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Where it is asked for.
    #[must_use]
    pub fn path(&self) -> &Path<'a> {
        &self.path
    }

    /// The limit, if it has one.
    #[must_use]
    pub fn limit_value(&self) -> Option<u32> {
        self.limit
    }

    /// The limit, if it makes sense.
    #[inline]
    pub(crate) fn checked_limit(&self) -> Result<Option<NonZeroU32>, InvalidRequest> {
        match self.limit {
            None => Ok(None),
            Some(_) if self.mode == Mode::Write => Err(InvalidRequest::LimitOnWrite),
            Some(limit) => match NonZeroU32::new(limit) {
                None => Err(InvalidRequest::ZeroLimit),
                limit => Ok(limit),
            },
        }
    }

    /// The same claim without a borrow.
    pub fn into_owned(self) -> Claim<'static> {
        Claim {
            mode: self.mode,
            limit: self.limit,
            path: self.path.into_owned(),
        }
    }
}

impl<'a> IntoIterator for Claim<'a> {
    type Item = Claim<'a>;
    type IntoIter = std::iter::Once<Claim<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// A shared claim on a path and all below it.
pub fn read<'a>(path: impl Into<Path<'a>>) -> Claim<'a> {
    Claim::new(Mode::Read, path)
}

/// An exclusive claim on a path and all below it.
pub fn write<'a>(path: impl Into<Path<'a>>) -> Claim<'a> {
    Claim::new(Mode::Write, path)
}

/// A shared claim on a path's own [`entry`](Path::entry) alone, not on what is
/// below it: the names in a directory, while its files may be written.
///
/// ```
/// # use oarlock::{Manager, read_entry, write};
/// let manager = Manager::new();
/// let _listing = manager.acquire(read_entry("home"))?;
/// assert!(manager.try_acquire(write("home/file")).is_ok());
/// assert!(manager.try_acquire(write("home")).is_err());
/// # Ok::<(), oarlock::AcquireError>(())
/// ```
pub fn read_entry<'a>(path: impl Into<Path<'a>>) -> Claim<'a> {
    Claim::new(Mode::Read, path.into().entry())
}

/// An exclusive claim on a path's own [`entry`](Path::entry) alone, not on what
/// is below it: a directory's attributes, while its files are worked on.
///
/// ```
/// # use oarlock::{Manager, read, read_entry, write, write_entry};
/// let manager = Manager::new();
/// let _attributes = manager.acquire(write_entry("home"))?;
/// assert!(manager.try_acquire(write("home/file")).is_ok());
/// assert!(manager.try_acquire(read_entry("home")).is_err());
/// assert!(manager.try_acquire(read("home")).is_err());
/// # Ok::<(), oarlock::AcquireError>(())
/// ```
///
/// Whoever creates or removes a file claims the directory's names and the file:
///
/// ```
/// # use oarlock::{Manager, read_entry, write, write_entry};
/// let manager = Manager::new();
/// let _other = manager.acquire(write("home/old"))?; // goes on meanwhile
/// let _new = manager.acquire([write_entry("home"), write("home/new")])?;
/// assert!(manager.try_acquire(read_entry("home")).is_err()); // who lists waits
/// # Ok::<(), oarlock::AcquireError>(())
/// ```
pub fn write_entry<'a>(path: impl Into<Path<'a>>) -> Claim<'a> {
    Claim::new(Mode::Write, path.into().entry())
}

/// A shared claim that means to be upgraded: exactly `read(path).limit(1)`.
///
/// It excludes other upgradable claims (limited ones) of other owners on exactly this
/// path, and lets plain reads in until its upgrade, or a writer, waits. So of those that
/// read first and write later, one reads at a time. With plain reads two that both
/// upgrade would be in a deadlock, and the second is refused; of requests that claim
/// this instead, no upgrade is refused because of another one that waits for its turn,
/// as long as whoever waits holds nothing else.
///
/// ```
/// # use oarlock::{Manager, read, upgradable};
/// let manager = Manager::new();
/// let mut mine = manager.acquire(upgradable("page"))?;
/// let theirs = manager.acquire(read("page"))?; // plain reads come in
/// assert!(manager.try_acquire(upgradable("page")).is_err()); // one at a time
/// drop(theirs);
/// mine.upgrade()?; // waits for all other reads at, above and below the path
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Claim it first, never on top of a plain read of the same owner: an owner that reads
/// the path already, and waits for its turn to be upgradable, keeps the one whose turn
/// it is from its upgrade, which is refused.
///
/// What it does not do: a *plain* read that is upgraded, or one upgraded above or
/// below this path, can still be in a deadlock with it, and whoever holds several
/// requests, too. The upgrade waits for all reads of others at, above and below the
/// path. And once upgraded, it is a write, and after a downgrade a plain read, which has
/// to be released and claimed anew to be upgradable again.
pub fn upgradable<'a>(path: impl Into<Path<'a>>) -> Claim<'a> {
    read(path).limit(1)
}
