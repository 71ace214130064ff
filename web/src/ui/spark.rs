//! A line so small that it stands in a table: how something went in the last hour. What it shows is said beside it.

use leptos::prelude::*;

/// The drawing's own units: a minute is as wide as it is far between two points.
const WIDTH: f64 = 59.0;
const HEIGHT: f64 = 20.0;
/// Room above and below for the line's own width.
const MARGIN: f64 = 2.0;

/// A minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Minutes before now, 0 to 59.
    pub(crate) ago: f64,
    /// How high; `None`: nothing to be shown.
    pub(crate) value: Option<f64>,
    /// Something failed then.
    pub(crate) is_bad: bool,
}

/// The line, in pieces where minutes are missing for long, and a mark under every minute in which something failed.
#[component]
pub(crate) fn Spark(
    /// What it shows, in words.
    label: String,
    points: Vec<Point>,
) -> impl IntoView {
    let top = points.iter().filter_map(|point| point.value).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let height = |value: f64| HEIGHT - MARGIN - value / top * (HEIGHT - 2.0 * MARGIN);
    let known: Vec<(f64, f64)> =
        points.iter().filter_map(|point| Some((WIDTH - point.ago, height(point.value?)))).collect();
    let line = match known.as_slice() {
        // A line through one point is no line.
        [(x, y)] => format!("{:.1},{y:.1} {:.1},{y:.1}", x - 0.5, x + 0.5),
        known => known.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" "),
    };
    let bad = points.iter().filter(|point| point.is_bad);
    let marks = bad
        .map(|point| {
            let x = WIDTH - point.ago;
            view! { <line class="spark-bad" x1=x.to_string() x2=x.to_string() y1="14" y2=HEIGHT.to_string()></line> }
        })
        .collect_view();
    view! {
        <svg
            class="spark"
            role="img"
            aria-label=label
            viewBox=format!("-1 0 {} {HEIGHT}", WIDTH + 2.0)
            preserveAspectRatio="none"
        >
            <line class="spark-base" x1="-1" x2=(WIDTH + 1.0).to_string() y1=HEIGHT.to_string() y2=HEIGHT.to_string()></line>
            {marks}
            <polyline class="spark-line" points=line></polyline>
        </svg>
    }
}
