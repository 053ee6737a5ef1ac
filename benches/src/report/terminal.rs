//! Tables on the terminal.

use super::{mark, short};
use crate::goals::{Bound, Goal};
use crate::instructions::{Counts, TOLERATED, rise};
use crate::results::Results;
use crate::workloads::Workload;

/// All figures of one workload.
pub fn workload(workload: &Workload, results: &Results) {
    println!("\n{}: {}", workload.name, workload.title);
    println!("  {:58} {:44} {:>9} {:>9}", "", "", "best", "median");
    for row in results.of(workload.name) {
        let (best, median) = (short(row.best), short(row.median));
        println!(
            "  {:58} {:44} {best:>9} {median:>9}",
            row.contender.clone() + mark(row.calm),
            row.figure
        );
    }
}

/// What was promised.
pub fn goals(goals: &[Goal]) {
    println!("\ngoals, as ratios in this run");
    println!("  {:74} {:>9} {:>9} {:>9}", "", "goal", "best", "median");
    for goal in goals {
        let bound = match goal.bound {
            Bound::AtMost(most) => format!("≤ {}", short(most)),
            Bound::AtLeast(least) => format!("≥ {}", short(least)),
        };
        let reached = if goal.reached() { "yes" } else { "NO" };
        let (best, median) = (short(goal.best), short(goal.median));
        println!(
            "  {:74} {bound:>9} {best:>9} {median:>9}  {reached:4} {}",
            goal.what.clone() + mark(goal.calm),
            goal.figure
        );
    }
}

/// Instructions, beside those that are kept. Whether one rose too far.
#[must_use]
pub fn instructions(counts: &Counts, kept: Option<&Counts>) -> bool {
    println!("\ninstructions of one acquire + release");
    let mut risen = false;
    for (path, &now) in counts {
        let before = kept.and_then(|kept| kept.get(path).copied());
        let change = before.map(|before| rise(before, now));
        risen |= change.is_some_and(|change| change > TOLERATED);
        let compared = match change {
            Some(change) if change > TOLERATED => format!("{change:+.1}%  RISEN"),
            Some(change) => format!("{change:+.1}%"),
            None => "nothing was kept".to_owned(),
        };
        println!("  {path:24} {now:>8.1}   {compared}");
    }
    risen
}
