//! Lines over days, drawn as plain SVG. The table twin is the page's.

use leptos::prelude::*;

use crate::ui::chart::{HEIGHT, STEP, axis_labels, round_top};

/// A line: one value a day, or none where it does not go on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// What it shows, for the legend.
    pub(crate) name: &'static str,
    /// `actual`, `expected`, `before` or `limit`: how it is drawn.
    pub(crate) class: &'static str,
    pub(crate) values: Vec<Option<f64>>,
}

/// Everything that is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawing {
    /// One label a day.
    pub(crate) days: Vec<String>,
    pub(crate) lines: Vec<Line>,
    /// Between what and what each day is expected; none where nothing is.
    pub(crate) range: Vec<Option<(f64, f64)>>,
    /// What is said of each day when it is pointed at.
    pub(crate) texts: Vec<String>,
}

#[component]
pub(crate) fn LineChart(
    /// What the chart shows, for screen readers.
    #[prop(into)]
    label: Signal<String>,
    #[prop(into)] drawing: Signal<Drawing>,
    /// The whole in words, shown until a day is pointed at.
    #[prop(into)]
    whole: Signal<String>,
    /// A value of the axis in words.
    mark: fn(f64) -> String,
) -> impl IntoView {
    let pointed = RwSignal::new(None::<usize>);
    let caption = move || {
        let text = drawing.with(|drawing| pointed.get().and_then(|index| drawing.texts.get(index).cloned()));
        text.unwrap_or_else(|| whole.get())
    };
    let top = Memo::new(move |_| drawing.with(|drawing| round_top(highest(drawing))));
    let marks = move || [1.0, 0.5, 0.0].map(|part| view! { <span>{mark(top.get() * part)}</span> });
    let days = move || {
        let labels = drawing.with(|drawing| axis_labels(&drawing.days));
        labels.into_iter().map(|label| view! { <span>{label}</span> }).collect_view()
    };
    let legend = move || {
        let names =
            drawing.with(|drawing| drawing.lines.iter().map(|line| (line.name, line.class)).collect::<Vec<_>>());
        let entry = |(name, class)| view! { <li class=format!("legend-{class}")>{name}</li> };
        names.into_iter().map(entry).collect_view()
    };
    view! {
        <figure class="chart">
            <p class="chart-caption number" aria-hidden="true">{caption}</p>
            <ul class="chart-legend muted" aria-hidden="true">{legend}</ul>
            <div class="chart-scale muted number" aria-hidden="true">{marks}</div>
            {move || drawing.with(|drawing| plot(drawing, top.get(), label.get(), pointed))}
            <div class="chart-axis muted number" aria-hidden="true">{days}</div>
        </figure>
    }
}

fn highest(drawing: &Drawing) -> f64 {
    let range = drawing.range.iter().flatten().map(|(_, high)| *high).fold(0.0, f64::max);
    let values = drawing.lines.iter().flat_map(|line| line.values.iter().flatten());
    values.copied().fold(range, f64::max)
}

fn plot(drawing: &Drawing, top: f64, label: String, pointed: RwSignal<Option<usize>>) -> impl IntoView + use<> {
    let place = Place { top, count: drawing.days.len() };
    let width = place.width();
    let range = drawing.range.iter().enumerate().filter_map(|(index, range)| range.map(|range| (index, range)));
    let (highs, lows): (Vec<_>, Vec<_>) =
        range.map(|(index, (low, high))| (place.of(index, high), place.of(index, low))).unzip();
    let corners: Vec<String> = highs.into_iter().chain(lows.into_iter().rev()).collect();
    let range = view! { <polygon class="chart-range" points=corners.join(" ")></polygon> };
    let lines = drawing.lines.iter().map(|line| {
        let points = line.values.iter().enumerate().filter_map(|(index, value)| Some(place.of(index, (*value)?)));
        let points: Vec<String> = points.collect();
        view! { <polyline class=format!("chart-path chart-{}", line.class) points=points.join(" ")></polyline> }
    });
    let lines = lines.collect_view();
    let mut left = 0.0;
    let hits = (0..drawing.days.len()).map(|index| {
        let x = left;
        left += STEP;
        view! {
            <g class="chart-day" class:is-pointed=move || pointed.get() == Some(index)>
                <rect
                    class="chart-hit"
                    x=x.to_string()
                    y="0"
                    width=STEP.to_string()
                    height=HEIGHT.to_string()
                    on:pointerenter=move |_| pointed.set(Some(index))
                ></rect>
            </g>
        }
    });
    let hits = hits.collect_view();
    view! {
        <svg
            class="chart-plot"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {width} {HEIGHT}")
            preserveAspectRatio="none"
            on:pointerleave=move |_| pointed.set(None)
        >
            <line class="chart-line" x1="0" x2=width.to_string() y1="0" y2="0"></line>
            <line class="chart-line" x1="0" x2=width.to_string() y1="50" y2="50"></line>
            {hits}
            {range}
            {lines}
            <line class="chart-line chart-base" x1="0" x2=width.to_string() y1="100" y2="100"></line>
        </svg>
    }
}

/// Where a value of a day is drawn.
struct Place {
    top: f64,
    count: usize,
}

impl Place {
    fn width(&self) -> f64 {
        (0..self.count).fold(0.0, |width, _| width + STEP)
    }

    /// The middle of its day.
    fn of(&self, index: usize, value: f64) -> String {
        let x = (0..index).fold(STEP / 2.0, |x, _| x + STEP);
        let y = HEIGHT - (value / self.top * HEIGHT).clamp(0.0, HEIGHT);
        format!("{x},{y:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_outside() {
        let place = Place { top: 10.0, count: 3 };
        assert_eq!(place.width(), 30.0);
        assert_eq!([place.of(0, 0.0), place.of(2, 10.0), place.of(1, 99.0)], ["5,100.000", "25,0.000", "15,0.000"]);
        let lines = vec![Line { name: "", class: "actual", values: vec![Some(3.0), None] }];
        assert_eq!(highest(&Drawing { lines, range: vec![None, Some((2.0, 7.0))], ..Drawing::default() }), 7.0);
    }
}
