//! The committed header is the one that the source gives.
//!
//! `UPDATE=1 cargo test -p oarlock-ffi --test header` writes it anew.
//!
//! cbindgen turns the source into declarations, kind by kind; `items` cuts them
//! apart, and `sections` says in which order a person reads them.

mod items;
mod sections;

use items::Item;
use sections::SECTIONS;
use std::error::Error;
use std::path::Path;

const EXTERN_C: &str = "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
const EXTERN_C_END: &str = "#ifdef __cplusplus\n}  /* extern \"C\" */\n#endif\n";
const GUARD_END: &str = "#endif  /* OARLOCK_H */\n";

/// What cbindgen gives.
fn generate(root: &Path) -> Result<String, Box<dyn Error>> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut bytes = Vec::new();
    cbindgen::generate_with_config(root, config)?.write(&mut bytes);
    Ok(String::from_utf8(bytes)?)
}

/// The declarations in the order of the sections.
fn arrange(text: &str) -> Result<String, Box<dyn Error>> {
    let last_include = text.rfind("#include <").ok_or("no includes")?;
    let line_end = text[last_include..].find('\n').ok_or("no line end")?;
    let (top, rest) = text.split_at(last_include + line_end);
    let mut items = items::cut(rest);
    let mut header = format!("{}\n\n{EXTERN_C}", top.trim());
    for section in SECTIONS {
        let lines = [section.title].into_iter().chain(section.text.lines());
        let lines: Vec<_> = lines.map(str::trim).collect();
        header += &format!("\n\n/* ==== {}\n */\n", lines.join("\n * "));
        for name in section.items {
            let place = items.iter().position(|item| item.name == *name);
            let place = place.ok_or(format!("{name} is in a section and not in the source"))?;
            header += &format!("\n{}\n", items.remove(place).text);
        }
    }
    if let Some(Item { name, .. }) = items.first() {
        return Err(format!("{name} is in no section of tests/header/sections.rs").into());
    }
    Ok(format!("{header}\n{EXTERN_C_END}\n{GUARD_END}"))
}

#[test]
fn the_committed_header_is_up_to_date() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("../include/oarlock.h");
    let fresh = arrange(&generate(root)?)?;
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
