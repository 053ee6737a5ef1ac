//! Managers with a name.
//!
//! The core keeps them in a registry with a lock of its own. A fork may catch
//! another thread holding that lock, which the child would then wait for for
//! ever; and what the registry holds belongs to the parent. So a forked child
//! has a registry here instead, made new in each generation.

use crate::fork;
use engine::Manager;
use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// The managers of a forked child. They are kept for as long as it lives.
struct Registry {
    generation: u32,
    managers: Mutex<HashMap<String, Manager>>,
}

/// The present registry, or one of a generation before; never freed.
static CHILD: AtomicPtr<Registry> = AtomicPtr::new(null_mut());

/// The manager of this name in this process.
pub(crate) fn get(name: &str) -> Manager {
    if fork::generation() == 0 {
        return Manager::named(name);
    }
    let managers = &child_registry().managers;
    let mut managers = managers.lock().unwrap_or_else(PoisonError::into_inner);
    let manager = managers.entry(name.to_owned()).or_default();
    if manager.is_closed() {
        *manager = Manager::new();
    }
    manager.clone()
}

fn child_registry() -> &'static Registry {
    let mut present = CHILD.load(Ordering::Acquire);
    loop {
        // SAFETY: NULL or leaked below, so valid for ever.
        if let Some(registry) = unsafe { present.as_ref() }
            && registry.generation == fork::generation()
        {
            return registry;
        }
        let fresh = Box::into_raw(Box::new(Registry {
            generation: fork::generation(),
            managers: Mutex::new(HashMap::new()),
        }));
        match CHILD.compare_exchange(present, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => present = fresh,
            Err(winner) => {
                // SAFETY: made above and seen by nobody else.
                drop(unsafe { Box::from_raw(fresh) });
                present = winner;
            }
        }
    }
}
