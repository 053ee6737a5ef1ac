//! The C object `oarlock_queue`: outcomes, to be fetched by an event loop.

use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::fork;
use crate::handle::{self, Handle};
use crate::life::Life;
use crate::lock::oarlock_lock;
use crate::manager::oarlock_manager;
use crate::outcome::Outcome;
use crate::signal::Signal;
use crate::status::{
    OARLOCK_ERR_INTERNAL, OARLOCK_ERR_TIMEOUT, OARLOCK_ERR_UNSUPPORTED, OARLOCK_OK, oarlock_status,
};
use crate::target::Target;
use crate::timeout;
use std::collections::{HashMap, VecDeque};
use std::ffi::{c_int, c_void};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Outcomes of requests and upgrades that had to wait, to be fetched in batches
/// by a thread that must not block elsewhere. One queue serves any number of
/// managers and requests, with one file descriptor.
///
/// Threads: every function may be called on one queue by any number of threads at
/// once, except oarlock_queue_free, which must be the last.
pub struct oarlock_queue {
    inner: Arc<Inner>,
    generation: u32,
}

impl Handle for oarlock_queue {
    const NAME: &'static str = "queue";

    #[inline]
    fn generation(&self) -> u32 {
        self.generation
    }
}

/// The outcome of a request of oarlock_enqueue_queue.
pub const OARLOCK_COMPLETION_ACQUIRE: i32 = 1;
/// The outcome of an upgrade of oarlock_upgrade_queue.
pub const OARLOCK_COMPLETION_UPGRADE: i32 = 2;
/// What oarlock_queue_post put there.
pub const OARLOCK_COMPLETION_POST: i32 = 3;

/// One outcome. This struct does not grow: a new kind of outcome would have a
/// struct and a function of its own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_completion {
    /// What the call that began the wait was given.
    pub user_data: *mut c_void,
    /// Of a request: the lock on OARLOCK_OK, which whoever fetched this has to end
    /// with oarlock_release; else 0. Of an upgrade: the request, which its
    /// holder holds whatever the status. Of a post: 0.
    pub lock: oarlock_lock,
    /// The fencing token on OARLOCK_OK, else 0.
    pub token: u64,
    /// NULL, or details of the failure, for whoever fetched this to free with
    /// oarlock_error_free. So far there are none.
    pub error: *mut oarlock_error,
    /// OARLOCK_OK, TIMEOUT, CANCELLED or CLOSED. Never DEADLOCK: that is told by the
    /// call that would begin the wait.
    pub status: oarlock_status,
    /// An OARLOCK_COMPLETION_ number.
    pub kind: i32,
}

/// What the handle and those share who will put something in.
struct Inner {
    state: Mutex<State>,
    /// Something was put in.
    filled: Condvar,
    signal: Signal,
}

#[derive(Default)]
struct State {
    done: VecDeque<Done>,
    /// What waits, by the number of its slot; `None` until it is known.
    waiting: HashMap<u64, Option<Target>>,
    slots: u64,
    /// Threads in oarlock_queue_wait that are parked.
    parked: usize,
    freed: bool,
}

/// A completion that nobody has fetched.
struct Done {
    user_data: Pointer,
    kind: i32,
    /// With that of the manager; `None` for a post.
    outcome: Option<(Outcome, Arc<Life>)>,
}

/// The caller's, for the caller: never looked into.
struct Pointer(*mut c_void);

// SAFETY: it is only handed back.
unsafe impl Send for Pointer {}

impl Inner {
    /// No foreign code runs under this lock, and nothing is dropped that runs any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts one in, or gives it back if the queue is freed.
    fn push(&self, mut state: MutexGuard<'_, State>, done: Done) -> Option<Done> {
        if state.freed {
            return Some(done);
        }
        state.done.push_back(done);
        if state.done.len() == 1 {
            self.signal.set();
        }
        let parked = state.parked;
        drop(state);
        // A system call, even if nobody is parked.
        if parked > 0 {
            self.filled.notify_one();
        }
        None
    }

    /// Fetches as many as fit.
    ///
    /// # Safety
    /// `out` points to `capacity` writable completions.
    unsafe fn fetch(
        &self,
        mut state: MutexGuard<'_, State>,
        out: *mut oarlock_completion,
        capacity: usize,
    ) -> usize {
        let count = capacity.min(state.done.len());
        let fetched: Vec<Done> = state.done.drain(..count).collect();
        if count > 0 && state.done.is_empty() {
            self.signal.clear();
        }
        drop(state);
        for (index, done) in fetched.into_iter().enumerate() {
            // SAFETY: by the caller's promise.
            unsafe { out.add(index).write(done.into_c()) };
        }
        count
    }
}

impl Done {
    fn into_c(self) -> oarlock_completion {
        let mut completion = oarlock_completion {
            user_data: self.user_data.0,
            lock: 0,
            token: 0,
            error: std::ptr::null_mut(),
            status: OARLOCK_OK,
            kind: self.kind,
        };
        if let Some((outcome, life)) = self.outcome {
            let told = outcome.told(life.has_ended());
            completion.status = told.status;
            completion.lock = told.lock;
            completion.token = told.token;
            if let Some(failure) = told.failure.filter(Failure::has_details) {
                completion.error = Box::into_raw(failure.into_error());
            }
        }
        completion
    }
}

/// The right to put one outcome into a queue.
pub(crate) struct Slot {
    inner: Arc<Inner>,
    number: u64,
    user_data: Pointer,
    kind: i32,
    /// That of the manager.
    life: Arc<Life>,
}

impl Slot {
    /// Puts the outcome in. If the queue is freed, nobody is to know it, and a
    /// granted lock is released.
    pub(crate) fn put(self, outcome: Outcome) {
        let done = Done {
            user_data: Pointer(self.user_data.0),
            kind: self.kind,
            outcome: Some((outcome, Arc::clone(&self.life))),
        };
        let mut state = self.inner.lock();
        let target = state.waiting.remove(&self.number);
        let unwanted = self.inner.push(state, done);
        drop((target, unwanted));
    }

    pub(crate) fn tracker(&self) -> Tracker {
        Tracker {
            inner: Arc::clone(&self.inner),
            number: self.number,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let target = self.inner.lock().waiting.remove(&self.number);
        drop(target);
    }
}

/// Tells a queue what waits, so that freeing the queue can end it.
pub(crate) struct Tracker {
    inner: Arc<Inner>,
    number: u64,
}

impl Tracker {
    /// The wait has begun. It may have ended, too.
    pub(crate) fn waits(self, target: Target) {
        if let Some(place) = self.inner.lock().waiting.get_mut(&self.number) {
            *place = Some(target);
        }
    }
}

impl oarlock_queue {
    /// A slot for one wait that begins.
    pub(crate) fn slot(
        &self,
        user_data: *mut c_void,
        kind: i32,
        manager: &oarlock_manager,
    ) -> Slot {
        let mut state = self.inner.lock();
        state.slots += 1;
        let number = state.slots;
        state.waiting.insert(number, None);
        Slot {
            inner: Arc::clone(&self.inner),
            number,
            user_data: Pointer(user_data),
            kind,
            life: Arc::clone(&manager.life),
        }
    }
}

/// Makes a queue, with nothing in it.
///
/// Ownership: *out_queue is the caller's, to free with oarlock_queue_free; NULL
///   on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: it depends on no manager.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; INTERNAL (no file descriptor is
///   left); PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_new(
    out_queue: *mut *mut oarlock_queue,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(out [out_queue]; error out_error; {
        fork::watch()?;
        let signal = Signal::new().map_err(|error| {
            let sentence = format!("the system gives no file descriptor: {error}");
            Failure::new(OARLOCK_ERR_INTERNAL, sentence)
        })?;
        out_queue.write(Box::into_raw(Box::new(oarlock_queue {
            inner: Arc::new(Inner {
                state: Mutex::default(),
                filled: Condvar::new(),
                signal,
            }),
            generation: fork::generation(),
        })));
        Ok(())
    })
}

/// Frees a queue. Does nothing when `queue` is NULL. Requests and upgrades that
/// wait for it are cancelled; locks that were granted and not fetched are
/// released: nobody would know of them.
///
/// Ownership: takes the queue and what lies in it; its file descriptor is closed
///   (inside a callback: at the latest when that has returned).
/// Lifetimes: neither the queue nor its descriptor may be used afterwards: take
///   it out of poll sets before.
/// Threads: any, once, while no other call on the queue is running: also not from
///   a callback that runs inside such a call.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: none. In a forked child a queue from before the fork is left as it
///   is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_free(queue: *mut oarlock_queue) {
    entry!({
        let Some(queue) = handle::take(queue) else {
            return Ok(());
        };
        let mut state = queue.inner.lock();
        state.freed = true;
        let waiting = std::mem::take(&mut state.waiting);
        let done = std::mem::take(&mut state.done);
        drop(state);
        queue.inner.filled.notify_all();
        for target in waiting.into_values().flatten() {
            target.cancel();
        }
        drop(done);
        Ok(())
    });
}

/// Gives the queue's file descriptor: an eventfd on Linux, the reading end of a
/// pipe elsewhere. It is readable exactly while something lies in the queue, for
/// poll, select, epoll, kqueue or an event loop over them; level-triggered and
/// edge-triggered work both, the latter if the queue is drained until it is empty.
///
/// Ownership: the descriptor is the queue's: do not read, write or close it. It is
///   close-on-exec.
/// Lifetimes: valid until the queue is freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; UNSUPPORTED (a system without them; use
///   oarlock_queue_wait); INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_fd is -1 on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_fd(
    queue: *const oarlock_queue,
    out_fd: *mut c_int,
) -> oarlock_status {
    if !out_fd.is_null() && out_fd.is_aligned() {
        // SAFETY: writable, by the contract above. 0 is a descriptor.
        unsafe { out_fd.write(-1) };
    }
    entry!(on [queue]; {
        if out_fd.is_null() || !out_fd.is_aligned() {
            return Err(Failure::argument("`out_fd` is NULL or misaligned"));
        }
        let fd = queue.inner.signal.fd();
        out_fd.write(fd.ok_or(Failure::of(OARLOCK_ERR_UNSUPPORTED))?);
        Ok(())
    })
}

/// Checks the array for completions.
fn check_room(out: *mut oarlock_completion, capacity: usize) -> Result<(), Failure> {
    if capacity > 0 && out.is_null() {
        return Err(Failure::argument(
            "`out_completions` is NULL, its capacity is not 0",
        ));
    }
    if !out.is_aligned() {
        return Err(Failure::argument("`out_completions` is misaligned"));
    }
    Ok(())
}

/// Fetches up to `capacity` completions, the oldest first: *out_count of them, 0
/// if there are none.
///
/// Ownership: each completion that was fetched is the caller's, with its lock and
///   its error.
/// Lifetimes: `out_completions` has room for `capacity` of them; no more than
///   *out_count are written.
/// Threads: any; each completion is fetched once.
/// Blocks: never.
/// Statuses: OARLOCK_OK, also when there are none; INVALID_ARGUMENT; FORKED;
///   PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_drain(
    queue: *const oarlock_queue,
    out_completions: *mut oarlock_completion,
    capacity: usize,
    out_count: *mut usize,
) -> oarlock_status {
    entry!(on [queue]; out [out_count]; {
        check_room(out_completions, capacity)?;
        let state = queue.inner.lock();
        out_count.write(queue.inner.fetch(state, out_completions, capacity));
        Ok(())
    })
}

/// Waits until something lies in the queue, and fetches up to `capacity`
/// completions, the oldest first: *out_count of them, at least 1; 0 on failure.
/// To end such a wait, use oarlock_queue_post.
///
/// Ownership: each completion that was fetched is the caller's, with its lock and
///   its error.
/// Lifetimes: `out_completions` has room for `capacity` of them.
/// Threads: any, also several at once: each completion is fetched once.
/// Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
///   it takes; 0 not at all.
/// Statuses: OARLOCK_OK; TIMEOUT; INVALID_TIMEOUT, TIMEOUT_TOO_LARGE;
///   INVALID_ARGUMENT (also for a `capacity` of 0); FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_wait(
    queue: *const oarlock_queue,
    timeout_ns: i64,
    out_completions: *mut oarlock_completion,
    capacity: usize,
    out_count: *mut usize,
) -> oarlock_status {
    entry!(on [queue]; out [out_count]; {
        check_room(out_completions, capacity)?;
        if capacity == 0 {
            return Err(Failure::argument("`capacity` is 0"));
        }
        let deadline = timeout::deadline(timeout_ns)?;
        let inner = &queue.inner;
        let mut state = inner.lock();
        while state.done.is_empty() {
            state.parked += 1;
            state = match deadline {
                None => inner.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.parked -= 1;
                        return Err(Failure::of(OARLOCK_ERR_TIMEOUT));
                    }
                    let wait = inner.filled.wait_timeout(state, left);
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.parked -= 1;
        }
        out_count.write(inner.fetch(state, out_completions, capacity));
        Ok(())
    })
}

/// Puts a completion of kind OARLOCK_COMPLETION_POST into the queue: to wake a
/// thread that polls its descriptor or is in oarlock_queue_wait, or to hand it
/// something.
///
/// Ownership: `user_data` is handed to whoever fetches it; it may be NULL.
/// Lifetimes: `queue` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_queue_post(
    queue: *const oarlock_queue,
    user_data: *mut c_void,
) -> oarlock_status {
    entry!(on [queue]; {
        let done = Done {
            user_data: Pointer(user_data),
            kind: OARLOCK_COMPLETION_POST,
            outcome: None,
        };
        drop(queue.inner.push(queue.inner.lock(), done));
        Ok(())
    })
}
