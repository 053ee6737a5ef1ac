//! Where a manager is known to answer otherwise than the rules while several threads are
//! in it at the same time. Each of these can be set to `false` to see it.

use super::Event;
use super::call::{Answer, Call};
use super::rules::Rules;
use crate::ops::Op;
use crate::oracle::Oracle;
use crate::words::{Id, Outcome, Refused, Request, normal_form};

/// Of the requests that wait a manager counts a new one before it is known whether it has
/// to be refused, and one that is granted until its waiter is told. So while other calls
/// are under way a request may be one too many that is not.
const WAITING_MAY_BE_COUNTED_EARLY: bool = true;

/// What a new request of an owner inherits is decided when it arrives in its shards. The
/// search for deadlocks comes to others later, and what it finds there may be that
/// something of the owner was granted between: such as the request should have inherited
/// from, or not have found.
const GRANTS_MAY_BE_SEEN_LATE: bool = true;

/// Whether a call may have been answered otherwise than by the rules alone.
pub(super) fn may_be_otherwise(event: &Event) -> bool {
    let owner = match &event.call {
        Call::Rule(Op::Submit(_, owner, _) | Op::Try(_, owner, _)) => *owner,
        Call::Rule(Op::WouldGrant(owner, _)) => *owner,
        _ => None,
    };
    GRANTS_MAY_BE_SEEN_LATE && owner.is_some() && !event.alone
}

impl Rules {
    /// A request arrives, or would, and inherits nothing.
    pub(super) fn ask_without(oracle: &mut Oracle, op: &Op) -> Outcome {
        let (id, owner, claims) = match op {
            Op::Submit(id, owner, claims) | Op::Try(id, owner, claims) => (*id, *owner, claims),
            Op::WouldGrant(owner, claims) => (Id::MAX, *owner, claims),
            other => return other.apply(oracle),
        };
        // What it would be refused for in any case.
        oracle.with(id, owner, claims)?;
        let mut next = oracle.clone();
        let claims = normal_form(claims.clone());
        next.live.push(Request { id, owner, claims, granted: false, upgrading: false });
        next.settle()?;
        let taken_in = next.take_in(id);
        let waiting = oracle.live.iter().filter(|r| !r.granted).count();
        match op {
            Op::Submit(..)
                if next.waits(id) && oracle.max_waiting.is_some_and(|max| waiting >= max) =>
            {
                return Err(Refused::TooManyWaiting);
            }
            Op::Submit(..) => taken_in?,
            _ if taken_in.is_err() || next.waits(id) => return Err(Refused::WouldBlock),
            _ => {}
        }
        if id != Id::MAX {
            *oracle = next;
        }
        Ok(())
    }

    /// Whether a request may be refused because of more that wait than do.
    pub(super) fn may_be_one_too_many(&self, event: &Event) -> bool {
        let refused = event.answer == Answer::Refused(Refused::TooManyWaiting);
        WAITING_MAY_BE_COUNTED_EARLY && refused && !event.alone && self.oracle.max_waiting.is_some()
    }
}
