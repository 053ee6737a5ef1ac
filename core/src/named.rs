//! The managers of this process that have names.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::builder::ManagerBuilder;
use crate::shared::Shared;
use crate::sync::{Arc, Mutex, Weak};

/// Names of live managers, and for a moment of some that are being dropped. No
/// manager is dropped and none of its locks taken while this mutex is held.
static NAMED: LazyLock<Mutex<HashMap<String, Weak<Shared>>>> = LazyLock::new(Mutex::default);

/// The manager of this name, made if there is none.
pub(crate) fn get(name: &str) -> Arc<Shared> {
    let mut named = NAMED.lock();
    if let Some(shared) = named.get(name).and_then(Weak::upgrade) {
        return shared;
    }
    let shared = ManagerBuilder::default().build_named(name);
    named.insert(name.to_owned(), Arc::downgrade(&shared));
    shared
}

/// Frees the name of a manager that is being dropped, unless a new one has
/// taken it meanwhile.
pub(crate) fn forget(name: &str) {
    let mut named = NAMED.lock();
    if named.get(name).is_some_and(|weak| weak.strong_count() == 0) {
        named.remove(name);
    }
}
