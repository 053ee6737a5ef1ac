//! The judge: replays one scenario on one surface and says what was not as expected.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::{Action, Claim, Expect, Scenario, State, Step};
use crate::surface::{Broken, Locked, Surface, Unlocked};

/// What came of one replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// One explanation for each thing that was not as expected; none is a pass.
    pub failures: Vec<String>,
    /// Whether the surface broke, rather than answered wrongly.
    pub broken: bool,
}

impl Outcome {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Replays the scenario on a fresh manager of the surface.
///
/// A step's action is done before its checks. `acquired` and `waiting` are
/// exact: they list all live requests in that state, but for those about which
/// nothing is asserted. These are the ids in an `either` of the same moment
/// (that is, with no action between), and those whose last mention was an
/// `either` and that the list does not name.
pub fn replay(surface: &mut dyn Surface, scenario: &Scenario) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(why) = scenario.validate() {
        outcome.failures.push(why);
        return outcome;
    }
    let mut replay = Replay {
        surface,
        live: BTreeSet::new(),
        open: BTreeSet::new(),
        failures: &mut outcome.failures,
        at: String::from("at the start"),
    };
    if let Err(Broken(why)) = replay.run(&scenario.steps) {
        let at = replay.at;
        outcome.failures.push(format!("{at}: {why}"));
        outcome.broken = true;
    }
    outcome
}

struct Replay<'a> {
    surface: &'a mut dyn Surface,
    /// Requests that the surface has taken and that have not been unlocked.
    live: BTreeSet<&'a str>,
    /// Requests about which nothing is asserted until a list names them.
    open: BTreeSet<&'a str>,
    failures: &'a mut Vec<String>,
    /// The step being replayed, for explanations.
    at: String,
}

impl<'a> Replay<'a> {
    fn run(&mut self, steps: &'a [Step]) -> Result<(), Broken> {
        self.surface.reset()?;
        for (index, step) in steps.iter().enumerate() {
            self.at = format!("step {} {}", index + 1, shortened(&step.to_string()));
            let mut either: BTreeSet<&str> = moment(steps, index)
                .flat_map(|step| step.either.iter().map(String::as_str))
                .collect();
            match &step.action {
                Some(Action::Lock { id, claims, expect }) => {
                    if *expect == Some(Expect::Either) {
                        either.insert(id);
                    }
                    self.lock(id, claims, *expect)?;
                }
                Some(Action::Unlock(ids)) => {
                    for id in ids {
                        self.unlock(id)?;
                    }
                }
                None => {}
            }
            self.open.extend(&either);
            self.check(step, &either)?;
        }
        Ok(())
    }

    fn lock(
        &mut self,
        id: &'a str,
        claims: &[Claim],
        expect: Option<Expect>,
    ) -> Result<(), Broken> {
        let got = match self.surface.lock(id, claims)? {
            Locked::As(state) => {
                if expect != Some(Expect::Error) {
                    self.live.insert(id);
                }
                Ok(state)
            }
            Locked::Refused(kind) => Err(kind),
        };
        let as_expected = match (expect, &got) {
            (Some(Expect::State(expected)), Ok(state)) => expected == *state,
            (Some(Expect::Error), got) => got.is_err(),
            (Some(Expect::Either) | None, Ok(_)) => true,
            (_, Err(_)) => false,
        };
        if !as_expected {
            let expected = expect.map_or("no error".to_owned(), |expect| expect.to_string());
            let got = got.map_or_else(|kind| format!("error {kind}"), |state| state.to_string());
            self.fail(&format!("expected {expected}, got {got}"));
        }
        Ok(())
    }

    fn unlock(&mut self, id: &'a str) -> Result<(), Broken> {
        self.open.remove(id);
        // A request that the surface refused is a failure already.
        if !self.live.remove(id) {
            return Ok(());
        }
        if let Unlocked::Refused(kind) = self.surface.unlock(id)? {
            self.fail(&format!("expected {id} to end, got error {kind}"));
        }
        Ok(())
    }

    fn check(&mut self, step: &'a Step, either: &BTreeSet<&str>) -> Result<(), Broken> {
        if step.acquired.is_none() && step.waiting.is_none() {
            return Ok(());
        }
        let mut states = BTreeMap::new();
        for &id in &self.live {
            states.insert(id, self.surface.state(id)?);
        }
        let lists = [
            (State::Acquired, &step.acquired),
            (State::Waiting, &step.waiting),
        ];
        for (state, list) in lists {
            if let Some(list) = list {
                self.compare(state, list, &states);
                for id in list.iter().filter(|id| !either.contains(id.as_str())) {
                    self.open.remove(id.as_str());
                }
            }
        }
        Ok(())
    }

    fn compare(&mut self, state: State, list: &BTreeSet<String>, states: &BTreeMap<&str, State>) {
        let expected: BTreeSet<&str> = list.iter().map(String::as_str).collect();
        let got: BTreeSet<&str> = states
            .iter()
            .filter(|(id, got)| {
                **got == state && (expected.contains(*id) || !self.open.contains(*id))
            })
            .map(|(id, _)| *id)
            .collect();
        if got == expected {
            return;
        }
        let missing = expected.difference(&got).map(|id| match states.get(id) {
            Some(state) => format!("; {id} is {state}"),
            None => format!("; {id} is not live"),
        });
        let unexpected = got
            .difference(&expected)
            .map(|id| format!("; {id} is {state}, too"));
        let details: String = missing.chain(unexpected).collect();
        let (expected, got) = (listed(&expected), listed(&got));
        self.fail(&format!("expected {state} {expected}, got {got}{details}"));
    }

    fn fail(&mut self, what: &str) {
        self.failures.push(format!("{}: {what}", self.at));
    }
}

/// The steps that speak about the same moment as this one: no action between.
fn moment(steps: &[Step], index: usize) -> impl Iterator<Item = &Step> {
    let begin = (0..=index)
        .rev()
        .find(|&i| steps[i].action.is_some())
        .unwrap_or(0);
    let end = (index + 1..steps.len()).find(|&i| steps[i].action.is_some());
    steps[begin..end.unwrap_or(steps.len())].iter()
}

fn listed(ids: &BTreeSet<&str>) -> String {
    let ids: Vec<&str> = ids.iter().copied().collect();
    format!("[{}]", ids.join(", "))
}

/// The beginning of a step that is too long to read.
fn shortened(step: &str) -> String {
    const MOST: usize = 240;
    match step.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &step[..end]),
        None => step.to_owned(),
    }
}
