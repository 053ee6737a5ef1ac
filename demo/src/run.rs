//! Runs the program of a surface with locks and without.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::child::{self, Failure};
use crate::options::Options;
use crate::progress::Screen;
use crate::report::Report;
use crate::serve::Server;
use crate::surface::{Places, Surface, through_the_shell};
use crate::table::Row;

/// What a program may take beyond the time it is told to run: to start, to
/// read the list, and to end, on a machine that is busy.
const SPARE: Duration = Duration::from_secs(30);

/// Runs every surface that the options name over the files in `list`.
#[must_use]
pub fn all(options: &Options, places: &Places, list: &Path, screen: &mut Screen) -> Vec<Row> {
    let runs = 2 * options.surfaces.len();
    let mut rows = Vec::new();
    for &surface in &options.surfaces {
        let mut run = |number: usize, locks: bool| {
            let words = if locks { "with" } else { "without" };
            let label = surface.label();
            screen.begin(format!("{number}/{runs}  {label} {words} locks"));
            let result = once(options, places, list, surface, locks, screen);
            screen.end(&result);
            result
        };
        let number = 2 * rows.len() + 1;
        rows.push(Row {
            surface,
            with_locks: run(number, true),
            without_locks: run(number + 1, false),
        });
    }
    rows
}

fn once(
    options: &Options,
    places: &Places,
    list: &Path,
    surface: Surface,
    locks: bool,
    screen: &mut Screen,
) -> Result<Report, Failure> {
    let mut command = program(options, places, surface);
    command
        .arg("--files")
        .arg(list)
        .args(["--seconds", &options.time.as_secs_f64().to_string()])
        .args(["--workers", &options.workers.to_string()])
        .arg("--progress");
    if !locks {
        command.arg("--no-locks");
    }
    // Without locks the program makes no connection.
    let server = if surface == Surface::WebSocket && locks {
        Some(Server::start(&places.server())?)
    } else {
        None
    };
    if let Some(server) = &server {
        command.args(["--url", server.url()]);
    }
    let last = child::run(&mut command, options.time + SPARE, |line| {
        if let Some(report) = Report::progress(line) {
            screen.tick(&report);
        }
    })?;
    Report::last(last.as_deref()).map_err(|reason| Failure {
        reason,
        stderr: String::new(),
    })
}

fn program(options: &Options, places: &Places, surface: Surface) -> Command {
    let given = options.commands.iter().rev().find(|(of, _)| *of == surface);
    match given {
        Some((_, words)) => through_the_shell(words),
        None => places.command(surface),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
