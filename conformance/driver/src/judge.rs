//! The judge: replays one scenario on one surface and says what was not as expected.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::{Action, Answer, Checks, Expect, Scenario, State, Step, Verb};
use crate::surface::{Broken, Surface};

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
    if let Err(Broken(why)) = replay.run(scenario) {
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
    fn run(&mut self, scenario: &'a Scenario) -> Result<(), Broken> {
        self.surface.reset(scenario.max_waiting)?;
        let steps = &scenario.steps;
        for (index, step) in steps.iter().enumerate() {
            self.at = format!("step {} {}", index + 1, shortened(&step.to_string()));
            let mut either: BTreeSet<&str> = moment(steps, index)
                .flat_map(|step| step.either.iter().map(String::as_str))
                .collect();
            if let Some(action) = &step.action {
                if let Action::Ask { id, expect, .. } = action
                    && *expect == Some(Expect::Either)
                {
                    either.insert(id);
                }
                self.act(action)?;
            }
            self.open.extend(&either);
            self.check(&step.checks, &either)?;
        }
        Ok(())
    }

    fn act(&mut self, action: &'a Action) -> Result<(), Broken> {
        match action {
            Action::Ask {
                id,
                verb,
                expect,
                circle,
            } => self.ask(id, verb, *expect, circle.as_deref()),
            Action::WouldGrant { request, expect } => {
                let answer = self.surface.would_grant(request)?;
                self.compare_answer(*expect, &answer);
                Ok(())
            }
            Action::Unlock(ids) => ids.iter().try_for_each(|id| self.unlock(id)),
            Action::Close => self.surface.close(),
        }
    }

    fn ask(
        &mut self,
        id: &'a str,
        verb: &Verb,
        expect: Option<Expect>,
        circle: Option<&[String]>,
    ) -> Result<(), Broken> {
        let arrives = verb.request().is_some();
        // A request that the surface refused is a failure already.
        if !arrives && expect != Some(Expect::Error) && !self.live.contains(id) {
            return Ok(());
        }
        let answer = self.surface.ask(id, verb)?;
        let taken = matches!(answer, Answer::Acquired | Answer::Waiting);
        if arrives && taken && expect.is_none_or(Expect::leaves_request) {
            self.live.insert(id);
        }
        if answer == Answer::Released {
            self.live.remove(id);
        }
        self.compare_answer(expect, &answer);
        if let (Some(circle), Answer::Deadlock(got)) = (circle, &answer)
            && circle != got.as_slice()
        {
            let (circle, got) = (circle.join(", "), got.join(", "));
            self.fail(&format!("expected the cycle [{circle}], got [{got}]"));
        }
        Ok(())
    }

    /// Without an expectation anything will do but a refusal.
    fn compare_answer(&mut self, expect: Option<Expect>, answer: &Answer) {
        let as_expected = match expect {
            Some(expect) => expect.is_met_by(answer),
            None => matches!(
                answer,
                Answer::Acquired | Answer::Waiting | Answer::Done | Answer::Released
            ),
        };
        if !as_expected {
            let expected = expect.map_or("no error".to_owned(), |expect| expect.to_string());
            self.fail(&format!("expected {expected}, got {answer}"));
        }
    }

    fn unlock(&mut self, id: &'a str) -> Result<(), Broken> {
        self.open.remove(id);
        // A request that the surface refused is a failure already.
        if !self.live.remove(id) {
            return Ok(());
        }
        let answer = self.surface.unlock(id)?;
        if answer != Answer::Done {
            self.fail(&format!("expected {id} to end, got {answer}"));
        }
        Ok(())
    }

    fn check(&mut self, checks: &'a Checks, either: &BTreeSet<&str>) -> Result<(), Broken> {
        if State::ALL.iter().any(|state| checks.list(*state).is_some()) {
            self.check_lists(checks, either)?;
        }
        self.check_tokens(checks)?;
        if let Some((id, expected)) = &checks.blockers
            && self.live.contains(id.as_str())
        {
            let got = self.surface.blockers(id)?;
            if got != *expected {
                let (expected, got) = (names(expected), names(&got));
                self.fail(&format!("expected {id} to wait for {expected}, got {got}"));
            }
        }
        for (id, expected) in &checks.labels {
            if self.live.contains(id.as_str()) {
                let got = self.surface.label(id)?;
                if got != *expected {
                    self.fail(&format!("expected {id} to be {expected:?}, got {got:?}"));
                }
            }
        }
        Ok(())
    }

    fn check_tokens(&mut self, checks: &Checks) -> Result<(), Broken> {
        let mut last: Option<(&str, u64)> = None;
        for id in checks.tokens.iter().flatten() {
            let state = match self.live.contains(id.as_str()) {
                true => Some(self.surface.state(id)?),
                false => None,
            };
            if !state.is_some_and(|state| state.is_listed_as(State::Acquired)) {
                self.fail(&format!("expected a token of {id}, which is not granted"));
                continue;
            }
            let token = self.surface.token(id)?;
            if let Some((before, less)) = last.filter(|(_, less)| *less >= token) {
                self.fail(&format!(
                    "expected a greater token of {id} than {before}'s {less}, got {token}"
                ));
            }
            last = Some((id, token));
        }
        Ok(())
    }

    fn check_lists(&mut self, checks: &'a Checks, either: &BTreeSet<&str>) -> Result<(), Broken> {
        let mut states = BTreeMap::new();
        for &id in &self.live {
            states.insert(id, self.surface.state(id)?);
        }
        for state in State::ALL {
            let Some(list) = checks.list(state) else {
                continue;
            };
            self.compare(state, list, &states);
            for id in list {
                if !either.contains(id.as_str()) {
                    self.open.remove(id.as_str());
                }
                if state.is_end() {
                    self.live.remove(id.as_str());
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
                let asserted = expected.contains(*id) || !self.open.contains(*id);
                got.is_listed_as(state) && asserted
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

fn names(ids: &BTreeSet<String>) -> String {
    listed(&ids.iter().map(String::as_str).collect())
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
