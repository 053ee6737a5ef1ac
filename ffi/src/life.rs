//! The end of a manager, as those see it who still have an outcome to tell.
//!
//! An outcome is decided first and told later: by the thread for timeouts, or when
//! another callback has returned. The manager may have been freed in between, and
//! whoever is told of a lock then would release it on a handle that is no more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Shared by a manager's handles and by what waits.
#[derive(Default)]
pub(crate) struct Life {
    state: Mutex<State>,
    /// A teller has gone.
    quieter: Condvar,
}

#[derive(Default)]
struct State {
    ended: bool,
    /// The threads that run a callback of the manager's now.
    tellers: Vec<ThreadId>,
}

impl Life {
    /// A leaf: nothing else happens under this lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on no lock of the manager's is told to anybody.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Waits until no callback runs that began before the end, but for those of this
    /// thread.
    pub(crate) fn wait_for_others(&self) {
        let this = thread::current().id();
        let mut state = self.lock();
        while state.tellers.iter().any(|&teller| teller != this) {
            let wait = self.quieter.wait(state);
            state = wait.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A callback begins. Nothing if the manager has ended.
    pub(crate) fn tell(&self) -> Option<Telling<'_>> {
        let mut state = self.lock();
        if state.ended {
            return None;
        }
        let thread = thread::current().id();
        state.tellers.push(thread);
        Some(Telling { life: self, thread })
    }
}

/// A callback that runs.
pub(crate) struct Telling<'l> {
    life: &'l Life,
    thread: ThreadId,
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let mut state = self.life.lock();
        let mut tellers = state.tellers.iter();
        if let Some(place) = tellers.position(|&teller| teller == self.thread) {
            state.tellers.swap_remove(place);
        }
        if state.ended {
            self.life.quieter.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn the_end_waits_for_the_tellers_of_other_threads_only() {
        let life = Arc::new(Life::default());
        let own = life.tell();
        let (begin, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let other = Arc::clone(&life);
        let teller = thread::spawn(move || {
            let telling = other.tell();
            begin.send(telling.is_some()).ok();
            ended.recv().ok();
        });
        assert_eq!(begun.recv().ok(), Some(true));
        life.end();
        assert!(life.tell().is_none());
        let waits = Arc::clone(&life);
        let waiter = thread::spawn(move || waits.wait_for_others());
        // It waits for two: this thread is another one to it.
        drop(own);
        drop(end);
        waiter.join().ok();
        teller.join().ok();
        assert!(life.lock().tellers.is_empty());
        life.wait_for_others();
    }
}
