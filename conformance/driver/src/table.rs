//! The surfaces by name, and how each is reached.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::child::Adapter;
use crate::surface::Surface;
use crate::surface::proved::Proved;
use crate::validate::Capability;

/// How a surface is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In this process.
    InProcess(InProcess),
    /// By the line protocol: the adapter's program and arguments.
    Adapter(Vec<OsString>),
}

/// The surfaces of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InProcess {
    /// The naive list of the rules.
    Oracle,
    /// The pure engine.
    Engine,
    /// The Rust manager.
    Rust,
}

/// As many as a manager has by default.
const SHARDS: usize = 32;

impl InProcess {
    /// A new surface of this kind.
    #[must_use]
    pub fn open(self) -> Box<dyn Surface> {
        match self {
            InProcess::Oracle => Box::new(Proved::oracle()),
            InProcess::Engine => Box::new(Proved::engine()),
            InProcess::Rust => Box::new(Proved::manager(SHARDS)),
        }
    }

    /// The surface of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "oracle" => Some(InProcess::Oracle),
            "engine" => Some(InProcess::Engine),
            "rust" => Some(InProcess::Rust),
            _ => None,
        }
    }
}

impl Reach {
    /// The surface, not started yet where that costs anything.
    #[must_use]
    pub fn open(&self) -> Box<dyn Surface> {
        match self {
            Reach::InProcess(surface) => surface.open(),
            Reach::Adapter(command) => Box::new(Adapter::new(command.clone())),
        }
    }
}

/// What a surface offers, besides what all do. This is where a surface that has
/// learnt something says so; until then it is not asked, and the scenarios that
/// need it are counted as skipped.
#[must_use]
pub fn offers(name: &str) -> Vec<Capability> {
    match name {
        // Close and labels are the manager's.
        "engine" => Capability::ALL
            .into_iter()
            .filter(|it| !matches!(it, Capability::Close | Capability::Labels))
            .collect(),
        "python" | "node" => vec![Capability::Entries],
        "websocket" => Vec::new(),
        // The oracle, Rust, C, C++, and adapters that the command line adds.
        _ => Capability::ALL.to_vec(),
    }
}

/// Every surface in the order in which they are reported. Commands are those
/// that the Makefile prepares, in the tree that this driver was built from.
#[must_use]
pub fn surfaces() -> Vec<(String, Reach)> {
    let adapter =
        |name: &str, command: &[OsString]| (name.to_owned(), Reach::Adapter(command.to_vec()));
    let waits = |name: &str, program: &str, way: &str| {
        adapter(name, &[in_tree(program), OsString::from(way)])
    };
    let (c, cpp) = (
        "build/conformance/adapter-c",
        "build/conformance/adapter-cpp",
    );
    let node = OsString::from("node");
    vec![
        ("engine".to_owned(), Reach::InProcess(InProcess::Engine)),
        ("rust".to_owned(), Reach::InProcess(InProcess::Rust)),
        // C and C++ have three ways to wait, which are as many ways to be wrong.
        waits("c", c, "wait"),
        waits("c-callback", c, "callback"),
        waits("c-queue", c, "queue"),
        waits("c++", cpp, "wait"),
        waits("c++-callback", cpp, "callback"),
        waits("c++-queue", cpp, "queue"),
        adapter(
            "python",
            &[
                in_tree("build/python/env/bin/python"),
                in_tree("conformance/adapters/python/adapter.py"),
            ],
        ),
        adapter(
            "node",
            &[
                node.clone(),
                in_tree("conformance/adapters/node/adapter.mjs"),
            ],
        ),
        adapter(
            "websocket",
            &[node, in_tree("conformance/adapters/websocket/adapter.mjs")],
        ),
    ]
}

/// The name in the table that a person may have meant.
#[must_use]
pub fn canonical(name: &str) -> &str {
    match name {
        "cpp" => "c++",
        "ws" => "websocket",
        name => name,
    }
}

fn in_tree(path: &str) -> OsString {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", ".."].iter().collect();
    // Without the dots where the tree is still there, for readable messages.
    root.canonicalize()
        .unwrap_or(root)
        .join(path)
        .into_os_string()
}
