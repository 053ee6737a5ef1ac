//! The end of a watch.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use oarlock::{Manager, Watch, read};

/// Though the same look has seen more that is to be told.
#[test]
fn a_hook_that_drops_its_watch_is_not_called_again() {
    let manager = Manager::new();
    let held: Vec<_> = (0..8)
        .map(|_| manager.acquire(read("a")).expect("it is free"))
        .collect();
    let place: Arc<Mutex<Option<Watch>>> = Arc::default();
    let mut calls = 0;
    // The sender goes with the hook: then the watch's thread is done with it.
    let (tell, told) = mpsc::channel();
    let own = Arc::clone(&place);
    let mut at_the_place = place.lock().expect("no panic");
    let watch = manager.watch(Duration::ZERO, move |_| {
        calls += 1;
        tell.send(calls).expect("it is listened to");
        drop(own.lock().expect("no panic").take());
    });
    *at_the_place = Some(watch.expect("a thread"));
    drop(at_the_place);
    assert_eq!(told.iter().collect::<Vec<_>>(), [1]);
    drop(held);
}
