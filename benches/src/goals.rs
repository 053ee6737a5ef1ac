//! What was promised, and whether it is so. Every goal is a figure of one run.

use serde::Serialize;

use Bound::{AtLeast, AtMost};

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
    /// Whether the median decides, not the best: where threads race, the best round
    /// is one in which they did not meet.
    pub by_median: bool,
    /// Whether nobody else had the processor meanwhile.
    pub calm: bool,
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
    /// Whether the bound is kept: by the best rounds, which on a machine that does
    /// other things tell what the program costs; or by the median.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.bound.keeps(if self.by_median {
            self.median
        } else {
            self.best
        })
    }
}

/// A figure found.
#[derive(Clone, Copy)]
struct Found {
    best: f64,
    median: f64,
    by_median: bool,
    calm: bool,
}

impl Found {
    fn row(row: &Row) -> Self {
        Self {
            best: row.best,
            median: row.median,
            by_median: false,
            calm: row.calm,
        }
    }

    /// One by another.
    fn ratio(of: Option<&Row>, by: Option<&Row>) -> Option<Self> {
        let (of, by) = (of?, by?);
        Some(Self {
            best: of.best / by.best,
            median: of.median / by.median,
            by_median: false,
            calm: of.calm && by.calm,
        })
    }

    /// One less another.
    fn difference(of: Option<&Row>, less: Option<&Row>) -> Option<Self> {
        let (of, less) = (of?, less?);
        Some(Self {
            best: of.best - less.best,
            median: of.median - less.median,
            by_median: false,
            calm: of.calm && less.calm,
        })
    }

    /// The greatest by the smallest.
    fn spread(rows: &[&Row]) -> Self {
        let spread = |figure: fn(&Row) -> f64| {
            let figures = rows.iter().map(|row| figure(row));
            figures.clone().fold(0.0, f64::max) / figures.fold(f64::INFINITY, f64::min)
        };
        Self {
            best: spread(|row| row.best),
            median: spread(|row| row.median),
            by_median: false,
            calm: rows.iter().all(|row| row.calm),
        }
    }

    fn by_median(self) -> Self {
        Self {
            by_median: true,
            ..self
        }
    }
}

/// The goals so far.
struct Goals<'r> {
    results: &'r Results,
    goals: Vec<Goal>,
}

impl<'r> Goals<'r> {
    fn get(&self, workload: &str, contender: &str, figure: &str) -> Option<&'r Row> {
        self.results.get(workload, contender, figure)
    }

    fn ours(&self, workload: &str, figure: &str) -> Option<&'r Row> {
        self.get(workload, "oarlock", figure)
    }

    /// A goal whose figure was measured.
    fn add(&mut self, what: &str, figure: &'static str, bound: Bound, found: Option<Found>) {
        if let Some(found) = found {
            self.goals.push(Goal {
                what: what.to_owned(),
                figure,
                bound,
                best: found.best,
                median: found.median,
                by_median: found.by_median,
                calm: found.calm,
            });
        }
    }

    /// Ours by that of a peer, in the same workload.
    fn against(&mut self, what: &str, workload: &str, figure: &str, peer: Peer, bound: Bound) {
        let theirs = self.get(workload, peer.0, figure);
        let found = Found::ratio(self.ours(workload, figure), theirs);
        self.add(what, peer.1, bound, found);
    }

    /// Two threads by one.
    fn scaling(&mut self, what: &str, workload: &str, least: f64) {
        let found = self.ours(workload, "scaling").and_then(|scaling| {
            let one = self.ours(workload, "M/s, one thread");
            let two = self.ours(workload, "M/s, two threads");
            Some(Found {
                median: scaling.median,
                ..Found::ratio(two, one)?
            })
        });
        self.add(what, "of one thread", AtLeast(least), found);
    }

    /// A figure as it is.
    fn plain(&mut self, what: &str, figure: &'static str, bound: Bound, row: Option<&Row>) {
        self.add(what, figure, bound, row.map(Found::row));
    }
}

/// Whom we are compared with, and how the table says it.
type Peer = (&'static str, &'static str);

const BY_HAND: Peer = ("keyed mutex by hand", "of the keyed mutex by hand");
const RW_BY_HAND: Peer = ("keyed rwlock by hand", "of the keyed rwlock by hand");
const RW_KEPT: Peer = (
    "keyed rwlock by hand, never removed",
    "of the keyed rwlock that keeps its entries",
);
const BERKELEY: Peer = ("Berkeley DB, one vector", "of Berkeley DB's vector");
const CONDVARS: [Peer; 2] = [
    ("bare condvar", "of a bare condvar (parking_lot)"),
    ("bare condvar, std", "of a bare condvar (std)"),
];

/// All goals whose figures were measured.
#[must_use]
pub fn judge(results: &Results) -> Vec<Goal> {
    let mut goals = Goals {
        results,
        goals: Vec::new(),
    };
    one_thread(&mut goals);
    two_threads(&mut goals);
    crowds(&mut goals);
    owners(&mut goals);
    weight(&mut goals);
    hand_over(&mut goals);
    adversaries(&mut goals);
    c(&mut goals);
    goals.goals
}

fn one_thread(goals: &mut Goals<'_>) {
    let what = "one segment, 1,000 keys, one thread";
    goals.against(what, "one-segment", "ns", BY_HAND, AtMost(0.8));
    for (what, workload) in [
        ("three segments, one thread", "three-segments"),
        (
            "ten claims of three segments, one first segment",
            "ten-deep-same",
        ),
        (
            "ten claims of three segments, ten first segments",
            "ten-deep-different",
        ),
    ] {
        goals.against(what, workload, "ns", BERKELEY, AtMost(0.35));
    }
}

fn two_threads(goals: &mut Goals<'_>) {
    let what = "two threads, different first segments, 1,000 keys each";
    goals.scaling(what, "two-threads-apart", 1.7);
    let what = "two threads, different first segments, 100 paths of three segments each";
    goals.scaling(what, "two-threads-apart-deep", 1.7);
    let what = "two threads, the same first two segments, different leaves";
    goals.scaling(what, "two-threads-siblings", 1.2);

    for peer in [RW_BY_HAND, RW_KEPT] {
        let (what, figure) = ("two threads that read one key", "M/s, two threads");
        goals.against(what, "two-threads-reading", figure, peer, AtLeast(0.5));
    }

    let what = "two threads on one key, first in, first out";
    for (figure, words, least) in [
        ("M/s", "million grants/s (the median decides)", 3.0),
        (
            "smallest share %",
            "% of the grants, the lesser thread (the median decides)",
            45.0,
        ),
    ] {
        let row = goals.ours("two-threads-one-key", figure);
        let found = row.map(|row| Found::row(row).by_median());
        goals.add(what, words, AtLeast(least), found);
    }
}

fn crowds(goals: &mut Goals<'_>) {
    for what in ["grant", "enqueue", "cancel"] {
        let rows: Option<Vec<_>> = [100, 10_000, 100_000]
            .into_iter()
            .map(|count| goals.ours("waiting", &format!("ns, {what}, {count} waiting")))
            .collect();
        let what = format!("{what} with 100, 10,000 and 100,000 waiting");
        let found = rows.map(|rows| Found::spread(&rows));
        goals.add(&what, "the dearest of the cheapest", AtMost(1.5), found);
    }
    let none = goals.ours("crowd", "ns, 0 held");
    let found = Found::ratio(goals.ours("crowd", "ns, 1000000 held"), none);
    let what = "1,000,000 unrelated locks held";
    goals.add(what, "of none held", AtMost(3.0), found);
}

/// Searches for cycles look at what is near. Bounds in nanoseconds of the best round.
fn owners(goals: &mut Goals<'_>) {
    for (contender, figure, most) in [
        ("oarlock", "ns, the last of 1600 owners", 20_000.0),
        ("oarlock", "ns, enqueue, 10000 owners", 100_000.0),
        ("oarlock", "ns, the last of 16000 owners", 60_000.0),
        (
            "oarlock, unrelated waiting",
            "ns, a wait of an owner",
            50_000.0,
        ),
        (
            "oarlock, unrelated waiting",
            "ns, an upgrade that waits",
            50_000.0,
        ),
        (
            "oarlock, unrelated waiting",
            "ns, longer by that",
            1_000_000.0,
        ),
        ("oarlock, a release", "ns", 5_000_000.0),
    ] {
        let row = goals.get("owners", contender, figure);
        let what = match figure.strip_prefix("ns, ") {
            Some("longer by that") => "the longest acquire elsewhere meanwhile is longer by",
            Some(what) => what,
            None => "a release beside an owner with 100 waits and 1,000 others",
        };
        let what = format!("owners that wait: {what}");
        goals.plain(&what, "ns", AtMost(most), row);
    }
}

fn weight(goals: &mut Goals<'_>) {
    for (what, of, most) in [
        ("a held lock, its guard included", "a held lock", 115.0),
        (
            "a waiting request, its handle included",
            "a waiting request",
            256.0,
        ),
    ] {
        let asked = goals.ours("weight", &format!("bytes, {of}, asked for"));
        goals.plain(what, "bytes asked for", AtMost(most), asked);
        let resident = goals.ours("weight", &format!("bytes, {of}, resident"));
        goals.plain(what, "bytes resident", AtMost(most), resident);
    }
    let cases = crate::weigh::cases();
    let worst = cases
        .iter()
        .filter(|case| case.promised())
        .filter_map(|case| goals.get("weight", &case.name(), "allocations"))
        .max_by(|a, b| a.best.total_cmp(&b.best));
    let what = "heap allocations of acquire + release once warm";
    goals.plain(what, "of the worst shape", AtMost(0.0), worst);
}

fn hand_over(goals: &mut Goals<'_>) {
    for figure in ["ns, just parked", "ns, parked for 1 ms"] {
        let what = format!("hand-over to a thread, {}", &figure[4..]);
        for peer in CONDVARS {
            goals.against(&what, "hand-over", figure, peer, AtMost(1.2));
        }
    }
}

fn adversaries(goals: &mut Goals<'_>) {
    let row = goals.ours("internal-mutex", "smallest share of 20 ms %");
    goals.add(
        "two threads at one internal mutex",
        "% of the operations in the worst 20 ms, the lesser thread (the median decides)",
        AtLeast(25.0),
        row.map(|row| Found::row(row).by_median()),
    );
    let random = goals.get("flooding", "oarlock, random names", "ns");
    for row in goals.results.of("flooding") {
        if row.contender.contains("collide") {
            let what = row.contender.replace("oarlock, ", "a million ");
            let found = Found::ratio(Some(row), random);
            goals.add(&what, "of random names", AtMost(1.2), found);
        }
    }
}

/// What the C library adds to the calls of the Rust one.
fn c(goals: &mut Goals<'_>) {
    for what in [
        "one segment",
        "three segments",
        "two claims",
        "with a timeout",
        "try_acquire",
    ] {
        let of = |language: &str| goals.get("c-calls", &format!("{language}, {what}"), "ns");
        let mut found = Found::difference(of("C"), of("Rust"));
        let mut words = "ns more than from Rust";
        if what == "two claims" {
            // The best round is one in which both lie in one shard, by chance.
            found = found.map(Found::by_median);
            words = "ns more than from Rust (the median decides)";
        }
        let what = format!("acquire + release from C: {what}");
        goals.add(&what, words, AtMost(10.0), found);
    }
    let worst = goals.results.of("c-calls");
    let worst = worst.filter(|row| row.figure == "allocations");
    let worst = worst.max_by(|a, b| a.best.total_cmp(&b.best));
    let what = "heap allocations of acquire + release from C once warm";
    goals.plain(what, "of the worst shape", AtMost(0.0), worst);
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
        results.add("one-segment", BY_HAND.0, "ns", vec![50.0, 60.0, 80.0]);
        let goals = judge(&results);
        assert_eq!(goals.len(), 1);
        assert!(goals[0].reached() && goals[0].best == 0.8 && goals[0].median > 1.3);
    }

    #[test]
    fn where_threads_race_the_median_decides() {
        let mut results = Results::default();
        let samples = vec![9.0, 2.0, 2.0];
        results.add("two-threads-one-key", "oarlock", "M/s", samples);
        assert!(!judge(&results)[0].reached());
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
