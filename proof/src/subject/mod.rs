//! What can be held against the oracle.

pub mod engine;
pub mod manager;
pub mod naive;

use std::collections::BTreeSet;

use crate::ops::Op;
use crate::words::{Claim, Id, Outcome};

/// What a subject shows of a live request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its token; none while it waits.
    pub token: Option<u64>,
    /// Whether an upgrade of it waits.
    pub upgrading: bool,
    /// What it holds or waits for, in the order of the paths.
    pub claims: Vec<Claim>,
}

/// A lock manager that does operations and lets itself be looked at. Whatever
/// else it finds wrong with itself is a panic.
pub trait Subject {
    /// A new one, for worlds in which so many requests may wait.
    fn reset(&mut self, max_waiting: Option<usize>);

    /// Does an operation and says what the oracle would.
    fn apply(&mut self, op: &Op) -> Outcome;

    /// Which requests (or upgrades) were granted, or ended while they waited,
    /// since the last call, in any order.
    fn news(&mut self) -> Vec<(Id, Outcome)>;

    /// The circle that the last refused operation was told.
    fn circle(&mut self) -> Option<Vec<Id>>;

    /// A request as it stands; none if it is not live.
    fn seen(&self, id: Id) -> Option<Seen>;

    /// What keeps a request, or its upgrade, waiting.
    fn blockers(&self, id: Id) -> BTreeSet<Id>;

    /// How many requests are granted, and how many wait.
    fn counts(&self) -> (usize, usize);

    /// What people call the request that arrives next.
    fn set_label(&mut self, label: &str) {
        let _ = label;
    }

    /// What people call a request.
    fn label(&self, id: Id) -> Option<String> {
        let _ = id;
        None
    }

    /// Whether nothing is left. Asked when no request is live.
    fn is_idle(&mut self) -> bool;
}
