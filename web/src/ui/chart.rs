//! Bars over days, drawn as plain SVG. The table twin is the page's: it knows what else to say about a day.

use leptos::prelude::*;

/// The drawing's own units; it stretches to the room there is.
pub(super) const HEIGHT: f64 = 100.0;
pub(super) const STEP: f64 = 10.0;
const BAR: f64 = 7.0;
/// Days between two labels of the axis, counted back from the last.
const LABEL_EVERY: usize = 7;
/// Where an axis may end, times a power of ten: its half is as round.
const ROUND_TOPS: [f64; 9] = [1.0, 1.2, 1.6, 2.0, 2.4, 4.0, 6.0, 8.0, 10.0];
/// The least a bar with any value shows.
const BAR_MIN: f64 = 1.5;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// The day, as on the axis.
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The value in words.
    pub(crate) text: String,
}

#[component]
pub(crate) fn BarChart(
    /// What the chart shows, for screen readers.
    #[prop(into)]
    label: Signal<String>,
    #[prop(into)] bars: Signal<Vec<Bar>>,
    /// The whole in words, shown until a bar is pointed at.
    #[prop(into)]
    whole: Signal<String>,
    /// A value of the axis in words.
    mark: Signal<fn(f64) -> String>,
) -> impl IntoView {
    let pointed = RwSignal::new(None::<usize>);
    let caption =
        move || bars.with(|bars| pointed.get().and_then(|i| bars.get(i)).map_or_else(|| whole.get(), caption_of));
    let top = Memo::new(move |_| bars.with(|bars| round_top(bars.iter().map(|bar| bar.value).fold(0.0, f64::max))));
    let marks = move || [1.0, 0.5, 0.0].map(|part| view! { <span>{mark.get()(top.get() * part)}</span> });
    let days = move || {
        let labels = bars.with(|bars| axis_labels(&bars.iter().map(|bar| bar.label.clone()).collect::<Vec<_>>()));
        labels.into_iter().map(|label| view! { <span>{label}</span> }).collect_view()
    };
    view! {
        <figure class="chart">
            <p class="chart-caption number" aria-hidden="true">{caption}</p>
            <div class="chart-scale muted number" aria-hidden="true">{marks}</div>
            {move || plot(&bars.get(), top.get(), label.get(), pointed)}
            <div class="chart-axis muted number" aria-hidden="true">{days}</div>
        </figure>
    }
}

/// The least round number that no bar exceeds. It is never 1: half a request is no mark for an axis.
pub(super) fn round_top(max: f64) -> f64 {
    if max <= 0.0 {
        return 2.0;
    }
    let power = 10_f64.powf(max.log10().floor());
    let round = ROUND_TOPS.iter().map(|top| top * power).find(|top| *top >= max * 0.999_999);
    match round.unwrap_or(power * 10.0) {
        top if (top - 1.0).abs() < f64::EPSILON => 2.0,
        top => top,
    }
}

/// A label a week, the last day's among them; the days between have none.
pub(super) fn axis_labels(days: &[String]) -> Vec<String> {
    let last = days.len().saturating_sub(1);
    let is_labelled = |index: usize| (last - index).is_multiple_of(LABEL_EVERY);
    let label = |(index, day): (usize, &String)| if is_labelled(index) { day.clone() } else { String::new() };
    days.iter().enumerate().map(label).collect()
}

fn plot(bars: &[Bar], top: f64, label: String, pointed: RwSignal<Option<usize>>) -> impl IntoView + use<> {
    let mut left = 0.0;
    let drawn = bars
        .iter()
        .enumerate()
        .map(|(index, bar)| {
            let height = bar_height(bar.value, top);
            let x = left;
            left += STEP;
            view! {
                <g
                    class="chart-day"
                    class:is-pointed=move || pointed.get() == Some(index)
                    on:pointerenter=move |_| pointed.set(Some(index))
                >
                    <rect class="chart-hit" x=x.to_string() y="0" width=STEP.to_string() height=HEIGHT.to_string()></rect>
                    <rect
                        class="chart-bar"
                        x=(x + (STEP - BAR) / 2.0).to_string()
                        y=(HEIGHT - height).to_string()
                        width=BAR.to_string()
                        height=height.to_string()
                    ></rect>
                </g>
            }
        })
        .collect_view();
    view! {
        <svg
            class="chart-plot"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {left} {HEIGHT}")
            preserveAspectRatio="none"
            on:pointerleave=move |_| pointed.set(None)
        >
            <line class="chart-line" x1="0" x2=left.to_string() y1="0" y2="0"></line>
            <line class="chart-line" x1="0" x2=left.to_string() y1="50" y2="50"></line>
            {drawn}
            <line class="chart-line chart-base" x1="0" x2=left.to_string() y1="100" y2="100"></line>
        </svg>
    }
}

fn bar_height(value: f64, max: f64) -> f64 {
    if value <= 0.0 || max <= 0.0 { 0.0 } else { (value / max * HEIGHT).max(BAR_MIN) }
}

fn caption_of(bar: &Bar) -> String {
    format!("{} · {}", bar.label, bar.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (max, top) in [(150.63, 160.0), (0.0037, 0.004), (1.0, 2.0), (3.0, 4.0), (8.0, 8.0), (901.0, 1000.0)] {
            assert!((round_top(max) - top).abs() < top * 1e-9, "{max}: {}", round_top(max));
        }
        assert_eq!(round_top(0.0), 2.0);
    }

    #[test]
    fn the_last_day_and_each_week_before_it_have_a_label() {
        let days: Vec<_> = (1..=30).map(|day| day.to_string()).collect();
        let labels: Vec<_> = axis_labels(&days).into_iter().filter(|label| !label.is_empty()).collect();
        assert_eq!(labels, ["2", "9", "16", "23", "30"]);
        assert!(axis_labels(&[]).is_empty());
    }

    #[test]
    fn bars_never_vanish_and_never_overflow() {
        assert_eq!(bar_height(0.0, 10.0), 0.0);
        assert_eq!(bar_height(0.0001, 10.0), BAR_MIN);
        assert_eq!(bar_height(10.0, 10.0), HEIGHT);
        assert_eq!(bar_height(0.0, 0.0), 0.0);
    }
}
