//! Who is over the limit of a permit, where a bypass has changed the order of those
//! that wait for it.
//!
//! Then the order may run in a circle (one in front of another by arrival, that one of
//! a third, and the third put in front of the first), so there may be no first to begin
//! with. Over its limit is whoever counts as many as its limit, then whoever has such a
//! one in front that wants a permit, and so on; nobody is over because of itself alone.

use std::num::NonZeroU32;

use super::crowd::Stage;
use super::look::asker_of;
use super::tree::NodeIndex;
use super::{Attach, Engine};

/// Whom of those that want a permit something keeps over the limit. `count` says how
/// many count against one, those that want one in front of it among them; `is_before`
/// whether one stands in front of another, of another agent.
pub(super) fn over<W: Copy>(
    wanting: &[W],
    is_full: impl Fn(W) -> bool,
    is_before: impl Fn(W, W) -> bool,
) -> Vec<bool> {
    let mut over: Vec<bool> = wanting.iter().map(|&it| is_full(it)).collect();
    let mut new: Vec<usize> = (0..wanting.len()).filter(|&at| over[at]).collect();
    while let Some(front) = new.pop() {
        for at in 0..wanting.len() {
            if !over[at] && is_before(wanting[front], wanting[at]) {
                over[at] = true;
                new.push(at);
            }
        }
    }
    over
}

impl<T: Attach> Engine<T> {
    /// Whether one that waits for a permit may take it, where the order of some that
    /// wait for it here has been changed.
    pub(super) fn may_take_out_of_order(
        &self,
        node: NodeIndex,
        slot: u32,
        limit: NonZeroU32,
    ) -> bool {
        let there = self.tree.node(node).crowd;
        let list = self.crowds.list(there, Stage::Permit);
        let waits: Vec<_> = list.map(|(_, wait)| *wait).collect();
        let is_full = |at: usize| {
            let wait = &waits[at];
            let taken = self.permits_ahead(node, asker_of(wait)) as usize;
            let limit = if wait.slot == slot {
                limit.get() as usize
            } else {
                self.limit_at(node, wait.slot)
            };
            taken + self.permit_waits_before(node, wait).count() >= limit
        };
        let is_before = |one: usize, other: usize| {
            let (one, other) = (&waits[one], &waits[other]);
            let own = one.slot == other.slot || (one.owner.is_some() && one.owner == other.owner);
            !own && self.is_permit_before(node, one.slot, (one.arrival, other.arrival), other.slot)
        };
        let places: Vec<usize> = (0..waits.len()).collect();
        let over = over(&places, is_full, is_before);
        let own = waits.iter().position(|wait| wait.slot == slot);
        own.is_some_and(|own| !over[own])
    }
}
