//! `litellm_settings`: how calls are made and what budgets hold for the whole gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;
use tollgate_openapi::money::NanoUsd;

use super::cache::{self, CacheSettings};
use super::callback::{self, CallbackSettings};
use super::fetch;
use super::key_rules::{self, KeyRules};
use super::reader::{Item, Section};
use super::router::{Fallbacks, read_fallbacks};
use super::scope_limits::{self, ScopeLimits};
use super::sso::{self, NewTeamSettings, NewcomerSettings};
use super::vocabulary;
use crate::domain::address::Allowed;
use crate::domain::window::Span;

/// `litellm_settings`: what LiteLLM keeps there and Tollgate uses.
#[derive(Clone, Debug, PartialEq)]
pub struct LitellmSettings {
    /// Leave out parameters a provider does not know instead of refusing. Default: no.
    pub drop_params: bool,
    /// Log in detail. Default: no.
    pub set_verbose: bool,
    /// Keep no prompts and answers, whatever `store_prompts_in_spend_logs` says, and tell none to callbacks; calls may say
    /// otherwise. Default: no.
    pub turn_off_message_logging: bool,
    /// A call may name tools that are not told of it (`x-litellm-disable-callbacks`). Default: yes.
    pub allow_dynamic_callback_disabling: bool,
    /// Tools are told of calls that ask for silence (`no-log`), too. Default: no.
    pub global_disable_no_log_param: bool,
    /// Which tools are told of ended calls (`success_callback`, `failure_callback`, `callbacks`).
    pub callbacks: CallbackSettings,
    /// How long a whole call may take, unless `router_settings.timeout` says otherwise.
    pub request_timeout: Option<Duration>,
    /// Tries after the first, unless `router_settings` says otherwise.
    pub num_retries: Option<u32>,
    /// Fallbacks, used where `router_settings` has none.
    pub fallbacks: Fallbacks,
    /// The budget of the whole gateway, unless `tollgate_settings.gateway_limits` says otherwise.
    pub max_budget: Option<NanoUsd>,
    /// How often it starts anew. Default: never.
    pub budget_duration: Option<Span>,
    /// The budget of a user without one of their own.
    pub max_internal_user_budget: Option<NanoUsd>,
    /// How often that one starts anew.
    pub internal_user_budget_duration: Option<Span>,
    /// The budget of each customer without one of their own. It never starts anew.
    pub max_end_user_budget: Option<NanoUsd>,
    /// The reusable budget that takes its place.
    pub max_end_user_budget_id: Option<String>,
    /// Limits of tags, by name.
    pub tag_budget_config: BTreeMap<String, ScopeLimits>,
    /// The status of a refusal for want of budget: 400 (default), 422 or 429.
    pub budget_exceeded_status_code: u16,
    /// The zone whose calendar budget windows follow. Default: UTC.
    pub timezone: Tz,
    /// `/metrics` is only told to who may see the gateway's settings. Default: to everybody.
    pub require_auth_for_metrics_endpoint: bool,
    /// Addresses that clients name are only fetched from public hosts. Default: yes.
    pub user_url_validation: bool,
    /// Hosts and networks they are fetched from besides.
    pub user_url_allowed_hosts: Vec<Allowed>,
    /// Who makes keys, and what they get (`upperbound_key_generate_params`, `default_key_generate_params`,
    /// `key_generation_settings`).
    pub keys: KeyRules,
    /// Which answers are kept to be given again (`cache`, `cache_params`).
    pub cache: CacheSettings,
    /// What people get who sign in for the first time.
    pub default_internal_user_params: NewcomerSettings,
    /// What teams get that follow from groups.
    pub default_team_params: NewTeamSettings,
}

impl Default for LitellmSettings {
    fn default() -> Self {
        Self {
            drop_params: false,
            set_verbose: false,
            turn_off_message_logging: false,
            allow_dynamic_callback_disabling: true,
            global_disable_no_log_param: false,
            callbacks: CallbackSettings::default(),
            request_timeout: None,
            num_retries: None,
            fallbacks: Fallbacks::default(),
            max_budget: None,
            budget_duration: None,
            max_internal_user_budget: None,
            internal_user_budget_duration: None,
            max_end_user_budget: None,
            max_end_user_budget_id: None,
            tag_budget_config: BTreeMap::new(),
            budget_exceeded_status_code: 400,
            timezone: Tz::UTC,
            require_auth_for_metrics_endpoint: false,
            user_url_validation: true,
            user_url_allowed_hosts: Vec::new(),
            keys: KeyRules::default(),
            cache: CacheSettings::default(),
            default_internal_user_params: NewcomerSettings::default(),
            default_team_params: NewTeamSettings::default(),
        }
    }
}

pub(super) fn read(item: Option<Item<'_>>) -> LitellmSettings {
    let default = LitellmSettings::default();
    let Some(mut section) = item.and_then(|item| item.section()) else {
        return default;
    };
    let settings = LitellmSettings {
        drop_params: section.boolean("drop_params", default.drop_params),
        set_verbose: section.boolean("set_verbose", default.set_verbose),
        turn_off_message_logging: section.boolean("turn_off_message_logging", default.turn_off_message_logging),
        allow_dynamic_callback_disabling: section
            .boolean("allow_dynamic_callback_disabling", default.allow_dynamic_callback_disabling),
        global_disable_no_log_param: section
            .boolean("global_disable_no_log_param", default.global_disable_no_log_param),
        callbacks: callback::read(&mut section),
        request_timeout: section.timeout("request_timeout"),
        num_retries: section.count("num_retries"),
        fallbacks: read_fallbacks(&mut section),
        max_budget: section.get("max_budget").and_then(|item| money(&item)),
        budget_duration: span(&mut section, "budget_duration"),
        max_internal_user_budget: section.get("max_internal_user_budget").and_then(|item| money(&item)),
        internal_user_budget_duration: span(&mut section, "internal_user_budget_duration"),
        max_end_user_budget: section.get("max_end_user_budget").and_then(|item| money(&item)),
        max_end_user_budget_id: section.text("max_end_user_budget_id"),
        tag_budget_config: scope_limits::of_tags(section.get("tag_budget_config")),
        budget_exceeded_status_code: status(&mut section).unwrap_or(default.budget_exceeded_status_code),
        timezone: timezone(&mut section).unwrap_or(default.timezone),
        require_auth_for_metrics_endpoint: section
            .boolean("require_auth_for_metrics_endpoint", default.require_auth_for_metrics_endpoint),
        user_url_validation: section.boolean("user_url_validation", default.user_url_validation),
        user_url_allowed_hosts: fetch::allowed(&mut section),
        keys: key_rules::read(&mut section),
        cache: cache::read(&mut section),
        default_internal_user_params: sso::read_newcomers(&mut section),
        default_team_params: sso::read_new_teams(&mut section),
    };
    section.finish(&vocabulary::LITELLM);
    settings
}

/// US dollars, zero or more.
pub(super) fn money(item: &Item<'_>) -> Option<NanoUsd> {
    let usd = item.number()?;
    if usd < 0.0 {
        item.error(format!("expected US dollars of zero or more, got {usd}"));
        return None;
    }
    NanoUsd::from_usd(usd).map_err(|error| item.error(error.to_string())).ok()
}

pub(super) fn span(section: &mut Section<'_>, key: &'static str) -> Option<Span> {
    let item = section.get(key)?;
    Span::parse(&item.text()?).map_err(|error| item.error(error.to_string())).ok()
}

fn status(section: &mut Section<'_>) -> Option<u16> {
    let item = section.get("budget_exceeded_status_code")?;
    let code = item.number()?;
    let found = [400_u16, 422, 429].into_iter().find(|known| f64::from(*known) == code);
    if found.is_none() {
        item.error(format!("expected 400, 422 or 429, got {code}"));
    }
    found
}

fn timezone(section: &mut Section<'_>) -> Option<Tz> {
    let item = section.get("timezone")?;
    let name = item.text()?;
    let found = name.parse::<Tz>().ok();
    if found.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
        let hint =
            vocabulary::nearest(&name, names).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        item.error(format!("expected a time zone such as \"Europe/Berlin\", got \"{name}\"{hint}"));
    }
    found
}
