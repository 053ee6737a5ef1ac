//! What is left behind: tables, JSON and plots.

mod markdown;
mod plots;
pub mod terminal;

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::goals::Goal;
use crate::instructions::Counts;
use crate::measure::Plan;
use crate::results::Results;

#[derive(Serialize)]
struct Json<'a> {
    quick: bool,
    goals: Vec<JsonGoal<'a>>,
    instructions: Option<&'a Counts>,
    rows: &'a Results,
}

#[derive(Serialize)]
struct JsonGoal<'a> {
    #[serde(flatten)]
    goal: &'a Goal,
    reached: bool,
}

/// Writes `results.json`, the plots, and the tables into `README.md`: in place of
/// what stands between its two markers.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(
    folder: &Path,
    plan: &Plan,
    results: &Results,
    goals: &[Goal],
    counted: Option<&(Counts, Option<Counts>)>,
) -> io::Result<()> {
    let json = Json {
        quick: plan.quick,
        goals: goals
            .iter()
            .map(|goal| JsonGoal {
                goal,
                reached: goal.reached(),
            })
            .collect(),
        instructions: counted.map(|(counts, _)| counts),
        rows: results,
    };
    std::fs::write(
        folder.join("results.json"),
        serde_json::to_string(&json)? + "\n",
    )?;
    let plots = plots::draw(folder, results).map_err(io::Error::other)?;
    let tables = markdown::tables(results, goals, counted, &plots);
    markdown::replace(&folder.join("README.md"), &tables)
}

/// What marks figures of rounds in which others had the processor.
fn mark(calm: bool) -> &'static str {
    if calm { "" } else { " †" }
}

/// A number with as many digits as matter.
fn short(number: f64) -> String {
    let size = number.abs();
    match number {
        _ if size >= 99.95 || size == 0.0 => format!("{number:.0}"),
        _ if size >= 9.995 => format!("{number:.1}"),
        _ if size >= 0.0995 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_as_long_as_they_need_to_be() {
        let shown: Vec<_> = [0.0, 0.0123, 0.8, 9.5, 47.25, 1234.5]
            .into_iter()
            .map(short)
            .collect();
        assert_eq!(shown, ["0", "0.0123", "0.80", "9.50", "47.2", "1234"]);
    }
}
