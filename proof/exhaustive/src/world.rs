//! Worlds: which paths, claims, requests and owners there are to choose from.
//!
//! Every world lies on one tree: the root, `a` and `b` below it, and `a` and `b`
//! below each of those. Its symmetries exchange the two names at each place.

use oarlock_proof::words::Claim;

/// How many paths there are.
pub const PATHS: usize = 7;
/// The number of ways to exchange the two names at the root, below `a`, below `b`.
pub const SYMMETRIES: usize = 8;
/// The label of a request without an owner.
pub const OWNERLESS: u8 = 3;
/// The most owners of a world; their labels are 0, 1 and 2.
pub const OWNERS: usize = 3;
/// The most live requests of a world.
pub const LIVE: usize = 5;

/// A path's number: 0 is the root, 1 and 2 are `a` and `b`, 3 to 6 are `a/a`,
/// `a/b`, `b/a` and `b/b`.
pub type PathNumber = u8;

/// What is claimed of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A write.
    Write = 0,
    /// A read without a limit.
    Read = 1,
    /// A read with a limit of 1.
    One = 2,
    /// A read with a limit of 2.
    Two = 3,
}

impl Kind {
    fn of(claim: &Claim) -> Self {
        match (claim.write, claim.limit) {
            (true, _) => Self::Write,
            (false, None) => Self::Read,
            (false, Some(1)) => Self::One,
            (false, Some(_)) => Self::Two,
        }
    }

    pub(crate) fn from_number(number: u32) -> Self {
        [Self::Write, Self::Read, Self::One, Self::Two][number as usize]
    }
}

/// The segments of a path.
#[must_use]
pub fn segments(path: PathNumber) -> Vec<Vec<u8>> {
    let names: &[&[u8]] = match path {
        0 => &[],
        1 => &[b"a"],
        2 => &[b"b"],
        3 => &[b"a", b"a"],
        4 => &[b"a", b"b"],
        5 => &[b"b", b"a"],
        _ => &[b"b", b"b"],
    };
    names.iter().map(|name| name.to_vec()).collect()
}

/// The number of a path that lies in the tree.
#[must_use]
pub fn number(path: &[Vec<u8>]) -> PathNumber {
    let digit = |name: &Vec<u8>| u8::from(name == b"b");
    match path {
        [] => 0,
        [first] => 1 + digit(first),
        [first, second, ..] => 3 + 2 * digit(first) + digit(second),
    }
}

/// A claim as its path's number and its kind.
pub type Small = (PathNumber, Kind);

/// The claim of this kind on this path.
#[must_use]
pub fn claim((path, kind): Small, inherited: bool) -> Claim {
    Claim {
        path: segments(path),
        write: kind == Kind::Write,
        limit: match kind {
            Kind::One => Some(1),
            Kind::Two => Some(2),
            _ => None,
        },
        inherited,
    }
}

/// The number and kind of a claim.
#[must_use]
pub fn small(claim: &Claim) -> Small {
    (number(&claim.path), Kind::of(claim))
}

/// Where a symmetry puts a path. Bit 0 exchanges the names at the root, bit 1
/// those below `a`, bit 2 those below `b` (as they are called before).
#[must_use]
pub fn moved(symmetry: u8, path: PathNumber) -> PathNumber {
    let bit = |n: u8| (symmetry >> n) & 1;
    match path {
        0 => 0,
        1 | 2 => 1 + ((path - 1) ^ bit(0)),
        _ => {
            let (first, second) = ((path - 3) >> 1, (path - 3) & 1);
            3 + 2 * (first ^ bit(0)) + (second ^ bit(1 + first))
        }
    }
}

/// First `before`, then `after`, as one symmetry.
#[must_use]
pub fn composed(after: u8, before: u8) -> u8 {
    (0..SYMMETRIES as u8)
        .find(|&one| (0..PATHS as u8).all(|p| moved(one, p) == moved(after, moved(before, p))))
        .unwrap_or_else(|| unreachable!("symmetries are a group"))
}

/// What can be asked for, by whom, and how many requests may be live at once.
#[derive(Clone, Debug)]
pub struct World {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it holds, for people.
    pub about: &'static str,
    /// The claims of each request that can be made, as the caller gives them.
    pub requests: Vec<Vec<Small>>,
    /// How many owners there are, 0 to 3.
    pub owners: u8,
    /// The most requests that are live at once, 1 to 5.
    pub live: usize,
    /// Whether upgrades, downgrades and releases of parts are among the operations.
    pub changes: bool,
    /// Whether tries are among the operations when as many as may be are live.
    pub tries: bool,
}

impl World {
    /// The symmetries of the tree that change nothing but names in this world.
    #[must_use]
    pub fn symmetries(&self) -> Vec<u8> {
        let sorted = |request: Vec<Small>| {
            let mut claims = request;
            claims.sort_unstable();
            claims
        };
        let all: Vec<Vec<Small>> = self.requests.iter().cloned().map(sorted).collect();
        let keeps = |&symmetry: &u8| {
            all.iter().all(|request| {
                let there = request.iter().map(|&(path, kind)| (moved(symmetry, path), kind));
                all.contains(&sorted(there.collect()))
            })
        };
        (0..SYMMETRIES as u8).filter(keeps).collect()
    }

    /// The world of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|world| world.name == name)
    }

    /// Every world, from the smallest.
    #[must_use]
    pub fn all() -> Vec<Self> {
        use Kind::{One, Read, Two, Write};
        let every: Vec<u8> = (0..PATHS as u8).collect();
        vec![
            Self {
                name: "tiny",
                about: "2 requests of one claim, on the whole tree",
                requests: singles(&every, &[Write, Read, One]),
                owners: 2,
                live: 2,
                changes: true,
                tries: true,
            },
            Self {
                name: "two",
                about: "2 requests of one claim or two, on the whole tree",
                requests: [singles(&every, &[Write, Read, One, Two]), pairs()].concat(),
                owners: 2,
                live: 2,
                changes: true,
                tries: true,
            },
            Self {
                name: "row",
                about: "3 requests of one claim, on a and two paths below it, of one owner and others",
                requests: vec![vec![(1, Read)], vec![(3, Write)], vec![(4, Write)]],
                owners: 1,
                live: 3,
                changes: true,
                tries: true,
            },
            Self {
                name: "four",
                about: "4 requests of one claim, on the root and a",
                requests: vec![vec![(0, Write)], vec![(1, Write)], vec![(1, Read)], vec![(1, One)]],
                owners: 2,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "rows",
                about: "4 requests of one claim, on a and two paths below it",
                requests: vec![
                    vec![(1, Read)],
                    vec![(1, Write)],
                    vec![(3, Write)],
                    vec![(4, Write)],
                ],
                owners: 2,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "knots",
                about: "4 requests of one claim or two, with permits, on a, b and a/a",
                requests: vec![
                    vec![(1, Read)],
                    vec![(1, Two)],
                    vec![(3, Write)],
                    vec![(2, Write)],
                    vec![(1, Two), (2, Write)],
                ],
                owners: 3,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "places",
                about: "4 requests for two permits of a, with b or without it",
                requests: vec![
                    vec![(1, Two)],
                    vec![(1, Two), (2, Read)],
                    vec![(2, Read)],
                    vec![(1, Read)],
                ],
                owners: 3,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "five",
                about: "5 requests, some of them for two permits of a, of one owner and others",
                requests: vec![
                    vec![(1, Read), (2, Write)],
                    vec![(1, Two), (2, Write)],
                    vec![(1, Two)],
                    vec![(1, Write)],
                ],
                owners: 1,
                live: 5,
                changes: true,
                tries: false,
            },
            Self {
                name: "three",
                about: "3 requests of one claim, on the whole tree",
                requests: singles(&every, &[Write, Read, One, Two]),
                owners: 2,
                live: 3,
                changes: true,
                tries: true,
            },
            Self {
                name: "line",
                about: "4 requests of one claim, on the root, a and a/a",
                requests: vec![
                    vec![(0, Write)],
                    vec![(0, Read)],
                    vec![(1, Write)],
                    vec![(1, Read)],
                    vec![(1, One)],
                    vec![(3, Write)],
                ],
                owners: 2,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "pairs",
                about: "3 requests of one claim or two, on the whole tree",
                requests: [singles(&every, &[Write, Read, One, Two]), pairs()].concat(),
                owners: 2,
                live: 3,
                changes: true,
                tries: true,
            },
            Self {
                name: "permits",
                about: "4 requests for one or two permits of a, some of them with more than that",
                requests: vec![
                    vec![(1, One)],
                    vec![(1, Two)],
                    vec![(1, One), (2, Write)],
                    vec![(1, Two), (2, Write)],
                    vec![(1, Two), (2, Read)],
                    vec![(1, Read)],
                    vec![(1, Write)],
                    vec![(2, Write)],
                    vec![(0, Read)],
                    vec![(3, One)],
                ],
                owners: 3,
                live: 4,
                changes: true,
                tries: true,
            },
            Self {
                name: "queues",
                about: "4 requests of one claim or two without owners, nothing but arrivals and ends",
                requests: [singles(&every, &[Write, Read, One, Two]), pairs()].concat(),
                owners: 0,
                live: 4,
                changes: false,
                tries: false,
            },
            Self {
                name: "changes",
                about: "4 requests of one claim without owners, on the whole tree",
                requests: singles(&every, &[Write, Read, One]),
                owners: 0,
                live: 4,
                changes: true,
                tries: false,
            },
            Self {
                name: "full",
                about: "4 requests of one claim, 3 owners and none, on the whole tree",
                requests: singles(&every, &[Write, Read, One]),
                owners: 3,
                live: 4,
                changes: true,
                tries: false,
            },
            Self {
                name: "fuller",
                about: "4 requests of one claim or two, 3 owners and none, on the whole tree",
                requests: [singles(&every, &[Write, Read, One, Two]), pairs()].concat(),
                owners: 3,
                live: 4,
                changes: true,
                tries: false,
            },
        ]
    }
}

fn singles(paths: &[PathNumber], kinds: &[Kind]) -> Vec<Vec<Small>> {
    let on = |&path: &PathNumber| kinds.iter().map(move |&kind| vec![(path, kind)]);
    paths.iter().flat_map(on).collect()
}

/// Requests of two claims that meet in different ways, closed under the
/// symmetries of the tree.
fn pairs() -> Vec<Vec<Small>> {
    use Kind::{One, Read, Write};
    let samples: [[Small; 2]; 6] = [
        [(1, Write), (2, Write)],
        [(1, Read), (3, Write)],
        [(0, Read), (3, Write)],
        [(1, Read), (2, Write)],
        [(1, One), (2, Write)],
        [(3, Write), (4, Read)],
    ];
    let mut all = Vec::new();
    for pair in samples {
        for symmetry in 0..SYMMETRIES as u8 {
            let mut there: Vec<Small> =
                pair.iter().map(|&(path, kind)| (moved(symmetry, path), kind)).collect();
            there.sort_unstable();
            if !all.contains(&there) {
                all.push(there);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_numbers_are_one_to_one() {
        for path in 0..PATHS as u8 {
            assert_eq!(number(&segments(path)), path);
        }
    }

    #[test]
    fn symmetries_keep_what_lies_below_what() {
        for symmetry in 0..SYMMETRIES as u8 {
            for one in 0..PATHS as u8 {
                for other in 0..PATHS as u8 {
                    let below = |a: u8, b: u8| segments(b).starts_with(&segments(a));
                    assert_eq!(
                        below(one, other),
                        below(moved(symmetry, one), moved(symmetry, other))
                    );
                }
            }
        }
    }

    #[test]
    fn whole_worlds_have_all_symmetries() {
        for name in ["two", "three", "queues", "changes", "full", "fuller"] {
            let world = World::named(name).map(|world| world.symmetries().len());
            assert_eq!(world, Some(SYMMETRIES), "{name}");
        }
    }
}
