//! Settings arrive, wherever they come from.

use std::time::Duration;

use chrono_tz::Tz;
use tollgate_openapi::money::NanoUsd;

use super::*;
use crate::domain::address::Allowed;
use crate::domain::window::Span;

#[test]
fn general_settings_and_limits() {
    let text = r#"
general_settings:
  master_key: os.environ/MASTER
  salt_key: salt
  database_url: postgres://localhost/x
  database_connection_pool_limit: "20"
  maximum_spend_logs_retention_period: 90d
  maximum_spend_logs_retention_interval: 12h
  database_connection_timeout: 0.5
  max_request_size_mb: 1.5
tollgate_settings:
  max_request_header_bytes: 8192
  upstream_connect_timeout_seconds: 3
  first_byte_timeout_seconds: 60
  stream_idle_timeout_seconds: 20
  budget_wait_ms: 250
  stored_content_max_kb: 8
  metrics_keys_max: 5
  spool_disk_max_mb: 100
  spool_memory_max_mb: 2
  disconnect_drains_max: 3
  disconnect_drain_timeout_seconds: 30
  drain_timeout_seconds: 7
  redis_timeout_ms: 40
  redis_namespace: two
  on_counter_outage: deny
"#;
    let config = load_clean(text, &[("MASTER", "sk-master")]);
    let general = config.general;
    assert_eq!(general.master_key.unwrap().expose(), "sk-master");
    assert_eq!(general.salt_key.unwrap().expose(), "salt");
    assert_eq!(general.database_url.unwrap().expose(), "postgres://localhost/x");
    assert_eq!(general.database_connection_pool_limit, 20);
    assert_eq!(general.database_connection_timeout, Duration::from_millis(500));
    assert_eq!(general.maximum_spend_logs_retention_period, Some(Duration::from_secs(90 * 24 * 3600)));
    assert_eq!(general.maximum_spend_logs_retention_interval, Duration::from_secs(12 * 3600));
    assert_eq!(
        config.limits,
        Limits {
            max_body_bytes: 1_572_864,
            max_header_bytes: 8192,
            connect_timeout: Duration::from_secs(3),
            first_byte_timeout: Duration::from_secs(60),
            stream_idle_timeout: Duration::from_secs(20),
            budget_wait: Duration::from_millis(250),
            stored_content_max_bytes: 8192,
            metrics_keys_max: 5,
            spool_disk_max_bytes: 100 << 20,
            spool_memory_max_bytes: 2 << 20,
            disconnect_drains_max: 3,
            disconnect_drain_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(7),
            gateway: ScopeLimits::default(),
            shared_counters: SharedCounterSettings {
                timeout: Duration::from_millis(40),
                namespace: "two".to_owned(),
                denies_on_outage: true,
            },
            fetch: FetchSettings::default(),
            identity: IdentitySettings::default(),
            report_storage: None,
            call_storage: None,
        }
    );
}

#[test]
fn where_reports_are_put() {
    let storage = |lines: &str| {
        let text = format!("tollgate_settings:\n  report_storage: {lines}\n");
        let loaded = load(&text);
        (loaded.config.limits.report_storage.clone(), shown(&loaded).join("\n"))
    };
    let folder = |path: &str| Some(StorageSettings::Folder(path.into()));
    assert_eq!(storage("{url: /var/lib/reports}"), (folder("/var/lib/reports"), String::new()));
    assert_eq!(storage("{url: file:///var/lib/reports}"), (folder("/var/lib/reports"), String::new()));
    let keys = "access_key_id: AK, secret_access_key: SK, region: eu-central-1, endpoint_url: \"http://minio:9000\"";
    let bucket = BucketSettings {
        bucket: "finance".to_owned(),
        prefix: "tollgate/2026".to_owned(),
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some("http://minio:9000".to_owned()),
        access_key_id: Some(Secret::new("AK")),
        secret_access_key: Some(Secret::new("SK")),
        session_token: None,
    };
    let read = storage(&format!("{{url: \"s3://finance/tollgate/2026/\", {keys}}}"));
    assert_eq!(read, (Some(StorageSettings::Bucket(bucket)), String::new()));
    for (wrong, said) in [
        ("{url: reports}", "from the root on"),
        ("{url: \"s3:///x\"}", "expected a bucket"),
        ("{region: eu-central-1}", "expected url"),
        ("{url: \"s3://a\", access_key_id: AK}", "or neither"),
        ("{url: \"s3://a\", endpoint_url: minio}", "http or https"),
        ("{url: \"s3://a\", bucket: b}", "bucket"),
    ] {
        let (_, problems) = storage(wrong);
        assert!(problems.contains("report_storage") && problems.contains(said), "{wrong}: {problems}");
    }
}

#[test]
fn where_files_of_calls_are_put() {
    let read = |text: &str| {
        let loaded = load(text);
        (loaded.config.litellm.callbacks.s3.clone(), shown(&loaded).join("\n"))
    };
    let (settings, problems) = read("litellm_settings: {callbacks: [s3]}\n");
    assert_eq!((settings, problems.as_str()), (CallFileSettings::default(), ""));
    let keys = "s3_aws_access_key_id: AK, s3_aws_secret_access_key: SK, s3_aws_session_token: ST, s3_batch_size: 1";
    let place = "s3_bucket_name: logs, s3_path: /a/b/, s3_region_name: eu-central-1, s3_endpoint_url: \"http://minio\"";
    let text = format!("litellm_settings: {{s3_callback_params: {{{place}, {keys}, s3_flush_interval: 60}}}}\n");
    let (settings, problems) = read(&text);
    let bucket = BucketSettings {
        bucket: "logs".to_owned(),
        prefix: "a/b".to_owned(),
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some("http://minio".to_owned()),
        access_key_id: Some(Secret::new("AK")),
        secret_access_key: Some(Secret::new("SK")),
        session_token: Some(Secret::new("ST")),
    };
    assert_eq!((settings.storage, problems.as_str()), (Some(StorageSettings::Bucket(bucket)), ""));
    assert_eq!((settings.wait, settings.calls_max), (Duration::from_secs(60), 1));
    assert_eq!((settings.has_team_folders, settings.has_key_folders), (false, false));
    let (settings, problems) =
        read("litellm_settings: {s3_callback_params: {s3_use_team_prefix: true, s3_use_key_prefix: true}}\n");
    assert_eq!((settings.has_team_folders, settings.has_key_folders, problems.as_str()), (true, true, ""));
    for (wrong, said) in [
        ("s3_aws_access_key_id: AK", "or neither"),
        ("s3_endpoint_url: minio", "http or https"),
        ("s3_flush_interval: 0", "s3_flush_interval"),
        ("s3_batch_size: 10000", "s3_batch_size"),
        ("s3_use_ssl: true", "s3_use_ssl: this setting of LiteLLM"),
    ] {
        let (_, problems) = read(&format!("litellm_settings: {{s3_callback_params: {{{wrong}}}}}\n"));
        assert!(problems.contains("s3_callback_params") && problems.contains(said), "{wrong}: {problems}");
    }
}

#[test]
fn how_people_sign_in() {
    let text = r#"
general_settings:
  use_x_forwarded_for: true
tollgate_settings:
  password_min_chars: 15
  environment_sign_in: false
  require_second_factor_of_admins: true
  trusted_proxies: [10.0.0.0/8, "::1"]
"#;
    let config = load_clean(text, &[]);
    let expected = IdentitySettings {
        password_chars_min: 15,
        environment_sign_in: false,
        second_factor_of_admins: true,
        trusted_proxies: ["10.0.0.0/8", "::1"].map(|text| Allowed::parse(text).unwrap()).to_vec(),
    };
    assert_eq!((config.limits.identity, config.general.use_x_forwarded_for), (expected, true));
    let loaded = load("tollgate_settings:\n  trusted_proxies: [proxy.corp]\n  password_min_chars: 7\n");
    let problems = shown(&loaded).join("\n");
    assert!(problems.contains("trusted_proxies[0]") && problems.contains("password_min_chars"), "{problems}");
}

#[test]
fn bounds_on_what_is_fetched() {
    let text = "tollgate_settings:\n  fetch_item_max_mb: 1\n  fetch_call_max_mb: 2\n  fetch_items_max: 3\n  fetch_timeout_seconds: 0.5\n  fetch_parallel_max: 4\n  fetch_ports: [80, 8443]\n";
    let expected = FetchSettings {
        item_bytes_max: 1 << 20,
        call_bytes_max: 2 << 20,
        items_max: 3,
        timeout: Duration::from_millis(500),
        parallel_max: 4,
        ports: vec![80, 8443],
    };
    assert_eq!(load_clean(text, &[]).limits.fetch, expected);
    let loaded = load("litellm_settings:\n  user_url_allowed_hosts: [a/b]\ntollgate_settings:\n  fetch_ports: [0]\n");
    let problems = shown(&loaded).join("\n");
    assert!(problems.contains("litellm_settings.user_url_allowed_hosts[0]"), "{problems}");
    assert!(problems.contains("fetch_ports[0]"), "{problems}");
}

#[test]
fn what_makes_calls_stick() {
    let read = |value: &str| load(&format!("router_settings:\n  sticky_by: {value}\n"));
    assert_eq!(read("user").config.router.sticky_by, StickyBy::User);
    assert_eq!(read("none").config.router.sticky_by, StickyBy::Nothing);
    assert_eq!(read("header:X-Session").config.router.sticky_by, StickyBy::Header("x-session".to_owned()));
    for wrong in ["session", "'header:'", "'header:a b'", "'cookie:a'"] {
        assert!(shown(&read(wrong)).join("\n").contains("expected none, user or header:<name>"), "{wrong}");
    }
}

#[test]
fn arguments_of_the_strategy() {
    let text =
        "router_settings:\n  routing_strategy_args: {ttl: 10, lowest_latency_buffer: 0.5, max_latency_list_size: 7}\n";
    let expected = RoutingStrategyArgs {
        ttl: Some(Duration::from_secs(10)),
        lowest_latency_buffer: Some(0.5),
        max_latency_list_size: Some(7),
    };
    assert_eq!(load_clean(text, &[]).router.routing_strategy_args, expected);

    let wrong = "router_settings:\n  routing_strategy_args: {ttl: 0, lowest_latency_buffer: -1, max_latency_list_size: 0, ttft_percentile: 0.9, ttll: 1}\n";
    let problems = shown(&load(wrong)).join("\n");
    for named in [
        "ttl: expected",
        "buffer: expected",
        "size: expected",
        "ttft_percentile: this setting of LiteLLM",
        "did you mean \"ttl\"",
    ] {
        assert!(problems.contains(named), "{named}: {problems}");
    }
    let other = "router_settings:\n  routing_strategy: least-busy\n  routing_strategy_args: {ttl: 10}\n";
    assert!(shown(&load(other)).join("\n").contains("has arguments"));
}

#[test]
fn litellm_settings() {
    let text = r"
litellm_settings:
  drop_params: true
  turn_off_message_logging: true
  request_timeout: 100
  num_retries: 7
  max_budget: 100.5
  budget_duration: 30d
  max_internal_user_budget: 1
  internal_user_budget_duration: daily
  budget_exceeded_status_code: 429
  timezone: Europe/Berlin
  user_url_validation: false
  user_url_allowed_hosts: [Pictures.corp, '10.0.0.12:8080', 192.168.0.0/16]
  fallbacks: [{a: [b]}]
";
    let config = load(text).config;
    let litellm = config.litellm;
    assert!(litellm.drop_params);
    assert!(litellm.turn_off_message_logging);
    assert_eq!(litellm.request_timeout, Some(Duration::from_secs(100)));
    assert_eq!(litellm.max_budget, Some(NanoUsd(100_500_000_000)));
    assert_eq!(litellm.budget_duration, Some(Span::parse("30d").unwrap()));
    assert_eq!(litellm.max_internal_user_budget, Some(NanoUsd(1_000_000_000)));
    assert_eq!(litellm.internal_user_budget_duration, Some(Span::parse("24h").unwrap()));
    assert_eq!(litellm.budget_exceeded_status_code, 429);
    assert_eq!(litellm.timezone, Tz::Europe__Berlin);
    assert!(!litellm.user_url_validation);
    let allowed = ["pictures.corp", "10.0.0.12:8080", "192.168.0.0/16"].map(|text| Allowed::parse(text).unwrap());
    assert_eq!(litellm.user_url_allowed_hosts, allowed);
    // The router takes over what only litellm_settings says.
    assert_eq!(config.router.num_retries, Some(7));
    assert_eq!(config.router.fallbacks.general, [("a".to_owned(), vec!["b".to_owned()])]);
}

#[test]
fn router_settings() {
    let text = r"
router_settings:
  routing_strategy: usage-based-routing-v2
  num_retries: 1
  max_fallbacks: 2
  timeout: 30
  stream_timeout: 60
  retry_after: 0
  allowed_fails: 4
  allowed_fails_policy: {TimeoutErrorAllowedFails: 9}
  cooldown_time: 0
  disable_cooldowns: true
  retry_policy: {RateLimitErrorRetries: 3, DefaultRetries: 1}
  model_group_retry_policy: {m: {NotFoundErrorRetries: 0}}
  context_window_fallbacks: [{a: [b, c]}, {d: e}]
  content_policy_fallbacks: []
  default_fallbacks: [z]
  model_group_alias: {x: m, y: {model: m, hidden: true}}
  enable_pre_call_checks: true
  enable_tag_filtering: true
  tag_filtering_match_any: false
  redis_host: redis
  redis_port: 6380
  redis_password: os.environ/REDIS
litellm_settings: {num_retries: 9}
";
    let router = load_with(text, &[("REDIS", "pw")]).config.router;
    assert_eq!(router.routing_strategy, RoutingStrategy::Usage);
    assert_eq!((router.num_retries, router.max_fallbacks), (Some(1), 2));
    assert_eq!(router.timeout, Some(Duration::from_secs(30)));
    assert_eq!(router.stream_timeout, Some(Duration::from_secs(60)));
    assert_eq!(router.allowed_fails, Some(4));
    assert_eq!(router.allowed_fails_policy[&ErrorClass::Timeout], 9);
    assert_eq!(router.cooldown_time, Duration::ZERO);
    assert!(router.disable_cooldowns);
    assert_eq!(router.retry_policy[&ErrorClass::Default], 1);
    assert_eq!(router.model_group_retry_policy["m"][&ErrorClass::NotFound], 0);
    let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        router.fallbacks.context_window,
        [("a".to_owned(), names(&["b", "c"])), ("d".to_owned(), names(&["e"]))]
    );
    assert_eq!(router.fallbacks.default, names(&["z"]));
    assert!(router.model_group_alias["y"].is_hidden && !router.model_group_alias["x"].is_hidden);
    assert!(router.enable_pre_call_checks && router.enable_tag_filtering);
    assert!(!router.tag_filtering_match_any);
    assert_eq!(router.redis.port, Some(6380));
    assert_eq!(router.redis.password.unwrap().expose(), "pw");
}

#[test]
fn the_files_own_variables_go_before_the_environment() {
    let text = r"
environment_variables: {MASTER: from-file, COPY: os.environ/OUTSIDE, PORT: 5}
general_settings: {master_key: os.environ/MASTER, salt_key: os.environ/COPY}
";
    let config = load_clean(text, &[("MASTER", "from-process"), ("OUTSIDE", "outside")]);
    assert_eq!(config.general.master_key.unwrap().expose(), "from-file");
    assert_eq!(config.general.salt_key.unwrap().expose(), "outside");
    assert_eq!(config.environment["PORT"].expose(), "5");
    assert!(std::env::var("COPY").is_err());
}

#[test]
fn only_a_whole_value_is_a_reference() {
    let text = "general_settings: {master_key: sk-os.environ/MASTER}";
    let config = load_clean(text, &[("MASTER", "x")]);
    assert_eq!(config.general.master_key.unwrap().expose(), "sk-os.environ/MASTER");
}

#[test]
fn an_empty_variable_is_not_set() {
    let loaded = load_with("general_settings: {master_key: os.environ/MASTER}", &[("MASTER", "")]);
    assert_eq!(loaded.config.general.master_key, None);
    assert_eq!(
        shown(&loaded),
        ["config.yaml:1:32: warning: general_settings.master_key: environment variable MASTER is not set"]
    );
}

#[test]
fn anchors_and_merge_keys_work() {
    let text = r"
model_list:
  - model_name: a
    litellm_params: &shared {model: openai/x, api_key: k, timeout: 5}
  - model_name: b
    litellm_params: {<<: *shared, timeout: 9}
";
    let config = load_clean(text, &[]);
    assert_eq!(config.deployments[1].model, "openai/x");
    assert_eq!(config.deployments[1].timeout, Some(Duration::from_secs(9)));
    assert_eq!(config.group_names(), ["a", "b"]);
}
