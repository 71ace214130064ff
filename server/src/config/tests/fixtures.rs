//! Configurations as companies have them load as they are.

use std::path::PathBuf;

use super::*;

fn fixtures() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/configs");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 5);
    files
}

/// Every problem and every deployment of a file, as text.
fn report(path: &std::path::Path, env: impl Fn(&str) -> Option<String>) -> String {
    let loaded = Config::load(Some(path), env);
    let folder = format!("{}/", path.parent().unwrap().display());
    let mut lines: Vec<String> = loaded.problems.iter().map(|p| p.to_string().replace(&folder, "")).collect();
    assert!(!loaded.has_errors(), "{lines:#?}");
    for deployment in &loaded.config.deployments {
        let provider = deployment.provider.map_or("?", |p| p.as_str());
        let state = deployment.unavailable.as_deref().unwrap_or("available");
        lines.push(format!("{} -> {provider} {} [{state}]", deployment.model_name, deployment.provider_model));
    }
    lines.join("\n")
}

#[test]
fn load_without_any_environment() {
    for path in fixtures() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("{name}_without_env"), report(&path, |_| None));
    }
}

#[test]
fn load_with_every_variable_set() {
    for path in fixtures() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("{name}_with_env"), report(&path, |name| Some(format!("value-of-{name}"))));
    }
}

#[test]
fn settings_arrive() {
    let path = fixtures().into_iter().find(|p| p.ends_with("failover.yaml")).unwrap();
    let config = Config::load(Some(&path), |_| None).config;
    assert_eq!(config.router.num_retries, Some(2));
    assert_eq!(config.router.timeout, Some(std::time::Duration::from_secs(30)));
    assert_eq!(config.router.allowed_fails, Some(3));
    assert_eq!(config.router.retry_policy[&ErrorClass::RateLimit], 3);
    assert_eq!(
        config.router.fallbacks.general,
        [("main-model".to_owned(), vec!["main-model-fallback-1".to_owned(), "main-model-fallback-2".to_owned()])]
    );
}

/// The sample that the container files mount says what it means: every deployment serves once its variables are set.
#[test]
fn the_sample_configuration_serves() {
    let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/config.yaml"));
    let without = Config::load(Some(path), |_| None);
    assert!(!without.has_errors(), "{:?}", without.problems);
    let loaded = Config::load(Some(path), |name| Some(format!("value-of-{name}")));
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let deployments = &loaded.config.deployments;
    assert!(!deployments.is_empty() && deployments.iter().all(|d| d.unavailable.is_none()));
}
