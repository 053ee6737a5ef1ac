//! Which files a directory tree holds.

use std::fs::{self, ReadDir};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A tree is read up to this many files. More would make no other demo, only
/// a slower start.
pub const MOST_FILES: usize = 200_000;

/// What a walk found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The regular files, relative to the tree's root, segments separated by
    /// `/`; sorted, each once. Never empty names, never NUL.
    pub files: Vec<String>,
    /// Directories that could not be read and why, in the order of the walk.
    pub unreadable: Vec<String>,
    /// Whether the walk stopped at the greatest number of files.
    pub stopped: bool,
}

/// Lists the files below `root`, at most `most` of them.
///
/// Symbolic links are not followed, so that loops cannot trap the walk; what is
/// neither file nor directory is left out. A directory below the root that
/// cannot be read is noted and passed over.
///
/// # Errors
///
/// If `root` itself cannot be read as a directory.
pub fn walk(root: &Path, most: usize) -> io::Result<Listing> {
    walk_with(root, most, |directory| fs::read_dir(directory))
}

fn walk_with(
    root: &Path,
    most: usize,
    read: impl Fn(&Path) -> io::Result<ReadDir>,
) -> io::Result<Listing> {
    let mut listing = Listing::default();
    // Paths, not open directories: a folder may hold more folders than a
    // process may have open files.
    let mut ahead = vec![(root.to_owned(), String::new())];
    'walk: while let Some((directory, above)) = ahead.pop() {
        let entries = match read(&directory) {
            Ok(entries) => entries,
            Err(error) if above.is_empty() => return Err(error),
            Err(error) => {
                let folder = above.trim_end_matches('/');
                listing.unreadable.push(format!("{folder}: {error}"));
                continue;
            }
        };
        // An entry that vanished, or whose kind cannot be told, is no file.
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = format!("{above}{}", as_text(entry.file_name().as_bytes()));
            if kind.is_dir() {
                ahead.push((entry.path(), path + "/"));
            } else if kind.is_file() {
                if listing.files.len() == most {
                    listing.stopped = true;
                    break 'walk;
                }
                listing.files.push(path);
            }
        }
    }
    listing.files.sort_unstable();
    // Only bytes that are escaped below can make two names one.
    listing.files.dedup();
    Ok(listing)
}

/// A file name as text. Bytes that are no UTF-8 become `\xHH`: the names serve
/// as names only, nothing is opened by them.
fn as_text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The files as the programs read them: each name ended by a NUL byte, which is
/// what no file name holds, while a newline may well be in one.
#[must_use]
pub fn to_list(files: &[String]) -> String {
    files
        .iter()
        .flat_map(|file| [file.as_str(), "\0"])
        .collect()
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
