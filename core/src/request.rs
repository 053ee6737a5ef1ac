//! Requests made step by step.

use std::time::{Duration, Instant};

use crate::by_id::EnqueuedById;
use crate::claim::Claim;
use crate::error::{AcquireError, AcquireTimeoutError, InvalidRequest, TryAcquireError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::manager::Manager;
use crate::owner::Owner;
use crate::pending::{Acquire, Enqueued, Pending};
use crate::shard::About;
use crate::submit::{Admission, Submission};
use crate::sync::{self, Arc};
use crate::waiter::Listener;

/// A timeout that can be added to any time that a clock shows.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Claims to be asked for, with an owner or a label. From
/// [`Manager::request`](crate::Manager::request).
///
/// The calls that end it are those of the manager, and differ only in what they
/// know of the request.
#[must_use = "a request does nothing until it is acquired or enqueued"]
pub struct Request<'m, I> {
    manager: &'m Manager,
    claims: I,
    about: About,
}

impl<'m, 'a, I: IntoIterator<Item = Claim<'a>>> Request<'m, I> {
    pub(crate) fn new(manager: &'m Manager, claims: I) -> Self {
        Self {
            manager,
            claims,
            about: About::default(),
        }
    }

    /// Whose request it is. An owner of another manager is refused with
    /// [`InvalidRequest::ForeignOwner`].
    pub fn owner(mut self, owner: &Owner) -> Self {
        self.about.owner = Some(Arc::clone(&owner.state));
        self
    }

    /// What inspections and deadlock errors call it.
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.about.label = Some(label.into());
        self
    }

    /// Waits for as long as it takes; [`Manager::acquire`].
    ///
    /// # Errors
    ///
    /// As [`Manager::acquire`]; and [`AcquireError::Deadlock`], at once, if what others
    /// hold would keep it waiting for ever, since they wait for what its [`Owner`] holds.
    pub fn acquire(self) -> Result<Guard, AcquireError> {
        self.enqueue()?.wait()
    }

    /// Never waits; [`Manager::try_acquire`]. It goes ahead of requests that wait for
    /// its [`Owner`], as any other request would.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::WouldBlock`] if something else that conflicts is ahead: also
    /// where [`acquire`](Self::acquire) would be refused with a deadlock, which a try
    /// never tells. Otherwise as [`Manager::try_acquire`].
    pub fn try_acquire(self) -> Result<Guard, TryAcquireError> {
        let manager = self.manager;
        let (id, token) = self.try_acquire_by_id()?;
        Ok(manager.guard(id, token))
    }

    /// The same without a guard; [`Manager::try_acquire_by_id`].
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_by_id(self) -> Result<(LockId, u64), TryAcquireError> {
        self.manager.try_about(self.claims, &self.about)
    }

    /// Waits for at most `timeout`; [`Manager::acquire_timeout`].
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up;
    /// [`InvalidRequest::TimeoutTooLarge`] if `timeout` cannot be added to now;
    /// [`Deadlock`](AcquireTimeoutError::Deadlock) at once, whatever the timeout, unless
    /// it is zero: that is a try, and gives `Timeout`. Otherwise as
    /// [`acquire`](Self::acquire): [`Invalid`](AcquireTimeoutError::Invalid) and
    /// [`TooManyWaiting`](AcquireTimeoutError::TooManyWaiting) at once,
    /// [`Closed`](AcquireTimeoutError::Closed), and
    /// [`Cancelled`](AcquireTimeoutError::Cancelled) if somebody cancels it by its id.
    pub fn acquire_timeout(self, timeout: Duration) -> Result<Guard, AcquireTimeoutError> {
        if timeout.is_zero() {
            return self.try_acquire().map_err(|error| match error {
                TryAcquireError::Invalid(error) => error.into(),
                TryAcquireError::WouldBlock => AcquireTimeoutError::Timeout,
                TryAcquireError::Closed => AcquireTimeoutError::Closed,
            });
        }
        let deadline = || {
            let end = sync::now().checked_add(timeout);
            end.ok_or(InvalidRequest::TimeoutTooLarge)
        };
        // The clock is read only if it matters.
        if timeout > CENTURY {
            deadline()?;
        }
        let manager = self.manager;
        match self.enqueue_by_id()? {
            EnqueuedById::Granted { id, token } => Ok(manager.guard(id, token)),
            EnqueuedById::Waiting(pending) => pending.wait_until(deadline()?),
        }
    }

    /// Waits until `deadline` at most; [`Manager::acquire_until`].
    ///
    /// # Errors
    ///
    /// [`AcquireTimeoutError::Timeout`] when the time is up;
    /// [`Deadlock`](AcquireTimeoutError::Deadlock) at once; otherwise as
    /// [`acquire_timeout`](Self::acquire_timeout), but for `TimeoutTooLarge`.
    pub fn acquire_until(self, deadline: Instant) -> Result<Guard, AcquireTimeoutError> {
        self.enqueue()?.wait_until(deadline)
    }

    /// Takes its place in the queue; [`Manager::enqueue`].
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), but for what happens while it waits:
    /// [`AcquireError::Deadlock`] comes from this call alone, never from the wait.
    pub fn enqueue(self) -> Result<Pending, AcquireError> {
        let admission = Admission::Queue(Listener::None);
        let submission = self.manager.submit(self.claims, &self.about, admission)?;
        Ok(self.manager.pending(submission))
    }

    /// The same without a guard; [`Manager::enqueue_by_id`].
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub fn enqueue_by_id(self) -> Result<EnqueuedById, AcquireError> {
        self.manager.enqueue_about(self.claims, &self.about)
    }

    /// Takes its place in the queue, and calls `done` in the end;
    /// [`Manager::enqueue_with`].
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue); `done` is dropped uncalled then.
    pub fn enqueue_with(
        self,
        done: impl FnOnce(Result<Guard, AcquireError>) + Send + 'static,
    ) -> Result<Enqueued, AcquireError> {
        let admission = Admission::Queue(Listener::Callback(Box::new(done)));
        Ok(
            match self.manager.submit(self.claims, &self.about, admission)? {
                Submission::Granted { id, token } => {
                    Enqueued::Granted(self.manager.guard(id, token))
                }
                Submission::Waiting(waiter) => Enqueued::Waiting(waiter.id),
                Submission::Refused | Submission::WouldGrant => {
                    unreachable!("only a try is refused")
                }
            },
        )
    }

    /// A future for any runtime; [`Manager::acquire_async`]. The request takes
    /// its place at this call.
    pub fn acquire_async(self) -> Acquire {
        Acquire::new(self.enqueue())
    }

    /// What a try would answer now; [`Manager::would_grant`].
    ///
    /// # Errors
    ///
    /// [`AcquireError::Invalid`], and [`AcquireError::Closed`] if the manager is
    /// closed.
    pub fn would_grant(self) -> Result<bool, AcquireError> {
        let submission = self
            .manager
            .submit(self.claims, &self.about, Admission::Look)?;
        Ok(matches!(submission, Submission::WouldGrant))
    }
}

impl<I> std::fmt::Debug for Request<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("owner", &self.about.owner.as_ref().map(|owner| owner.id))
            .field("label", &self.about.label)
            .finish_non_exhaustive()
    }
}
