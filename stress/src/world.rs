//! The check on the side: a fixed tree of paths, and who is inside each of them.
//!
//! An agent (an owner, or a request without one) enters when it has been granted
//! and leaves before it releases. So whatever is inside at the same time was granted
//! at the same time, and a breach seen here is a breach of the manager.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use oarlock::{Claim, Mode, read, write};

use crate::platform::pause;
use crate::random::Random;
use crate::tokens::Tokens;

/// A claim on one of the world's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Which path.
    pub at: usize,
    /// For reading or for writing.
    pub mode: Mode,
    /// A permit of the path, of which there are [`World::limit`] many.
    pub limited: bool,
}

impl Spot {
    /// Whether it is for writing.
    #[must_use]
    pub fn writes(self) -> bool {
        self.mode == Mode::Write
    }
}

/// The paths, all of them below a root, in the order of a walk: what lies below a
/// path follows it.
#[derive(Debug)]
pub struct World {
    nodes: Box<[Node]>,
    /// Writes that were begun, each of which adds one to its path.
    writes: AtomicU64,
    /// The first breach. Kept, since a panic in a callback goes no further.
    breach: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Node {
    path: String,
    /// The path itself and all below it.
    below: Range<usize>,
    inside: Mutex<Inside>,
    /// What the lock guards. Relaxed, and added to in two steps: only the lock keeps
    /// others from coming in between, and from seeing old values.
    written: AtomicU64,
}

#[derive(Debug, Default)]
struct Inside {
    /// Who has entered this path or one above it.
    agents: Vec<Agent>,
    /// Tokens of all who came here, and of those who came for writing.
    all: Tokens,
    writers: Tokens,
}

#[derive(Debug)]
struct Agent {
    id: u64,
    readers: u32,
    writers: u32,
    /// Permits of exactly this path.
    permits: u32,
}

impl Inside {
    fn agent(&mut self, id: u64) -> &mut Agent {
        let found = self.agents.iter().position(|agent| agent.id == id);
        let at = found.unwrap_or_else(|| {
            self.agents.push(Agent {
                id,
                readers: 0,
                writers: 0,
                permits: 0,
            });
            self.agents.len() - 1
        });
        &mut self.agents[at]
    }
}

/// Never poisoned in earnest: a breach ends the run.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A root, `tops` paths below it, and `leaves` below each of those.
    #[must_use]
    pub fn new(tops: usize, leaves: usize) -> Self {
        let mut paths = vec![(String::new(), tops * (leaves + 1))];
        for top in 0..tops {
            paths.push((format!("top{top}"), leaves));
            paths.extend((0..leaves).map(|leaf| (format!("top{top}/leaf{leaf}"), 0)));
        }
        let nodes = paths
            .into_iter()
            .enumerate()
            .map(|(at, (path, below))| Node {
                path,
                below: at..at + below + 1,
                inside: Mutex::default(),
                written: AtomicU64::new(0),
            });
        Self {
            nodes: nodes.collect(),
            writes: AtomicU64::new(0),
            breach: Mutex::new(None),
        }
    }

    /// The text of a path.
    #[must_use]
    pub fn path(&self, at: usize) -> &str {
        &self.nodes[at].path
    }

    /// How many permits a path has, for limited claims: it differs from path to path.
    #[must_use]
    pub fn limit(&self, at: usize) -> u32 {
        1 + at as u32 % 3
    }

    /// The claims as the manager takes them.
    pub fn claims<'w>(&'w self, spots: &[Spot]) -> Vec<Claim<'w>> {
        let claim = |spot: &Spot| {
            let path = self.path(spot.at);
            match spot.mode {
                Mode::Read if spot.limited => read(path).limit(self.limit(spot.at)),
                Mode::Read => read(path),
                Mode::Write => write(path),
            }
        };
        spots.iter().map(claim).collect()
    }

    /// A claim that conflicts with one of these.
    pub fn conflicting<'w>(&'w self, spots: &[Spot]) -> Claim<'w> {
        write(self.path(spots[0].at))
    }

    /// Up to `most` claims, none of which covers another, mostly far from the root.
    pub fn choose(&self, random: &mut Random, most: usize) -> Vec<Spot> {
        let mut spots: Vec<Spot> = Vec::new();
        for _ in 0..=random.below(most) {
            let at = if random.one_in(40) {
                0
            } else {
                1 + random.below(self.nodes.len() - 1)
            };
            let mode = if random.one_in(2) {
                Mode::Read
            } else {
                Mode::Write
            };
            let apart = |spot: &Spot| !self.overlap(spot.at, at);
            if spots.iter().all(apart) {
                let limited = mode == Mode::Read && random.one_in(3);
                spots.push(Spot { at, mode, limited });
            }
        }
        spots
    }

    fn overlap(&self, one: usize, other: usize) -> bool {
        self.nodes[one].below.contains(&other) || self.nodes[other].below.contains(&one)
    }

    /// An agent was granted these claims with this token.
    pub fn enter(&self, agent: u64, token: u64, spots: &[Spot]) {
        for &spot in spots {
            self.enter_one(agent, token, spot);
        }
    }

    /// It is about to release them.
    pub fn leave(&self, agent: u64, spots: &[Spot]) {
        for &spot in spots {
            self.leave_one(agent, spot);
        }
    }

    /// It was granted the right to write what it reads, with this token.
    pub fn upgrade(&self, agent: u64, token: u64, spots: &mut [Spot]) {
        self.change(agent, Some(token), spots, Mode::Write);
    }

    /// It is about to give back the right to write.
    pub fn downgrade(&self, agent: u64, spots: &mut [Spot]) {
        self.change(agent, None, spots, Mode::Read);
    }

    fn change(&self, agent: u64, token: Option<u64>, spots: &mut [Spot], mode: Mode) {
        for spot in spots.iter_mut().filter(|spot| spot.mode != mode) {
            let new = Spot {
                at: spot.at,
                mode,
                limited: false,
            };
            self.leave_one(agent, *spot);
            match token {
                Some(token) => self.enter_one(agent, token, new),
                None => self.put(agent, new),
            }
            *spot = new;
        }
    }

    fn put(&self, agent: u64, spot: Spot) {
        for at in self.nodes[spot.at].below.clone() {
            let mut inside = lock(&self.nodes[at].inside);
            let agent = inside.agent(agent);
            if spot.writes() {
                agent.writers += 1;
            } else {
                agent.readers += 1;
            }
            agent.permits += u32::from(spot.limited && at == spot.at);
        }
    }

    fn enter_one(&self, agent: u64, token: u64, spot: Spot) {
        self.put(agent, spot);
        for at in self.nodes[spot.at].below.clone() {
            let mut inside = lock(&self.nodes[at].inside);
            let inside = &mut *inside;
            let here = &self.nodes[at].path;
            let conflict = |other: &&Agent| {
                other.id != agent && (other.writers > 0 || spot.writes() && other.readers > 0)
            };
            if let Some(other) = inside.agents.iter().find(conflict) {
                let what = spot.mode;
                self.fail(format!(
                    "{agent} came to {what:?} {here:?}, where {other:?} is"
                ));
            }
            let before = if spot.writes() {
                inside.all.greatest_but(agent)
            } else {
                inside.writers.greatest_but(agent)
            };
            if token <= before {
                self.fail(format!("token {token} at {here:?} after token {before}"));
            }
            inside.all.note(token, agent);
            if spot.writes() {
                inside.writers.note(token, agent);
            }
            let permitted = inside.agents.iter().filter(|agent| agent.permits > 0);
            let (permitted, limit) = (permitted.count(), self.limit(at) as usize);
            if permitted > limit {
                self.fail(format!(
                    "{permitted} have one of {limit} permits of {here:?}"
                ));
            }
        }
    }

    fn leave_one(&self, agent: u64, spot: Spot) {
        for at in self.nodes[spot.at].below.clone() {
            let mut inside = lock(&self.nodes[at].inside);
            let left = inside.agent(agent);
            if spot.writes() {
                left.writers -= 1;
            } else {
                left.readers -= 1;
            }
            left.permits -= u32::from(spot.limited && at == spot.at);
            if left.writers == 0 && left.readers == 0 {
                inside.agents.retain(|other| other.id != agent);
            }
        }
    }

    /// Does what the claims allow: counts where it may write, looks where it may read.
    pub fn work(&self, spots: &[Spot]) {
        for spot in spots {
            let node = &self.nodes[spot.at];
            let seen = node.written.load(Relaxed);
            pause();
            if spot.writes() {
                self.writes.fetch_add(1, Relaxed);
                node.written.store(seen + 1, Relaxed);
            } else if node.written.load(Relaxed) != seen {
                self.fail(format!("{:?} was written while it was read", node.path));
            }
        }
    }

    fn fail(&self, breach: String) -> ! {
        lock(&self.breach).get_or_insert_with(|| breach.clone());
        panic!("{breach}");
    }

    /// At the end: no breach, nobody inside, and no write was lost.
    ///
    /// # Panics
    ///
    /// If that is not so.
    pub fn check(&self) {
        assert_eq!(*lock(&self.breach), None);
        for node in &self.nodes {
            let inside = lock(&node.inside);
            assert!(inside.agents.is_empty(), "{:?}: {inside:?}", node.path);
        }
        let written: u64 = self
            .nodes
            .iter()
            .map(|node| node.written.load(Relaxed))
            .sum();
        assert_eq!(written, self.writes.load(Relaxed), "a write was lost");
    }
}
