//! A table whose rows are locked by transactions, with what is true of its deadlocks
//! kept on the side.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oarlock::{AcquireError, Circle, Claim, Guard, Manager, Owner, Path, read, write};

use crate::platform::{block_on, pause, thread};
use crate::random::Random;

/// Rows below the path `t`, and who is at them.
#[derive(Debug)]
pub struct Table {
    manager: Manager,
    rows: Vec<Row>,
    /// The row that each owner asked for last.
    asks: Mutex<BTreeMap<u64, usize>>,
}

/// One row.
#[derive(Debug, Default)]
struct Row {
    /// How many read it; -1: somebody writes it.
    inside: AtomicI32,
    /// The owner that writes it.
    writer: AtomicU64,
}

impl Table {
    /// A table of so many rows in a manager of its own.
    fn new(shards: usize, rows: usize) -> Self {
        Self {
            manager: Manager::builder().shards(shards).spread_after(1).build(),
            rows: (0..rows).map(|_| Row::default()).collect(),
            asks: Mutex::default(),
        }
    }

    /// A thread for each seed takes so many steps, which are told the number of the
    /// thread; then nothing may be left.
    ///
    /// # Panics
    /// If something is, or a step does.
    pub fn play(
        (shards, rows): (usize, usize),
        seeds: impl IntoIterator<Item = u64>,
        steps: usize,
        step: impl Fn(&Self, &mut Random, usize) + Copy + Send + 'static,
    ) {
        let table = Arc::new(Self::new(shards, rows));
        let actor = |(number, seed)| {
            let table = Arc::clone(&table);
            let mut random = Random::new(seed);
            thread::spawn(move || (0..steps).for_each(|_| step(&table, &mut random, number)))
        };
        let actors: Vec<_> = seeds.into_iter().enumerate().map(actor).collect();
        for actor in actors {
            actor.join().expect("no panic");
        }
        let stats = table.manager.stats();
        assert_eq!((stats.held, stats.waiting), (0, 0));
    }

    /// Reads and writes some rows in ascending order, one request each, and then gives
    /// all back. The table's own entry comes before its rows.
    ///
    /// # Panics
    /// If that is refused: where everybody takes rows in one order no holder waits for
    /// another one in a circle.
    pub fn ascending(&self, random: &mut Random) {
        let owner = self.manager.owner();
        let mut held = Vec::new();
        if random.one_in(3) {
            let entry = Path::from("t").entry();
            let claim = if random.one_in(4) {
                write(entry)
            } else {
                read(entry)
            };
            held.push((None, self.acquire(&owner, claim, random)));
        }
        for row in 0..self.rows.len() {
            match random.below(4) {
                0 => {
                    let guard = self.acquire(&owner, write(path(row)), random);
                    self.enter(row, true);
                    held.push((Some((row, true)), guard));
                }
                1 => {
                    let guard = self.acquire(&owner, read(path(row)), random);
                    self.enter(row, false);
                    held.push((Some((row, false)), guard));
                }
                _ => {}
            }
        }
        for (entered, guard) in held {
            if let Some((row, writes)) = entered {
                self.leave(row, writes);
            }
            assert_eq!(guard.release(), Ok(()));
        }
    }

    /// Reads the whole table, with an owner or without.
    ///
    /// # Panics
    /// If that is refused.
    pub fn audit(&self, random: &mut Random) {
        let owner = self.manager.owner();
        let guard = if random.one_in(2) {
            self.acquire(&owner, read("t"), random)
        } else {
            self.manager.acquire(read("t")).expect("nothing is held")
        };
        for row in 0..self.rows.len() {
            self.enter(row, false);
        }
        pause();
        for row in 0..self.rows.len() {
            self.leave(row, false);
        }
        assert_eq!(guard.release(), Ok(()));
    }

    fn acquire(&self, owner: &Owner, claim: Claim<'_>, random: &mut Random) -> Guard {
        let request = self.manager.request(claim).owner(owner);
        let granted = if random.one_in(2) {
            request.acquire()
        } else {
            block_on(request.acquire_async())
        };
        granted.unwrap_or_else(|error| panic!("no holder waits in a circle: {error}"))
    }

    fn enter(&self, row: usize, writes: bool) {
        let inside = &self.rows[row].inside;
        if writes {
            assert_eq!(inside.swap(-1, SeqCst), 0, "row {row} is written alone");
        } else {
            assert!(inside.fetch_add(1, SeqCst) >= 0, "row {row} is written");
        }
    }

    fn leave(&self, row: usize, writes: bool) {
        let inside = &self.rows[row].inside;
        if writes {
            assert_eq!(inside.swap(0, SeqCst), -1, "row {row} was written alone");
        } else {
            assert!(inside.fetch_sub(1, SeqCst) >= 1, "row {row} was read");
        }
    }

    /// Writes some rows in any order, one request each, until that is refused; then the
    /// cycle that is told has to be one of holders.
    ///
    /// # Panics
    /// If it is none.
    pub fn crosswise(&self, random: &mut Random) {
        let owner = self.manager.owner();
        let number = owner.id().to_u64();
        let mut held: Vec<(usize, Guard)> = Vec::new();
        for _ in 0..3 {
            let row = random.below(self.rows.len());
            if held.iter().any(|&(taken, _)| taken == row) {
                continue;
            }
            self.asks().insert(number, row);
            match self
                .manager
                .request(write(path(row)))
                .owner(&owner)
                .acquire()
            {
                Ok(guard) => {
                    self.enter(row, true);
                    self.rows[row].writer.store(number, SeqCst);
                    held.push((row, guard));
                }
                Err(AcquireError::Deadlock(circle)) => {
                    self.check(&circle, number);
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        for (row, guard) in held {
            self.rows[row].writer.store(0, SeqCst);
            self.leave(row, true);
            assert_eq!(guard.release(), Ok(()));
        }
        self.asks().remove(&number);
    }

    fn asks(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each asks for a row that the next one writes. They all wait, but for the one
    /// that is told, so none of that can change meanwhile.
    fn check(&self, circle: &Circle, told: u64) {
        let members = circle.members();
        let owners: Vec<u64> = members
            .iter()
            .map(|member| member.owner.map_or(0, |owner| owner.to_u64()))
            .collect();
        assert_eq!(owners.first(), Some(&told), "{circle:?}");
        for (at, owner) in owners.iter().enumerate() {
            let next = owners[(at + 1) % owners.len()];
            let row = self.asks().get(owner).copied();
            let writer = row.map(|row| self.rows[row].writer.load(SeqCst));
            assert_eq!(
                writer,
                Some(next),
                "{circle:?}: {owner} asks for row {row:?}"
            );
        }
    }
}

fn path(row: usize) -> Path<'static> {
    Path::from(format!("t/{row}"))
}
