//! What a claim asks for.

/// How a [`Claim`](crate::Claim) uses its path and everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Shared: any number of readers at once, no writer beside them.
    Read,
    /// Exclusive: nobody else reads or writes at or below the path.
    Write,
}
