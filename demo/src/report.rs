//! What a program says: one line of JSON, the last one when it ends.

use serde::Deserialize;

/// The counts of one run so far.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub struct Report {
    /// Reads and writes together.
    pub operations: u64,
    /// How long it has run, in seconds.
    pub seconds: f64,
    /// Reads that found a half stamped file.
    pub torn: u64,
    /// Folders looked at.
    pub reads: u64,
    /// Times that files were stamped.
    pub writes: u64,
}

impl Report {
    /// Reads a line that a program wrote while it ran; nothing if it is no
    /// report.
    #[must_use]
    pub fn progress(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// Reads the last line.
    ///
    /// # Errors
    ///
    /// A sentence, if the line is no report, contradicts itself, or tells of
    /// a run that did not read and write.
    pub fn last(line: Option<&str>) -> Result<Self, String> {
        let line = line.ok_or("it ended without a word")?;
        let report: Self = serde_json::from_str(line)
            .map_err(|error| format!("its last line is no report ({error}): {line}"))?;
        let sum = report.reads.checked_add(report.writes);
        if sum != Some(report.operations) || report.torn > report.reads {
            return Err(format!("its counts contradict each other: {line}"));
        }
        if report.reads == 0 || report.writes == 0 {
            return Err(format!("it has to read and to write, and did not: {line}"));
        }
        if report.seconds <= 0.0 {
            return Err(format!("it took no time: {line}"));
        }
        Ok(report)
    }

    /// Operations a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 {
            self.operations as f64 / self.seconds
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"operations": 30, "seconds": 1.5, "torn": 2, "reads": 10, "writes": 20}"#;

    #[test]
    fn a_good_line_is_read() {
        let report = Report::last(Some(GOOD)).expect("good");
        assert_eq!(report.torn, 2);
        assert_eq!(report.rate(), 20.0);
        assert_eq!(Report::progress(GOOD), Some(report));
        assert_eq!(Report::progress("warming up"), None);
    }

    #[test]
    fn anything_else_is_no_result() {
        assert!(Report::last(None).is_err());
        for line in [
            "",
            "done",
            r#"{"operations": 3}"#,
            &GOOD.replace("1.5", "0.0"),
            &GOOD.replace("30", "31"),
            &GOOD.replace("\"torn\": 2", "\"torn\": 11"),
            &GOOD.replace("\"torn\": 2", "\"torn\": -1"),
            r#"{"operations": 5, "seconds": 1, "torn": 0, "reads": 0, "writes": 5}"#,
            r#"{"operations": 5, "seconds": 1, "torn": 0, "reads": 5, "writes": 0}"#,
        ] {
            assert!(Report::last(Some(line)).is_err(), "{line}");
        }
    }
}
