//! Would a call pass, and why? What is asked stands in the URL.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use tollgate_openapi::policy::PolicyExplain;

use crate::api;
use crate::input::{parse_count, some_text};
use crate::pages::policy::answer::Answer;
use crate::pages::policy::model_choice::{ModelChoice, chosen, offered};
use crate::ui::field::{TextField, focus_wrong};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};

/// Tokens of a prompt to begin with: a page of text.
const INPUT_TOKENS: u64 = 1_000;

/// What of the URL is about the trial.
pub(crate) const STATE: &[&str] = &["model", "input", "max", "end_user", "tags"];

/// Asks about calls that `who` would make; what is typed comes on top of it.
#[component]
pub(crate) fn Trial(
    who: PolicyExplain,
    /// Models that may be called; none: all.
    allowed: Vec<String>,
    /// Whose call is judged, where that is not plain.
    #[prop(optional)]
    hint: &'static str,
) -> impl IntoView {
    let names = Load::new(api::model::names);
    let models = Memo::new(move |_| names.data.with(|names| offered(names.as_deref().unwrap_or_default(), &allowed)));
    let ready = move || view! { <Judged who=who.clone() models=models.get() hint=hint /> }.into_any();
    names.show(skeleton, move || ready.clone().into_any())
}

/// What the URL asks.
fn question_of(url: UrlState, who: &PolicyExplain, models: &[String]) -> PolicyExplain {
    let number = |name: &str| url.get(name).and_then(|text| text.parse().ok());
    PolicyExplain {
        model: chosen(url, models),
        input_tokens: number("input").unwrap_or(INPUT_TOKENS),
        max_tokens: number("max").filter(|max| *max > 0),
        end_user: url.get("end_user"),
        tags: url.get("tags").map(|tags| tags_of(&tags)).unwrap_or_default(),
        ..who.clone()
    }
}

/// Tags as they are typed: with commas between.
fn tags_of(text: &str) -> Vec<String> {
    text.split(',').filter_map(some_text).collect()
}

#[component]
fn Judged(who: PolicyExplain, models: Vec<String>, hint: &'static str) -> impl IntoView {
    let url = use_url();
    let question = {
        let models = models.clone();
        Memo::new(move |_| Question(question_of(url, &who, &models)))
    };
    let load = Load::new(move || {
        let question = question.get().0;
        async move { api::policy::explain(&question).await }
    });
    view! {
        <section class="limits" aria-labelledby="explain-title">
            <h3 id="explain-title">"Would a call pass?"</h3>
            {(!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> })}
            <TrialForm question=question models=models on_repeat=Callback::new(move |()| load.refresh()) />
            {load.show(skeleton, move || view! { <Answer answer=load.data /> }.into_any())}
        </section>
    }
}

/// [`PolicyExplain`] as a memo holds it.
#[derive(Clone, Debug, PartialEq)]
struct Question(PolicyExplain);

#[component]
fn TrialForm(question: Memo<Question>, models: Vec<String>, on_repeat: Callback<()>) -> impl IntoView {
    let url = use_url();
    let asked = question.get_untracked().0;
    let input = RwSignal::new(asked.input_tokens.to_string());
    let max = RwSignal::new(asked.max_tokens.map(|max| max.to_string()).unwrap_or_default());
    let end_user = RwSignal::new(asked.end_user.unwrap_or_default());
    let tags = RwSignal::new(asked.tags.join(", "));
    let errors = RwSignal::new(BTreeMap::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let mut wrong = BTreeMap::new();
        let mut parse = |name: &str, text: String| {
            parse_count(&text).unwrap_or_else(|error| {
                wrong.insert(name.to_owned(), error);
                None
            })
        };
        let input = parse("input_tokens", input.get_untracked()).map(|count| count.to_string()).unwrap_or_default();
        let max = parse("max_tokens", max.get_untracked()).map(|count| count.to_string()).unwrap_or_default();
        let is_wrong = !wrong.is_empty();
        errors.set(wrong);
        if is_wrong {
            return focus_wrong();
        }
        let before = question.get_untracked();
        let (end_user, tags) = (end_user.get_untracked(), tags_of(&tags.get_untracked()).join(","));
        url.replace(&[("input", &input), ("max", &max), ("end_user", end_user.trim()), ("tags", &tags)]);
        if question.get_untracked() == before {
            on_repeat.run(());
        }
    };
    view! {
        <form class="trial" on:submit=submit novalidate>
            <ModelChoice label="Model" models=models />
            <TextField label="Prompt tokens" name="input_tokens" value=input errors=errors inputmode="numeric" placeholder="1000" />
            <TextField label="max_tokens" name="max_tokens" value=max errors=errors inputmode="numeric" placeholder="Not set" />
            <TextField label="End user" name="end_user" value=end_user errors=errors placeholder="None" />
            <TextField label="Tags" name="tags" value=tags errors=errors placeholder="None" />
            <button class="button" type="submit">"Check"</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_typed_with_commas() {
        assert_eq!(tags_of(" nightly, batch ,,"), ["nightly", "batch"]);
        assert!(tags_of("").is_empty());
    }
}
