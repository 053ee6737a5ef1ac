//! Scenarios made by chance, with what the rules expect of every step.

use std::collections::BTreeSet;

use oarlock_proof::rng::Rng;

use crate::scenario::{
    Action, Answer, Checks, Claim, Expect, Mode, Path, Request, Scenario, State, Step, Verb,
};
use crate::surface::Surface;
use crate::surface::proved::Proved;
use crate::validate::Capability;

/// What scenarios made by chance may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What every surface offers.
    Plain,
    /// All but close and labels, which the pure engine has not.
    Rich,
}

impl Kind {
    /// What a surface has to offer for scenarios of this kind.
    #[must_use]
    pub fn needs(self) -> Vec<Capability> {
        let beyond = [Capability::Close, Capability::Labels];
        let rich = Capability::ALL.into_iter();
        match self {
            Kind::Plain => Vec::new(),
            Kind::Rich => rich.filter(|it| !beyond.contains(it)).collect(),
        }
    }
}

/// How one scenario leans, itself drawn by chance: how crowded it is, how deep
/// its paths are and how many of its claims write.
struct Leaning {
    kind: Kind,
    names: usize,
    depth: usize,
    claims: usize,
    crowd: usize,
    one_write_in: usize,
    owners: usize,
}

/// A scenario of so many steps. The same seed makes the same scenario.
#[must_use]
pub fn scenario(kind: Kind, seed: u64, steps: usize) -> Scenario {
    let mut rng = Rng::new(seed);
    let leaning = Leaning {
        kind,
        names: 1 + rng.below(4),
        depth: 1 + rng.below(4),
        claims: 1 + rng.below(4),
        // The list of the rules takes long over crowds with limits.
        crowd: 2 + rng.below(if kind == Kind::Rich { 6 } else { 14 }),
        one_write_in: 1 + rng.below(5),
        owners: rng.below(4),
    };
    let rich = kind == Kind::Rich;
    let max_waiting = (rich && rng.below(5) == 0).then(|| rng.below(4));
    let mut live: Vec<String> = Vec::new();
    let mut actions = Vec::new();
    for number in 0..steps {
        // The crowd settles where arrivals and ends are equally likely.
        let leaves = rng.below(2 * leaning.crowd) < live.len();
        if rich && rng.below(4) == 0 {
            actions.extend(leaning.change(&mut rng, &live));
        } else if leaves {
            let id = live.swap_remove(rng.below(live.len()));
            actions.push(Action::Unlock(vec![id]));
        } else {
            let id = format!("q{number}");
            live.push(id.clone());
            let request = leaning.request(&mut rng);
            actions.push(ask(id, Verb::Lock(request)));
        }
    }
    expected(format!("by chance, seed {seed}"), max_waiting, actions)
}

fn ask(id: String, verb: Verb) -> Action {
    Action::Ask {
        id,
        verb,
        expect: None,
        circle: None,
    }
}

impl Leaning {
    fn request(&self, rng: &mut Rng) -> Request {
        let claims = (0..=rng.below(self.claims)).map(|_| self.claim(rng));
        let claims = claims.collect();
        let owner = match self.kind {
            Kind::Plain => 0,
            Kind::Rich => rng.below(self.owners + 1),
        };
        Request {
            claims,
            owner: (owner > 0).then(|| format!("owner {owner}")),
            label: None,
        }
    }

    fn claim(&self, rng: &mut Rng) -> Claim {
        let mode = match rng.below(self.one_write_in) {
            0 => Mode::Write,
            _ => Mode::Read,
        };
        let limited = self.kind == Kind::Rich && mode == Mode::Read && rng.below(3) == 0;
        Claim {
            mode,
            path: self.path(rng),
            limit: limited.then(|| 1 + rng.below(3) as u32),
        }
    }

    fn path(&self, rng: &mut Rng) -> Path {
        let depth = match rng.below(12) {
            0 => 0,
            _ => 1 + rng.below(self.depth),
        };
        // The empty name and one with a slash are names like any other.
        let names: [&[u8]; 4] = [b"a", b"b", b"", b"a/b"];
        let path = (0..depth).map(|_| names[rng.below(self.names)].to_vec());
        let mut path: Path = path.collect();
        path.entry = self.kind == Kind::Rich && rng.below(6) == 0;
        path
    }

    /// Whatever a scenario may do besides locking and unlocking.
    fn change(&self, rng: &mut Rng, live: &[String]) -> Option<Action> {
        if rng.below(4) == 0 {
            let request = self.request(rng);
            return Some(Action::WouldGrant {
                request,
                expect: None,
            });
        }
        let id = rng.pick(live)?.clone();
        let verb = match rng.below(8) {
            0..=3 => Verb::Upgrade,
            4 => Verb::CancelUpgrade,
            5 => Verb::Downgrade,
            _ => Verb::ReleasePart(self.path(rng)),
        };
        Some(ask(id, verb))
    }
}

/// A scenario of these actions that expects what the rules say. Actions about
/// requests that are not live then are left out.
#[must_use]
pub fn expected(name: String, max_waiting: Option<usize>, actions: Vec<Action>) -> Scenario {
    let mut oracle = Proved::oracle();
    // The list of the rules neither dies nor hangs.
    let _ = oracle.reset(max_waiting);
    let mut live: BTreeSet<String> = BTreeSet::new();
    let mut steps = Vec::new();
    for mut action in actions {
        if act(&mut oracle, &mut live, &mut action) {
            let checks = checks(&mut oracle, &mut live);
            steps.push(Step {
                action: Some(action),
                checks,
                ..Step::default()
            });
        }
    }
    Scenario {
        name,
        max_waiting,
        steps,
    }
}

/// Does the action and fills in what to expect; `false` if it has to be left out.
fn act(oracle: &mut Proved, live: &mut BTreeSet<String>, action: &mut Action) -> bool {
    match action {
        Action::Ask {
            id,
            verb,
            expect,
            circle,
        } => {
            if verb.request().is_some() == live.contains(id) {
                return false;
            }
            let Ok(answer) = oracle.ask(id, verb) else {
                return false;
            };
            *expect = Some(expectation(&answer));
            // Another cycle may be as good.
            *circle = None;
            if verb.request().is_some() && expect.is_some_and(Expect::leaves_request) {
                live.insert(id.clone());
            }
            if answer == Answer::Released {
                live.remove(id);
            }
            true
        }
        Action::WouldGrant { request, expect } => {
            *expect = oracle.would_grant(request).ok().as_ref().map(expectation);
            true
        }
        Action::Unlock(ids) => {
            ids.retain(|id| live.remove(id));
            ids.iter().for_each(|id| drop(oracle.unlock(id)));
            !ids.is_empty()
        }
        Action::Close => oracle.close().is_ok(),
    }
}

fn expectation(answer: &Answer) -> Expect {
    match answer {
        Answer::Acquired => Expect::Acquired,
        Answer::Waiting => Expect::Waiting,
        Answer::Done => Expect::Done,
        Answer::Released => Expect::Released,
        Answer::Refused => Expect::Refused,
        Answer::Deadlock(_) => Expect::Deadlock,
        Answer::Closed => Expect::Closed,
        Answer::TooManyWaiting => Expect::TooManyWaiting,
        Answer::Error(_) => Expect::Error,
    }
}

fn checks(oracle: &mut Proved, live: &mut BTreeSet<String>) -> Checks {
    let mut ids = |listed: State| -> BTreeSet<String> {
        let is = |id: &&String| {
            oracle
                .state(id)
                .is_ok_and(|state| state.is_listed_as(listed))
        };
        live.iter().filter(is).cloned().collect()
    };
    let checks = Checks {
        acquired: Some(ids(State::Acquired)),
        waiting: Some(ids(State::Waiting)),
        upgrading: Some(ids(State::Upgrading)).filter(|ids| !ids.is_empty()),
        closed: Some(ids(State::Closed)).filter(|ids| !ids.is_empty()),
        ..Checks::default()
    };
    for id in checks.closed.iter().flatten() {
        live.remove(id);
    }
    checks
}

/// The smallest scenario found, by leaving requests, changes, ends and claims
/// out, that still fails; `fails` is asked of each candidate.
pub fn shrink(scenario: &Scenario, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    let mut best = scenario.clone();
    loop {
        let smaller = candidates(&best).into_iter().find(&mut fails);
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let actions: Vec<Action> = scenario
        .steps
        .iter()
        .filter_map(|s| s.action.clone())
        .collect();
    let mut all = Vec::new();
    let mut offer = |actions| {
        all.push(expected(
            scenario.name.clone(),
            scenario.max_waiting,
            actions,
        ));
    };
    for (index, action) in actions.iter().enumerate() {
        let without = |leave_out: &dyn Fn(&Action) -> bool| {
            let kept = actions.iter().filter(|action| !leave_out(action));
            kept.cloned().collect::<Vec<Action>>()
        };
        if let Action::Ask { id: gone, .. } = action {
            // The request with all that is about it, then this alone.
            offer(without(&|action| match action {
                Action::Ask { id, .. } => id == gone,
                Action::Unlock(ids) => ids.contains(gone),
                _ => false,
            }));
        }
        let mut fewer = actions.clone();
        fewer.remove(index);
        offer(fewer);
        let mut simpler = |change: &dyn Fn(&mut Request)| {
            let mut simple = actions.clone();
            match &mut simple[index] {
                Action::Ask {
                    verb: Verb::Lock(request) | Verb::Try(request),
                    ..
                }
                | Action::WouldGrant { request, .. } => change(request),
                _ => return,
            }
            if simple != actions {
                offer(simple);
            }
        };
        simpler(&|request| request.owner = None);
        for at in 0..claims(action) {
            simpler(&|request| {
                if request.claims.len() > 1 {
                    request.claims.remove(at);
                }
            });
            simpler(&|request| request.claims[at].limit = None);
            simpler(&|request| request.claims[at].path.entry = false);
        }
    }
    all
}

fn claims(action: &Action) -> usize {
    match action {
        Action::Ask { verb, .. } => verb.request().map_or(0, |request| request.claims.len()),
        Action::WouldGrant { request, .. } => request.claims.len(),
        Action::Unlock(_) | Action::Close => 0,
    }
}
