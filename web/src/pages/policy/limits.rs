//! What limits calls: each scope that they are charged to, and what is left there now.

use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::policy::{PolicyExplain, PolicyExplanation};

use crate::api;
use crate::browser;
use crate::pages::policy::model_choice::{ModelChoice, chosen, offered};
use crate::pages::policy::scope::{Scope, ScopeLimits, scopes_of};
use crate::pages::policy::words::{deciding, stopped_before_limits};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::meter::Budget;

/// How often the figures are asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// The limits of one entity, and of all that its calls are charged to besides.
#[component]
pub(crate) fn Limits(
    title: &'static str,
    /// What is known of the entity itself, shown until the figures come.
    own: ScopeLimits,
    /// A call that they bind, but for the model.
    who: PolicyExplain,
    /// Models that may be called; none: all.
    allowed: Vec<String>,
    /// Only the entity's own: whoever asks is not whose calls it limits.
    #[prop(optional)]
    is_alone: bool,
) -> impl IntoView {
    let url = use_url();
    let names = Load::new(api::model::names);
    let models = Memo::new(move |_| names.data.with(|names| offered(names.as_deref().unwrap_or_default(), &allowed)));
    let model = Memo::new(move |_| models.with(|models| chosen(url, models)));
    let load = Load::new(move || {
        let question = PolicyExplain { model: model.get(), ..who.clone() };
        async move {
            // Until the models are known there is nothing to ask.
            if question.model.is_empty() { Ok(None) } else { api::policy::explain(&question).await.map(Some) }
        }
    });
    load.refresh_every(REFRESH_EVERY, Signal::stored(true));
    let answer = Memo::new(move |_| load.data.get().flatten());
    let own = StoredValue::new(own);
    let scopes = Memo::new(move |_| {
        let known = answer.with(|answer| answer.as_ref().map(|answer| scopes_of(&answer.checks)));
        own.with_value(|own| with_own(known.unwrap_or_default(), own, is_alone))
    });
    let notice = move || {
        let is_empty = names.data.with(|names| names.as_ref().is_some_and(Vec::is_empty));
        let stopped = answer.with(|answer| own.with_value(|own| stopped(answer.as_ref()?, own, is_alone)));
        match stopped {
            Some(text) => Some(view! { <p class="notice notice-bad">{text}</p> }.into_any()),
            None if is_empty => Some(
                view! { <p class="notice">"The gateway has no models yet, so there is no call to limit."</p> }
                    .into_any(),
            ),
            None => None,
        }
    };
    let choice = move || {
        models.with(|models| {
            (!models.is_empty()).then(|| view! { <ModelChoice label="For calls to" models=models.clone() /> })
        })
    };
    let row = move |limits: ScopeLimits| {
        let is_open = own.with_value(|own| own.kind == limits.kind);
        view! { <Scope limits=limits is_open=is_open /> }
    };
    let rows = move || scopes.get().into_iter().map(row).collect_view();
    view! {
        <section class="limits" aria-labelledby="limits-title">
            <div class="limits-head">
                <h3 id="limits-title">{title}</h3>
                {choice}
            </div>
            {names.trouble()}
            {load.trouble()}
            {notice}
            <ul class="scopes">{rows}</ul>
            {(!is_alone).then(|| view! { <p class="hint">"A call must fit in every one of them: the tightest decides."</p> })}
        </section>
    }
}

/// Why no call gets as far as the limits; what stops only the one who asks is left out.
fn stopped(answer: &PolicyExplanation, own: &ScopeLimits, is_alone: bool) -> Option<String> {
    let is_about_own = deciding(answer).is_some_and(|check| check.scope.as_deref() == Some(own.kind.as_str()));
    if is_alone && !is_about_own { None } else { stopped_before_limits(answer, browser::now()) }
}

/// The scopes with the entity's own first, even where it has no limit, and with what only the entity itself tells.
fn with_own(mut scopes: Vec<ScopeLimits>, own: &ScopeLimits, is_alone: bool) -> Vec<ScopeLimits> {
    if is_alone {
        scopes.retain(|scope| scope.is_part_of(own));
    }
    if !scopes.iter().any(|scope| scope.kind == own.kind) {
        scopes.insert(0, own.clone().with_budget(None));
    }
    for scope in scopes.iter_mut().filter(|scope| scope.kind == own.kind) {
        scope.budget = match (scope.budget.take(), own.budget.clone()) {
            (Some(counted), Some(stored)) => Some(Budget { soft: stored.soft, duration: stored.duration, ..counted }),
            (counted, stored) => counted.or(stored),
        };
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::money::NanoUsd;

    fn scope(kind: &str, id: &str, spent: Option<i64>) -> ScopeLimits {
        let budget = spent.map(|spent| Budget { spent: NanoUsd(spent), ..Budget::default() });
        ScopeLimits::new(kind, id, id).with_budget(budget)
    }

    #[test]
    fn the_entity_itself_is_shown_whatever_limits_it() {
        let budget = Budget { spent: NanoUsd(1), soft: Some(NanoUsd(5)), ..Budget::default() };
        let own = scope("team", "t", None).with_budget(Some(budget));
        let shown = with_own(vec![scope("organization", "o", Some(9))], &own, false);
        assert_eq!(shown.iter().map(|scope| scope.kind.as_str()).collect::<Vec<_>>(), ["team", "organization"]);
        assert_eq!(shown[0].budget, own.budget);
        // The counted figures are newer; the soft limit is known only to the entity.
        let shown = with_own(vec![scope("team", "t", Some(2))], &own, false);
        let budget = shown[0].budget.as_ref().unwrap();
        assert_eq!((budget.spent, budget.soft), (NanoUsd(2), Some(NanoUsd(5))));
    }

    #[test]
    fn what_limits_the_one_who_asks_is_left_out_where_the_entity_stands_alone() {
        let scopes =
            vec![scope("user", "me", Some(1)), scope("tag", "nightly", None), scope("tag_model", "nightly/m", None)];
        let shown = with_own(scopes, &scope("tag", "nightly", None), true);
        assert_eq!(shown.iter().map(|scope| scope.kind.as_str()).collect::<Vec<_>>(), ["tag", "tag_model"]);
    }
}
