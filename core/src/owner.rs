//! Owners: who several requests belong to.

use std::num::NonZeroU64;

use crate::sync::{Arc, AtomicU64, AtomicUsize, Ordering};

/// The identity of an owner within its manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(NonZeroU64);

impl OwnerId {
    /// The least id.
    pub(crate) const FIRST: Self = Self(NonZeroU64::MIN);
    /// The greatest id.
    pub(crate) const LAST: Self = Self(NonZeroU64::MAX);

    /// The id as a number, never 0.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        self.0.get()
    }

    /// The id of this number, for an [`Engine`](crate::engine::Engine) that is
    /// used alone; `None` for 0. A manager's owners come from
    /// [`Manager::owner`](crate::Manager::owner).
    #[must_use]
    pub fn from_u64(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }
}

/// Who several requests belong to: a transaction, a session, a task.
///
/// Requests of one owner never conflict with each other, and what an owner holds it
/// can claim again at once, even past a waiting writer. A request that would leave its
/// owner stuck is refused with `Deadlock`, at once and only if what others *hold* does
/// that; if it is only those that wait, the owner goes ahead of those of them that
/// wait for it. A wait that was taken in is never ended because of a deadlock.
///
/// A request for what its owner holds already goes on as it is when the other one ends
/// or is downgraded: it is a request of its own. Of two writes, one inside the other, the
/// inner one keeps others out until it ends itself.
///
/// An owner is a handle; clones are the same owner. It has no life of its own:
/// what it holds are the guards. Made by [`Manager::owner`](crate::Manager::owner),
/// for requests of that manager; another manager refuses it.
///
/// # A transaction
///
/// A transaction that is refused gives back all that its owner holds (that is the
/// rollback), and begins again:
///
/// ```
/// use oarlock::{AcquireError, Manager, Owner, write};
///
/// /// Takes one row after the other. `?` drops the guards of those that it has.
/// fn attempt(manager: &Manager, transaction: &Owner, rows: [&str; 2]) -> Result<(), AcquireError> {
///     let row = |path| manager.request(write(path)).owner(transaction).acquire();
///     let _first = row(rows[0])?;
///     let _second = row(rows[1])?;
///     // Both rows are its own here.
///     Ok(())
/// }
///
/// fn transaction(manager: &Manager, rows: [&str; 2]) -> Result<(), AcquireError> {
///     let transaction = manager.owner();
///     loop {
///         match attempt(manager, &transaction, rows) {
///             Err(AcquireError::Deadlock(_)) => {} // rolled back: once more
///             ended => return ended,
///         }
///     }
/// }
/// # let manager = Manager::new();
/// # std::thread::scope(|threads| {
/// #     let other = threads.spawn(|| transaction(&manager, ["t/2", "t/1"]));
/// #     transaction(&manager, ["t/1", "t/2"])?;
/// #     other.join().expect("no panic")
/// # })?;
/// # Ok::<(), AcquireError>(())
/// ```
///
/// What is asked for again stands at the end of the queues, and nothing promises that a
/// transaction that was refused gets through the next time. Where all transactions take
/// their rows in one order and each row once, or all rows in one request, none is refused.
#[derive(Clone, Debug)]
pub struct Owner {
    pub(crate) state: Arc<OwnerState>,
}

#[derive(Debug)]
pub(crate) struct OwnerState {
    pub(crate) id: OwnerId,
    /// Which manager's it is.
    pub(crate) manager: u64,
    /// A bit for each shard in which it has requests. Each is changed under the lock
    /// of its shard. Threads that hold locks of different shards note here what each
    /// has, or in `waiting` that it waits, and then look at what the other has noted:
    /// so all that is sequentially consistent, lest neither sees the other.
    shards: [AtomicU64; 4],
    /// How many of its requests and upgrades wait, and have not been told yet how
    /// that ended.
    waiting: AtomicUsize,
}

impl Owner {
    pub(crate) fn new(id: OwnerId, manager: u64) -> Self {
        Self {
            state: Arc::new(OwnerState {
                id,
                manager,
                shards: std::array::from_fn(|_| AtomicU64::new(0)),
                waiting: AtomicUsize::new(0),
            }),
        }
    }

    /// The owner's identity, as an inspection shows it.
    #[must_use]
    pub fn id(&self) -> OwnerId {
        self.state.id
    }
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

impl Eq for Owner {}

impl OwnerState {
    /// It has requests in this shard now. Under the shard's lock.
    pub(crate) fn enter(&self, shard: usize) {
        self.shards[shard / 64].fetch_or(1 << (shard % 64), Ordering::SeqCst);
    }

    /// It has none there any more. Under the shard's lock.
    pub(crate) fn leave(&self, shard: usize) {
        self.shards[shard / 64].fetch_and(!(1 << (shard % 64)), Ordering::AcqRel);
    }

    /// The shards in which it has requests, in ascending order. For one whose lock is
    /// held, what this says stands.
    pub(crate) fn shards(&self) -> impl Iterator<Item = usize> {
        let word = |(at, word): (usize, &AtomicU64)| {
            let word = word.load(Ordering::SeqCst);
            let bits = (0..64).filter(move |bit| word & (1 << bit) != 0);
            bits.map(move |bit| 64 * at + bit)
        };
        self.shards.iter().enumerate().flat_map(word)
    }

    pub(crate) fn begins_waiting(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn stops_waiting(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether anything of it waits.
    pub(crate) fn waits(&self) -> bool {
        if cfg!(loom) {
            // Loom takes sequential consistency for less, and would show old values here.
            return self.waiting.fetch_add(0, Ordering::SeqCst) > 0;
        }
        self.waiting.load(Ordering::SeqCst) > 0
    }
}
