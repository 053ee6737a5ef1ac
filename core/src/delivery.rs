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

/// Tells each waiter its outcome. Parked threads are woken first of all, then
/// wakers, since callbacks may take long. The caller holds no internal lock.
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
    if !calls.is_empty() {
        run(calls);
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

/// What is left to run on one thread.
#[derive(Default)]
struct Backlog {
    /// Wakers run first: they only say that somebody may go on, while a callback
    /// may take long, and even wait for those.
    wakes: VecDeque<Call>,
    backs: VecDeque<Call>,
}

impl Backlog {
    fn push(&mut self, call: Call) {
        match call {
            Call::Wake(_) => self.wakes.push_back(call),
            Call::Back(..) => self.backs.push_back(call),
        }
    }

    fn pop(&mut self) -> Option<Call> {
        self.wakes.pop_front().or_else(|| self.backs.pop_front())
    }
}

thread_local! {
    /// `Some` while this thread runs calls: what is left, and what they caused.
    static RUNNING: RefCell<Option<Backlog>> = const { RefCell::new(None) };
}

/// Runs these calls, or leaves them to the call that already runs on this
/// thread: a callback that releases its lock at once grants the next one, whose
/// callback does the same. Nested, a long queue of them would exhaust the stack.
pub(crate) fn run(calls: impl IntoIterator<Item = Call>) {
    let mut here = Backlog::default();
    calls.into_iter().for_each(|call| here.push(call));
    let mut here = Some(here);
    let outermost = RUNNING.try_with(|running| {
        let mut running = running.borrow_mut();
        match (running.as_mut(), here.take()) {
            (Some(backlog), Some(here)) => {
                here.wakes.into_iter().for_each(|call| backlog.push(call));
                here.backs.into_iter().for_each(|call| backlog.push(call));
                false
            }
            (_, here) => {
                *running = here;
                true
            }
        }
    });
    match outermost {
        Ok(false) => {}
        Ok(true) => {
            while let Some(call) = next_of_this_thread() {
                call.run();
            }
        }
        // The thread is ending and its locals are gone.
        Err(_) => {
            while let Some(call) = here.as_mut().and_then(Backlog::pop) {
                call.run();
            }
        }
    }
}

/// The next call; with the last one, this thread runs none any more.
fn next_of_this_thread() -> Option<Call> {
    RUNNING.with(|running| {
        let mut running = running.borrow_mut();
        let next = running.as_mut().and_then(Backlog::pop);
        if next.is_none() {
            *running = None;
        }
        next
    })
}
