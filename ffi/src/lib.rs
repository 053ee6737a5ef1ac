//! The C ABI of Oarlock: `liboarlock.so` and `liboarlock.a`, declared in
//! `include/oarlock.h`.
//!
//! One file for each C object (`manager`, `lock`, `error`) and one for each
//! concern that they share (`entry`, `fork`, `failure`, `timeout`). The header
//! is generated from this source, so the comments on exported items are the C
//! documentation and keep its order: what it does; who owns what; how long
//! pointers must live; which threads may call it; whether it blocks; which
//! statuses it returns.

// The exported types carry their C names, and the comment of an exported
// function is its contract: there is no second one for Rust callers.
#![allow(non_camel_case_types, clippy::missing_safety_doc)]

#[macro_use]
mod entry;
mod failure;
mod fork;
mod named;
mod timeout;

// In the order of the header.
pub mod version;

pub mod status;

pub mod error;

pub mod text;

pub mod claim;

pub mod options;

pub mod manager;

pub mod lock;

pub mod callback;
pub mod enqueue;
