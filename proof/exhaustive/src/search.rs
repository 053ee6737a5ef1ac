//! Breadth-first search through all states of a world.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use crate::check::{Checker, Looked, Move};
use crate::op::{Op, Renamer};
use crate::state::{Key, Renaming};
use crate::world::World;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Threads to search with.
    pub threads: usize,
    /// Stop after this time; `None` for never.
    pub time: Option<Duration>,
    /// Stop when so many states are known; each takes about 200 bytes.
    pub states: usize,
    /// Look at the rules alone, without the engine.
    pub rules: bool,
}

/// How far it went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// States found, up to the names that do not matter.
    pub states: usize,
    /// Of these, how many were looked at by their shortest history.
    pub looked: usize,
    /// Of these, how many were looked at again by other histories.
    pub again: usize,
    /// Further histories by which states were looked at.
    pub histories: usize,
    /// Operations done in the states, by all histories.
    pub transitions: u64,
    /// Requests and upgrades refused because of a deadlock.
    pub deadlocks: u64,
    /// Requests and upgrades that changed the order of those that wait.
    pub bypasses: u64,
    /// The length of the longest of the shortest histories.
    pub depth: u32,
    /// Nothing was left out.
    pub complete: bool,
}

/// How a state was reached: from which, by what, and how the names changed.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: u32,
    op: Op,
    names: Renaming,
}

/// A state's shortest history, and up to three others: by one that ends in a
/// refusal, by one that comes from more requests, by one that comes from a change.
const OTHERS: usize = 3;

struct Known {
    keys: Vec<Key>,
    edges: Vec<Edge>,
    others: Vec<[Option<Edge>; OTHERS]>,
    depth: Vec<u32>,
    index: HashMap<Key, u32>,
}

impl Known {
    fn new() -> Self {
        let mut known = Self {
            keys: Vec::new(),
            edges: Vec::new(),
            others: Vec::new(),
            depth: Vec::new(),
            index: HashMap::new(),
        };
        // The empty state; its edge is never followed.
        let none = Edge { from: 0, op: Op::End(0), names: Renaming::NONE };
        known.index.insert(Key::default(), 0);
        known.push(Key::default(), none, 0);
        known
    }

    fn push(&mut self, key: Key, edge: Edge, depth: u32) {
        self.keys.push(key);
        self.edges.push(edge);
        self.others.push([None; OTHERS]);
        self.depth.push(depth);
    }

    /// Notes where a move leads.
    fn note(&mut self, from: u32, to: &Move) {
        let edge = Edge { from, op: to.op, names: to.names };
        let next = self.keys.len() as u32;
        match self.index.entry(to.to) {
            Entry::Vacant(place) => {
                place.insert(next);
                let depth = self.depth[from as usize] + 1;
                self.push(to.to, edge, depth);
            }
            Entry::Occupied(at) => {
                let at = *at.get();
                let kind = match to.op {
                    _ if to.stays => 0,
                    Op::Submit { .. } | Op::End(_) => 1,
                    _ => 2,
                };
                let other = &mut self.others[at as usize][kind];
                // The last one found comes from the deepest; a submit only for want of
                // an end.
                if !matches!((&other, to.op), (Some(_), Op::Submit { .. })) {
                    *other = Some(edge);
                }
            }
        }
    }

    /// The operations that lead to a state, in its names: by its shortest history,
    /// or by this edge after the shortest history of where that comes from.
    fn history(&self, at: u32, by: Option<Edge>, renamer: &Renamer) -> Vec<Op> {
        let mut ops = Vec::new();
        let mut names = Renaming::NONE;
        let (mut at, mut edge) = (at, by);
        loop {
            if edge.is_none() && at == 0 {
                break;
            }
            let Edge { from, op, names: step } = edge.take().unwrap_or(self.edges[at as usize]);
            // The operation is in the names of where it was done.
            names = names.after(step);
            ops.push(renamer.rename(op, names));
            at = from;
        }
        ops.reverse();
        ops
    }
}

/// How many states one thread takes at a time.
const CHUNK: usize = 256;

/// Goes through all states of a world: first each by its shortest history, then
/// each by the other histories that were met on the way.
///
/// # Errors
///
/// The first difference between engine and rules, as a story.
pub fn search(
    world: &World,
    bounds: Bounds,
    mut progress: impl FnMut(&Report),
) -> Result<Report, String> {
    let begin = Instant::now();
    let late = || bounds.time.is_some_and(|time| begin.elapsed() >= time);
    let checker = Checker { rules: bounds.rules, ..Checker::new(world) };
    let renamer = Renamer::new(world);
    let mut known = Known::new();
    let mut report = Report::default();
    while report.looked < known.keys.len() && known.keys.len() < bounds.states && !late() {
        let end = known.keys.len().min(report.looked + CHUNK * bounds.threads);
        let work: Vec<(u32, Option<Edge>)> =
            (report.looked..end).map(|at| (at as u32, None)).collect();
        for (from, looked) in in_parallel(&checker, &renamer, &known, &work, bounds.threads)? {
            report.add(&looked);
            for to in &looked.moves {
                known.note(from, to);
            }
        }
        report.looked = end;
        report.states = known.keys.len();
        report.depth = known.depth.last().copied().unwrap_or(0);
        progress(&report);
    }
    let all = report.looked == known.keys.len();
    if bounds.rules {
        // They have no history.
        report.complete = all;
        return Ok(report);
    }
    while report.again < report.looked && !late() {
        let end = report.looked.min(report.again + CHUNK * bounds.threads);
        let others = (report.again..end).flat_map(|at| {
            let others = known.others[at].into_iter().flatten();
            others.map(move |edge| (at as u32, Some(edge)))
        });
        let work: Vec<_> = others.collect();
        for (_, looked) in in_parallel(&checker, &renamer, &known, &work, bounds.threads)? {
            report.add(&looked);
        }
        report.histories += work.len();
        report.again = end;
        progress(&report);
    }
    report.complete = all && report.again == report.looked;
    Ok(report)
}

impl Report {
    fn add(&mut self, looked: &Looked) {
        self.transitions += looked.operations;
        self.deadlocks += looked.deadlocks;
        self.bypasses += looked.bypasses;
    }
}

/// Looks at these states, in order; the first that is different is told.
fn in_parallel(
    checker: &Checker<'_>,
    renamer: &Renamer,
    known: &Known,
    work: &[(u32, Option<Edge>)],
    threads: usize,
) -> Result<Vec<(u32, Looked)>, String> {
    let look = |&(at, by): &(u32, Option<Edge>)| {
        let history = known.history(at, by, renamer);
        let looked = checker.look(known.keys[at as usize], &history)?;
        Ok((at, looked))
    };
    let share = work.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<Result<Vec<_>, String>> = std::thread::scope(|scope| {
        let look = &look;
        let spawn = |part| scope.spawn(move || <[_]>::iter(part).map(look).collect());
        let running: Vec<_> = work.chunks(share).map(spawn).collect();
        let join = |one: std::thread::ScopedJoinHandle<'_, _>| match one.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        running.into_iter().map(join).collect()
    });
    let mut all = Vec::with_capacity(work.len());
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}
