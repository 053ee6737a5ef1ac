//! Something that waits, as those see it who may have to end it.

use engine::{LockId, UpgradeTicket, WeakManager};

/// A request or an upgrade that waits. It does not keep the manager alive.
#[derive(Clone)]
pub(crate) enum Target {
    Request { manager: WeakManager, id: LockId },
    Upgrade(UpgradeTicket),
}

impl Target {
    /// Ends it, if it waits still, because its time is up.
    pub(crate) fn expire(&self) {
        match self {
            Self::Request { manager, id } => {
                if let Some(manager) = manager.upgrade() {
                    // Granted or ended before: then it is not late.
                    manager.expire(*id).ok();
                }
            }
            Self::Upgrade(ticket) => {
                ticket.expire().ok();
            }
        }
    }

    /// Ends it, if it waits still.
    pub(crate) fn cancel(&self) {
        match self {
            Self::Request { manager, id } => {
                if let Some(manager) = manager.upgrade() {
                    manager.cancel(*id).ok();
                }
            }
            Self::Upgrade(ticket) => {
                ticket.cancel().ok();
            }
        }
    }
}
