//! Oarlock is a lock manager that a program links in.
//!
//! A resource is a [`Path`] such as `accounts/42/cards`; a [`Claim`] reads or
//! writes a path and everything below it; a request holds one or more claims
//! and is granted as a whole. Conflicting requests are served first in, first
//! out; requests that do not conflict never wait for each other.
//!
//! ```
//! use oarlock::{Manager, read, write};
//!
//! let manager = Manager::new();
//! // Two accounts at once, all or nothing: no order to remember, no deadlock.
//! let transfer = manager.acquire([write("accounts/1"), write("accounts/2")])?;
//! // Whoever reads the whole subtree has to wait for the transfer to end.
//! assert!(manager.try_acquire(read("accounts")).is_err());
//! // An unrelated path is free.
//! let other = manager.acquire(write("accounts/3"))?;
//! assert!(other.token() > 0);
//! drop(transfer);
//! # drop(other);
//! assert!(manager.try_acquire(read("accounts")).is_ok());
//! # Ok::<(), oarlock::AcquireError>(())
//! ```
//!
//! # What may be called where
//!
//! Every type here may be used from any thread. A call that can block says so;
//! all others return after a time that follows from the depth of the paths and
//! the number of claims, never from the number of locks held or waiting; but for
//! upgrades that cannot go at once, requests of owners that hold or wait already,
//! closing, and looking, which look at all that wait.
//! Callbacks and wakers run with no internal lock held, so they may call back
//! into the manager.
//!
//! # The rooms
//!
//! [`engine`] is the pure state machine: the rules, without threads or clocks.
//! Everything else here is the shell that lets threads share it.

#![forbid(unsafe_code)]

mod builder;
mod by_id;
mod claim;
mod clock;
mod deadlock;
mod delivery;
mod ending;
pub mod engine;
mod error;
mod error_change;
mod error_circle;
mod guard;
mod id;
mod inspect;
mod limits;
mod manager;
mod mode;
mod named;
mod names;
mod owner;
mod path;
mod pending;
mod prepared;
mod request;
mod route;
mod shard;
mod shared;
mod stats;
mod submit;
mod sync;
mod upgrade;
mod upgrade_async;
mod upgrade_with;
mod waiter;
mod watch;
mod weak;

pub use builder::ManagerBuilder;
pub use by_id::{EnqueuedById, LockState};
pub use claim::{Claim, read, read_entry, upgradable, write, write_entry};
#[doc(hidden)]
pub use delivery::forget_inherited_callbacks;
pub use error::{
    AcquireError, AcquireTimeoutError, CancelError, ChangeError, Circle, CircleMember,
    InvalidRequest, PendingTimeoutError, StaleLock, TryAcquireError, UpgradeError, WaitError,
};
pub use guard::Guard;
pub use id::LockId;
pub use inspect::RequestInfo;
pub use limits::Limits;
pub use manager::Manager;
pub use mode::Mode;
pub use owner::{Owner, OwnerId};
pub use path::{Path, Segments};
pub use pending::{Acquire, Enqueued, Pending};
pub use request::Request;
pub use stats::{Histogram, Stats};
pub use upgrade::UpgradeState;
pub use upgrade_async::Upgrade;
pub use upgrade_with::{UpgradeBegun, UpgradeTicket};
pub use watch::Watch;
pub use weak::WeakManager;
