//! One call: how it ended, what it used, what it cost, where its time went.

use leptos::prelude::*;
use serde_json::{Map, Value};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{CallStatus, SpendLogView};

use crate::api;
use crate::format;
use crate::pages::entity::fact::{ORGANIZATION, TEAM, USER, owner};
use crate::pages::log::attempts::Chain;
use crate::pages::log::list::status_badge;
use crate::pages::log::refusal::{Obstacle, Why};
use crate::pages::log::timing::Timing;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::Drawer;
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::money::cost;
use crate::ui::time;
use crate::url::encode;

/// Where the ledger may say what went wrong, the most telling first.
const ERROR_FIELDS: &[&str] = &["error", "error_information", "error_message"];

#[component]
pub(crate) fn CallDetail(id: String, on_close: Callback<()>) -> impl IntoView {
    let load = Load::new(move || {
        let id = id.clone();
        async move { api::spend::log(&id).await }
    });
    let title = load.map(|call| call.as_ref().map(|call| call.model_group.clone()));
    let title = Signal::derive(move || title.get().unwrap_or_else(|| "Call".to_owned()));
    let ready = move || {
        load.data.get().map(|call| match call {
            Some(call) => view! { <Details call=call /> }.into_any(),
            None => view! {
                <Empty art=Icon::Search title="No such call" text="The ledger does not know this call, or not yet." />
            }
            .into_any(),
        })
    };
    view! {
        <Drawer title=title is_wide=true on_close=on_close>
            {load.show(skeleton, move || ready.into_any())}
        </Drawer>
    }
}

#[component]
fn Details(call: SpendLogView) -> impl IntoView {
    let is_failed = call.status == CallStatus::Failure;
    let (mut error, mut notices) = (error_text(&call.metadata), notices(&call.metadata));
    // What the gateway itself did is explained, and what was said of it stands there.
    let why = Obstacle::of(&call.metadata).map(|obstacle| {
        let said = match obstacle {
            Obstacle::Refused => error.take(),
            Obstacle::Limited => limited(&call.metadata).inspect(|limited| notices.retain(|notice| notice != limited)),
        };
        view! { <Why call=call.clone() obstacle=obstacle said=said.unwrap_or_default() /> }
    });
    let metadata =
        (!call.metadata.is_empty()).then(|| serde_json::to_string_pretty(&call.metadata).unwrap_or_default());
    view! {
        <div class="drawer-body">
            <div class="detail-head">
                {status_badge(&call)}
                <span class="detail-cost">{cost(call.spend)}</span>
                <span class="muted">{time::full(call.start_time)}</span>
            </div>
            {error.map(|error| view! { <p class="notice" class:notice-bad=is_failed>{error}</p> })}
            {why}
            {notices.into_iter().map(|notice| view! { <p class="notice">{notice}</p> }).collect_view()}
            <Chain metadata=call.metadata.clone() served_by=call.model_group.clone() />
            <h3>"Timing"</h3>
            <Timing call=call.clone() />
            <h3>"Tokens and cost"</h3>
            {tokens(&call)}
            <h3>"Call"</h3>
            {facts(&call)}
            {metadata.map(|json| view! { <h3>"Raw details"</h3><pre class="json" tabindex="0">{json}</pre> })}
        </div>
    }
}

/// What went wrong, in words, wherever in the metadata it is.
fn error_text(metadata: &Map<String, Value>) -> Option<String> {
    let text = ERROR_FIELDS.iter().find_map(|field| match metadata.get(*field)? {
        Value::String(text) => Some(text.clone()),
        Value::Object(error) => {
            ["message", "error_message"].iter().find_map(|name| error.get(*name)?.as_str().map(str::to_owned))
        }
        _ => None,
    });
    text.map(|text| format::sentence(&text))
}

fn limited(metadata: &Map<String, Value>) -> Option<String> {
    let limit = metadata.get("output_tokens_limited_to").and_then(Value::as_i64)?;
    Some(format!("What was left of the budget allowed {} output tokens.", format::count(limit)))
}

/// What the ledger notes about a call that a person should know.
fn notices(metadata: &Map<String, Value>) -> Vec<String> {
    let limited = limited(metadata);
    let reserved = metadata.get("reserved_nano_usd").and_then(Value::as_i64).map(|nano| {
        let reserved = format::money_exact(NanoUsd(nano));
        format!("The gateway stopped during this call. Its cost is not known; {reserved} was reserved for it.")
    });
    let counted = (metadata.get("usage_source").and_then(Value::as_str) == Some("counted"))
        .then(|| "The provider sent no usage: the tokens were counted by the gateway.".to_owned());
    [limited, reserved, counted].into_iter().flatten().collect()
}

/// What the call used that is not counted in tokens, in words.
fn units(metadata: &Map<String, Value>) -> Vec<(&'static str, String)> {
    const LABELS: [(&str, &str); 5] = [
        ("characters", "Characters read aloud"),
        ("audio_ms", "Seconds of sound heard"),
        ("queries", "Searches"),
        ("output_audio_ms", "Seconds of sound made"),
        ("images", "Pictures made"),
    ];
    let units = metadata.get("units").and_then(Value::as_object);
    let shown = |(name, label): (&str, &'static str)| {
        let count = units?.get(name)?.as_i64()?;
        let text = if name.ends_with("_ms") { seconds(count) } else { format::count(count) };
        Some((label, text))
    };
    LABELS.into_iter().filter_map(shown).collect()
}

fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", format::count(milliseconds / 1000), milliseconds % 1000)
}

fn tokens(call: &SpendLogView) -> impl IntoView + use<> {
    let part = |label: &'static str, count: i64| {
        (count > 0).then(|| {
            view! { <dt class="facts-part">{label}</dt><dd class="number">{format::count(count)}</dd> }
        })
    };
    view! {
        <dl class="facts facts-numbers">
            <dt>"Input"</dt><dd class="number">{format::count(call.prompt_tokens)}</dd>
            {part("of it read from cache", call.cache_read_input_tokens)}
            {part("of it written to cache", call.cache_creation_input_tokens)}
            <dt>"Output"</dt><dd class="number">{format::count(call.completion_tokens)}</dd>
            {part("of it reasoning", call.reasoning_tokens)}
            {units(&call.metadata)
                .into_iter()
                .map(|(label, count)| view! { <dt>{label}</dt><dd class="number">{count}</dd> })
                .collect_view()}
            <dt class="facts-sum">"Cost"</dt>
            <dd class="number facts-sum">{format::money_exact(call.spend)}</dd>
            {[("saved by the cache", call.saved_by_cache), ("saved by the provider's cache", call.saved_by_prompt_cache)]
                .into_iter()
                .filter(|(_, saved)| *saved != NanoUsd::ZERO)
                .map(|(label, saved)| view! { <dt class="facts-part">{label}</dt><dd class="number">{format::money_exact(saved)}</dd> })
                .collect_view()}
        </dl>
    }
}

/// How much of the answer came from the cache, how old it was, and what that saved.
fn from_cache(call: &SpendLogView) -> Option<String> {
    let note = call.metadata.get("cache").and_then(Value::as_object);
    let number = |name: &str| note?.get(name)?.as_f64();
    let count = |name: &str| Some(format::count(note?.get(name)?.as_i64()?));
    let part = count("found").zip(count("inputs")).map(|(found, all)| format!("{found} of {all} inputs"));
    let whole = (call.cache_hit == "True").then(|| "yes".to_owned());
    let what = part.or(whole)?;
    let age = number("age_seconds").map(|seconds| format!("{} old", format::duration_ms(seconds * 1000.0)));
    let alike = number("similarity").map(|similarity| format!("to a question {:.1} % alike", similarity * 100.0));
    let saved = number("saved").and_then(|usd| NanoUsd::from_usd(usd).ok()).map(format::money_exact);
    let saved = saved.map(|saved| format!("saved {saved}"));
    Some([Some(what), age, alike, saved].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn facts(call: &SpendLogView) -> impl IntoView + use<> {
    let row = |label: &'static str, value: Option<String>| {
        value.filter(|v| !v.is_empty()).map(|value| view! { <dt>{label}</dt><dd>{value}</dd> })
    };
    let key_name = call.key_alias.clone().unwrap_or_else(|| call.api_key.clone());
    let key_href = format!("/ui/keys?key={}", encode(&call.api_key));
    view! {
        <dl class="facts">
            <dt>"Id"</dt>
            <dd class="with-button">
                <span class="code ellipsis" title=call.request_id.clone()>{call.request_id.clone()}</span>
                <CopyButton text=call.request_id.clone() label="Copy" />
            </dd>
            <dt>"Key"</dt><dd class="ellipsis"><a href=key_href>{key_name}</a></dd>
            {row("Provider", call.custom_llm_provider.clone())}
            {row("Provider model", Some(call.model.clone()))}
            {row("Deployment", call.model_id.clone())}
            {row("Endpoint", call.api_base.clone())}
            {row("Provider's id", call.response_id.clone())}
            {row("HTTP status", (call.status_code > 0).then(|| call.status_code.to_string()))}
            {row("Streamed", Some(if call.stream { "yes" } else { "no" }.to_owned()))}
            {row("From cache", from_cache(call))}
            {owner("Owner", call.user.as_deref(), USER)}
            {owner("Team", call.team_id.as_deref(), TEAM)}
            {owner("Organization", call.organization_id.as_deref(), ORGANIZATION)}
            {row("End user", call.end_user.clone())}
            {row("Client address", call.requester_ip_address.clone())}
            {row("Tags", Some(call.request_tags.join(", ")))}
        </dl>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_found_in_either_form() {
        let metadata = |json: Value| json.as_object().cloned().unwrap();
        let plain = metadata(serde_json::json!({"error": "no budget left"}));
        assert_eq!(error_text(&plain).as_deref(), Some("No budget left."));
        let body = metadata(serde_json::json!({"error_information": {"error_message": "timeout"}}));
        assert_eq!(error_text(&body).as_deref(), Some("Timeout."));
        assert_eq!(error_text(&Map::new()), None);
    }

    #[test]
    fn what_is_no_token_is_named() {
        let json = serde_json::json!({"units": {"images": 2, "audio_ms": 61_500, "unheard_of": 1}});
        let units = units(json.as_object().unwrap());
        let expected = [("Seconds of sound heard", "61.500".to_owned()), ("Pictures made", "2".to_owned())];
        assert_eq!(units, expected);
        assert!(super::units(&Map::new()).is_empty());
    }

    #[test]
    fn what_a_person_should_know_is_said() {
        let json =
            serde_json::json!({"reserved_nano_usd": 42, "output_tokens_limited_to": 1200, "usage_source": "counted"});
        let notices = notices(json.as_object().unwrap());
        assert_eq!(notices.len(), 3);
        assert!(notices[0].contains("1,200 output tokens"), "{notices:?}");
        assert!(notices[1].contains("$0.000000042"), "{notices:?}");
        assert!(super::notices(&Map::new()).is_empty());
    }
}
