//! The C ABI of Oarlock: `liboarlock.so` and `liboarlock.a`, declared in
//! `include/oarlock.h`.
//!
//! One file for each C object (`manager`, `owner`, `lock`, `queue`, `look`,
//! `watch`, `error`), one for each way to wait (`lock`, `enqueue`, `upgrade`), and
//! one for each concern that they share (`entry`, `handle`, `life`, `fork`, `failure`,
//! `sized`, `timeout`, `timer`, `quiet`, `sink`, `outcome`, `signal`). The header is generated from
//! this source, so the comments on exported items are the C documentation and keep
//! its order: what it does; who owns what; how long pointers must live; which
//! threads may call it; whether it blocks; which statuses it returns.

// The exported types carry their C names, and the comment of an exported
// function is its contract: there is no second one for Rust callers. Its
// parameters are as many as C needs.
#![allow(
    non_camel_case_types,
    clippy::missing_safety_doc,
    clippy::too_many_arguments
)]

#[macro_use]
mod entry;
mod failure;
mod fork;
mod handle;
mod life;
mod named;
mod outcome;
mod quiet;
mod signal;
mod sink;
mod sized;
mod target;
mod timer;

// In the order of the header.
pub mod version;

pub mod status;

pub mod error;

pub mod text;

pub mod path;

pub mod claim;

pub mod options;

pub mod manager;

pub mod owner;

pub mod request;

pub mod clock;
pub mod timeout;

pub mod lock;

pub mod callback;
pub mod queue;

pub mod enqueue;

pub mod upgrade;

pub mod part;

pub mod look;

pub mod stats;

pub mod watch;
