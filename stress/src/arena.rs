//! Managers that come and go, each with its world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oarlock::{LockId, LockState, Manager, TryAcquireError};

use crate::world::{Spot, World};

/// A manager and the check on its side.
#[derive(Debug)]
pub struct Arena {
    /// The manager.
    pub manager: Manager,
    /// Who is inside.
    pub world: World,
    /// Requests that anybody may cancel.
    board: Mutex<Vec<LockId>>,
}

/// What an arena is like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Of the manager.
    pub shards: usize,
    /// Of the manager: how soon a crowd below one first segment is spread.
    pub spread_after: u32,
    /// Of the manager: how many requests may wait.
    pub max_waiting: usize,
    /// First segments.
    pub tops: usize,
    /// Second segments below each of them.
    pub leaves: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Arena {
    fn new(shape: Shape) -> Self {
        Self {
            manager: Manager::builder()
                .shards(shape.shards)
                .spread_after(shape.spread_after)
                .max_waiting(shape.max_waiting)
                .timing(shape.shards.is_multiple_of(2))
                .build(),
            world: World::new(shape.tops, shape.leaves),
            board: Mutex::default(),
        }
    }

    /// Whoever reads the board may cancel this request from now on.
    pub fn offer(&self, id: LockId) {
        lock(&self.board).push(id);
    }

    /// A request to cancel, if there is one: perhaps ended by now.
    pub fn offered(&self) -> Option<LockId> {
        lock(&self.board).pop()
    }

    /// Somebody is inside with this id and token, as the manager sees it, and others
    /// are refused. Asking changes nothing.
    ///
    /// # Panics
    ///
    /// If it is not so.
    pub fn look(&self, id: LockId, token: u64, spots: &[Spot]) {
        let conflicting = || self.world.conflicting(spots);
        let refused = self.manager.try_acquire(conflicting()).err();
        assert!(matches!(
            refused,
            Some(TryAcquireError::WouldBlock | TryAcquireError::Closed)
        ));
        assert_ne!(self.manager.would_grant(conflicting()), Ok(true));
        assert_eq!(self.manager.state(id), Ok(LockState::Granted(token)));
    }

    /// The same, where it takes longer: among all that is to be seen there.
    ///
    /// # Panics
    ///
    /// If it is not so.
    pub fn inspect(&self, id: LockId, token: u64, spots: &[Spot]) {
        let path = self.world.path(spots[0].at);
        let seen = self.manager.inspect(path).expect("a path");
        let own = seen.iter().find(|it| it.id == id).expect("it is inside");
        assert_eq!(own.state, LockState::Granted(token));
        if let Ok(waits) = self.manager.enqueue(self.world.conflicting(spots)) {
            let blockers = self.manager.blockers(waits.id());
            // Or it was closed in between.
            assert!(blockers.is_err() || blockers.is_ok_and(|ids| ids.contains(&id)));
            assert!(waits.cancel().is_ok(), "what is held is not granted");
        }
    }

    /// Nothing is left of all that was done here.
    ///
    /// # Panics
    ///
    /// If something is.
    pub fn check(&self) {
        self.world.check();
        let stats = self.manager.stats();
        assert_eq!((stats.held, stats.waiting), (0, 0), "{stats:?}");
        assert_eq!(stats.grants, stats.releases, "{stats:?}");
        assert_eq!(self.manager.inspect("").expect("a path").len(), 0);
    }
}

/// The arena that is open, and those that were before it.
#[derive(Debug)]
pub struct Arenas {
    shape: Shape,
    open: Mutex<Arc<Arena>>,
    left: Mutex<Vec<Left>>,
}

/// An arena that some are still in, and since when no new ones come.
#[derive(Clone, Debug)]
struct Left {
    since: Instant,
    arena: Arc<Arena>,
}

/// How an arena ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everybody in it gets what they wait for, or a lock was lost.
    Served,
    /// Whoever waits is turned away.
    Closed,
}

impl Arenas {
    /// With one arena of this shape.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            open: Mutex::new(Arc::new(Arena::new(shape))),
            left: Mutex::default(),
        }
    }

    /// The one to use now.
    pub fn open(&self) -> Arc<Arena> {
        Arc::clone(&lock(&self.open))
    }

    /// Opens another arena and ends the present one.
    pub fn replace(&self, end: End) {
        let new = Arc::new(Arena::new(self.shape));
        let arena = std::mem::replace(&mut *lock(&self.open), new);
        if end == End::Closed {
            arena.manager.close();
        }
        let since = Instant::now();
        lock(&self.left).push(Left { since, arena });
    }

    /// Checks the arenas that were left by all; how many those are, and for how long
    /// the oldest of the others has been left to its last users.
    pub fn sweep(&self) -> (usize, Duration) {
        let mut left = lock(&self.left);
        let before = left.len();
        left.retain(|left| {
            let used = Arc::strong_count(&left.arena) > 1;
            if !used {
                left.arena.check();
            }
            used
        });
        let oldest = left.iter().map(|left| left.since.elapsed()).max();
        (before - left.len(), oldest.unwrap_or_default())
    }

    /// What there is of managers now, for whoever wants to look into them.
    pub fn all(&self) -> Vec<Arc<Arena>> {
        let left = lock(&self.left);
        let arenas = left.iter().map(|left| &left.arena);
        arenas.cloned().chain([self.open()]).collect()
    }

    /// Checks everything, once nobody uses any of it.
    ///
    /// # Panics
    ///
    /// If something is left in one of them.
    pub fn finish(&self) {
        for arena in self.all() {
            arena.check();
        }
    }
}
