//! The manager: the thread-safe shell around the engines.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::builder::ManagerBuilder;
use crate::claim::Claim;
use crate::delivery::{self, Call, Deliveries, deliver};
use crate::engine::{ClaimSet, State};
use crate::error::{
    AcquireError, AcquireTimeoutError, CancelError, InvalidRequest, TryAcquireError,
};
use crate::guard::Guard;
use crate::id::LockId;
use crate::limits::Limits;
use crate::named;
use crate::pending::{Acquire, Enqueued, Pending};
use crate::shard::{Located, Padded, Shard, Shards};
use crate::submit::{Admission, Submission};
use crate::sync::{Arc, Mutex};
use crate::waiter::{Listener, Outcome};

/// A lock manager: a tree of paths, and the requests that hold and wait.
///
/// A manager is a handle: clones are the same manager, and it lives as long as
/// any handle, guard or pending request does. All methods may be called from any
/// thread.
///
/// A thread that waits for a second request while it holds a first one can
/// deadlock with another that does the same the other way round, as with any
/// mutex. Ask for everything at once and that cannot happen.
#[derive(Clone)]
pub struct Manager {
    pub(crate) shared: Arc<Shared>,
}

/// What all handles, guards and pending requests of a manager share.
pub(crate) struct Shared {
    /// At least one, at most 256. See `shard.rs` for what guards what.
    pub(crate) shards: Shards,
    /// Chooses the shard of a first segment. Seeded per manager.
    pub(crate) hasher: ahash::RandomState,
    pub(crate) limits: Limits,
    pub(crate) name: Option<String>,
}

impl Shared {
    pub(crate) fn new(shards: usize, limits: Limits, name: Option<String>) -> Self {
        // The standard library seeds from the operating system.
        let random = RandomState::new();
        Self {
            shards: (0..shards as u64)
                .map(|shard| Padded(Mutex::new(Shard::new(random.hash_one(shard)))))
                .collect(),
            hasher: ahash::RandomState::with_seeds(
                random.hash_one("a"),
                random.hash_one("b"),
                random.hash_one("c"),
                random.hash_one("d"),
            ),
            limits,
            name,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            named::forget(name);
        }
        // Requests known only by their ids may still wait; their callbacks are
        // owed a call.
        for (waiter, outcome) in self.end_waiting() {
            if let Listener::Callback(callback) = waiter.settle(outcome) {
                delivery::run([Call::Back(callback, Err(AcquireError::Closed))]);
            }
        }
    }
}

impl Manager {
    /// A new manager with the default [`Limits`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A new manager with settings of its own.
    pub fn builder() -> ManagerBuilder {
        ManagerBuilder::default()
    }

    /// The manager of this name in this process, made with default settings if
    /// there is none. It is the same one for as long as any handle, guard or
    /// pending request of it lives; after that the name is free again.
    ///
    /// Names are any text, also the empty one. Threads, and languages that use
    /// the same copy of this library, meet here.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            shared: named::get(name),
        }
    }

    /// The name, if it was made by [`named`](Self::named).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// Acquires all the claims, waiting for as long as it takes.
    ///
    /// Blocks the thread. Requests that conflict are granted in the order of
    /// their calls.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Invalid`] at once; [`AcquireError::Closed`] if the manager
    /// is closed, now or while this waits.
    pub fn acquire<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Guard, AcquireError> {
        match self.submit(claims, Admission::Queue(Listener::None))? {
            // The common way, without a pending request in between.
            Submission::Granted { id, token } => Ok(self.guard(id, token)),
            waiting => Pending::new(Arc::clone(&self.shared), waiting).wait(),
        }
    }

    /// Acquires all the claims if that is possible at once. Never waits and
    /// never queues.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::WouldBlock`] if an earlier request that is still alive,
    /// granted or waiting, conflicts.
    pub fn try_acquire<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Guard, TryAcquireError> {
        let claims = ClaimSet::new(claims, &self.shared.limits)?;
        match self.shared.submit(&claims, &mut Admission::Try) {
            Ok(Submission::Granted { id, token }) => Ok(self.guard(id, token)),
            Ok(Submission::Waiting(_) | Submission::Refused) => Err(TryAcquireError::WouldBlock),
            Err(AcquireError::Invalid(error)) => Err(error.into()),
            Err(_) => Err(TryAcquireError::Closed),
        }
    }

    /// Acquires all the claims, waiting for at most `timeout`. Zero tries.
    ///
    /// Blocks the thread. A request that times out leaves the queue at once.
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up;
    /// [`InvalidRequest::TimeoutTooLarge`] if `timeout` cannot be added to now.
    pub fn acquire_timeout<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        timeout: Duration,
    ) -> Result<Guard, AcquireTimeoutError> {
        if timeout.is_zero() {
            return self.try_acquire(claims).map_err(|error| match error {
                TryAcquireError::Invalid(error) => error.into(),
                TryAcquireError::WouldBlock => AcquireTimeoutError::Timeout,
                TryAcquireError::Closed => AcquireTimeoutError::Closed,
            });
        }
        let deadline = Instant::now()
            .checked_add(timeout)
            .ok_or(InvalidRequest::TimeoutTooLarge)?;
        self.acquire_until(claims, deadline)
    }

    /// Acquires all the claims, waiting until `deadline` at most. A deadline that
    /// has passed tries.
    ///
    /// Blocks the thread. A request that times out leaves the queue at once.
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up.
    pub fn acquire_until<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        deadline: Instant,
    ) -> Result<Guard, AcquireTimeoutError> {
        self.enqueue(claims)?.wait_until(deadline)
    }

    /// Gives the request its place in the queue and returns at once, granted or
    /// waiting.
    ///
    /// ```
    /// # use oarlock::{Manager, write};
    /// let manager = Manager::new();
    /// let held = manager.acquire(write("a"))?;
    /// let pending = manager.enqueue(write("a/b"))?; // its place is certain now
    /// drop(held);
    /// let guard = pending.wait()?; // blocks; `.await` works as well
    /// # drop(guard);
    /// # Ok::<(), oarlock::AcquireError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AcquireError::Invalid`], and [`AcquireError::Closed`] if the manager is
    /// closed now.
    pub fn enqueue<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Pending, AcquireError> {
        let submission = self.submit(claims, Admission::Queue(Listener::None))?;
        Ok(Pending::new(Arc::clone(&self.shared), submission))
    }

    /// Gives the request its place in the queue; if it has to wait, `done` is
    /// called with its outcome.
    ///
    /// If the request is granted at once, `done` is dropped uncalled. Otherwise
    /// it is called exactly once: never from inside this call, perhaps on another
    /// thread before this call returns, with no internal lock held, on the thread
    /// whose release, cancel or close caused it. A panic in it goes no further.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue); `done` is dropped uncalled then.
    pub fn enqueue_with<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        done: impl FnOnce(Result<Guard, AcquireError>) + Send + 'static,
    ) -> Result<Enqueued, AcquireError> {
        let listener = Listener::Callback(Box::new(done));
        Ok(match self.submit(claims, Admission::Queue(listener))? {
            Submission::Granted { id, token } => Enqueued::Granted(self.guard(id, token)),
            Submission::Waiting(waiter) => Enqueued::Waiting(waiter.id),
            Submission::Refused => unreachable!("only a try is refused"),
        })
    }

    /// Acquires all the claims without blocking the thread: a future for any
    /// runtime.
    ///
    /// The request takes its place in the queue at this call, not at the first
    /// poll, so the order of calls is the order of grants. Dropping the future at
    /// any point leaves nothing behind: a waiting request leaves the queue, a
    /// granted one is released.
    ///
    /// ```
    /// # use oarlock::{AcquireError, Manager, read, write};
    /// async fn transfer(manager: &Manager) -> Result<u64, AcquireError> {
    ///     let guard = manager.acquire_async([write("accounts/1"), write("accounts/2")]).await?;
    ///     Ok(guard.token())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The future's output is that of [`acquire`](Self::acquire).
    pub fn acquire_async<'a>(&self, claims: impl IntoIterator<Item = Claim<'a>>) -> Acquire {
        Acquire::new(self.enqueue(claims))
    }

    /// Closes the manager: every waiting request ends with `Closed`, and so does
    /// every later one. Locks that are held stay held until they are released.
    /// Closing twice does nothing.
    pub fn close(&self) {
        let deliveries = self.shared.end_waiting();
        deliver(&self.shared, deliveries);
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.shards[0].0.lock().closed
    }

    pub(crate) fn guard(&self, id: LockId, token: u64) -> Guard {
        Guard::new(Arc::clone(&self.shared), id, token)
    }

    fn submit<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        mut admission: Admission,
    ) -> Result<Submission, AcquireError> {
        let claims = ClaimSet::new(claims, &self.shared.limits)?;
        self.shared.submit(&claims, &mut admission)
    }
}

impl Default for Manager {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manager")
            .field("name", &self.shared.name)
            .field("shards", &self.shared.shards.len())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Closes every shard and ends every waiting request; what remains is to
    /// tell them.
    fn end_waiting(&self) -> Deliveries {
        let mut shards: Vec<_> = self.shards.iter().map(|shard| shard.0.lock()).collect();
        let mut closing = Deliveries::new();
        for shard in &mut shards {
            shard.closed = true;
            let waiting: Vec<_> = shard.engine.waiting().collect();
            for id in waiting {
                // Without its waiter, a part that is granted by the end of
                // another one below tells nobody.
                if let Some(waiter) = shard.take_waiter(id) {
                    closing.push((waiter, Outcome::Closed));
                }
            }
        }
        // A request with several waiting parts was found once for each.
        closing.sort_by_key(|(waiter, _)| waiter.id);
        closing.dedup_by_key(|(waiter, _)| waiter.id);
        let mut nobody = Deliveries::new();
        for (waiter, _) in &closing {
            let id = waiter.id;
            let first = shards[id.shard()].end_part(id.request(), &mut nobody);
            for other in first.and_then(|part| part.others).iter().flatten() {
                shards[other.shard()].end_part(other.request(), &mut nobody);
            }
        }
        debug_assert!(nobody.is_empty(), "whoever waited is being closed");
        closing
    }

    /// Ends a request, granted or waiting. Whoever waits for it is told.
    pub(crate) fn end(self: &Arc<Self>, id: LockId, own: Own) -> bool {
        let Some(located) = Located::find(&self.shards, id) else {
            return false;
        };
        self.finish(located, own);
        true
    }

    /// Ends a request that still waits; refuses to end a granted one.
    pub(crate) fn cancel(self: &Arc<Self>, id: LockId, own: Own) -> Result<(), CancelError> {
        let located = Located::find(&self.shards, id).ok_or(CancelError::Stale)?;
        if let State::Granted { token } = located.state() {
            return Err(CancelError::Granted(token));
        }
        self.finish(located, own);
        Ok(())
    }

    /// Ends what was located, lets its locks go, and tells whoever is to know.
    fn finish(self: &Arc<Self>, located: Located<'_>, own: Own) {
        let mut deliveries = Deliveries::new();
        let mut abandoned = Listener::None;
        if let Some(waiter) = located.end(&mut deliveries) {
            match own {
                Own::Tell => deliveries.push((waiter, Outcome::Cancelled)),
                // Threads that wait by the id still have to hear of it.
                Own::Abandon => abandoned = waiter.settle(Outcome::Cancelled),
            }
        }
        deliver(self, deliveries);
        // Foreign, so dropped when the others have been told.
        drop(abandoned);
    }
}

/// What to do with the future or callback of a request that is being ended.
#[derive(Clone, Copy)]
pub(crate) enum Own {
    /// Tell it.
    Tell,
    /// It is the future itself that gives up: nobody is left to wake.
    Abandon,
}
