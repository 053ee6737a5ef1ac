//! Surfaces in processes of their own: a good one, and all the ways to be broken.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use oarlock_conformance::child::Adapter;
use oarlock_conformance::corpus::{Corpus, Entry};
use oarlock_conformance::random::{self, Kind};
use oarlock_conformance::runner::{self, Totals};
use oarlock_conformance::surface::Surface;

/// The deadline of adapters that are meant to miss it.
const SHORT: Duration = Duration::from_millis(200);
/// That of adapters that answer.
const LONG: Duration = Duration::from_secs(60);

fn corpus(count: u64) -> Corpus {
    let entries = (0..count).map(|seed| Entry {
        file: "random".to_owned(),
        scenario: random::scenario(Kind::Plain, seed, 20),
    });
    Corpus {
        entries: entries.collect(),
        errors: Vec::new(),
    }
}

fn shell(script: &str) -> Vec<OsString> {
    ["sh", "-c", script].map(OsString::from).to_vec()
}

fn run(command: Vec<OsString>, deadline: Duration, corpus: &Corpus) -> (Totals, String) {
    let adapter =
        || -> Box<dyn Surface> { Box::new(Adapter::with_deadline(command.clone(), deadline)) };
    let mut out = Vec::new();
    let totals = runner::run("it", adapter, &[], corpus, &mut out);
    let totals = totals.expect("writing to memory does not fail");
    (totals, String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn an_adapter_that_follows_the_rules_passes() {
    for name in ["oracle", "engine", "rust"] {
        let command = [env!("CARGO_BIN_EXE_conformance"), "--serve", name];
        let (totals, report) = run(command.map(OsString::from).to_vec(), LONG, &corpus(20));
        assert!(totals.good(), "{report}");
        assert_eq!(report, "it: 20 passed, 0 failed\n");
    }
}

/// Fails three scenarios, does not try the other two, and says why.
#[track_caller]
fn broken(script: &str, deadline: Duration, why: &str) {
    let (totals, report) = run(shell(script), deadline, &corpus(5));
    assert!(!totals.good(), "{report}");
    assert!(report.contains(why), "{why:?} is not in:\n{report}");
    assert!(report.ends_with("it: 0 passed, 5 failed\n"), "{report}");
}

#[test]
fn an_adapter_that_is_silent_fails_in_bounded_time() {
    let start = Instant::now();
    broken(
        "read line; sleep 1000",
        SHORT,
        "did not answer within 200ms",
    );
    // The sleep that the shell started holds the pipe; it must go, too.
    broken(
        "sleep 1000 & sleep 1000",
        SHORT,
        "did not answer within 200ms",
    );
    assert!(start.elapsed() < Duration::from_secs(500));
}

#[test]
fn an_adapter_that_ends_early_fails() {
    broken(
        "exit 3",
        LONG,
        "ended (exit status: 3) instead of answering",
    );
    broken(
        "read line; echo ok; read line; exit 0",
        LONG,
        "instead of answering",
    );
    broken("kill -SEGV $$", LONG, "signal: 11");
}

#[test]
fn an_adapter_that_talks_nonsense_fails() {
    broken(
        "while read line; do echo yes; done",
        LONG,
        "answered \"yes\" to \"new\"",
    );
    broken(
        "while read line; do echo ok; done",
        LONG,
        "answered \"ok\" to \"lock\"",
    );
    broken(
        "read line; echo ok; read line; echo waiting; echo acquired; read line",
        LONG,
        "step",
    );
}

#[test]
fn an_adapter_that_cannot_be_started_fails() {
    let command = vec![OsString::from("/nowhere/adapter")];
    let (totals, report) = run(command, LONG, &corpus(5));
    assert!(report.contains("cannot start /nowhere/adapter"), "{report}");
    assert_eq!((totals.passed, totals.failed), (0, 5));
    let (totals, _) = run(Vec::new(), LONG, &corpus(1));
    assert!(!totals.good());
}

#[test]
fn an_adapter_that_ends_badly_fails_the_run() {
    let serve = format!("'{}' --serve oracle", env!("CARGO_BIN_EXE_conformance"));
    let (totals, report) = run(shell(&format!("{serve}; exit 4")), LONG, &corpus(2));
    assert_eq!((totals.passed, totals.failed, totals.good()), (2, 0, false));
    assert!(report.contains("ended badly (exit status: 4)"), "{report}");
    // Long enough for the answers, and not waited for in vain.
    let (totals, report) = run(
        shell(&format!("{serve}; sleep 1000")),
        Duration::from_secs(5),
        &corpus(1),
    );
    assert_eq!((totals.passed, totals.good()), (1, false), "{report}");
    assert!(report.contains("did not end within"), "{report}");
}

/// After a scenario that broke it, a surface is started anew.
#[test]
fn one_broken_scenario_is_not_all() {
    let dir = std::env::temp_dir().join(format!("oarlock-conformance-{}", std::process::id()));
    let flag = dir.display();
    let serve = format!(
        "exec '{}' --serve oracle",
        env!("CARGO_BIN_EXE_conformance")
    );
    let script = format!("if mkdir '{flag}' 2>/dev/null; then exit 1; else {serve}; fi");
    let (totals, report) = run(shell(&script), LONG, &corpus(4));
    let _ = std::fs::remove_dir(&dir);
    assert_eq!((totals.passed, totals.failed), (3, 1), "{report}");
}

/// What an adapter started ends with it, when it has to be ended.
#[test]
fn a_silent_adapter_leaves_no_process_behind() {
    let file = std::env::temp_dir().join(format!("oarlock-sleeper-{}", std::process::id()));
    let script = format!("sleep 1000 & echo $! > '{}'; wait", file.display());
    // Where the machine is too busy for the script to write in time, it has more.
    let mut deadline = Duration::from_secs(1);
    let sleeper = loop {
        let (totals, report) = run(shell(&script), deadline, &corpus(1));
        assert!(!totals.good(), "{report}");
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(&file);
        if written.ends_with('\n') {
            break written;
        }
        assert!(deadline < LONG, "the script wrote nothing");
        deadline *= 4;
    };
    // Until somebody waits for it, an ended process is a zombie: state Z.
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", sleeper.trim()));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    let start = Instant::now();
    while !gone() {
        assert!(start.elapsed() < LONG, "process {sleeper} is still there");
        std::thread::yield_now();
    }
}
