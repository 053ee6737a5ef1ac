//! What was promised, and whether it is so. Every goal is a figure of one run.

use serde::Serialize;

use crate::results::{Results, Row};

/// One line of the table of goals.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// What is compared, in words.
    pub figure: &'static str,
    /// The bound.
    pub bound: Bound,
    /// From the best rounds.
    pub best: f64,
    /// From the medians.
    pub median: f64,
}

/// A bound.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Bound {
    /// Whether the figure keeps it.
    #[must_use]
    pub fn keeps(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }
}

impl Goal {
    /// Whether the best rounds keep the bound. On a machine that does other things
    /// at the same time the best rounds tell what the program costs.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.bound.keeps(self.best)
    }
}

const BY_HAND: &str = "keyed mutex by hand";
const BERKELEY: &str = "Berkeley DB, one vector";

/// All goals whose figures were measured.
#[must_use]
pub fn judge(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut of = |what: &str, figure, bound, found: Option<(f64, f64)>| {
        if let Some((best, median)) = found {
            goals.push(Goal {
                what: what.to_owned(),
                figure,
                bound,
                best,
                median,
            });
        }
    };
    use Bound::{AtLeast, AtMost};

    let ns = |workload, peer| {
        ratio(
            results.get(workload, "oarlock", "ns"),
            results.get(workload, peer, "ns"),
        )
    };
    of(
        "one segment, 1,000 keys, one thread",
        "of the keyed mutex by hand",
        AtMost(0.8),
        ns("one-segment", BY_HAND),
    );
    of(
        "three segments, one thread",
        "of Berkeley DB's vector",
        AtMost(0.35),
        ns("three-segments", BERKELEY),
    );
    of(
        "ten claims of three segments, one first segment",
        "of Berkeley DB's vector",
        AtMost(0.35),
        ns("ten-deep-same", BERKELEY),
    );
    of(
        "ten claims of three segments, ten first segments",
        "of Berkeley DB's vector",
        AtMost(0.35),
        ns("ten-deep-different", BERKELEY),
    );

    let scaling = |workload| {
        let (one, two) = (
            results.get(workload, "oarlock", "M/s, one thread")?,
            results.get(workload, "oarlock", "M/s, two threads")?,
        );
        Some((
            two.best / one.best,
            results.get(workload, "oarlock", "scaling")?.median,
        ))
    };
    of(
        "two threads, different first segments, 1,000 keys each",
        "of one thread",
        AtLeast(1.7),
        scaling("two-threads-apart"),
    );
    of(
        "two threads, different first segments, 100 paths of three segments each",
        "of one thread",
        AtLeast(1.7),
        scaling("two-threads-apart-deep"),
    );
    of(
        "two threads, the same first two segments, different leaves",
        "of one thread",
        AtLeast(1.2),
        scaling("two-threads-siblings"),
    );

    let reading = |peer| {
        ratio(
            results.get("two-threads-reading", "oarlock", "M/s, two threads"),
            results.get("two-threads-reading", peer, "M/s, two threads"),
        )
    };
    of(
        "two threads that read one key",
        "of the keyed rwlock by hand",
        AtLeast(0.5),
        reading("keyed rwlock by hand"),
    );
    of(
        "two threads that read one key",
        "of the keyed rwlock that keeps its entries",
        AtLeast(0.5),
        reading("keyed rwlock by hand, never removed"),
    );

    let fifo = |figure| {
        results
            .get("two-threads-one-key", "oarlock", figure)
            .map(|row| (row.best, row.median))
    };
    of(
        "two threads on one key, first in, first out",
        "million grants/s",
        AtLeast(3.0),
        fifo("M/s"),
    );
    of(
        "two threads on one key, first in, first out",
        "% of the grants, the lesser thread",
        AtLeast(45.0),
        fifo("smallest share %"),
    );

    for what in ["grant", "enqueue", "cancel"] {
        let figure = |count: usize| {
            results.get(
                "waiting",
                "oarlock",
                &format!("ns, {what}, {count} waiting"),
            )
        };
        let rows: Option<Vec<_>> = [100, 10_000, 100_000].into_iter().map(figure).collect();
        of(
            &format!("{what} with 100, 10,000 and 100,000 waiting"),
            "the dearest of the cheapest",
            AtMost(1.5),
            rows.map(|rows| {
                (
                    spread(rows.iter().map(|row| row.best)),
                    spread(rows.iter().map(|row| row.median)),
                )
            }),
        );
    }
    let crowd = |count: usize| results.get("crowd", "oarlock", &format!("ns, {count} held"));
    of(
        "1,000,000 unrelated locks held",
        "of none held",
        AtMost(3.0),
        ratio(crowd(1_000_000), crowd(0)),
    );

    let bytes = |figure| {
        results
            .get("weight", "oarlock", figure)
            .map(|row| (row.best, row.median))
    };
    of(
        "a held lock, its guard included",
        "bytes asked for",
        AtMost(115.0),
        bytes("bytes, a held lock, asked for"),
    );
    of(
        "a held lock, its guard included",
        "bytes resident",
        AtMost(115.0),
        bytes("bytes, a held lock, resident"),
    );
    of(
        "a waiting request, its handle included",
        "bytes asked for",
        AtMost(256.0),
        bytes("bytes, a waiting request, asked for"),
    );
    of(
        "a waiting request, its handle included",
        "bytes resident",
        AtMost(256.0),
        bytes("bytes, a waiting request, resident"),
    );

    let cases = crate::weigh::cases();
    let promised: Vec<_> = cases
        .iter()
        .filter(|case| case.promised())
        .filter_map(|case| results.get("weight", &case.name(), "allocations"))
        .map(|row| row.best)
        .collect();
    let most = promised.iter().copied().reduce(f64::max);
    of(
        "heap allocations of acquire + release once warm",
        "of the worst shape",
        AtMost(0.0),
        most.map(|most| (most, most)),
    );

    for figure in ["ns, just parked", "ns, parked for 1 ms"] {
        let what = format!("hand-over to a thread, {}", &figure[4..]);
        let ours = results.get("hand-over", "oarlock", figure);
        for (peer, name) in [
            ("bare condvar", "of a bare condvar (parking_lot)"),
            ("bare condvar, std", "of a bare condvar (std)"),
        ] {
            of(
                &what,
                name,
                AtMost(1.2),
                ratio(ours, results.get("hand-over", peer, figure)),
            );
        }
    }

    let share = results.get("internal-mutex", "oarlock", "smallest share of 20 ms %");
    of(
        "two threads at one internal mutex",
        "% of the operations in the worst 20 ms, the lesser thread",
        AtLeast(25.0),
        share.map(|row| (row.best, row.median)),
    );

    for row in results
        .of("flooding")
        .filter(|row| row.contender.contains("collide"))
    {
        let random = results.get("flooding", "oarlock, random names", "ns");
        let what = row.contender.replace("oarlock, ", "a million ");
        of(
            &what,
            "of random names",
            AtMost(1.2),
            ratio(Some(row), random),
        );
    }
    goals
}

fn ratio(of: Option<&Row>, by: Option<&Row>) -> Option<(f64, f64)> {
    let (of, by) = (of?, by?);
    Some((of.best / by.best, of.median / by.median))
}

/// The greatest by the smallest.
fn spread(figures: impl Iterator<Item = f64> + Clone) -> f64 {
    figures.clone().fold(0.0, f64::max) / figures.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_the_best_rounds() {
        let mut results = Results::default();
        results.add("one-segment", "oarlock", "ns", vec![40.0, 80.0, 90.0]);
        assert!(
            judge(&results).is_empty(),
            "there is nothing to compare with yet"
        );
        results.add("one-segment", BY_HAND, "ns", vec![50.0, 60.0, 80.0]);
        let goals = judge(&results);
        assert_eq!(goals.len(), 1);
        assert!(goals[0].reached() && goals[0].best == 0.8 && goals[0].median > 1.3);
    }

    #[test]
    fn the_cost_of_waiting_is_judged_over_all_counts() {
        let mut results = Results::default();
        for (count, ns) in [(100, 50.0), (10_000, 100.0), (100_000, 60.0)] {
            results.add(
                "waiting",
                "oarlock",
                &format!("ns, grant, {count} waiting"),
                vec![ns],
            );
        }
        let goals = judge(&results);
        assert_eq!(goals[0].best, 2.0);
        assert!(!goals[0].reached());
    }
}
