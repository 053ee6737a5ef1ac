//! The other end of the line protocol: any in-process surface as an adapter.
//! It is the protocol's reference, and the tests talk to it.

use std::io::{BufRead, Write};

use crate::surface::{Broken, Locked, Surface, Unlocked};
use crate::wire::Call;

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
        Call::New => {
            surface.reset()?;
            "ok".to_owned()
        }
        Call::Lock(id, claims) => match surface.lock(id, claims)? {
            Locked::As(state) => state.to_string(),
            Locked::Refused(kind) => format!("error {kind}"),
        },
        Call::Unlock(id) => match surface.unlock(id)? {
            Unlocked::Done => "ok".to_owned(),
            Unlocked::Refused(kind) => format!("error {kind}"),
        },
        Call::State(id) => surface.state(id)?.to_string(),
    })
}
