//! Subjects that break a rule are found, and what is shown is small.

use std::collections::BTreeSet;

use oarlock_proof::generate::Offers;
use oarlock_proof::ops::Op;
use oarlock_proof::oracle::Oracle;
use oarlock_proof::shrink::{Failure, by_chance, replay};
use oarlock_proof::subject::naive::Naive;
use oarlock_proof::subject::{Seen, Subject};
use oarlock_proof::words::{Id, Outcome, Refused, Request};

mod text;

/// A rule to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Nothing,
    /// Limits are one more than they say.
    Limits,
    /// Owners are nobody.
    Owners,
    /// A cancelled upgrade is not taken back.
    CancelUpgrade,
    /// A downgrade does nothing.
    Downgrade,
    /// A part stays.
    Parts,
    /// A try waits.
    Tries,
    /// Tokens do not grow.
    Tokens,
    /// Nobody is in the way.
    Blockers,
    /// Nobody is passed, and nobody refused.
    Bypasses,
    /// Who would have to pass others is refused.
    Order,
    /// Nobody is put in order but the one that has come.
    Others,
    /// Who was put in front of whom is forgotten when one of the two is granted.
    Places,
    /// An upgrade takes its permit with it when it is passed.
    UpgradesPlace,
    /// Who is passed does not count the permits that who passed it counts.
    PermitsOfThePassed,
    /// Something is always left.
    Idle,
    /// It panics at an upgrade.
    Panics,
}

/// The naive list, with one rule broken.
struct Broken {
    rules: Naive,
    what: Break,
}

impl Broken {
    /// Does it, and breaks what it has done about the order of those that wait.
    fn apply_to_rules(&mut self, op: &Op) -> Outcome {
        let before = self.rules.oracle.clone();
        let without = match op {
            Op::Submit(id, owner, claims) => before.with(*id, *owner, claims).ok(),
            _ => None,
        };
        let answer = self.rules.apply(op);
        let oracle = &mut self.rules.oracle;
        let new: Vec<(Id, Id)> = oracle.bypasses.difference(&before.bypasses).copied().collect();
        match (self.what, without) {
            (Break::Bypasses, Some(without)) if answer != Err(Refused::TooManyWaiting) => {
                *oracle = Oracle { events: vec![], ..without };
                return Ok(());
            }
            (Break::Order, Some(without)) if answer.is_ok() && without.live != oracle.live => {
                *oracle = before;
                self.rules.news();
                return Err(Refused::Deadlock);
            }
            (Break::Others, _) => {
                let own = |pair: &(Id, Id)| [Some(pair.0), Some(pair.1)].contains(&op.id());
                oracle.bypasses.retain(|pair| before.bypasses.contains(pair) || own(pair));
                oracle.places.retain(|pair| before.places.contains(pair) || own(pair));
            }
            (Break::Places, _) => oracle.places = oracle.bypasses.clone(),
            (Break::UpgradesPlace, _) => oracle.places.extend(new),
            (Break::PermitsOfThePassed, _) => {
                for id in passed_and_free(oracle) {
                    let own = oracle.live.iter_mut().filter(|r| r.id == id);
                    own.for_each(|request| request.granted = true);
                }
            }
            _ => {}
        }
        answer
    }
}

/// Those that wait for nothing but permits, and would not if they did not count any of
/// such as they stood in front of.
fn passed_and_free(oracle: &Oracle) -> Vec<Id> {
    let free = |this: &&Request| {
        let Some(claim) = this.claims.iter().find(|c| c.limit.is_some()) else { return false };
        let blockers = oracle.blockers(this);
        let is_permit = |other: &&&Request| {
            let conflict = other.claims.iter().any(|c| this.claims.iter().any(|d| c.conflicts(d)));
            other.granted && !conflict && other.permit(&claim.path).is_some()
        };
        let in_front = |other: &&&Request| match (other.id, this.id) {
            pair if oracle.places.contains(&pair) => true,
            (other, this) => other < this && !oracle.places.contains(&(this, other)),
        };
        let left = blockers.iter().filter(in_front).count();
        !this.granted
            && blockers.iter().filter(is_permit).count() == blockers.len()
            && claim.limit.is_some_and(|limit| left < limit as usize)
    };
    oracle.live.iter().filter(free).map(|r| r.id).collect()
}

impl Subject for Broken {
    fn reset(&mut self, max_waiting: Option<usize>) {
        self.rules.reset(max_waiting);
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        let mut op = op.clone();
        if let (Break::Limits, Some(claims)) = (self.what, op.claims_mut()) {
            for claim in claims.iter_mut().filter(|claim| claim.limit > Some(0)) {
                claim.limit = claim.limit.map(|limit| limit + 1);
            }
        }
        if let (Break::Owners, Some(owner)) = (self.what, op.owner_mut()) {
            *owner = None;
        }
        op = match (self.what, op) {
            (Break::Tries, Op::Try(id, owner, claims)) => Op::Submit(id, owner, claims),
            (_, op) => op,
        };
        match (self.what, &op) {
            (Break::CancelUpgrade, Op::CancelUpgrade(_))
            | (Break::Downgrade, Op::Downgrade(_))
            | (Break::Parts, Op::ReleasePart(..)) => Ok(()),
            (Break::Panics, Op::Upgrade(id)) => panic!("{id} is upgraded"),
            _ => self.apply_to_rules(&op),
        }
    }

    fn news(&mut self) -> Vec<(Id, Outcome)> {
        self.rules.news()
    }

    fn circle(&mut self) -> Option<Vec<Id>> {
        self.rules.circle()
    }

    fn seen(&self, id: Id) -> Option<Seen> {
        let mut seen = self.rules.seen(id)?;
        if self.what == Break::Tokens {
            seen.token = seen.token.map(|_| 1);
        }
        Some(seen)
    }

    fn blockers(&self, id: Id) -> BTreeSet<Id> {
        match self.what {
            Break::Blockers => BTreeSet::new(),
            _ => self.rules.blockers(id),
        }
    }

    fn counts(&self) -> (usize, usize) {
        self.rules.counts()
    }

    fn is_idle(&mut self) -> bool {
        self.what != Break::Idle && self.rules.is_idle()
    }
}

/// The first failure of so many worlds.
fn failure(what: Break, worlds: u64) -> Option<Box<Failure>> {
    let mut subject = Broken { rules: Naive::default(), what };
    let offers = Offers { max_waiting: true, close: true };
    (0..worlds).find_map(|seed| by_chance(&mut subject, offers, seed, 60).err())
}

#[test]
fn the_list_itself_is_not_broken() {
    assert!(failure(Break::Nothing, 100).is_none());
}

#[test]
fn every_broken_rule_is_found_and_shown_small() {
    for (what, ops) in [
        (Break::Limits, 2),
        (Break::Owners, 2),
        (Break::CancelUpgrade, 4),
        (Break::Downgrade, 2),
        (Break::Parts, 2),
        (Break::Tries, 2),
        (Break::Tokens, 3),
        (Break::Blockers, 2),
        (Break::Bypasses, 4),
        (Break::Order, 4),
        (Break::Others, 6),
        (Break::Places, 8),
        (Break::Idle, 0),
        (Break::Panics, 1),
    ] {
        let failure = failure(what, 1_000).unwrap_or_else(|| panic!("{what:?} was not found"));
        println!("{what:?}: {failure}");
        assert!(failure.ops.len() <= ops, "{what:?}: {failure}");
        // What is shown is what fails.
        let mut subject = Broken { rules: Naive::default(), what };
        let again = replay(&mut subject, failure.max_waiting, &failure.ops);
        assert_eq!(again, Err(failure.difference));
    }
}

/// What seldom happens by chance.
#[test]
fn broken_places_of_permits_are_found() {
    let upgraded = "1 submits [r2 /a, r /b]
                    2 submits [r /b/a] for owner 2
                    3 submits [r2 /a] for owner 3
                    4 submits [r2 /a] for owner 2
                    1 upgrades";
    let passed = "1 submits [w /b] for owner 1
                  2 submits [r /a/a] for owner 1
                  3 submits [r2 /a/a, w /b]
                  4 submits [r2 /a/a]
                  5 submits [w /a]
                  6 submits [r2 /a/a] for owner 1
                  1 ends";
    for (what, history) in [(Break::UpgradesPlace, upgraded), (Break::PermitsOfThePassed, passed)] {
        let ops = text::ops(history);
        for (what, fails) in [(Break::Nothing, false), (what, true)] {
            let mut subject = Broken { rules: Naive::default(), what };
            let replayed = replay(&mut subject, None, &ops);
            assert_eq!(replayed.is_err(), fails, "{what:?}: {replayed:?}");
        }
    }
}
