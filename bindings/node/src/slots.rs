//! Requests by number.
//!
//! JavaScript chooses the numbers: it keeps one object a slot and uses both
//! again, which is what makes collecting a forgotten guard cheap (see
//! `lib/slots.js`).

use oarlock::{Guard, LockId, Manager};

/// What a slot holds.
#[derive(Default)]
pub(crate) enum Slot {
    /// Nothing.
    #[default]
    Vacant,
    /// A request that waits, as far as this environment has heard.
    Waiting(Waiting),
    /// A granted request.
    Held(Guard),
}

/// A request that waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) manager: Manager,
    pub(crate) id: LockId,
    /// Which use of the slot this is: an outcome with another ticket is late.
    pub(crate) ticket: u64,
}

/// All slots of one environment.
#[derive(Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    last_ticket: u64,
}

impl Slots {
    /// Whether this slot is vacant, making it if it is the next new one.
    /// JavaScript numbers new slots one after the other.
    pub(crate) fn prepare(&mut self, number: u32) -> bool {
        let number = number as usize;
        if number == self.slots.len() {
            self.slots.push(Slot::Vacant);
        }
        matches!(self.slots.get(number), Some(Slot::Vacant))
    }

    /// A number for the next use of a slot, never given out before.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// What the slot holds; a slot that does not exist is vacant.
    pub(crate) fn get(&self, number: u32) -> &Slot {
        self.slots.get(number as usize).unwrap_or(&Slot::Vacant)
    }

    /// Puts something into a slot. The slot must exist.
    pub(crate) fn put(&mut self, number: u32, slot: Slot) {
        if let Some(place) = self.slots.get_mut(number as usize) {
            *place = slot;
        }
    }

    /// Empties a slot. The caller ends what it held, after letting go of `self`.
    pub(crate) fn take(&mut self, number: u32) -> Slot {
        self.slots
            .get_mut(number as usize)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Whether the slot waits, in the use with this ticket.
    pub(crate) fn awaits(&self, number: u32, ticket: u64) -> bool {
        matches!(self.get(number), Slot::Waiting(waiting) if waiting.ticket == ticket)
    }

    /// Everything, at the end of the environment.
    pub(crate) fn drain(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.slots)
    }
}
