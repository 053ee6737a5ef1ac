//! Subjects that break a rule are found, and what is shown is small.

use std::collections::BTreeSet;

use oarlock_proof::generate::Offers;
use oarlock_proof::ops::Op;
use oarlock_proof::shrink::{Failure, by_chance, replay};
use oarlock_proof::subject::naive::Naive;
use oarlock_proof::subject::{Seen, Subject};
use oarlock_proof::words::{Id, Outcome};

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
            _ => self.rules.apply(&op),
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
fn failure(what: Break) -> Option<Box<Failure>> {
    let mut subject = Broken { rules: Naive::default(), what };
    let offers = Offers { max_waiting: true, close: true };
    (0..100).find_map(|seed| by_chance(&mut subject, offers, seed, 60).err())
}

#[test]
fn the_list_itself_is_not_broken() {
    assert!(failure(Break::Nothing).is_none());
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
        (Break::Idle, 0),
        (Break::Panics, 1),
    ] {
        let failure = failure(what).unwrap_or_else(|| panic!("{what:?} was not found"));
        assert!(failure.ops.len() <= ops, "{what:?}: {failure}");
        // What is shown is what fails.
        let mut subject = Broken { rules: Naive::default(), what };
        let again = replay(&mut subject, failure.max_waiting, &failure.ops);
        assert_eq!(again, Err(failure.difference));
    }
}
