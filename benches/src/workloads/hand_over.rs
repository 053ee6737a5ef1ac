//! From a release to the thread that was parked for it, beside a condition
//! variable with nothing around it. And a line of threads in which every grant
//! goes to one that is parked.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use oarlock::{Guard, Manager, write};
use parking_lot::lock_api::RawMutex;

use super::Workload;
use crate::measure::{Contender, Figures, Plan, interleave, race, rate};
use crate::results::{Results, median};

/// How long the waiter has been parked when it is given what it waits for. Just
/// parked, its core is still awake; after a while it sleeps, and waking it takes
/// longest.
const PARKED_FOR: [(Duration, &str); 2] = [
    (Duration::ZERO, "ns, just parked"),
    (Duration::from_millis(1), "ns, parked for 1 ms"),
];

/// Hand-overs in a turn, of each.
const TIMES: usize = 60;

/// Threads in line.
const LINE: usize = 8;

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    let window = plan.window();
    let mut contenders = vec![
        latency::<Oarlock>("oarlock"),
        latency::<Bare>("bare condvar"),
        latency::<Std>("bare condvar, std"),
        latency::<KeyedMutex>("parking_lot mutex"),
        Contender::new("oarlock, eight threads", move || {
            let manager = Manager::new();
            let done = race(LINE, window, |_| {
                let manager = &manager;
                move || {
                    drop(manager.acquire(write("user-00000000042")).unwrap());
                    false
                }
            });
            vec![("M/s, in line", rate(&done))]
        }),
        Contender::new("ring of condvars, eight threads", move || {
            vec![("M/s, in line", ring(window))]
        }),
    ];
    results.extend(workload.name, interleave(plan.rounds(20), &mut contenders));
}

/// Something that one thread gives and another one is parked for.
trait Given: Send + Sync + 'static {
    /// What the giver has.
    type Held;
    fn open() -> Self;
    /// The giver takes it.
    fn take(&self) -> Self::Held;
    /// The giver gives it.
    fn give(&self, held: Self::Held);
    /// The other one waits for it; `then` is called as soon as it has it.
    fn wait(&self, then: impl FnOnce());
}

struct Oarlock(Manager);

impl Given for Oarlock {
    type Held = Guard;
    fn open() -> Self {
        Self(Manager::new())
    }
    fn take(&self) -> Guard {
        self.0.acquire(write("user-00000000042")).unwrap()
    }
    fn give(&self, held: Guard) {
        drop(held);
    }
    fn wait(&self, then: impl FnOnce()) {
        let guard = self.take();
        then();
        drop(guard);
    }
}

#[derive(Default)]
struct Bare(parking_lot::Mutex<bool>, parking_lot::Condvar);

impl Given for Bare {
    type Held = ();
    fn open() -> Self {
        Self::default()
    }
    fn take(&self) {}
    fn give(&self, (): ()) {
        *self.0.lock() = true;
        self.1.notify_one();
    }
    fn wait(&self, then: impl FnOnce()) {
        let mut given = self.0.lock();
        while !*given {
            self.1.wait(&mut given);
        }
        then();
        *given = false;
    }
}

#[derive(Default)]
struct Std(std::sync::Mutex<bool>, std::sync::Condvar);

impl Given for Std {
    type Held = ();
    fn open() -> Self {
        Self::default()
    }
    fn take(&self) {}
    fn give(&self, (): ()) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
    fn wait(&self, then: impl FnOnce()) {
        let mut given = self.0.lock().unwrap();
        while !*given {
            given = self.1.wait(given).unwrap();
        }
        then();
        *given = false;
    }
}

/// Without the map: what is parked on is a parking_lot mutex.
struct KeyedMutex(parking_lot::RawMutex);

impl Given for KeyedMutex {
    type Held = <parking_lot::RawMutex as RawMutex>::Guard;
    fn open() -> Self {
        Self(parking_lot::RawMutex::INIT)
    }
    fn take(&self) -> Self::Held {
        self.0.lock()
    }
    fn give(&self, held: Self::Held) {
        // SAFETY: `take` gave it.
        unsafe { self.0.unlock(held) };
    }
    fn wait(&self, then: impl FnOnce()) {
        let held = self.take();
        then();
        self.give(held);
    }
}

fn latency<G: Given>(name: &'static str) -> Contender<'static> {
    Contender::new(name, move || -> Figures {
        let one = |(parked_for, figure)| (figure, median(&samples::<G>(parked_for)));
        PARKED_FOR.into_iter().map(one).collect()
    })
}

/// Nanoseconds from just before it is given to just after the other one has it.
fn samples<G: Given>(parked_for: Duration) -> Vec<f64> {
    let given = G::open();
    let origin = Instant::now();
    let got_at = AtomicU64::new(0);
    let (call, calls) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let mut samples = Vec::with_capacity(TIMES);
    std::thread::scope(|scope| {
        let (given, got_at) = (&given, &got_at);
        scope.spawn(move || {
            // SAFETY: nothing is asked of the caller.
            tell.send(unsafe { libc::gettid() }).unwrap();
            while calls.recv().is_ok() {
                given.wait(|| {
                    let at = origin.elapsed().as_nanos() as u64;
                    got_at.store(at, Ordering::Release);
                });
            }
        });
        let mut waiter = Sleeper::new(told.recv().unwrap());
        for _ in 0..TIMES {
            let held = given.take();
            // Asleep in `recv`, then asleep in `wait`.
            let slept = waiter.sleeps_after(0);
            call.send(()).unwrap();
            waiter.sleeps_after(slept);
            let since = Instant::now();
            until(|| since.elapsed() >= parked_for);
            let begin = origin.elapsed().as_nanos() as u64;
            given.give(held);
            let mut end = 0;
            until(|| {
                end = got_at.swap(0, Ordering::AcqRel);
                end != 0
            });
            samples.push(end.saturating_sub(begin) as f64);
        }
        drop(call);
    });
    samples
}

/// Another thread, to see that it is parked.
struct Sleeper {
    status: std::path::PathBuf,
}

impl Sleeper {
    fn new(thread: libc::pid_t) -> Self {
        Self {
            status: format!("/proc/self/task/{thread}/status").into(),
        }
    }

    /// Waits until the thread sleeps, having gone to sleep more than `before` times,
    /// and gives that number.
    fn sleeps_after(&mut self, before: u64) -> u64 {
        loop {
            let status = std::fs::read_to_string(&self.status).unwrap();
            let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
            let slept = field("voluntary_ctxt_switches:").and_then(|n| n.trim().parse().ok());
            let slept: u64 = slept.unwrap_or(u64::MAX);
            if slept > before && field("State:").is_some_and(|state| state.trim().starts_with('S'))
            {
                return slept;
            }
        }
    }
}

fn until(mut ready: impl FnMut() -> bool) {
    while !ready() {
        std::hint::spin_loop();
    }
}

/// Threads in a ring, each with a condition variable of its own, hand one turn on
/// as fast as they can: what a strict line of parked threads cannot go below.
fn ring(window: Duration) -> f64 {
    struct Seat(parking_lot::Mutex<bool>, parking_lot::Condvar);
    let seats: Vec<_> = (0..LINE)
        .map(|i| Seat(parking_lot::Mutex::new(i == 0), parking_lot::Condvar::new()))
        .collect();
    let over = AtomicBool::new(false);
    let mut count = 0_u64;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let runners: Vec<_> = (0..LINE)
            .map(|i| {
                let (seats, over) = (&seats, &over);
                scope.spawn(move || {
                    let mut mine = 0_u64;
                    loop {
                        let mut turn = seats[i].0.lock();
                        while !*turn {
                            seats[i].1.wait(&mut turn);
                        }
                        *turn = false;
                        drop(turn);
                        let last = over.load(Ordering::Relaxed);
                        let next = &seats[(i + 1) % LINE];
                        *next.0.lock() = true;
                        next.1.notify_one();
                        if last {
                            return mine;
                        }
                        mine += 1;
                    }
                })
            })
            .collect();
        std::thread::sleep(window);
        over.store(true, Ordering::Relaxed);
        count = runners
            .into_iter()
            .map(|runner| runner.join().unwrap())
            .sum();
    });
    count as f64 / begin.elapsed().as_secs_f64() / 1e6
}
