//! Handles that do not keep their manager alive.

use oarlock::{Manager, WeakManager, write};

fn is_shared<T: Send + Sync + Clone + std::fmt::Debug>() {}

#[test]
fn it_gives_the_same_manager_while_anything_of_it_lives() {
    is_shared::<WeakManager>();
    let manager = Manager::new();
    let weak = manager.weak();
    let held = manager.acquire(write("a")).expect("free");
    let pending = manager.enqueue(write("a")).expect("open");
    drop(manager);
    let again = weak.upgrade().expect("two live");
    assert!(again.release(held.id()).is_ok(), "it is the same");
    drop((again, held));
    // The pending request alone; then its guard alone.
    assert!(weak.clone().upgrade().is_some());
    let guard = pending.wait().expect("granted");
    let again = weak.upgrade().expect("a guard lives");
    drop(guard);
    assert!(again.try_acquire(write("a")).is_ok());
    drop(again);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_name_is_free_when_only_weak_handles_are_left() {
    let name = "a_name_is_free_when_only_weak_handles_are_left";
    let manager = Manager::named(name);
    let weak = manager.weak();
    let id = manager.acquire(write("a")).expect("free").into_id();
    let again = weak.upgrade().expect("it lives");
    drop(manager);
    assert_eq!(again.name(), Some(name));
    assert!(Manager::named(name).try_acquire(write("a")).is_err());
    drop(again);
    // The next of that name is another one.
    let next = Manager::named(name);
    assert!(weak.upgrade().is_none());
    assert!(next.release(id).is_err());
    assert!(next.try_acquire(write("a")).is_ok());
}
