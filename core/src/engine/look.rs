//! Looking: who holds and waits, and for whom. Nothing here changes anything.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::counts::Counts;
use super::crowd::{Stage, Wait};
use super::decide::Asker;
use super::entry::{Entry, Permit};
use super::modes::{ALL, NodeMode};
use super::request::Record;
use super::tree::{NodeIndex, ROOT};
use super::{Attach, Engine, RequestId, State, state_of};
use crate::claim::Claim;
use crate::mode::Mode;
use crate::names::Step;
use crate::owner::OwnerId;
use crate::path::Path;

/// Of those that wait in one queue so many are counted one by one.
const COUNTED: usize = 1_000;

/// One live request, as it stands now.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: RequestId,
    /// Granted or waiting.
    pub state: State,
    /// Its owner, if it has one.
    pub owner: Option<OwnerId>,
    /// Its claims in normal form. While an upgrade waits: what is held.
    pub claims: Vec<Claim<'static>>,
    /// An upgrade of it waits.
    pub upgrading: bool,
    /// When it was granted, by [`Engine::set_now`].
    pub since: u32,
}

impl<T: Attach> Engine<T> {
    /// Of the live requests in the next so many places from one on those with a claim
    /// at this path, below it or above it, and where to go on after those.
    pub(crate) fn some_at(
        &self,
        steps: &[Step<'_>],
        from: usize,
        places: usize,
    ) -> (Vec<RequestId>, Option<usize>) {
        // The nodes on the way, so far as they are there.
        let mut way = vec![ROOT];
        for step in steps {
            match self.tree.find(way[way.len() - 1], step) {
                Some(node) => way.push(node),
                None => break,
            }
        }
        let below = (way.len() == steps.len() + 1).then(|| way[way.len() - 1]);
        let concerned =
            |node| way.contains(&node) || below.is_some_and(|top| self.is_below(node, top));
        let (ids, next) = self.some_ids(from, places);
        let at = ids.filter(|&id| self.targets(id).iter().any(|&(node, ..)| concerned(node)));
        (at.collect(), next)
    }

    /// One live request; `None` for a stale id.
    #[must_use]
    pub fn seen(&self, id: RequestId) -> Option<Seen> {
        let record = self.requests.record(id);
        let claims = self.targets(id).into_iter().map(|(node, mode, limit)| {
            let claim = Claim::new(mode, self.path(node));
            match limit {
                Some(limit) => claim.limit(limit),
                None => claim,
            }
        });
        Some(Seen {
            id,
            state: state_of(self.requests.token(id)?),
            owner: record.and_then(|record| record.owner),
            claims: claims.collect(),
            upgrading: record.is_some_and(Record::upgrade_waits),
            since: self.requests.since(id)?,
        })
    }

    /// Every live request, in no particular order. Takes time in proportion to
    /// the most requests that were ever live at once.
    pub fn ids(&self) -> impl Iterator<Item = RequestId> {
        self.requests.ids()
    }

    /// The owner of a live request, if it has one.
    #[must_use]
    pub fn owner(&self, id: RequestId) -> Option<OwnerId> {
        self.requests.record(id)?.owner
    }

    /// The requests that keep this one, or its upgrade, waiting now, in no
    /// particular order; none for one that does not wait. Takes time in
    /// proportion to the most requests that were ever live at once.
    #[must_use]
    pub fn blockers(&self, id: RequestId) -> Vec<RequestId> {
        let Some(record) = self.requests.record(id) else {
            return Vec::new();
        };
        let others = self.requests.ids().filter(|&other| !self.is_own(id, other));
        others
            .filter(|&other| self.is_in_the_way(record, other))
            .collect()
    }

    /// Whether two are one request, or of one owner.
    pub(super) fn is_own(&self, id: RequestId, other: RequestId) -> bool {
        let owner = self.owner(id);
        id == other || (owner.is_some() && owner == self.owner(other))
    }

    /// Whether one, of another agent, keeps this record's request waiting.
    fn is_in_the_way(&self, record: &Record<T>, other: RequestId) -> bool {
        let mut entries = record.entries.iter();
        entries.any(|entry| self.keeps_waiting(entry, other))
    }

    /// Some of the requests that keep one, or its upgrade, waiting, so many at most, and
    /// how many there are: exactly, if that is no more, and else about: those that wait
    /// in front are counted up to a thousand, and who is in the way at two nodes twice.
    pub(crate) fn some_blockers(&self, id: RequestId, most: usize) -> (Vec<RequestId>, usize) {
        let Some(record) = self.requests.record(id) else {
            return (Vec::new(), 0);
        };
        // Who waits in front stands in the queues; who holds has only been counted.
        let (mut found, mut passed) = (BTreeSet::new(), 0);
        for entry in &record.entries {
            let node = entry.node;
            let there = self.tree.node(node).crowd;
            let mut queues: SmallVec<[Stage; 6]> = SmallVec::new();
            if let Some(at) = entry.wait
                && let Stage::Mode(mode) = self.crowds.wait(at).stage
            {
                let own = self.own_counts(node, id, record.owner);
                passed += self.tree.node(node).counts.without(own).blocking(mode);
                let blocking = ALL.into_iter().filter(|other| !other.compatible(mode));
                queues.extend(blocking.map(Stage::Mode));
            }
            if let Permit::Waiting(_) = entry.permit {
                passed += self.crowds.get(there).map_or(0, |it| it.permits.len());
                queues.push(Stage::Permit);
            }
            for queue in queues {
                let list = self.crowds.list(there, queue).take(COUNTED);
                let others = list.map(|(_, wait)| self.requests.id_at(wait.slot));
                let ahead = |other: &RequestId| {
                    !self.is_own(id, *other) && self.keeps_waiting(entry, *other)
                };
                found.extend(others.filter(ahead));
            }
        }
        let waiting = found.len();
        if passed > 0 && waiting <= most {
            let mut left = passed.min(most + 1 - waiting);
            for other in self.requests.ids().filter(|other| !self.is_own(id, *other)) {
                if left == 0 {
                    break;
                }
                if self.is_in_the_way(record, other) && found.insert(other) {
                    left -= 1;
                }
            }
        }
        let count = if found.len() <= most {
            found.len()
        } else {
            found.len().max(passed + waiting)
        };
        (found.into_iter().take(most).collect(), count)
    }

    /// Whether the other request keeps this entry of one waiting.
    fn keeps_waiting(&self, entry: &Entry, other: RequestId) -> bool {
        let node = entry.node;
        if let Some(at) = entry.wait {
            let wait = self.crowds.wait(at);
            let Stage::Mode(mode) = wait.stage else {
                return false;
            };
            if Counts::of(self.held_at(other, node)).block(mode) {
                return true;
            }
            if let Some((theirs @ Stage::Mode(their_mode), arrival)) = self.wait_at(other, node)
                && !their_mode.compatible(mode)
                && self.stands_before(node, theirs, (other.slot(), arrival), wait)
            {
                return true;
            }
        }
        if let Permit::Waiting(at) = entry.permit {
            let wait = self.crowds.wait(at);
            return self.permit_keeps_waiting(node, other.slot(), wait);
        }
        false
    }

    /// Whether one that waits at a node stands in front of another wait there.
    pub(super) fn stands_before(
        &self,
        node: NodeIndex,
        stage: Stage,
        (slot, arrival): (u32, u64),
        wait: &Wait,
    ) -> bool {
        match self.order(wait.slot) {
            Some(order) if order.is_after(node, stage, slot) => true,
            Some(order) if order.is_before(node, stage, slot) => false,
            _ => arrival < wait.arrival,
        }
    }

    /// Whether another's permit, or its wait for one, keeps one waiting that is over
    /// its limit here: all that count if they are as many as its limit, else those
    /// that wait in front.
    pub(super) fn permit_keeps_waiting(&self, node: NodeIndex, other: u32, wait: &Wait) -> bool {
        let Some(record) = self.requests.record_ref(other) else {
            return false;
        };
        let theirs = record.entries.iter().find(|it| it.node == node);
        match theirs.map(|it| it.permit) {
            Some(Permit::Taken) => {
                self.permit_counts(node, other, asker_of(wait)) && self.are_permits_gone(node, wait)
            }
            Some(Permit::Waiting(_)) => {
                self.is_permit_before(node, other, (record.arrival, wait.arrival), wait.slot)
            }
            _ => false,
        }
    }

    /// Whether those that count, had they all a permit, would leave none: else it is
    /// those that wait in front, with smaller limits, that are in the way.
    fn are_permits_gone(&self, node: NodeIndex, wait: &Wait) -> bool {
        let taken = self.permits_ahead(node, asker_of(wait));
        let waiting = self.permit_waits_before(node, wait).count();
        taken as usize + waiting >= self.limit_at(node, wait.slot)
    }

    /// The waits for a permit of the node that stand in front of one.
    pub(super) fn permit_waits_before(
        &self,
        node: NodeIndex,
        wait: &Wait,
    ) -> impl Iterator<Item = &Wait> {
        let there = self.tree.node(node).crowd;
        let list = self.crowds.list(there, Stage::Permit).map(|(_, it)| it);
        let (slot, arrival, owner) = (wait.slot, wait.arrival, wait.owner);
        list.filter(move |it| {
            let others = it.slot != slot && (it.owner.is_none() || it.owner != owner);
            others && self.is_permit_before(node, it.slot, (it.arrival, arrival), slot)
        })
    }

    /// The limit of a request's claim on a node.
    pub(super) fn limit_at(&self, node: NodeIndex, slot: u32) -> usize {
        let record = self.requests.record_ref(slot);
        let entry = record.and_then(|it| it.entries.iter().find(|entry| entry.node == node));
        let limit = entry.and_then(|entry| entry.target?.limit);
        limit.map_or(usize::MAX, |limit| limit.get() as usize)
    }

    /// Where a request waits at a node.
    fn wait_at(&self, id: RequestId, node: NodeIndex) -> Option<(Stage, u64)> {
        let entries = &self.requests.record(id)?.entries;
        let entry = entries.iter().find(|entry| entry.node == node)?;
        let wait = self.crowds.wait(entry.wait?);
        Some((wait.stage, wait.arrival))
    }

    /// What a request has passed a node with.
    fn held_at(&self, id: RequestId, node: NodeIndex) -> Option<NodeMode> {
        if let Some(record) = self.requests.record(id) {
            let entry = record.entries.iter().find(|entry| entry.node == node)?;
            return entry.held;
        }
        let simple = self.requests.simple(id)?;
        if simple.node == node {
            return Some(NodeMode::target(simple.mode));
        }
        self.is_below(simple.node, node)
            .then(|| NodeMode::intention(simple.mode))
    }

    /// Where a request's claims end.
    fn targets(&self, id: RequestId) -> Vec<(NodeIndex, Mode, Option<u32>)> {
        let Some(record) = self.requests.record(id) else {
            let simple = self.requests.simple(id);
            return simple
                .map(|it| (it.node, it.mode, None))
                .into_iter()
                .collect();
        };
        let target = |entry: &Entry| {
            let target = record.claimed(entry)?;
            Some((entry.node, target.mode, target.limit.map(u32::from)))
        };
        record.entries.iter().filter_map(target).collect()
    }

    /// Whether a request writes all that it claims here.
    pub(crate) fn is_all_write(&self, id: RequestId) -> bool {
        let targets = self.targets(id);
        targets.iter().all(|&(_, mode, _)| mode == Mode::Write)
    }

    fn is_below(&self, node: NodeIndex, top: NodeIndex) -> bool {
        let mut way = std::iter::successors(Some(node), |&at| self.tree.parent(at));
        way.any(|at| at == top)
    }

    fn path(&self, node: NodeIndex) -> Path<'static> {
        let way = std::iter::successors(Some(node), |&at| self.tree.parent(at));
        let way = way.take_while(|&at| at != ROOT);
        // Only an entry, at the end of a path, has no name.
        let mut names: Vec<&[u8]> = way.filter_map(|at| self.tree.name(at)).collect();
        names.reverse();
        Path::from_segments(names).or_entry(self.tree.name(node).is_none())
    }
}

/// Who asks for a permit, of one that waits for it.
pub(super) fn asker_of(wait: &Wait) -> Asker {
    Asker {
        owner: wait.owner,
        arrival: wait.arrival,
        held: None,
        slot: Some(wait.slot),
    }
}
