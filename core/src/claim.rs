//! Claims: a path and a mode.

use crate::mode::Mode;
use crate::path::Path;

/// One part of a request: a [`Mode`] for a [`Path`] and all that lies below it.
///
/// A claim is also an iterator's source of just itself, so a call that takes
/// claims takes one without brackets: `acquire(write("a"))`,
/// `acquire([write("a"), read("b")])`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a claim does nothing until it is passed to a manager"]
pub struct Claim<'a> {
    mode: Mode,
    path: Path<'a>,
}

impl<'a> Claim<'a> {
    /// A claim of this mode on this path.
    pub fn new(mode: Mode, path: impl Into<Path<'a>>) -> Self {
        Self {
            mode,
            path: path.into(),
        }
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

    /// The same claim without a borrow.
    pub fn into_owned(self) -> Claim<'static> {
        Claim {
            mode: self.mode,
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
