//! Holds the pure engine and the manager against the naive list of the rules,
//! for as long as one likes.

use std::env;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use oarlock_proof::generate::Offers;
use oarlock_proof::shrink::by_chance;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::subject::manager::Managed;

const USAGE: &str = "\
random [--ops N] [--seed S] [--subject NAME]

Does N operations (10,000,000 unless given) on the subject and on the naive list of
the rules, and compares after each. The subject is `engine`, `manager:SHARDS`, or
`unasked:SHARDS`, a manager of which nobody asks what became of a wait; without one,
the operations are shared out among the engine and both kinds of managers with 1, 3 and
16 shards. A failure is shown as the fewest operations that still fail.
";

/// The operations of one world.
const LENGTH: usize = 80;

struct Plan {
    ops: u64,
    seed: u64,
    subjects: Vec<String>,
}

fn plan() -> Option<Plan> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(0, |now| now.as_nanos() as u64);
    let mut plan = Plan { ops: 10_000_000, seed, subjects: Vec::new() };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--ops" => plan.ops = value.parse().ok()?,
            "--seed" => plan.seed = value.parse().ok()?,
            "--subject" => plan.subjects.push(value),
            _ => return None,
        }
    }
    if plan.subjects.is_empty() {
        let managers = ["manager:1", "manager:3", "manager:16"];
        let unasked = ["unasked:1", "unasked:3", "unasked:16"];
        let all = [&["engine"], &managers[..], &unasked[..]].concat();
        plan.subjects = all.into_iter().map(str::to_owned).collect();
    }
    Some(plan)
}

/// The subject of this name, and what it offers.
fn open(name: &str) -> Option<(Box<dyn Subject>, Offers)> {
    let max_waiting = true;
    if name == "engine" {
        return Some((Box::new(Pure::new()), Offers { max_waiting, close: false }));
    }
    let (kind, shards) = name.split_once(':')?;
    let shards = shards.parse().ok()?;
    let managed = match kind {
        "manager" => Managed::new(shards),
        "unasked" => Managed::unasked(shards),
        _ => return None,
    };
    Some((Box::new(managed), Offers { max_waiting, close: true }))
}

fn main() -> ExitCode {
    let Some(plan) = plan() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("seed {}", plan.seed);
    // A panic is shown with the operations that lead to it.
    std::panic::set_hook(Box::new(|_| {}));
    let share = plan.ops.div_ceil(plan.subjects.len() as u64);
    for name in &plan.subjects {
        let Some((mut subject, offers)) = open(name) else {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        };
        if let Err(failure) = run(name, &mut *subject, offers, plan.seed, share) {
            println!("{name}: {failure}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(
    name: &str,
    subject: &mut dyn Subject,
    offers: Offers,
    seed: u64,
    ops: u64,
) -> Result<(), Box<oarlock_proof::shrink::Failure>> {
    let begin = Instant::now();
    let (mut done, mut shown) = (0, 0);
    for run in 0.. {
        done += by_chance(subject, offers, seed.wrapping_add(run), LENGTH)? as u64;
        let tenths = done * 10 / ops.max(1);
        if tenths > shown {
            shown = tenths;
            println!("{name}: {done} operations agree, {:.0?}", begin.elapsed());
        }
        if done >= ops {
            break;
        }
    }
    Ok(())
}
