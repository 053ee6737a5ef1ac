//! The functions that JavaScript calls on the way of every request.
//!
//! They read and write the `frame` and return at once. Those
//! that can end a request write to `Word::Mail` whether this granted one of
//! this environment; JavaScript takes it then with [`take`]. A panic becomes a
//! JavaScript exception.

use std::sync::Arc;

use napi::Result;
use napi_derive::napi;
use oarlock::{AcquireError, Enqueued, LockState, TryAcquireError};

use crate::calls::{Answer, answer};
use crate::claims::Claims;
use crate::context::{self, Context, Letter};
use crate::failure::Failure;
use crate::frame::Word;
use crate::slots::{Slot, Waiting};

/// Whether a request may wait.
#[derive(Clone, Copy)]
enum Admission {
    Try,
    Queue,
}

/// In: manager, slot, claims. Answers 0 with id and token: granted; or 1:
/// refused, it would have to wait.
#[napi(catch_unwind)]
pub fn try_acquire() -> Result<Answer> {
    let context = context::current()?;
    Ok(answer(submit(&context, Admission::Try, None)))
}

/// As `try_acquire`, with claims too long for the frame.
#[napi(catch_unwind)]
pub fn try_acquire_long(claims: &[u8]) -> Result<Answer> {
    let context = context::current()?;
    Ok(answer(submit(&context, Admission::Try, Some(claims))))
}

/// In: manager, slot, claims. Answers 0 with id and token: granted; or 1 with
/// id: it waits, and `take` will tell the outcome.
#[napi(catch_unwind)]
pub fn enqueue() -> Result<Answer> {
    let context = context::current()?;
    Ok(answer(submit(&context, Admission::Queue, None)))
}

/// As `enqueue`, with claims too long for the frame.
#[napi(catch_unwind)]
pub fn enqueue_long(claims: &[u8]) -> Result<Answer> {
    let context = context::current()?;
    Ok(answer(submit(&context, Admission::Queue, Some(claims))))
}

fn submit(
    context: &Context,
    admission: Admission,
    long: Option<&[u8]>,
) -> std::result::Result<u32, Failure> {
    // Submitting runs no callbacks, so the cells may stay borrowed.
    let frame = context.frame.borrow();
    let number = frame.get(Word::Slot);
    if !context.slots.borrow_mut().prepare(number) {
        return Err(Failure::internal("the slot is not vacant"));
    }
    let managers = context.managers.borrow();
    let manager = managers
        .get(frame.get(Word::Manager))
        .ok_or_else(Failure::no_manager)?;
    let claims = long
        .or_else(|| frame.claims())
        .and_then(Claims::check)
        .ok_or_else(|| Failure::internal("the claims are malformed"))?;
    let slot = match admission {
        Admission::Try => match manager.try_acquire(claims) {
            Ok(guard) => Slot::Held(guard),
            Err(TryAcquireError::WouldBlock) => return Ok(1),
            Err(error) => return Err(Failure::from(&error)),
        },
        Admission::Queue => {
            let ticket = context.slots.borrow_mut().ticket();
            let mailbox = Arc::clone(&context.mailbox);
            let done = move |outcome| {
                mailbox.post(Letter {
                    slot: number,
                    ticket,
                    outcome,
                });
            };
            match manager.enqueue_with(claims, done) {
                Ok(Enqueued::Granted(guard)) => Slot::Held(guard),
                Ok(Enqueued::Waiting(id)) => Slot::Waiting(Waiting {
                    manager: manager.clone(),
                    id,
                    ticket,
                }),
                Err(error) => return Err(Failure::from(&error)),
            }
        }
    };
    drop(frame);
    Ok(store(context, number, slot))
}

/// Puts a request into its slot and writes what it is. Answers 1 if it waits.
fn store(context: &Context, number: u32, slot: Slot) -> u32 {
    let mut frame = context.frame.borrow_mut();
    let waits = match &slot {
        Slot::Held(guard) => {
            frame.set_wide(Word::Id, guard.id().to_u64());
            frame.set_wide(Word::Token, guard.token());
            0
        }
        Slot::Waiting(waiting) => {
            frame.set_wide(Word::Id, waiting.id.to_u64());
            1
        }
        Slot::Vacant => 0,
    };
    context.slots.borrow_mut().put(number, slot);
    waits
}

/// In: slot. Ends its request: a granted one is released, a waiting one leaves
/// the queue and `take` tells nothing of it. Answers 0.
#[napi(catch_unwind)]
pub fn release() -> Result<Answer> {
    let context = context::current()?;
    let number = context.frame.borrow().get(Word::Slot);
    let slot = context.slots.borrow_mut().take(number);
    let ended = context.collecting(|| match slot {
        Slot::Held(guard) => guard.release(),
        Slot::Waiting(waiting) => waiting.manager.release(waiting.id),
        Slot::Vacant => Err(oarlock::StaleLock),
    });
    Ok(answer(ended.map(|()| 0).map_err(Failure::from)))
}

/// In: slot. Answers 1 if its request waited and is cancelled now: `take` tells
/// nothing of it. Else 0: granted, or ended, as `take` has told or will tell.
#[napi(catch_unwind)]
pub fn cancel() -> Result<Answer> {
    let context = context::current()?;
    let number = context.frame.borrow().get(Word::Slot);
    let waiting = match context.slots.borrow().get(number) {
        Slot::Waiting(waiting) => waiting.clone(),
        Slot::Held(_) | Slot::Vacant => return Ok(answer(Ok(0))),
    };
    let result = context.collecting(|| waiting.manager.cancel(waiting.id));
    Ok(answer(match result {
        Ok(()) => {
            context.slots.borrow_mut().take(number);
            Ok(1)
        }
        Err(_) => Ok(0),
    }))
}

/// In: slot. Answers where its request stands in this moment: 0 it waits, 1 it
/// is granted, 2 it has ended.
#[napi(catch_unwind)]
pub fn state() -> Result<Answer> {
    let context = context::current()?;
    let number = context.frame.borrow().get(Word::Slot);
    let slots = context.slots.borrow();
    let (manager, id) = match slots.get(number) {
        Slot::Waiting(waiting) => (waiting.manager.clone(), waiting.id),
        Slot::Held(guard) => (guard.manager(), guard.id()),
        Slot::Vacant => return Ok(answer(Ok(2))),
    };
    Ok(answer(Ok(match manager.state(id) {
        Ok(LockState::Waiting) => 0,
        Ok(LockState::Granted(_)) => 1,
        Err(_) => 2,
    })))
}

/// Takes one outcome out of the mailbox. Answers 0: there is none; 1 with slot,
/// id and token: granted; 2 with slot: cancelled; 3 with slot: the manager is
/// closed.
#[napi(catch_unwind)]
pub fn take() -> Result<Answer> {
    let context = context::current()?;
    while let Some(letter) = context.mailbox.take() {
        if !context.slots.borrow().awaits(letter.slot, letter.ticket) {
            // Cancelled or released meanwhile. What it grants goes the long way.
            drop(letter);
            continue;
        }
        context.frame.borrow_mut().set(Word::Slot, letter.slot);
        let kind = match letter.outcome {
            Ok(guard) => {
                store(&context, letter.slot, Slot::Held(guard));
                1
            }
            Err(error) => {
                let ended = context.slots.borrow_mut().take(letter.slot);
                drop(ended);
                if error == AcquireError::Closed { 3 } else { 2 }
            }
        };
        return Ok(answer(Ok(kind)));
    }
    Ok(answer(Ok(0)))
}

impl Context {
    /// Runs a call that may end requests and marks whether there is mail then.
    pub(crate) fn collecting<R>(&self, call: impl FnOnce() -> R) -> R {
        let result = self.mailbox.collecting(call);
        let mail = u32::from(self.mailbox.has_mail());
        self.frame.borrow_mut().set(Word::Mail, mail);
        result
    }
}

impl From<oarlock::StaleLock> for Failure {
    fn from(_: oarlock::StaleLock) -> Self {
        Self::stale()
    }
}
