//! `oarlock._core`: the native half of the Python package.
//!
//! One rule runs through every file: **the engine is called while attached to
//! the interpreter, the waits are detached from it**. A call into the engine
//! takes tens of nanoseconds and never needs the interpreter, so it cannot
//! deadlock with it; a wait may last for ever, so every wait goes through
//! [`parker`], outside the interpreter, where a signal still ends it.
//!
//! - [`claims`] and [`timeout`] read what the caller passed in;
//! - [`manager`], [`lock`] and [`pending`] are the three classes;
//! - [`request`] is the life of one request, which all three stand on, and
//!   [`wake`] how those who wait for it are told;
//! - [`helper`] reaches the coroutines of `oarlock/_asyncio.py`;
//! - [`fork`] refuses what a forked child inherited;
//! - [`error`] turns refusals into the exceptions of `oarlock/_errors.py`.

#![deny(unsafe_code)]

mod claims;
mod error;
mod fork;
mod helper;
mod lock;
mod manager;
mod parker;
mod pending;
mod request;
mod timeout;
mod wake;

use pyo3::prelude::*;

/// The native half of the oarlock package; import `oarlock` instead.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::fork::_after_fork_in_child;
    #[pymodule_export]
    use super::lock::Lock;
    #[pymodule_export]
    use super::manager::Manager;
    #[pymodule_export]
    use super::pending::Pending;

    /// The longest timeout, in seconds.
    #[pymodule_export]
    const TIMEOUT_MAX: f64 = super::timeout::TIMEOUT_MAX;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
