//! Telling waiters their outcome, after the internal locks are let go.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use smallvec::SmallVec;

use crate::error::AcquireError;
use crate::guard::Guard;
use crate::manager::Shared;
use crate::sync::Arc;
use crate::waiter::{Callback, Listener, Outcome, Waiter};

/// Outcomes decided under a lock, to be told without it.
pub(crate) type Deliveries = SmallVec<[(Arc<Waiter>, Outcome); 2]>;

/// Tells each waiter its outcome. Parked threads are woken first of all, since
/// callbacks may take long. The caller holds no internal lock.
#[inline]
pub(crate) fn deliver(shared: &Arc<Shared>, deliveries: Deliveries) {
    if !deliveries.is_empty() {
        deliver_all(shared, deliveries);
    }
}

fn deliver_all(shared: &Arc<Shared>, deliveries: Deliveries) {
    let mut calls: SmallVec<[Call; 2]> = SmallVec::new();
    for (waiter, outcome) in deliveries {
        match waiter.settle(outcome) {
            Listener::None => {}
            Listener::Waker(waker) => calls.push(Call::Wake(waker)),
            Listener::Callback(callback) => {
                let result = outcome
                    .token()
                    .map(|token| Guard::new(Arc::clone(shared), waiter.id, token));
                calls.push(Call::Back(callback, result));
            }
        }
    }
    for call in calls {
        run(call);
    }
}

/// Foreign code to run.
pub(crate) enum Call {
    Wake(std::task::Waker),
    Back(Callback, Result<Guard, AcquireError>),
}

impl Call {
    fn run(self) {
        // A panic in foreign code must not keep the others from being told, nor
        // reach a thread that only released a lock. The panic hook has shown it.
        let outcome = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Wake(waker) => waker.wake(),
            Self::Back(callback, result) => callback(result),
        }));
        if let Err(payload) = outcome {
            // Dropping the payload may panic again.
            std::mem::forget(payload);
        }
    }
}

thread_local! {
    /// `Some` while this thread runs calls: what they caused meanwhile.
    static RUNNING: RefCell<Option<VecDeque<Call>>> = const { RefCell::new(None) };
}

/// Runs a call, or leaves it to the call that already runs on this thread: a
/// callback that releases its lock at once grants the next one, whose callback
/// does the same. Nested, a long queue of them would exhaust the stack.
pub(crate) fn run(call: Call) {
    let mut call = Some(call);
    let nested = RUNNING.try_with(|running| {
        let mut running = running.borrow_mut();
        match running.as_mut() {
            Some(queue) => queue.extend(call.take()),
            None => *running = Some(VecDeque::new()),
        }
    });
    if nested.is_err() {
        // The thread is ending and its locals are gone.
        if let Some(call) = call {
            call.run();
        }
        return;
    }
    while let Some(next) = call {
        next.run();
        call = RUNNING.with(|running| {
            let mut running = running.borrow_mut();
            let next = running.as_mut().and_then(VecDeque::pop_front);
            if next.is_none() {
                *running = None;
            }
            next
        });
    }
}
