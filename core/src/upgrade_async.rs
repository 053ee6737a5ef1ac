//! The future of an upgrade.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::ending::Own;
use crate::error::UpgradeError;
use crate::id::LockId;
use crate::manager::{Anchor, Manager};
use crate::sync::Arc;
use crate::upgrade::Upgrading;
use crate::waiter::{Listener, Waiter};

/// The future of [`Manager::upgrade_async`].
///
/// Runs on any runtime. Dropping it takes the upgrade back, unless it is granted by
/// then.
#[must_use = "an upgrade whose future is dropped is taken back"]
pub struct Upgrade {
    anchor: Arc<Anchor>,
    id: LockId,
    stage: Stage,
}

enum Stage {
    /// Granted at once, or refused.
    Ended(Result<u64, UpgradeError>),
    Waiting(Arc<Waiter>),
    /// The result was handed out.
    Spent,
}

impl Manager {
    /// Turns all read claims of a granted request into writes, without blocking the
    /// thread: [`Guard::upgrade`](crate::Guard::upgrade) as a future for any runtime. The
    /// new token is its output, and not in a [`Guard`](crate::Guard) of the request.
    ///
    /// The upgrade begins at this call, not at the first poll. Dropping the future at
    /// any point takes back an upgrade that waits; a granted one stays granted.
    ///
    /// # Errors
    ///
    /// The future's output is as [`UpgradeError`] says. `Deadlock` is there at the first
    /// poll or never.
    pub fn upgrade_async(&self, id: LockId) -> Upgrade {
        let anchor = Arc::clone(self.anchor(id.shard()));
        let begun = anchor
            .shared
            .upgrade(&anchor, id, Some(&mut Listener::None));
        let stage = match begun {
            Ok(Upgrading::Done { token }) => Stage::Ended(Ok(token)),
            Ok(Upgrading::Waiting(waiter)) => Stage::Waiting(waiter),
            Err(error) => Stage::Ended(Err(error)),
        };
        Upgrade { anchor, id, stage }
    }
}

impl Future for Upgrade {
    type Output = Result<u64, UpgradeError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match &self.stage {
            Stage::Waiting(waiter) => match waiter.poll(context.waker()) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => return Poll::Pending,
            },
            Stage::Ended(_) | Stage::Spent => {
                let ended = std::mem::replace(&mut self.stage, Stage::Spent);
                return Poll::Ready(match ended {
                    Stage::Ended(result) => result,
                    // Polled after it was ready: an answer, no panic.
                    _ => Err(UpgradeError::Cancelled),
                });
            }
        };
        self.stage = Stage::Spent;
        let shared = &self.anchor.shared;
        Poll::Ready(shared.upgraded(&self.anchor, self.id, outcome))
    }
}

impl Drop for Upgrade {
    fn drop(&mut self) {
        let Stage::Waiting(waiter) = &self.stage else {
            return;
        };
        let shared = &self.anchor.shared;
        let taken_back = shared.cancel_upgrade(&self.anchor, self.id, Some(waiter), Own::Abandon);
        if taken_back.is_err() {
            // The grant came first, and nobody else completes it.
            shared.complete_upgrade(&self.anchor, self.id);
        }
    }
}

impl std::fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upgrade")
            .field("id", &self.id)
            .field("waiting", &matches!(self.stage, Stage::Waiting(_)))
            .finish_non_exhaustive()
    }
}
