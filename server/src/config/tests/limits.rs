//! Limits of the gateway, of providers and of tags.

use serde_json::json;
use tollgate_openapi::money::NanoUsd;

use super::*;
use crate::domain::window::Span;

#[test]
fn providers_tags_and_the_gateway_have_all_limits() {
    let all = "max_budget: 2, soft_budget: 1.5, budget_duration: 1mo, rpm_limit: 3, tpm_limit: 4, \
        max_parallel_requests: 5, model_max_budget: {o3: {budget_limit: 1, time_period: 1d}}, model_rpm_limit: {o3: 6}, \
        model_tpm_limit: {o3: null}";
    let text = format!(
        "tollgate_settings: {{gateway_limits: {{{all}, budget_id: b}}}}\n\
         router_settings: {{provider_budget_config: {{openai: {{{all}, budget_id: b}}, azure: {{budget_limit: 7, time_period: 1d}}}}}}\n\
         litellm_settings: {{tag_budget_config: {{jobs: {{{all}}}}}, max_budget: 9, budget_duration: 1w}}\n\
         general_settings: {{global_max_parallel_requests: 8}}"
    );
    let loaded = load(&text);
    assert_eq!(shown(&loaded), Vec::<String>::new());
    let by_model = json!({"model_max_budget": {"o3": {"budget_limit": 1, "time_period": "1d"}}, "model_rpm_limit": {"o3": 6},
        "model_tpm_limit": {"o3": null}});
    let expected = ScopeLimits {
        max_budget: Some(NanoUsd(2_000_000_000)),
        soft_budget: Some(NanoUsd(1_500_000_000)),
        budget_duration: Some(Span::parse("1mo").unwrap()),
        rpm_limit: Some(3),
        tpm_limit: Some(4),
        max_parallel_requests: Some(5),
        model_limits: by_model.as_object().unwrap().clone(),
        budget_id: Some("b".to_owned()),
    };
    let Config { limits, router, litellm, .. } = loaded.config;
    assert_eq!(limits.gateway, expected);
    assert_eq!(router.provider_budget_config["openai"], expected);
    assert_eq!(litellm.tag_budget_config["jobs"], ScopeLimits { budget_id: None, ..expected });
    let azure = &router.provider_budget_config["azure"];
    let day = Some(Span::parse("1d").unwrap());
    assert_eq!((azure.max_budget, azure.budget_duration), (Some(NanoUsd(7_000_000_000)), day));
}

#[test]
fn litellms_names_are_the_gateways_where_ours_say_nothing() {
    let gateway = load(
        "litellm_settings: {max_budget: 9, budget_duration: 1w}\ngeneral_settings: {global_max_parallel_requests: 8}\n\
         tollgate_settings: {gateway_limits: {rpm_limit: 3}}",
    )
    .config
    .limits
    .gateway;
    let expected = ScopeLimits {
        max_budget: Some(NanoUsd(9_000_000_000)),
        budget_duration: Some(Span::parse("1w").unwrap()),
        max_parallel_requests: Some(8),
        rpm_limit: Some(3),
        ..ScopeLimits::default()
    };
    assert_eq!(gateway, expected);
}

#[test]
fn what_is_no_limit_is_named() {
    for (limits, problem) in [
        ("model_max_budget: {o3: much}", "model_max_budget.o3: expected US dollars of zero or more"),
        ("model_rpm_limit: [1]", "model_rpm_limit: expected an object of requests a minute by model"),
        ("soft_budget: -1", "soft_budget: expected US dollars of zero or more, got -1"),
        ("budget_limit: 1", "unknown setting"),
    ] {
        let problems = shown(&load(&format!("tollgate_settings: {{gateway_limits: {{{limits}}}}}"))).join("\n");
        assert!(problems.contains(problem), "{limits}: {problems}");
    }
    let tag = shown(&load("litellm_settings: {tag_budget_config: {jobs: {budget_id: b}}}")).join("\n");
    assert!(tag.contains("tag_budget_config.jobs.budget_id: unknown setting"), "{tag}");
}
