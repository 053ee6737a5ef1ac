//! `conformance`: see [`oarlock_conformance::options::USAGE`].

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_conformance::corpus::{self, Corpus, Entry};
use oarlock_conformance::options::{self, Plan, Source, Task, USAGE};
use oarlock_conformance::random::Kind;
use oarlock_conformance::{random, runner, serve, table};

/// The length of a scenario made by chance.
const RANDOM_STEPS: usize = 60;

fn main() -> ExitCode {
    let task = match options::parse(env::args().skip(1)) {
        Ok(task) => task,
        Err(why) => {
            eprintln!("conformance: {why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => io::stdout().write_all(USAGE.as_bytes()).map(|()| true),
        Task::Serve(surface) => {
            let served = serve::serve(
                &mut *surface.open(),
                io::stdin().lock(),
                io::stdout().lock(),
            );
            served.map(|()| true).map_err(io::Error::other)
        }
        Task::Replay(plan) => replay(&plan, &mut io::stdout().lock()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was as expected.
fn replay(plan: &Plan, out: &mut dyn Write) -> io::Result<bool> {
    let needs = Kind::Rich.needs();
    let offers_all = |name: &str| needs.iter().all(|it| table::offers(name).contains(it));
    let kind = match plan.surfaces.iter().all(|(name, _)| offers_all(name)) {
        true => Kind::Rich,
        false => Kind::Plain,
    };
    let corpus = gather(&plan.source, kind, out)?;
    complain(&corpus, out)?;
    if corpus.entries.is_empty() {
        // No surface is asked: "0 passed, 0 failed" would read like a success.
        return Ok(false);
    }
    let mut good = corpus.errors.is_empty();
    for (name, reach) in &plan.surfaces {
        let offers = table::offers(name);
        good &= runner::run(name, || reach.open(), &offers, &corpus, out)?.good();
    }
    // Once more, where a reader looks: good totals must not hide them.
    complain(&corpus, out)?;
    Ok(good)
}

fn complain(corpus: &Corpus, out: &mut dyn Write) -> io::Result<()> {
    for error in &corpus.errors {
        writeln!(out, "error: {error}")?;
    }
    Ok(())
}

fn gather(source: &Source, kind: Kind, out: &mut dyn Write) -> io::Result<Corpus> {
    match source {
        Source::Place(Some(place)) => Ok(corpus::load(place)),
        Source::Place(None) => {
            let tree: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "scenarios"]
                .iter()
                .collect();
            Ok(corpus::load(&tree))
        }
        Source::Random(count, seed) => {
            let seed = seed
                .or_else(seed_from_environment)
                .unwrap_or_else(seed_from_clock);
            writeln!(out, "seed {seed}")?;
            let entries = (0..*count).map(|number| Entry {
                file: "random".to_owned(),
                scenario: random::scenario(kind, seed.wrapping_add(number), RANDOM_STEPS),
            });
            Ok(Corpus {
                entries: entries.collect(),
                errors: Vec::new(),
            })
        }
    }
}

fn seed_from_environment() -> Option<u64> {
    env::var("OARLOCK_SEED").ok()?.parse().ok()
}

fn seed_from_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}
