//! What the models share.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::sync::{Condvar, Mutex};
use oarlock::{Manager, write};

/// Preemptions in one execution, unless `LOOM_MAX_PREEMPTIONS` says otherwise or
/// `OARLOCK_LOOM=all` asks for every execution that there is.
const PREEMPTIONS: usize = 3;

/// Runs a model in all its executions and prints how many there were.
pub fn model(name: &'static str, run: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(Counter::new(0));
    let mut builder = loom::model::Builder::new();
    if builder.preemption_bound.is_none()
        && !std::env::var("OARLOCK_LOOM").is_ok_and(|set| set == "all")
    {
        builder.preemption_bound = Some(PREEMPTIONS);
    }
    let bound = match builder.preemption_bound {
        Some(bound) => format!("all with at most {bound} preemptions"),
        None => "all that there are".to_owned(),
    };
    builder.max_branches = builder.max_branches.max(10_000);
    // How often it looks whether `LOOM_MAX_DURATION` is over.
    builder.checkpoint_interval = 1_000;
    let begin = Instant::now();
    let counted = Arc::clone(&executions);
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        run();
    });
    let executions = executions.load(Relaxed);
    let over = builder
        .max_duration
        .is_some_and(|most| begin.elapsed() >= most);
    let bound = if over { "out of time" } else { &bound };
    println!("loom: {name}: {executions} executions, {bound}");
}

/// One shard: every request meets every other at one mutex.
pub fn manager() -> Manager {
    Manager::builder().shards(1).build()
}

/// Two shards, and a name in each. A checker's seeds are fixed, so the names are
/// found once, by the shard in the top 8 bits of an id.
pub fn two_shards() -> (Manager, [&'static str; 2]) {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let manager = Manager::builder().shards(2).build();
    let in_shard = |shard: u64| {
        let place = |name: &str| {
            let id = manager.try_acquire(write(name)).expect("free").id();
            id.to_u64() >> 56
        };
        NAMES.into_iter().find(|name| place(name) == shard)
    };
    let names = [0, 1].map(|shard| in_shard(shard).expect("one of eight is there"));
    (manager, names)
}

/// Nothing is held and nothing waits.
#[track_caller]
pub fn assert_empty(manager: &Manager) {
    drop(
        manager
            .try_acquire(write(""))
            .expect("something was left behind"),
    );
}

/// What a lock guards. The accesses are relaxed, so that loom shows old values to
/// those who are not ordered after the last writer by the lock itself.
#[derive(Default)]
pub struct Section {
    count: AtomicU32,
    token: AtomicU64,
}

impl Section {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Adds one in two steps, between which nobody may look.
    pub fn write(&self) {
        let seen = self.read();
        self.count.store(seen + 1, Relaxed);
        self.count.store(seen + 2, Relaxed);
    }

    /// The same, with a token that is greater than those before it.
    pub fn write_with(&self, token: u64) {
        assert!(self.token.load(Relaxed) < token, "tokens rise");
        self.token.store(token, Relaxed);
        self.write();
    }

    /// What [`write`](Self::write) has left; panics at half a write.
    pub fn read(&self) -> u32 {
        let seen = self.count.load(Relaxed);
        assert_eq!(seen % 2, 0, "a reader is inside together with a writer");
        seen
    }

    /// How often it was written, once all threads are joined.
    pub fn writes(&self) -> u32 {
        self.read() / 2
    }
}

/// A waker that says how often it was called, and parks a thread until it is.
#[derive(Default)]
pub struct Alarm {
    rung: Mutex<u32>,
    changed: Condvar,
}

impl Alarm {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn rung(&self) -> u32 {
        *self.rung.lock().expect("not poisoned")
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().expect("not poisoned");
        while *rung == 0 {
            rung = self.changed.wait(rung).expect("not poisoned");
        }
        *rung = 0;
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().expect("not poisoned") += 1;
        self.changed.notify_all();
    }
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let alarm = Alarm::new();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(&mut future, &alarm) {
            return output;
        }
        alarm.wait();
    }
}

pub fn poll<F: Future + Unpin>(future: &mut F, alarm: &Arc<Alarm>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(alarm));
    pin!(future).poll(&mut Context::from_waker(&waker))
}
