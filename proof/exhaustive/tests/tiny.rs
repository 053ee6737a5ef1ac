//! The smallest world, with whatever compiler settings the tests have; larger ones
//! are searched by `scripts/exhaustive.sh`.

use oarlock_exhaustive::{Bounds, World, search};

#[test]
fn engine_and_rules_agree_in_every_state_of_a_tiny_world() {
    let world = World::named("tiny").unwrap_or_else(|| panic!("the world is there"));
    let bounds = Bounds { threads: 2, time: None, states: 1_000_000, rules: false };
    match search(&world, bounds, |_| ()) {
        Ok(report) => {
            assert!(report.complete, "{report:?}");
            assert!(report.states > 500 && report.transitions > 100_000, "{report:?}");
            assert!(report.deadlocks > 100 && report.histories > report.states, "{report:?}");
            println!("{report:?}");
        }
        Err(difference) => panic!("{difference}"),
    }
}
