//! What weighs: asked of a program of its own, `weigh`, whose allocator counts.

use std::process::Command;

use super::Workload;
use crate::measure::Plan;
use crate::results::Results;
use crate::weigh::{Asked, HELD_BY, WAITING_BY, Weight, cases};

pub fn run(workload: &Workload, _plan: &Plan, results: &mut Results) {
    let held = 1_000_000;
    for who in HELD_BY.iter().filter(|who| who.there) {
        let weight = ask(&Asked::Held(who.name.into(), held));
        keep(workload, results, who.name, "a held lock", weight);
    }
    for who in WAITING_BY {
        let weight = ask(&Asked::Waiting(who.into(), 100_000));
        keep(workload, results, who, "a waiting request", weight);
    }
    let counts = ask(&Asked::Allocations);
    for (case, count) in cases().iter().zip(counts.allocations) {
        results.add(workload.name, &case.name(), "allocations", vec![count]);
    }
}

/// Allocations of each case in C, counted by a program of its own.
pub fn allocations_in_c(workload: &Workload, results: &mut Results) {
    let here = std::env::current_exe().unwrap();
    let output = Command::new(here.with_file_name("allocations"))
        .arg(here.with_file_name("libforeign-calls.so"))
        .output();
    let said = output.map(|output| output.stdout).unwrap_or_default();
    for line in String::from_utf8_lossy(&said).lines() {
        if let Some((count, name)) = line.split_once(' ') {
            let count = count.parse().unwrap();
            results.add(
                workload.name,
                &format!("C, {name}"),
                "allocations",
                vec![count],
            );
        }
    }
}

fn keep(workload: &Workload, results: &mut Results, who: &str, of: &str, weight: Weight) {
    let mut add = |what: &str, bytes: Option<f64>| {
        if let Some(bytes) = bytes {
            results.add(
                workload.name,
                who,
                &format!("bytes, {of}, {what}"),
                vec![bytes],
            );
        }
    };
    add("asked for", weight.live);
    add("with the allocator's", weight.malloc);
    add("resident", weight.resident);
}

fn ask(asked: &Asked) -> Weight {
    let program = std::env::current_exe().unwrap().with_file_name("weigh");
    let output = Command::new(program).args(asked.args()).output().unwrap();
    assert!(
        output.status.success(),
        "weigh: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
