//! Telling waiters their outcome, after the internal locks are let go.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use smallvec::SmallVec;

use crate::error::{AcquireError, UpgradeError};
use crate::guard::Guard;
use crate::manager::Anchor;
use crate::sync::Arc;
use crate::waiter::{Callback, Kind, Listener, Outcome, UpgradeCallback, Waiter};

/// Foreign code to run when there is nothing left to tell.
pub(crate) type Calls = SmallVec<[Call; 2]>;

/// Outcomes decided under a lock, to be told without it.
pub(crate) type Deliveries = SmallVec<[(Arc<Waiter>, Outcome); 2]>;

/// Tells each waiter its outcome. Parked threads are woken first of all, then
/// wakers, since callbacks may take long. The caller holds no internal lock.
#[inline]
pub(crate) fn deliver(anchor: &Arc<Anchor>, deliveries: Deliveries) {
    if !deliveries.is_empty() {
        let mut calls = Calls::new();
        tell(anchor, deliveries, &mut calls);
        run(calls);
    }
}

/// Tells each waiter its outcome. The foreign code is left to the caller: it may wait
/// for anybody who is told here.
pub(crate) fn tell(anchor: &Arc<Anchor>, mut deliveries: Deliveries, calls: &mut Calls) {
    while !deliveries.is_empty() {
        let mut next = Deliveries::new();
        for (waiter, outcome) in deliveries {
            if let Outcome::Granted { .. } = outcome {
                match waiter.kind {
                    Kind::Request => anchor.shared.stops_waiting(),
                    // Whoever is told finds it done. Whom that lets in is told in the
                    // next round.
                    Kind::Upgrade => {
                        anchor.shared.settle_upgrade(waiter.id, &mut next);
                    }
                }
            }
            if cfg!(oarlock_mutation = "lose_one_wake") && waiter.id.to_u64() % 5 == 2 {
                continue;
            }
            match waiter.settle(outcome.clone()) {
                Listener::None => {}
                Listener::Waker(waker) => calls.push(Call::Wake(waker)),
                Listener::Callback(callback) => {
                    let result = outcome
                        .token()
                        .map(|token| Guard::new(Arc::clone(anchor), waiter.id, token));
                    calls.push(Call::Back(callback, result));
                }
                Listener::Upgrade(callback) => {
                    let mut result = outcome.upgraded();
                    // Its request may have ended meanwhile.
                    if result.is_ok() && anchor.shared.state(waiter.id).is_none() {
                        result = Err(UpgradeError::Cancelled);
                    }
                    calls.push(Call::Upgraded(callback, result));
                }
            }
        }
        deliveries = next;
    }
}

/// Foreign code to run.
pub(crate) enum Call {
    Wake(std::task::Waker),
    Back(Callback, Result<Guard, AcquireError>),
    Upgraded(UpgradeCallback, Result<u64, UpgradeError>),
}

impl Call {
    fn run(self) {
        // A panic in foreign code must not keep the others from being told, nor
        // reach a thread that only released a lock. The panic hook has shown it.
        let outcome = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Wake(waker) => waker.wake(),
            Self::Back(callback, result) => callback(result),
            Self::Upgraded(callback, result) => callback(result),
        }));
        if let Err(payload) = outcome {
            // Dropping the payload may panic again.
            std::mem::forget(payload);
        }
    }
}

/// What is left to run on one thread, and what it is running.
///
/// Wakers run before callbacks, and also while a callback runs: they only say
/// that somebody may go on, while a callback may take long, and may even wait for
/// those. Callbacks never nest: one that releases its lock at once grants the
/// next one, whose callback does the same, and a long queue of them would exhaust
/// the stack. Neither do wakers among themselves.
struct Backlog {
    wakes: VecDeque<Call>,
    backs: VecDeque<Call>,
    /// A waker runs; what it causes is left to whoever runs it.
    waking: bool,
    /// A callback runs, or wakers that go before the next one; the callbacks that
    /// it causes are left to whoever runs it.
    calling: bool,
}

impl Backlog {
    const EMPTY: Self = Self {
        wakes: VecDeque::new(),
        backs: VecDeque::new(),
        waking: false,
        calling: false,
    };

    fn is_idle(&self) -> bool {
        !self.waking && !self.calling && self.wakes.is_empty() && self.backs.is_empty()
    }

    /// The next waker; without one, waking is over.
    fn next_wake(&mut self) -> Option<Call> {
        let next = self.wakes.pop_front();
        self.waking = next.is_some();
        next
    }

    /// The next callback; without one, calling is over.
    fn next_back(&mut self) -> Option<Call> {
        let next = self.backs.pop_front();
        self.calling = next.is_some();
        next
    }
}

crate::sync::thread_local! {
    /// Without a destructor, so that it is still there when the destructors of
    /// other locals release what they hold. Empty whenever nothing runs here.
    static BACKLOG: RefCell<ManuallyDrop<Backlog>> =
        const { RefCell::new(ManuallyDrop::new(Backlog::EMPTY)) };
}

/// In a child forked inside a callback: what the parent's thread has still to run is
/// the parent's. For bindings, from their fork handlers; touches nothing but this
/// thread's own list, and frees nothing.
pub fn forget_inherited_callbacks() {
    BACKLOG.with(|place| {
        // Borrowed only while no foreign code runs, so not in the middle of a fork.
        if let Ok(mut backlog) = place.try_borrow_mut() {
            std::mem::forget(std::mem::replace(&mut **backlog, Backlog::EMPTY));
        }
    });
}

/// Looks at this thread's backlog; no foreign code runs meanwhile.
fn with_backlog<T>(look: impl FnOnce(&mut Backlog) -> T) -> T {
    BACKLOG.with(|place| {
        let backlog = &mut **place.borrow_mut();
        let seen = look(backlog);
        if backlog.is_idle() {
            // With the memory of its lists, if they have any.
            *backlog = Backlog::EMPTY;
        }
        seen
    })
}

/// Runs these calls, or leaves to the calls that already run on this thread what
/// must not nest in them.
pub(crate) fn run(calls: Calls) {
    if calls.is_empty() {
        return;
    }
    let mut calls = Some(calls);
    let (wake, call) = with_backlog(|backlog| {
        let wake = !backlog.waking;
        let call = wake && !backlog.calling;
        // Whoever runs them all takes its own as they are, which needs no memory.
        for call in calls.take_if(|_| !call).into_iter().flatten() {
            match call {
                Call::Wake(_) => backlog.wakes.push_back(call),
                Call::Back(..) | Call::Upgraded(..) => backlog.backs.push_back(call),
            }
        }
        backlog.waking = true;
        backlog.calling |= call;
        (wake, call)
    });
    if !wake {
        return;
    }
    let own = calls.unwrap_or_default().into_iter();
    let (wakes, backs): (Calls, Calls) = own.partition(|call| matches!(call, Call::Wake(_)));
    for wake in wakes {
        wake.run();
    }
    let mut backs = backs.into_iter();
    loop {
        while let Some(wake) = with_backlog(Backlog::next_wake) {
            wake.run();
        }
        if !call {
            return;
        }
        let Some(back) = backs.next().or_else(|| with_backlog(Backlog::next_back)) else {
            return;
        };
        back.run();
    }
}
