//! What a request weighs that waits, its handle included. Nobody parks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use oarlock::{Guard, Manager, Pending, write};

use super::{Scales, Weight};
use crate::keys::keys;

/// Who can be asked.
pub const WAITING_BY: [&str; 6] = [
    "oarlock",
    "oarlock, three segments",
    "oarlock, each behind a holder of its own",
    "oarlock, with a callback",
    "oarlock, futures",
    "tokio mutex",
];

pub fn weigh(who: &str, count: usize) -> Weight {
    match who {
        "oarlock" => one_line(count, "user-00000000042"),
        "oarlock, three segments" => one_line(count, "user-00000000042/documents/letter-000000001"),
        "oarlock, each behind a holder of its own" => apart(count),
        "oarlock, with a callback" => callbacks(count),
        "oarlock, futures" => {
            let manager = Manager::new();
            let _held = manager.acquire(write("user-00000000042")).unwrap();
            polled(count, || manager.acquire_async(write("user-00000000042")))
        }
        "tokio mutex" => {
            let mutex = Arc::new(tokio::sync::Mutex::new(()));
            let _held = mutex.try_lock().unwrap();
            polled(count, || Arc::clone(&mutex).lock_owned())
        }
        other => panic!("nobody is called {other}"),
    }
}

fn one_line(count: usize, path: &str) -> Weight {
    let manager = Manager::new();
    let _held = manager.acquire(write(path)).unwrap();
    let before = Scales::read();
    let mut waiting: Vec<Pending> = Vec::with_capacity(count);
    waiting.extend((0..count).map(|_| manager.enqueue(write(path)).unwrap()));
    before.weigh(count)
}

fn apart(count: usize) -> Weight {
    let manager = Manager::new();
    let keys = keys(1, count);
    let _held: Vec<Guard> = keys
        .iter()
        .map(|key| manager.acquire(write(key.text())).unwrap())
        .collect();
    let before = Scales::read();
    let mut waiting: Vec<Pending> = Vec::with_capacity(count);
    waiting.extend(
        keys.iter()
            .map(|key| manager.enqueue(write(key.text())).unwrap()),
    );
    before.weigh(count)
}

fn callbacks(count: usize) -> Weight {
    let manager = Manager::new();
    let held = manager.acquire(write("user-00000000042")).unwrap();
    let before = Scales::read();
    for i in 0..count {
        // It captures something, as callbacks do.
        let done = move |granted| drop((granted, i));
        drop(
            manager
                .enqueue_with(write("user-00000000042"), done)
                .unwrap(),
        );
    }
    let weight = before.weigh(count);
    // So that no chain of grants runs at the end.
    manager.close();
    drop(held);
    weight
}

fn polled<F: Future>(count: usize, future: impl Fn() -> F) -> Weight {
    let before = Scales::read();
    let mut waiting: Vec<Pin<Box<F>>> = Vec::with_capacity(count);
    waiting.extend((0..count).map(|_| {
        let mut future = Box::pin(future());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        future
    }));
    before.weigh(count)
}
