//! The Rust manager as a surface.

use std::collections::BTreeMap;

use oarlock::{LockState, Manager, Path, Pending, write};

use super::engine::claim;
use super::{Broken, Locked, Surface, Unlocked, not_live};
use crate::scenario::{Claim, State};

/// A manager and the requests that it keeps.
pub struct Rust {
    make: fn() -> Manager,
    manager: Manager,
    live: BTreeMap<String, Pending>,
}

impl Rust {
    /// Managers as everybody makes them.
    #[must_use]
    pub fn new() -> Self {
        Self::made_by(Manager::new)
    }

    /// Managers made in a way of the caller's.
    #[must_use]
    pub fn made_by(make: fn() -> Manager) -> Self {
        Rust {
            make,
            manager: make(),
            live: BTreeMap::new(),
        }
    }

    /// The fencing token of a granted request.
    #[must_use]
    pub fn token(&self, id: &str) -> Option<u64> {
        match self.live.get(id)?.state()? {
            LockState::Granted(token) => Some(token),
            LockState::Waiting => None,
        }
    }
}

impl Default for Rust {
    fn default() -> Self {
        Self::new()
    }
}

impl Surface for Rust {
    /// Drops what is left, and looks whether that leaves nothing behind: the
    /// whole of the old manager must be free then.
    fn reset(&mut self) -> Result<(), Broken> {
        self.live.clear();
        let old = std::mem::replace(&mut self.manager, (self.make)());
        match old.try_acquire(write(Path::root())) {
            Ok(_) => Ok(()),
            Err(_) => Err(Broken(
                "the last scenario's requests left something behind".to_owned(),
            )),
        }
    }

    fn lock(&mut self, id: &str, claims: &[Claim]) -> Result<Locked, Broken> {
        match self.manager.enqueue(claims.iter().map(claim)) {
            Ok(pending) => {
                self.live.insert(id.to_owned(), pending);
                self.state(id).map(Locked::As)
            }
            Err(error) => Ok(Locked::Refused(error.to_string())),
        }
    }

    fn unlock(&mut self, id: &str) -> Result<Unlocked, Broken> {
        let before = self.state(id)?;
        let Some(pending) = self.live.remove(id) else {
            return not_live(id);
        };
        // With one thread the cancel cannot be overtaken by a grant.
        match (before, pending.cancel()) {
            (State::Waiting, Ok(())) => Ok(Unlocked::Done),
            (State::Acquired, Err(guard)) => match guard.release() {
                Ok(()) => Ok(Unlocked::Done),
                Err(error) => Ok(Unlocked::Refused(error.to_string())),
            },
            (State::Waiting, Err(_)) => Err(Broken(format!("{id} was waiting, but was granted"))),
            (State::Acquired, Ok(())) => Err(Broken(format!("{id} was granted, but is gone"))),
        }
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        let Some(pending) = self.live.get(id) else {
            return not_live(id);
        };
        match pending.state() {
            Some(LockState::Granted(_)) => Ok(State::Acquired),
            Some(LockState::Waiting) => Ok(State::Waiting),
            None => Err(Broken(format!("{id} has ended by itself"))),
        }
    }

    fn finish(&mut self) -> Result<(), Broken> {
        self.reset()
    }
}
