//! Which model a judgement is about, kept in the URL as `model`.

use leptos::prelude::*;

use crate::ui::field::SelectField;
use crate::ui::location::{UrlState, use_url};

/// Names that stand for every model.
const ALL_MODELS: [&str; 3] = ["*", "all-proxy-models", "all-team-models"];

/// Of the gateway's models, those that a list of allowed ones means; where it means none, all, so that there is
/// something to ask about.
pub(crate) fn offered(names: &[String], allowed: &[String]) -> Vec<String> {
    let is_named = |name: &str| {
        allowed
            .iter()
            .any(|entry| entry == name || entry.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix)))
    };
    let means_all = allowed.is_empty() || allowed.iter().any(|entry| ALL_MODELS.contains(&entry.as_str()));
    let of_list: Vec<_> = names.iter().filter(|name| means_all || is_named(name)).cloned().collect();
    if of_list.is_empty() { names.to_vec() } else { of_list }
}

/// The model that the URL names, else the first that is offered.
pub(crate) fn chosen(url: UrlState, models: &[String]) -> String {
    url.get("model").or_else(|| models.first().cloned()).unwrap_or_default()
}

#[component]
pub(crate) fn ModelChoice(label: &'static str, models: Vec<String>) -> impl IntoView {
    let url = use_url();
    let first = models.first().cloned().unwrap_or_default();
    let named = untrack(|| url.get("model")).filter(|name| !models.contains(name));
    let options = models.iter().cloned().chain(named).map(|name| (name.clone(), name)).collect();
    let value = Signal::derive(move || chosen(url, &models));
    let choose = Callback::new(move |name: String| url.replace(&[("model", if name == first { "" } else { &name })]));
    view! { <SelectField label=label name="model" value=value options=options on_choose=choose /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_models_that_the_key_may_call_are_offered() {
        let all = names(&["claude", "gpt-4o", "gpt-5"]);
        assert_eq!(offered(&all, &[]), all);
        assert_eq!(offered(&all, &names(&["gpt-*"])), names(&["gpt-4o", "gpt-5"]));
        assert_eq!(offered(&all, &names(&["claude", "gone"])), names(&["claude"]));
        assert_eq!(offered(&all, &names(&["all-team-models"])), all);
        assert_eq!(offered(&all, &names(&["gone"])), all);
    }
}
