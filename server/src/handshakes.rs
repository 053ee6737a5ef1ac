//! Requests that are being read or answered, in the order of their arrival.
//!
//! All of them together can take every socket the server has, for as long as the
//! handshake timeout. So that they do not keep others out, the oldest gives way
//! when a newcomer finds no socket free.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// For a task that was told to end to give its socket back. Longer and it had
/// just become a connection, so the next one is told.
const PATIENCE: Duration = Duration::from_millis(100);

/// The tasks that read and answer a request, oldest first.
#[derive(Debug)]
pub struct Handshakes {
    tasks: VecDeque<AbortHandle>,
    sockets: Arc<Semaphore>,
    /// How many tasks can live at the same time.
    most: usize,
}

impl Handshakes {
    /// None yet. Each has one of the `most` permits of `sockets`.
    pub fn new(sockets: &Arc<Semaphore>, most: usize) -> Self {
        Self {
            tasks: VecDeque::new(),
            sockets: Arc::clone(sockets),
            most,
        }
    }

    /// A place for one more socket; where there is none, in place of the oldest
    /// handshakes.
    pub async fn place(&mut self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(place) = Arc::clone(&self.sockets).try_acquire_owned() {
                return place;
            }
            self.drop_oldest();
            let place = Arc::clone(&self.sockets).acquire_owned();
            // The semaphore is never closed.
            if let Ok(Ok(place)) = timeout(PATIENCE, place).await {
                return place;
            }
        }
    }

    /// Adds the youngest.
    pub fn push(&mut self, task: AbortHandle) {
        // At least half of them have ended then, so this costs little a task.
        if self.tasks.len() >= 2 * self.most {
            self.tasks.retain(|task| !task.is_finished());
        }
        self.tasks.push_back(task);
    }

    fn drop_oldest(&mut self) {
        while let Some(task) = self.tasks.pop_front() {
            if !task.is_finished() {
                task.abort();
                return;
            }
        }
    }
}
