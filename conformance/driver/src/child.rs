//! A surface in a process of its own, reached by the line protocol.
//!
//! Nothing here waits without a deadline: an adapter that hangs, dies, or
//! answers nonsense makes its surface fail and never the driver hang. Two
//! threads move the lines, so that even a write that the adapter does not read
//! is bounded.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::scenario::{Answer, Request, State, Verb};
use crate::surface::{Broken, Surface};
use crate::wire::{self, Call};

/// How long an adapter may take for one answer, its start included, and for
/// its end. Far beyond what any needs, even on a machine that is busy.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// An adapter, started when it is first needed and again after it broke.
#[derive(Debug)]
pub struct Adapter {
    /// Program and arguments.
    command: Vec<OsString>,
    deadline: Duration,
    running: Option<Running>,
}

impl Adapter {
    /// An adapter that this command starts, with [`DEADLINE`] for each answer.
    #[must_use]
    pub fn new(command: Vec<OsString>) -> Self {
        Self::with_deadline(command, DEADLINE)
    }

    /// As [`new`](Self::new), with a deadline of its own.
    #[must_use]
    pub fn with_deadline(command: Vec<OsString>, deadline: Duration) -> Self {
        Adapter {
            command,
            deadline,
            running: None,
        }
    }

    fn ask_line(&mut self, call: &Call) -> Result<String, Broken> {
        let running = match &mut self.running {
            Some(running) => running,
            none => none.insert(Running::start(&self.command)?),
        };
        let answer = running.ask(&call.to_line(), self.deadline);
        if answer.is_err() {
            // Nothing it says from here on could be trusted; the drop ends it.
            self.running = None;
        }
        answer
    }

    /// A word that is no answer to the call breaks the surface.
    fn nonsense<T>(&mut self, call: &Call, answer: &str) -> Result<T, Broken> {
        self.running = None;
        let line = call.to_line();
        let verb = line.split(' ').next().unwrap_or_default();
        Err(Broken(format!(
            "the adapter answered {answer:?} to {verb:?}"
        )))
    }
}

impl Adapter {
    /// Asks, and reads the answer with this.
    fn read<T>(&mut self, call: &Call, parse: impl Fn(&str) -> Option<T>) -> Result<T, Broken> {
        let answer = self.ask_line(call)?;
        parse(&answer).map_or_else(|| self.nonsense(call, &answer), Ok)
    }
}

impl Surface for Adapter {
    fn reset(&mut self, max_waiting: Option<usize>) -> Result<(), Broken> {
        self.read(&Call::New(max_waiting), done)
    }

    fn ask(&mut self, id: &str, verb: &Verb) -> Result<Answer, Broken> {
        let call = Call::Ask(id.to_owned(), verb.clone());
        let fits = |answer: &Answer| match verb {
            Verb::Lock(_) | Verb::Try(_) | Verb::Upgrade => {
                !matches!(answer, Answer::Done | Answer::Released)
            }
            _ => !matches!(answer, Answer::Acquired | Answer::Waiting),
        };
        self.read(&call, |line| wire::parse_answer(line).filter(fits))
    }

    fn unlock(&mut self, id: &str) -> Result<Answer, Broken> {
        let fits = |answer: &Answer| matches!(answer, Answer::Done | Answer::Error(_));
        let call = Call::Unlock(id.to_owned());
        self.read(&call, |line| wire::parse_answer(line).filter(fits))
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        self.read(&Call::State(id.to_owned()), wire::parse_state)
    }

    fn would_grant(&mut self, request: &Request) -> Result<Answer, Broken> {
        self.read(&Call::WouldGrant(request.clone()), wire::parse_answer)
    }

    fn close(&mut self) -> Result<(), Broken> {
        self.read(&Call::Close, done)
    }

    fn token(&mut self, id: &str) -> Result<u64, Broken> {
        self.read(&Call::Token(id.to_owned()), wire::parse_token)
    }

    fn blockers(&mut self, id: &str) -> Result<BTreeSet<String>, Broken> {
        self.read(&Call::Blockers(id.to_owned()), wire::parse_blockers)
    }

    fn label(&mut self, id: &str) -> Result<String, Broken> {
        self.read(&Call::Label(id.to_owned()), wire::parse_label)
    }

    fn finish(&mut self) -> Result<(), Broken> {
        match self.running.take() {
            Some(running) => running.finish(self.deadline),
            None => Ok(()),
        }
    }
}

fn done(answer: &str) -> Option<()> {
    (answer == "ok").then_some(())
}

/// An adapter's process. Dropping it ends the process and all that it started.
#[derive(Debug)]
struct Running {
    process: process::Child,
    /// Whether the process has ended and been waited for: its id is not its own any more.
    reaped: bool,
    /// To the thread that writes; `None` once no more calls will come.
    calls: Option<Sender<String>>,
    /// From the thread that reads.
    answers: Receiver<String>,
}

impl Running {
    fn start(command: &[OsString]) -> Result<Self, Broken> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Broken("the adapter's command is empty".to_owned()));
        };
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own, so that it can be ended with all that it started.
            .process_group(0)
            .spawn()
            .map_err(|error| Broken(format!("cannot start {}: {error}", program.display())))?;
        let (calls, to_write) = mpsc::channel::<String>();
        let (to_answer, answers) = mpsc::channel();
        if let Some(mut stdin) = process.stdin.take() {
            thread::spawn(move || {
                for line in to_write {
                    if stdin
                        .write_all(line.as_bytes())
                        .and_then(|()| stdin.flush())
                        .is_err()
                    {
                        break;
                    }
                }
            });
        }
        if let Some(stdout) = process.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines() {
                    if line.is_ok_and(|line| to_answer.send(line).is_ok()) {
                        continue;
                    }
                    break;
                }
            });
        }
        Ok(Running {
            process,
            reaped: false,
            calls: Some(calls),
            answers,
        })
    }

    fn ask(&mut self, line: &str, deadline: Duration) -> Result<String, Broken> {
        if let Ok(line) = self.answers.try_recv() {
            return Err(Broken(format!("the adapter said {line:?} unasked")));
        }
        if let Some(calls) = &self.calls {
            // If the writing thread is gone, the answer will not come either.
            let _ = calls.send(format!("{line}\n"));
        }
        match self.answers.recv_timeout(deadline) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => Err(Broken(format!(
                "the adapter did not answer within {deadline:?}"
            ))),
            Err(RecvTimeoutError::Disconnected) => {
                let how = self.wait(Duration::from_secs(1));
                let how = how.map_or("closed its output".to_owned(), |status| {
                    format!("ended ({status})")
                });
                Err(Broken(format!("the adapter {how} instead of answering")))
            }
        }
    }

    fn finish(mut self, deadline: Duration) -> Result<(), Broken> {
        self.calls = None;
        match self.wait(deadline) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Broken(format!("the adapter ended badly ({status})"))),
            None => Err(Broken(format!(
                "the adapter did not end within {deadline:?} of the end of its input"
            ))),
        }
    }

    fn wait(&mut self, deadline: Duration) -> Option<process::ExitStatus> {
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = self.process.try_wait() {
                self.reaped = true;
                return Some(status);
            }
            if start.elapsed() >= deadline {
                return None;
            }
            // The standard library has no wait with a timeout.
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        // The group's id is the process id, and is its own until it is waited for.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("sh")
            .args(["-c", "kill -s KILL -- \"$1\"", "sh", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
