//! Futures and callbacks: told exactly once, with no internal lock held.

mod common;

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::{LONG, Random, assert_empty, block_on, poll_once, until};
use oarlock::{AcquireError, Enqueued, Guard, LockState, Manager, read, write};

#[test]
fn a_free_lock_is_ready_at_the_first_poll() {
    let manager = Manager::new();
    let Poll::Ready(Ok(guard)) = poll_once(&mut manager.acquire_async(write("a"))) else {
        panic!("not ready");
    };
    drop(guard);
    assert_empty(&manager);
}

#[test]
fn a_future_takes_its_place_when_it_is_made() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let mut first = manager.acquire_async(write("a"));
    let mut second = manager.acquire_async(write("a"));
    assert!(poll_once(&mut second).is_pending());
    drop(held);
    assert!(poll_once(&mut second).is_pending());
    drop(block_on(&mut first).expect("granted"));
    drop(block_on(second).expect("granted"));
    // Polled again after its end: an answer, no panic.
    assert!(matches!(poll_once(&mut first), Poll::Ready(Err(_))));
    assert_empty(&manager);
}

#[test]
fn a_future_dropped_at_any_point_leaves_nothing_behind() {
    let manager = Manager::new();
    // Never polled, free; never polled, waiting; polled; granted, not polled.
    drop(manager.acquire_async(write("a")));
    let held = manager.acquire(write("a")).expect("free");
    drop(manager.acquire_async([write("a"), write("b")]));
    let mut polled = manager.acquire_async([write("a"), write("b")]);
    assert!(poll_once(&mut polled).is_pending());
    assert!(manager.try_acquire(write("b")).is_err());
    drop(polled);
    assert!(manager.try_acquire(write("b")).is_ok());
    let mut granted = manager.acquire_async(write("a"));
    assert!(poll_once(&mut granted).is_pending());
    drop(held);
    assert!(manager.try_acquire(write("a")).is_err());
    drop(granted);
    assert_empty(&manager);
}

#[test]
fn a_future_dropped_while_another_thread_grants_it() {
    let manager = Manager::new();
    let mut random = Random::new("a_future_dropped_while_another_thread_grants_it");
    for _ in 0..2_000 {
        let held = manager.acquire([write("a"), write("b")]).expect("free");
        let mut future = manager.acquire_async([write("a"), write("b")]);
        assert!(poll_once(&mut future).is_pending());
        let spins = random.below(400);
        thread::scope(|scope| {
            scope.spawn(move || drop(held));
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            drop(future);
        });
        assert_empty(&manager);
    }
}

#[test]
fn a_callback_is_not_called_for_what_is_granted_at_once() {
    let manager = Manager::new();
    let (sender, receiver) = mpsc::channel::<()>();
    let enqueued = manager.enqueue_with(write("a"), move |_| {
        let _ = sender.send(());
        panic!("called")
    });
    assert!(matches!(enqueued, Ok(Enqueued::Granted(_))));
    // Dropped uncalled: the other end is gone and nothing was sent.
    assert!(receiver.recv().is_err());
}

/// What the callback owns may use the manager when it is dropped, so it must not
/// be dropped under an internal lock.
#[test]
fn an_uncalled_callback_is_dropped_with_no_lock_held() {
    let manager = Manager::builder().shards(2).build();
    for claims in [vec![write("a")], vec![write("a"), write("b"), write("c")]] {
        let owner = manager.acquire(read("x")).expect("free");
        let guarded = Dropped(Some((manager.clone(), owner)));
        let enqueued = manager.enqueue_with(claims, move |_| drop(guarded));
        assert!(matches!(enqueued, Ok(Enqueued::Granted(_))));
        drop(enqueued);
        assert_empty(&manager);
    }
    let owner = manager.acquire(read("x")).expect("free");
    let guarded = Dropped(Some((manager.clone(), owner)));
    manager.close();
    let refused = manager.enqueue_with([write("a"), write("b")], move |_| drop(guarded));
    assert_eq!(refused.err(), Some(AcquireError::Closed));
}

/// Visits every shard when it goes.
struct Dropped(Option<(Manager, Guard)>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some((manager, guard)) = self.0.take() {
            drop(guard);
            let _ = manager.try_acquire(read(""));
        }
    }
}

#[test]
fn callbacks_hear_of_grant_cancel_and_close_exactly_once() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    type Told = Mutex<Vec<(u8, Result<u64, AcquireError>)>>;
    let told: Arc<Told> = Arc::default();
    let enqueue = |number: u8| {
        let told = Arc::clone(&told);
        let keep = move |result: Result<Guard, AcquireError>| {
            let result = result.map(|guard| {
                let token = guard.token();
                let _ = guard.into_id();
                token
            });
            told.lock().expect("no panic").push((number, result));
        };
        match manager.enqueue_with(write("a"), keep) {
            Ok(Enqueued::Waiting(id)) => id,
            other => panic!("{other:?}"),
        }
    };
    let ids = [0, 1, 2, 3].map(enqueue);
    assert_eq!(manager.cancel(ids[0]), Ok(()));
    assert_eq!(manager.release(ids[1]), Ok(()));
    let first = held.token();
    drop(held);
    let Ok(LockState::Granted(token)) = manager.state(ids[2]) else {
        panic!("not granted");
    };
    assert!(token > first);
    manager.close();
    assert_eq!(
        *told.lock().expect("no panic"),
        [
            (0, Err(AcquireError::Cancelled)),
            (1, Err(AcquireError::Cancelled)),
            (2, Ok(token)),
            (3, Err(AcquireError::Closed)),
        ]
    );
    assert_eq!(manager.release(ids[2]), Ok(()));
}

#[test]
fn a_callback_may_use_the_manager() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let (sender, receiver) = mpsc::channel();
    let again = manager.clone();
    let enqueued = manager.enqueue_with(write("a"), move |guard| {
        let guard = guard.expect("granted");
        let other = again.acquire(write("b")).expect("free");
        let busy = again.try_acquire(read("a")).is_err();
        drop((guard, other));
        sender.send(busy).expect("heard");
    });
    assert!(enqueued.is_ok());
    drop(held);
    assert_eq!(receiver.recv_timeout(LONG), Ok(true));
    assert_empty(&manager);
}

/// A callback may take long, and may even wait for somebody who was granted with
/// it: wakers come first.
#[test]
fn futures_are_woken_before_callbacks_run() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let (sender, woken) = mpsc::channel();
    let (told, tell) = mpsc::channel();
    let enqueued = manager.enqueue_with(read("a"), move |guard| {
        let other = woken.recv_timeout(LONG);
        drop(guard);
        told.send(other).expect("heard");
    });
    assert!(enqueued.is_ok());
    let future = manager.acquire_async(read("a"));
    let awaits = thread::spawn(move || {
        let guard = block_on(future).expect("granted");
        sender.send(()).expect("heard");
        drop(guard);
    });
    drop(held);
    assert_eq!(tell.recv_timeout(LONG), Ok(Ok(())));
    awaits.join().expect("no panic");
    assert_empty(&manager);
}

/// Also before the callback of one that was put in front of others.
#[test]
fn futures_are_woken_before_callbacks_of_those_put_in_front_run() {
    struct Tell(Mutex<mpsc::Sender<()>>);
    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.lock().expect("no panic").send(());
        }
    }
    let manager = Manager::new();
    let (one, two) = (manager.owner(), manager.owner());
    let of = |owner, claim| manager.request(claim).owner(owner);
    let held = manager.acquire([write("c"), write("f")]).expect("free");
    let of_two = of(&two, write("b")).acquire().expect("free");
    let first = of(&one, write("c")).enqueue().expect("open");
    let (sender, woken) = mpsc::channel();
    let (told, tell) = mpsc::channel();
    let enqueued = of(&two, write("c")).enqueue_with(move |guard| {
        let granted = guard.is_ok();
        told.send((granted, woken.recv_timeout(LONG)))
            .expect("heard");
    });
    assert!(matches!(enqueued, Ok(Enqueued::Waiting(_))));
    // It waits for two, which comes before one from now on.
    let behind = of(&one, write("b")).enqueue().expect("open");
    let mut future = manager.acquire_async(write("f"));
    let waker = Waker::from(Arc::new(Tell(Mutex::new(sender))));
    let mut context = Context::from_waker(&waker);
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    drop(held);
    assert_eq!(tell.recv_timeout(LONG), Ok((true, Ok(()))));
    drop(block_on(future).expect("granted"));
    drop(first.wait_timeout(LONG).expect("two has gone"));
    drop(of_two);
    drop(behind.wait_timeout(LONG).expect("two has gone"));
    assert_empty(&manager);
}

/// What a callback itself grants is told at once, too, if it is a future.
#[test]
fn a_callback_may_wait_for_a_future_that_it_grants() {
    struct Tell(Mutex<mpsc::Sender<()>>);
    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.lock().expect("no panic").send(());
        }
    }
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let (sender, woken) = mpsc::channel();
    let (told, tell) = mpsc::channel();
    let enqueued = manager.enqueue_with(write("a"), move |guard| {
        drop(guard);
        told.send(woken.recv_timeout(LONG)).expect("heard");
    });
    assert!(enqueued.is_ok());
    let mut future = manager.acquire_async(write("a"));
    let waker = Waker::from(Arc::new(Tell(Mutex::new(sender))));
    let mut context = Context::from_waker(&waker);
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    drop(held);
    assert_eq!(tell.recv_timeout(LONG), Ok(Ok(())));
    drop(block_on(future).expect("granted"));
    assert_empty(&manager);
}

/// A waker that panics when it goes: its request's end still grants others.
#[test]
fn an_abandoned_waker_goes_after_the_others_are_told() {
    struct Fuse;
    impl Wake for Fuse {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Fuse {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let manager = Manager::new();
    let held = manager.acquire(read("a")).expect("free");
    let mut abandoned = manager.acquire_async(write("a"));
    {
        let waker = Waker::from(Arc::new(Fuse));
        let mut context = Context::from_waker(&waker);
        assert!(Pin::new(&mut abandoned).poll(&mut context).is_pending());
    }
    let behind = manager.enqueue(read("a")).expect("valid");
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(abandoned)));
    assert!(dropped.is_err(), "the waker's panic is its future's affair");
    drop(behind.wait_timeout(LONG).expect("granted"));
    drop(held);
    assert_empty(&manager);
}

/// The same chain as below, from the destructor of a thread's local.
#[test]
fn a_chain_of_callbacks_at_the_end_of_a_thread() {
    thread_local! {
        static HELD: RefCell<Option<Guard>> = const { RefCell::new(None) };
    }
    const LONG_CHAIN: usize = 50_000;
    let manager = Manager::new();
    let told = Arc::new(AtomicUsize::new(0));
    let ending = thread::Builder::new().stack_size(256 * 1024).spawn({
        let (manager, told) = (manager.clone(), Arc::clone(&told));
        move || {
            let held = manager.acquire(write("a")).expect("free");
            HELD.set(Some(held));
            for _ in 0..LONG_CHAIN {
                let told = Arc::clone(&told);
                let enqueued = manager.enqueue_with(write("a"), move |guard| {
                    drop(guard.expect("granted"));
                    told.fetch_add(1, Ordering::Relaxed);
                });
                assert!(matches!(enqueued, Ok(Enqueued::Waiting(_))));
            }
            // Callbacks have run here since HELD was set: what they need of the
            // thread would be gone before it, if it had a destructor.
            let busy = manager.acquire(write("b")).expect("free");
            let enqueued = manager.enqueue_with(write("b"), |_| ());
            assert!(matches!(enqueued, Ok(Enqueued::Waiting(_))));
            drop(busy);
        }
    });
    ending.expect("a thread").join().expect("no panic");
    assert_eq!(told.load(Ordering::Relaxed), LONG_CHAIN);
    assert_empty(&manager);
}

/// Each callback releases its lock at once and so causes the next one. Nested,
/// they would need a stack as deep as the queue is long.
#[test]
fn a_long_chain_of_callbacks_does_not_exhaust_the_stack() {
    const LONG_CHAIN: usize = 100_000;
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let told = Arc::new(AtomicUsize::new(0));
    for _ in 0..LONG_CHAIN {
        let told = Arc::clone(&told);
        let enqueued = manager.enqueue_with(write("a"), move |guard| {
            drop(guard.expect("granted"));
            told.fetch_add(1, Ordering::Relaxed);
        });
        assert!(matches!(enqueued, Ok(Enqueued::Waiting(_))));
    }
    thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(move || drop(held))
        .expect("a thread")
        .join()
        .expect("no panic");
    until("all are told", || {
        told.load(Ordering::Relaxed) == LONG_CHAIN
    });
    assert_empty(&manager);
}

#[test]
fn a_panic_in_a_callback_harms_nobody_else() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let enqueued = manager.enqueue_with(read("a"), |_| panic!("on purpose"));
    assert!(enqueued.is_ok());
    let behind = manager.enqueue(read("a")).expect("valid");
    drop(held);
    drop(behind.wait().expect("granted"));
    // Its guard was dropped by the unwinding.
    assert_empty(&manager);
}

#[test]
fn the_callback_of_a_request_whose_manager_goes_away_hears_closed() {
    let manager = Manager::new();
    let _ = manager.acquire(write("a")).expect("free").into_id();
    let (sender, receiver) = mpsc::channel();
    let enqueued = manager.enqueue_with(write("a"), move |result| {
        let _ = sender.send(result.err());
    });
    assert!(enqueued.is_ok());
    drop(manager);
    assert_eq!(receiver.recv_timeout(LONG), Ok(Some(AcquireError::Closed)));
}
