//! The surfaces of this process: the naive list of the rules, the pure engine and
//! the manager, as the proof's subjects.

use std::collections::{BTreeMap, BTreeSet};

use oarlock_proof::ops::Op;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::subject::manager::Managed;
use oarlock_proof::subject::naive::Naive;
use oarlock_proof::words::{Claim, ENTRY, Id, Outcome, Owner, Refused};

use super::{Broken, Surface, not_live};
use crate::scenario::{Answer, Mode, Path, Request, State, Verb};

/// A subject whose requests have the scenario's names.
pub struct Proved {
    subject: Box<dyn Subject>,
    /// The newest request of each name.
    ids: BTreeMap<String, Id>,
    owners: BTreeMap<String, Owner>,
    /// Requests that ended by themselves.
    ended: BTreeMap<Id, State>,
    next: Id,
}

impl Proved {
    /// The naive list of the rules.
    #[must_use]
    pub fn oracle() -> Self {
        Self::of(Naive::default())
    }

    /// The pure engine.
    #[must_use]
    pub fn engine() -> Self {
        Self::of(Pure::new())
    }

    /// A manager with so many shards.
    #[must_use]
    pub fn manager(shards: usize) -> Self {
        Self::of(Managed::new(shards))
    }

    /// Any subject.
    #[must_use]
    pub fn of(subject: impl Subject + 'static) -> Self {
        Proved {
            subject: Box::new(subject),
            ids: BTreeMap::new(),
            owners: BTreeMap::new(),
            ended: BTreeMap::new(),
            next: 0,
        }
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        let outcome = self.subject.apply(op);
        for (id, what) in self.subject.news() {
            // Close leaves what is granted, and ends its upgrade alone.
            if what.is_err() && self.subject.seen(id).is_none() {
                self.ended.insert(id, State::Closed);
            }
        }
        outcome
    }

    fn answer(&mut self, done: Answer, outcome: Outcome, op: &Op) -> Answer {
        match outcome {
            Ok(()) => done,
            Err(Refused::WouldBlock) => Answer::Refused,
            Err(Refused::Closed) => Answer::Closed,
            Err(Refused::TooManyWaiting) => Answer::TooManyWaiting,
            Err(Refused::Deadlock) => {
                let circle = self.subject.circle().unwrap_or_default();
                let name = |id: &Id| {
                    if *id == Id::MAX {
                        op.id().unwrap_or(*id)
                    } else {
                        *id
                    }
                };
                let circle = circle.iter().map(|id| self.name(name(id)));
                Answer::Deadlock(circle.collect())
            }
            Err(other) => Answer::Error(format!("{other:?}")),
        }
    }

    fn name(&self, id: Id) -> String {
        let found = self.ids.iter().find(|(_, known)| **known == id);
        found.map_or_else(|| format!("request {id}"), |(name, _)| name.clone())
    }

    fn id(&self, name: &str) -> Id {
        // 0 is never one.
        self.ids.get(name).copied().unwrap_or(0)
    }

    fn state_of(&self, id: Id) -> Option<State> {
        let Some(seen) = self.subject.seen(id) else {
            return self.ended.get(&id).copied();
        };
        Some(match (seen.token, seen.upgrading) {
            (None, _) => State::Waiting,
            (Some(_), false) => State::Acquired,
            (Some(_), true) => State::Upgrading,
        })
    }

    fn owner(&mut self, request: &Request) -> Option<Owner> {
        let next = self.owners.len() as Owner + 1;
        let name = request.owner.clone()?;
        Some(*self.owners.entry(name).or_insert(next))
    }

    fn arrive(&mut self, name: &str, verb: &Verb, request: &Request) -> Answer {
        self.next += 1;
        let (id, owner, claims) = (self.next, self.owner(request), claims(request));
        let before = self.ids.insert(name.to_owned(), id);
        let op = match verb {
            Verb::Try(_) => Op::Try(id, owner, claims),
            _ => Op::Submit(id, owner, claims),
        };
        if let Some(label) = &request.label {
            self.subject.set_label(label);
        }
        let outcome = self.apply(&op);
        let done = match self.state_of(id) {
            Some(State::Waiting) => Answer::Waiting,
            _ => Answer::Acquired,
        };
        let answer = self.answer(done, outcome, &op);
        if !matches!(answer, Answer::Acquired | Answer::Waiting) {
            // Refused, it has left nothing: the name is what it was.
            match before {
                Some(before) => self.ids.insert(name.to_owned(), before),
                None => self.ids.remove(name),
            };
        }
        answer
    }
}

fn claims(request: &Request) -> Vec<Claim> {
    let claims = request.claims.iter().map(|claim| Claim {
        write: claim.mode == Mode::Write,
        path: path(&claim.path),
        limit: claim.limit,
        inherited: false,
    });
    claims.collect()
}

/// A path in the words of the rules.
fn path(path: &Path) -> oarlock_proof::ops::Path {
    let entry = path.entry.then(|| ENTRY.to_vec());
    path.segments.iter().cloned().chain(entry).collect()
}

impl Surface for Proved {
    /// Ends what is left, and looks whether that leaves nothing behind.
    fn reset(&mut self, max_waiting: Option<usize>) -> Result<(), Broken> {
        for id in std::mem::take(&mut self.ids).into_values() {
            if self.subject.seen(id).is_some() {
                let _ = self.apply(&Op::End(id));
            }
        }
        let idle = self.subject.is_idle();
        self.subject.reset(max_waiting);
        self.owners.clear();
        self.ended.clear();
        match idle {
            true => Ok(()),
            false => Err(Broken(
                "the last scenario's requests left something behind".to_owned(),
            )),
        }
    }

    fn ask(&mut self, name: &str, verb: &Verb) -> Result<Answer, Broken> {
        let id = self.id(name);
        let (op, done) = match verb {
            Verb::Lock(request) | Verb::Try(request) => {
                return Ok(self.arrive(name, verb, request));
            }
            Verb::Upgrade => (Op::Upgrade(id), Answer::Acquired),
            Verb::CancelUpgrade => (Op::CancelUpgrade(id), Answer::Done),
            Verb::Downgrade => (Op::Downgrade(id), Answer::Done),
            Verb::ReleasePart(part) => (Op::ReleasePart(id, path(part)), Answer::Done),
        };
        let outcome = self.apply(&op);
        let done = match self.state_of(id) {
            None => Answer::Released,
            Some(State::Upgrading) => Answer::Waiting,
            Some(_) => done,
        };
        Ok(self.answer(done, outcome, &op))
    }

    fn unlock(&mut self, name: &str) -> Result<Answer, Broken> {
        let op = Op::End(self.id(name));
        let outcome = self.apply(&op);
        Ok(self.answer(Answer::Done, outcome, &op))
    }

    fn state(&mut self, name: &str) -> Result<State, Broken> {
        let state = self.state_of(self.id(name));
        state.map_or_else(|| not_live(name), Ok)
    }

    fn would_grant(&mut self, request: &Request) -> Result<Answer, Broken> {
        let op = Op::WouldGrant(self.owner(request), claims(request));
        let outcome = self.apply(&op);
        Ok(self.answer(Answer::Acquired, outcome, &op))
    }

    fn close(&mut self) -> Result<(), Broken> {
        let _ = self.apply(&Op::Close);
        Ok(())
    }

    fn token(&mut self, name: &str) -> Result<u64, Broken> {
        let token = self.subject.seen(self.id(name)).and_then(|seen| seen.token);
        token.map_or_else(|| not_live(name), Ok)
    }

    fn blockers(&mut self, name: &str) -> Result<BTreeSet<String>, Broken> {
        let blockers = self.subject.blockers(self.id(name)).into_iter();
        Ok(blockers.map(|id| self.name(id)).collect())
    }

    fn label(&mut self, name: &str) -> Result<String, Broken> {
        let label = self.subject.label(self.id(name));
        Ok(label.unwrap_or_default())
    }

    fn finish(&mut self) -> Result<(), Broken> {
        self.reset(None)
    }
}
