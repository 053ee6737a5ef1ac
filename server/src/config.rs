//! Everything that can be set, with the defaults.

use std::time::Duration;

pub use crate::origin::{AllowedOrigins, Origin};

/// What a server is told before it starts; read-only afterwards.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ADDR:PORT`; port 0 lets the system choose.
    pub listen: String,
    /// Web pages that may connect beside those of the server's own address.
    pub allowed_origins: AllowedOrigins,
    /// How much of anything a client may use.
    pub limits: ServerLimits,
    /// How long a client may take over anything.
    pub timeouts: Timeouts,
}

/// Bounds on what clients can make the server keep.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Bytes of one message, its fragments together.
    pub max_message_bytes: usize,
    /// Resources in one lock request.
    pub max_claims: usize,
    /// Segments of one path.
    pub max_segments: usize,
    /// Bytes of one path.
    pub max_path_bytes: usize,
    /// Segments of the paths of one lock request together.
    pub max_request_segments: usize,
    /// WebSocket connections at the same time.
    pub max_connections: usize,
    /// Namespaces at the same time.
    pub max_namespaces: usize,
    /// Bytes of a namespace's name.
    pub max_namespace_bytes: usize,
    /// Locks kept for clients that went, in all namespaces together. At this
    /// number new lock requests are refused, so at most `max_connections` more
    /// can come.
    pub max_abandoned: usize,
    /// What those may weigh together: one for each resource and one for each
    /// segment, and for a long segment one more for every 64 bytes.
    pub max_abandoned_segments: usize,
}

/// Bounds on time.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// For an HTTP request and its answer, the upgrade included.
    pub handshake: Duration,
    /// For a client to take a message off the server's hands.
    pub write: Duration,
    /// Of silence, after which the client is pinged.
    pub ping_interval: Duration,
    /// Of silence, after which the client counts as gone; more than
    /// `ping_interval`.
    pub ping_timeout: Duration,
}

/// The abandon timeout of a connection that names none.
pub const DEFAULT_ABANDON_TIMEOUT: Duration = Duration::from_secs(60);

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9009".to_owned(),
            allowed_origins: AllowedOrigins::default(),
            limits: ServerLimits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_message_bytes: 1 << 20,
            max_claims: 4096,
            max_segments: 1024,
            max_path_bytes: 65_536,
            max_request_segments: 16_384,
            max_connections: 10_000,
            max_namespaces: 10_000,
            max_namespace_bytes: 256,
            max_abandoned: 100_000,
            max_abandoned_segments: 1_000_000,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            write: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(60),
        }
    }
}
