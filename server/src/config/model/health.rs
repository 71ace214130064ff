//! `model_info.health_check_*`: how a deployment is asked whether it answers.

use std::time::Duration;

use crate::config::reader::Section;

/// How a deployment is asked whether it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheckConfig {
    /// How long it may take (`health_check_timeout`). Default: 60 seconds.
    pub timeout: Duration,
    /// The model that is asked for, such as `openai/gpt-4o-mini` (`health_check_model`). Default: the deployment's own.
    pub model: Option<String>,
    /// Output tokens asked for (`health_check_max_tokens`). Default: 16, the fewest that every API takes.
    pub max_tokens: u64,
    /// It is asked only when somebody wants to know (`disable_background_health_check`). Default: no.
    pub is_manual: bool,
}

impl Default for HealthCheckConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), model: None, max_tokens: 16, is_manual: false }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> HealthCheckConfig {
    let default = HealthCheckConfig::default();
    HealthCheckConfig {
        timeout: section.timeout("health_check_timeout").unwrap_or(default.timeout),
        model: section.text("health_check_model"),
        max_tokens: section.whole("health_check_max_tokens", 1..=u64::MAX).unwrap_or(default.max_tokens),
        is_manual: section.boolean("disable_background_health_check", default.is_manual),
    }
}
