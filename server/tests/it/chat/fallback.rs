//! Models that stand in for one that fails.

use serde_json::{Value, json};

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

fn error(status: u16, message: &str) -> Behaviour {
    Behaviour::Status(status, json!({"error": {"message": message}}).to_string(), vec![])
}

fn too_long() -> Behaviour {
    error(400, "This model's maximum context length is 8192 tokens")
}

fn refused() -> Behaviour {
    let body = json!({"error": {"message": "No.", "code": "content_filter"}});
    Behaviour::Status(400, body.to_string(), vec![])
}

/// A call to `gpt` with these members besides.
fn ask_with(members: Value) -> Value {
    let mut body = ask("gpt");
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

struct Three {
    gpt: FakeUpstream,
    claude: FakeUpstream,
    gemini: FakeUpstream,
    app: TestApp,
}

/// Models `gpt`, `claude` and `gemini` with these settings of the router.
async fn three(settings: &str) -> Three {
    let (gpt, claude, gemini) = (FakeUpstream::start(), FakeUpstream::start(), FakeUpstream::start());
    let models = [gpt.deployment("gpt", "a"), claude.deployment("claude", "b"), gemini.deployment("gemini", "c")];
    let yaml = format!("router_settings:\n  num_retries: 0\n{settings}\nmodel_list:\n{}", models.concat());
    let app = TestApp::builder().config(&yaml).start().await;
    Three { gpt, claude, gemini, app }
}

#[tokio::test]
async fn the_next_model_answers_and_the_log_shows_the_chain() {
    let Three { gpt, claude, gemini, app } = three("  fallbacks: [{gpt: [claude, gemini]}]").await;
    gpt.then(error(500, "broken"));
    claude.then(error(429, "busy"));
    let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-attempted-fallbacks"), "2");
    assert_eq!(answer.header("x-litellm-attempted-retries"), "0");
    assert_eq!((answer.header("x-litellm-model-group"), answer.header("x-litellm-model-id")), ("gemini", "c"));
    assert_eq!([&gpt, &claude, &gemini].map(|one| one.received().len()), [1, 1, 1]);
    assert_eq!(gemini.received()[0].json()["model"], "gemini-upstream");

    assert_eq!((app.settled().await.calls, app.settled().await.spend.0), (1, 50_000));
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!((&log["status"], &log["model_group"]), (&json!("success"), &json!("gemini")));
    let notes = &log["metadata"];
    assert_eq!(
        (&notes["original_model_group"], &notes["fallback_reason"]),
        (&json!("gpt"), &json!("InternalServerError"))
    );
    assert_eq!((&notes["attempted_fallbacks"], &notes["attempted_retries"]), (&json!(2), &json!(0)));
    let attempts = notes["attempts"].as_array().unwrap();
    let shown =
        |one: &Value| [&one["kind"], &one["model_group"], &one["model_id"], &one["error_class"]].map(Value::clone);
    assert_eq!(shown(&attempts[0]), ["first", "gpt", "a", "InternalServerError"].map(Value::from));
    assert_eq!(shown(&attempts[1]), ["fallback", "claude", "b", "RateLimitError"].map(Value::from));
    assert_eq!((&attempts[0]["status"], &attempts[1]["status"]), (&json!(500), &json!(429)));
    assert!(attempts[0]["error"].as_str().unwrap().contains("broken"));
    assert_eq!((&notes["served"]["kind"], &notes["served"]["model_id"]), (&json!("fallback"), &json!("c")));
}

#[tokio::test]
async fn a_chain_is_followed_and_ends() {
    let settings = "  fallbacks: [{gpt: [claude]}, {claude: [gemini]}, {gemini: [gpt]}]";
    let Three { gpt, claude, gemini, app } = three(settings).await;
    gpt.then(error(500, "first"));
    claude.then(error(500, "second"));
    gemini.then(error(503, "third"));
    let answer = app.post(CHAT, ask("gpt")).expect_status(503).await;
    assert!(answer.body().contains("third") && !answer.body().contains("first"), "{}", answer.body());
    assert_eq!([&gpt, &claude, &gemini].map(|one| one.received().len()), [1, 1, 1]);
    assert_eq!(app.settled().await.spend.0, 0);
}

#[tokio::test]
async fn the_number_of_models_is_bounded() {
    let Three { gpt, claude, gemini, app } = three("  fallbacks: [{gpt: [claude, gemini]}]\n  max_fallbacks: 1").await;
    gpt.then(error(500, "first"));
    claude.then(error(500, "second"));
    app.post(CHAT, ask("gpt")).expect_status(500).await;
    assert_eq!([&gpt, &claude, &gemini].map(|one| one.received().len()), [1, 1, 0]);
    app.settled().await;
}

#[tokio::test]
async fn prompts_that_are_too_long_and_refused_content_have_models_of_their_own() {
    let settings = "  fallbacks: [{gpt: [claude]}]\n  context_window_fallbacks: [{gpt: [gemini]}]\n  \
                    content_policy_fallbacks: [{gpt: [gemini]}]";
    let Three { gpt, claude, gemini, app } = three(settings).await;
    for (failure, expected) in [(too_long(), "c"), (refused(), "c"), (error(500, "broken"), "b")] {
        gpt.then(failure);
        let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), expected);
    }
    assert_eq!((claude.received().len(), gemini.received().len()), (1, 2));
    app.settled().await;
}

#[tokio::test]
async fn a_prompt_that_is_too_long_here_may_fit_a_sibling() {
    let (small, large) = (FakeUpstream::start(), FakeUpstream::start());
    let order = |entry: String, order: u32| entry.replace("api_key:", &format!("order: {order}\n      api_key:"));
    let models = [order(small.deployment("gpt", "small"), 1), order(large.deployment("gpt", "large"), 2)];
    let app = TestApp::builder().config(&format!("model_list:\n{}", models.concat())).start().await;
    small.then(too_long());
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-id"), "large");
    app.settled().await;
}

#[tokio::test]
async fn any_group_and_default_models_stand_in() {
    for settings in ["  fallbacks: [{'*': [claude]}]", "  default_fallbacks: [claude]"] {
        let Three { gpt, claude, gemini: _gemini, app } = three(settings).await;
        gpt.then(error(401, "no key"));
        assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-id"), "b", "{settings}");
        assert_eq!(claude.received().len(), 1);
        app.settled().await;
    }
}

#[tokio::test]
async fn a_request_names_its_own_or_none() {
    let Three { gpt, claude, gemini, app } = three("  fallbacks: [{gpt: [claude]}]").await;
    gpt.then(error(500, "broken")).then(error(500, "broken")).then(error(500, "broken"));
    let answer = app.post(CHAT, ask_with(json!({"fallbacks": ["gemini"]}))).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "c");
    let answer = app.post(CHAT, ask_with(json!({"fallbacks": [{"gpt": ["gemini"]}]}))).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "c");
    app.post(CHAT, ask_with(json!({"disable_fallbacks": true}))).expect_status(500).await;
    assert!(claude.received().is_empty());
    assert!(gemini.received().iter().all(|call| call.json().get("fallbacks").is_none()));
    let (_, param, _) = app.post(CHAT, ask_with(json!({"fallbacks": "gemini"}))).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("fallbacks"));
    app.settled().await;
}

#[tokio::test]
async fn nobody_reaches_a_model_that_the_key_may_not_use() {
    let Three { gpt, claude, gemini, app } = three("  fallbacks: [{gpt: [claude, gemini]}]").await;
    let key = app.new_key(json!({"models": ["gpt", "gemini"]})).await;
    gpt.then(error(500, "broken"));
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "c");
    gpt.then(error(500, "broken"));
    app.bearer(&key).post(CHAT, ask_with(json!({"fallbacks": ["claude", "nobody"]}))).expect_status(500).await;
    assert!(claude.received().is_empty());
    assert_eq!(gemini.received().len(), 1);
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value();
    let refusals = |log: &Value| {
        let attempts = log["metadata"]["attempts"].as_array().unwrap().clone();
        attempts.iter().map(|one| one["model_group"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut chains: Vec<_> = log.as_array().unwrap().iter().map(refusals).collect();
    chains.sort();
    assert_eq!(chains, [vec!["gpt", "claude"], vec!["gpt", "claude", "nobody"]]);
}

#[tokio::test]
async fn a_model_that_stands_in_has_to_fit_the_budget_and_is_reserved_for_anew() {
    let (gpt, dear) = (FakeUpstream::start(), FakeUpstream::start());
    let dear_entry = dear.deployment("dear", "b").replace("0.000002", "1");
    let yaml = format!(
        "router_settings:\n  num_retries: 0\n  fallbacks: [{{gpt: [dear]}}]\nmodel_list:\n{}{dear_entry}",
        gpt.deployment("gpt", "a")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.new_key(json!({"max_budget": 20})).await;
    let call = ask_with(json!({"max_tokens": 32}));
    gpt.then(error(500, "broken")).then(error(500, "broken"));
    // Of 32 tokens at a dollar each, twenty dollars afford nineteen.
    let answer = app.bearer(&key).post(CHAT, &call).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "b");
    assert_eq!(dear.received()[0].json()["max_tokens"], 19);
    app.settled().await;
    // The provider wrote twenty: nothing is left.
    app.bearer(&key).post(CHAT, &call).expect_status(400).await;
    assert_eq!(dear.received().len(), 1);
    app.settled().await;
}

#[tokio::test]
async fn requests_are_counted_once_however_many_models_are_asked() {
    let Three { gpt, claude: _claude, gemini: _gemini, app } = three("  fallbacks: [{gpt: [claude]}]").await;
    let key = app.new_key(json!({"rpm_limit": 2})).await;
    for _ in 0..2 {
        gpt.then(error(500, "broken"));
        app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    }
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(429).await;
    app.settled().await;
}

#[tokio::test]
async fn streams_and_other_protocols_fall_back_before_anything_is_sent() {
    let Three { gpt, claude: _claude, gemini: _gemini, app } = three("  fallbacks: [{gpt: [claude]}]").await;
    gpt.then(error(500, "x")).then(error(500, "x")).then(error(500, "x")).then(error(500, "x"));
    let streamed = app.post(CHAT, ask_with(json!({"stream": true}))).expect_status(200).await;
    assert!(streamed.body().contains(" there"), "{}", streamed.body());
    let message = json!({"model": "gpt", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let answer = app.post("/v1/messages", &message).expect_status(200).await;
    assert_eq!((answer.header("x-litellm-model-id"), &answer.value()["type"]), ("b", &json!("message")));
    let answer = app.post("/v1/responses", json!({"model": "gpt", "input": "hi"})).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "b");
    let response = json!({"model": "gpt", "input": "hi", "disable_fallbacks": true});
    app.post("/v1/responses", response).expect_status(500).await;
    app.settled().await;
}

#[tokio::test]
async fn a_failure_can_be_asked_for() {
    let settings = "  fallbacks: [{gpt: [claude]}]\n  context_window_fallbacks: [{gpt: [gemini]}]\n  \
                    content_policy_fallbacks: [{gpt: [gemini]}]";
    let Three { gpt, claude: _claude, gemini: _gemini, app } = three(settings).await;
    for (flag, expected) in [
        ("mock_testing_fallbacks", "b"),
        ("mock_testing_context_fallbacks", "c"),
        ("mock_testing_content_policy_fallbacks", "c"),
        ("mock_testing_rate_limit_error", "b"),
    ] {
        let answer = app.post(CHAT, ask_with(json!({flag: true}))).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), expected, "{flag}");
    }
    let alone = ask_with(json!({"mock_testing_rate_limit_error": true, "disable_fallbacks": true}));
    app.post(CHAT, alone).expect_status(429).await;
    assert!(gpt.received().is_empty());
    app.settled().await;
}

#[tokio::test]
async fn a_key_and_its_team_have_their_own() {
    let Three { gpt, claude, gemini, app } = three("  fallbacks: [{gpt: [gemini]}]").await;
    let team = json!({"team_id": "t", "router_settings": {"fallbacks": [{"gpt": ["claude"]}], "num_retries": 1}});
    app.post("/team/new", team).expect_status(200).await;
    let key = app.new_key(json!({"team_id": "t"})).await;
    gpt.then(error(503, "busy")).then(error(503, "busy"));
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "b");
    assert_eq!((answer.header("x-litellm-attempted-retries"), gpt.received().len()), ("1", 2));

    let settings = json!({"key": key, "router_settings": {"fallbacks": [{"gpt": ["gemini"]}], "num_retries": 0}});
    app.post("/key/update", settings).expect_status(200).await;
    gpt.then(error(503, "busy"));
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!((answer.header("x-litellm-model-id"), gpt.received().len()), ("c", 3));
    assert_eq!((claude.received().len(), gemini.received().len()), (1, 1));

    app.post("/key/update", json!({"key": key, "router_settings": {}})).expect_status(200).await;
    app.post("/team/update", json!({"team_id": "t", "router_settings": null})).expect_status(200).await;
    gpt.then(error(500, "broken"));
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "c", "the gateway's own");
    app.settled().await;
}

#[tokio::test]
async fn wrong_settings_of_a_key_or_team_are_named_and_change_nothing() {
    let Three { gpt: _gpt, claude: _claude, gemini: _gemini, app } = three("").await;
    let settings = json!({"router_settings": {"fallbacks": {"gpt": ["claude"]}}});
    let (_, param, message) = app.post("/key/generate", &settings).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("router_settings"));
    assert!(message.starts_with("router_settings.fallbacks: expected a list"), "{message}");
    app.post("/team/new", json!({"team_id": "t", "router_settings": {"num_retries": -1}})).expect_status(400).await;
    app.get("/team/info?team_id=t").expect_status(404).await;
}

#[tokio::test]
async fn another_name_of_a_model_stands_in_as_that_model() {
    let settings = "  fallbacks: [{gpt: [sonnet]}]\n  model_group_alias: {sonnet: claude}";
    let Three { gpt, claude: _claude, gemini: _gemini, app } = three(settings).await;
    gpt.then(error(500, "broken"));
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-group"), "claude");
    app.settled().await;
}
