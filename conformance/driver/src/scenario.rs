//! What a scenario is, once it has been read: steps that lock and unlock, and
//! what must hold after each of them.

use std::collections::BTreeSet;
use std::fmt;

use crate::text;

/// Whether a claim shares its path or has it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Shared with other reads.
    Read,
    /// Exclusive.
    Write,
}

/// One claim of a request, as the scenario wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Read or write.
    pub mode: Mode,
    /// The segments, taken as they are. None at all is the root.
    pub path: Vec<Vec<u8>>,
    /// The limit of a limited read claim (a semaphore).
    pub limit: Option<u64>,
}

/// Where a live request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Granted and not yet ended.
    Acquired,
    /// In the queue.
    Waiting,
}

/// What a `lock` step says about its own outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The request is in this state right after the step.
    State(State),
    /// The request is refused and leaves nothing behind.
    Error,
    /// Nothing is asserted.
    Either,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A request takes its place in the queue.
    Lock {
        /// The scenario's name for the request.
        id: String,
        /// The claims, in the order in which they were written.
        claims: Vec<Claim>,
        /// The outcome asserted, if any.
        expect: Option<Expect>,
    },
    /// These requests end, one after the other, granted or waiting.
    Unlock(Vec<String>),
}

/// One step: at most one action, then what must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The action, done before anything is checked.
    pub action: Option<Action>,
    /// Exactly these requests are granted.
    pub acquired: Option<BTreeSet<String>>,
    /// Exactly these requests wait.
    pub waiting: Option<BTreeSet<String>>,
    /// Nothing is asserted about these.
    pub either: BTreeSet<String>,
    /// A key that this driver does not know: it may change the meaning of the
    /// step, so the scenario fails instead of being replayed without it.
    pub unknown_key: Option<String>,
}

/// A named list of steps, replayed on a fresh manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, or its number in the file when it has none.
    pub name: String,
    /// The steps in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The first reason why this scenario cannot be replayed as it stands:
    /// an unknown step key, a limit, or an id used when it is not live.
    ///
    /// # Errors
    /// A sentence that names the step.
    pub fn validate(&self) -> Result<(), String> {
        let mut live = BTreeSet::new();
        let mut known = BTreeSet::new();
        for (number, step) in (1..).zip(&self.steps) {
            step.validate(&mut live, &mut known)
                .map_err(|why| format!("step {number}: {why}"))?;
        }
        Ok(())
    }
}

impl Step {
    fn validate<'a>(
        &'a self,
        live: &mut BTreeSet<&'a str>,
        known: &mut BTreeSet<&'a str>,
    ) -> Result<(), String> {
        if let Some(key) = &self.unknown_key {
            return Err(format!("the key {key:?} is not supported"));
        }
        match &self.action {
            Some(Action::Lock { id, claims, expect }) => {
                if let Some(claim) = claims.iter().find(|claim| claim.limit.is_some()) {
                    return Err(format!(
                        "{claim} has a limit; semaphore limits are not supported"
                    ));
                }
                if live.contains(id.as_str()) {
                    return Err(format!("{id:?} is locked again before it was unlocked"));
                }
                known.insert(id);
                if *expect != Some(Expect::Error) {
                    live.insert(id);
                }
            }
            Some(Action::Unlock(ids)) => {
                for id in ids {
                    if !live.remove(id.as_str()) {
                        return Err(format!("{id:?} is unlocked but is not live"));
                    }
                }
            }
            None => {}
        }
        let listed = [&self.acquired, &self.waiting].into_iter().flatten();
        for id in listed.flatten().chain(&self.either) {
            if !known.contains(id.as_str()) {
                return Err(format!("{id:?} was never locked"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Acquired => "acquired",
            State::Waiting => "waiting",
        })
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::State(state) => state.fmt(f),
            Expect::Error => f.write_str("error"),
            Expect::Either => f.write_str("either"),
        }
    }
}

/// The claim as the scenario format writes it.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            Mode::Read => "r",
            Mode::Write => "w",
        };
        let segments: Vec<String> = self.path.iter().map(|s| text::json_string(s)).collect();
        write!(f, "[\"{mode}\", [{}]", segments.join(", "))?;
        if let Some(limit) = self.limit {
            write!(f, ", {limit}")?;
        }
        f.write_str("]")
    }
}

/// The step as the scenario format writes it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.action {
            Some(Action::Lock { id, claims, expect }) => {
                let claims: Vec<String> = claims.iter().map(Claim::to_string).collect();
                parts.push(format!("\"lock\": {}", quoted(id)));
                parts.push(format!("\"set\": [{}]", claims.join(", ")));
                if let Some(expect) = expect {
                    parts.push(format!("\"expect\": \"{expect}\""));
                }
            }
            Some(Action::Unlock(ids)) => match ids.as_slice() {
                [id] => parts.push(format!("\"unlock\": {}", quoted(id))),
                ids => parts.push(format!("\"unlock\": {}", id_list(ids))),
            },
            None => {}
        }
        if let Some(ids) = &self.acquired {
            parts.push(format!("\"acquired\": {}", id_list(ids)));
        }
        if let Some(ids) = &self.waiting {
            parts.push(format!("\"waiting\": {}", id_list(ids)));
        }
        if !self.either.is_empty() {
            parts.push(format!("\"either\": {}", id_list(&self.either)));
        }
        write!(f, "{{{}}}", parts.join(", "))
    }
}

/// The scenario as the scenario format writes it, one step a line.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(|s| format!("    {s}")).collect();
        let name = quoted(&self.name);
        write!(
            f,
            "  {{\"name\": {name}, \"steps\": [\n{}]}}",
            steps.join(",\n")
        )
    }
}

fn quoted(id: &str) -> String {
    text::json_string(id.as_bytes())
}

fn id_list<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| quoted(id)).collect();
    format!("[{}]", ids.join(", "))
}
