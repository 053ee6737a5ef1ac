//! What the fuzzer has found worth keeping, once more with the compiler of the day.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The files of a target's corpus, in the order of their names.
fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

fn replay(target: &str, run: fn(&[u8])) {
    let files = corpus(target);
    assert!(files.len() >= 10, "there are only {} files for {target}", files.len());
    let fails = |file: &&PathBuf| {
        let data = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        catch_unwind(AssertUnwindSafe(|| run(&data))).is_err()
    };
    let failing: Vec<&PathBuf> = files.iter().filter(fails).collect();
    assert!(failing.is_empty(), "{failing:#?}");
}

#[test]
fn paths() {
    replay("path", oarlock_fuzz::path::run);
}

#[test]
fn operations_on_the_engine() {
    replay("ops", oarlock_fuzz::ops::run);
}

#[test]
fn calls_on_the_manager() {
    replay("manager", oarlock_fuzz::manager::run);
}

#[test]
fn calls_of_the_c_interface() {
    replay("calls", oarlock_fuzz::calls::run);
}
