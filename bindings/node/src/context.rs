//! What one Node environment owns: the main thread, or a worker.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{Function, Uint8Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status};
use oarlock::{AcquireError, Guard};

use crate::frame::Frame;
use crate::mailbox::Mailbox;
use crate::managers::Managers;
use crate::slots::{Slot, Slots};

/// The outcome of a waiting request.
pub(crate) struct Letter {
    pub(crate) slot: u32,
    /// See [`Waiting::ticket`](crate::slots::Waiting::ticket).
    pub(crate) ticket: u64,
    pub(crate) outcome: std::result::Result<Guard, AcquireError>,
}

/// Everything of one environment. Used on its thread only, but for the mailbox.
///
/// No cell is borrowed while the core is told to end something: that runs the
/// callbacks of other languages' waiters, which are not ours to trust.
pub(crate) struct Context {
    pub(crate) frame: RefCell<Frame>,
    pub(crate) managers: RefCell<Managers>,
    pub(crate) slots: RefCell<Slots>,
    pub(crate) mailbox: Arc<Mailbox<Letter>>,
}

thread_local! {
    static CONTEXT: RefCell<Option<Rc<Context>>> = const { RefCell::new(None) };
}

/// Makes this thread's context.
///
/// # Errors
///
/// If the thread has one: its environment, or another one that it runs.
pub(crate) fn attach(env: &Env, frame: Uint8Array, ring: &Function<(), ()>) -> Result<()> {
    if CONTEXT.with_borrow(Option::is_some) {
        return Err(Error::new(
            Status::GenericFailure,
            "oarlock is in use by another environment of this thread",
        ));
    }
    let frame = Frame::new(frame)
        .ok_or_else(|| Error::new(Status::InvalidArg, "the frame is shorter than its header"))?;
    // Weak: whether a wait keeps the process alive is decided in lib/waits.js.
    let bell = ring
        .build_threadsafe_function::<()>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    let mailbox = Mailbox::new(move || {
        // Refused only while the environment ends; then the mail is dropped by
        // `end`.
        bell.call((), ThreadsafeFunctionCallMode::NonBlocking);
    });
    let context = Rc::new(Context {
        frame: RefCell::new(frame),
        managers: RefCell::default(),
        slots: RefCell::default(),
        mailbox,
    });
    // Hooks run in reverse order: this one before Node takes the bell away.
    env.add_env_cleanup_hook(Rc::clone(&context), |context| end(&context))?;
    CONTEXT.set(Some(context));
    Ok(())
}

/// This thread's context.
pub(crate) fn current() -> Result<Rc<Context>> {
    CONTEXT
        .with_borrow(Clone::clone)
        .ok_or_else(|| Error::new(Status::GenericFailure, "no frame is attached"))
}

/// Ends all that the environment holds and waits for: it has exited, or it was
/// terminated, perhaps in the middle of anything.
fn end(context: &Context) {
    // Not there any more if the thread itself is ending.
    let _ = CONTEXT.try_with(RefCell::take);
    // From here on whatever is granted to this environment is released by the
    // thread that granted it.
    context.mailbox.close();
    let slots = context.slots.borrow_mut().drain();
    for slot in slots {
        match slot {
            Slot::Vacant => {}
            Slot::Held(guard) => drop(guard),
            Slot::Waiting(waiting) => {
                // Ends it waiting or granted. Stale if its outcome was in the
                // mailbox.
                let _ = waiting.manager.release(waiting.id);
            }
        }
    }
    let managers = std::mem::take(&mut *context.managers.borrow_mut());
    drop(managers);
}
