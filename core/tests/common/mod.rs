//! What the tests share: a small executor, a seeded generator, and waiting for a
//! state with a deadline.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod upgrades;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use oarlock::{Manager, write};

/// Longer than anything here takes on a busy machine; only a failure waits it out.
pub const LONG: Duration = Duration::from_secs(60);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let until = Instant::now() + LONG;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        assert!(Instant::now() < until, "the future was not woken");
        thread::park_timeout(LONG);
    }
}

pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Yields until the condition holds.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never came about: {what}");
        thread::yield_now();
    }
}

/// Nothing is held and nothing waits.
pub fn assert_empty(manager: &Manager) {
    drop(
        manager
            .try_acquire(write(""))
            .expect("something was left behind"),
    );
}

/// xorshift64* (Vigna, 2016), with its seed printed for a failing run.
pub struct Random(u64);

impl Random {
    /// From `OARLOCK_SEED`, or from the clock.
    pub fn new(test: &str) -> Self {
        let seed = match std::env::var("OARLOCK_SEED") {
            Ok(seed) => seed.parse().expect("OARLOCK_SEED is a number"),
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |since| since.as_nanos() as u64),
        };
        println!("{test}: OARLOCK_SEED={seed}");
        Self(seed | 1)
    }

    pub fn from_seed(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 33) as usize) % bound
    }
}
