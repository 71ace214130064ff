//! One thing that was said.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;

use crate::api::chat::Message;
use crate::format;

/// A question, or an answer and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The model that answers; empty: the reader said it.
    model: String,
    pub(crate) text: String,
    pub(crate) error: Option<String>,
    /// Input and output tokens.
    pub(crate) tokens: Option<(i64, i64)>,
    pub(crate) first_token_ms: Option<i64>,
    pub(crate) total_ms: Option<i64>,
    pub(crate) cost: Option<NanoUsd>,
}

impl Turn {
    pub(crate) fn said(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    pub(crate) fn answer(model: String) -> Self {
        Self { model, ..Self::default() }
    }

    /// As the model is told; what failed is not.
    pub(crate) fn message(&self) -> Option<Message> {
        let role = if self.model.is_empty() { "user" } else { "assistant" };
        (!self.text.is_empty()).then(|| Message { role, content: self.text.clone() })
    }

    /// What is known of an answer, in words.
    fn figures(&self) -> Vec<(&'static str, String)> {
        let ms = |ms: Option<i64>| ms.map(|ms| format::duration_ms(format::to_f64(ms)));
        let tokens =
            self.tokens.map(|(input, output)| format!("{} in, {} out", format::count(input), format::count(output)));
        let figures = [
            ("Cost", self.cost.map(format::money_exact)),
            ("Tokens", tokens),
            ("First token after", ms(self.first_token_ms)),
            ("Whole answer after", ms(self.total_ms)),
        ];
        figures.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
    }
}

pub(crate) fn turn_view(turn: Turn) -> AnyView {
    if turn.model.is_empty() {
        return view! { <div class="turn turn-said"><p>{turn.text}</p></div> }.into_any();
    }
    let figures = turn.figures().into_iter().map(|(label, text)| {
        view! { <div><dt>{label}</dt><dd class="number">{text}</dd></div> }
    });
    let figures = figures.collect_view();
    let waiting = (turn.text.is_empty() && turn.error.is_none()).then(|| view! { <p class="muted">"…"</p> });
    let error = turn
        .error
        .clone()
        .map(|error| view! { <p class="notice notice-bad" role="alert">{format::sentence(&error)}</p> });
    view! {
        <div class="turn turn-answer">
            <span class="turn-model">{turn.model.clone()}</span>
            {waiting}
            {(!turn.text.is_empty()).then(|| view! { <p class="turn-text">{turn.text.clone()}</p> })}
            {error}
            <dl class="turn-figures">{figures}</dl>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_not_told_to_the_model() {
        assert_eq!(Turn::said("Hello".to_owned()).message().unwrap().role, "user");
        let mut answer = Turn::answer("demo".to_owned());
        assert_eq!(answer.message(), None);
        answer.text = "Hi".to_owned();
        assert_eq!(answer.message().unwrap().role, "assistant");
    }

    #[test]
    fn only_what_is_known_is_shown() {
        let mut answer = Turn::answer("demo".to_owned());
        assert!(answer.figures().is_empty());
        answer.cost = Some(NanoUsd(40_000));
        answer.tokens = Some((1200, 5));
        answer.first_token_ms = Some(80);
        let shown: Vec<_> = answer.figures().into_iter().map(|(_, text)| text).collect();
        assert_eq!(shown, ["$0.00004", "1,200 in, 5 out", "80 ms"]);
    }
}
