//! What else there is to call, with nobody in the way.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use oarlock::{Manager, read, write};

use super::Workload;
use crate::measure::{Contender, Plan, interleave};
use crate::results::Results;

const NAME: &str = "user-00000000042";

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = contenders(plan);
    results.extend(workload.name, interleave(plan.rounds(12), &mut contenders));
}

fn contenders(plan: &Plan) -> Vec<Contender<'static>> {
    let each = |name, mut call: Box<dyn FnMut(&Manager)>| {
        let manager = Manager::new();
        Contender::looping(name, plan.slice(), move |count| {
            for _ in 0..count {
                call(black_box(&manager));
            }
        })
    };
    let held = Manager::new();
    let kept = held.acquire(write(NAME)).unwrap();
    let refused = Contender::looping("try_acquire, refused", plan.slice(), move |count| {
        black_box(&kept);
        for _ in 0..count {
            assert!(black_box(held.try_acquire(write(NAME))).is_err());
        }
    });
    let owned = Manager::new();
    let owner = owned.owner();
    let again = owned.request(write(NAME)).owner(&owner).acquire().unwrap();
    let inherited = Contender::looping("acquire, again by its owner", plan.slice(), move |count| {
        black_box(&again);
        for _ in 0..count {
            drop(black_box(
                owned.request(write(NAME)).owner(&owner).acquire().unwrap(),
            ));
        }
    });
    let turned = Manager::new();
    let mut guard = turned.acquire(read(NAME)).unwrap();
    let upgraded = Contender::looping("upgrade, downgrade", plan.slice(), move |count| {
        for _ in 0..count {
            guard.upgrade().unwrap();
            guard.downgrade().unwrap();
        }
    });
    vec![
        inherited,
        upgraded,
        each("acquire with an owner", {
            let mut owner = None;
            Box::new(move |m| {
                let owner = owner.get_or_insert_with(|| m.owner());
                drop(black_box(
                    m.request(write(NAME)).owner(owner).acquire().unwrap(),
                ));
            })
        }),
        each(
            "acquire with a limit",
            Box::new(|m| {
                drop(black_box(m.acquire(read(NAME).limit(4)).unwrap()));
            }),
        ),
        each(
            "would_grant",
            Box::new(|m| assert!(black_box(m.would_grant(write(NAME))).unwrap())),
        ),
        each(
            "acquire",
            Box::new(|m| drop(black_box(m.acquire(write(NAME)).unwrap()))),
        ),
        each(
            "acquire, read",
            Box::new(|m| drop(black_box(m.acquire(read(NAME)).unwrap()))),
        ),
        each(
            "acquire, two claims",
            Box::new(|m| {
                drop(black_box(
                    m.acquire([write("user-00000000042"), write("user-00000000043")])
                        .unwrap(),
                ));
            }),
        ),
        each(
            "acquire, four claims of three segments",
            Box::new(|m| {
                drop(black_box(
                    m.acquire(["a/b/c", "a/b/d", "a/e/f", "g/h/i"].map(write))
                        .unwrap(),
                ));
            }),
        ),
        each(
            "try_acquire",
            Box::new(|m| drop(black_box(m.try_acquire(write(NAME)).unwrap()))),
        ),
        refused,
        each(
            "acquire_timeout",
            Box::new(|m| {
                drop(black_box(
                    m.acquire_timeout(write(NAME), Duration::from_secs(1))
                        .unwrap(),
                ));
            }),
        ),
        each(
            "enqueue",
            Box::new(|m| drop(black_box(m.enqueue(write(NAME)).unwrap()))),
        ),
        each(
            "acquire_async, ready",
            Box::new(|m| {
                match pin!(m.acquire_async(write(NAME)))
                    .poll(&mut Context::from_waker(Waker::noop()))
                {
                    Poll::Ready(guard) => drop(black_box(guard.unwrap())),
                    Poll::Pending => unreachable!("nobody is in the way"),
                }
            }),
        ),
    ]
}
