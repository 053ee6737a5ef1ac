//! What a request with a record does at each of its nodes.

use std::num::NonZeroU32;

use super::crowd::WaitIndex;
use super::modes::NodeMode;
use super::tree::{NodeIndex, ROOT};
use crate::mode::Mode;

/// The claim that ends at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) mode: Mode,
    pub(super) limit: Option<NonZeroU32>,
    /// The owner held it when the request arrived: it waits for nothing.
    pub(super) inherited: bool,
}

impl Target {
    /// Two claims on one path are one: the write, or the smaller limit.
    fn merge(self, other: Self) -> Self {
        match (self.mode, other.mode) {
            (Mode::Write, _) => self,
            (_, Mode::Write) => other,
            (Mode::Read, Mode::Read) => Self {
                limit: match (self.limit, other.limit) {
                    (Some(one), Some(two)) => Some(one.min(two)),
                    (one, two) => one.or(two),
                },
                ..self
            },
        }
    }

    /// Whether a claim above makes this one superfluous. A plain read does not
    /// take a permit's place.
    pub(super) fn is_covered_from_above(self, above: Mode) -> bool {
        above == Mode::Write || (self.mode == Mode::Read && self.limit.is_none())
    }
}

/// Where an entry stands with its node's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// Its claim has no limit.
    Unneeded,
    /// It waits, here.
    Waiting(WaitIndex),
    /// It is counted.
    Taken,
}

/// One request at one node. It *waits* while `wait` is set; what it has passed
/// with is `held`, and that is what the node counts of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) node: NodeIndex,
    /// The entry of the node's parent; its own place, for the root.
    pub(super) up: u32,
    /// The claim that ends here, if one does.
    pub(super) target: Option<Target>,
    /// What it is to hold: the supremum of what its claims need here. `None` once
    /// no claim needs the node.
    pub(super) goal: Option<NodeMode>,
    /// The part of the goal that was inherited.
    pub(super) inherited: Option<NodeMode>,
    /// The part of the goal that was not: what it has to be let in with.
    pub(super) asked: Option<NodeMode>,
    /// What the node counts.
    pub(super) held: Option<NodeMode>,
    /// While an upgrade waits: what was held, and claimed, before.
    pub(super) before: Option<NodeMode>,
    pub(super) before_target: Option<Target>,
    /// Its place in the node's queue.
    pub(super) wait: Option<WaitIndex>,
    /// Its place among those that have passed the node and wait elsewhere.
    pub(super) through: Option<u32>,
    pub(super) permit: Permit,
}

impl Entry {
    pub(super) fn new(node: NodeIndex, up: u32) -> Self {
        Self {
            node,
            up,
            target: None,
            goal: None,
            inherited: None,
            asked: None,
            held: None,
            before: None,
            before_target: None,
            wait: None,
            through: None,
            permit: Permit::Unneeded,
        }
    }

    /// Adds what a claim that is not inherited needs here.
    #[inline]
    pub(super) fn raise(&mut self, mode: NodeMode) {
        let raised = self.goal.map_or(mode, |before| before.supremum(mode));
        (self.goal, self.asked) = (Some(raised), Some(raised));
    }

    /// What it holds here whatever becomes of the wait of its request, or of the
    /// upgrade: not what has only passed.
    pub(super) fn kept(&self, upgrade_waits: bool) -> Option<NodeMode> {
        if upgrade_waits {
            self.before
        } else {
            self.inherited
        }
    }

    /// Adds a claim that ends here.
    pub(super) fn add_target(&mut self, target: Target) {
        self.target = Some(match self.target {
            Some(present) => present.merge(target),
            None => target,
        });
    }
}

/// The entries above one, from its parent to the root.
pub(super) fn above(entries: &[Entry], index: usize) -> impl Iterator<Item = usize> {
    let up = |index: usize| {
        let entry = &entries[index];
        (entry.node != ROOT).then_some(entry.up as usize)
    };
    std::iter::successors(up(index), move |&index| up(index))
}

/// Brings the targets into normal form: those that are covered from above go.
pub(super) fn drop_covered(entries: &mut [Entry]) {
    for index in 1..entries.len() {
        // A target that goes was covered by one that stays, or that goes because
        // of one that stays: which went first changes nothing.
        let Some(target) = entries[index].target else {
            continue;
        };
        let covered = above(entries, index)
            .filter_map(|at| entries[at].target)
            .any(|above| target.is_covered_from_above(above.mode));
        if covered {
            entries[index].target = None;
        }
    }
}

/// Works out from the targets what every entry is to hold: an intention on each
/// node above a target, the target's mode on its own.
pub(super) fn set_goals(entries: &mut [Entry]) {
    for entry in &mut *entries {
        (entry.goal, entry.inherited, entry.asked) = (None, None, None);
    }
    for index in 0..entries.len() {
        let Some(target) = entries[index].target else {
            continue;
        };
        raise(&mut entries[index], NodeMode::target(target.mode), target);
        let mut at = index;
        while entries[at].node != ROOT {
            at = entries[at].up as usize;
            raise(&mut entries[at], NodeMode::intention(target.mode), target);
        }
    }
}

fn raise(entry: &mut Entry, mode: NodeMode, target: Target) {
    let raised = |before: Option<NodeMode>| match before {
        Some(before) => Some(before.supremum(mode)),
        None => Some(mode),
    };
    entry.goal = raised(entry.goal);
    if target.inherited {
        entry.inherited = raised(entry.inherited);
    } else {
        entry.asked = raised(entry.asked);
    }
}
