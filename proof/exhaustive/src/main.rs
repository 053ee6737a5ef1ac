//! `oarlock-exhaustive [--world NAME] [--seconds N] [--threads N] [--states N] [--rules]`
//!
//! Searches one world, or all, and prints how many states and transitions there
//! were. Ends with an error at the first difference between engine and rules. With
//! `--rules` it looks at the rules alone, at what has to be true of every state.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use oarlock_exhaustive::{Bounds, Report, World, search};

struct Options {
    worlds: Vec<World>,
    bounds: Bounds,
}

fn options() -> Result<Options, String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options {
        worlds: World::all(),
        bounds: Bounds { threads: cores, time: None, states: 100_000_000, rules: false },
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--rules" {
            options.bounds.rules = true;
            continue;
        }
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("{value} is no number"));
        match name.as_str() {
            "--world" => {
                let names: Vec<&str> = options.worlds.iter().map(|world| world.name).collect();
                let names = names.join(", ");
                let world = World::named(&value)
                    .ok_or(format!("there is no world {value}; there are: {names}"))?;
                options.worlds = vec![world];
            }
            "--seconds" => options.bounds.time = Some(Duration::from_secs(number()?)),
            "--threads" => options.bounds.threads = number()?.max(1) as usize,
            "--states" => options.bounds.states = number()?.min(u64::from(u32::MAX - 1)) as usize,
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(options)
}

fn line(world: &World, report: &Report, seconds: f64) -> String {
    format!(
        "{:8} {} states ({} looked at, {} again by {} other histories), {} transitions, \
         {} deadlocks refused, {} bypasses, depth {}, {seconds:.0} s",
        world.name,
        report.states,
        report.looked,
        report.again,
        report.histories,
        report.transitions,
        report.deadlocks,
        report.bypasses,
        report.depth,
    )
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    for world in &options.worlds {
        println!(
            "{}: {}; {} requests, {} owners and none",
            world.name,
            world.about,
            world.requests.len(),
            world.owners
        );
        let begin = Instant::now();
        let mut said = begin;
        let found = search(world, options.bounds, |report| {
            if said.elapsed() > Duration::from_secs(30) {
                said = Instant::now();
                eprintln!("  {}", line(world, report, begin.elapsed().as_secs_f64()));
            }
        });
        match found {
            Ok(report) => {
                let seconds = begin.elapsed().as_secs_f64();
                let how =
                    if report.complete { "complete" } else { "NOT complete: a bound was reached" };
                println!("{}, {how}", line(world, &report, seconds));
            }
            Err(difference) => {
                println!("{}: {difference}", world.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
