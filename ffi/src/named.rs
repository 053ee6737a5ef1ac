//! Managers with a name.
//!
//! The core finds its managers by weak references, so that one lives while anything
//! knows it: a callback that runs, too. A manager of C ends with its last handle, to
//! the moment; so the handles are counted here. And a forked child, which may have
//! inherited the registry locked, has one of its own.

use crate::fork::PerProcess;
use crate::life::Life;
use engine::Manager;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static NAMED: PerProcess<Mutex<HashMap<Box<str>, Named>>> = PerProcess::new(Mutex::default);

struct Named {
    manager: Manager,
    life: Arc<Life>,
    /// At least 1.
    handles: usize,
}

/// No manager ends under this lock.
fn lock() -> MutexGuard<'static, HashMap<Box<str>, Named>> {
    NAMED.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// The manager of this name in this process, for one more handle.
pub(crate) fn get(name: &str) -> (Manager, Arc<Life>) {
    let mut all = lock();
    if let Some(named) = all.get_mut(name) {
        named.handles += 1;
        return (named.manager.clone(), Arc::clone(&named.life));
    }
    let (manager, life) = (Manager::new(), Arc::<Life>::default());
    let named = Named {
        manager: manager.clone(),
        life: Arc::clone(&life),
        handles: 1,
    };
    all.insert(Box::from(name), named);
    (manager, life)
}

/// A handle goes. True if it was the last: then the name is free again.
pub(crate) fn put_back(name: &str) -> bool {
    let mut all = lock();
    let Some(named) = all.get_mut(name) else {
        return false;
    };
    named.handles -= 1;
    if named.handles > 0 {
        return false;
    }
    let last = all.remove(name);
    drop(all);
    drop(last);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_handle_frees_the_name() {
        let get = |name| get(name).0;
        let (first, second) = (get("named"), get("named"));
        first.close();
        assert!(second.is_closed());
        assert!(!put_back("named"));
        assert!(get("named").is_closed());
        assert!(!put_back("named"));
        assert!(put_back("named"));
        assert!(!get("named").is_closed());
        assert!(put_back("named") && !put_back("named"));
    }
}
