//! The C library and the C++ headers over it. What is called is in `foreign/`.

use std::hint::black_box;
use std::time::Duration;

use oarlock::{Manager, write};

use super::Workload;
use crate::foreign::{self, Case};
use crate::measure::{
    Contender, DISTURBED, Figures, Loop, Plan, disturbed, interleave, race, rate,
};
use crate::results::Results;

const ONE: &str = "user-00000000042";
const OTHER: &str = "user-00000000043";
const DEEP: &str = "user-00000000042/documents/letter-000000001";

/// Each case of `foreign/calls.c` beside its twin here.
pub fn calls(workload: &Workload, plan: &Plan, results: &mut Results) {
    let Some(cases) = foreign::cases("calls") else {
        return;
    };
    let mut contenders = Vec::new();
    for case in cases {
        let twin = twin(case.name()).expect("each case has a twin");
        contenders.push(named(plan, format!("Rust, {}", case.name()), twin));
        contenders.push(named(plan, format!("C, {}", case.name()), || {
            let opened = case.open();
            Box::new(move |times| opened.run(times))
        }));
    }
    let found = interleave(plan.rounds(25), &mut contenders);
    results.extend(workload.name, found);
    super::weight::allocations_in_c(workload, results);
}

/// Something that was opened, to be done so many times.
type Run = Box<dyn FnMut(u64)>;

/// A contender whose instance is new each turn.
fn named(plan: &Plan, name: String, open: impl Fn() -> Run + 'static) -> Contender<'static> {
    let mut clock = Loop::new(plan.slice());
    // Few, and used until the end.
    Contender::new(name.leak(), move || {
        let mut run = open();
        clock.time(&mut run)
    })
}

/// What a case of `foreign/calls.c` is in Rust.
fn twin(name: &str) -> Option<fn() -> Run> {
    /// One call on a new manager, over and over.
    fn each(call: impl Fn(&Manager) + 'static) -> Run {
        let manager = Manager::new();
        Box::new(move |times| {
            for _ in 0..times {
                call(black_box(&manager));
            }
        })
    }
    Some(match name {
        "one segment" => || each(|m| drop(black_box(m.acquire(write(black_box(ONE)))).unwrap())),
        "one segment, read" => {
            || each(|m| drop(black_box(m.acquire(oarlock::read(black_box(ONE)))).unwrap()))
        }
        "three segments" => {
            || each(|m| drop(black_box(m.acquire(write(black_box(DEEP)))).unwrap()))
        }
        "three segments, as a list" => || {
            each(|m| {
                let segments = black_box([ONE, "documents", "letter-000000001"]);
                drop(black_box(m.acquire(write(&segments[..])).unwrap()));
            })
        },
        "two claims" => || {
            each(|m| {
                let claims = black_box([ONE, OTHER]).map(write);
                drop(black_box(m.acquire(claims).unwrap()));
            })
        },
        "with a timeout" => || {
            each(|m| {
                let timeout = black_box(Duration::from_secs(1));
                drop(black_box(
                    m.acquire_timeout(write(black_box(ONE)), timeout).unwrap(),
                ));
            })
        },
        "try_acquire" => {
            || each(|m| drop(black_box(m.try_acquire(write(black_box(ONE)))).unwrap()))
        }
        "enqueue, granted at once" => {
            || each(|m| drop(black_box(m.enqueue(write(black_box(ONE)))).unwrap()))
        }
        "try_acquire, refused" => || {
            let manager = Manager::new();
            let held = manager.acquire(write(ONE)).unwrap();
            Box::new(move |times| {
                let _held = &held;
                for _ in 0..times {
                    assert!(black_box(manager.try_acquire(write(black_box(ONE)))).is_err());
                }
            })
        },
        _ => return None,
    })
}

/// Beside what a bare eventfd costs.
pub fn waiting(workload: &Workload, plan: &Plan, results: &mut Results) {
    let Some(cases) = foreign::cases("waiting") else {
        return;
    };
    let turn = |case: &'static Case| {
        named(plan, case.name().to_owned(), || {
            let opened = case.open();
            // In batches of 64.
            Box::new(move |times: u64| opened.run(times.next_multiple_of(64)))
        })
    };
    let mut contenders: Vec<_> = cases.iter().map(turn).collect();
    results.extend(workload.name, interleave(plan.rounds(20), &mut contenders));
}

/// On one thread and, what locks for as long as it takes, on two that want the same.
pub fn mutexes(workload: &Workload, plan: &Plan, results: &mut Results) {
    let Some(cases) = foreign::cases("mutexes") else {
        return;
    };
    let window = plan.window();
    let turn = |case: &'static Case| {
        let mut clock = Loop::new(plan.slice());
        let waits = !case.name().starts_with("try");
        Contender::new(case.name(), move || {
            let opened = case.open();
            let mut figures = clock.time(|times| opened.run(times));
            if waits {
                figures.extend(two_threads(|times| opened.run(times), window));
            }
            merged(figures)
        })
    };
    let mut contenders: Vec<_> = cases.iter().map(turn).collect();
    results.extend(workload.name, interleave(plan.rounds(15), &mut contenders));
}

/// How often it is done between looks at the clock.
const STEP: u64 = 16;

fn two_threads(run: impl Fn(u64) + Sync, window: Duration) -> Figures {
    let done = race(2, window, |_| {
        let run = &run;
        move || {
            run(STEP);
            false
        }
    });
    vec![
        ("M/s, two threads", rate(&done) * STEP as f64),
        (DISTURBED, disturbed(&done)),
    ]
}

/// One statement of how disturbed it was.
fn merged(figures: Figures) -> Figures {
    let (disturbed, mut kept): (Figures, Figures) = figures
        .into_iter()
        .partition(|(name, _)| *name == DISTURBED);
    let most = disturbed
        .iter()
        .map(|(_, share)| *share)
        .fold(0.0, f64::max);
    kept.push((DISTURBED, most));
    kept
}
