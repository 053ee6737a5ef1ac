//! The scenarios of the tree, held against the rules and replayed in process.

use std::path::PathBuf;

use oarlock_conformance::corpus::{self, Corpus};
use oarlock_conformance::runner::{self, Totals};
use oarlock_conformance::scenario::Checks;
use oarlock_conformance::table::{self, InProcess};

fn scenarios() -> Corpus {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "scenarios"]
        .iter()
        .collect();
    corpus::load(&place)
}

fn replay(name: &str) -> (Totals, String) {
    let surface = InProcess::named(name).expect("a surface of this process");
    let (offers, mut out) = (table::offers(name), Vec::new());
    let totals = runner::run(name, || surface.open(), &offers, &scenarios(), &mut out);
    let totals = totals.expect("writing to memory does not fail");
    (totals, String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn every_file_can_be_read_and_no_name_stands_twice() {
    let corpus = scenarios();
    assert_eq!(corpus.errors, Vec::<String>::new());
    assert!(corpus.entries.len() >= 60, "{}", corpus.entries.len());
    let mut names: Vec<_> = corpus.entries.iter().map(|e| &e.scenario.name).collect();
    names.sort();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

#[test]
fn every_scenario_asserts_something() {
    for entry in scenarios().entries {
        let steps = &entry.scenario.steps;
        let lists = steps.iter().filter(|s| s.checks != Checks::default());
        let named = entry.scenario.to_string().matches("\"expect\"").count();
        assert!(lists.count() + named >= 2, "{}", entry.scenario);
    }
}

#[test]
fn the_rules_agree_with_every_scenario() {
    let (totals, report) = replay("oracle");
    assert!(totals.good() && totals.skipped == 0, "{report}");
}

#[test]
fn the_engine_and_the_manager_pass() {
    let (totals, report) = replay("engine");
    assert!(totals.good(), "{report}");
    let (totals, report) = replay("rust");
    assert!(totals.good() && totals.skipped == 0, "{report}");
}

/// A surface that offers nothing yet is asked what all are, and no more.
#[test]
fn what_a_surface_does_not_offer_is_counted_as_skipped() {
    let mut out = Vec::new();
    let open = || InProcess::Rust.open();
    let totals = runner::run("it", open, &[], &scenarios(), &mut out);
    let totals = totals.expect("writing to memory does not fail");
    let report = String::from_utf8_lossy(&out);
    assert!(totals.good() && totals.skipped > 0, "{report}");
    let Totals {
        passed, skipped, ..
    } = totals;
    let line = format!(
        "it: {passed} passed, 0 failed, {skipped} skipped (not offered by this surface yet)\n"
    );
    assert_eq!(report, line);
}

/// What a scenario prints is the scenario again, lone surrogates and all.
#[test]
fn a_printed_scenario_reads_the_same() {
    for entry in scenarios().entries {
        let text = format!("[{}]", entry.scenario);
        let again = oarlock_conformance::parse::parse(&text);
        assert_eq!(again, Ok(vec![entry.scenario]), "{text}");
    }
}
