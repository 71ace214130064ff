//! What the month adds up to day by day, what it will, and where the budget ends; as a chart or as a table.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::SpendForecast;

use crate::format;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::line_chart::{Drawing, Line, LineChart};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::segment::Segments;
use crate::ui::table::{Column, Rows, Table};

/// A day of the month and what there is by its end.
#[derive(Clone, Debug, PartialEq)]
struct Day {
    date: chrono::NaiveDate,
    spend: Option<NanoUsd>,
    expected: Option<NanoUsd>,
    /// Since the first: so far, as it is expected, and last month.
    sum: Option<NanoUsd>,
    expected_sum: Option<NanoUsd>,
    previous_sum: Option<NanoUsd>,
}

static COLUMNS: &[Column<Day>] = &[
    Column {
        title: "Day",
        class: "",
        sort: None,
        cell: |day| format::day(day.date).into_any(),
        csv: |day| day.date.to_string(),
    },
    Column { title: "Spend", class: "end", sort: None, cell: |day| cell(day.spend), csv: |day| exact(day.spend) },
    Column {
        title: "Expected",
        class: "end",
        sort: None,
        cell: |day| cell(day.expected),
        csv: |day| exact(day.expected),
    },
    Column {
        title: "Since the first",
        class: "end",
        sort: None,
        cell: |day| cell(day.sum.or(day.expected_sum)),
        csv: |day| exact(day.sum.or(day.expected_sum)),
    },
    Column {
        title: "Last month",
        class: "end minor",
        sort: None,
        cell: |day| cell(day.previous_sum),
        csv: |day| exact(day.previous_sum),
    },
];

const IDS: Rows<Day> = Rows { id: |day| day.date.to_string(), version: |day| format!("{day:?}") };

fn cell(amount: Option<NanoUsd>) -> AnyView {
    amount.map_or_else(|| view! { <span class="muted">"–"</span> }.into_any(), total)
}

fn exact(amount: Option<NanoUsd>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

fn days(month: &SpendForecast) -> Vec<Day> {
    let (mut sum, mut expected_sum, mut previous_sum) = (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO);
    let day = |day: &tollgate_openapi::spend::ForecastDay| {
        sum += day.spend.unwrap_or_default();
        expected_sum += day.expected.or(day.spend).unwrap_or_default();
        previous_sum += day.previous.unwrap_or_default();
        Day {
            date: day.date,
            spend: day.spend,
            expected: day.expected,
            sum: day.spend.map(|_| sum),
            expected_sum: day.expected.map(|_| expected_sum),
            previous_sum: day.previous.map(|_| previous_sum),
        }
    };
    month.days.iter().map(day).collect()
}

fn drawing(month: &SpendForecast) -> Drawing {
    let days = days(month);
    let line = |name, class, values: fn(&Day) -> Option<NanoUsd>| Line {
        name,
        class,
        values: days.iter().map(|day| values(day).map(NanoUsd::to_usd)).collect(),
    };
    let mut lines = vec![
        line("Last month", "before", |day| day.previous_sum),
        line("Expected", "expected", |day| day.expected_sum),
        line("This month", "actual", |day| day.sum),
    ];
    if month.forecast.is_none() {
        lines.retain(|line| line.class != "expected");
    }
    if let Some(max) = month.max_budget {
        // Where it ends, going on from today: it may count from another day than the first.
        let end = month.spend + max - month.budget_spend.unwrap_or_default();
        lines.push(Line { name: "Budget", class: "limit", values: vec![Some(end.to_usd()); days.len()] });
    }
    let text = |day: &Day| match (day.spend, day.expected_sum) {
        (Some(spend), _) => format!(
            "{} · {} on the day, {} since the first",
            format::day(day.date),
            format::money_total(spend),
            format::money_total(day.sum.unwrap_or_default())
        ),
        (None, Some(sum)) => format!("{} · {} expected by then", format::day(day.date), format::money_total(sum)),
        (None, None) => format::day(day.date),
    };
    Drawing {
        days: days.iter().map(|day| format::day(day.date)).collect(),
        texts: days.iter().map(text).collect(),
        lines,
        range: range(month, &days),
    }
}

/// The range of the month's end, on the way there: as much of it as is expected to be spent by then.
fn range(month: &SpendForecast, days: &[Day]) -> Vec<Option<(f64, f64)>> {
    let Some(forecast) = month.forecast else { return Vec::new() };
    let [spent, end, low, high] = [month.spend, forecast.spend, forecast.low, forecast.high].map(NanoUsd::to_usd);
    let at = |day: &Day| {
        let expected = day.expected_sum?.to_usd();
        let part = if end > spent { ((expected - spent) / (end - spent)).clamp(0.0, 1.0) } else { 1.0 };
        Some((expected - part * (end - low), expected + part * (high - end)))
    };
    days.iter().map(at).collect()
}

fn in_words(month: &SpendForecast) -> String {
    let forecast = month.forecast.map(|forecast| format!(" · {} expected", format::money_total(forecast.spend)));
    format!("{} so far{}", format::money_total(month.spend), forecast.unwrap_or_default())
}

#[component]
pub(super) fn MonthToDate(load: Load<SpendForecast>) -> impl IntoView {
    let url = use_url();
    let is_table = Memo::new(move |_| url.get("view").as_deref() == Some("table"));
    let rows = load.map(days);
    let whole = load.map(in_words);
    let label = Signal::derive(move || format!("Spend since the first of the month. {}", whole.get()));
    let mark: fn(f64) -> String = |usd| NanoUsd::from_usd(usd).map(format::money_round).unwrap_or_default();
    view! {
        <section class="card" aria-label="Month to date">
            <header class="card-header">
                <h2>"Month to date"</h2>
                <div class="actions">
                    <Segments name="view" label="View" options=&[("", "Chart"), ("table", "Table")] />
                    <ExportButton name="tollgate-month" columns=COLUMNS rows=rows_of(rows) />
                </div>
            </header>
            {move || if is_table.get() {
                view! { <Table label="Month to date" columns=COLUMNS rows=rows ids=IDS is_plain=true /> }.into_any()
            } else {
                view! { <LineChart label=label whole=whole mark=mark drawing=load.map(drawing) /> }.into_any()
            }}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_expected_goes_on_from_what_was_spent() {
        let month: SpendForecast = serde_json::from_value(json!({
            "month": "2026-11", "today": "2026-11-02", "spend": 5.0, "corrections_spend": 0.0,
            "forecast": {"spend": 12.0, "low": 9.0, "high": 15.0, "confidence": 0.8},
            "previous_spend": 3.0, "previous_spend_to_date": 2.0, "max_budget": 10.0, "budget_spend": 5.0, "soft_budget": null,
            "exhausted_on": "2026-11-03",
            "days": [
                {"date": "2026-11-01", "spend": 4.0, "expected": null, "previous": 1.0},
                {"date": "2026-11-02", "spend": 1.0, "expected": 4.0, "previous": 1.0},
                {"date": "2026-11-03", "spend": null, "expected": 4.0, "previous": null}]
        }))
        .unwrap();
        let drawing = drawing(&month);
        let values = |class: &str| drawing.lines.iter().find(|line| line.class == class).unwrap().values.clone();
        assert_eq!(values("actual"), [Some(4.0), Some(5.0), None]);
        assert_eq!(values("expected"), [None, Some(8.0), Some(12.0)]);
        assert_eq!(values("before"), [Some(1.0), Some(2.0), None]);
        assert_eq!(values("limit"), [Some(10.0); 3]);
        let (low, high) = drawing.range[1].unwrap();
        assert!(drawing.range[0].is_none() && low > 6.0 && high < 10.0, "{low} {high}");
        assert_eq!(drawing.range[2], Some((9.0, 15.0)));
    }
}
