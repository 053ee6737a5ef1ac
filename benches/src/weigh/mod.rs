//! Bytes and heap allocations, in a program of its own: its allocator counts, which
//! the timings of others must not pay for, and what it has held before is gone.

mod allocations;
mod allocator;
mod waiting;

pub use allocations::{Case, cases};
pub use allocator::Counting;
pub use waiting::WAITING_BY;

use serde::{Deserialize, Serialize};

use crate::keys::keys;
use crate::peers::{self, Keyed};

/// What was found. Bytes are for each of what was asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Weight {
    /// As the program asked its allocator for them; none for a peer in C.
    pub live: Option<f64>,
    /// As the allocator accounts for them, with its own.
    pub malloc: Option<f64>,
    /// As the system gave pages.
    pub resident: Option<f64>,
    /// Heap allocations of one acquire + release, a number for each of [`cases`].
    pub allocations: Vec<f64>,
}

/// A question to the program `weigh`.
#[derive(Clone, Debug)]
pub enum Asked {
    /// So many locks held, each with its guard, by the peer of this name.
    Held(String, usize),
    /// So many requests that wait, each with its handle.
    Waiting(String, usize),
    /// Heap allocations.
    Allocations,
}

impl Asked {
    /// As arguments.
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        match self {
            Self::Held(who, count) => vec!["held".into(), who.clone(), count.to_string()],
            Self::Waiting(who, count) => vec!["waiting".into(), who.clone(), count.to_string()],
            Self::Allocations => vec!["allocations".into()],
        }
    }

    /// From arguments.
    #[must_use]
    pub fn parse(args: &[String]) -> Option<Self> {
        let count = |text: &str| text.parse().ok();
        Some(match args {
            [what, who, n] if what == "held" => Self::Held(who.clone(), count(n)?),
            [what, who, n] if what == "waiting" => Self::Waiting(who.clone(), count(n)?),
            [what] if what == "allocations" => Self::Allocations,
            _ => return None,
        })
    }

    /// Finds out. Only in the program whose allocator is [`Counting`].
    #[must_use]
    pub fn answer(&self) -> Weight {
        match self {
            Self::Held(who, count) => {
                let held_by = HELD_BY.iter().find(|held_by| held_by.name == who);
                (held_by.expect("a known name").weigh)(*count)
            }
            Self::Waiting(who, count) => waiting::weigh(who, *count),
            Self::Allocations => Weight {
                allocations: cases().iter().map(Case::count).collect(),
                ..Weight::default()
            },
        }
    }
}

/// A peer that can be weighed.
pub struct HeldBy {
    /// As the tables call it.
    pub name: &'static str,
    /// Whether it was built.
    pub there: bool,
    weigh: fn(usize) -> Weight,
}

/// Everybody.
pub const HELD_BY: [HeldBy; 8] = [
    held_by::<peers::Oarlock>(true),
    held_by::<peers::ByHand>(true),
    held_by::<peers::Lockmap>(true),
    held_by::<peers::Lockable>(true),
    held_by::<peers::Dashmap>(true),
    held_by::<peers::Tokio>(true),
    HeldBy {
        weigh: in_c::<peers::Berkeley>,
        ..held_by::<peers::Berkeley>(peers::Berkeley::THERE)
    },
    HeldBy {
        weigh: in_c::<peers::Rocks>,
        ..held_by::<peers::Rocks>(peers::Rocks::THERE)
    },
];

const fn held_by<P: Keyed + 'static>(there: bool) -> HeldBy {
    HeldBy {
        name: P::NAME,
        there,
        weigh: weigh::<P>,
    }
}

/// What it takes to hold `count` keys, the guards in a vector that is just large
/// enough.
fn weigh<P: Keyed + 'static>(count: usize) -> Weight {
    let keys = keys(1, count);
    let before = Scales::read();
    let peer = P::open(count);
    let mut session = peer.session();
    let mut held = Vec::with_capacity(count);
    held.extend(keys.iter().map(|key| peer.hold(&mut session, key)));
    before.weigh(count)
}

/// As [`weigh`], but its allocations are not ours to count.
fn in_c<P: Keyed + 'static>(count: usize) -> Weight {
    Weight {
        live: None,
        ..weigh::<P>(count)
    }
}

/// What the process has.
struct Scales {
    live: i64,
    malloc: i64,
    resident: i64,
}

impl Scales {
    fn read() -> Self {
        // SAFETY: it reads the allocator's own counters.
        let malloc = unsafe { libc::mallinfo2() };
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages: i64 = statm
            .split(' ')
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        // SAFETY: nothing is asked of the caller.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        Self {
            live: Counting::live(),
            malloc: (malloc.uordblks + malloc.hblkhd) as i64,
            resident: pages * page,
        }
    }

    /// What has come since, for each of `count`.
    fn weigh(&self, count: usize) -> Weight {
        let now = Self::read();
        let each = |before, now: i64| Some((now - before) as f64 / count as f64);
        Weight {
            live: each(self.live, now.live),
            malloc: each(self.malloc, now.malloc),
            resident: each(self.resident, now.resident),
            allocations: Vec::new(),
        }
    }
}
