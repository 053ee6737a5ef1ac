//! The committed header is the one that the source gives.
//!
//! `UPDATE=1 cargo test -p oarlock-ffi --test header` writes it anew.

use std::error::Error;
use std::path::Path;

/// Negative constants in parentheses, so that they are one operand everywhere.
fn parenthesise(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((name, number)) if line.starts_with("#define ") && number.starts_with('-') => {
            format!("{name} ({number})\n")
        }
        _ => format!("{line}\n"),
    }
}

/// What cbindgen gives, with its trailer moved inside the include guard.
fn generate(root: &Path) -> Result<String, Box<dyn Error>> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut bytes = Vec::new();
    cbindgen::generate_with_config(root, config)?.write(&mut bytes);
    let text = String::from_utf8(bytes)?;
    let guard_end = "#endif  /* OARLOCK_H */\n";
    let (body, trailer) = text.split_once(guard_end).ok_or("no include guard")?;
    let (body, trailer) = (body.trim(), trailer.trim());
    let body: String = body.lines().map(parenthesise).collect();
    let body = body.trim();
    Ok(format!("{body}\n\n{trailer}\n\n{guard_end}"))
}

#[test]
fn the_committed_header_is_up_to_date() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("../include/oarlock.h");
    let fresh = generate(root)?;
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&committed, &fresh)?;
    }
    let present = std::fs::read_to_string(&committed).unwrap_or_default();
    assert!(
        present == fresh,
        "include/oarlock.h is not what the source gives: \
         UPDATE=1 cargo test -p oarlock-ffi --test header"
    );
    Ok(())
}
