//! Instructions of the hottest paths, counted by callgrind and compared with a file
//! that is kept: they do not depend on what else the machine does.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The paths that `bin/hot.rs` knows.
const PATHS: [&str; 7] = [
    "one segment",
    "three segments",
    "two claims",
    "C, one segment",
    "C, three segments",
    "C, two claims",
    "keyed mutex by hand",
];

/// A rise above this is reported, in percent.
pub const TOLERATED: f64 = 5.0;

/// Instructions of one acquire + release by path.
pub type Counts = BTreeMap<String, f64>;

/// Counts, or says why not.
///
/// # Errors
///
/// A sentence, if valgrind is not there or fails.
pub fn count() -> Result<Counts, String> {
    PATHS
        .iter()
        .map(|path| {
            // The difference of two runs is without what comes before and after.
            let (few, many) = (4_000, 24_000);
            let each = (run(path, many)? - run(path, few)?) / (many - few) as f64;
            Ok(((*path).to_owned(), (each * 10.0).round() / 10.0))
        })
        .collect()
}

fn run(path: &str, times: usize) -> Result<f64, String> {
    let program = std::env::current_exe()
        .map_err(|e| e.to_string())?
        .with_file_name("hot");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg(path)
        .arg(times.to_string())
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    collected(&said).ok_or_else(|| format!("valgrind counted nothing: {said}"))
}

/// The number in the line `==1== Collected : 123`.
fn collected(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// What is kept, if anything.
#[must_use]
pub fn kept(file: &Path) -> Option<Counts> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

/// Keeps these.
///
/// # Errors
///
/// If the file cannot be written.
pub fn keep(file: &Path, counts: &Counts) -> std::io::Result<()> {
    std::fs::write(file, serde_json::to_string_pretty(counts)? + "\n")
}

/// By how much a count has risen, in percent.
#[must_use]
pub fn rise(kept: f64, now: f64) -> f64 {
    100.0 * (now / kept - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_valgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n";
        assert_eq!(collected(said), Some(1_234_567.0));
        assert_eq!(collected("==7== nothing"), None);
    }

    #[test]
    fn a_rise_is_in_percent() {
        assert_eq!(rise(100.0, 106.0).round(), 6.0);
        assert!(rise(100.0, 90.0) < 0.0);
    }
}
