//! The other end of the line protocol: any in-process surface as an adapter.
//! It is the protocol's reference, and the tests talk to it.

use std::io::{BufRead, Write};

use crate::surface::{Broken, Surface};
use crate::wire::{self, Call};

/// Answers each line of `calls` on `answers` until `calls` ends.
///
/// # Errors
/// A failure to read or write, or what broke the surface.
pub fn serve(
    surface: &mut dyn Surface,
    calls: impl BufRead,
    mut answers: impl Write,
) -> Result<(), String> {
    for line in calls.lines() {
        let line = line.map_err(|error| error.to_string())?;
        let answer = match Call::from_line(&line) {
            Ok(call) => answer(surface, &call).map_err(|Broken(why)| why)?,
            Err(why) => format!("error {why}"),
        };
        writeln!(answers, "{answer}")
            .and_then(|()| answers.flush())
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn answer(surface: &mut dyn Surface, call: &Call) -> Result<String, Broken> {
    Ok(match call {
        Call::New(max_waiting) => {
            surface.reset(*max_waiting)?;
            "ok".to_owned()
        }
        Call::Ask(id, verb) => wire::answer_line(&surface.ask(id, verb)?),
        Call::WouldGrant(request) => wire::answer_line(&surface.would_grant(request)?),
        Call::Unlock(id) => wire::answer_line(&surface.unlock(id)?),
        Call::Close => {
            surface.close()?;
            "ok".to_owned()
        }
        Call::State(id) => surface.state(id)?.to_string(),
        Call::Token(id) => format!("token {}", surface.token(id)?),
        Call::Blockers(id) => wire::names_line("blockers", &surface.blockers(id)?),
        Call::Label(id) => format!("label {}", wire::escape(&surface.label(id)?)),
    })
}
