//! Holds what threads do to a manager at the same time against the rules, for as long
//! as one likes.

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use oarlock_proof::history::check::MOST;
use oarlock_proof::history::hunt::Figures;
use oarlock_proof::history::plan::Shape;

const USAGE: &str = "\
history [--ops N] [--seed S] [--threads T] [--shards K] [--length L]

Lets threads make N calls (1,000,000 unless given) of managers, some dozens of each, and
looks for an order of them in which the rules give the same answers. Unless given there
are two to four threads, managers with 1, 3 and 16 shards, and 8 steps for a thread; for
all threads of a manager not more than 41. A failure is shown with as few calls as it
could be shown with. The same seed gives the same plans, but not the same orders of the
threads' steps.
";

/// Of the plan that is being done.
static SEED: AtomicU64 = AtomicU64::new(0);

static PANICKED: AtomicBool = AtomicBool::new(false);

struct Options {
    ops: usize,
    seed: u64,
    shape: Shape,
}

fn options() -> Option<Options> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(0, |now| now.as_nanos() as u64);
    let mut options = Options { ops: 1_000_000, seed, shape: Shape::default() };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--ops" => options.ops = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--threads" => options.shape.threads = Some(value.parse().ok()?),
            "--shards" => options.shape.shards = Some(value.parse().ok()?),
            "--length" => options.shape.length = value.parse().ok()?,
            _ => return None,
        }
    }
    // All that is left is ended, and callbacks are told: more calls than steps.
    let steps = options.shape.threads.unwrap_or(4).checked_mul(options.shape.length)?;
    (options.shape.threads != Some(0) && steps < MOST / 3).then_some(options)
}

fn main() -> ExitCode {
    let Some(Options { ops, seed, shape }) = options() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("seed {seed}");
    // One panic is told at once, lest it is followed by another one that ends the process.
    std::panic::set_hook(Box::new(|panic| {
        if !PANICKED.swap(true, Relaxed) {
            eprintln!("seed {}: {panic}", SEED.load(Relaxed));
        }
    }));
    let begin = Instant::now();
    let (mut figures, mut shown) = (Figures::default(), 0);
    for run in 0.. {
        let seed = seed.wrapping_add(run);
        SEED.store(seed, Relaxed);
        if let Err(failure) = figures.try_one(seed, &shape) {
            println!("{failure}");
            return ExitCode::FAILURE;
        }
        let tenths = figures.calls * 10 / ops.max(1);
        if tenths > shown {
            shown = tenths;
            println!("{figures}, {:.0?}", begin.elapsed());
        }
        if figures.calls >= ops {
            break;
        }
    }
    ExitCode::SUCCESS
}
