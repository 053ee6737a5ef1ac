//! Replays a corpus on one surface, explains each failure and counts.

use std::io::{self, Write};

use crate::corpus::Corpus;
use crate::judge;
use crate::surface::{Broken, Surface};

/// After so many scenarios in a row that broke the surface, the rest is not
/// tried: each could cost a whole deadline.
const PATIENCE: usize = 3;

/// How many scenarios went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Replayed, and everything was as expected.
    pub passed: usize,
    /// Everything else.
    pub failed: usize,
    /// Whether the surface ended well.
    pub ended_well: bool,
}

impl Totals {
    /// Whether nothing went wrong and something was replayed.
    #[must_use]
    pub fn good(&self) -> bool {
        self.failed == 0 && self.passed > 0 && self.ended_well
    }
}

/// Replays every scenario on the surface. Writes one line for each thing that
/// was not as expected, then `NAME: N passed, N failed`.
///
/// # Errors
/// A failure to write.
pub fn run(
    name: &str,
    surface: &mut dyn Surface,
    corpus: &Corpus,
    out: &mut dyn Write,
) -> io::Result<Totals> {
    let mut totals = Totals::default();
    let mut broken_in_a_row = 0;
    for entry in &corpus.entries {
        if broken_in_a_row == PATIENCE {
            totals.failed += 1;
            continue;
        }
        let outcome = judge::replay(surface, &entry.scenario);
        broken_in_a_row = if outcome.broken {
            broken_in_a_row + 1
        } else {
            0
        };
        if outcome.passed() {
            totals.passed += 1;
        } else {
            totals.failed += 1;
        }
        for failure in &outcome.failures {
            let (file, scenario) = (&entry.file, &entry.scenario.name);
            writeln!(out, "{name}: {file}: {scenario:?}: {failure}")?;
        }
        if broken_in_a_row == PATIENCE {
            writeln!(
                out,
                "{name}: broke {PATIENCE} times in a row; the rest is not tried"
            )?;
        }
    }
    match surface.finish() {
        Ok(()) => totals.ended_well = true,
        Err(Broken(why)) => writeln!(out, "{name}: {why}")?,
    }
    let Totals { passed, failed, .. } = totals;
    writeln!(out, "{name}: {passed} passed, {failed} failed")?;
    out.flush()?;
    Ok(totals)
}
