//! How to call a model from a shell, Python, Node and Claude Code.

use leptos::prelude::*;

use crate::browser;
use crate::pages::overview::first_call::{ANY_MODEL, curl};
use crate::ui::copy::Snippet;
use crate::ui::field::SelectField;
use crate::ui::location::use_url;
use crate::ui::segment::Segments;

/// What a snippet is for, by the word in the URL.
const KINDS: &[(&str, &str)] = &[("", "curl"), ("python", "Python"), ("node", "Node"), ("claude-code", "Claude Code")];

/// Stands for the key, which is not known here: it was shown once.
const KEY: &str = "$TOLLGATE_KEY";

#[component]
pub(crate) fn Snippets(models: Signal<Vec<String>>) -> impl IntoView {
    let url = use_url();
    let kind = url.value("call");
    let chosen = url.value("model");
    let model = Signal::derive(move || {
        chosen.get().or_else(|| models.with(|models| models.first().cloned())).unwrap_or_else(|| ANY_MODEL.to_owned())
    });
    let text = Signal::derive(move || {
        let kind = kind.get().unwrap_or_default();
        snippet(&kind, &browser::origin(), &model.get())
    });
    let choose = Callback::new(move |model: String| url.replace(&[("model", &model)]));
    let select = move || {
        let options = models.get().into_iter().map(|name| (name.clone(), name)).collect();
        view! { <SelectField label="Model" name="model" value=model options=options on_choose=choose /> }
    };
    view! {
        <div class="snippets">
            <div class="snippets-choice">
                <Segments name="call" label="Called from" options=KINDS />
                {select}
            </div>
            <Snippet text=text label="Copy" />
            <p class="hint">"Put your key in the place of "<code>"TOLLGATE_KEY"</code>". It was shown once, when it was made."</p>
        </div>
    }
}

/// What calls `model` at `origin`, ready to be pasted.
fn snippet(kind: &str, origin: &str, model: &str) -> String {
    // A JSON string is a string in Python and JavaScript, too.
    let quoted = serde_json::Value::from(model).to_string();
    match kind {
        "python" => format!(
            "import os\nfrom openai import OpenAI\n\n\
             client = OpenAI(base_url=\"{origin}/v1\", api_key=os.environ[\"TOLLGATE_KEY\"])\n\
             answer = client.chat.completions.create(\n    model={quoted},\n    \
             messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}],\n)\n\
             print(answer.choices[0].message.content)"
        ),
        "node" => format!(
            "import OpenAI from \"openai\";\n\n\
             const client = new OpenAI({{ baseURL: \"{origin}/v1\", apiKey: process.env.TOLLGATE_KEY }});\n\
             const answer = await client.chat.completions.create({{\n  model: {quoted},\n  \
             messages: [{{ role: \"user\", content: \"Hello\" }}],\n}});\n\
             console.log(answer.choices[0].message.content);"
        ),
        "claude-code" => format!(
            "export ANTHROPIC_BASE_URL={origin}\nexport ANTHROPIC_AUTH_TOKEN=\"{KEY}\"\n\
             export ANTHROPIC_MODEL={}\nclaude",
            shell_quoted(model)
        ),
        _ => curl(origin, KEY, model),
    }
}

/// As one word of a shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_names_this_gateway_and_the_model() {
        for (kind, _) in KINDS {
            let text = snippet(kind, "http://gate:4000", "it's \"x\"");
            assert!(text.contains("http://gate:4000"), "{kind}: {text}");
            assert!(text.contains("TOLLGATE_KEY") && text.contains("it"), "{kind}: {text}");
        }
        assert!(snippet("python", "o", "a\"b").contains(r#"model="a\"b""#));
        assert!(snippet("claude-code", "o", "it's").contains(r"ANTHROPIC_MODEL='it'\''s'"));
    }
}
