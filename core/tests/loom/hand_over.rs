//! A grant reaches the one that it was meant for, and with it what the one before
//! has written.

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;
use oarlock::{Enqueued, LockState, Manager, read, write};

use crate::support::{Section, assert_empty, manager, model, two_shards};

#[test]
fn writers_take_turns() {
    model("hand-over: three writers", || {
        let manager = manager();
        let section = Section::new();
        let enter = |manager: Manager, section: Arc<Section>| {
            move || {
                let guard = manager.acquire(write("a")).expect("granted");
                section.write();
                drop(guard);
            }
        };
        let others: Vec<_> = (0..2)
            .map(|_| thread::spawn(enter(manager.clone(), Arc::clone(&section))))
            .collect();
        enter(manager.clone(), Arc::clone(&section))();
        for other in others {
            other.join().expect("no panic");
        }
        assert_eq!(section.writes(), 3);
        assert_empty(&manager);
    });
}

#[test]
fn readers_and_a_writer() {
    model("hand-over: two readers and a writer", || {
        let manager = manager();
        let section = Section::new();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (manager, section) = (manager.clone(), Arc::clone(&section));
                thread::spawn(move || {
                    let guard = manager.acquire(read("a")).expect("granted");
                    assert!(section.read() <= 2);
                    drop(guard);
                })
            })
            .collect();
        let guard = manager.acquire(write("a/b")).expect("granted");
        section.write();
        drop(guard);
        for other in others {
            other.join().expect("no panic");
        }
        assert_eq!(section.writes(), 1);
        assert_empty(&manager);
    });
}

/// One permit: whoever has it is alone with it.
#[test]
fn a_permit() {
    model("hand-over: one permit for three", || {
        let manager = manager();
        let section = Section::new();
        let enter = |manager: Manager, section: Arc<Section>| {
            move || {
                let guard = manager.acquire(read("a").limit(1)).expect("granted");
                section.write();
                drop(guard);
            }
        };
        let others: Vec<_> = (0..2)
            .map(|_| thread::spawn(enter(manager.clone(), Arc::clone(&section))))
            .collect();
        enter(manager.clone(), Arc::clone(&section))();
        for other in others {
            other.join().expect("no panic");
        }
        assert_eq!(section.writes(), 3);
        assert_empty(&manager);
    });
}

/// Above and below each other, so that they meet only in what stands on the way.
#[test]
fn a_writer_above() {
    model("hand-over: a writer above a reader and a writer", || {
        let manager = manager();
        let sections = [Section::new(), Section::new()];
        let [reading, writing] = sections.clone();
        let below = manager.clone();
        let reader = thread::spawn(move || {
            let guard = below.acquire(read("a/b")).expect("granted");
            assert!(reading.read() <= 2);
            drop(guard);
        });
        let below = manager.clone();
        let writer = thread::spawn(move || {
            let guard = below.acquire(write("a/c")).expect("granted");
            writing.write();
            drop(guard);
        });
        let guard = manager.acquire(write("a")).expect("granted");
        sections.iter().for_each(|section| section.write());
        drop(guard);
        reader.join().expect("no panic");
        writer.join().expect("no panic");
        assert_eq!(sections.map(|section| section.writes()), [1, 2]);
        assert_empty(&manager);
    });
}

#[test]
fn claims_in_two_shards() {
    model("hand-over: claims in two shards, in both orders", || {
        let (manager, [one, two]) = two_shards();
        let section = Section::new();
        let (other_manager, other_section) = (manager.clone(), Arc::clone(&section));
        let other = thread::spawn(move || {
            let claims = [write(two), write(one)];
            let guard = other_manager.acquire(claims).expect("granted");
            other_section.write();
            drop(guard);
        });
        let guard = manager.acquire([write(one), write(two)]).expect("granted");
        section.write();
        drop(guard);
        other.join().expect("no panic");
        assert_eq!(section.writes(), 2);
        assert_empty(&manager);
    });
}

/// The two parts of one request are granted by two threads at the same time.
#[test]
fn parts_granted_by_two_threads() {
    model("hand-over: two shards grant one request", || {
        let (manager, [one, two]) = two_shards();
        let sections = [Section::new(), Section::new()];
        let holders = [one, two].map(|name| manager.acquire(write(name)).expect("free"));
        let pending = manager.enqueue([write(one), write(two)]).expect("open");
        let tokens = [holders[0].token(), holders[1].token()];
        let threads: Vec<_> = holders
            .into_iter()
            .zip(sections.clone())
            .map(|(guard, section)| {
                thread::spawn(move || {
                    section.write();
                    drop(guard);
                })
            })
            .collect();
        let guard = pending.wait().expect("granted");
        assert!(tokens.iter().all(|&token| token < guard.token()));
        for section in &sections {
            assert_eq!(section.writes(), 1);
        }
        drop(guard);
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}

#[test]
fn the_root_against_two_shards() {
    model("hand-over: the root, and a path in each shard", || {
        let (manager, names) = two_shards();
        let section = Section::new();
        let others: Vec<_> = names
            .into_iter()
            .map(|name| {
                let (manager, section) = (manager.clone(), Arc::clone(&section));
                thread::spawn(move || {
                    let guard = manager.acquire(write(name)).expect("granted");
                    section.read();
                    drop(guard);
                })
            })
            .collect();
        let guard = manager.acquire(write("")).expect("granted");
        section.write();
        drop(guard);
        for other in others {
            other.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}

/// Two wait, each for its own thread; the first in line is served first.
#[test]
fn first_in_first_out() {
    model("hand-over: first in, first out", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let first = manager.enqueue(write("a")).expect("open");
        let second = manager.enqueue(write("a/b")).expect("open");
        let (one, two) = (Arc::clone(&section), Arc::clone(&section));
        let first = thread::spawn(move || {
            let guard = first.wait().expect("granted");
            assert_eq!(one.writes(), 1);
            one.write();
            guard.token()
        });
        let second = thread::spawn(move || {
            let guard = second.wait().expect("granted");
            assert_eq!(two.writes(), 2);
            guard.token()
        });
        section.write();
        let token = held.token();
        drop(held);
        let first = first.join().expect("no panic");
        let second = second.join().expect("no panic");
        assert!(token < first && first < second);
        assert_empty(&manager);
    });
}

/// Two threads wait by the id of one request, which a third one's release grants.
#[test]
fn several_wait_for_one_request() {
    model("hand-over: two threads wait for one id", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let id = manager.enqueue(write("a")).expect("open").into_id();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let manager = manager.clone();
                thread::spawn(move || manager.wait(id, None).expect("granted"))
            })
            .collect();
        drop(held);
        let tokens: Vec<_> = others
            .into_iter()
            .map(|other| other.join().expect("no panic"))
            .collect();
        assert_eq!(tokens[0], tokens[1]);
        assert_eq!(manager.state(id), Ok(LockState::Granted(tokens[0])));
        manager.release(id).expect("held");
        assert_empty(&manager);
    });
}

/// A callback that releases grants the next one, whose callback does the same.
#[test]
fn callbacks_one_after_the_other() {
    model("hand-over: callbacks in a row", || {
        let manager = manager();
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = manager.acquire(write("a")).expect("free");
        for number in 0..2 {
            let order = Arc::clone(&order);
            let queued = manager.enqueue_with(write("a"), move |result| {
                let token = result.as_ref().map(|guard| guard.token());
                order
                    .lock()
                    .expect("not poisoned")
                    .push((number, token.ok()));
            });
            assert!(matches!(queued, Ok(Enqueued::Waiting(_))));
        }
        let other = {
            let manager = manager.clone();
            thread::spawn(move || drop(manager.acquire(read("a")).expect("granted")))
        };
        drop(held);
        other.join().expect("no panic");
        let order = order.lock().expect("not poisoned");
        let numbers: Vec<_> = order.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1]);
        assert!(order[0].1.is_some() && order[0].1 < order[1].1);
        assert_empty(&manager);
    });
}
