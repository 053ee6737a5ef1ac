//! What the two ways of running differ in: threads of the system, which do their steps
//! when they come to it, or shuttle's, of which it picks whose step is next.

#[cfg(shuttle)]
use shuttle::{thread, thread_local};
#[cfg(not(shuttle))]
use std::thread;

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// Which one this thread is, from 0.
pub fn own() -> usize {
    OWN.with(Cell::get)
}

/// Says that it is this one.
pub fn be(thread: usize) {
    OWN.with(|own| own.set(thread));
}

/// Lets so many threads act at the same time; what each of them gives.
pub fn on_all<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let act = &|own: usize| {
        be(own);
        act(own)
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..count).map(|own| scope.spawn(move || act(own))).collect();
        let joined = others.into_iter().map(|other| match other.join() {
            Ok(given) => given,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        [act(0)].into_iter().chain(joined).collect()
    })
}

/// Lets some time go by.
pub fn pause(turns: u32) {
    if cfg!(not(shuttle)) {
        (0..turns).for_each(|_| std::hint::spin_loop());
    }
}

/// Lets others go first.
pub fn give_way() {
    thread::yield_now();
}

/// Where threads wait for each other, but not for long: the system may run fewer of them
/// at a time.
#[derive(Default)]
pub struct Gate {
    passed: AtomicUsize,
}

impl Gate {
    /// One more is here, and waits until so many are.
    pub fn pass(&self, all: usize) {
        self.leave(1);
        for turn in 1..=400 {
            if cfg!(shuttle) || self.passed.load(Ordering::Relaxed) >= all {
                return;
            }
            pause(20);
            if turn % 40 == 0 {
                give_way();
            }
        }
    }

    /// Nobody has to wait for one at its next rounds.
    pub fn leave(&self, rounds: usize) {
        self.passed.fetch_add(rounds, Ordering::Relaxed);
    }
}
