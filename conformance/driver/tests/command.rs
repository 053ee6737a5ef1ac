//! The program as people call it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A directory of its own with these files, gone with the value.
struct Dir(PathBuf);

impl Dir {
    fn with(name: &str, files: &[(&str, &str)]) -> Dir {
        let name = format!("oarlock-conformance-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).expect("the directory for temporary files is writable");
        for (file, text) in files {
            fs::write(dir.join(file), text).expect("it still is");
        }
        Dir(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn conformance(arguments: &[&str], dir: &Dir) -> (Option<i32>, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(arguments)
        .arg(&dir.0)
        .output()
        .expect("the program was built");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

const GOOD: &str = r#"{"scenarios": [{"name": "good", "steps": [
    {"lock": "q", "set": [["r", []]], "expect": "acquired"}]}]}"#;
const BAD: &str = r#"[{"name": "bad", "steps": [
    {"lock": "q", "set": [["r", ["a"]]]}, {"acquired": []}]}]"#;

const IN_PROCESS: [&str; 4] = ["--surface", "rust", "--surface", "engine"];

#[test]
fn totals_per_surface() {
    let dir = Dir::with(
        "good",
        &[("a.json", GOOD), ("b.json", GOOD), ("c.txt", BAD)],
    );
    let (code, text) = conformance(&IN_PROCESS, &dir);
    assert_eq!(
        text,
        "engine: 2 passed, 0 failed\nrust: 2 passed, 0 failed\n"
    );
    assert_eq!(code, Some(0));
}

#[test]
fn a_failure_is_explained_and_fails_the_run() {
    let dir = Dir::with("bad", &[("a.json", GOOD), ("b.json", BAD)]);
    let (code, text) = conformance(&IN_PROCESS, &dir);
    assert_eq!(
        text,
        "engine: b.json: \"bad\": step 2 {\"acquired\": []}: \
         expected acquired [], got [q]; q is acquired, too\n\
         engine: 1 passed, 1 failed\n\
         rust: b.json: \"bad\": step 2 {\"acquired\": []}: \
         expected acquired [], got [q]; q is acquired, too\n\
         rust: 1 passed, 1 failed\n"
    );
    assert_eq!(code, Some(1));
    let (code, text) = conformance(&["--check-scenarios"], &dir);
    assert!(text.ends_with("rules: 1 passed, 1 failed\n"), "{text}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_malformed_file_fails_the_run_and_no_other_file() {
    let dir = Dir::with(
        "malformed",
        &[("a.json", GOOD), ("b.json", "{\"scenarios\": [")],
    );
    let (code, text) = conformance(&IN_PROCESS, &dir);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("error: b.json: EOF while parsing"));
    assert_eq!(lines[1], "engine: 1 passed, 0 failed");
    assert_eq!(lines[2], "rust: 1 passed, 0 failed");
    assert_eq!(
        lines[3], lines[0],
        "good totals must not have the last word"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn hidden_files_are_no_scenarios() {
    let dir = Dir::with("hidden", &[("a.json", GOOD), ("._a.json", "\0")]);
    let (code, text) = conformance(&IN_PROCESS, &dir);
    assert_eq!(
        text,
        "engine: 1 passed, 0 failed\nrust: 1 passed, 0 failed\n"
    );
    assert_eq!(code, Some(0));
}

#[test]
fn where_nothing_can_be_replayed_the_error_stands_alone() {
    let dir = Dir::with("all-malformed", &[("a.json", "{"), ("b.json", "[[]]")]);
    let (code, text) = conformance(&IN_PROCESS, &dir);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("error: a.json: "), "{text}");
    assert!(lines[1].starts_with("error: b.json: "), "{text}");
    assert_eq!(code, Some(1));
}

#[test]
fn no_scenario_fails_the_run() {
    for (name, files) in [("none", &[][..]), ("empty", &[("a.json", "[]")])] {
        let dir = Dir::with(name, files);
        let (code, text) = conformance(&IN_PROCESS, &dir);
        let expected = format!("error: {}: no scenario found\n", dir.0.display());
        assert_eq!(text, expected);
        assert_eq!(code, Some(1));
    }
    let gone = Dir(PathBuf::from("/nowhere/at/all"));
    let (code, text) = conformance(&IN_PROCESS, &gone);
    assert!(text.starts_with("error: /nowhere/at/all: "), "{text}");
    assert_eq!((text.lines().count(), code), (1, Some(1)));
}

#[test]
fn an_adapter_from_the_command_line() {
    let dir = Dir::with("adapter", &[("a.json", GOOD)]);
    let adapter = format!(
        "python='{}' --serve rust",
        env!("CARGO_BIN_EXE_conformance")
    );
    let (code, text) = conformance(&["--surface", "python", "--adapter", &adapter], &dir);
    assert_eq!(text, "python: 1 passed, 0 failed\n");
    assert_eq!(code, Some(0));
    let (code, text) = conformance(&["--surface", "c", "--adapter", "c=/nowhere/x"], &dir);
    assert!(text.ends_with("c: 0 passed, 1 failed\n"), "{text}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_wrong_call_says_how_to_call() {
    let dir = Dir::with("usage", &[]);
    assert_eq!(conformance(&["--surface", "perl"], &dir).0, Some(2));
    let (code, text) = conformance(&["--help"], &dir);
    assert!(text.contains("--adapter NAME=COMMAND"), "{text}");
    assert_eq!(code, Some(0));
}
