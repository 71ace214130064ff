//! What limits a key: each scope that its calls are charged to, and what is left there.

use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::key::KeyView;
use tollgate_openapi::policy::PolicyExplain;

use crate::api;
use crate::browser;
use crate::pages::key::list::{budget, name};
use crate::pages::policy::model_choice::{ModelChoice, chosen, offered};
use crate::pages::policy::scope::{Scope, ScopeLimits, scopes_of};
use crate::pages::policy::words::stopped_before_limits;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;

/// How often the figures are asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// The key's own scope, as the API calls it.
const KEY_SCOPE: &str = "key";

#[component]
pub(crate) fn KeyLimits(key: KeyView) -> impl IntoView {
    let names = Load::new(api::model::names);
    let allowed = key.models.clone();
    let models = Memo::new(move |_| names.data.with(|names| offered(names.as_deref().unwrap_or_default(), &allowed)));
    let key = StoredValue::new(key);
    let ready = move || {
        let models = models.get();
        if models.is_empty() {
            return view! { <p class="notice">"The gateway has no models yet, so there is no call to limit."</p> }
                .into_any();
        }
        view! { <Limits key=key.get_value() models=models /> }.into_any()
    };
    view! { {names.show(skeleton, move || ready.into_any())} }
}

#[component]
fn Limits(key: KeyView, models: Vec<String>) -> impl IntoView {
    let (url, token, offered) = (use_url(), key.token.clone(), models.clone());
    let model = Memo::new(move |_| chosen(url, &offered));
    let load = Load::new(move || {
        let question = PolicyExplain { key: Some(token.clone()), model: model.get(), ..PolicyExplain::default() };
        async move { api::policy::explain(&question).await }
    });
    load.refresh_every(REFRESH_EVERY, Signal::stored(true));
    let scopes = Memo::new(move |_| {
        load.data
            .with(|answer| answer.as_ref().map(|answer| with_own(scopes_of(&answer.checks), &key)).unwrap_or_default())
    });
    let stopped = Memo::new(move |_| {
        load.data.with(|answer| answer.as_ref().and_then(|answer| stopped_before_limits(answer, browser::now())))
    });
    let ready = move || {
        let rows = move || scopes.get().into_iter().map(|limits| view! { <Scope limits=limits /> }).collect_view();
        view! {
            {move || stopped.get().map(|text| view! { <p class="notice notice-bad">{text}</p> })}
            <ul class="scopes">{rows}</ul>
            <p class="hint">"A call must fit in every one of them: the tightest decides."</p>
        }
        .into_any()
    };
    view! {
        <section class="limits" aria-labelledby="limits-title">
            <div class="limits-head">
                <h3 id="limits-title">"What limits this key"</h3>
                <ModelChoice label="For calls to" models=models />
            </div>
            {load.show(skeleton, ready)}
        </section>
    }
}

/// The scopes with the key's own first, even where it has no limit, and with what only the key itself tells.
fn with_own(mut scopes: Vec<ScopeLimits>, key: &KeyView) -> Vec<ScopeLimits> {
    if !scopes.iter().any(|scope| scope.kind == KEY_SCOPE) {
        scopes.insert(0, ScopeLimits::new(KEY_SCOPE, &key.token, &name(key)));
    }
    for scope in scopes.iter_mut().filter(|scope| scope.kind == KEY_SCOPE) {
        let stored = budget(key);
        scope.budget = Some(match scope.budget.take() {
            Some(counted) => crate::ui::meter::Budget { soft: stored.soft, duration: stored.duration, ..counted },
            None => stored,
        });
    }
    scopes
}
