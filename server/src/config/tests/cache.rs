//! What the configuration says of the cache.

use std::time::Duration;

use super::*;

fn with_params(params: &str) -> String {
    let params: String = params.lines().map(|line| format!("    {}\n", line.trim())).collect();
    format!("litellm_settings:\n  cache: true\n  cache_params:\n{params}")
}

#[test]
fn settings_of_the_cache_arrive() {
    let text = with_params(
        "type: redis
        ttl: 90.5
        namespace: blue:1
        isolation: team
        mode: default_off
        supported_call_types: [acompletion, completion, aembedding]
        max_size_bytes: 1048576
        max_entry_bytes: 1000
        wait_timeout_seconds: 0
        url: redis://cache
        host: cache
        port: 6380
        password: hunter2",
    );
    let cache = load_clean(&text, &[]).litellm.cache;
    let expected = CacheSettings {
        is_on: true,
        place: Some(CachePlace::Redis),
        ttl: Duration::from_millis(90_500),
        namespace: Some("blue:1".to_owned()),
        supported_call_types: Some(vec!["completion".to_owned(), "embedding".to_owned()]),
        is_on_demand: true,
        isolation: Isolation::Team,
        max_size_bytes: 1_048_576,
        max_entry_bytes: 1_000,
        wait_timeout: Duration::ZERO,
        redis: RedisSettings {
            url: Some(Secret::new("redis://cache")),
            host: Some("cache".to_owned()),
            port: Some(6380),
            password: Some(Secret::new("hunter2")),
        },
        ..CacheSettings::default()
    };
    assert_eq!(cache, expected);
    let off = load_clean("litellm_settings: {cache_params: {type: redis}}", &[]).litellm.cache;
    assert!(!off.is_on, "parameters alone turn nothing on");
    assert!(load_clean("router_settings: {cache_responses: true}", &[]).litellm.cache.is_on);
}

#[test]
fn a_semantic_cache_needs_a_model_that_there_is() {
    let models =
        "model_list: [{model_name: vectors, litellm_params: {model: openai/text-embedding-3-small, api_key: k}}]\n";
    for name in ["embedding_model", "redis_semantic_cache_embedding_model"] {
        let text = with_params(&format!("type: redis-semantic\n{name}: vectors\nsimilarity_threshold: 0.75"));
        let cache = load_clean(&format!("{models}{text}"), &[]).litellm.cache;
        assert!(cache.is_semantic && cache.embedding_model.as_deref() == Some("vectors"));
        assert!((cache.similarity_threshold - 0.75).abs() < 1e-9);
    }
    let text = with_params("type: local-semantic\nembedding_model: vector");
    let lines = shown(&load(&format!("{models}{text}"))).join("\n");
    let expected =
        "a semantic cache needs an embedding_model that model_list has, got \"vector\"; did you mean \"vectors\"?";
    assert!(lines.contains(expected), "{lines}");
    let lines = shown(&load(&with_params("type: local-semantic"))).join("\n");
    assert!(lines.contains("got nothing"), "{lines}");
}

#[test]
fn what_is_wrong_is_named() {
    let loaded = load(&with_params(
        "type: radis
        ttl: 0
        namespace: a b
        isolation: tenant
        mode: on_default
        supported_call_types: [aimage_generation, completion]
        similarity_threshold: 2
        max_size_bytes: 5
        similarity_treshold: 0.5
        qdrant_api_base: x",
    ));
    assert!(loaded.has_errors());
    insta::assert_snapshot!(shown(&loaded).join("\n"));
    for kind in ["s3", "qdrant-semantic", "disk"] {
        let loaded = load(&with_params(&format!("type: {kind}")));
        let lines = shown(&loaded).join("\n");
        assert!(!loaded.has_errors() && lines.contains("nothing is cached"), "{lines}");
        assert!(!loaded.config.litellm.cache.is_on);
    }
}
