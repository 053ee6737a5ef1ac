//! The surfaces, and the command that runs the program of each.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One way to reach the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The crate.
    Rust,
    /// The C ABI.
    C,
    /// The C++ header over the C ABI.
    Cpp,
    /// The Python module.
    Python,
    /// The Node module, in worker threads.
    Node,
    /// The npm client against `oarlock serve`.
    WebSocket,
}

impl Surface {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Rust,
        Self::C,
        Self::Cpp,
        Self::Python,
        Self::Node,
        Self::WebSocket,
    ];

    /// Its name in the table.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Python => "Python",
            Self::Node => "Node",
            Self::WebSocket => "WebSocket",
        }
    }

    /// Its name on the command line, which is its folder in `examples/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Python => "python",
            Self::Node => "node",
            Self::WebSocket => "websocket",
        }
    }

    /// The surface of that name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.name() == name)
    }
}

/// Where the built programs are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The root of the project.
    pub project: PathBuf,
    /// Where cargo put the programs of this build, this one among them.
    pub programs: PathBuf,
}

impl Places {
    /// The places of the build that this program belongs to.
    #[must_use]
    pub fn of_this_build() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = manifest.parent().unwrap_or(manifest).to_owned();
        let programs = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.to_owned()))
            .unwrap_or_else(|| project.join("target/release"));
        Self { project, programs }
    }

    /// What `demo/build.sh` and `make demo` build.
    #[must_use]
    pub fn build(&self) -> PathBuf {
        self.project.join("build/demo")
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> PathBuf {
        self.programs.join("oarlock")
    }

    /// The command that runs the program of a surface, without its flags.
    #[must_use]
    pub fn command(&self, surface: Surface) -> Command {
        let example = |file: &str| self.project.join("examples").join(file);
        let script = |program: PathBuf, script: PathBuf| {
            let mut command = Command::new(program);
            command.arg(script);
            command
        };
        match surface {
            Surface::Rust => Command::new(self.programs.join("oarlock-example")),
            Surface::C => Command::new(self.build().join("demo-c")),
            Surface::Cpp => Command::new(self.build().join("demo-cpp")),
            Surface::Python => script(
                self.build().join("python/bin/python"),
                example("python/demo.py"),
            ),
            Surface::Node => script("node".into(), example("node/demo.mjs")),
            Surface::WebSocket => script("node".into(), example("websocket/demo.mjs")),
        }
    }
}

/// A command as a user writes it: words for the shell, which becomes the
/// program, so that a program that is stopped is really stopped.
#[must_use]
pub fn through_the_shell(words: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("exec {words} \"$@\""))
        .arg("sh");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for surface in Surface::ALL {
            assert_eq!(Surface::named(surface.name()), Some(surface));
        }
        assert_eq!(Surface::named("Rust"), None);
    }

    #[test]
    fn every_script_is_there() {
        let places = Places::of_this_build();
        for surface in [Surface::Python, Surface::Node, Surface::WebSocket] {
            let command = places.command(surface);
            let script = Path::new(command.get_args().next().expect("a script"));
            assert!(script.is_file(), "{}", script.display());
        }
    }

    #[test]
    fn the_shell_hands_the_flags_on() {
        let output = through_the_shell("printf '<%s>' 'a b'")
            .args(["--files", "c d"])
            .output()
            .expect("sh runs");
        assert_eq!(output.stdout, b"<a b><--files><c d>");
    }
}
