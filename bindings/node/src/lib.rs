//! The native half of the Node binding.
//!
//! JavaScript (`lib/`) validates what users pass, makes promises, timers and
//! classes; this crate holds the locks. They meet in `frame`: one small buffer
//! a thread, into which JavaScript writes a request and from which it reads the
//! answer, so that a call needs no arguments (converting arguments would cost
//! more than taking the lock).
//!
//! - [`calls`], [`requests`]: the functions that JavaScript calls.
//! - `context`: what one Node environment (the main thread or a worker) owns.
//! - `claims`: claims as JavaScript writes them.
//! - `managers`: managers, by number.
//! - `slots`: guards and waiting requests, by number.
//! - `mailbox`: grants on their way from any thread to the environment.
//! - `failure`: errors as JavaScript reads them.
//!
//! No thread ever blocks here: a request that has to wait is queued in the core
//! with a callback, and the callback only puts the outcome into the mailbox.

pub mod calls;
mod claims;
mod context;
mod failure;
mod frame;
mod mailbox;
mod managers;
pub mod requests;
mod slots;
