//! The smallest worlds, with whatever compiler settings the tests have; larger ones
//! are searched by `scripts/exhaustive.sh`.

use oarlock_exhaustive::{Bounds, Report, World, search};

fn searched(name: &str, rules: bool) -> Report {
    let world = World::named(name).unwrap_or_else(|| panic!("the world is there"));
    let bounds = Bounds { threads: 2, time: None, states: 1_000_000, rules };
    match search(&world, bounds, |_| ()) {
        Ok(report) => {
            assert!(report.complete, "{report:?}");
            println!("{name}: {report:?}");
            report
        }
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn engine_and_rules_agree_in_every_state_of_a_tiny_world() {
    let report = searched("tiny", false);
    assert!(report.states > 500 && report.transitions > 100_000, "{report:?}");
    assert!(report.deadlocks > 100 && report.histories > report.states, "{report:?}");
}

#[test]
fn engine_and_rules_agree_in_every_state_of_a_world_with_bypasses() {
    let report = searched("row", false);
    assert!(report.bypasses > 10 && report.deadlocks > 10, "{report:?}");
    let rules = searched("row", true);
    assert_eq!(rules.states, report.states);
}
