//! Replays a corpus on one surface, explains each failure and counts.

use std::any::Any;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};

use crate::corpus::Corpus;
use crate::judge::{self, Outcome};
use crate::scenario::Scenario;
use crate::surface::{Broken, Surface};
use crate::validate::Capability;

/// After so many scenarios in a row that broke the surface, the rest is not
/// tried: each could cost a whole deadline.
const PATIENCE: usize = 3;

/// How many scenarios went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Replayed, and everything was as expected.
    pub passed: usize,
    /// Everything else that was replayed.
    pub failed: usize,
    /// Not replayed: they need what the surface does not offer.
    pub skipped: usize,
    /// Whether the surface ended well.
    pub ended_well: bool,
}

impl Totals {
    /// Whether nothing went wrong and something was replayed, or there was
    /// nothing that the surface offers.
    #[must_use]
    pub fn good(&self) -> bool {
        self.failed == 0 && self.passed + self.skipped > 0 && self.ended_well
    }
}

/// Replays every scenario on the surface that `open` gives, but for those that
/// need what it does not offer; it is opened again after a panic. Writes one line
/// for each thing that was not as expected, then `NAME: N passed, N failed`, and
/// how many were skipped, if any were.
///
/// # Errors
/// A failure to write.
pub fn run(
    name: &str,
    open: impl Fn() -> Box<dyn Surface>,
    offers: &[Capability],
    corpus: &Corpus,
    out: &mut dyn Write,
) -> io::Result<Totals> {
    let mut surface = Guarded {
        surface: open(),
        open,
    };
    let mut totals = Totals::default();
    let mut broken_in_a_row = 0;
    for entry in &corpus.entries {
        if !entry.scenario.needs().iter().all(|it| offers.contains(it)) {
            totals.skipped += 1;
            continue;
        }
        if broken_in_a_row == PATIENCE {
            totals.failed += 1;
            continue;
        }
        let outcome = surface.replay(&entry.scenario);
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
    let Totals {
        passed,
        failed,
        skipped,
        ..
    } = totals;
    write!(out, "{name}: {passed} passed, {failed} failed")?;
    if skipped > 0 {
        write!(out, ", {skipped} skipped (not offered by this surface yet)")?;
    }
    writeln!(out)?;
    out.flush()?;
    Ok(totals)
}

/// A surface whose panics break a scenario and not the driver.
struct Guarded<F> {
    surface: Box<dyn Surface>,
    open: F,
}

impl<F: Fn() -> Box<dyn Surface>> Guarded<F> {
    fn replay(&mut self, scenario: &Scenario) -> Outcome {
        self.guard(|surface| Ok(judge::replay(surface, scenario)))
            .unwrap_or_else(|Broken(why)| Outcome {
                failures: vec![why],
                broken: true,
            })
    }

    fn finish(&mut self) -> Result<(), Broken> {
        self.guard(|surface| surface.finish())
    }

    fn guard<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Surface) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        let surface = &mut *self.surface;
        match panic::catch_unwind(AssertUnwindSafe(|| ask(surface))) {
            Ok(answer) => answer,
            Err(payload) => {
                // Its state cannot be trusted any more, not even to be dropped.
                std::mem::forget(std::mem::replace(&mut self.surface, (self.open)()));
                Err(Broken(format!("panicked: {}", message(&*payload))))
            }
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("for an unknown reason")
}
