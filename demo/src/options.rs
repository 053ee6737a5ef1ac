//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::surface::Surface;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: oarlock-demo [options]

  --tree DIR             use the paths of this directory tree as resources
                         (default: a large one that is on this machine)
  --seconds S            how long each of the runs takes, 0.1 to 600 (default 3)
  --quick                the same as --seconds 0.5
  --workers N            workers in each program, 2 to 256 (default 8)
  --only SURFACE         run this surface; may be given again for another one
                         (rust, c, cpp, python, node, websocket)
  --command SURFACE=CMD  run this shell command for a surface, instead of the one
                         that demo/build.sh builds
  --help                 print this

Exit status: 0 if no read was torn with locks and some were without; 1 if not, or
if a surface did not run; 2 if the command line or the tree is of no use.
";

/// What the user asks for.
#[derive(Debug, PartialEq)]
pub struct Options {
    /// The tree; none: one that is on the machine.
    pub tree: Option<PathBuf>,
    /// How long each run takes.
    pub time: Duration,
    /// Workers in each program.
    pub workers: u32,
    /// The surfaces to run, each once, in the order of the table.
    pub surfaces: Vec<Surface>,
    /// Shell commands in place of the usual ones.
    pub commands: Vec<(Surface, String)>,
}

/// Reads the arguments, without the program's name. `None`: help is wanted.
///
/// # Errors
///
/// A sentence for the user.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, String> {
    let mut arguments = arguments.into_iter();
    let mut only = Vec::new();
    let mut options = Options {
        tree: None,
        time: Duration::from_secs(3),
        workers: 8,
        surfaces: Vec::new(),
        commands: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let flag = argument.to_string_lossy().into_owned();
        if flag == "--help" || flag == "-h" {
            return Ok(None);
        }
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        let mut text = || {
            let value = value()?.into_string();
            value.map_err(|_| format!("the value of {flag} is not text"))
        };
        match flag.as_str() {
            "--tree" => options.tree = Some(value()?.into()),
            "--seconds" => {
                options.time = text()?
                    .parse()
                    .ok()
                    .filter(|seconds| (0.1..=600.0).contains(seconds))
                    .map(Duration::from_secs_f64)
                    .ok_or("--seconds needs a number from 0.1 to 600")?;
            }
            "--quick" => options.time = Duration::from_millis(500),
            "--workers" => {
                options.workers = text()?
                    .parse()
                    .ok()
                    .filter(|workers| (2..=256).contains(workers))
                    .ok_or(
                        "--workers needs a number from 2 to 256, since one is never in its own way",
                    )?;
            }
            "--only" => only.push(surface(&text()?)?),
            "--command" => {
                let text = text()?;
                let (name, command) = text
                    .split_once('=')
                    .filter(|(_, command)| !command.trim().is_empty())
                    .ok_or("--command needs SURFACE=CMD")?;
                options.commands.push((surface(name)?, command.to_owned()));
            }
            _ => return Err(format!("unknown argument {flag}")),
        }
    }
    options.surfaces = Surface::ALL
        .into_iter()
        .filter(|surface| only.is_empty() || only.contains(surface))
        .collect();
    Ok(Some(options))
}

fn surface(name: &str) -> Result<Surface, String> {
    Surface::named(name).ok_or_else(|| {
        let names = Surface::ALL.map(Surface::name).join(", ");
        format!("unknown surface {name}; there are {names}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn nothing_means_everything() {
        let options = read("").expect("valid").expect("no help");
        assert_eq!(options.tree, None);
        assert_eq!(options.surfaces, Surface::ALL);
    }

    #[test]
    fn flags_are_read() {
        let line = "--tree /x --quick --workers 3 --only node --only c --only node \
                    --command c=a=b";
        let expected = Options {
            tree: Some("/x".into()),
            time: Duration::from_millis(500),
            workers: 3,
            surfaces: vec![Surface::C, Surface::Node],
            commands: vec![(Surface::C, "a=b".to_owned())],
        };
        assert_eq!(read(line), Ok(Some(expected)));
        assert_eq!(read("--only c --help"), Ok(None));
    }

    #[test]
    fn bad_flags_are_refused() {
        for line in [
            "--nonsense",
            "tree",
            "--tree",
            "--seconds",
            "--seconds 0",
            "--seconds -1",
            "--seconds NaN",
            "--seconds inf",
            "--seconds soon",
            "--workers 1",
            "--workers 257",
            "--workers many",
            "--only perl",
            "--command c",
            "--command c=",
            "--command perl=x",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
