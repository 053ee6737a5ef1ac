//! Whether the demo succeeded, and why not.

use crate::table::Row;

/// What is wrong with the runs: nothing, if the demo succeeded.
///
/// Wrong is a run without a result, a torn read with locks, and no torn read
/// on any surface without them, because then the check sees nothing.
#[must_use]
pub fn faults(rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = 0;
    for row in rows {
        let label = row.surface.label();
        match &row.with_locks {
            Ok(report) if report.torn > 0 => faults.push(format!(
                "{label}: {} torn reads although it took locks",
                report.torn
            )),
            Ok(_) => {}
            Err(failure) => faults.push(format!("{label}, with locks: {failure}")),
        }
        match &row.without_locks {
            Ok(report) => seen += report.torn,
            Err(failure) => faults.push(format!("{label}, without locks: {failure}")),
        }
    }
    if seen == 0 {
        faults.push("no torn read anywhere without locks: the check saw nothing".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Surface::{C, Python, Rust};
    use crate::table::tests::row;

    #[test]
    fn one_torn_read_without_locks_is_enough() {
        let rows = [row(Rust, Some(0), Some(0)), row(C, Some(0), Some(1))];
        assert_eq!(faults(&rows), [""; 0]);
    }

    #[test]
    fn a_torn_read_with_locks_is_a_fault() {
        let rows = [row(Rust, Some(0), Some(9)), row(C, Some(3), Some(9))];
        let faults = faults(&rows);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("C: 3 torn"), "{faults:?}");
    }

    #[test]
    fn seeing_nothing_is_a_fault() {
        for rows in [&[row(Rust, Some(0), Some(0))][..], &[]] {
            let faults = faults(rows);
            assert_eq!(faults.len(), 1);
            assert!(faults[0].contains("saw nothing"), "{faults:?}");
        }
    }

    #[test]
    fn a_run_without_a_result_is_a_fault_and_shows_its_stderr() {
        let rows = [
            row(Rust, Some(0), Some(9)),
            row(C, None, Some(9)),
            row(Python, Some(0), None),
        ];
        let faults = faults(&rows);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with("C, with locks"), "{faults:?}");
        assert!(faults[1].starts_with("Python, without"), "{faults:?}");
        assert!(faults[0].contains("| what went wrong"), "{faults:?}");
    }
}
