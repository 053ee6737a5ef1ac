//! The one table that the demo prints.

use crate::child::Failure;
use crate::report::Report;
use crate::surface::Surface;

/// What came of one surface.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which one.
    pub surface: Surface,
    /// The run with locks.
    pub with_locks: Result<Report, Failure>,
    /// The run without.
    pub without_locks: Result<Report, Failure>,
}

const HEADINGS: [&str; 4] = [
    "surface",
    "operations/s",
    "torn reads with locks",
    "torn reads without",
];

/// The table: the rate with locks, and the torn reads of both runs. A run that
/// gave no result says so in its cells.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.surface.label().to_owned(),
            cell(&row.with_locks, |report| grouped(report.rate() as u64)),
            cell(&row.with_locks, |report| grouped(report.torn)),
            cell(&row.without_locks, |report| grouped(report.torn)),
        ]
    }));
    let widths: [usize; 4] = std::array::from_fn(|column| {
        let cells = lines.iter().map(|line| line[column].len());
        cells.max().unwrap_or_default()
    });
    let rule = widths.map(|width| "-".repeat(width));
    lines.insert(1, rule);
    lines
        .iter()
        .map(|[surface, cells @ ..]| {
            let mut line = format!("{surface:<width$}", width = widths[0]);
            for (cell, width) in cells.iter().zip(&widths[1..]) {
                line += &format!("  {cell:>width$}");
            }
            line + "\n"
        })
        .collect()
}

fn cell(run: &Result<Report, Failure>, show: impl Fn(&Report) -> String) -> String {
    run.as_ref().map_or_else(|_| "failed".to_owned(), show)
}

/// A number with a comma between groups of three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run with this many torn reads, or one that failed.
    pub(crate) fn run(torn: Option<u64>) -> Result<Report, Failure> {
        let report = |torn| Report {
            operations: 2_000_000,
            seconds: 2.0,
            torn,
            reads: 1_000_000,
            writes: 1_000_000,
        };
        torn.map(report).ok_or_else(|| Failure {
            reason: "it ended with exit status: 7".to_owned(),
            stderr: "what went wrong\n".to_owned(),
        })
    }

    pub(crate) fn row(surface: Surface, with: Option<u64>, without: Option<u64>) -> Row {
        Row {
            surface,
            with_locks: run(with),
            without_locks: run(without),
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            row(Surface::Rust, Some(0), Some(1234)),
            row(Surface::WebSocket, None, Some(5)),
        ];
        let expected = "\
surface    operations/s  torn reads with locks  torn reads without
---------  ------------  ---------------------  ------------------
Rust          1,000,000                      0               1,234
WebSocket        failed                 failed                   5
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (123_456, "123,456"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
