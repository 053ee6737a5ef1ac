//! Runs one program to its end, or to the end of our patience.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Of what a program writes to stderr the last lines are kept, this many.
const KEPT_LINES: usize = 40;

/// Why a program gave no result, and what it said on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A clause without its subject: "it ended with exit status: 1".
    pub reason: String,
    /// The last lines of its stderr; may be empty.
    pub stderr: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        for line in self.stderr.lines() {
            write!(f, "\n    | {line}")?;
        }
        Ok(())
    }
}

/// A line that the program wrote.
enum Line {
    Out(String),
    Err(String),
}

/// A child process that ends with its handle.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<Line>,
    stderr: VecDeque<String>,
}

impl Running {
    /// Starts the command, without input, and listens to its output.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure {
                reason: format!(
                    "{} does not start: {error}",
                    command.get_program().to_string_lossy()
                ),
                stderr: String::new(),
            })?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, Line::Out, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, Line::Err, sender);
        }
        Ok(Self {
            child,
            lines,
            stderr: VecDeque::new(),
        })
    }

    /// The next line on stdout; `Ok(None)` when there will be none.
    pub(crate) fn next_line(&mut self, deadline: Instant) -> Result<Option<String>, Failure> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(Line::Out(line)) => return Ok(Some(line)),
                Ok(Line::Err(line)) => {
                    if self.stderr.len() == KEPT_LINES {
                        self.stderr.pop_front();
                    }
                    self.stderr.push_back(line);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.failure("it took too long and was stopped".to_owned()));
                }
            }
        }
    }

    pub(crate) fn failure(&self, reason: String) -> Failure {
        Failure {
            reason,
            stderr: self.stderr.iter().map(|line| format!("{line}\n")).collect(),
        }
    }

    /// Waits for the end of a program that has closed its output.
    fn status(&mut self, deadline: Instant) -> Result<ExitStatus, Failure> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Ok(None) => return Err(self.failure("it does not end and was stopped".to_owned())),
                Err(error) => return Err(self.failure(format!("its end is unknown: {error}"))),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends each line on until the pipe is closed. The thread is not joined: if
/// a stranger keeps the pipe open, it stays behind, and nobody waits for it.
fn forward(pipe: impl Read + Send + 'static, wrap: fn(String) -> Line, sender: Sender<Line>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.send(wrap(line)).is_err() {
                break;
            }
        }
    });
}

/// Runs the command for at most `limit` and gives each line of its stdout to
/// `on_line` as it comes. Returns the last one.
///
/// # Errors
///
/// If it does not start, does not end in time (it is killed then), or does not
/// end with success.
pub fn run(
    command: &mut Command,
    limit: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<Option<String>, Failure> {
    let deadline = Instant::now() + limit;
    let mut running = Running::start(command)?;
    let mut last = None;
    while let Some(line) = running.next_line(deadline)? {
        on_line(&line);
        last = Some(line);
    }
    let status = running.status(deadline)?;
    if !status.success() {
        return Err(running.failure(format!("it ended with {status}")));
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_come_one_by_one_and_the_last_is_kept() {
        let mut lines = Vec::new();
        let last = run(&mut shell("echo one; echo x >&2; echo two"), LONG, |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(last, Ok(Some("two".to_owned())));
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(run(&mut shell(":"), LONG, |_| ()), Ok(None));
    }

    #[test]
    fn a_failure_keeps_the_end_of_stderr() {
        let mut script = shell("echo good; for n in $(seq 100); do echo $n >&2; done; exit 3");
        let failure = run(&mut script, LONG, |_| ()).expect_err("exit 3");
        assert!(failure.reason.contains('3'), "{failure}");
        assert!(failure.stderr.starts_with("61\n"), "{failure}");
        assert!(failure.to_string().ends_with("| 100"), "{failure}");
    }

    #[test]
    fn a_missing_program_says_its_name() {
        let failure = run(&mut Command::new("/nonexistent/p"), LONG, |_| ()).expect_err("missing");
        assert!(failure.reason.contains("/nonexistent/p"), "{failure}");
    }

    #[test]
    fn a_program_that_does_not_end_is_stopped() {
        for script in ["exec sleep 1000", "exec sleep 1000 >&- 2>&-"] {
            let limit = Duration::from_millis(20);
            let failure = run(&mut shell(script), limit, |_| ()).expect_err("it sleeps");
            assert!(failure.reason.contains("stopped"), "{failure}");
        }
    }
}
