//! The server that the WebSocket program talks to.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::child::{Failure, Running};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// `oarlock serve` on a free port of this machine; it ends with this handle.
pub struct Server {
    // Keeps reading what it writes, so that a full pipe cannot stop it.
    _running: Running,
    url: String,
}

impl Server {
    /// Starts the server and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it does not start, or does not say where it listens.
    pub fn start(program: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let mut running = Running::start(&mut command)?;
        let line = running.next_line(Instant::now() + PATIENCE)?;
        match line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on "))
        {
            Some(address) => Ok(Self {
                url: format!("ws://{}", address.trim()),
                _running: running,
            }),
            None => Err(running.failure(format!(
                "{} does not say where it listens",
                program.display()
            ))),
        }
    }

    /// Where to connect: `ws://ADDR:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
