//! Which tree to use when none is given: one that is on the machine anyway.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tree::{Listing, MOST_FILES, walk};

/// A tree that nobody chose has at least so many files.
pub const ENOUGH_FILES: usize = 5_000;

/// With fewer files than this the demo means nothing: everything is in the way
/// of everything.
pub const FEWEST_FILES: usize = 100;

/// The tree to use, and its files.
pub type Chosen = (PathBuf, Listing);

/// Reads the tree that the user gave.
///
/// # Errors
///
/// A sentence for the user, if it cannot be read or has too few files.
pub fn given(tree: &Path) -> Result<Chosen, String> {
    let shown = tree.display();
    let listing =
        walk(tree, MOST_FILES).map_err(|error| format!("cannot read the tree {shown}: {error}"))?;
    match listing.files.len() {
        0 => Err(format!("the tree {shown} holds no files that can be read")),
        1..FEWEST_FILES => Err(format!(
            "the tree {shown} holds {} files; below {FEWEST_FILES} the demo says nothing: choose a larger one",
            listing.files.len()
        )),
        _ => Ok((tree.to_owned(), listing)),
    }
}

/// The first of the machine's own large trees that has enough files.
///
/// # Errors
///
/// A sentence for the user, if there is none.
pub fn on_this_machine() -> Result<Chosen, String> {
    first_large(places(), ENOUGH_FILES)
}

fn first_large(places: impl Iterator<Item = PathBuf>, enough: usize) -> Result<Chosen, String> {
    let mut seen = Vec::new();
    for place in places {
        match walk(&place, MOST_FILES) {
            Ok(listing) if listing.files.len() >= enough => return Ok((place, listing)),
            _ => seen.push(place.display().to_string()),
        }
    }
    Err(format!(
        "no tree with at least {enough} files among {}; name one with --tree DIR",
        seen.join(", ")
    ))
}

/// Toolchains first, since they are there on every machine that builds this.
/// The programs are asked only when it comes to them.
fn places() -> impl Iterator<Item = PathBuf> {
    let sysroot = || answer("rustc", &["--print", "sysroot"]);
    let stdlib = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let sources: [Box<dyn Fn() -> Option<PathBuf>>; 6] = [
        Box::new(move || Some(sysroot()?.join("share/doc"))),
        Box::new(move || Some(sysroot()?.join("lib/rustlib/src"))),
        Box::new(|| Some("/usr/share".into())),
        Box::new(move || answer("python3", &["-c", stdlib])),
        Box::new(|| Some("/usr/include".into())),
        Box::new(|| Some("/usr".into())),
    ];
    sources.into_iter().filter_map(|source| source())
}

/// The path that a program prints; nothing if it is not there or fails.
fn answer(program: &str, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let path = text.trim_end();
    (output.status.success() && !path.is_empty()).then(|| path.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(name: &str, files: usize) -> PathBuf {
        let root = std::env::temp_dir().join(format!("oarlock-demo-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a directory");
        for file in 0..files {
            fs::write(root.join(file.to_string()), "").expect("a file");
        }
        root
    }

    #[test]
    fn a_given_tree_needs_enough_files_to_mean_something() {
        let empty = tree("empty", 0);
        let small = tree("small", FEWEST_FILES - 1);
        let fair = tree("fair", FEWEST_FILES);
        let error = given(&empty).expect_err("no files");
        assert!(error.contains("no files"), "{error}");
        let error = given(&small).expect_err("too few files");
        assert!(error.contains("99 files"), "{error}");
        assert_eq!(given(&fair).expect("enough").1.files.len(), FEWEST_FILES);
        let error = given(&fair.join("1")).expect_err("a file is no tree");
        assert!(error.contains("cannot read"), "{error}");
        for root in [empty, small, fair] {
            fs::remove_dir_all(root).expect("ours");
        }
    }

    #[test]
    fn the_first_large_one_is_taken() {
        let small = tree("first-small", 2);
        let large = tree("first-large", 4);
        let places = || [small.clone(), "/nonexistent".into(), large.clone()].into_iter();
        assert_eq!(first_large(places(), 3).expect("one of four").0, large);
        let error = first_large(places(), 5).expect_err("none of five");
        assert!(error.contains("--tree"), "{error}");
        for root in [small, large] {
            fs::remove_dir_all(root).expect("ours");
        }
    }
}
