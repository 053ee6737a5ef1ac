//! The crowd at a node: who waits there, first in, first out, and who has a
//! permit. Most nodes have none.

use smallvec::SmallVec;

use super::modes::{ALL, MODES, NodeMode};
use super::slab::Slab;
use crate::owner::OwnerId;

/// A place in the table of waits.
pub(super) type WaitIndex = u32;

/// The arrival of an upgrade: ahead of every request that waits.
pub(super) const AHEAD: u64 = 0;

/// What somebody waits for at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be let in with this mode.
    Mode(NodeMode),
    /// For a permit.
    Permit,
}

impl Stage {
    /// Every stage, at the index of its list.
    pub(super) const ALL: [Self; MODES + 1] = {
        let [a, b, c, d, e] = ALL;
        [
            Self::Mode(a),
            Self::Mode(b),
            Self::Mode(c),
            Self::Mode(d),
            Self::Mode(e),
            Self::Permit,
        ]
    };

    /// The place of its list.
    pub(super) fn list(self) -> usize {
        match self {
            Self::Mode(mode) => mode.index(),
            Self::Permit => MODES,
        }
    }
}

/// One entry of one request that waits at one node: a link of one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// The slot of the request.
    pub(super) slot: u32,
    /// Which of the request's entries.
    pub(super) entry: u32,
    pub(super) owner: Option<OwnerId>,
    /// The request's number in the order of arrival, or [`AHEAD`].
    pub(super) arrival: u64,
    pub(super) stage: Stage,
    /// A bypass has changed its order to another one here: it is looked at by itself.
    pub(super) apart: bool,
    before: Option<WaitIndex>,
    after: Option<WaitIndex>,
}

#[derive(Clone, Copy, Debug, Default)]
struct List {
    first: Option<WaitIndex>,
    last: Option<WaitIndex>,
}

/// What waits at one node: one list for each mode and one for permits, each in
/// the order of arrival.
///
/// Lists by mode make every step O(1), however many wait: all in one list want
/// the same, so that if the first may not pass, the others may not either. Two
/// things break that, an owner's exemption and a bypass, and those that they may
/// concern are listed apart.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    waiting: [List; MODES + 1],
    /// The slots of the requests that have taken a permit.
    pub(super) permits: SmallVec<[u32; 2]>,
    /// Somebody has gone ahead of those that wait for a permit: what is taken may
    /// not all be ahead of each of them.
    pub(super) reordered: bool,
    /// Owners with several entries here of which one waits.
    pub(super) special: SmallVec<[OwnerId; 2]>,
    /// The waits that are marked `apart`.
    pub(super) apart: SmallVec<[WaitIndex; 2]>,
}

impl Crowd {
    fn is_empty(&self) -> bool {
        self.permits.is_empty() && !self.has_waiting()
    }

    pub(super) fn is_awaited(&self, stage: Stage) -> bool {
        self.waiting[stage.list()].first.is_some()
    }

    /// Whether anybody waits here.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.iter().any(|list| list.first.is_some())
    }
}

/// All crowds of an engine and the waits in them.
#[derive(Debug, Default)]
pub(super) struct Crowds {
    crowds: Slab<Crowd>,
    waits: Slab<Wait>,
}

/// A crowd's place, as a node knows it: counted from 1, 0 for none.
pub(super) type CrowdIndex = u32;

impl Crowds {
    pub(super) fn get(&self, crowd: CrowdIndex) -> Option<&Crowd> {
        self.crowds.get((crowd as usize).checked_sub(1)?)
    }

    /// The crowd of a node, made if it has none.
    pub(super) fn ensure(&mut self, crowd: &mut CrowdIndex) -> &mut Crowd {
        if *crowd == 0 {
            *crowd = self.crowds.insert(Crowd::default()) as u32 + 1;
        }
        &mut self.crowds[*crowd as usize - 1]
    }

    /// Drops the crowd of a node if nothing is left of it.
    pub(super) fn drop_if_empty(&mut self, crowd: &mut CrowdIndex) {
        if self.get(*crowd).is_some_and(Crowd::is_empty) {
            self.crowds.remove(*crowd as usize - 1);
            *crowd = 0;
        }
    }

    pub(super) fn wait(&self, at: WaitIndex) -> &Wait {
        &self.waits[at as usize]
    }

    pub(super) fn first(&self, crowd: CrowdIndex, stage: Stage) -> Option<WaitIndex> {
        self.get(crowd)?.waiting[stage.list()].first
    }

    /// The first of a list that is not looked at by itself.
    pub(super) fn first_in_order(&self, crowd: CrowdIndex, stage: Stage) -> Option<WaitIndex> {
        let mut list = self.list(crowd, stage);
        list.find(|(_, wait)| !wait.apart).map(|(at, _)| at)
    }

    /// One list, from its end.
    pub(super) fn list_back(
        &self,
        crowd: CrowdIndex,
        stage: Stage,
    ) -> impl Iterator<Item = (WaitIndex, &Wait)> {
        self.list_before(crowd, stage, None)
    }

    /// One list back from a place in it, which is left out; from its end without one.
    pub(super) fn list_before(
        &self,
        crowd: CrowdIndex,
        stage: Stage,
        place: Option<WaitIndex>,
    ) -> impl Iterator<Item = (WaitIndex, &Wait)> {
        let last = self.get(crowd).and_then(|it| it.waiting[stage.list()].last);
        let first = place.map_or(last, |at| self.wait(at).before);
        std::iter::successors(first, |&at| self.wait(at).before).map(|at| (at, self.wait(at)))
    }

    /// One list on from a place in it, which is left out; from its head without one.
    pub(super) fn list_after(
        &self,
        crowd: CrowdIndex,
        stage: Stage,
        place: Option<WaitIndex>,
    ) -> impl Iterator<Item = (WaitIndex, &Wait)> {
        let first = place.map_or_else(|| self.first(crowd, stage), |at| self.wait(at).after);
        std::iter::successors(first, |&at| self.wait(at).after).map(|at| (at, self.wait(at)))
    }

    /// One list, from its head.
    pub(super) fn list(
        &self,
        crowd: CrowdIndex,
        stage: Stage,
    ) -> impl Iterator<Item = (WaitIndex, &Wait)> {
        std::iter::successors(self.first(crowd, stage), |&at| self.wait(at).after)
            .map(|at| (at, self.wait(at)))
    }

    /// Links one in, behind all of its list that arrived before it: mostly at
    /// the end.
    pub(super) fn link(&mut self, crowd: &mut CrowdIndex, new: NewWait) -> WaitIndex {
        let list = self.ensure(crowd).waiting[new.stage.list()];
        let mut before = list.last;
        if new.arrival == AHEAD {
            // Behind other upgrades, before everybody else.
            before = None;
            let mut next = list.first;
            while let Some(at) = next
                && self.wait(at).arrival == AHEAD
            {
                before = next;
                next = self.wait(at).after;
            }
        } else {
            while let Some(at) = before
                && self.wait(at).arrival > new.arrival
            {
                before = self.wait(at).before;
            }
        }
        let after = match before {
            Some(before) => self.wait(before).after,
            None => list.first,
        };
        let at = self.waits.insert(Wait {
            slot: new.slot,
            entry: new.entry,
            owner: new.owner,
            arrival: new.arrival,
            stage: new.stage,
            apart: false,
            before,
            after,
        }) as WaitIndex;
        let list = &mut self.crowds[*crowd as usize - 1].waiting[new.stage.list()];
        match before {
            Some(before) => self.waits[before as usize].after = Some(at),
            None => list.first = Some(at),
        }
        match after {
            Some(after) => self.waits[after as usize].before = Some(at),
            None => list.last = Some(at),
        }
        at
    }

    /// Takes one out of its list, wherever it stands there.
    pub(super) fn unlink(&mut self, crowd: CrowdIndex, at: WaitIndex) -> Wait {
        let wait = self.waits.remove(at as usize);
        let list = &mut self.crowds[crowd as usize - 1].waiting[wait.stage.list()];
        match wait.before {
            Some(before) => self.waits[before as usize].after = wait.after,
            None => list.first = wait.after,
        }
        match wait.after {
            Some(after) => self.waits[after as usize].before = wait.before,
            None => list.last = wait.before,
        }
        if wait.apart {
            let apart = &mut self.crowds[crowd as usize - 1].apart;
            apart.retain(|&mut other| other != at);
        }
        wait
    }

    /// Says whether a wait is looked at by itself.
    pub(super) fn set_apart(&mut self, crowd: CrowdIndex, at: WaitIndex, apart: bool) {
        let Some(place) = (crowd as usize).checked_sub(1) else {
            return;
        };
        let wait = &mut self.waits[at as usize];
        if wait.apart == apart {
            return;
        }
        wait.apart = apart;
        let list = &mut self.crowds[place].apart;
        if apart {
            list.push(at);
        } else {
            list.retain(|&mut other| other != at);
        }
    }

    /// Notes or forgets that an owner's waits here have to be looked at.
    pub(super) fn set_special(&mut self, crowd: CrowdIndex, owner: OwnerId, special: bool) {
        let Some(place) = (crowd as usize).checked_sub(1) else {
            return;
        };
        let owners = &mut self.crowds[place].special;
        match owners.iter().position(|&known| known == owner) {
            Some(at) if !special => {
                owners.swap_remove(at);
            }
            None if special => owners.push(owner),
            _ => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waits.is_empty() && self.crowds.is_empty()
    }
}

/// One that is to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewWait {
    pub(super) slot: u32,
    pub(super) entry: u32,
    pub(super) owner: Option<OwnerId>,
    pub(super) arrival: u64,
    pub(super) stage: Stage,
}
