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
//! // Two accounts at once, all or nothing: no order to remember.
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
//! # More than one request at a time
//!
//! A request takes all its claims at once, so requests alone cannot deadlock; only
//! whoever holds one and waits, for another one or for an upgrade, can. The requests of
//! a transaction have an [`Owner`]: they never conflict with each other, and what would
//! leave it stuck for ever is refused with [`Deadlock`](AcquireError::Deadlock), which
//! names the cycle. There is [a recipe](Owner#a-transaction).
//!
//! What is held can be changed: [`Guard::upgrade`] turns reads into writes,
//! [`Guard::downgrade`] writes into reads, and [`Guard::release_part`] gives one claim
//! back. Who reads first and writes later claims [`upgradable`]. A read with a
//! [`limit`](Claim::limit) is a semaphore. [`read_entry`] and [`write_entry`] claim a
//! path itself, as a directory's list of names, and not what is below it.
//!
//! # What may be called where
//!
//! Every type here may be used from any thread. A call that can block says so;
//! all others return after a time that follows from the depth of the paths, the
//! number of claims and how many are granted by the call, never from the number of
//! locks held or waiting. There are exceptions:
//!
//! - A request whose owner holds or waits already, if it has to wait, and an upgrade that
//!   cannot go at once, look for a deadlock: at what their owner, those that wait for it
//!   and those that it waits for have on paths where somebody waits.
//! - An upgrade in the way of others, and a claim on what its owner holds already, look
//!   at those that they go ahead of. Claims with a limit look at the permits of their
//!   path while somebody waits there who was passed so.
//! - Closing looks at all that wait; inspecting, and asking for the blockers of a
//!   request, look at all that is held, too.
//!
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
mod closing;
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
mod shards;
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
