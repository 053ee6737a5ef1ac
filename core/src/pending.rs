//! Requests that have their place in the queue: [`Pending`], and the future
//! [`Acquire`] on top of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::by_id::LockState;
use crate::ending::Own;
use crate::engine::State;
use crate::error::{AcquireError, AcquireTimeoutError, CancelError, PendingTimeoutError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::manager::Anchor;
use crate::submit::Submission;
use crate::sync::Arc;
use crate::waiter::{Outcome, Waiter};

/// What [`Manager::enqueue_with`](crate::Manager::enqueue_with) did.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once releases at once"]
pub enum Enqueued {
    /// Granted at once; the callback was dropped uncalled.
    Granted(Guard),
    /// Queued under this id; the callback will be called exactly once.
    Waiting(LockId),
}

/// A request that has its place in the queue, granted or not yet.
///
/// Dropping it ends the request: a waiting one leaves the queue, a granted one is
/// released. It is a future too; awaiting it gives the guard. A pending request
/// can be sent to another thread and waited for there.
#[must_use = "a pending request that is dropped leaves the queue"]
pub struct Pending {
    anchor: Arc<Anchor>,
    id: LockId,
    stage: Stage,
}

/// What this handle still owns.
enum Stage {
    /// Granted at once.
    Granted { token: u64 },
    /// Queued; the waiter knows, or will know, how it ends.
    Waiting(Arc<Waiter>),
    /// Nothing: the guard, the id or the error was handed out.
    Spent,
}

impl Pending {
    pub(crate) fn new(anchor: Arc<Anchor>, submission: Submission) -> Self {
        let (id, stage) = match submission {
            Submission::Granted { id, token } => (id, Stage::Granted { token }),
            Submission::Waiting(waiter) => (waiter.id, Stage::Waiting(waiter)),
            Submission::Refused | Submission::WouldGrant => {
                unreachable!("only a try is refused")
            }
        };
        Self { anchor, id, stage }
    }

    /// The request's id. Others may cancel the request by it while this waits.
    #[must_use]
    pub fn id(&self) -> LockId {
        self.id
    }

    /// Where the request stands now; `None` if it has ended, because somebody
    /// cancelled or released it by its id or closed the manager.
    #[must_use]
    pub fn state(&self) -> Option<LockState> {
        self.anchor.shared.state(self.id).map(LockState::from)
    }

    /// Waits for the grant. Blocks the thread.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Cancelled`] if the request is cancelled by its id,
    /// [`AcquireError::Closed`] if the manager is closed.
    pub fn wait(mut self) -> Result<Guard, AcquireError> {
        match std::mem::replace(&mut self.stage, Stage::Spent) {
            Stage::Granted { token } => Ok(self.guard(token)),
            Stage::Waiting(waiter) => match waiter.wait(None) {
                Some(outcome) => self.finish(outcome),
                None => unreachable!("a wait without a deadline ends with an outcome"),
            },
            Stage::Spent => Err(AcquireError::Cancelled),
        }
    }

    /// Waits for the grant for at most `timeout`; the request keeps its place in
    /// the queue when the time is up. Blocks the thread.
    ///
    /// # Errors
    ///
    /// [`PendingTimeoutError::Timeout`] gives the pending request back.
    pub fn wait_timeout(mut self, timeout: Duration) -> Result<Guard, PendingTimeoutError> {
        let Stage::Waiting(waiter) = &self.stage else {
            return self.wait().map_err(PendingTimeoutError::Ended);
        };
        let Some(deadline) = Instant::now().checked_add(timeout) else {
            return Err(PendingTimeoutError::TimeoutTooLarge(self));
        };
        match waiter.wait(Some(deadline)) {
            Some(outcome) => {
                self.stage = Stage::Spent;
                self.finish(outcome).map_err(PendingTimeoutError::Ended)
            }
            None => Err(PendingTimeoutError::Timeout(self)),
        }
    }

    /// Waits until the deadline and cancels then.
    pub(crate) fn wait_until(mut self, deadline: Instant) -> Result<Guard, AcquireTimeoutError> {
        let Stage::Waiting(waiter) = &self.stage else {
            return Ok(self.wait()?);
        };
        if let Some(outcome) = waiter.wait(Some(deadline)) {
            self.stage = Stage::Spent;
            return Ok(self.finish(outcome)?);
        }
        match self.cancel_or_grant(Own::TimedOut) {
            Ok(()) => Err(AcquireTimeoutError::Timeout),
            Err(Ok(guard)) => Ok(guard),
            Err(Err(error)) => Err(error.into()),
        }
    }

    /// Takes the request out of the queue.
    ///
    /// # Errors
    ///
    /// The guard, if the grant came first.
    pub fn cancel(mut self) -> Result<(), Guard> {
        match self.cancel_or_grant(Own::Abandon) {
            Err(Ok(guard)) => Err(guard),
            // Ended by somebody else is as good as cancelled.
            Ok(()) | Err(Err(_)) => Ok(()),
        }
    }

    /// Leaves the request where it is and gives its id, for a table of locks:
    /// [`Manager::wait`](crate::Manager::wait),
    /// [`release`](crate::Manager::release) and
    /// [`cancel`](crate::Manager::cancel) take it from there. The manager has to
    /// be kept alive for that.
    #[must_use = "the request stays until it is ended by this id"]
    pub fn into_id(mut self) -> LockId {
        self.stage = Stage::Spent;
        self.id
    }

    /// Exactly one of: cancelled now, granted before, ended by others.
    fn cancel_or_grant(&mut self, own: Own) -> Result<(), Result<Guard, AcquireError>> {
        match std::mem::replace(&mut self.stage, Stage::Spent) {
            Stage::Granted { token } => Err(Ok(self.guard(token))),
            Stage::Waiting(waiter) => match self.anchor.shared.cancel(&self.anchor, self.id, own) {
                Ok(()) => Ok(()),
                Err(CancelError::Granted(token)) => Err(Ok(self.guard(token))),
                // Whoever ended it is about to settle the waiter, if that has not
                // happened yet.
                Err(CancelError::Stale) => match waiter.wait(None) {
                    Some(Outcome::Granted { .. }) | None => Err(Err(AcquireError::Cancelled)),
                    Some(outcome) => Err(outcome.token().map(|token| self.guard(token))),
                },
            },
            Stage::Spent => Ok(()),
        }
    }

    fn finish(&self, outcome: Outcome) -> Result<Guard, AcquireError> {
        outcome.token().map(|token| self.guard(token))
    }

    fn guard(&self, token: u64) -> Guard {
        Guard::new(Arc::clone(&self.anchor), self.id, token)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Spent) {
            // Waiting or granted, and perhaps granted in this very moment: both
            // end under the shard's lock, so there is no gap between them.
            self.anchor.shared.end(&self.anchor, self.id, Own::Abandon);
        }
    }
}

impl Future for Pending {
    type Output = Result<Guard, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &self.stage {
            Stage::Granted { token } => Ok(self.guard(*token)),
            Stage::Waiting(waiter) => match waiter.poll(context.waker()) {
                Poll::Ready(outcome) => self.finish(outcome),
                Poll::Pending => return Poll::Pending,
            },
            // Polled after it was ready: a future may answer as it likes, and
            // this one does not panic.
            Stage::Spent => Err(AcquireError::Cancelled),
        };
        self.stage = Stage::Spent;
        Poll::Ready(result)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("id", &self.id)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The future of [`Manager::acquire_async`](crate::Manager::acquire_async).
///
/// Runs on any runtime. Dropping it at any point leaves nothing behind.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Acquire {
    /// The error is taken out by the first poll.
    request: Result<Pending, Option<AcquireError>>,
}

impl Acquire {
    pub(crate) fn new(request: Result<Pending, AcquireError>) -> Self {
        Self {
            request: request.map_err(Some),
        }
    }
}

impl Future for Acquire {
    type Output = Result<Guard, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.request {
            Ok(pending) => Pin::new(pending).poll(context),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or(AcquireError::Cancelled))),
        }
    }
}

impl From<State> for LockState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Granted { token } => Self::Granted(token),
        }
    }
}
