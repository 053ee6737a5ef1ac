//! The WebSocket front of Oarlock.
//!
//! One [`Manager`](oarlock::Manager) a namespace, one lock at a time a
//! connection. What the protocol means lives in [`v1`], which does no I/O; the
//! other modules carry bytes, limits and time. `docs/protocol.md` is the
//! protocol as served.
//!
//! The way of one connection: [`server`] accepts it, `http` reads the request,
//! `upgrade` checks and answers it, `connection` then moves messages between
//! the socket, [`v1::Session`] and the core, and `abandon` keeps what the
//! client still held when it went.

mod abandon;
pub mod cli;
pub mod config;
mod connection;
mod farewell;
mod handshakes;
mod http;
mod liveness;
mod lock;
mod namespace;
mod origin;
mod page;
mod query;
pub mod server;
mod stats;
mod upgrade;
pub mod v1;

pub use config::Config;
pub use server::Server;
