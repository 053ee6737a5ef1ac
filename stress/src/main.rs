//! `stress --seconds N --seed S --threads T`: everything that can be done with a
//! manager, by many threads, with a check on the side.
//!
//! Ends with `stress: ... 0 breaches`, or with the first breach and status 1. If
//! somebody does not get out of a manager for `--patience` seconds it says what every
//! manager holds, and ends with status 3.

use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oarlock_stress::actor::Counts;
use oarlock_stress::arena::{End, Shape};
use oarlock_stress::{Actor, Arenas};

const USAGE: &str = "usage: stress [--seconds N] [--seed S] [--threads T] [--patience P]";

/// How often another manager takes the place of the present one.
const REPLACE: Duration = Duration::from_millis(250);
/// How long the report of a failure may take.
const REPORT: Duration = Duration::from_secs(5);

struct Options {
    seconds: u64,
    seed: u64,
    threads: u64,
    patience: u64,
}

fn options() -> Result<Options, String> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut options = Options {
        seconds: 20,
        seed: clock.map_or(1, |since| since.as_nanos() as u64),
        threads: 2 * thread::available_parallelism().map_or(2, |n| n.get() as u64),
        patience: 30,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        let value = value.parse().map_err(|_| USAGE)?;
        match name.as_str() {
            "--seconds" => options.seconds = value,
            "--seed" => options.seed = value,
            "--threads" => options.threads = value,
            "--patience" => options.patience = value,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

/// What the threads and the one that watches them share.
struct Run {
    arenas: Arc<Arenas>,
    stop: AtomicBool,
    patience: Duration,
    /// When the thread that replaces managers was last seen: it locks their shards,
    /// too, and so may hang itself.
    seen: Mutex<Instant>,
}

fn act(run: &Run, seed: u64) -> Counts {
    let mut actor = Actor::new(Arc::clone(&run.arenas), seed);
    while !run.stop.load(Relaxed) {
        actor.step();
    }
    actor.counts
}

impl Run {
    /// Ends the open manager, checks those that all have left, and gives up if
    /// somebody does not get out of one. How many were checked.
    ///
    /// Every other one is not closed: a close would free those whom a lost grant
    /// keeps waiting.
    fn replace(&self, end: End) -> usize {
        self.arenas.replace(end);
        let (checked, oldest) = self.arenas.sweep();
        if oldest > self.patience {
            self.give_up(&format!("somebody has waited for {oldest:?}"));
        }
        *self.seen() = Instant::now();
        checked
    }

    fn seen(&self) -> MutexGuard<'_, Instant> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches the one that replaces managers.
    fn watch(&self) {
        loop {
            thread::sleep(REPLACE);
            let since = self.seen().elapsed();
            if since > self.patience {
                self.give_up(&format!("nobody gets at the managers for {since:?}"));
            }
        }
    }

    /// Says what every manager holds, if they answer, and ends with a failure.
    fn give_up(&self, why: &str) -> ! {
        eprintln!("stress: {why}");
        let arenas = Arc::clone(&self.arenas);
        let report = thread::spawn(move || {
            for (number, arena) in arenas.all().iter().enumerate() {
                eprintln!("manager {number}: {:#?}", arena.manager.inspect(""));
                eprintln!("{:#?}\n{arena:#?}", arena.manager.stats());
            }
        });
        let until = Instant::now() + REPORT;
        while !report.is_finished() && Instant::now() < until {
            thread::sleep(REPLACE);
        }
        exit(3);
    }
}

fn main() {
    let options = options().unwrap_or_else(|usage| {
        eprintln!("{usage}");
        exit(2);
    });
    let Options {
        seconds,
        seed,
        threads,
        patience,
    } = options;
    println!("stress: --seconds {seconds} --seed {seed} --threads {threads}");
    // The first breach ends the run, also one in a callback.
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        show(info);
        eprintln!("stress: a rule was broken, with --seed {seed}");
        exit(1);
    }));
    let shape = Shape {
        shards: 4,
        spread_after: 2,
        max_waiting: 3 * threads as usize,
        tops: 4,
        leaves: 3,
    };
    let run = Arc::new(Run {
        arenas: Arc::new(Arenas::new(shape)),
        stop: AtomicBool::new(false),
        patience: Duration::from_secs(patience),
        seen: Mutex::new(Instant::now()),
    });
    let watched = Arc::clone(&run);
    thread::spawn(move || watched.watch());
    let until = Instant::now() + Duration::from_secs(seconds);
    let actors: Vec<_> = (0..threads)
        .map(|number| {
            let run = Arc::clone(&run);
            thread::spawn(move || act(&run, seed.wrapping_add(number)))
        })
        .collect();
    let mut checked = 0;
    for end in [End::Served, End::Closed].into_iter().cycle() {
        thread::sleep(REPLACE);
        checked += run.replace(end);
        run.stop.store(Instant::now() >= until, Relaxed);
        if actors.iter().all(thread::JoinHandle::is_finished) {
            break;
        }
    }
    let mut counts = Counts::default();
    for actor in actors {
        counts.add(actor.join().expect("a panic would have ended the run"));
    }
    run.arenas.finish();
    println!("stress: {counts}");
    println!("stress: {checked} managers checked at their ends, 0 breaches");
}
