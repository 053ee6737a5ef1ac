//! Where a manager is known to answer otherwise than the rules while several threads are
//! in it at the same time. Each of these can be set to `false` to see it.

use super::Event;
use super::call::{Answer, Call};
use super::rules::{Differs, Fate, Rules};
use crate::ops::Op;
use crate::words::{Id, Refused};

/// `Manager::upgrade_state` reads the token first, and then whether the request writes all
/// that it claims. If it is upgraded between, the token told is the one before.
const UPGRADE_TOKENS_MAY_BE_OLD: bool = true;

/// `Manager::upgrade` looks first whether the upgrade is free, and if not locks anew. If
/// another thread upgrades the request between, it is upgraded once more, with a new token.
const UPGRADES_MAY_GIVE_TOKENS_AGAIN: bool = true;

/// Of the requests that wait a manager counts a new one before it is known whether it has
/// to be refused, and one that is granted until its waiter is told. So while other calls
/// are under way a request may be one too many that is not.
const WAITING_MAY_BE_COUNTED_EARLY: bool = true;

/// Whether two grants of a request may have the same token: it is not known of which of
/// them it was told.
pub(super) fn may_repeat() -> bool {
    UPGRADES_MAY_GIVE_TOKENS_AGAIN
}

impl Rules {
    /// Whether a request may be refused because of more that wait than do.
    pub(super) fn may_be_one_too_many(&self, event: &Event) -> bool {
        let refused = event.answer == Answer::Refused(Refused::TooManyWaiting);
        WAITING_MAY_BE_COUNTED_EARLY && refused && !event.alone && self.oracle.max_waiting.is_some()
    }

    /// Whether the token that was told may be that of an earlier grant.
    pub(super) fn may_be_old(&self, event: &Event) -> bool {
        let Call::UpgradeState(id) = &event.call else { return false };
        UPGRADE_TOKENS_MAY_BE_OLD && !event.alone && self.grants.contains_key(&(*id, 1))
    }

    /// Whether an upgrade that has changed nothing, there being so many grants before it,
    /// may have given a new token.
    pub(super) fn may_be_new(&self, event: &Event, granted: usize) -> bool {
        let (Call::Rule(Op::Upgrade(id)), Answer::Granted(token)) = (&event.call, &event.answer)
        else {
            return false;
        };
        let known = self.latest(*id).and_then(|grant| self.grants.get(&grant)?.token);
        let changed = self.grants.len() > granted;
        UPGRADES_MAY_GIVE_TOKENS_AGAIN && !event.alone && !changed && known != Some(*token)
    }

    /// Takes it for a grant.
    pub(super) fn grant_again(&mut self, event: &Event, token: u64) -> Result<(), Differs> {
        let name = event.call.target().unwrap_or(Id::MAX);
        let place = self.place(name).unwrap_or(Id::MAX);
        match self.fate(place, name, Ok(())) {
            Fate::Granted(grant) => self.note(grant, token),
            _ => Err(Differs::Token),
        }
    }
}
