//! The command line.

use std::path::PathBuf;

use crate::table::{self, InProcess, Reach};

/// How to call the program.
pub const USAGE: &str = "\
conformance [OPTIONS] [DIR]

Replays every scenario in DIR/*.json through every surface, prints
`SURFACE: N passed, N failed` for each, and fails if any failed. Files that
cannot be read as scenarios are named first and last, and fail it too.
DIR is conformance/scenarios of the source tree unless given.

  --surface NAME          only this surface; may be repeated: engine, rust, c,
                          c++, python, node, websocket, or one that --adapter adds
  --adapter NAME=COMMAND  how to start the adapter of a surface, as the shell
                          would; adds the surface if it is new
  --check-scenarios       hold the scenarios themselves against the rules, as a
                          naive list, and no surface
  --random N              N scenarios made by chance instead of DIR's
  --seed S                where their chance begins (or OARLOCK_SEED); printed
  --serve NAME            be an adapter on stdin and stdout: oracle, engine or rust
  --help                  this text
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Replay and report.
    Replay(Plan),
    /// Be an adapter.
    Serve(InProcess),
    /// Print [`USAGE`].
    Help,
}

/// What to replay on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Names and surfaces, in the order of the report.
    pub surfaces: Vec<(String, Reach)>,
    /// Where the scenarios are.
    pub source: Source,
}

/// Where scenarios come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory or a file; `None` is the tree's own.
    Place(Option<PathBuf>),
    /// So many made by chance, beginning at a seed.
    Random(u64, Option<u64>),
}

/// Understands the arguments (without the program's name).
///
/// # Errors
/// A sentence that says which argument is wrong.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Task, String> {
    let mut arguments = arguments.into_iter();
    let (mut wanted, mut adapters) = (Vec::new(), Vec::new());
    let (mut place, mut random, mut seed, mut check) = (None, None, None, false);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--serve" => {
                let name = value()?;
                let surface = InProcess::named(&name);
                let surface = surface.ok_or_else(|| format!("cannot serve {name:?}"))?;
                return Ok(Task::Serve(surface));
            }
            "--surface" => wanted.push(table::canonical(&value()?).to_owned()),
            "--adapter" => adapters.push(adapter(&value()?)?),
            "--check-scenarios" => check = true,
            "--random" => random = Some(number(&argument, &value()?)?),
            "--seed" => seed = Some(number(&argument, &value()?)?),
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
            _ if place.is_some() => return Err(format!("one DIR only, not also {argument:?}")),
            _ => place = Some(PathBuf::from(argument)),
        }
    }
    let source = match (random, place) {
        (Some(0), _) => return Err("--random needs at least 1".to_owned()),
        (Some(_), Some(_)) => return Err("--random and DIR exclude each other".to_owned()),
        (Some(count), None) => Source::Random(count, seed),
        (None, place) => Source::Place(place),
    };
    let surfaces = match (check, wanted.is_empty() && adapters.is_empty()) {
        (true, true) => vec![("rules".to_owned(), Reach::InProcess(InProcess::Oracle))],
        (true, false) => return Err("--check-scenarios asks no surface".to_owned()),
        (false, _) => choose(&wanted, adapters)?,
    };
    Ok(Task::Replay(Plan { surfaces, source }))
}

fn choose(
    wanted: &[String],
    adapters: Vec<(String, Reach)>,
) -> Result<Vec<(String, Reach)>, String> {
    let mut surfaces = table::surfaces();
    for (name, reach) in adapters {
        match surfaces.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 = reach,
            None => surfaces.push((name, reach)),
        }
    }
    if let Some(name) = wanted
        .iter()
        .find(|name| !surfaces.iter().any(|s| s.0 == **name))
    {
        return Err(format!("unknown surface {name:?}"));
    }
    if !wanted.is_empty() {
        surfaces.retain(|surface| wanted.contains(&surface.0));
    }
    Ok(surfaces)
}

fn adapter(value: &str) -> Result<(String, Reach), String> {
    let parts = value
        .split_once('=')
        .filter(|(name, command)| !name.is_empty() && !command.trim().is_empty());
    let (name, command) = parts.ok_or_else(|| format!("not NAME=COMMAND: {value:?}"))?;
    // The shell splits the words; `exec` leaves the adapter itself as the child.
    let command = ["sh", "-c", &format!("exec {command}")]
        .map(Into::into)
        .to_vec();
    Ok((table::canonical(name).to_owned(), Reach::Adapter(command)))
}

fn number(argument: &str, value: &str) -> Result<u64, String> {
    value
        .parse()
        .map_err(|_| format!("{argument} needs a number, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Task, String> {
        parse(arguments.iter().map(|a| (*a).to_owned()))
    }

    fn names(arguments: &[&str]) -> Vec<String> {
        match parsed(arguments) {
            Ok(Task::Replay(plan)) => plan.surfaces.into_iter().map(|s| s.0).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn every_surface_unless_some_are_named() {
        let all = [
            "engine",
            "rust",
            "c",
            "c-callback",
            "c-queue",
            "c++",
            "c++-callback",
            "c++-queue",
            "python",
            "node",
            "websocket",
        ];
        assert_eq!(names(&[]), all);
        assert_eq!(
            names(&["--surface", "cpp", "--surface", "rust", "x"]),
            ["rust", "c++"]
        );
        assert_eq!(names(&["--adapter", "go=./go", "--surface", "go"]), ["go"]);
        assert_eq!(names(&["--check-scenarios"]), ["rules"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for arguments in [
            &["--surface"][..],
            &["--surface", "perl"],
            &["--adapter", "python"],
            &["--adapter", "=x"],
            &["--random", "many"],
            &["--random", "0"],
            &["--random", "2", "dir"],
            &["--check-scenarios", "--surface", "rust"],
            &["--serve", "python"],
            &["--verbose"],
            &["a", "b"],
        ] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }
}
