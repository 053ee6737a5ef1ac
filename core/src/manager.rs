//! The manager: the thread-safe shell around the engines.

use std::time::{Duration, Instant};

use crate::builder::ManagerBuilder;
use crate::by_id::EnqueuedById;
use crate::claim::Claim;
use crate::delivery::{self, Calls, Deliveries, deliver};
use crate::engine::{Claims, collect};
use crate::error::{AcquireError, AcquireTimeoutError, InvalidRequest, TryAcquireError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::limits::Limits;
use crate::named;
use crate::owner::Owner;
use crate::pending::{Acquire, Enqueued, Pending};
use crate::request::Request;
use crate::shard::About;
use crate::shared::Shared;
use crate::stats::Stats;
use crate::submit::{Admission, Submission};
use crate::sync::Arc;
use crate::waiter::Listener;

/// A lock manager: a tree of paths, and the requests that hold and wait.
///
/// A manager is a handle: clones are the same manager, and it lives as long as
/// any handle, guard or pending request does. All methods may be called from any
/// thread.
///
/// A thread that waits for a second request while it holds a first one can
/// deadlock with another that does the same the other way round, as with any
/// mutex. Ask for everything at once and that cannot happen; or name the requests'
/// [`Owner`], and the one that would close the cycle is refused.
#[derive(Clone)]
pub struct Manager {
    pub(crate) front: Arc<Front>,
}

/// What the handles of a manager share: an anchor for each shard.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    anchors: Box<[Arc<Anchor>]>,
}

/// What keeps a manager alive for a guard or a pending request. There is one for
/// each shard, so that guards of different shards do not count their references in
/// one place: threads would take that cache line from each other.
pub(crate) struct Anchor {
    pub(crate) shared: Arc<Shared>,
    /// With the two counts in front of it, 128 bytes: the counts of two anchors are that
    /// far from each other, since x86 fetches lines in pairs.
    _apart: [u64; 13],
}

impl Front {
    /// The front of a manager, made if there is none (any more).
    pub(crate) fn of(shared: &Arc<Shared>) -> Arc<Self> {
        let mut front = shared.front.lock();
        if let Some(front) = front.upgrade() {
            return front;
        }
        let anchor = |_| {
            Arc::new(Anchor {
                shared: Arc::clone(shared),
                _apart: [0; 13],
            })
        };
        let new = Arc::new(Self {
            shared: Arc::clone(shared),
            // Here, since a release by an id needs one and may take no memory.
            anchors: (0..shared.shards.len()).map(anchor).collect(),
        });
        *front = Arc::downgrade(&new);
        new
    }
}

/// A request without an owner or a label.
pub(crate) const NOTHING: About = About {
    owner: None,
    label: None,
};

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
            front: Front::of(&named::get(name)),
        }
    }

    /// The name, if it was made by [`named`](Self::named).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.shared().name.as_deref()
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared().settings.limits
    }

    /// Acquires all the claims, waiting for as long as it takes.
    ///
    /// Blocks the thread. Requests that conflict are granted in the order of
    /// their calls.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Invalid`] and [`AcquireError::TooManyWaiting`] at once;
    /// [`AcquireError::Closed`] if the manager is closed, now or while this waits;
    /// [`AcquireError::Cancelled`] or [`AcquireError::Timeout`] if somebody finds its id
    /// by an inspection and ends it.
    #[inline]
    pub fn acquire<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Guard, AcquireError> {
        match self.enqueue_by_id(claims)? {
            // The common way, without a pending request in between.
            EnqueuedById::Granted { id, token } => Ok(self.guard(id, token)),
            EnqueuedById::Waiting(pending) => pending.wait(),
        }
    }

    /// Acquires all the claims if that is possible at once. Never waits and
    /// never queues.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::WouldBlock`] if something that conflicts, granted or
    /// waiting, is ahead: also where a call that waits would be refused with a deadlock,
    /// or because too many wait, which a try never tells.
    /// [`TryAcquireError::Invalid`]; [`TryAcquireError::Closed`].
    #[inline]
    pub fn try_acquire<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<Guard, TryAcquireError> {
        let (id, token) = self.try_acquire_by_id(claims)?;
        Ok(self.guard(id, token))
    }

    /// Acquires all the claims, waiting for at most `timeout`. Zero tries.
    ///
    /// Blocks the thread. A request that times out leaves the queue at once.
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up;
    /// [`InvalidRequest::TimeoutTooLarge`] if `timeout` cannot be added to now; otherwise
    /// as [`acquire`](Self::acquire): [`Invalid`](AcquireTimeoutError::Invalid) and
    /// [`TooManyWaiting`](AcquireTimeoutError::TooManyWaiting) at once,
    /// [`Closed`](AcquireTimeoutError::Closed), and
    /// [`Cancelled`](AcquireTimeoutError::Cancelled) if somebody cancels it by its id.
    /// ([`Deadlock`](AcquireTimeoutError::Deadlock) is of requests with an owner.)
    pub fn acquire_timeout<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        timeout: Duration,
    ) -> Result<Guard, AcquireTimeoutError> {
        self.request(claims).acquire_timeout(timeout)
    }

    /// Acquires all the claims, waiting until `deadline` at most. A deadline that
    /// has passed tries.
    ///
    /// Blocks the thread. A request that times out leaves the queue at once.
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up; otherwise as
    /// [`acquire_timeout`](Self::acquire_timeout), but for `TimeoutTooLarge`.
    pub fn acquire_until<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        deadline: Instant,
    ) -> Result<Guard, AcquireTimeoutError> {
        self.request(claims).acquire_until(deadline)
    }

    /// Whether these claims would be granted if they were asked for now: what
    /// [`try_acquire`](Self::try_acquire) would answer. Queues nothing and
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Invalid`], and [`AcquireError::Closed`] if the manager is
    /// closed.
    pub fn would_grant<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<bool, AcquireError> {
        self.request(claims).would_grant()
    }

    /// A request with an owner or a label, made step by step.
    ///
    /// ```
    /// # use oarlock::{AcquireError, Manager, read, write};
    /// let manager = Manager::new();
    /// let transaction = manager.owner();
    /// let outer = manager.request(write("accounts")).owner(&transaction).acquire()?;
    /// // Held already, so granted at once.
    /// let inner = manager
    ///     .request(write("accounts/42"))
    ///     .owner(&transaction)
    ///     .label("the inner one")
    ///     .acquire()?;
    /// # drop((outer, inner));
    /// # Ok::<(), AcquireError>(())
    /// ```
    pub fn request<'a, I>(&self, claims: I) -> Request<'_, I>
    where
        I: IntoIterator<Item = Claim<'a>>,
    {
        Request::new(self, claims)
    }

    /// A new owner for requests of this manager.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.shared().new_owner()
    }

    /// What this manager has done, and what stands now, of one moment. Locks all shards
    /// for that.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared().stats()
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
        let submission = self.submit(claims, &NOTHING, Admission::Queue(Listener::None))?;
        Ok(self.pending(submission))
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
        self.request(claims).enqueue_with(done)
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
        let anchor = self.anchor(0);
        let mut calls = Calls::new();
        self.shared()
            .close(|ended| delivery::tell(anchor, ended, &mut calls));
        // Foreign code last: it may wait for anybody who was told.
        delivery::run(calls);
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared().shards.is_closed()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.front.shared
    }

    /// The anchor for what lies in this shard; any will do.
    #[inline]
    pub(crate) fn anchor(&self, shard: usize) -> &Arc<Anchor> {
        let anchors = &self.front.anchors;
        &anchors[if shard < anchors.len() { shard } else { 0 }]
    }

    #[inline]
    pub(crate) fn guard(&self, id: LockId, token: u64) -> Guard {
        Guard::new(Arc::clone(self.anchor(id.shard())), id, token)
    }

    pub(crate) fn pending(&self, submission: Submission) -> Pending {
        let shard = match &submission {
            Submission::Granted { id, .. } => id.shard(),
            Submission::Waiting(waiter) => waiter.id.shard(),
            Submission::Refused | Submission::WouldGrant => 0,
        };
        Pending::new(Arc::clone(self.anchor(shard)), submission)
    }

    #[inline]
    pub(crate) fn submit<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        about: &About,
        mut admission: Admission,
    ) -> Result<Submission, AcquireError> {
        let shared = self.shared();
        let mut claims = claims.into_iter();
        let first = claims.next().ok_or(InvalidRequest::NoClaims)?;
        let mut deliveries = Deliveries::new();
        // Mostly there is only one, which need not be moved into a list.
        let submission = match claims.next() {
            None if about.is_nothing() && !matches!(admission, Admission::Look) => {
                return shared.submit_one(&first, &mut admission);
            }
            None => {
                let claims = std::slice::from_ref(&first);
                shared.submit_all(claims, about, &mut admission, &mut deliveries)
            }
            Some(second) => {
                let mut all = Claims::new();
                let limits = &shared.settings.limits;
                if limits.max_claims > 0 {
                    all.push(first);
                }
                collect(std::iter::once(second).chain(claims), limits, &mut all)?;
                shared.submit_all(&all, about, &mut admission, &mut deliveries)
            }
        };
        deliver(self.anchor(0), deliveries);
        submission
    }

    #[inline]
    pub(crate) fn enqueue_about<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        about: &About,
    ) -> Result<EnqueuedById, AcquireError> {
        match self.submit(claims, about, Admission::Queue(Listener::None))? {
            Submission::Granted { id, token } => Ok(EnqueuedById::Granted { id, token }),
            waiting => Ok(EnqueuedById::Waiting(self.pending(waiting))),
        }
    }

    #[inline]
    pub(crate) fn try_about<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
        about: &About,
    ) -> Result<(LockId, u64), TryAcquireError> {
        match self.submit(claims, about, Admission::Try) {
            Ok(Submission::Granted { id, token }) => Ok((id, token)),
            Ok(_) => Err(TryAcquireError::WouldBlock),
            Err(AcquireError::Invalid(error)) => Err(error.into()),
            Err(_) => Err(TryAcquireError::Closed),
        }
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
            .field("name", &self.shared().name)
            .field("shards", &self.shared().shards.len())
            .finish_non_exhaustive()
    }
}
