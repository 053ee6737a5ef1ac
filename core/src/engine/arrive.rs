//! Taking a request in.

use smallvec::SmallVec;

use super::crowd::{NewWait, Stage};
use super::decide::Asker;
use super::entry::{self, Entry, Permit, Target};
use super::modes::NodeMode;
use super::request::{Record, Simple};
use super::send_back::Wanted;
use super::tree::{NodeIndex, ROOT, class};
use super::{Attach, Engine, Grants, RequestId, State, Submitted, in_order, state_of};
use crate::mode::Mode;
use crate::owner::OwnerId;
use crate::prepared::PreparedClaim;

impl<T: Attach> Engine<T> {
    /// Grants a request of one plain claim without an owner if that is possible
    /// at once; else nothing has changed. The caller has checked that there is
    /// room. This is the way that nearly all requests go.
    #[inline]
    pub(crate) fn try_simple(&mut self, claim: &PreparedClaim<'_, '_>) -> Option<Submitted> {
        if claim.limit.is_some() {
            return None;
        }
        let intention = NodeMode::intention(claim.mode);
        let target = NodeMode::target(claim.mode);
        let mut node = ROOT;
        let mut free = true;
        for step in claim.steps {
            free &= self.is_free(node, intention);
            node = self.tree.find_or_insert(node, step);
        }
        if !(free && self.is_free(node, target)) {
            self.retire_empty(node);
            return None;
        }
        if let Some(first) = claim.steps.first() {
            self.tops[class(first.hash)] += 1;
        }
        self.tree.node_mut(node).counts.add(target);
        let mut at = node;
        while let Some(parent) = self.tree.parent(at) {
            at = parent;
            self.tree.node_mut(at).counts.add(intention);
        }
        self.clock += 1;
        let token = self.clock;
        let mode = claim.mode;
        let id = self
            .requests
            .insert_simple(Simple { node, mode, token }, self.now);
        Some(Submitted {
            id,
            state: State::Granted { token },
        })
    }

    /// Whether a newcomer without an owner passes the node.
    #[inline]
    fn is_free(&self, node: NodeIndex, mode: NodeMode) -> bool {
        let there = self.tree.node(node);
        if there.crowd == 0 {
            // What `may_pass` comes to where nobody waits.
            return !there.counts.block(mode);
        }
        self.may_pass(
            node,
            mode,
            Asker {
                owner: None,
                arrival: self.arrivals + 1,
                held: None,
                slot: None,
            },
        )
    }

    /// Retires a node and those above it, so far as they are empty.
    pub(super) fn retire_empty(&mut self, mut node: NodeIndex) {
        loop {
            let parent = self.tree.parent(node);
            self.retire_if_empty(node);
            match parent {
                Some(parent) => node = parent,
                None => return,
            }
        }
    }

    /// Whether a request of these claims would be granted at once. Changes nothing
    /// that can be observed.
    pub(crate) fn would_pass<'s, 'p: 's>(
        &mut self,
        claims: impl Iterator<Item = PreparedClaim<'s, 'p>>,
        owner: Option<OwnerId>,
    ) -> bool {
        let mut entries = self.plan(claims);
        if let Some(owner) = owner {
            self.inherit(&mut entries, owner);
            entry::set_goals(&mut entries);
        }
        let asker = Asker {
            owner,
            arrival: self.arrivals + 1,
            held: None,
            slot: None,
        };
        let passes = |entry: &Entry| {
            let mode = entry.asked;
            let limit = entry.target.filter(|it| !it.inherited);
            mode.is_none_or(|mode| self.may_pass(entry.node, mode, asker))
                && limit
                    .and_then(|target| target.limit)
                    .is_none_or(|limit| self.may_take_permit(entry.node, limit, asker))
        };
        let all_pass = entries.iter().all(passes);
        self.drop_plan(entries);
        all_pass
    }

    /// Grants a request without an owner if that is possible at once; else nothing
    /// has changed. The caller has checked that there is room.
    pub(crate) fn try_record<'s, 'p: 's>(
        &mut self,
        claims: impl Iterator<Item = PreparedClaim<'s, 'p>>,
    ) -> Option<Submitted> {
        let mut entries = self.plan(claims);
        let free = |entry: &Entry| {
            let there = self.tree.node(entry.node);
            let limited = entry.target.is_some_and(|target| target.limit.is_some());
            there.crowd == 0 && !limited && entry.goal.is_none_or(|goal| !there.counts.block(goal))
        };
        if !entries.iter().all(free) {
            // Perhaps all the same: nobody may wait, or not in its way.
            self.drop_plan(entries);
            return None;
        }
        for entry in &mut entries {
            let there = self.tree.node_mut(entry.node);
            if let Some(goal) = entry.goal {
                there.counts.add(goal);
            }
            entry.held = entry.goal;
            self.enter_top(entry.node);
        }
        self.arrivals += 1;
        self.clock += 1;
        let token = self.clock;
        let id = self
            .requests
            .insert(Record::new(self.arrivals, None, entries));
        self.requests.set_granted(id, token, self.now);
        Some(Submitted {
            id,
            state: State::Granted { token },
        })
    }

    /// Takes in any request, with a record. The caller has checked that there is
    /// room. `again` gets the parts of other requests that were complete here, had
    /// to wait because of what this one inherits, and are complete again.
    pub(crate) fn submit_record<'s, 'p: 's>(
        &mut self,
        claims: impl Iterator<Item = PreparedClaim<'s, 'p>>,
        owner: Option<OwnerId>,
        again: &mut impl Extend<RequestId>,
    ) -> Submitted {
        let mut entries = self.plan(claims);
        if let Some(owner) = owner {
            self.inherit(&mut entries, owner);
            entry::set_goals(&mut entries);
        }
        self.arrivals += 1;
        // Its entries come when they have been entered.
        let record = Record::new(self.arrivals, owner, Vec::new());
        let id = self.requests.insert(record);
        if let Some(owner) = owner {
            self.add_owned(id, owner);
            self.go_ahead(id, &entries, owner);
        }
        let blocked = self.enter(id, &mut entries, owner);
        let mut token = 0;
        if blocked == 0 {
            self.clock += 1;
            token = self.clock;
            self.requests.set_granted(id, token, self.now);
        } else {
            self.waiting += 1;
        }
        let mut permits: SmallVec<[_; 1]> = SmallVec::new();
        if owner.is_some() {
            permits.extend(inherited_permits(&entries));
        }
        let Some(record) = self.requests.record_mut(id) else {
            unreachable!("the record was inserted above");
        };
        record.blocked = blocked;
        record.granted = blocked == 0;
        record.entries = entries;
        if blocked > 0 {
            self.list_passed(id.slot());
        }
        for node in permits {
            // Those that were sent back take what permits are left.
            let mut grants = Grants::new();
            self.pass_waiting(node, &mut grants);
            again.extend(in_order(grants));
        }
        Submitted {
            id,
            state: state_of(token),
        }
    }

    /// One entry for every node on the way to the claims, in normal form. Entries
    /// that no claim needs are not among them.
    fn plan<'s, 'p: 's>(
        &mut self,
        claims: impl Iterator<Item = PreparedClaim<'s, 'p>>,
    ) -> Vec<Entry> {
        let mut entries = self.spare_entries();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            // Once in 2³² requests: old marks could be taken for new ones.
            self.marks.clear();
            self.round = 1;
        }
        entries.push(Entry::new(ROOT, 0));
        // A claim ends above another one's end, which it may cover.
        let mut nested = false;
        for claim in claims {
            let intention = NodeMode::intention(claim.mode);
            let mut index = 0;
            for step in claim.steps {
                entries[index].raise(intention);
                nested |= entries[index].target.is_some();
                let node = self.tree.find_or_insert(entries[index].node, step);
                let next = entries.len() as u32;
                let mark = self.mark(node);
                if mark.0 == self.round {
                    index = mark.1 as usize;
                } else {
                    *self.mark_mut(node) = (self.round, next);
                    entries.push(Entry::new(node, index as u32));
                    index = next as usize;
                }
            }
            nested |= entries[index].goal.is_some();
            entries[index].raise(NodeMode::target(claim.mode));
            entries[index].add_target(Target {
                mode: claim.mode,
                limit: claim.limit,
                inherited: false,
            });
        }
        if nested {
            entry::drop_covered(&mut entries);
            entry::set_goals(&mut entries);
            self.drop_unneeded(&mut entries);
        }
        entries
    }

    /// Which entry the request being taken in has at a node, if the first number
    /// is that of this round.
    #[inline]
    fn mark(&self, node: NodeIndex) -> (u32, u32) {
        self.marks.get(node as usize).copied().unwrap_or((0, 0))
    }

    fn mark_mut(&mut self, node: NodeIndex) -> &mut (u32, u32) {
        let node = node as usize;
        if node >= self.marks.len() {
            self.marks.resize((node + 1).next_power_of_two(), (0, 0));
        }
        &mut self.marks[node]
    }

    /// Drops the entries without a goal: below a claim that covers all there.
    fn drop_unneeded(&mut self, entries: &mut Vec<Entry>) {
        if entries.iter().all(|entry| entry.goal.is_some()) {
            return;
        }
        // The others are filled later, or dropped.
        for entry in entries.iter().filter(|entry| entry.goal.is_some()) {
            self.tree.keep(entry.node);
        }
        let unneeded = entries.iter().filter(|entry| entry.goal.is_none());
        for entry in unneeded.rev() {
            self.retire_if_empty(entry.node);
        }
        remove_unneeded(entries);
    }

    /// Drops a plan that nothing came of.
    fn drop_plan(&mut self, entries: Vec<Entry>) {
        for entry in entries.iter().rev() {
            self.retire_if_empty(entry.node);
        }
        self.keep_entries(entries);
    }

    #[inline]
    pub(super) fn retire_if_empty(&mut self, node: NodeIndex) {
        if self.tree.node(node).is_empty() {
            self.tree.retire(node);
        }
    }

    /// Marks the claims that the owner holds already.
    fn inherit(&self, entries: &mut [Entry], owner: OwnerId) {
        if cfg!(oarlock_mutation = "forget_owner_exemption") {
            return;
        }
        for index in 0..entries.len() {
            let Some(target) = entries[index].target else {
                continue;
            };
            let here = self.held_targets(entries[index].node, owner);
            let held = here.into_iter().any(|held| {
                held.mode == Mode::Write
                    || (target.mode == Mode::Read
                        && (target.limit.is_none() || held.limit.is_some()))
            });
            let held = held
                || entry::above(entries, index).any(|at| {
                    self.held_targets(entries[at].node, owner)
                        .any(|held| target.is_covered_from_above(held.mode))
                });
            if let Some(target) = &mut entries[index].target {
                target.inherited = held;
            }
        }
    }

    /// The claims on exactly this node that the owner holds.
    fn held_targets(
        &self,
        node: NodeIndex,
        owner: OwnerId,
    ) -> impl Iterator<Item = Target> + use<'_, T> {
        let own = self.owned.get(node, owner);
        own.into_iter()
            .flat_map(|own| own.targets.iter())
            .filter_map(|&slot| self.requests.record_ref(slot))
            .filter_map(move |record| {
                let entry = record.entries.iter().find(|entry| entry.node == node)?;
                let target = record.claimed(entry)?;
                (target.inherited || record.is_held()).then_some(target)
            })
    }

    /// Makes way for claims that the owner holds already.
    fn go_ahead(&mut self, id: RequestId, entries: &[Entry], owner: OwnerId) {
        let inherited = entries.iter().filter_map(|it| {
            Some(Wanted {
                node: it.node,
                mode: it.inherited?,
                held: None,
            })
        });
        let inherited: SmallVec<[_; 4]> = inherited.collect();
        if inherited.is_empty() {
            return;
        }
        let permits: SmallVec<[_; 1]> = inherited_permits(entries).collect();
        self.send_back(id, Some(owner), &inherited, &permits);
    }

    /// Notes a request that is its owner's.
    fn add_owned(&mut self, id: RequestId, owner: OwnerId) {
        let place = self.owned.add_request(owner, id.slot());
        if let Some(record) = self.requests.record_mut(id) {
            record.owned = place;
        }
    }

    /// Each entry passes its node or joins its queue. The number of stages to
    /// wait for.
    fn enter(&mut self, id: RequestId, entries: &mut [Entry], owner: Option<OwnerId>) -> u32 {
        let arrival = self.arrivals;
        let slot = id.slot();
        let mut blocked = 0;
        for (index, entry) in entries.iter_mut().enumerate() {
            let node = entry.node;
            self.enter_top(node);
            if let Some(owner) = owner {
                let own = self.owned.entry(node, owner);
                own.entries += 1;
                if entry.target.is_some() {
                    own.targets.push(slot);
                }
            }
            let there = self.tree.node_mut(node);
            if owner.is_none()
                && there.crowd == 0
                && let Some(goal) = entry.goal
                && entry.target.is_none_or(|target| target.limit.is_none())
                && !there.counts.block(goal)
            {
                // What all that follows comes to where nobody waits.
                there.counts.add(goal);
                entry.held = entry.goal;
                continue;
            }
            entry.held = entry.inherited;
            let free = entry.asked.is_none_or(|mode| {
                let (held, slot) = (None, None);
                let asker = Asker {
                    owner,
                    arrival,
                    held,
                    slot,
                };
                self.may_pass(node, mode, asker)
            });
            if free {
                entry.held = entry.goal;
            }
            self.recount(node, owner, None, entry.held);
            if let (false, Some(mode)) = (free, entry.asked) {
                let stage = Stage::Mode(mode);
                entry.wait = Some(self.link(node, slot, index, owner, arrival, stage));
                blocked += 1;
            }
            if let Some(target) = entry.target
                && let Some(limit) = target.limit
            {
                let asker = Asker {
                    owner,
                    arrival,
                    held: None,
                    slot: None,
                };
                if target.inherited
                    || cfg!(oarlock_mutation = "ignore_limit")
                    || self.may_take_permit(node, limit, asker)
                {
                    entry.permit = Permit::Taken;
                    self.take_permit(node, slot, owner, false);
                } else {
                    let wait = self.link(node, slot, index, owner, arrival, Stage::Permit);
                    entry.permit = Permit::Waiting(wait);
                    blocked += 1;
                }
            }
            if let Some(owner) = owner {
                self.look_whether_special(node, owner);
            }
        }
        blocked
    }

    /// One entry more, if this is a node directly below the root.
    #[inline]
    fn enter_top(&mut self, node: NodeIndex) {
        if self.tree.parent(node) == Some(ROOT) {
            self.tops[self.tree.class(node)] += 1;
        }
    }

    pub(super) fn link(
        &mut self,
        node: NodeIndex,
        slot: u32,
        entry: usize,
        owner: Option<OwnerId>,
        arrival: u64,
        stage: Stage,
    ) -> super::crowd::WaitIndex {
        let at = self.crowds.link(
            &mut self.tree.node_mut(node).crowd,
            NewWait {
                slot,
                entry: entry as u32,
                owner,
                arrival,
                stage,
            },
        );
        if let Some(owner) = owner {
            self.owned.entry(node, owner).waiting.push(at);
            self.look_whether_special(node, owner);
        }
        at
    }
}

/// The nodes where a permit is taken ahead of those that wait.
fn inherited_permits(entries: &[Entry]) -> impl Iterator<Item = NodeIndex> {
    let inherited = |target: Target| target.inherited && target.limit.is_some();
    let ahead = move |entry: &&Entry| entry.target.is_some_and(inherited);
    entries.iter().filter(ahead).map(|entry| entry.node)
}

/// Takes the entries without a goal out of the list, and mends the others'
/// references to their parents, which all have one.
pub(super) fn remove_unneeded(entries: &mut Vec<Entry>) {
    let mut places = Vec::with_capacity(entries.len());
    let mut kept = 0;
    for entry in &*entries {
        places.push(kept);
        kept += u32::from(entry.goal.is_some());
    }
    entries.retain(|entry| entry.goal.is_some());
    for entry in entries {
        entry.up = places[entry.up as usize];
    }
}
