//! What a person sees while the programs run.

use std::io::{self, IsTerminal, Write};

use crate::child::Failure;
use crate::report::Report;
use crate::table::grouped;

/// Where runs are shown: a line for each that is written over on a terminal;
/// elsewhere a line when it begins and one when it ends.
pub struct Screen {
    live: bool,
    out: Box<dyn Write>,
    /// What runs now: "3/12  C++ with locks".
    what: String,
}

impl Screen {
    /// Shows the runs on stderr.
    #[must_use]
    pub fn stderr() -> Self {
        Self::to(io::stderr().is_terminal(), Box::new(io::stderr()))
    }

    /// Shows the runs to nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::to(false, Box::new(io::sink()))
    }

    fn to(live: bool, out: Box<dyn Write>) -> Self {
        let what = String::new();
        Self { live, out, what }
    }

    /// A run begins.
    pub fn begin(&mut self, what: String) {
        self.what = what;
        self.line("starts", false);
    }

    /// The run is alive and has come this far.
    pub fn tick(&mut self, report: &Report) {
        if self.live {
            self.line(&counts(report), false);
        }
    }

    /// The run has ended.
    pub fn end(&mut self, result: &Result<Report, Failure>) {
        let text = match result {
            Ok(report) => counts(report),
            Err(failure) => failure.reason.clone(),
        };
        self.line(&text, true);
    }

    fn line(&mut self, text: &str, last: bool) {
        let (before, after) = match (self.live, last) {
            (true, false) => ("\r\x1b[K", ""),
            (true, true) => ("\r\x1b[K", "\n"),
            (false, _) => ("", "\n"),
        };
        // Nobody has to be looking.
        let _ = write!(self.out, "{before}{}: {text}{after}", self.what);
        let _ = self.out.flush();
    }
}

fn counts(report: &Report) -> String {
    format!(
        "{:.1} s, {} operations, {} torn reads",
        report.seconds,
        grouped(report.operations),
        grouped(report.torn)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer whose text can be looked at.
    #[derive(Clone, Default)]
    struct Text(Arc<Mutex<Vec<u8>>>);

    impl Write for Text {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(live: bool) -> String {
        let text = Text::default();
        let mut screen = Screen::to(live, Box::new(text.clone()));
        let report = Report {
            operations: 1500,
            seconds: 0.5,
            torn: 0,
            reads: 700,
            writes: 800,
        };
        screen.begin("1/2  C".to_owned());
        screen.tick(&report);
        screen.end(&Ok(report));
        String::from_utf8(text.0.lock().expect("no panic").clone()).expect("text")
    }

    #[test]
    fn a_terminal_sees_one_line_that_changes() {
        let line = "\r\x1b[K1/2  C: 0.5 s, 1,500 operations, 0 torn reads";
        assert_eq!(shown(true), format!("\r\x1b[K1/2  C: starts{line}{line}\n"));
    }

    #[test]
    fn a_file_sees_how_it_begins_and_ends() {
        let lines = "1/2  C: starts\n1/2  C: 0.5 s, 1,500 operations, 0 torn reads\n";
        assert_eq!(shown(false), lines);
    }
}
