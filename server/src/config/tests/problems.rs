//! Every problem has a place, a path, and what was expected.

use super::*;

#[test]
fn all_problems_are_reported_at_once() {
    let text = r#"
model_list:
  - model_name: a
    litellm_params:
      model: openai/gpt-4o
      api_key: k
      rpm: often
      timeout: -1
      temprature: 0.5
      weight: [1]
      order: 1.5
      api_base: somewhere
  - litellm_params: {model: openai/x, api_key: k}
  - model_name: c
  - model_name: d
    litellm_params: {api_key: k}
  - just text
  -
router_settings:
  routing_strategy: fastest
  cooldown_time: soon
  num_retrys: 3
  retry_policy: {RateLimitErrr: 3, TimeoutErrorRetries: x}
general_settings:
  master_key: 1.5
  max_request_size_mb: 0
  database_connection_pool_limit: 0
litellm_settings:
  budget_exceeded_status_code: 403
  timezone: Europe/Berln
  max_budget: -5
  budget_duration: 30 days
  drop_params: maybe
tollgate_settings:
  drain_timeout_secs: 5
  max_request_header_bytes: 10
modellist: []
"#;
    let loaded = load(text);
    assert!(loaded.has_errors());
    insta::assert_snapshot!(shown(&loaded).join("\n"));
}

#[test]
fn malformed_yaml_is_one_error_with_its_place() {
    for (text, place) in [
        ("model_list: [}", "config.yaml:1:"),
        ("a: b\n  c: d\n", "config.yaml:2:"),
        ("model_list: []\nmodel_list: []\n", "config.yaml:2:"),
        ("a: *nobody", "config.yaml:1:"),
        ("{a: 1}\n---\n{b: 1}", "config.yaml:3:"),
        ("a: {<<: 5}", "config.yaml:1:"),
        ("? [a]\n: b", "config.yaml:1:"),
    ] {
        let loaded = load(text);
        let lines = shown(&loaded);
        assert!(loaded.has_errors() && lines.len() == 1, "{text}: {lines:?}");
        assert!(lines[0].starts_with(place), "{text}: {lines:?}");
    }
    assert_eq!(
        shown(&load("- a\n- b")),
        ["config.yaml:1:1: error: expected a mapping with model_list and settings, got a list"]
    );
}

#[test]
fn nesting_without_end_is_refused_not_crashed_on() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(50_000)] {
        assert!(load(&text).has_errors());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let problems = Config::check(Path::new("/nowhere/config.yaml"), |_| None);
    assert_eq!(
        problems[0].to_string(),
        "/nowhere/config.yaml: error: cannot read the file: No such file or directory (os error 2)"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.yaml");
    std::fs::write(&path, b"a: \xff").unwrap();
    assert!(Config::check(&path, |_| None)[0].message.contains("valid UTF-8"));
}

#[test]
fn an_empty_file_is_a_configuration_without_models() {
    for text in ["", "# nothing\n", "{}", "model_list:\ngeneral_settings:\n"] {
        assert_eq!(load_clean(text, &[]), Config::default(), "{text:?}");
    }
}

#[test]
fn a_problem_never_shows_the_value() {
    let text = "general_settings: {master_key: [hunter2], database_url: {a: hunter2}}";
    let lines = shown(&load(text));
    assert_eq!(lines.len(), 2);
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
}

#[test]
fn fallbacks_to_nobody_are_named() {
    let text = r"
model_list: [{model_name: main, litellm_params: {model: x, mock_response: y}}]
router_settings: {fallbacks: [{main: [mian2, main]}]}
";
    let lines = shown(&load(text));
    let expected = "fallbacks name \"mian2\", which no entry of model_list serves";
    assert!(lines.iter().any(|line| line.contains(expected)), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("\"main\",")), "{lines:?}");
}
