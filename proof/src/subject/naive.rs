//! The oracle as a subject of its own: for scenarios, which are proved with it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Seen, Subject};
use crate::circle;
use crate::ops::Op;
use crate::oracle::Oracle;
use crate::words::{Id, Outcome};

/// The oracle, and a token for each of its grants.
#[derive(Default)]
pub struct Naive {
    /// The rules.
    pub oracle: Oracle,
    grants: u64,
    tokens: BTreeMap<Id, u64>,
    news: Vec<(Id, Outcome)>,
    circle: Option<Vec<Id>>,
    labels: BTreeMap<Id, String>,
    next_label: Option<String>,
}

impl Subject for Naive {
    fn reset(&mut self, max_waiting: Option<usize>) {
        let oracle = Oracle { max_waiting, ..Oracle::default() };
        *self = Naive { oracle, ..Naive::default() };
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        if let (Some(id), Some(label)) = (op.id(), self.next_label.take()) {
            self.labels.insert(id, label);
        }
        let (outcome, circle) = circle::ask(&mut self.oracle, op);
        self.circle = circle;
        for (id, what) in std::mem::take(&mut self.oracle.events) {
            if what.is_ok() {
                self.grants += 1;
                self.tokens.insert(id, self.grants);
            }
            self.news.push((id, what));
        }
        outcome
    }

    fn news(&mut self) -> Vec<(Id, Outcome)> {
        std::mem::take(&mut self.news)
    }

    fn circle(&mut self) -> Option<Vec<Id>> {
        self.circle.take()
    }

    fn seen(&self, id: Id) -> Option<Seen> {
        let request = self.oracle.live.iter().find(|r| r.id == id)?;
        let token = self.tokens.get(&id).copied().filter(|_| request.granted);
        let claims = request.claims.clone();
        Some(Seen { token, upgrading: request.upgrading, claims })
    }

    fn blockers(&self, id: Id) -> BTreeSet<Id> {
        let request = self.oracle.live.iter().find(|r| r.id == id);
        let blockers = request.map(|request| self.oracle.blockers(request));
        blockers.unwrap_or_default().iter().map(|r| r.id).collect()
    }

    fn counts(&self) -> (usize, usize) {
        let granted = self.oracle.live.iter().filter(|r| r.granted).count();
        (granted, self.oracle.live.len() - granted)
    }

    fn set_label(&mut self, label: &str) {
        self.next_label = Some(label.to_owned());
    }

    fn label(&self, id: Id) -> Option<String> {
        self.labels.get(&id).cloned()
    }

    fn is_idle(&mut self) -> bool {
        self.oracle.live.is_empty()
    }
}
