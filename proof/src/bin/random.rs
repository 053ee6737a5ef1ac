//! Holds the pure engine and the manager against the oracle, for as long as one
//! likes: `random [--ops N] [--seed S] [--subject NAME]...`.

use std::env;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use oarlock_proof::generate::Offers;
use oarlock_proof::shrink::by_chance;
use oarlock_proof::subject::engine::Pure;

const LENGTH: usize = 80;

fn main() -> ExitCode {
    let mut ops = 10_000_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut seed = now.map_or(0, |now| now.as_nanos() as u64);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        match (argument.as_str(), value) {
            ("--ops", Some(value)) => ops = value,
            ("--seed", Some(value)) => seed = value,
            _ => {
                eprintln!("random [--ops N] [--seed S]");
                return ExitCode::from(2);
            }
        }
    }
    println!("seed {seed}");
    std::panic::set_hook(Box::new(|_| {}));
    let mut subject = Pure::new();
    let offers = Offers { max_waiting: true, close: false };
    let begin = Instant::now();
    let (mut done, mut shown) = (0, 0);
    for run in 0.. {
        match by_chance(&mut subject, offers, seed.wrapping_add(run), LENGTH) {
            Ok(count) => done += count as u64,
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
        if done * 10 / ops > shown {
            shown = done * 10 / ops;
            println!("{done} operations, {:.1?}", begin.elapsed());
        }
        if done >= ops {
            break;
        }
    }
    ExitCode::SUCCESS
}
