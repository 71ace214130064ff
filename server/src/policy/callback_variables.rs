//! What may be said of the callbacks that keys and teams have of their own, in LiteLLM's words.

use crate::config::Callback;

/// What stands for a secret where callbacks are shown, as in LiteLLM.
pub const MASK: &str = "***REDACTED***";
/// How a secret begins that is sealed.
pub const SEALED: &str = "sealed:";
/// Callbacks of one key or team at most.
pub const CALLBACKS_MAX: usize = 10;
/// A variable's value, in bytes.
pub const VALUE_BYTES_MAX: usize = 4096;
/// Says that what was asked and answered is told to nobody.
pub const TURN_OFF_MESSAGE_LOGGING: &str = "turn_off_message_logging";

/// What a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Where the tool is.
    Address,
    /// Never shown again.
    Secret,
    /// Anything else.
    Plain,
    /// `true` or `false`.
    Flag,
}

/// The variables of `callback`: the tool's variables of the environment, in lower case.
#[must_use]
pub const fn variables(callback: Callback) -> &'static [(&'static str, Kind)] {
    match callback {
        Callback::Langfuse => &[
            ("langfuse_public_key", Kind::Plain),
            ("langfuse_secret_key", Kind::Secret),
            // LiteLLM's other name for it.
            ("langfuse_secret", Kind::Secret),
            ("langfuse_host", Kind::Address),
            (TURN_OFF_MESSAGE_LOGGING, Kind::Flag),
        ],
        Callback::Helicone => &[
            ("helicone_api_key", Kind::Secret),
            ("helicone_api_base", Kind::Address),
            (TURN_OFF_MESSAGE_LOGGING, Kind::Flag),
        ],
        Callback::Lunary => &[
            ("lunary_public_key", Kind::Secret),
            ("lunary_api_url", Kind::Address),
            (TURN_OFF_MESSAGE_LOGGING, Kind::Flag),
        ],
        Callback::Otel => &[
            ("otel_exporter_otlp_endpoint", Kind::Address),
            ("otel_exporter_otlp_headers", Kind::Secret),
            ("otel_exporter_otlp_protocol", Kind::Plain),
            ("otel_service_name", Kind::Plain),
            (TURN_OFF_MESSAGE_LOGGING, Kind::Flag),
        ],
        Callback::GenericApi => &[
            ("generic_logger_endpoint", Kind::Address),
            ("generic_logger_headers", Kind::Secret),
            (TURN_OFF_MESSAGE_LOGGING, Kind::Flag),
        ],
        // Nobody has one of their own.
        Callback::S3 => &[],
    }
}

/// What the variable of this name is to `callback`, if it is any.
#[must_use]
pub fn kind_of(callback: Callback, name: &str) -> Option<Kind> {
    variables(callback).iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// Which calls a callback is told of, by LiteLLM's name for it: those that were answered, and those that failed.
#[must_use]
pub fn told_of(callback_type: Option<&str>) -> Option<(bool, bool)> {
    match callback_type {
        None | Some("success_and_failure") => Some((true, true)),
        Some("success") => Some((true, false)),
        Some("failure") => Some((false, true)),
        Some(_) => None,
    }
}

/// What the secrets of a key's callbacks are sealed for.
#[must_use]
pub fn place_of_key(token: &str) -> String {
    format!("key_callback/{token}")
}

/// What the secrets of a team's callbacks are sealed for.
#[must_use]
pub fn place_of_team(team_id: &str) -> String {
    format!("team_callback/{team_id}")
}
