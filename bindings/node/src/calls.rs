//! The functions that JavaScript calls to begin and to keep managers. Those on
//! the way of every request are in `requests`.

use napi::bindgen_prelude::{Function, Uint8Array};
use napi::{Either, Env, Result};
use napi_derive::napi;
use oarlock::{Manager, ManagerBuilder};

use crate::context::{self, Context};
use crate::failure::Failure;
use crate::frame::Word;

/// A number as the call's comment says, or a [`Failure`]'s text.
pub(crate) type Answer = Either<u32, String>;

/// The answer of a call.
pub(crate) fn answer(result: std::result::Result<u32, Failure>) -> Answer {
    match result {
        Ok(number) => Either::A(number),
        Err(failure) => Either::B(failure.into_text()),
    }
}

/// Begins: the buffer for all calls, and what to call when there is mail. Once
/// in a thread.
#[napi(catch_unwind)]
pub fn attach(env: Env, frame: Uint8Array, ring: Function<'_, (), ()>) -> Result<()> {
    context::attach(&env, frame, &ring)
}

/// A new manager's number. Limits that are left out have their defaults.
#[napi(catch_unwind)]
pub fn create_manager(
    max_claims: Option<u32>,
    max_segments: Option<u32>,
    max_request_segments: Option<u32>,
    max_path_bytes: Option<u32>,
) -> Result<u32> {
    type Setter = fn(ManagerBuilder, usize) -> ManagerBuilder;
    let settings: [(Option<u32>, Setter); 4] = [
        (max_claims, ManagerBuilder::max_claims),
        (max_segments, ManagerBuilder::max_segments),
        (max_request_segments, ManagerBuilder::max_request_segments),
        (max_path_bytes, ManagerBuilder::max_path_bytes),
    ];
    let builder =
        settings
            .into_iter()
            .fold(Manager::builder(), |builder, (limit, set)| match limit {
                Some(limit) => set(builder, limit as usize),
                None => builder,
            });
    Ok(context::current()?
        .managers
        .borrow_mut()
        .add(builder.build()))
}

/// A number for the manager of this name.
#[napi(catch_unwind)]
pub fn named_manager(name: String) -> Result<u32> {
    Ok(context::current()?
        .managers
        .borrow_mut()
        .add(Manager::named(&name)))
}

/// Forgets a manager's number. Its locks and waits are not touched.
#[napi(catch_unwind)]
pub fn forget_manager(number: u32) -> Result<()> {
    let context = context::current()?;
    let manager = context.managers.borrow_mut().remove(number);
    // Dropped here, when no cell is borrowed.
    drop(manager);
    Ok(())
}

/// In: manager. Closes it, for everyone who uses it. Answers 0.
#[napi(catch_unwind)]
pub fn close() -> Result<Answer> {
    let context = context::current()?;
    Ok(answer(manager(&context).map(|manager| {
        context.collecting(|| manager.close());
        0
    })))
}

/// In: manager. Answers 1 if it is closed, else 0.
#[napi(catch_unwind)]
pub fn is_closed() -> Result<Answer> {
    let context = context::current()?;
    let closed = manager(&context).map(|manager| u32::from(manager.is_closed()));
    Ok(answer(closed))
}

fn manager(context: &Context) -> std::result::Result<Manager, Failure> {
    let number = context.frame.borrow().get(Word::Manager);
    let managers = context.managers.borrow();
    let manager = managers.get(number);
    manager.cloned().ok_or_else(Failure::no_manager)
}
