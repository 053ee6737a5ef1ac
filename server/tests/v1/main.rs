//! The v1 protocol over loopback: a server in this process (or, in `process`,
//! the real binary) and clients that speak WebSocket or raw bytes.

// Tests may unwrap: a panic is their way to fail.
#![allow(clippy::unwrap_used)]

mod abandon;
mod http;
mod limits;
mod names;
mod process;
mod refusals;
mod states;
mod support;
mod vanishing;
