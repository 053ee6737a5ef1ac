//! Watching for locks that are held or awaited for long.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::id::LockId;
use crate::inspect::{self, RequestInfo};
use crate::manager::Manager;
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
    /// internal lock held. Each look takes as long as
    /// [`inspect`](Self::inspect) from the root: with very many locks choose a
    /// long threshold. A panic in the hook ends the watch. The watch does not keep
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
                    let seen = inspect::all(&shared);
                    // Not kept alive by its own watch while the hook runs.
                    drop(shared);
                    look(seen, threshold, &mut told, |it| {
                        hook(it);
                        // Perhaps by the hook itself: then that call was its last.
                        !watched.has_come()
                    });
                }
            })?;
        Ok(Watch {
            ended,
            thread: Some(thread),
        })
    }
}

/// Tells of those that have come to the threshold, while the hook says to go on, and
/// forgets those that ended.
fn look(
    seen: Vec<RequestInfo>,
    threshold: Duration,
    told: &mut HashSet<(LockId, bool)>,
    mut hook: impl FnMut(&RequestInfo) -> bool,
) {
    let key = |it: &RequestInfo| (it.id, it.state == crate::LockState::Waiting);
    let live: HashSet<_> = seen.iter().map(key).collect();
    told.retain(|it| live.contains(it));
    for it in seen {
        if it.age >= threshold && told.insert(key(&it)) && !hook(&it) {
            return;
        }
    }
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
