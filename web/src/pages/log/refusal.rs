//! Why a call was refused or its answer limited: what was said then, and how it stands now.

use leptos::prelude::*;
use serde_json::{Map, Value};
use tollgate_openapi::policy::PolicyExplain;
use tollgate_openapi::spend::SpendLogView;

use crate::api;
use crate::api::{ApiError, STATUS_NOT_FOUND};
use crate::browser;
use crate::pages::policy::answer::Answer;
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::url::encode;

/// What the ledger knows the master key as.
const MASTER_KEY: &str = "litellm_proxy_master_key";

/// How a policy stood in a call's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    Refused,
    Limited,
}

impl Obstacle {
    /// What the ledger notes where the gateway itself refused or shortened a call.
    pub(crate) fn of(metadata: &Map<String, Value>) -> Option<Self> {
        if metadata.contains_key("error_type") {
            Some(Self::Refused)
        } else if metadata.contains_key("output_tokens_limited_to") {
            Some(Self::Limited)
        } else {
            None
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Refused => "Why was this refused?",
            Self::Limited => "Why was the answer limited?",
        }
    }
}

/// The call as it is judged now.
fn question(call: &SpendLogView) -> PolicyExplain {
    // A name that is no model's is kept apart from the sums.
    let asked = call.metadata.get("requested_model").and_then(Value::as_str);
    PolicyExplain {
        key: Some(call.api_key.clone()),
        model: asked.unwrap_or(&call.model_group).to_owned(),
        input_tokens: u64::try_from(call.prompt_tokens).unwrap_or(0),
        end_user: call.end_user.clone().filter(|user| !user.is_empty()),
        tags: call.request_tags.clone(),
        ..PolicyExplain::default()
    }
}

#[component]
pub(crate) fn Why(
    call: SpendLogView,
    obstacle: Obstacle,
    /// What was said then.
    said: String,
) -> impl IntoView {
    let is_asked = RwSignal::new(false);
    let (is_master, question) = (call.api_key == MASTER_KEY, question(&call));
    let now = move || {
        if is_master {
            return view! { <p class="muted">"It was made with the master key, which only the limits of the whole gateway stop."</p> }.into_any();
        }
        if is_asked.get() {
            return view! { <Now question=question.clone() /> }.into_any();
        }
        view! {
            <button class="button button-small" type="button" on:click=move |_| is_asked.set(true)>
                "Check it again now"
            </button>
        }
        .into_any()
    };
    view! {
        <section class="limits" aria-labelledby="why-title">
            <h3 id="why-title">{obstacle.title()}</h3>
            <div class="notice" class:notice-bad=obstacle == Obstacle::Refused>
                <p class="why-then">"Then, "{time::full(call.start_time)}</p>
                <p>{said}</p>
            </div>
            {now}
        </section>
    }
}

#[component]
fn Now(question: PolicyExplain) -> impl IntoView {
    let elsewhere = format!(
        "/ui/keys?key={}&tab=explain&model={}&input={}&end_user={}&tags={}",
        encode(question.key.as_deref().unwrap_or_default()),
        encode(&question.model),
        question.input_tokens,
        encode(question.end_user.as_deref().unwrap_or_default()),
        encode(&question.tags.join(",")),
    );
    let is_empty = question.input_tokens == 0;
    let load = Load::new(move || {
        let question = question.clone();
        async move { api::policy::explain(&question).await.map_err(no_longer) }
    });
    let ready = move || {
        view! {
            <p class="muted why-now">
                <span class="strong">"Now, "{time::full(browser::now())}</span>
                ": how the same call would fare. Since then budgets may have reset, limits changed and other calls ended."
                {is_empty.then_some(" The size of its prompt was not recorded: it is taken as empty.")}
            </p>
            <Answer answer=load.data />
            <div class="actions">
                <button class="button button-small" type="button" on:click=move |_| load.refresh()>"Check again"</button>
                <a class="button button-small" href=elsewhere.clone()>"Try other sizes"</a>
            </div>
        }
        .into_any()
    };
    load.show(skeleton, ready)
}

/// A key that is gone cannot be judged, which is no fault of anybody.
fn no_longer(error: ApiError) -> ApiError {
    if error.status == STATUS_NOT_FOUND {
        let message = "The key no longer exists, so its calls cannot be judged now.".to_owned();
        return ApiError { message, ..error };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_gateway_did_itself_is_explained() {
        let of = |json: Value| Obstacle::of(json.as_object().unwrap());
        assert_eq!(of(json!({"error": "timeout"})), None);
        assert_eq!(of(json!({"error": "no budget", "error_type": "budget_exceeded"})), Some(Obstacle::Refused));
        assert_eq!(of(json!({"output_tokens_limited_to": 12})), Some(Obstacle::Limited));
    }
}
