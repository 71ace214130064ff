//! `success_callback`, `failure_callback` and `callbacks` of `litellm_settings`: which tools are told of ended calls.
//! Where they are and what they are told with is in the environment, as in LiteLLM.

use super::call_file::{self, CallFileSettings};
use super::reader::{Item, Section};
use super::vocabulary;

/// LiteLLM's names of tools that calls are not exported to.
const LATER: [&str; 36] = [
    "agentops",
    "argilla",
    "arize",
    "arize_phoenix",
    "athina",
    "azure_sentinel",
    "azure_storage",
    "braintrust",
    "bitbucket",
    "cloudzero",
    "custom_callback_api",
    "datadog",
    "datadog_llm_observability",
    "deepeval",
    "dotprompt",
    "dynamodb",
    "email",
    "galileo",
    "gcs_bucket",
    "gcs_pubsub",
    "greenscale",
    "humanloop",
    "lago",
    "langfuse_otel",
    "langsmith",
    "langtrace",
    "literalai",
    "logfire",
    "mlflow",
    "openmeter",
    "opik",
    "posthog",
    "promptlayer",
    "sentry",
    "slack",
    "wandb",
];
/// What needs no configuration: `/metrics` is always there.
const ALWAYS_ON: &str = "prometheus";

/// A tool that is told of ended calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callback {
    /// Langfuse.
    Langfuse,
    /// Whatever takes traces of OpenTelemetry.
    Otel,
    /// Whatever takes JSON.
    GenericApi,
    /// Helicone.
    Helicone,
    /// Lunary.
    Lunary,
    /// Files in a bucket that speaks S3, or in a folder.
    S3,
}

impl Callback {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Langfuse, Self::Otel, Self::GenericApi, Self::Helicone, Self::Lunary, Self::S3];

    /// What it is called in the configuration and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Langfuse => "langfuse",
            Self::Otel => "otel",
            Self::GenericApi => "generic_api",
            Self::Helicone => "helicone",
            Self::Lunary => "lunary",
            Self::S3 => "s3",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "webhook" => Some(Self::GenericApi),
            "s3_v2" => Some(Self::S3),
            _ => Self::ALL.into_iter().find(|callback| callback.as_str() == name),
        }
    }

    /// The one of this name that keys and teams may have of their own: whose files are whose is not told apart.
    #[must_use]
    pub fn of_owner(name: &str) -> Option<Self> {
        Self::named(name).filter(|callback| *callback != Self::S3)
    }
}

/// Which tools are told of which calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackSettings {
    /// Told of calls that were answered: `success_callback` and `callbacks`, each once.
    pub success: Vec<Callback>,
    /// Told of calls that failed: `failure_callback` and `callbacks`, each once.
    pub failure: Vec<Callback>,
    /// Where the files of `s3` are put (`s3_callback_params`).
    pub s3: CallFileSettings,
}

pub(super) fn read(section: &mut Section<'_>) -> CallbackSettings {
    let success = section.get("success_callback").map(|item| named(&item)).unwrap_or_default();
    let failure = section.get("failure_callback").map(|item| named(&item)).unwrap_or_default();
    let both = section.get("callbacks").map(|item| named(&item)).unwrap_or_default();
    let s3 = section.get("s3_callback_params").map(|item| call_file::read(&item)).unwrap_or_default();
    CallbackSettings { success: once(success, &both), failure: once(failure, &both), s3 }
}

fn once(own: Vec<Callback>, both: &[Callback]) -> Vec<Callback> {
    let is_named = |callback: &Callback| own.contains(callback) || both.contains(callback);
    Callback::ALL.into_iter().filter(is_named).collect()
}

fn named(item: &Item<'_>) -> Vec<Callback> {
    item.list(true).iter().filter_map(|item| callback(item, &item.text()?)).collect()
}

fn callback(item: &Item<'_>, name: &str) -> Option<Callback> {
    let found = Callback::named(name);
    if found.is_none() && name != ALWAYS_ON {
        item.warning(why_not(name));
    }
    found
}

fn why_not(name: &str) -> String {
    if LATER.contains(&name) {
        return format!("calls are not exported to {name} yet: it is ignored");
    }
    if name.contains('.') {
        return "callbacks that are written in Python are not supported: it is ignored".to_owned();
    }
    let names = Callback::ALL.iter().map(|callback| callback.as_str()).chain(LATER);
    match vocabulary::nearest(name, names) {
        Some(near) => format!("unknown callback; did you mean \"{near}\"?"),
        None => format!("the callback {name} is not supported yet: it is ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_are_read_once_each_and_others_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let yaml = "litellm_settings:\n  success_callback: [langfuse, prometheus, langfuse]\n  failure_callback: webhook\n  \
                    callbacks: [otel, datadog, langfus, custom.handler, nothing_like_it]\n";
        std::fs::write(file.path(), yaml).unwrap();
        let loaded = crate::config::Config::load(Some(file.path()), |_| None);
        let read = loaded.config.litellm.callbacks;
        assert_eq!(read.success, [Callback::Langfuse, Callback::Otel]);
        assert_eq!(read.failure, [Callback::Otel, Callback::GenericApi]);
        let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        let expected = ["exported to datadog yet", "did you mean \"langfuse\"", "in Python", "nothing_like_it is not"];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected) && problem.contains("warning"), "{problem}");
        }
    }
}
