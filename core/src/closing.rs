//! Closing a manager, in portions.
//!
//! First every shard is closed, one after the other: from then on nobody who waits
//! there is granted. Then those who wait are ended one by one, under the locks of their
//! own shards only, and told in portions. So nobody who holds something, and lets go of
//! it meanwhile, has to wait for the whole crowd to be sent home.

use crate::delivery::Deliveries;
use crate::engine::State;
use crate::id::LockId;
use crate::shard::{Located, Shard};
use crate::shared::Shared;
use crate::upgrade::cancel_part;
use crate::waiter::Outcome;

impl Shared {
    /// Closes every shard and ends every waiting request and upgrade, and hands those
    /// that are to be told to the caller, with no lock held.
    pub(crate) fn close(&self, mut ended: impl FnMut(Deliveries)) {
        self.shards.close();
        let look = |shard: &Shard, from, places| {
            let (ids, next) = shard.engine.some_ids(from, places);
            let waiting = ids.filter(|id| {
                let part = shard.engine.payload(*id);
                // Found by its first part.
                part.is_some_and(|part| part.known_as.is_none() && part.waits())
            });
            let ids: Vec<LockId> = waiting.map(|id| shard.known_as(id)).collect();
            (ids, next)
        };
        self.shards.in_portions(look, |ids| {
            let mut deliveries = Deliveries::new();
            for id in ids {
                self.close_one(id, &mut deliveries);
            }
            ended(deliveries);
        });
    }

    /// Ends a request that waits, or its upgrade.
    fn close_one(&self, id: LockId, deliveries: &mut Deliveries) {
        let Some(mut located) = Located::find(self, id) else {
            return;
        };
        let mut nobody = Deliveries::new();
        if located.state() == State::Waiting {
            if let Some(waiter) = located.end(self, &mut nobody).request {
                deliveries.push((waiter, Outcome::Closed));
            }
        } else if let Some(upgrade) = located.upgrade().filter(|waiter| !waiter.is_complete()) {
            for (shard, part) in &mut located.parts {
                cancel_part(shard, *part, &mut nobody);
            }
            deliveries.push((upgrade, Outcome::Closed));
        }
        debug_assert!(nobody.is_empty(), "in a closed shard nobody is granted");
    }
}
