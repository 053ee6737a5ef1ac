//! Looking: who holds and waits, and for whom. Nothing here changes anything.

use super::counts::Counts;
use super::crowd::{Stage, Wait};
use super::decide::Asker;
use super::entry::{Entry, Permit};
use super::modes::NodeMode;
use super::tree::{NodeIndex, ROOT};
use super::{Attach, Engine, RequestId, State, state_of};
use crate::claim::Claim;
use crate::mode::Mode;
use crate::names::Step;
use crate::owner::OwnerId;
use crate::path::Path;

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
    /// The live requests with a claim at this path, below it or above it, in no
    /// particular order. Takes time in proportion to the most requests that were
    /// ever live at once.
    pub(crate) fn see(&self, steps: &[Step<'_>]) -> Vec<Seen> {
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
        let ids = self.requests.ids();
        ids.filter(|&id| self.targets(id).iter().any(|&(node, ..)| concerned(node)))
            .filter_map(|id| self.seen(id))
            .collect()
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
            upgrading: record.is_some_and(|record| record.upgrading),
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
        let others = self.requests.ids().filter(|&other| {
            other != id && (record.owner.is_none() || self.owner(other) != record.owner)
        });
        others
            .filter(|&other| {
                record
                    .entries
                    .iter()
                    .any(|entry| self.keeps_waiting(entry, other))
            })
            .collect()
    }

    /// Whether the other request keeps this entry of one waiting.
    fn keeps_waiting(&self, entry: &Entry, other: RequestId) -> bool {
        if let Some(at) = entry.wait {
            let wait = self.crowds.wait(at);
            let Stage::Mode(mode) = wait.stage else {
                return false;
            };
            if Counts::of(self.held_at(other, entry.node)).block(mode) {
                return true;
            }
            let ahead = self.wait_at(other, entry.node, |it| it.wait);
            if ahead.is_some_and(|(stage, arrival)| match stage {
                Stage::Mode(theirs) => !theirs.compatible(mode) && arrival < wait.arrival,
                Stage::Permit => false,
            }) {
                return true;
            }
        }
        if let Permit::Waiting(at) = entry.permit {
            let wait = self.crowds.wait(at);
            let earlier = |theirs: u32| self.crowds.wait(theirs).arrival < wait.arrival;
            let record = self.requests.record(other);
            let theirs = record.and_then(|record| {
                let entries = &mut record.entries.iter();
                entries.find(|it| it.node == entry.node)
            });
            return match theirs.map(|it| it.permit) {
                Some(Permit::Taken) => self.are_permits_gone(entry, wait),
                Some(Permit::Waiting(theirs)) => earlier(theirs),
                _ => false,
            };
        }
        false
    }

    /// Whether those ahead, had they all a permit, would leave none: else it is
    /// those that wait ahead, with smaller limits, that are in the way.
    fn are_permits_gone(&self, entry: &Entry, wait: &Wait) -> bool {
        let there = self.tree.node(entry.node).crowd;
        let asker = Asker {
            owner: wait.owner,
            arrival: wait.arrival,
            held: None,
        };
        let taken = self.permits_ahead(entry.node, asker);
        let waiting = self.crowds.list(there, Stage::Permit).filter(|(_, it)| {
            it.arrival < wait.arrival && (it.owner.is_none() || it.owner != wait.owner)
        });
        let limit = entry.target.and_then(|target| target.limit);
        limit.is_none_or(|limit| taken as usize + waiting.count() >= limit.get() as usize)
    }

    /// Where a request waits at a node.
    fn wait_at(
        &self,
        id: RequestId,
        node: NodeIndex,
        of: impl Fn(&Entry) -> Option<u32>,
    ) -> Option<(Stage, u64)> {
        let entries = &self.requests.record(id)?.entries;
        let entry = entries.iter().find(|entry| entry.node == node)?;
        let wait = self.crowds.wait(of(entry)?);
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
