//! The files, and the stamps beside them.

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::sync::atomic::AtomicU64;

use crate::random::Random;

/// A folder with more files than this below it is not used as a whole, so that
/// one operation stays short however large the tree is.
const LARGEST_FOLDER: usize = 200;

/// The files, sorted, so that what lies below a folder is one range of them.
/// Beside each stand two stamps, which are equal whenever nobody is writing
/// it. That is what the locks protect; the atomics are relaxed and order
/// nothing, they only make the run without locks a well-defined program.
pub struct Tree {
    files: Vec<String>,
    pub first: Vec<AtomicU64>,
    pub second: Vec<AtomicU64>,
}

impl Tree {
    /// Reads a list of relative paths, each ended by a NUL byte.
    pub fn load(list: &str) -> Result<Self, Box<dyn Error>> {
        let list = fs::read_to_string(list).map_err(|error| format!("{list}: {error}"))?;
        let mut files: Vec<String> = list.split_terminator('\0').map(str::to_owned).collect();
        if files.is_empty() {
            return Err("the list holds no files".into());
        }
        files.sort();
        let zeros = || files.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Self {
            first: zeros(),
            second: zeros(),
            files,
        })
    }

    /// A random file, or the folder `up` levels above it: its path, and which
    /// files lie at or below it. Stops below a folder that is too large.
    pub fn pick(&self, random: &mut Random, up: usize) -> (&str, Range<usize>) {
        let at = random.below(self.files.len());
        let (mut path, mut below) = (self.files[at].as_str(), at..at + 1);
        for _ in 0..up {
            let Some(slash) = path.rfind('/') else { break };
            let folder = &path[..=slash];
            let start = self.files.partition_point(|file| file.as_str() < folder);
            let count = self.files[start..].partition_point(|file| file.starts_with(folder));
            if count > LARGEST_FOLDER {
                break;
            }
            (path, below) = (&path[..slash], start..start + count);
        }
        (path, below)
    }
}
