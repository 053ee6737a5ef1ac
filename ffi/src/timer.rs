//! The timeouts of asynchronous waits: one thread for the process, made when the
//! first is set and gone when none has been used for a while.

use crate::failure::Failure;
use crate::fork::PerProcess;
use crate::quiet::without_signals;
use crate::status::OARLOCK_ERR_INTERNAL;
use crate::target::Target;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the thread stays when no timeout is in use.
const LINGER: Duration = Duration::from_secs(2);

/// By time, and among equal times in the order of their making.
type Key = (Instant, u64);

#[derive(Default)]
struct Timer {
    state: Mutex<State>,
    /// The thread has slept long enough.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    armed: BTreeMap<Key, Target>,
    /// Timeouts that live, armed or not. The thread stays while there are any.
    users: usize,
    made: u64,
    running: bool,
    /// When the thread will look again; `None` while it does not sleep, and when it
    /// has been woken.
    sleeps_until: Option<Instant>,
}

static TIMER: PerProcess<Timer> = PerProcess::new(Timer::default);

impl Timer {
    /// No foreign code runs under this lock, so it is never found poisoned in the
    /// middle of a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let Some((&first, _)) = state.armed.first_key_value() else {
                let until = now + LINGER;
                state = self.sleep(state, now, until);
                let is_idle = state.armed.is_empty() && state.users == 0;
                if is_idle && Instant::now() >= until {
                    state.running = false;
                    return;
                }
                continue;
            };
            if first.0 > now {
                state = self.sleep(state, now, first.0);
                continue;
            }
            let target = state.armed.remove(&first);
            drop(state);
            // Callbacks run here.
            if let Some(target) = target {
                // A bug below must not end the thread, which the others need.
                let expired = catch_unwind(AssertUnwindSafe(|| target.expire()));
                std::mem::forget(expired);
            }
            state = self.lock();
        }
    }

    fn sleep<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        now: Instant,
        until: Instant,
    ) -> MutexGuard<'a, State> {
        state.sleeps_until = Some(until);
        let wait = self.changed.wait_timeout(state, until - now);
        let mut state = wait.unwrap_or_else(PoisonError::into_inner).0;
        state.sleeps_until = None;
        state
    }

    /// Wakes the thread if it sleeps for longer than this.
    fn look_by(&self, mut state: MutexGuard<'_, State>, by: Instant) {
        let wakes = state.sleeps_until.is_some_and(|until| until > by);
        if wakes {
            state.sleeps_until = None;
        }
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }
}

/// The timeout of one request or upgrade.
pub(crate) struct Alarm {
    timer: &'static Timer,
    key: Key,
    stage: Mutex<Stage>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Made,
    Armed,
    /// What it is for has ended.
    Over,
}

impl Alarm {
    /// One that goes off at this time, if it is armed by then or later. Makes the
    /// thread, so that arming cannot fail.
    pub(crate) fn new(at: Instant) -> Result<Arc<Self>, Failure> {
        let timer = TIMER.get();
        let mut state = timer.lock();
        if !state.running {
            let thread = std::thread::Builder::new().name("oarlock-timer".to_owned());
            if let Err(error) = without_signals(|| thread.spawn(|| timer.run())) {
                let sentence = format!("the system gives no thread for timeouts: {error}");
                return Err(Failure::new(OARLOCK_ERR_INTERNAL, sentence));
            }
            state.running = true;
        }
        state.users += 1;
        state.made += 1;
        let key = (at, state.made);
        Ok(Arc::new(Self {
            timer,
            key,
            stage: Mutex::new(Stage::Made),
        }))
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what it ends; does nothing if that has ended in the meantime.
    pub(crate) fn arm(&self, target: Target) {
        let mut stage = self.stage();
        if *stage != Stage::Made {
            return;
        }
        *stage = Stage::Armed;
        let mut state = self.timer.lock();
        state.armed.insert(self.key, target);
        self.timer.look_by(state, self.key.0);
    }

    /// What it is for has ended: it never goes off from here on.
    pub(crate) fn disarm(&self) {
        let before = std::mem::replace(&mut *self.stage(), Stage::Over);
        if before == Stage::Armed {
            let mut state = self.timer.lock();
            let removed = state.armed.remove(&self.key);
            if state.armed.is_empty() {
                // It is not to stay until the time that nobody waits for any more.
                self.timer.look_by(state, Instant::now() + LINGER);
            } else {
                drop(state);
            }
            // Not under the lock: it may be the last to know a manager.
            drop(removed);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.disarm();
        self.timer.lock().users -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Enqueued, Manager, write};
    use std::sync::mpsc;

    /// A request that waits behind another, and what its callback says.
    fn waits(manager: &Manager, at: Instant) -> (Arc<Alarm>, mpsc::Receiver<String>) {
        let (tell, told) = mpsc::channel();
        let alarm = Alarm::new(at).ok().expect("a thread for timeouts");
        let kept = Arc::clone(&alarm);
        let enqueued = manager.enqueue_with(write("a"), move |result| {
            kept.disarm();
            tell.send(format!("{:?}", result.map(|_| ()))).ok();
        });
        if let Ok(Enqueued::Waiting(id)) = enqueued {
            let manager = manager.weak();
            alarm.arm(Target::Request { manager, id });
        }
        (alarm, told)
    }

    #[test]
    fn alarms_go_off_in_the_order_of_their_times() {
        let manager = Manager::new();
        let _held = manager.acquire(write("a"));
        let now = Instant::now();
        let (_second, second) = waits(&manager, now + Duration::from_millis(2));
        let (_first, first) = waits(&manager, now + Duration::from_millis(1));
        let (_passed, passed) = waits(&manager, now);
        for told in [passed, first, second] {
            assert_eq!(told.recv().ok().as_deref(), Some("Err(Timeout)"));
        }
    }

    #[test]
    fn what_ends_before_leaves_nothing_behind() {
        let manager = Manager::new();
        let held = manager.acquire(write("a"));
        let (alarm, told) = waits(&manager, Instant::now() + Duration::from_secs(3600));
        let key = alarm.key;
        drop(held);
        assert_eq!(told.recv().ok().as_deref(), Some("Ok(())"));
        assert!(!alarm.timer.lock().armed.contains_key(&key));
    }

    #[test]
    fn arming_after_the_end_does_nothing() {
        let manager = Manager::new();
        let alarm = Alarm::new(Instant::now())
            .ok()
            .expect("a thread for timeouts");
        alarm.disarm();
        let held = manager.acquire(write("a")).expect("it is free");
        alarm.arm(Target::Request {
            manager: manager.weak(),
            id: held.id(),
        });
        assert!(!alarm.timer.lock().armed.contains_key(&alarm.key));
    }
}
