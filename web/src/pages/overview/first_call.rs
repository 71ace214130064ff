//! Nothing was called yet: how to make the first call.

use leptos::prelude::*;

use crate::api;
use crate::browser;
use crate::ui::copy::Snippet;
use crate::ui::load::Load;

/// Stands for the key where none is known.
const KEY_PLACEHOLDER: &str = "$TOLLGATE_KEY";

/// Stands for the model where none is known.
pub(crate) const ANY_MODEL: &str = "demo";

/// A call that works when pasted into a shell.
pub(crate) fn curl(origin: &str, key: &str, model: &str) -> String {
    // Written out, since the model comes first where people look for it.
    let model = serde_json::Value::from(model);
    let body = format!(r#"{{"model": {model}, "messages": [{{"role": "user", "content": "Hello"}}]}}"#);
    // A quote in a model's name would end the shell's string.
    let body = body.replace('\'', r"'\''");
    format!(
        "curl {origin}/v1/chat/completions \\\n  \
         -H \"Authorization: Bearer {key}\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  \
         -d '{body}'"
    )
}

#[component]
pub(crate) fn FirstCall(on_check: Callback<()>) -> impl IntoView {
    let models = Load::new(api::model::callable);
    let model = models.map(Clone::clone);
    let snippet =
        Signal::derive(move || curl(&browser::origin(), KEY_PLACEHOLDER, model.get().as_deref().unwrap_or(ANY_MODEL)));
    view! {
        <section class="card first-call">
            <h2>"Make the first call"</h2>
            <p class="muted">"Spend, requests and latency appear here once an application calls a model."</p>
            <ol>
                <li>
                    <p>
                        <a class="button button-primary" href="/ui/keys?new=1">"Create a key"</a>
                        " for the application. It can be tried in the playground at once."
                    </p>
                </li>
                <li>
                    <p>"Or call a model with it yourself:"</p>
                    <Snippet text=snippet label="Copy command" />
                </li>
                <li>
                    <p>
                        "See it here. "
                        <button class="button button-small" type="button" on:click=move |_| on_check.run(())>
                            "Check for calls"
                        </button>
                    </p>
                </li>
            </ol>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_survives_the_shell() {
        let text = curl("http://localhost:4000", "sk-1", "it's");
        assert!(text.starts_with("curl http://localhost:4000/v1/chat/completions \\\n  -H"), "{text}");
        assert!(text.contains(r#""model": "it'\''s""#), "{text}");
    }
}
