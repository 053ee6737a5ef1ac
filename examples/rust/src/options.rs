//! The command line, which is the same for the programs in all languages.

use std::time::Duration;

pub const USAGE: &str =
    "usage: oarlock-example --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]";

pub struct Options {
    pub files: String,
    pub time: Duration,
    pub workers: u64,
    pub no_locks: bool,
    pub progress: bool,
}

impl Options {
    /// Reads the flags; the error is a sentence for the user.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut files = None;
        let mut options = Self {
            files: String::new(),
            time: Duration::from_secs(2),
            workers: 8,
            no_locks: false,
            progress: false,
        };
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
            match flag.as_str() {
                "--files" => files = Some(value()?),
                "--seconds" => {
                    options.time = value()?
                        .parse()
                        .ok()
                        .filter(|seconds| (0.0..=3600.0).contains(seconds))
                        .map(Duration::from_secs_f64)
                        .ok_or("--seconds needs a number from 0 to 3600")?;
                }
                "--workers" => {
                    options.workers = value()?
                        .parse()
                        .ok()
                        .filter(|workers| (1..=256).contains(workers))
                        .ok_or("--workers needs a number from 1 to 256")?;
                }
                "--no-locks" => options.no_locks = true,
                "--progress" => options.progress = true,
                _ => return Err(format!("unknown argument {flag}\n{USAGE}")),
            }
        }
        options.files = files.ok_or(format!("--files is missing\n{USAGE}"))?;
        Ok(options)
    }
}
