//! The queues of one node: who waits there, first in, first out.

use super::modes::{ALL, MODES, NodeMode};

/// A place in the table of waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitIndex(u32);

/// One entry of one request that waits at one node: a link of the list of its
/// mode.
#[derive(Debug)]
pub(super) struct Wait {
    /// The slot of the request.
    pub(super) slot: u32,
    /// Which of the request's entries.
    pub(super) entry: u32,
    /// The request's number in the order of arrival.
    arrival: u64,
    before: Option<WaitIndex>,
    after: Option<WaitIndex>,
}

/// All waits of an engine, linked into the queues of its nodes.
#[derive(Debug, Default)]
pub(super) struct Waits {
    table: Vec<Option<Wait>>,
    free: Vec<WaitIndex>,
}

impl Waits {
    fn insert(&mut self, wait: Wait) -> WaitIndex {
        if let Some(index) = self.free.pop() {
            self.table[index.0 as usize] = Some(wait);
            return index;
        }
        let index = WaitIndex(u32::try_from(self.table.len()).unwrap_or(u32::MAX));
        self.table.push(Some(wait));
        index
    }

    fn get(&self, index: WaitIndex) -> &Wait {
        self.table[index.0 as usize]
            .as_ref()
            .unwrap_or_else(|| unreachable!("a linked wait is in the table"))
    }

    fn get_mut(&mut self, index: WaitIndex) -> &mut Wait {
        self.table[index.0 as usize]
            .as_mut()
            .unwrap_or_else(|| unreachable!("a linked wait is in the table"))
    }

    fn remove(&mut self, index: WaitIndex) -> Wait {
        let wait = self.table[index.0 as usize]
            .take()
            .unwrap_or_else(|| unreachable!("a linked wait is in the table"));
        self.free.push(index);
        wait
    }

    /// Gives memory back after a crowd, when nobody waits any more.
    pub(super) fn shrink_if_idle(&mut self) {
        if self.free.len() == self.table.len() && self.table.capacity() > super::KEPT {
            *self = Self::default();
        }
    }

    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.table.len() - self.free.len()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct List {
    first: Option<WaitIndex>,
    last: Option<WaitIndex>,
}

/// What stands at one node: a count per mode of what has passed it, and what
/// waits, one list per mode in the order of arrival.
///
/// Lists by mode make every step O(1), however many wait: whether the head of a
/// list may pass depends only on the counts and on the heads of the lists it
/// conflicts with, because each list is in the order of arrival and all in one
/// list want the same.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// How many have passed, by mode.
    passed: [u32; MODES],
    waiting: [List; MODES],
}

impl Queue {
    /// The admission rule, for one who arrives now: nothing that has passed
    /// conflicts with it, and nothing that waits.
    pub(super) fn admits(&self, mode: NodeMode) -> bool {
        ALL.into_iter().all(|other| {
            mode.compatible(other)
                || (self.passed[other.index()] == 0 && self.waiting[other.index()].first.is_none())
        })
    }

    /// The same rule for one who waits: nothing that has passed conflicts with
    /// it, and nothing that waits and arrived earlier.
    fn may_pass(&self, waits: &Waits, mode: NodeMode, arrival: u64) -> bool {
        ALL.into_iter().all(|other| {
            mode.compatible(other)
                || (self.passed[other.index()] == 0
                    && self.waiting[other.index()]
                        .first
                        .is_none_or(|first| waits.get(first).arrival >= arrival))
        })
    }

    pub(super) fn pass(&mut self, mode: NodeMode) {
        self.passed[mode.index()] += 1;
    }

    /// Takes back one that has passed. True if that may let others pass.
    pub(super) fn leave(&mut self, mode: NodeMode) -> bool {
        let passed = &mut self.passed[mode.index()];
        debug_assert!(*passed > 0, "only what has passed can leave");
        *passed -= 1;
        *passed == 0 && self.has_waiting()
    }

    /// Queues one that arrives now. The caller numbers arrivals upwards.
    pub(super) fn push(
        &mut self,
        waits: &mut Waits,
        mode: NodeMode,
        slot: u32,
        entry: u32,
        arrival: u64,
    ) -> WaitIndex {
        let list = &mut self.waiting[mode.index()];
        let index = waits.insert(Wait {
            slot,
            entry,
            arrival,
            before: list.last,
            after: None,
        });
        match list.last {
            Some(last) => waits.get_mut(last).after = Some(index),
            None => list.first = Some(index),
        }
        list.last = Some(index);
        index
    }

    /// Takes one out of its list, wherever it stands there.
    pub(super) fn unlink(&mut self, waits: &mut Waits, mode: NodeMode, index: WaitIndex) -> Wait {
        let wait = waits.remove(index);
        let list = &mut self.waiting[mode.index()];
        match wait.before {
            Some(before) => waits.get_mut(before).after = wait.after,
            None => list.first = wait.after,
        }
        match wait.after {
            Some(after) => waits.get_mut(after).before = wait.before,
            None => list.last = wait.before,
        }
        wait
    }

    /// Lets one that may pass do so, and says who it was; `None` when nobody
    /// who waits may pass. What blocks one who waits (those that have passed,
    /// and earlier ones that wait) is not changed by others passing, so the
    /// order in which the modes are looked at changes nothing.
    pub(super) fn pass_next(&mut self, waits: &mut Waits) -> Option<Wait> {
        for mode in ALL {
            if let Some(first) = self.waiting[mode.index()].first
                && self.may_pass(waits, mode, waits.get(first).arrival)
            {
                let wait = self.unlink(waits, mode, first);
                self.pass(mode);
                return Some(wait);
            }
        }
        None
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.iter().any(|list| list.first.is_some())
    }

    /// Nobody has passed and nobody waits.
    pub(super) fn is_idle(&self) -> bool {
        self.passed == [0; MODES] && !self.has_waiting()
    }
}
