//! Whole runs, with small shell scripts in place of the programs.

use super::*;
use crate::verdict::faults;

/// Reports torn reads only if it is told to take no locks.
const HONEST: &str = r#"sh -c '
    torn=0
    for flag in "$@"; do [ "$flag" = --no-locks ] && torn=4; done
    echo warming up
    echo "{\"operations\": 9, \"seconds\": 0.5, \"torn\": $torn, \"reads\": 5, \"writes\": 4}"
' sh"#;

fn run(commands: &[(Surface, &str)]) -> Vec<Row> {
    let options = Options {
        tree: None,
        time: Duration::from_millis(100),
        workers: 2,
        surfaces: commands.iter().map(|(surface, _)| *surface).collect(),
        commands: commands
            .iter()
            .map(|(surface, command)| (*surface, (*command).to_owned()))
            .collect(),
    };
    // No program is there, nor a server.
    let places = Places {
        project: "/nonexistent".into(),
        programs: "/nonexistent".into(),
    };
    all(
        &options,
        &places,
        Path::new("/nonexistent/list"),
        &mut Screen::none(),
    )
}

#[test]
fn a_run_with_locks_and_one_without() {
    let rows = run(&[(Surface::Rust, HONEST), (Surface::Python, HONEST)]);
    assert_eq!(faults(&rows), [""; 0]);
    for row in rows {
        assert_eq!(row.with_locks.expect("ran").torn, 0);
        assert_eq!(row.without_locks.expect("ran").torn, 4);
    }
}

#[test]
fn flags_reach_the_program() {
    let rows = run(&[(Surface::C, r#"sh -c 'echo "$@" >&2; exit 1' sh"#)]);
    let flags = "--files /nonexistent/list --seconds 0.1 --workers 2 --progress";
    let with = rows[0].with_locks.as_ref().expect_err("exit 1");
    let without = rows[0].without_locks.as_ref().expect_err("exit 1");
    assert_eq!(with.stderr, format!("{flags}\n"));
    assert_eq!(without.stderr, format!("{flags} --no-locks\n"));
}

#[test]
fn one_failing_surface_does_not_stop_the_others() {
    let rows = run(&[
        (Surface::C, "sh -c 'echo broken >&2; exit 5' sh"),
        (Surface::Node, HONEST),
    ]);
    let faults = faults(&rows);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("broken"), "{faults:?}");
    assert!(rows[1].with_locks.is_ok());
}

#[test]
fn without_a_server_websocket_fails() {
    let rows = run(&[(Surface::WebSocket, HONEST)]);
    let failure = rows[0].with_locks.as_ref().expect_err("no server");
    assert!(failure.reason.contains("/nonexistent/oarlock"), "{failure}");
    assert!(rows[0].without_locks.is_ok());
}
