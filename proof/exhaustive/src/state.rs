//! States as numbers, equal up to the names that do not matter.
//!
//! A state is the list of the live requests in the order of their arrival, and who
//! was put in front of whom, as the rules keep it: nothing else can be observed. Each
//! request is 32 bits: four for each path (0, or one more than twice the claim's kind,
//! one more again if it is inherited), two for the owner's label, one each for granted
//! and upgrading. For each two requests there is one bit for a bypass and one for the
//! places of their permits, set if it is not the order of their arrival.

use oarlock_proof::oracle::{Oracle, Pairs};
use oarlock_proof::words::{Id, Owner, Request};

use crate::world::{self, Kind, LIVE, OWNERLESS, OWNERS, PATHS, Small};

/// A state; of nothing, unless told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// In the order of arrival, never 0 unless there is no further one.
    requests: [u32; LIVE],
    /// Bypasses in the low bits, places above them.
    order: u32,
}

/// How many pairs of requests there are.
const PAIRS: usize = LIVE * (LIVE - 1) / 2;

/// The pairs of places in the order of arrival.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (1..LIVE).flat_map(|later| (0..later).map(move |earlier| (earlier, later)))
}

const OWNER_AT: u32 = 28;
const GRANTED: u32 = 1 << 30;
const UPGRADING: u32 = 1 << 31;

/// Names changed: a symmetry of the tree, and new labels for owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renaming {
    /// Which symmetry of [`world`].
    pub symmetry: u8,
    /// The new label of each owner; a permutation.
    pub owners: [u8; OWNERS],
}

impl Renaming {
    /// Changes nothing.
    pub const NONE: Self = Self { symmetry: 0, owners: [0, 1, 2] };

    /// First `before`, then this one.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        Self {
            symmetry: world::composed(self.symmetry, before.symmetry),
            owners: before.owners.map(|label| self.owners[label as usize]),
        }
    }

    /// The new label of an owner.
    #[must_use]
    pub fn owner(self, label: u8) -> u8 {
        if label == OWNERLESS { label } else { self.owners[label as usize] }
    }
}

/// One request as 32 bits.
#[must_use]
pub fn pack(request: &Request) -> u32 {
    let mut bits = pack_claims(request);
    bits |= u32::from(label(request.owner)) << OWNER_AT;
    if request.granted {
        bits |= GRANTED;
    }
    if request.upgrading {
        bits |= UPGRADING;
    }
    bits
}

/// The claims alone.
#[must_use]
pub fn pack_claims(request: &Request) -> u32 {
    request.claims.iter().fold(0, |bits, claim| {
        let (path, kind) = world::small(claim);
        bits | (1 + 2 * kind as u32 + u32::from(claim.inherited)) << (4 * u32::from(path))
    })
}

/// The claims of a packed request, each with whether it is inherited.
pub fn claims(bits: u32) -> impl Iterator<Item = (Small, bool)> {
    (0..PATHS as u8).filter_map(move |path| {
        let digit = (bits >> (4 * u32::from(path))) & 15;
        let digit = digit.checked_sub(1)?;
        Some(((path, Kind::from_number(digit >> 1)), digit & 1 == 1))
    })
}

/// Whether it is granted.
#[must_use]
pub fn granted(bits: u32) -> bool {
    bits & GRANTED != 0
}

/// Whether an upgrade of it waits.
#[must_use]
pub fn upgrading(bits: u32) -> bool {
    bits & UPGRADING != 0
}

/// The label of its owner.
#[must_use]
pub fn owner(bits: u32) -> u8 {
    ((bits >> OWNER_AT) & 3) as u8
}

/// The label of an owner in the lists of the rules.
#[must_use]
pub fn label(owner: Option<Owner>) -> u8 {
    owner.map_or(OWNERLESS, |owner| owner as u8)
}

/// The other way round.
#[must_use]
pub fn owner_of(label: u8) -> Option<Owner> {
    (label != OWNERLESS).then_some(Owner::from(label))
}

/// The requests of a state in the order of arrival.
pub fn requests(key: Key) -> impl Iterator<Item = u32> {
    key.requests.into_iter().take_while(|&bits| bits != 0)
}

/// The same as the rules keep it, the requests called 0, 1, 2, ...
#[must_use]
pub fn unpack(key: Key) -> Oracle {
    let mut oracle = Oracle { live: unpack_requests(key), ..Oracle::default() };
    for (number, (earlier, later)) in pairs().enumerate() {
        let (earlier, later) = (earlier as Id, later as Id);
        if key.order & 1 << number != 0 {
            let upgrade = |id: Id| oracle.live.iter().any(|r| r.id == id && r.upgrading);
            let passed = upgrade(later) && !upgrade(earlier);
            let pair = if passed { (earlier, later) } else { (later, earlier) };
            oracle.bypasses.insert(pair);
        }
        if key.order & 1 << (PAIRS + number) != 0 {
            oracle.places.insert((later, earlier));
        }
    }
    oracle
}

fn unpack_requests(key: Key) -> Vec<Request> {
    requests(key)
        .enumerate()
        .map(|(at, bits)| Request {
            id: at as Id,
            owner: owner_of(owner(bits)),
            claims: claims(bits).map(|(small, inherited)| world::claim(small, inherited)).collect(),
            granted: granted(bits),
            upgrading: upgrading(bits),
        })
        .collect()
}

/// Who was put in front of whom, as bits; without places that are never asked for.
fn pack_order(oracle: &Oracle) -> u32 {
    let live = &oracle.live;
    let has = |set: &Pairs, (one, other): (usize, usize)| match (live.get(one), live.get(other)) {
        (Some(one), Some(other)) => {
            set.contains(&(one.id, other.id)) || set.contains(&(other.id, one.id))
        }
        _ => false,
    };
    // Permits go by them, of one path, and of one who waits for it and others; claims
    // lose their limits, and never get any.
    let permits = |at: usize| live[at].claims.iter().filter(|claim| claim.limit.is_some());
    let meet = |one: usize, other: usize| {
        permits(one).any(|claim| permits(other).any(|theirs| theirs.path == claim.path))
    };
    let is_asked_for = |(one, other): (usize, usize)| {
        let passes = |third: usize, by: usize| {
            let pair = (live[by].id, live[third].id);
            !live[third].granted && oracle.places.contains(&pair) && meet(third, by)
        };
        let third = || (0..live.len()).any(|third| passes(third, one) || passes(third, other));
        meet(one, other) && (!live[one].granted || !live[other].granted || third())
    };
    pairs().enumerate().fold(0, |bits, (number, pair)| {
        let placed = has(&oracle.places, pair) && is_asked_for(pair);
        let bypass = u32::from(has(&oracle.bypasses, pair)) << number;
        bits | bypass | u32::from(placed) << (PAIRS + number)
    })
}

/// Turns states into their representatives under the symmetries of one world.
#[derive(Debug)]
pub struct Canon {
    /// The symmetries in use, each with what it makes of the low and of the high
    /// digits of a request.
    tables: Vec<(u8, Vec<u32>, Vec<u32>)>,
}

/// The digits of four paths.
const LOW: u32 = 0xffff;
/// Those of the other three.
const HIGH: u32 = 0x0fff;

impl Canon {
    /// For a world with these symmetries, the identity among them.
    #[must_use]
    pub fn new(symmetries: &[u8]) -> Self {
        let move_digits = |symmetry: u8, bits: u32| {
            (0..PATHS as u8).fold(0, |moved, path| {
                let digit = (bits >> (4 * path)) & 15;
                moved | digit << (4 * world::moved(symmetry, path))
            })
        };
        let table = |&symmetry: &u8| {
            let low = (0..=LOW).map(|bits| move_digits(symmetry, bits));
            let high = (0..=HIGH).map(|bits| move_digits(symmetry, bits << 16));
            (symmetry, low.collect(), high.collect())
        };
        Self { tables: symmetries.iter().map(table).collect() }
    }

    /// The representative of a state, and how its names come from those here.
    #[must_use]
    pub fn of(&self, oracle: &Oracle) -> (Key, Renaming) {
        let mut packed = [0u32; LIVE];
        // Owners in the order in which they come first; labels not in use last.
        let mut owners = [OWNERLESS; OWNERS];
        let mut next = 0;
        for (at, request) in oracle.live.iter().enumerate() {
            let bits = pack(request);
            let old = owner(bits);
            let new = if old == OWNERLESS {
                OWNERLESS
            } else {
                let slot = &mut owners[old as usize];
                if *slot == OWNERLESS {
                    *slot = next;
                    next += 1;
                }
                *slot
            };
            packed[at] = (bits & !(3 << OWNER_AT)) | u32::from(new) << OWNER_AT;
        }
        for slot in &mut owners {
            if *slot == OWNERLESS {
                *slot = next;
                next += 1;
            }
        }
        let mut best = ([u32::MAX; LIVE], 0);
        for (symmetry, low, high) in &self.tables {
            let key = packed.map(|bits| {
                let digits = low[(bits & LOW) as usize] | high[((bits >> 16) & HIGH) as usize];
                digits | (bits & !0x0fff_ffff)
            });
            best = best.min((key, *symmetry));
        }
        let renaming = Renaming { symmetry: best.1, owners };
        (Key { requests: best.0, order: pack_order(oracle) }, renaming)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::SYMMETRIES;

    fn request(owner: Option<Owner>, claims: &[(Small, bool)], granted: bool) -> Request {
        Request {
            id: 0,
            owner,
            claims: claims
                .iter()
                .map(|&(small, inherited)| world::claim(small, inherited))
                .collect(),
            granted,
            upgrading: false,
        }
    }

    #[test]
    fn packing_loses_nothing() {
        let list = [
            request(Some(0), &[((0, Kind::Read), false), ((6, Kind::Write), true)], true),
            request(None, &[((1, Kind::Two), true), ((2, Kind::One), false)], false),
        ];
        let canon = Canon::new(&[0]);
        let (key, renaming) = canon.of(&state(&list));
        assert_eq!(renaming, Renaming::NONE);
        let back = unpack(key).live;
        assert_eq!(back.len(), 2);
        for (one, other) in list.iter().zip(&back) {
            assert_eq!(pack(one), pack(other));
            assert_eq!(one.claims, other.claims);
        }
    }

    fn state(live: &[Request]) -> Oracle {
        let named = live.iter().enumerate().map(|(at, r)| Request { id: at as Id, ..r.clone() });
        Oracle { live: named.collect(), ..Oracle::default() }
    }

    #[test]
    fn packing_keeps_who_was_put_in_front_of_whom() {
        let permit = |owner, granted| request(Some(owner), &[((1, Kind::Two), false)], granted);
        let mut upgrade = request(Some(2), &[((2, Kind::Read), false)], true);
        upgrade.upgrading = true;
        let list = [permit(0, true), permit(1, false), permit(0, false), upgrade];
        let mut oracle = state(&list);
        // An upgrade stands in front of those that wait, unless it is passed.
        oracle.bypasses = [(2, 1), (1, 3)].into();
        oracle.places = [(2, 1), (1, 0)].into();
        let canon = Canon::new(&[0]);
        let back = unpack(canon.of(&oracle).0);
        assert_eq!((&back.bypasses, &back.places), (&oracle.bypasses, &oracle.places));
        // The place of one without a permit of the path is never asked for.
        oracle.places.insert((3, 2));
        assert_eq!(unpack(canon.of(&oracle).0), back);
        // Nor is that of two that are granted, but for one that waits behind them.
        oracle.live[1].granted = true;
        oracle.bypasses.clear();
        assert_eq!(unpack(canon.of(&oracle).0).places, [(2, 1)].into());
    }

    #[test]
    fn renamed_states_have_one_representative() {
        let all: Vec<u8> = (0..SYMMETRIES as u8).collect();
        let canon = Canon::new(&all);
        let list = [
            request(Some(2), &[((3, Kind::Write), false)], true),
            request(Some(0), &[((1, Kind::One), false), ((5, Kind::Read), false)], false),
        ];
        let (key, _) = canon.of(&state(&list));
        for symmetry in all {
            let renamed: Vec<Request> = list
                .iter()
                .map(|r| Request {
                    owner: r.owner.map(|label| (label + 1) % 3),
                    claims: r
                        .claims
                        .iter()
                        .map(|claim| {
                            let (path, kind) = world::small(claim);
                            world::claim((world::moved(symmetry, path), kind), claim.inherited)
                        })
                        .collect(),
                    ..r.clone()
                })
                .collect();
            let (there, renaming) = canon.of(&state(&renamed));
            assert_eq!(there, key);
            // The renaming leads from the names of the list to those of the key.
            let first = requests(there).next().map(|bits| {
                let moved = |path| world::moved(renaming.symmetry, path);
                claims(bits).any(|((path, _), _)| path == moved(world::moved(symmetry, 3)))
            });
            assert_eq!(first, Some(true));
        }
    }
}
