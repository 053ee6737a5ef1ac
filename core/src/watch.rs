//! Watching for locks that are held or awaited for long.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::id::LockId;
use crate::inspect::{Look, RequestInfo};
use crate::manager::Manager;
use crate::shard::Shard;
use crate::shared::Shared;
use crate::sync::{Arc, Weak};

/// Calls a hook for requests that are held or awaited for long. From
/// [`Manager::watch`](crate::Manager::watch); dropping it ends the watch, and
/// waits for a hook that is running (unless it is the hook that drops it). The hook is
/// not called again then.
#[derive(Debug)]
#[must_use = "a watch that is dropped ends at once"]
pub struct Watch {
    ended: Arc<Ended>,
    thread: Option<JoinHandle<()>>,
}

/// Set when the watch is dropped.
#[derive(Debug, Default)]
struct Ended {
    flag: Mutex<bool>,
    changed: Condvar,
}

/// Looks so often within the threshold.
const LOOKS: u32 = 4;

impl Manager {
    /// Calls `hook` once for every request that has been held, or has waited, for
    /// longer than `threshold`: once for the wait, and once for the hold. It is
    /// told up to a quarter of the threshold late.
    ///
    /// The hook runs on a thread that the watch begins for itself, with no
    /// internal lock held. Each look goes over all live requests as
    /// [`inspect`](Self::inspect) does, a few at a time, and copies only what is to be
    /// told. A panic in the hook ends the watch. The watch does not keep
    /// the manager alive, but for the moment of a look: a named manager may be found
    /// again in that moment though its last handle has gone.
    ///
    /// # Errors
    ///
    /// Those of [`std::thread::Builder::spawn`].
    pub fn watch(
        &self,
        threshold: Duration,
        mut hook: impl FnMut(&RequestInfo) + Send + 'static,
    ) -> std::io::Result<Watch> {
        let shared = Arc::downgrade(self.shared());
        let ended = Arc::new(Ended::default());
        let watched = Arc::clone(&ended);
        let between = (threshold / LOOKS).max(Duration::from_millis(1));
        let thread = std::thread::Builder::new()
            .name("oarlock-watch".to_owned())
            .spawn(move || {
                let mut told = HashSet::new();
                while !watched.wait(between) {
                    let Some(shared) = Weak::upgrade(&shared) else {
                        return;
                    };
                    let due = due(&shared, threshold, &mut told);
                    // Not kept alive by its own watch while the hook runs.
                    drop(shared);
                    for it in due {
                        hook(&it);
                        // Perhaps by the hook itself: then that call was its last.
                        if watched.has_come() {
                            return;
                        }
                    }
                }
            })?;
        Ok(Watch {
            ended,
            thread: Some(thread),
        })
    }
}

/// Those that have come to the threshold and were not told of yet. Whoever has ended is
/// forgotten, and who is granted now after it was told of as waiting.
fn due(
    shared: &Shared,
    threshold: Duration,
    told: &mut HashSet<(LockId, bool)>,
) -> Vec<RequestInfo> {
    let ripe = RefCell::new(HashSet::new());
    let mut due = Vec::new();
    let all = |shard: &Shard, from, places| {
        let (ids, next) = shard.engine.some_ids(from, places);
        (ids.collect(), next)
    };
    let wanted = |it: &Look<'_>| match it.age(shared) {
        Some((age, waits)) if age >= threshold => {
            let key = (it.id, waits);
            ripe.borrow_mut().insert(key);
            !told.contains(&key)
        }
        _ => false,
    };
    shared.look(all, wanted, |it| due.push(it));
    *told = ripe.into_inner();
    due
}

impl Ended {
    /// Waits for a while, and says whether the watch has ended.
    fn wait(&self, time: Duration) -> bool {
        let flag = self.flag.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.changed.wait_timeout_while(flag, time, |ended| !*ended);
        *wait.unwrap_or_else(PoisonError::into_inner).0
    }

    fn has_come(&self) -> bool {
        *self.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self
            .ended
            .flag
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic in the hook was shown by the panic hook.
            drop(thread.join());
        }
    }
}
