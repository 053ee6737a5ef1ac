//! Owners: who several requests belong to.

use std::num::NonZeroU64;

use crate::sync::{Arc, AtomicUsize, Ordering};

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
/// Requests of one owner never conflict with each other, and what an owner holds
/// it can claim again at once, even past a waiting writer. An owner that holds
/// something and would wait in a circle of owners is refused with `Deadlock`; so
/// ends a request that waits already, when a grant makes its owner such a holder.
///
/// Only an equal or a weaker claim is held already: a write of an owner that reads
/// waits behind others' requests like any new one. To go ahead of them, upgrade.
///
/// An owner is a handle; clones are the same owner. It has no life of its own:
/// what it holds are the guards. Made by [`Manager::owner`](crate::Manager::owner),
/// for requests of that manager; another manager refuses it.
#[derive(Clone, Debug)]
pub struct Owner {
    pub(crate) state: Arc<OwnerState>,
}

#[derive(Debug)]
pub(crate) struct OwnerState {
    pub(crate) id: OwnerId,
    /// Which manager's it is.
    pub(crate) manager: u64,
    /// How many requests of it live. An owner with one alone cannot stand in a
    /// circle.
    live: AtomicUsize,
    /// How many of its requests and upgrades wait, and have not been told yet how
    /// that ended.
    waiting: AtomicUsize,
}

impl Owner {
    pub(crate) fn new(id: OwnerId, manager: u64) -> Self {
        let live = AtomicUsize::new(0);
        Self {
            state: Arc::new(OwnerState {
                id,
                manager,
                live,
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
    pub(crate) fn begin(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn begins_waiting(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stops_waiting(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether anything of it waits.
    pub(crate) fn waits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// How many requests of it live; exact while all shards are locked.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}
