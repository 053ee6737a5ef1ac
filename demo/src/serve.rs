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
        Self::listening(&mut command)
    }

    fn listening(command: &mut Command) -> Result<Self, Failure> {
        let mut running = Running::start(command)?;
        let line = running.next_line(Instant::now() + PATIENCE)?;
        let address = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on "));
        match address {
            Some(address) => Ok(Self {
                url: format!("ws://{}", address.trim()),
                _running: running,
            }),
            None => {
                let program = command.get_program().to_string_lossy();
                Err(running.failure(format!("{program} does not say where it listens")))
            }
        }
    }

    /// Where to connect: `ws://ADDR:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(script: &str) -> Result<Server, Failure> {
        Server::listening(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn the_address_is_the_one_it_says() {
        let server = server("echo listening on 127.0.0.1:7; exec sleep 1000").expect("it says so");
        assert_eq!(server.url(), "ws://127.0.0.1:7");
    }

    #[test]
    fn one_that_ends_or_says_something_else_is_none() {
        for script in [":", "echo hello; exec sleep 1000"] {
            let failure = server(script).err().expect("no address");
            assert!(failure.reason.contains("where it listens"), "{failure}");
        }
        assert!(Server::start(Path::new("/nonexistent/oarlock")).is_err());
    }
}
