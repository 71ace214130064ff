//! Where somebody who serves themself begins: my keys, my usage, what I may use, and how to call it.

pub(crate) mod snippets;

use chrono::{Days, NaiveDate};
use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::SpendLogsDay;

use crate::api;
use crate::app::use_session;
use crate::pages::home::snippets::Snippets;
use crate::pages::key::list::{BRIEF, IDS};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::page::Page;
use crate::ui::table::Table;
use crate::{browser, format};

/// Keys shown at once.
const KEYS_SHOWN: u64 = 5;
/// Days of the usage shown, today included.
const DAYS_SHOWN: u64 = 30;

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    // Who leads a team or an organization may see others' keys and spend: these are not theirs.
    let me = use_session().view().map(|session| session.user_id);
    let owner = me.clone();
    let keys = Load::new(move || {
        api::key::list(KeyListQuery { size: KEYS_SHOWN, user_id: owner.clone(), ..KeyListQuery::default() })
    });
    let usage = Load::new(move || api::spend::days_of(me.clone(), today() - Days::new(DAYS_SHOWN - 1), today()));
    let models = Load::new(api::model::names);
    let names = models.map(Clone::clone);
    let can_write = use_session().can_write();
    let create = move || {
        can_write.then(|| {
            view! {
                <a class="button button-primary" href="/ui/keys?new=1">{icon(Icon::Plus)}"Create key"</a>
            }
        })
    };
    view! {
        <Page title="Home" lead="Your keys, what they spent, and how to call a model." actions=create>
            {usage.show(skeleton, move || view! { <Usage load=usage /> }.into_any())}
            <div class="columns">
                <section class="card home-card" aria-labelledby="home-keys">
                    <header class="card-header"><h2 id="home-keys">"My keys"</h2><a href="/ui/keys">"All keys"</a></header>
                    {keys.show(skeleton, move || my_keys(keys))}
                </section>
                <section class="card home-card" aria-labelledby="home-models">
                    <header class="card-header"><h2 id="home-models">"What I may use"</h2><a href="/ui/models">"Prices and state"</a></header>
                    {models.show(skeleton, move || my_models(names))}
                </section>
            </div>
            <section class="card home-card" aria-labelledby="home-call">
                <header class="card-header"><h2 id="home-call">"How to call it"</h2><a href="/ui/playground">"Try it in the playground"</a></header>
                <Snippets models=names />
            </section>
        </Page>
    }
    .into_any()
}

fn today() -> NaiveDate {
    browser::now().date_naive()
}

#[component]
fn Usage(load: Load<Vec<SpendLogsDay>>) -> impl IntoView {
    let sum = |days: &[SpendLogsDay]| NanoUsd(days.iter().map(|day| day.spend.0).sum());
    let tile = |label: &'static str, of: fn(&[SpendLogsDay]) -> NanoUsd, note: &'static str| {
        let amount = load.map(move |days| of(days));
        view! {
            <div class="tile" title=move || format::money_exact(amount.get())>
                <span class="tile-label">{label}</span>
                <span class="tile-value number">{move || format::money_total(amount.get())}</span>
                <span class="tile-note">{note}</span>
            </div>
        }
    };
    let top = load.map(|days| most_spent_on(days));
    view! {
        <section class="tiles home-tiles" aria-label="My usage">
            {tile("My spend today", |days| days.iter().filter(|day| day.start_time == today()).map(|day| day.spend).sum_of(), "counted in UTC")}
            {tile("My spend in 7 days", |days| days.iter().rev().take(7).map(|day| day.spend).sum_of(), "today included")}
            {tile("My spend in 30 days", sum, "today included")}
            <div class="tile">
                <span class="tile-label">"Most spent on"</span>
                <span class="tile-value ellipsis">{move || top.get().unwrap_or_else(|| "–".to_owned())}</span>
                <span class="tile-note"><a href="/ui/logs">"See every call"</a></span>
            </div>
        </section>
    }
}

trait SumOf {
    fn sum_of(self) -> NanoUsd;
}

impl<I: Iterator<Item = NanoUsd>> SumOf for I {
    fn sum_of(self) -> NanoUsd {
        NanoUsd(self.map(|amount| amount.0).sum())
    }
}

/// The model that cost most.
fn most_spent_on(days: &[SpendLogsDay]) -> Option<String> {
    let mut sums = std::collections::BTreeMap::<&str, i64>::new();
    for (model, spend) in days.iter().flat_map(|day| &day.models) {
        *sums.entry(model).or_default() += spend.0;
    }
    sums.into_iter().filter(|(_, spend)| *spend > 0).max_by_key(|(_, spend)| *spend).map(|(model, _)| model.to_owned())
}

fn my_keys(load: Load<api::key::Keys>) -> AnyView {
    let rows = load.map(|keys| keys.keys.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let content = move || match is_empty.get() {
        true => view! {
            <p class="home-nothing muted">"No keys yet. Each application calls with a key of its own."</p>
        }
        .into_any(),
        false => view! { <Table label="My keys" columns=BRIEF rows=rows ids=IDS /> }.into_any(),
    };
    content.into_any()
}

fn my_models(names: Signal<Vec<String>>) -> AnyView {
    let chips = move || {
        let names = names.get();
        if names.is_empty() {
            return view! { <p class="home-nothing muted">"No models yet."</p> }.into_any();
        }
        let chip = |name: String| view! { <li class="chip ellipsis" title=name.clone()>{name.clone()}</li> };
        view! { <ul class="chip-list home-models">{names.into_iter().map(chip).collect_view()}</ul> }.into_any()
    };
    chips.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_that_cost_most_is_named() {
        let day = |json: serde_json::Value| serde_json::from_value::<SpendLogsDay>(json).unwrap();
        let days = [
            day(
                serde_json::json!({"startTime": "2026-11-20", "spend": 3.0, "users": {}, "models": {"a": 1.0, "b": 2.0}}),
            ),
            day(serde_json::json!({"startTime": "2026-11-21", "spend": 2.0, "users": {}, "models": {"a": 2.0}})),
        ];
        assert_eq!(most_spent_on(&days).as_deref(), Some("a"));
        assert_eq!(most_spent_on(&[]), None);
        assert_eq!(days.iter().map(|day| day.spend).sum_of(), NanoUsd(5_000_000_000));
    }
}
