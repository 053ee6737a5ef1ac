//! Changing what a granted request holds: upgrade, downgrade, release of a part.

use super::arrive::remove_unneeded;
use super::counts::Counts;
use super::crowd::{AHEAD, Stage};
use super::decide::Asker;
use super::entry::{self, Entry, Permit, Target};
use super::modes::NodeMode;
use super::request::Record;
use super::send_back::Wanted;
use super::tree::NodeIndex;
use super::{Attach, Engine, Grants, RequestId, in_order};
use crate::error::InvalidRequest;
use crate::mode::Mode;
use crate::names::Step;
use crate::owner::OwnerId;
use crate::path::Path;

/// What became of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgraded {
    /// The request writes all that it claims, with this token: a new one, unless
    /// it did so before.
    Done {
        /// The fencing token.
        token: u64,
    },
    /// It keeps what it holds and waits, ahead of all requests that wait.
    Waiting,
}

/// Why a request could not be changed. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeRefused {
    /// The id is no live request.
    Stale,
    /// The request is not granted yet.
    NotGranted,
    /// An upgrade of the request waits.
    Upgrading,
    /// The request has no claim on exactly this path.
    NotClaimed,
    /// The path is no path.
    Invalid(InvalidRequest),
}

/// What every claim becomes by an upgrade.
const WRITE: Target = Target {
    mode: Mode::Write,
    limit: None,
    inherited: false,
};

impl<T: Attach> Engine<T> {
    /// Turns all read claims of a granted request into writes, at once or as
    /// soon as nothing that others hold conflicts. It waits ahead of all requests
    /// that wait. Whether it may wait is the caller's to ask, with
    /// [`untangle`](Self::untangle); so is an upgrade of an owner of which something
    /// else waits granted by that call alone, even if nothing is in its way.
    ///
    /// # Errors
    ///
    /// [`ChangeRefused`], but not for a path.
    pub fn upgrade(&mut self, id: RequestId) -> Result<Upgraded, ChangeRefused> {
        let owner = self.owner(id);
        let waits_elsewhere = owner.is_some_and(|owner| self.owner_waits(owner));
        match self.upgrade_part(id, !waits_elsewhere)? {
            Upgraded::Done { .. } if self.is_upgrading(id) => Ok(Upgraded::Waiting),
            upgraded => Ok(upgraded),
        }
    }

    /// Whether a request of this owner waits, or an upgrade of one.
    pub(crate) fn owner_waits(&self, owner: OwnerId) -> bool {
        let slots = self.owned.requests(owner).iter();
        let mut records = slots.filter_map(|&slot| self.requests.record_ref(slot));
        records.any(Record::waits)
    }

    /// Whether an upgrade would be granted at once. Changes nothing that can be
    /// observed.
    ///
    /// # Errors
    ///
    /// As [`upgrade`](Self::upgrade).
    pub(crate) fn would_upgrade(&mut self, id: RequestId) -> Result<bool, ChangeRefused> {
        self.give_record(id);
        let record = self.changeable(id)?;
        let owner = record.owner;
        let mut wanted: Vec<Entry> = Vec::with_capacity(record.entries.len());
        for entry in &record.entries {
            let mut new = Entry::new(entry.node, entry.up);
            new.held = entry.held;
            new.target = entry.target.map(|_| WRITE);
            wanted.push(new);
        }
        entry::drop_covered(&mut wanted);
        entry::set_goals(&mut wanted);
        Ok(wanted.iter().all(|entry| {
            let Some(goal) = entry.goal else { return true };
            let own = owner.and_then(|owner| self.owned.get(entry.node, owner));
            let own = own.map_or_else(|| Counts::of(entry.held), |own| own.counts);
            let there = self.tree.node(entry.node).counts.without(own);
            !there.block(goal)
                || !self
                    .with_all_sent_back(there, entry.node, id, owner)
                    .block(goal)
        }))
    }

    /// What a node would count if what others that wait elsewhere have passed it
    /// with, and do not hold, were sent back.
    fn with_all_sent_back(
        &self,
        mut counts: Counts,
        node: NodeIndex,
        id: RequestId,
        own: Option<OwnerId>,
    ) -> Counts {
        for (_, _, passed) in self.passed_by_others(node, id, own) {
            counts = counts.without(Counts::of(passed.held));
            counts = counts.with(Counts::of(passed.kept));
        }
        counts
    }

    /// [`upgrade`](Self::upgrade) of what may be only a part of a request: then
    /// even one that passes at once can be taken back until
    /// [`complete_upgrade`](Self::complete_upgrade).
    pub(crate) fn upgrade_part(
        &mut self,
        id: RequestId,
        whole: bool,
    ) -> Result<Upgraded, ChangeRefused> {
        self.give_record(id);
        let token = self.requests.token(id).ok_or(ChangeRefused::Stale)?;
        let slot = id.slot();
        let reads =
            |entry: &Entry| matches!(entry.target, Some(target) if target.mode == Mode::Read);
        if !self.changeable(id)?.entries.iter().any(reads) {
            return Ok(Upgraded::Done { token });
        }
        self.forget_order(slot);
        self.unlist_passed(slot);
        let record = self.changeable(id)?;
        let owner = record.owner;
        for entry in &mut record.entries {
            (entry.before, entry.before_target) = (entry.held, entry.target);
            entry.target = entry.target.map(|_| WRITE);
        }
        entry::drop_covered(&mut record.entries);
        entry::set_goals(&mut record.entries);
        let goals = record.entries.iter().enumerate();
        let goals = goals.filter_map(|(index, it)| Some((index, it.node, it.held, it.goal?)));
        let goals: Vec<(usize, NodeIndex, Option<NodeMode>, NodeMode)> = goals.collect();
        let goes = |engine: &Self, node, held, goal| {
            let asker = Asker {
                owner,
                arrival: AHEAD,
                held,
                slot: None,
            };
            engine.may_pass(node, goal, asker)
        };
        let all_go = |&(_, node, held, goal): &_| goes(self, node, held, goal);
        if !goals.iter().all(all_go) {
            let wanted: Vec<_> = goals
                .iter()
                .map(|&(_, node, held, mode)| Wanted { node, mode, held })
                .collect();
            self.send_back(id, owner, &wanted, &[]);
        }
        let behind = cfg!(oarlock_mutation = "upgrade_behind_waiters");
        let mut blocked = 0;
        for (index, node, held, goal) in goals {
            let mut wait = None;
            if goes(self, node, held, goal) && !behind {
                self.recount(node, owner, held, Some(goal));
            } else if held != Some(goal) {
                let arrival = if behind { u64::MAX } else { AHEAD };
                wait = Some(self.link(node, slot, index, owner, arrival, Stage::Mode(goal)));
                blocked += 1;
            }
            let Some(record) = self.requests.record_mut(id) else {
                unreachable!("it was there above");
            };
            let entry = &mut record.entries[index];
            entry.wait = wait;
            if wait.is_none() {
                entry.held = Some(goal);
            }
        }
        let Some(record) = self.requests.record_mut(id) else {
            unreachable!("it was there above");
        };
        record.blocked = blocked;
        record.upgrading = true;
        record.upgrades_part = !whole;
        if blocked > 0 || !whole {
            self.list_passed(slot);
        }
        if blocked > 0 {
            return Ok(Upgraded::Waiting);
        }
        self.clock += 1;
        let token = self.clock;
        if !whole {
            return Ok(Upgraded::Done { token });
        }
        self.requests.set_granted(id, token, self.now);
        let mut nobody = Grants::new();
        self.finish_upgrade(slot, &mut nobody);
        debug_assert!(nobody.is_empty(), "an upgrade takes and gives nothing");
        Ok(Upgraded::Done { token })
    }

    /// Leaves an upgrade that has been looked at to itself: it is granted with its
    /// last stage. Only of a request that has no other parts.
    pub(crate) fn release_upgrade(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) {
        let Some(record) = self.requests.record_mut(id).filter(|it| it.upgrading) else {
            return;
        };
        record.upgrades_part = false;
        if record.blocked == 0 {
            self.clock += 1;
            let token = self.clock;
            granted.extend([id]);
            self.complete_upgrade(id, token, granted);
        }
    }

    /// Ends the upgrade of a part, all of which have passed, with this token.
    pub(crate) fn complete_upgrade(
        &mut self,
        id: RequestId,
        token: u64,
        granted: &mut impl Extend<RequestId>,
    ) {
        self.observe(token);
        self.requests.set_granted(id, token, self.now);
        let mut grants = Grants::new();
        if self.requests.record(id).is_some_and(|it| it.upgrading) {
            self.finish_upgrade(id.slot(), &mut grants);
        } else if self.requests.record(id).is_some() {
            self.unlist_passed(id.slot());
        }
        granted.extend(in_order(grants));
    }

    /// Whether an upgrade waits for something here.
    pub(crate) fn is_upgrade_blocked(&self, id: RequestId) -> bool {
        let record = self.requests.record(id);
        record.is_some_and(|record| record.upgrading && record.blocked > 0)
    }

    /// Whether an upgrade of this request waits.
    #[must_use]
    pub fn is_upgrading(&self, id: RequestId) -> bool {
        self.requests.record(id).is_some_and(Record::upgrade_waits)
    }

    /// Takes back an upgrade that waits: the request holds what it held, and
    /// whoever waited only for the upgrade is granted. `false` if there is none.
    pub fn cancel_upgrade(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) -> bool {
        let slot = id.slot();
        if !self.requests.record(id).is_some_and(|it| it.upgrading) {
            if self.requests.record(id).is_some_and(Record::is_held) {
                self.unlist_passed(slot);
            }
            return false;
        }
        self.forget_order(slot);
        self.unlist_passed(slot);
        let Some(record) = self.requests.record_mut(id) else {
            return false;
        };
        record.upgrading = false;
        record.upgrades_part = false;
        record.blocked = 0;
        let owner = record.owner;
        let mut entries = std::mem::take(&mut record.entries);
        for entry in &mut entries {
            if let Some(at) = entry.wait.take() {
                self.unlink(entry.node, at);
            }
            self.recount(entry.node, owner, entry.held, entry.before);
            entry.held = entry.before.take();
            entry.target = entry.before_target.take();
        }
        entry::set_goals(&mut entries);
        self.put_back(id, entries, granted);
        true
    }

    /// Turns all write claims of a granted request into plain reads. Whoever
    /// waited only for that is granted.
    ///
    /// # Errors
    ///
    /// [`ChangeRefused`], but not for a path.
    pub fn downgrade(
        &mut self,
        id: RequestId,
        granted: &mut impl Extend<RequestId>,
    ) -> Result<(), ChangeRefused> {
        self.give_record(id);
        self.changeable(id)?;
        self.unlist_passed(id.slot());
        let record = self.changeable(id)?;
        for entry in &mut record.entries {
            if let Some(target) = &mut entry.target
                && target.mode == Mode::Write
            {
                target.mode = Mode::Read;
                target.limit = None;
            }
        }
        entry::drop_covered(&mut record.entries);
        self.lower(id, granted);
        Ok(())
    }

    /// Ends the claim of a granted request on exactly this path. Whoever waited
    /// only for that is granted. With the last one the request ends; its payload
    /// is dropped.
    ///
    /// # Errors
    ///
    /// [`ChangeRefused`].
    pub fn release_part(
        &mut self,
        id: RequestId,
        path: &Path<'_>,
        granted: &mut impl Extend<RequestId>,
    ) -> Result<(), ChangeRefused> {
        let steps =
            crate::prepared::steps(path, self.tree.hasher()).map_err(ChangeRefused::Invalid)?;
        self.give_record(id);
        self.changeable(id)?;
        match self.claims_at(id, &steps) {
            (_, 0) => Err(ChangeRefused::NotClaimed),
            (1, _) => {
                self.end(id, granted);
                Ok(())
            }
            _ => self.release_claim(id, &steps, granted),
        }
    }

    /// [`release_part`](Self::release_part) of what may be only a part of a
    /// request: it may have no such claim, and stays if it has no other.
    pub(crate) fn release_claim(
        &mut self,
        id: RequestId,
        steps: &[Step<'_>],
        granted: &mut impl Extend<RequestId>,
    ) -> Result<(), ChangeRefused> {
        self.give_record(id);
        let node = self.find(steps);
        self.changeable(id)?;
        self.unlist_passed(id.slot());
        let record = self.changeable(id)?;
        for entry in &mut record.entries {
            if Some(entry.node) == node {
                entry.target = None;
            }
        }
        self.lower(id, granted);
        Ok(())
    }

    /// How many claims a request has, and how many of them on this path.
    pub(crate) fn claims_at(&self, id: RequestId, steps: &[Step<'_>]) -> (usize, usize) {
        let node = self.find(steps);
        if let Some(simple) = self.requests.simple(id) {
            return (1, usize::from(Some(simple.node) == node));
        }
        let entries = self.requests.record(id).map(|it| it.entries.iter());
        let targets = entries.into_iter().flatten();
        let targets = targets.filter(|entry| entry.target.is_some());
        let here = targets.clone().filter(|entry| Some(entry.node) == node);
        (targets.count(), here.count())
    }

    fn find(&self, steps: &[Step<'_>]) -> Option<NodeIndex> {
        let root = Some(super::tree::ROOT);
        let find = |node: Option<_>, step| self.tree.find(node?, step);
        steps.iter().fold(root, find)
    }

    /// The record of a granted request that is not being upgraded.
    fn changeable(&mut self, id: RequestId) -> Result<&mut Record<T>, ChangeRefused> {
        let record = self.requests.record_mut(id).ok_or(ChangeRefused::Stale)?;
        if !record.granted {
            return Err(ChangeRefused::NotGranted);
        }
        if record.upgrading {
            return Err(ChangeRefused::Upgrading);
        }
        Ok(record)
    }

    /// Gives a request without a record one that says the same.
    pub(super) fn give_record(&mut self, id: RequestId) {
        let Some(simple) = self.requests.simple(id) else {
            return;
        };
        let mut way = vec![simple.node];
        while let Some(parent) = self.tree.parent(way[way.len() - 1]) {
            way.push(parent);
        }
        let mut entries = self.spare_entries();
        for (index, &node) in way.iter().rev().enumerate() {
            entries.push(Entry::new(node, (index as u32).saturating_sub(1)));
        }
        if let Some(last) = entries.last_mut() {
            last.target = Some(Target {
                mode: simple.mode,
                limit: None,
                inherited: false,
            });
        }
        entry::set_goals(&mut entries);
        for entry in &mut entries {
            entry.held = entry.goal;
        }
        let record = Record::new(self.arrivals, None, entries);
        self.requests.give_record(id, record);
    }

    /// The last stage of an upgrade has passed, or there was none to wait for.
    pub(super) fn finish_upgrade(&mut self, slot: u32, grants: &mut Grants) {
        let id = self.requests.id_at(slot);
        let Some(record) = self.requests.record_mut(id) else {
            unreachable!("the caller has just seen it");
        };
        record.upgrading = false;
        record.upgrades_part = false;
        for entry in &mut record.entries {
            (entry.before, entry.before_target) = (None, None);
        }
        self.unlist_passed(slot);
        self.forget_order(slot);
        self.settle(id, grants);
    }

    /// Brings a request's counts down to what its targets need now.
    fn lower(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) {
        if let Some(record) = self.requests.record_mut(id) {
            entry::set_goals(&mut record.entries);
        }
        let mut grants = Grants::new();
        self.settle(id, &mut grants);
        granted.extend(in_order(grants));
    }

    /// Makes every entry of a granted request hold its goal, and drops those that
    /// have none.
    fn settle(&mut self, id: RequestId, grants: &mut Grants) {
        let Some(record) = self.requests.record_mut(id) else {
            return;
        };
        let owner = record.owner;
        let mut entries = std::mem::take(&mut record.entries);
        let nodes: Vec<_> = entries.iter().map(|entry| entry.node).collect();
        for entry in &mut entries {
            let limited = entry.target.is_some_and(|target| target.limit.is_some());
            if entry.permit == Permit::Taken && !limited {
                self.return_permit(entry.node, id.slot(), owner);
                entry.permit = Permit::Unneeded;
            }
            match (entry.goal, owner) {
                (None, _) => self.leave(entry, id.slot(), owner),
                (Some(_), Some(owner)) if entry.target.is_none() => {
                    let own = self.owned.entry(entry.node, owner);
                    own.targets.retain(|&mut slot| slot != id.slot());
                }
                _ => {}
            }
            if entry.goal.is_some() {
                self.recount(entry.node, owner, entry.held, entry.goal);
                entry.held = entry.goal;
            }
        }
        remove_unneeded(&mut entries);
        if let Some(record) = self.requests.record_mut(id) {
            record.entries = entries;
        }
        for node in nodes.into_iter().rev() {
            self.look_at(node, grants);
        }
    }

    /// Gives a request its entries back and looks at all its nodes.
    fn put_back(
        &mut self,
        id: RequestId,
        entries: Vec<Entry>,
        granted: &mut impl Extend<RequestId>,
    ) {
        let nodes: Vec<_> = entries.iter().map(|entry| entry.node).collect();
        if let Some(record) = self.requests.record_mut(id) {
            record.entries = entries;
        }
        let mut grants = Grants::new();
        for node in nodes.into_iter().rev() {
            self.look_at(node, &mut grants);
        }
        granted.extend(in_order(grants));
    }
}
