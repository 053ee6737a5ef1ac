//! One key, one holder, so many that wait: what it costs to join them, to be
//! granted, and to leave from the middle. Nobody parks: the requests are objects.

use std::collections::VecDeque;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use oarlock::{Guard, Manager, Pending, write};

use super::Workload;
use crate::keys::Random;
use crate::measure::{Contender, Figures, Plan, Watch, interleave};
use crate::results::Results;

/// How many wait; the figures of each.
const WAITING: [(usize, [&str; 4]); 4] = [
    (
        100,
        [
            "ns, enqueue, 100 waiting",
            "ns, grant, 100 waiting",
            "ns, cancel, 100 waiting",
            "ns, cancel at random, 100 waiting",
        ],
    ),
    (
        1_000,
        [
            "ns, enqueue, 1000 waiting",
            "ns, grant, 1000 waiting",
            "ns, cancel, 1000 waiting",
            "ns, cancel at random, 1000 waiting",
        ],
    ),
    (
        10_000,
        [
            "ns, enqueue, 10000 waiting",
            "ns, grant, 10000 waiting",
            "ns, cancel, 10000 waiting",
            "ns, cancel at random, 10000 waiting",
        ],
    ),
    (
        100_000,
        [
            "ns, enqueue, 100000 waiting",
            "ns, grant, 100000 waiting",
            "ns, cancel, 100000 waiting",
            "ns, cancel at random, 100000 waiting",
        ],
    ),
];

/// Operations timed together.
const BATCH: usize = 50;

/// Batches of a turn, so that a turn is long enough.
const BATCHES: usize = 40;

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    for (count, figures) in WAITING {
        let mut contenders = vec![
            line::<Requests>("oarlock", count, figures),
            line::<Futures>("tokio mutex", count, figures),
        ];
        results.extend(workload.name, interleave(plan.rounds(12), &mut contenders));
    }
}

/// A line of waiting requests behind one holder.
trait Line: 'static {
    type Waiting;
    type Held;
    fn open() -> Self;
    fn hold(&self) -> Self::Held;
    fn enqueue(&self) -> Self::Waiting;
    /// The waiting one was granted: turns it into what holds.
    fn granted(waiting: Self::Waiting) -> Self::Held;
}

/// The line as the benchmark keeps it; those that left from the middle are holes.
struct Kept<L: Line> {
    line: L,
    waiting: VecDeque<Option<L::Waiting>>,
}

impl<L: Line> Kept<L> {
    fn enqueue(&mut self) {
        self.waiting.push_back(Some(black_box(self.line.enqueue())));
    }

    fn next(&mut self) -> L::Waiting {
        loop {
            if let Some(next) = self.waiting.pop_front().unwrap() {
                return next;
            }
        }
    }

    /// The first who still waits at or behind this place.
    fn leave(&mut self, place: usize) -> L::Waiting {
        let places = (place..self.waiting.len()).chain(0..place);
        places
            .filter_map(|at| self.waiting[at].take())
            .next()
            .unwrap()
    }
}

fn line<L: Line>(
    name: &'static str,
    count: usize,
    figures: [&'static str; 4],
) -> Contender<'static> {
    let line = L::open();
    let mut holder = Some(line.hold());
    let mut kept = Kept {
        waiting: VecDeque::with_capacity(2 * count),
        line,
    };
    for _ in 0..count {
        kept.enqueue();
    }
    let mut random = Random::new(count as u64);
    let mut batch: Vec<L::Waiting> = Vec::with_capacity(BATCH);
    Contender::new(name, move || -> Figures {
        let mut spent = [0.0; 4];
        let watch = Watch::start();
        for _ in 0..BATCHES {
            let third = kept.waiting.len() / 3;
            batch.extend((0..BATCH).map(|_| kept.leave(third)));
            spent[2] += timed(|| batch.clear());
            spent[0] += timed(|| (0..BATCH).for_each(|_| kept.enqueue()));

            batch.extend((0..BATCH).map(|_| kept.leave(random.below(kept.waiting.len()))));
            spent[3] += timed(|| batch.clear());
            spent[0] += timed(|| (0..BATCH).for_each(|_| kept.enqueue()));

            spent[1] += timed(|| {
                for _ in 0..BATCH {
                    let next = kept.next();
                    drop(holder.take());
                    holder = Some(black_box(L::granted(next)));
                }
            });
            spent[0] += timed(|| (0..BATCH).for_each(|_| kept.enqueue()));
        }
        black_box(&holder);
        let each =
            |i: usize, times: usize| (figures[i], spent[i] / (times * BATCH * BATCHES) as f64);
        vec![each(0, 3), each(1, 1), each(2, 1), each(3, 1), watch.stop()]
    })
}

/// Nanoseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_nanos() as f64
}

/// Oarlock's pending requests.
struct Requests(Manager);

impl Line for Requests {
    type Waiting = Pending;
    type Held = Guard;

    fn open() -> Self {
        Self(Manager::new())
    }
    fn hold(&self) -> Guard {
        self.0.acquire(write("user-00000000042")).unwrap()
    }
    fn enqueue(&self) -> Pending {
        self.0.enqueue(write("user-00000000042")).unwrap()
    }
    fn granted(waiting: Pending) -> Guard {
        waiting.wait().unwrap()
    }
}

/// Futures that were polled once.
struct Futures(Arc<tokio::sync::Mutex<()>>);

type Locking = Pin<Box<dyn Future<Output = tokio::sync::OwnedMutexGuard<()>>>>;

impl Line for Futures {
    type Waiting = Locking;
    type Held = tokio::sync::OwnedMutexGuard<()>;

    fn open() -> Self {
        Self(Arc::default())
    }
    fn hold(&self) -> Self::Held {
        Arc::clone(&self.0).try_lock_owned().unwrap()
    }
    fn enqueue(&self) -> Locking {
        let mut future: Locking = Box::pin(Arc::clone(&self.0).lock_owned());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        future
    }
    fn granted(mut waiting: Locking) -> Self::Held {
        match waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            std::task::Poll::Ready(guard) => guard,
            std::task::Poll::Pending => unreachable!("first in, first out"),
        }
    }
}
