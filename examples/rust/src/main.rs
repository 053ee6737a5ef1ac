//! Many threads stamp the files of a real directory tree, through one manager.
//!
//!     oarlock-example --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
//!
//! LIST holds the relative paths of the files, each ended by a NUL byte, as
//! `find . -type f -printf '%P\0'` writes them. Only their names are used: the
//! stamps are in memory, and no file is opened.

mod options;
mod random;
mod tree;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, error::Error, process::ExitCode, thread};

use oarlock::{Manager, read, write};
use options::Options;
use random::Random;
use tree::Tree;

/// What the workers counted, and the word that ends them.
#[derive(Default)]
struct Totals {
    reads: AtomicU64,
    writes: AtomicU64,
    torn: AtomicU64,
    stop: AtomicBool,
}

/// One worker: writes and reads by turns of a coin until it is told to stop.
fn work(
    tree: &Tree,
    manager: Option<&Manager>, // none: without locks
    totals: &Totals,
    mut random: Random,
) -> Result<(), oarlock::AcquireError> {
    while !totals.stop.load(Relaxed) {
        if random.below(2) == 0 {
            // Write claims on one to three places, granted together or not at
            // all: no order to keep to, and no deadlock.
            let places: Vec<_> = (0..=random.below(3))
                .map(|_| {
                    let up = random.below(4);
                    tree.pick(&mut random, up)
                })
                .collect();
            let claims = places.iter().map(|(path, _)| write(*path));
            let _guard = manager.map(|manager| manager.acquire(claims)).transpose()?;

            let stamp = random.next();
            let files = || places.iter().flat_map(|(_, below)| below.clone());
            files().for_each(|file| tree.first[file].store(stamp, Relaxed));
            thread::yield_now(); // the pause in which somebody could look
            files().for_each(|file| tree.second[file].store(stamp, Relaxed));
            totals.writes.fetch_add(1, Relaxed);
        } else {
            // A read claim on one folder covers all that lies below it.
            let up = 1 + random.below(3);
            let (path, mut below) = tree.pick(&mut random, up);
            let _guard = manager
                .map(|manager| manager.acquire(read(path)))
                .transpose()?;

            let half =
                |file: usize| tree.first[file].load(Relaxed) != tree.second[file].load(Relaxed);
            if below.any(half) {
                totals.torn.fetch_add(1, Relaxed);
            }
            totals.reads.fetch_add(1, Relaxed);
        } // the guard goes out of scope here, and releases
    }
    Ok(())
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let tree = Tree::load(&options.files)?;
    let manager = (!options.no_locks).then(Manager::new);
    let totals = Totals::default();
    let start = Instant::now();

    thread::scope(|scope| {
        let workers: Vec<_> = (0..options.workers)
            .map(|seed| {
                let (tree, manager, totals) = (&tree, manager.as_ref(), &totals);
                scope.spawn(move || work(tree, manager, totals, Random::new(seed)))
            })
            .collect();
        while start.elapsed() < options.time {
            thread::sleep(Duration::from_millis(100).min(options.time));
            if options.progress {
                report(&totals, start);
            }
        }
        totals.stop.store(true, Relaxed);
        for worker in workers {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    report(&totals, start);
    Ok(())
}

/// One line of JSON; the last one counts.
fn report(totals: &Totals, start: Instant) {
    let [reads, writes, torn] =
        [&totals.reads, &totals.writes, &totals.torn].map(|n| n.load(Relaxed));
    println!(
        r#"{{"operations": {}, "seconds": {:.3}, "torn": {torn}, "reads": {reads}, "writes": {writes}}}"#,
        reads + writes,
        start.elapsed().as_secs_f64(),
    );
}

fn main() -> ExitCode {
    let outcome = Options::parse(env::args().skip(1))
        .map_err(Box::<dyn Error>::from)
        .and_then(|options| run(&options));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oarlock-example: {error}");
            ExitCode::FAILURE
        }
    }
}
