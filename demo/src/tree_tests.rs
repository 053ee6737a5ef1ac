//! Trees with everything in them that a real one may have.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A directory of its own for one test, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "oarlock-tree-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let root = std::env::temp_dir().join(name);
        fs::create_dir(&root).expect("a new directory");
        Self(root)
    }

    fn file(&self, name: impl AsRef<OsStr>) {
        let path = self.0.join(name.as_ref());
        fs::create_dir_all(path.parent().expect("below the root")).expect("folders");
        fs::write(path, "").expect("a file");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind if it fails; nothing depends on it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_come_sorted_and_relative() {
    let tree = Scratch::new();
    for name in ["b/c", "a", "b/a/d", "b.txt"] {
        tree.file(name);
    }
    fs::create_dir(tree.0.join("empty")).expect("a folder");
    let listing = walk(&tree.0, MOST_FILES).expect("readable");
    assert_eq!(listing.files, ["a", "b.txt", "b/a/d", "b/c"]);
    assert!(listing.unreadable.is_empty() && !listing.stopped);
}

#[test]
fn links_are_not_followed() {
    let tree = Scratch::new();
    tree.file("folder/file");
    symlink(&tree.0, tree.0.join("folder/loop")).expect("a link");
    symlink("nowhere", tree.0.join("dangling")).expect("a link");
    symlink("folder/file", tree.0.join("link")).expect("a link");
    let listing = walk(&tree.0, MOST_FILES).expect("readable");
    assert_eq!(listing.files, ["folder/file"]);
}

#[test]
fn odd_names_stay_apart() {
    let tree = Scratch::new();
    for name in [&b"new\nline"[..], b"bad\xff", b"bad\xfe", "ü \\".as_bytes()] {
        tree.file(OsStr::from_bytes(name));
    }
    let listing = walk(&tree.0, MOST_FILES).expect("readable");
    assert_eq!(listing.files, ["bad\\xfe", "bad\\xff", "new\nline", "ü \\"]);
    // Two names that escaping makes one are one resource.
    tree.file("bad\\xfe");
    let listing = walk(&tree.0, MOST_FILES).expect("readable");
    assert_eq!(listing.files.len(), 4);
}

#[test]
fn an_unreadable_folder_is_noted() {
    let tree = Scratch::new();
    tree.file("closed/file");
    tree.file("open/file");
    let listing = walk_with(&tree.0, MOST_FILES, |directory| {
        if directory.ends_with("closed") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        fs::read_dir(directory)
    })
    .expect("the root is readable");
    assert_eq!(listing.files, ["open/file"]);
    assert_eq!(listing.unreadable, ["closed: permission denied"]);
}

#[test]
fn an_unreadable_root_is_an_error() {
    let tree = Scratch::new();
    tree.file("file");
    assert!(walk(&tree.0.join("missing"), MOST_FILES).is_err());
    assert!(walk(&tree.0.join("file"), MOST_FILES).is_err());
}

#[test]
fn the_walk_stops_in_time() {
    let tree = Scratch::new();
    for number in 0..5 {
        tree.file(number.to_string());
    }
    let listing = walk(&tree.0, 3).expect("readable");
    assert_eq!((listing.files.len(), listing.stopped), (3, true));
    let listing = walk(&tree.0, 5).expect("readable");
    assert_eq!((listing.files.len(), listing.stopped), (5, false));
}

#[test]
fn the_list_ends_each_name_with_nul() {
    assert_eq!(to_list(&["a".into(), "b/c\n".into()]), "a\0b/c\n\0");
    assert_eq!(to_list(&[]), "");
}
