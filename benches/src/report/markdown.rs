//! The tables of `docs/benchmarks/README.md`.

use std::fmt::Write;
use std::io;
use std::path::Path;

use super::{mark, short};
use crate::goals::{Bound, Goal};
use crate::instructions::{Counts, rise};
use crate::results::Results;
use crate::workloads;

const BEGIN: &str = "<!-- what follows is generated -->";
const END: &str = "<!-- what was generated ends here -->";

/// Puts the tables between the markers; makes the file if there is none.
///
/// # Errors
///
/// If the file cannot be read or written.
pub fn replace(file: &Path, tables: &str) -> io::Result<()> {
    let before = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("{BEGIN}\n{END}\n"),
        Err(error) => return Err(error),
    };
    std::fs::write(
        file,
        between(&before, tables).ok_or_else(|| {
            io::Error::other(format!("{} has no place for the tables", file.display()))
        })?,
    )
}

fn between(text: &str, tables: &str) -> Option<String> {
    let (head, rest) = text.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n\n{tables}\n{END}{tail}"))
}

/// All of them, as Markdown.
#[must_use]
pub fn tables(
    results: &Results,
    goals: &[Goal],
    counted: Option<&(Counts, Option<Counts>)>,
    plots: &[(String, String)],
) -> String {
    let mut text = String::new();
    of_goals(&mut text, goals);
    for (file, title) in plots {
        _ = writeln!(text, "![{title}]({file})\n");
    }
    if let Some((counts, kept)) = counted {
        of_instructions(&mut text, counts, kept.as_ref());
    }
    text.push_str("## Every figure\n");
    for workload in workloads::ALL {
        let mut rows = results.of(workload.name).peekable();
        if rows.peek().is_none() {
            continue;
        }
        _ = writeln!(text, "\n**{}**: {}\n", workload.name, workload.title);
        text.push_str("| contender | figure | best | median |\n|---|---|--:|--:|\n");
        for row in rows {
            let (best, median) = (short(row.best), short(row.median));
            _ = writeln!(
                text,
                "| {}{} | {} | {best} | {median} |",
                row.contender,
                mark(row.calm),
                row.figure
            );
        }
    }
    text
}

fn of_goals(text: &mut String, goals: &[Goal]) {
    text.push_str("## Goals\n\n| what | figure | goal | best | median | reached |\n|---|---|--:|--:|--:|---|\n");
    for goal in goals {
        let bound = match goal.bound {
            Bound::AtMost(most) => format!("at most {}", short(most)),
            Bound::AtLeast(least) => format!("at least {}", short(least)),
        };
        let (best, median) = (short(goal.best), short(goal.median));
        let reached = if goal.reached() { "yes" } else { "**no**" };
        _ = writeln!(
            text,
            "| {}{} | {} | {bound} | {best} | {median} | {reached} |",
            goal.what,
            mark(goal.calm),
            goal.figure
        );
    }
    text.push('\n');
}

fn of_instructions(text: &mut String, counts: &Counts, kept: Option<&Counts>) {
    text.push_str("## Instructions\n\nOf one acquire + release, counted by callgrind.\n\n");
    text.push_str("| path | instructions | against those kept before |\n|---|--:|--:|\n");
    for (path, &now) in counts {
        let before = kept.and_then(|kept| kept.get(path));
        let change = before.map_or("–".to_owned(), |&before| {
            format!("{:+.1}%", rise(before, now))
        });
        _ = writeln!(text, "| {path} | {now:.0} | {change} |");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_generated_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between(&text, "new").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n{END}\nafter\n"));
        assert_eq!(between(&new, "new"), Some(new.clone()));
        assert_eq!(between("nothing here", "new"), None);
    }
}
