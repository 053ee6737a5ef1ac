//! The scenarios of the tree, held against the rules and replayed in process.

use std::path::PathBuf;

use oarlock_conformance::corpus::{self, Corpus};
use oarlock_conformance::runner::{self, Totals};
use oarlock_conformance::table::InProcess;

fn scenarios() -> Corpus {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "scenarios"]
        .iter()
        .collect();
    corpus::load(&place)
}

fn replay(surface: InProcess) -> (Totals, String) {
    let mut out = Vec::new();
    let totals = runner::run("it", || surface.open(), &scenarios(), &mut out);
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
        let lists = steps
            .iter()
            .filter(|s| s.acquired.is_some() || s.waiting.is_some());
        let named = entry.scenario.to_string().matches("\"expect\"").count();
        assert!(lists.count() + named >= 2, "{}", entry.scenario);
    }
}

#[test]
fn the_rules_agree_with_every_scenario() {
    let (totals, report) = replay(InProcess::Oracle);
    assert!(totals.good(), "{report}");
}

#[test]
fn the_engine_and_the_manager_pass() {
    for surface in [InProcess::Engine, InProcess::Rust] {
        let (totals, report) = replay(surface);
        assert!(totals.good(), "{report}");
    }
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
