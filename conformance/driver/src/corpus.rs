//! The scenarios to replay, and where each comes from.

use std::fs;
use std::path::{Path, PathBuf};

use crate::parse;
use crate::scenario::Scenario;

/// A scenario and the file that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name, for explanations.
    pub file: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// What was found in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The scenarios, by file name and then in the order of the file.
    pub entries: Vec<Entry>,
    /// A sentence for each file that could not be read.
    pub errors: Vec<String>,
}

/// Reads every `*.json` of a directory, or the one file that `place` names.
#[must_use]
pub fn load(place: &Path) -> Corpus {
    let mut corpus = Corpus::default();
    match files(place) {
        Ok(files) => files.iter().for_each(|file| corpus.read(file)),
        Err(error) => corpus.errors.push(format!("{}: {error}", place.display())),
    }
    if corpus.entries.is_empty() && corpus.errors.is_empty() {
        let place = place.display();
        corpus.errors.push(format!("{place}: no scenario found"));
    }
    corpus
}

fn files(place: &Path) -> std::io::Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        // As the shell's `*.json`: an editor's or a file system's own are not meant.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"))
            && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Corpus {
    fn read(&mut self, path: &Path) {
        let file = path.file_name().unwrap_or(path.as_os_str());
        let file = file.to_string_lossy().into_owned();
        let scenarios = fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| parse::parse(&text));
        match scenarios {
            Ok(scenarios) => self
                .entries
                .extend(scenarios.into_iter().map(|scenario| Entry {
                    file: file.clone(),
                    scenario,
                })),
            Err(why) => self.errors.push(format!("{file}: {why}")),
        }
    }
}
