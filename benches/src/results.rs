//! What a run found, and how it is summed up.

use serde::Serialize;

use crate::measure::Series;

/// One figure of one contender in one workload.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The workload's name, as on the command line.
    pub workload: &'static str,
    /// Who.
    pub contender: String,
    /// What, with its unit: `ns` falls as things get better, `M/s` grows.
    pub figure: String,
    /// The best of all rounds: the smallest, or of `M/s` and shares the greatest.
    pub best: f64,
    /// The median of all rounds.
    pub median: f64,
    /// Every round.
    pub samples: Vec<f64>,
    /// Whether nobody else had the processor meanwhile.
    pub calm: bool,
}

/// All rows of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Results {
    /// In the order in which they were found.
    pub rows: Vec<Row>,
}

/// Whether more of this figure is better.
#[must_use]
pub fn grows(figure: &str) -> bool {
    figure.contains("M/s") || figure.contains("scaling") || figure.contains("share")
}

/// The median; of an even number the mean of the middle two. 0 of none.
#[must_use]
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => 0.0,
        _ => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}

impl Results {
    /// Takes one figure in.
    pub fn add(
        &mut self,
        workload: &'static str,
        contender: &str,
        figure: &str,
        samples: Vec<f64>,
    ) {
        if samples.is_empty() {
            return;
        }
        let pick: fn(f64, f64) -> f64 = if grows(figure) { f64::max } else { f64::min };
        self.rows.push(Row {
            workload,
            contender: contender.to_owned(),
            figure: figure.to_owned(),
            best: samples.iter().copied().reduce(pick).unwrap_or_default(),
            median: median(&samples),
            samples,
            calm: true,
        });
    }

    /// Takes in all that [`interleave`](crate::measure::interleave) found.
    pub fn extend(&mut self, workload: &'static str, series: Vec<Series>) {
        for one in series {
            self.take(workload, one.figure, one);
        }
    }

    /// Takes in one series under the name of a figure.
    pub fn take(&mut self, workload: &'static str, figure: &str, series: Series) {
        let before = self.rows.len();
        self.add(workload, series.contender, figure, series.samples);
        for row in &mut self.rows[before..] {
            row.calm = series.calm;
        }
    }

    /// The row, if it was measured.
    #[must_use]
    pub fn get(&self, workload: &str, contender: &str, figure: &str) -> Option<&Row> {
        self.rows.iter().find(|row| {
            row.workload == workload && row.contender == contender && row.figure == figure
        })
    }

    /// All rows of a workload.
    pub fn of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.workload == workload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn the_best_depends_on_the_figure() {
        let mut results = Results::default();
        results.add("w", "c", "ns", vec![2.0, 1.0, 3.0]);
        results.add("w", "c", "M/s", vec![2.0, 1.0, 3.0]);
        assert_eq!(results.get("w", "c", "ns").map(|row| row.best), Some(1.0));
        assert_eq!(results.get("w", "c", "M/s").map(|row| row.best), Some(3.0));
        assert!(results.get("w", "c", "bytes").is_none());
    }
}
