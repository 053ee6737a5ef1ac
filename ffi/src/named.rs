//! Managers with a name.
//!
//! The core keeps them in a registry with a lock of its own. A fork may catch
//! another thread holding that lock, which the child would then wait for for
//! ever; and what the registry holds belongs to the parent. So a forked child
//! has a registry here instead.

use crate::fork::{self, PerProcess};
use engine::{Manager, WeakManager};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The managers of a forked child. As in the core, a name does not keep one
/// alive.
static OF_CHILD: PerProcess<Mutex<HashMap<String, WeakManager>>> = PerProcess::new(Mutex::default);

/// The manager of this name in this process.
pub(crate) fn get(name: &str) -> Manager {
    if fork::generation() == 0 {
        return Manager::named(name);
    }
    let mut managers = OF_CHILD
        .get()
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(manager) = managers.get(name).and_then(WeakManager::upgrade) {
        return manager;
    }
    managers.retain(|_, manager| manager.upgrade().is_some());
    let manager = Manager::new();
    managers.insert(name.to_owned(), manager.weak());
    manager
}
