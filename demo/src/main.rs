//! `oarlock-demo`: prints one table about all surfaces.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use oarlock_demo::candidates::{self, ENOUGH_FILES};
use oarlock_demo::options::{self, Options, USAGE};
use oarlock_demo::progress::Screen;
use oarlock_demo::run;
use oarlock_demo::surface::Places;
use oarlock_demo::table::{grouped, table};
use oarlock_demo::tree::{Listing, MOST_FILES, to_list};
use oarlock_demo::verdict::faults;

/// The command line or the tree is of no use.
const NOTHING_TO_DO: u8 = 2;

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("oarlock-demo: {error}\n\n{USAGE}");
            return ExitCode::from(NOTHING_TO_DO);
        }
    };
    match demo(&options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("oarlock-demo: {error}");
            ExitCode::from(NOTHING_TO_DO)
        }
    }
}

fn demo(options: &Options) -> Result<ExitCode, String> {
    let (tree, listing) = match &options.tree {
        Some(tree) => candidates::given(tree)?,
        None => candidates::on_this_machine()?,
    };
    introduce(&tree, &listing);
    let places = Places::of_this_build();
    let list = write_list(&places.build(), &listing)
        .map_err(|error| format!("cannot write the list of files: {error}"))?;

    let rows = run::all(options, &places, &list, &mut Screen::stderr());
    let faults = faults(&rows);
    let mut text = format!("\n{}\n", table(&rows));
    if faults.is_empty() {
        text += "With locks no read was torn; without them the same check found some.\n";
    } else {
        text += "The demo failed.\n";
        text.extend(faults.iter().map(|fault| format!("- {fault}\n")));
        if rows.iter().any(|row| row.with_locks.is_err()) {
            text += "`demo/build.sh` builds what the demo runs, and so does `make demo`.\n";
        }
    }
    // Not `print!`, which panics when nobody listens.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Which tree, and what of it is not used.
fn introduce(tree: &Path, listing: &Listing) {
    let files = listing.files.len();
    eprintln!(
        "Files of {} as resources: {}",
        tree.display(),
        grouped(files as u64)
    );
    if listing.stopped {
        eprintln!(
            "Note: it holds more; {} are enough.",
            grouped(MOST_FILES as u64)
        );
    }
    if files < ENOUGH_FILES {
        eprintln!("Note: a small tree; workers are in each other's way more than in a large one.");
    }
    if let Some(first) = listing.unreadable.first() {
        let count = listing.unreadable.len();
        eprintln!("Note: {count} folders cannot be read and are left out; the first is {first}");
    }
}

/// Writes the list where it can be used again by hand. Written aside and
/// renamed, since another demo may be reading it.
fn write_list(folder: &Path, listing: &Listing) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let list = folder.join("files.list");
    let aside = folder.join(format!("files.list.{}", std::process::id()));
    fs::write(&aside, to_list(&listing.files))?;
    fs::rename(&aside, &list)?;
    Ok(list)
}
