//! A class of paths whose threads meet at one mutex is spread over several shards
//! while they use it. Whoever claims above must meet all who claim below.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use loom::thread;
use oarlock::{Claim, Guard, Manager, read, write};

use crate::support::{Section, assert_empty, model};

/// At the first sign of a crowd.
fn manager() -> Manager {
    Manager::builder().shards(3).spread_after(1).build()
}

/// Below one first segment, so of one class; in stripes of their own.
const LEAVES: [&str; 2] = ["a/b", "a/c"];

/// Runs a model, and checks that some executions had a stripe in use: that the
/// guards of leaves were in more than one shard.
fn spread_model(name: &'static str, run: impl Fn(&Seen) + Send + Sync + 'static) {
    let seen = Arc::new(Seen::default());
    let noted = Arc::clone(&seen);
    model(name, move || run(&noted));
    let shards = seen.0.load(Relaxed).count_ones();
    assert!(shards > 1, "nothing was spread");
}

/// The shards of guards, a bit for each. Not of the model.
#[derive(Default)]
struct Seen(AtomicU32);

impl Seen {
    fn note(&self, guard: &Guard) {
        let shard = guard.id().to_u64() >> 56;
        self.0.fetch_or(1 << shard, Relaxed);
    }
}

/// One thread for each of the claims, each in its leaves; all of them meet nobody.
fn run(seen: &Seen, claims: [(Claim<'static>, &[usize]); 3]) {
    let manager = manager();
    let sections = [Section::new(), Section::new()];
    let writes = [0, 1].map(|leaf| {
        let writes = |(claim, inside): &&(Claim<'static>, &[usize])| {
            claim.mode() == oarlock::Mode::Write && inside.contains(&leaf)
        };
        claims.iter().filter(writes).count()
    });
    let acts = claims.map(|(claim, inside)| {
        let (manager, sections) = (manager.clone(), sections.clone());
        let inside = inside.to_vec();
        move || {
            let mode = claim.mode();
            let guard = manager.acquire(claim).expect("granted");
            for leaf in inside {
                match mode {
                    oarlock::Mode::Write => sections[leaf].write_with(guard.token()),
                    oarlock::Mode::Read => drop(sections[leaf].read()),
                }
            }
            guard
        }
    });
    let [first, second, third] = acts;
    let others = [
        thread::spawn(move || first().id()),
        thread::spawn(move || second().id()),
    ];
    let guard = third();
    seen.note(&guard);
    drop(guard);
    for other in others {
        let id = other.join().expect("no panic");
        seen.0.fetch_or(1 << (id.to_u64() >> 56), Relaxed);
    }
    for (section, writes) in sections.iter().zip(writes) {
        assert_eq!(section.writes() as usize, writes);
    }
    assert_empty(&manager);
}

#[test]
fn two_leaves_and_a_writer_above() {
    spread_model("spread: two leaves and a writer above", |seen| {
        let above = (write("a"), &[0, 1][..]);
        run(
            seen,
            [(write(LEAVES[0]), &[0]), above, (write(LEAVES[1]), &[1])],
        );
    });
}

#[test]
fn two_leaves_and_a_reader_above() {
    spread_model("spread: two leaves and a reader above", |seen| {
        let above = (read("a"), &[0, 1][..]);
        run(
            seen,
            [(write(LEAVES[0]), &[0]), above, (write(LEAVES[1]), &[1])],
        );
    });
}

#[test]
fn one_leaf_twice() {
    spread_model("spread: one leaf twice, and another", |seen| {
        let claims = [
            (write(LEAVES[0]), &[0][..]),
            (write(LEAVES[1]), &[1]),
            (write(LEAVES[0]), &[0]),
        ];
        run(seen, claims);
    });
}

#[test]
fn the_root() {
    spread_model("spread: two leaves and the root", |seen| {
        let root = (write(""), &[0, 1][..]);
        run(
            seen,
            [(write(LEAVES[0]), &[0]), root, (write(LEAVES[1]), &[1])],
        );
    });
}
