//! Bars over days, drawn as plain SVG. The table twin is the page's: it knows what else to say about a day.

use leptos::prelude::*;

/// The drawing's own units; it stretches to the room there is.
const HEIGHT: f64 = 100.0;
const STEP: f64 = 10.0;
const BAR: f64 = 7.0;
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
    /// The axis' highest value in words.
    #[prop(into)]
    top: Signal<String>,
) -> impl IntoView {
    let pointed = RwSignal::new(None::<usize>);
    let caption = move || bars.with(|bars| pointed.get().and_then(|i| bars.get(i)).map(caption_of));
    let ends = move || bars.with(|bars| (label_of(bars.first()), label_of(bars.last())));
    view! {
        <figure class="chart">
            <div class="chart-caption" aria-hidden="true">
                <span class="muted number">{top}</span>
                <span class="chart-pointed number">{caption}</span>
            </div>
            {move || plot(&bars.get(), label.get(), pointed)}
            <div class="chart-axis muted number" aria-hidden="true">
                <span>{move || ends().0}</span>
                <span>{move || ends().1}</span>
            </div>
        </figure>
    }
}

fn plot(bars: &[Bar], label: String, pointed: RwSignal<Option<usize>>) -> impl IntoView + use<> {
    let max = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let mut left = 0.0;
    let drawn = bars
        .iter()
        .enumerate()
        .map(|(index, bar)| {
            let height = bar_height(bar.value, max);
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

fn label_of(bar: Option<&Bar>) -> String {
    bar.map(|bar| bar.label.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_never_vanish_and_never_overflow() {
        assert_eq!(bar_height(0.0, 10.0), 0.0);
        assert_eq!(bar_height(0.0001, 10.0), BAR_MIN);
        assert_eq!(bar_height(10.0, 10.0), HEIGHT);
        assert_eq!(bar_height(0.0, 0.0), 0.0);
    }
}
