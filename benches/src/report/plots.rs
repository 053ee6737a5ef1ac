//! Plots, as SVG.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::short;
use crate::results::Results;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error + Send + Sync>>;

const OURS: RGBColor = RGBColor(24, 100, 171);
const THEIRS: RGBColor = RGBColor(173, 181, 189);
const LINES: [RGBColor; 5] = [
    OURS,
    RGBColor(230, 119, 0),
    RGBColor(43, 138, 62),
    RGBColor(201, 42, 42),
    RGBColor(95, 61, 196),
];

/// Draws what was measured, and gives each file's name and title.
pub fn draw(
    folder: &Path,
    results: &Results,
) -> Result<Vec<(String, String)>, Box<dyn Error + Send + Sync>> {
    let mut drawn = Vec::new();
    let bars_of = [
        (
            "one-segment",
            "ns",
            "one segment: ns for acquire + release (best)",
        ),
        (
            "three-segments",
            "ns",
            "three segments: ns for acquire + release (best)",
        ),
        (
            "ten-deep-same",
            "ns",
            "ten claims of three segments: ns for acquire + release (best)",
        ),
        (
            "two-threads-apart",
            "scaling",
            "two threads, keys of their own: times one thread (best)",
        ),
        (
            "two-threads-one-key",
            "M/s",
            "two threads, one key: million grants/s (best)",
        ),
        (
            "two-threads-one-key",
            "changed owner %",
            "two threads, one key: % of grants to the other thread",
        ),
        (
            "weight",
            "bytes, a held lock, with the allocator's",
            "bytes of a held lock, the allocator's own included",
        ),
    ];
    for (i, (workload, figure, title)) in bars_of.into_iter().enumerate() {
        let rows: Vec<_> = results
            .of(workload)
            .filter(|row| row.figure == figure)
            .map(|row| {
                (
                    row.contender.clone(),
                    if figure.starts_with("changed") {
                        row.median
                    } else {
                        row.best
                    },
                )
            })
            .collect();
        if !rows.is_empty() {
            let file = format!("{}-{workload}.svg", i + 1);
            bars(&folder.join(&file), title, &rows)?;
            drawn.push((file, title.to_owned()));
        }
    }
    let lines_of = [
        ("waiting", "waiting", "one key: ns by how many wait (best)"),
        (
            "crowd",
            "held",
            "acquire + release: ns by how many others are held (best)",
        ),
    ];
    for (workload, unit, title) in lines_of {
        let series = by_count(results, workload, unit);
        if !series.is_empty() {
            let file = format!("{workload}.svg");
            lines(&folder.join(&file), title, unit, &series)?;
            drawn.push((file, title.to_owned()));
        }
    }
    Ok(drawn)
}

/// Points by contender (and by what it does), out of figures such as
/// `ns, grant, 100 waiting`.
fn by_count(results: &Results, workload: &str, unit: &str) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut series: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for row in results
        .of(workload)
        .filter(|row| workload != "waiting" || row.contender == "oarlock")
    {
        let Some(rest) = row.figure.strip_suffix(unit) else {
            continue;
        };
        let mut parts: Vec<_> = rest.trim().split(", ").collect();
        let Some(count) = parts.pop().and_then(|count| count.parse::<f64>().ok()) else {
            continue;
        };
        let name = match parts.get(1) {
            Some(what) => format!("{}, {what}", row.contender),
            None => row.contender.clone(),
        };
        let point = (count.max(1.0), row.best);
        match series.iter_mut().find(|(known, _)| *known == name) {
            Some((_, points)) => points.push(point),
            None => series.push((name, vec![point])),
        }
    }
    series
}

fn bars(file: &Path, title: &str, rows: &[(String, f64)]) -> Drawn {
    let height = 60 + 30 * rows.len() as u32;
    let area = SVGBackend::new(file, (860, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = ("sans-serif", 15).into_font().color(&BLACK);
    area.draw_text(
        title,
        &("sans-serif", 18).into_font().color(&BLACK),
        (16, 14),
    )?;
    let most = rows
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    for (i, (name, value)) in rows.iter().enumerate() {
        let top = 48 + 30 * i as i32;
        let end = 290 + (480.0 * value / most) as i32;
        let color = if name.starts_with("oarlock") {
            OURS
        } else {
            THEIRS
        };
        area.draw_text(name, &text, (16, top + 3))?;
        area.draw(&Rectangle::new(
            [(290, top), (end.max(291), top + 20)],
            color.filled(),
        ))?;
        area.draw_text(&short(*value), &text, (end + 8, top + 3))?;
    }
    area.present()?;
    Ok(())
}

fn lines(file: &Path, title: &str, unit: &str, series: &[(String, Vec<(f64, f64)>)]) -> Drawn {
    let area = SVGBackend::new(file, (860, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let points = || series.iter().flat_map(|(_, points)| points);
    let from = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let to = points().map(|point| point.0).fold(1.0, f64::max);
    let low = points().map(|point| point.1).fold(f64::INFINITY, f64::min) / 2.0;
    let high = points().map(|point| point.1).fold(0.0, f64::max) * 2.0;
    plot(&area, title, unit, series, (from, to * 1.2), (low, high))?;
    area.present()?;
    Ok(())
}

fn plot(
    area: &Area<'_>,
    title: &str,
    unit: &str,
    series: &[(String, Vec<(f64, f64)>)],
    (from, to): (f64, f64),
    (low, high): (f64, f64),
) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d((from..to).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(unit)
        .y_desc("ns")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| short(*y))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (i, (name, points)) in series.iter().enumerate() {
        let color = LINES[i % LINES.len()];
        chart
            .draw_series(
                LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3),
            )?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(THEIRS)
        .draw()?;
    Ok(())
}
