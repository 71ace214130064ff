//! What limits an entity, and how much of it is used.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::Value;
use tollgate_openapi::limit::{LimitStanding, LimitView};
use tollgate_openapi::money::NanoUsd;

use crate::format;
use crate::ui::meter::{Budget, BudgetGauge};
use crate::url::encode;

/// The limits in force: the entity's own, filled up from the budget it is attached to.
pub(crate) fn in_force<'a>(own: &'a LimitView, standing: &'a LimitStanding) -> &'a LimitView {
    standing.litellm_budget_table.as_ref().map_or(own, |table| &table.limits)
}

/// The budget in force and its spend.
pub(crate) fn budget(own: &LimitView, standing: &LimitStanding) -> Budget {
    let limits = in_force(own, standing);
    Budget {
        spent: standing.spend,
        reserved: NanoUsd::ZERO,
        max: limits.max_budget,
        soft: limits.soft_budget,
        duration: limits.budget_duration.clone(),
        resets_at: standing.budget_reset_at,
    }
}

/// The rate limits in a few words; empty where there are none.
pub(crate) fn rates(limits: &LimitView) -> String {
    let part = |limit: Option<i64>, unit: &str| limit.map(|limit| format!("{} {unit}", format::count(limit)));
    let parts = [
        part(limits.rpm_limit, "requests/min"),
        part(limits.tpm_limit, "tokens/min"),
        part(limits.max_parallel_requests, "at once"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What single models are limited to, in words, by the model's name.
fn of_models(limits: &LimitView) -> BTreeMap<String, String> {
    fn count(value: &Value, unit: &str) -> Option<String> {
        value.as_i64().map(|count| format!("{} {unit}", format::count(count)))
    }
    type InWords = fn(&Value) -> Option<String>;
    let kinds: [(_, InWords); 3] = [
        (&limits.model_max_budget, money_of_model),
        (&limits.model_rpm_limit, |value| count(value, "requests/min")),
        (&limits.model_tpm_limit, |value| count(value, "tokens/min")),
    ];
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (of_model, in_words) in kinds {
        for (model, value) in of_model {
            let text = texts.entry(model.clone()).or_default();
            let part = in_words(value).unwrap_or_else(|| value.to_string());
            *text = if text.is_empty() { part } else { format!("{text}, {part}") };
        }
    }
    texts
}

/// A model's budget: an amount, or an amount and its window, under either pair of names.
fn money_of_model(value: &Value) -> Option<String> {
    let field = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name));
    let amount = value.as_f64().or_else(|| field(["max_budget", "budget_limit"])?.as_f64())?;
    let duration = field(["budget_duration", "time_period"]).and_then(Value::as_str);
    let amount = format::money_round(NanoUsd::from_usd(amount).ok()?);
    Some(format!("{amount} {}", format::every(duration)).trim_end().to_owned())
}

/// What single models are limited to; nothing where none is.
#[component]
pub(crate) fn ModelFacts(limits: LimitView) -> impl IntoView {
    let models = of_models(&limits);
    (!models.is_empty()).then(|| {
        let rows = models.into_iter().map(|(model, text)| view! { <dt class="facts-name">{model}</dt><dd>{text}</dd> });
        view! {
            <h3>"Limits of single models"</h3>
            <dl class="facts">{rows.collect_view()}</dl>
        }
    })
}

/// The limits as facts: rates, and what single models are limited to.
#[component]
pub(crate) fn LimitFacts(limits: LimitView) -> impl IntoView {
    let limit = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), format::count);
    view! {
        <dl class="facts">
            <dt>"Requests a minute"</dt><dd class="number">{limit(limits.rpm_limit)}</dd>
            <dt>"Tokens a minute"</dt><dd class="number">{limit(limits.tpm_limit)}</dd>
            <dt>"Calls at once"</dt><dd class="number">{limit(limits.max_parallel_requests)}</dd>
        </dl>
        <ModelFacts limits=limits />
    }
}

/// The reusable budget that fills up the limits, where there is one.
#[component]
pub(crate) fn Attached(standing: LimitStanding) -> impl IntoView {
    standing.budget_id.map(|id| {
        let href = format!("/ui/budgets?budget={}", encode(&id));
        view! { <p class="hint">"What it does not set itself comes from the budget "<a href=href>{id}</a>"."</p> }
    })
}

/// What is in force and how much is used, where there is room to say all of it.
#[component]
pub(crate) fn InForce(own: LimitView, standing: LimitStanding) -> impl IntoView {
    view! {
        <div class="scopes"><div class="scope"><BudgetGauge budget=budget(&own, &standing) /></div></div>
        <LimitFacts limits=in_force(&own, &standing).clone() />
        <Attached standing=standing />
    }
}

/// The limits of a row: its rates, and how many models have their own.
pub(crate) fn rates_cell(limits: &LimitView) -> AnyView {
    let rates = rates(limits);
    let models = of_models(limits).len();
    let of_models =
        (models > 0).then(|| format!("{models} {} of its own", if models == 1 { "model" } else { "models" }));
    if rates.is_empty() && of_models.is_none() {
        return view! { <span class="muted">"no limit"</span> }.into_any();
    }
    view! {
        <span class="stack">
            {(!rates.is_empty()).then(|| view! { <span class="number ellipsis" title=rates.clone()>{rates.clone()}</span> })}
            {of_models.map(|text| view! { <span class="muted">{text}</span> })}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::limit::LimitsInForce;

    #[test]
    fn an_attached_budget_fills_up_what_is_not_set() {
        let filled = LimitView { max_budget: Some(NanoUsd(5)), rpm_limit: Some(60), ..LimitView::default() };
        let table = LimitsInForce { budget_id: Some("starter".to_owned()), limits: filled };
        let standing =
            LimitStanding { litellm_budget_table: Some(table), spend: NanoUsd(2), ..LimitStanding::default() };
        let own = LimitView::default();
        let budget = budget(&own, &standing);
        assert_eq!((budget.max, budget.spent), (Some(NanoUsd(5)), NanoUsd(2)));
        assert_eq!(rates(in_force(&own, &standing)), "60 requests/min");
    }

    #[test]
    fn limits_of_single_models_stand_together() {
        let json = serde_json::json!({"max_budget": null, "soft_budget": null, "budget_duration": null,
            "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null,
            "model_max_budget": {"gpt-4o": {"max_budget": 5.0, "budget_duration": "1d"}, "o3": 2, "odd": {"a": 1}},
            "model_rpm_limit": {"gpt-4o": 1000}});
        let limits: LimitView = serde_json::from_value(json).unwrap();
        let texts: Vec<_> = of_models(&limits).into_iter().map(|(model, text)| format!("{model}: {text}")).collect();
        assert_eq!(texts, ["gpt-4o: $5 a day, 1,000 requests/min", "o3: $2", "odd: {\"a\":1}"]);
    }

    #[test]
    fn rates_are_said_in_a_row() {
        let limits = LimitView { rpm_limit: Some(1_000), max_parallel_requests: Some(4), ..LimitView::default() };
        assert_eq!(rates(&limits), "1,000 requests/min, 4 at once");
        assert_eq!(rates(&LimitView::default()), "");
    }
}
