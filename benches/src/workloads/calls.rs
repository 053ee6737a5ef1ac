//! What else there is to call, with nobody in the way.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use oarlock::{Manager, read, write};

use super::Workload;
use crate::measure::{Contender, Loop, Plan, interleave};
use crate::results::Results;

const NAME: &str = "user-00000000042";

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    let mut contenders = plain(plan);
    contenders.extend(with_owners(plan));
    let found = interleave(plan.rounds(12), &mut contenders);
    results.extend(workload.name, found);
}

/// A call, on a manager that is new each turn and made ready by `ready`.
fn each<S>(
    plan: &Plan,
    name: &'static str,
    ready: impl Fn(&Manager) -> S + 'static,
    call: impl Fn(&Manager, &mut S) + 'static,
) -> Contender<'static> {
    let mut clock = Loop::new(plan.slice());
    Contender::new(name, move || {
        let manager = Manager::new();
        let mut state = ready(&manager);
        clock.time(|count| {
            for _ in 0..count {
                call(black_box(&manager), &mut state);
            }
        })
    })
}

fn nothing(_: &Manager) {}

fn plain(plan: &Plan) -> Vec<Contender<'static>> {
    vec![
        each(plan, "acquire", nothing, |m, ()| {
            drop(black_box(m.acquire(write(NAME)).unwrap()));
        }),
        each(plan, "acquire, read", nothing, |m, ()| {
            drop(black_box(m.acquire(read(NAME)).unwrap()));
        }),
        each(plan, "acquire, read with a limit", nothing, |m, ()| {
            drop(black_box(m.acquire(read(NAME).limit(4)).unwrap()));
        }),
        each(plan, "acquire, two claims", nothing, |m, ()| {
            let claims = ["user-00000000042", "user-00000000043"].map(write);
            drop(black_box(m.acquire(claims).unwrap()));
        }),
        each(
            plan,
            "acquire, four claims of three segments",
            nothing,
            |m, ()| {
                let claims = ["a/b/c", "a/b/d", "a/e/f", "g/h/i"].map(write);
                drop(black_box(m.acquire(claims).unwrap()));
            },
        ),
        each(plan, "try_acquire", nothing, |m, ()| {
            drop(black_box(m.try_acquire(write(NAME)).unwrap()));
        }),
        each(
            plan,
            "try_acquire, refused",
            |m| m.acquire(write(NAME)).unwrap(),
            |m, _held| assert!(black_box(m.try_acquire(write(NAME))).is_err()),
        ),
        each(plan, "acquire_timeout", nothing, |m, ()| {
            let timeout = Duration::from_secs(1);
            drop(black_box(m.acquire_timeout(write(NAME), timeout).unwrap()));
        }),
        each(plan, "enqueue", nothing, |m, ()| {
            drop(black_box(m.enqueue(write(NAME)).unwrap()));
        }),
        each(plan, "acquire_async, ready", nothing, |m, ()| {
            let mut context = Context::from_waker(Waker::noop());
            match pin!(m.acquire_async(write(NAME))).poll(&mut context) {
                Poll::Ready(guard) => drop(black_box(guard.unwrap())),
                Poll::Pending => unreachable!("nobody is in the way"),
            }
        }),
        each(plan, "would_grant", nothing, |m, ()| {
            assert!(black_box(m.would_grant(write(NAME))).unwrap());
        }),
    ]
}

fn with_owners(plan: &Plan) -> Vec<Contender<'static>> {
    vec![
        each(plan, "acquire with an owner", Manager::owner, |m, owner| {
            let request = m.request(write(NAME)).owner(owner);
            drop(black_box(request.acquire().unwrap()));
        }),
        each(
            plan,
            "acquire, again by its owner",
            |m| {
                let owner = m.owner();
                let held = m.request(write(NAME)).owner(&owner).acquire().unwrap();
                (owner, held)
            },
            |m, (owner, _held)| {
                let request = m.request(write(NAME)).owner(owner);
                drop(black_box(request.acquire().unwrap()));
            },
        ),
        each(
            plan,
            "upgrade and downgrade",
            |m| m.acquire(read(NAME)).unwrap(),
            |_, guard| {
                guard.upgrade().unwrap();
                guard.downgrade().unwrap();
            },
        ),
    ]
}
