//! Every synchronisation primitive that the shell uses, in one place, so that a
//! model checker's stand-ins can take their place without touching other rooms.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Arc, Weak};

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
