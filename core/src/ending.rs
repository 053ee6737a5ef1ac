//! Ends of requests: released, cancelled, or out of time.

use crate::delivery::{Deliveries, deliver};
use crate::engine::State;
use crate::error::CancelError;
use crate::id::LockId;
use crate::manager::Anchor;
use crate::shard::Located;
use crate::shared::Shared;
use crate::sync::Arc;
use crate::waiter::{Listener, Outcome};

impl Shared {
    /// Ends a request, granted or waiting. Whoever waits for it is told.
    pub(crate) fn end(&self, anchor: &Arc<Anchor>, id: LockId, own: Own) -> bool {
        // Mostly it is one plain claim, and nobody waits for it.
        let Some(mut shard) = self.shards.find(id.shard()) else {
            return false;
        };
        if shard.engine.end_alone(id.request()) {
            shard.tally.ended(id.request(), false);
            return true;
        }
        let Some(located) = Located::find_from(self, shard, id) else {
            return false;
        };
        self.finish(anchor, located, own);
        true
    }

    /// Ends a request that still waits; refuses to end a granted one.
    pub(crate) fn cancel(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        own: Own,
    ) -> Result<(), CancelError> {
        let mut located = Located::find(self, id).ok_or(CancelError::Stale)?;
        if let State::Granted { token } = located.state() {
            return Err(CancelError::Granted(token));
        }
        own.count(&mut located);
        self.finish(anchor, located, own);
        Ok(())
    }

    /// Ends what was located, lets its locks go, and tells whoever is to know.
    #[inline]
    fn finish(&self, anchor: &Arc<Anchor>, mut located: Located<'_>, own: Own) {
        let now = self.clock.now();
        for (shard, _) in &mut located.parts {
            shard.engine.set_now(now);
        }
        let mut deliveries = Deliveries::new();
        let mut abandoned = Listener::None;
        let waiters = located.end(self, &mut deliveries);
        if let Some(upgrade) = waiters.upgrade {
            deliveries.push((upgrade, Outcome::Cancelled));
        }
        if let Some(waiter) = waiters.request {
            match own {
                Own::Tell | Own::Expire => deliveries.push((waiter, own.outcome())),
                // Threads that wait by the id still have to hear of it.
                Own::Abandon | Own::TimedOut => abandoned = waiter.settle(own.outcome()),
            }
        }
        deliver(anchor, deliveries);
        // Foreign, so dropped when the others have been told.
        drop(abandoned);
    }
}

/// What to do with the future or callback of a request or an upgrade that is being
/// ended.
#[derive(Clone, Copy)]
pub(crate) enum Own {
    /// Tell it.
    Tell,
    /// It is the future itself that gives up: nobody is left to wake.
    Abandon,
    /// The same, because its time was up.
    TimedOut,
    /// Tell it that its time was up.
    Expire,
}

impl Own {
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Tell | Self::Abandon | Self::TimedOut => Outcome::Cancelled,
            Self::Expire => Outcome::TimedOut,
        }
    }

    /// Counts it, if it is a timeout.
    pub(crate) fn count(self, located: &mut Located<'_>) {
        if let Self::TimedOut | Self::Expire = self
            && let Some((shard, _)) = located.parts.first_mut()
        {
            shard.tally.timeouts += 1;
        }
    }
}
