//! The bypass: those that wait in a component are put into the order in which their
//! agents can finish.

use std::collections::{BTreeMap, BTreeSet};

use super::super::crowd::Stage;
use super::super::entry::Permit;
use super::super::tree::NodeIndex;
use super::super::{Attach, Engine, Grants, RequestId, in_order};
use super::{Knot, World};

/// One that waits is put in front of another, at a node where the two meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    node: NodeIndex,
    permit: bool,
    /// Slots.
    one: u32,
    other: u32,
    /// The list in which the one waits there.
    mode: usize,
}

/// Requests that want permits, by engine and node: the slot, the member of the graph,
/// and the number of arrival.
type Wanted = BTreeMap<(usize, NodeIndex), Vec<(u32, usize, u64)>>;

impl Knot {
    /// What has to be changed, by engine.
    pub(crate) fn changes<W: World>(&self, world: &W) -> BTreeMap<usize, Vec<Change>> {
        let mut changes: BTreeMap<usize, BTreeSet<Change>> = BTreeMap::new();
        // Where one waits for another that is to come after it.
        for edge in &self.graph.edges {
            if let (Stage::Mode(mode), false) = (edge.kept.stage, edge.kept.hard)
                && self.comes_before(edge.waiter, edge.blocker)
            {
                changes.entry(edge.waits.0).or_default().insert(Change {
                    node: edge.kept.node,
                    permit: false,
                    one: edge.waits.1.slot(),
                    other: edge.by.1.slot(),
                    mode: mode.index(),
                });
            }
        }
        for ((index, node), wanted) in self.wanted_permits(world) {
            let engine = world.engine(index);
            for &(one, member, arrival) in &wanted {
                for &(other, blocker, before) in &wanted {
                    if self.comes_before(member, blocker)
                        && engine.is_permit_before(node, other, (before, arrival), one)
                    {
                        changes.entry(index).or_default().insert(Change {
                            node,
                            permit: true,
                            one,
                            other,
                            mode: 0,
                        });
                    }
                }
            }
        }
        let list = |(index, set): (_, BTreeSet<_>)| (index, set.into_iter().collect());
        changes.into_iter().map(list).collect()
    }

    /// Whether one member of the component comes before another in the order.
    pub(super) fn comes_before(&self, one: usize, other: usize) -> bool {
        match (self.rank[one], self.rank[other]) {
            (Some(one), Some(other)) => one < other,
            _ => false,
        }
    }

    /// The requests of the component that want permits, ready or not.
    fn wanted_permits<W: World>(&self, world: &W) -> Wanted {
        let mut wanted = Wanted::new();
        let members = self.graph.members.iter().enumerate();
        for (member, it) in members.filter(|&(member, _)| self.rank[member].is_some()) {
            for &(index, id) in &it.parts {
                let Some(record) = world.engine(index).requests.record(id) else {
                    continue;
                };
                if record.is_held() {
                    continue;
                }
                for entry in &record.entries {
                    let inherited = entry.target.is_some_and(|target| target.inherited);
                    if entry.permit != Permit::Unneeded && !inherited {
                        let one = (id.slot(), member, record.arrival);
                        wanted.entry((index, entry.node)).or_default().push(one);
                    }
                }
            }
        }
        wanted
    }
}

/// Whether a change puts another in front of a request.
pub(crate) fn bypasses(changes: &[Change], id: RequestId) -> bool {
    changes.iter().any(|change| change.other == id.slot())
}

impl<T: Attach> Engine<T> {
    /// Changes the order of some that wait. [`pass_reordered`](Self::pass_reordered)
    /// has to follow, but not before the order is changed in all engines: what waits
    /// in several must not be complete before all of it that makes way has done so.
    pub(crate) fn reorder(&mut self, changes: &[Change]) {
        for change in changes {
            self.put_in_front(change.node, change.stage(), change.one, change.other);
        }
        for change in changes {
            self.make_way(change);
        }
    }

    /// Lets pass who may after a change of order, and appends to `granted` those that
    /// are granted by that.
    pub(crate) fn pass_reordered(
        &mut self,
        changes: &[Change],
        granted: &mut impl Extend<RequestId>,
    ) {
        let mut nodes: Vec<NodeIndex> = changes.iter().map(|change| change.node).collect();
        nodes.dedup();
        let mut grants = Grants::new();
        for node in nodes {
            self.pass_waiting(node, &mut grants);
        }
        granted.extend(in_order(grants));
    }

    /// What the other has passed in the way of the one goes back into the queue.
    fn make_way(&mut self, change: &Change) {
        if cfg!(oarlock_mutation = "keep_passed") {
            return;
        }
        let Some(record) = self.requests.record_ref(change.other) else {
            return;
        };
        let mut entries = record.entries.iter();
        let Some(index) = entries.position(|entry| entry.node == change.node) else {
            return;
        };
        let entry = &record.entries[index];
        if change.permit {
            if entry.permit == Permit::Taken {
                self.crowd_is_reordered(change.node);
                self.send_entry_back(change.other, index, Stage::Permit);
            }
            return;
        }
        let passed = record.passed_with(entry).filter(|_| entry.wait.is_none());
        if let (Some(passed), Stage::Mode(mode)) = (passed, change.stage())
            && !passed.compatible(mode)
        {
            self.send_entry_back(change.other, index, Stage::Mode(passed));
        }
    }

    /// Permits that are taken at a node do not all count against each that waits.
    fn crowd_is_reordered(&mut self, node: NodeIndex) {
        let crowd = &mut self.tree.node_mut(node).crowd;
        self.crowds.ensure(crowd).reordered = true;
    }
}

impl Change {
    fn stage(&self) -> Stage {
        if self.permit {
            Stage::Permit
        } else {
            Stage::ALL[self.mode]
        }
    }
}
