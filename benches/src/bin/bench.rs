//! Runs the workloads and writes the report. `scripts/bench.sh` builds and calls it.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use oarlock_bench::instructions::{self, Counts, TOLERATED};
use oarlock_bench::measure::Plan;
use oarlock_bench::results::Results;
use oarlock_bench::{goals, report, workloads};

const USAGE: &str = "usage: bench [--quick] [--only PART-OF-A-NAME] [--out FOLDER] \
                     [--kept FILE] [--update] [--check] [--list]";

fn main() -> ExitCode {
    let mut plan = Plan {
        quick: false,
        only: None,
    };
    let (mut out, mut kept) = (None, None);
    let (mut update, mut check) = (false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => plan.quick = true,
            "--only" => plan.only = args.next(),
            "--out" => out = args.next().map(PathBuf::from),
            "--kept" => kept = args.next().map(PathBuf::from),
            "--update" => update = true,
            "--check" => check = true,
            "--list" => {
                for workload in workloads::ALL {
                    println!("{:24} {}", workload.name, workload.title);
                }
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }

    let mut results = Results::default();
    for workload in workloads::ALL {
        if plan
            .only
            .as_ref()
            .is_some_and(|only| !workload.name.contains(only.as_str()))
        {
            continue;
        }
        let begin = Instant::now();
        (workload.run)(workload, &plan, &mut results);
        report::terminal::workload(workload, &results);
        eprintln!(
            "   {} took {:.1} s",
            workload.name,
            begin.elapsed().as_secs_f64()
        );
    }

    let mut risen = false;
    let mut counted: Option<(Counts, Option<Counts>)> = None;
    if let Some(file) =
        kept.filter(|_| plan.only.as_ref().is_none_or(|only| only == "instructions"))
    {
        match instructions::count() {
            Ok(counts) => {
                let before = instructions::kept(&file);
                risen = report::terminal::instructions(&counts, before.as_ref());
                if update || before.is_none() {
                    instructions::keep(&file, &counts).unwrap();
                    println!("kept in {}", file.display());
                }
                counted = Some((counts, before));
            }
            Err(why) => println!("instructions were not counted: {why}"),
        }
    }

    let reached = goals::judge(&results);
    report::terminal::goals(&reached);
    if let Some(folder) = out {
        std::fs::create_dir_all(&folder).unwrap();
        report::write(&folder, &plan, &results, &reached, counted.as_ref()).unwrap();
        println!("written to {}", folder.display());
    }
    if risen {
        println!(
            "INSTRUCTIONS ROSE by more than {TOLERATED}%: see above, or keep the new counts with UPDATE=1"
        );
    }
    if check && risen {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
