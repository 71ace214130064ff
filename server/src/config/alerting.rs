//! Who is told what: LiteLLM's alerting in `general_settings`, and what of it is ours in `tollgate_settings`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tollgate_openapi::alert::{AlertType, ChannelKind, QuietHours};
use tollgate_openapi::money::NanoUsd;

use super::litellm::money;
use super::reader::{Item, Section};
use super::secret::Secret;
use super::vocabulary;
use crate::domain::report::ReportPeriod;
use crate::domain::webhook::signing_key;

/// The alert settings in force: they change while the gateway runs.
pub type LiveAlertSettings = Arc<ArcSwap<AlertSettings>>;

/// LiteLLM's types of alerts about what is not here.
const NOT_HERE: [&str; 1] = ["mcp_server_down"];
/// The most that a percentage of a budget may be.
const PERCENT_MAX: u64 = 1_000;
/// The most messages to a channel in a minute.
const MESSAGES_PER_MINUTE_MAX: u64 = 600;
/// Failures in a minute that may be called an outage.
const OUTAGE_MAX: u64 = 100_000;

/// What is told, and where, as far as it is configured.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertSettings {
    /// `alerting`: channels, each once.
    pub channels: Vec<ChannelKind>,
    /// `alert_types`; `None`: all that are told where nobody says.
    pub alert_types: Option<Vec<AlertType>>,
    /// `alerting_threshold`: a call that takes longer is slow. Default: 5 minutes.
    pub slow_after: Duration,
    /// `alert_to_webhook_url`: where else in Slack these types are told.
    pub to_webhook_url: BTreeMap<AlertType, Vec<Secret>>,
    /// `alerting_args.minor_outage_alert_threshold`: failures of a provider in a minute. Default: 5.
    pub minor_outage: i64,
    /// `alerting_args.major_outage_alert_threshold`. Default: 10.
    pub major_outage: i64,
    /// `alerting_args.daily_spend_per_user_threshold`: a user who spends as much in a day is told of. Default: none.
    pub user_daily: Option<NanoUsd>,
    /// `alerting_args.monthly_spend_per_user_threshold`. Default: none.
    pub user_monthly: Option<NanoUsd>,
    /// `alerting_args.spend_anomaly_min_spend`: a day that costs less is never unusual. Default: 10 dollars.
    pub anomaly_min: NanoUsd,
    /// `spend_report_frequency`: how often spend is reported, besides by the month. Default: every week.
    pub report_every: ReportPeriod,
    /// Percentages of a budget that are told of. Default: 50, 80, 95 and 100.
    pub budget_percents: Vec<u32>,
    /// E-mail addresses that are told of everything.
    pub email_to: Vec<String>,
    /// With what webhooks are signed: base64 after `whsec_`.
    pub webhook_secret: Option<Secret>,
    /// Messages to each configured channel in a minute. Default: 20.
    pub messages_per_minute: u32,
    /// When only what is bad is told.
    pub quiet_hours: Option<QuietHours>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            alert_types: None,
            slow_after: Duration::from_secs(300),
            to_webhook_url: BTreeMap::new(),
            minor_outage: 5,
            major_outage: 10,
            user_daily: None,
            user_monthly: None,
            anomaly_min: NanoUsd(10_000_000_000),
            report_every: ReportPeriod::default(),
            budget_percents: vec![50, 80, 95, 100],
            email_to: Vec::new(),
            webhook_secret: None,
            messages_per_minute: 20,
            quiet_hours: None,
        }
    }
}

impl AlertSettings {
    /// What is told where a channel says nothing else.
    #[must_use]
    pub fn told(&self) -> Vec<AlertType> {
        let by_default = || AlertType::ALL.into_iter().filter(|one| one.is_default()).collect();
        self.alert_types.clone().unwrap_or_else(by_default)
    }
}

/// LiteLLM's part, of `general_settings`.
pub(super) fn read(section: &mut Section<'_>, settings: &mut AlertSettings) {
    let default = AlertSettings::default();
    settings.channels = section.get("alerting").map(|item| channels(&item)).unwrap_or_default();
    let named = section.get("alert_types").map(|item| item.list(true)).filter(|named| !named.is_empty());
    settings.alert_types = named.map(|named| types(&named));
    settings.slow_after = section.timeout("alerting_threshold").unwrap_or(default.slow_after);
    settings.to_webhook_url = webhook_urls(section);
    settings.report_every =
        section.get("spend_report_frequency").and_then(|item| report_period(&item)).unwrap_or_default();
    let Some(mut args) = section.get("alerting_args").and_then(|item| item.section()) else { return };
    let mut failures = |key, default| {
        let found = args.whole(key, 1..=OUTAGE_MAX).and_then(|count| i64::try_from(count).ok());
        found.unwrap_or(default)
    };
    settings.minor_outage = failures("minor_outage_alert_threshold", default.minor_outage);
    settings.major_outage = failures("major_outage_alert_threshold", default.major_outage);
    settings.user_daily = args.get("daily_spend_per_user_threshold").and_then(|item| money(&item));
    settings.user_monthly = args.get("monthly_spend_per_user_threshold").and_then(|item| money(&item));
    settings.anomaly_min =
        args.get("spend_anomaly_min_spend").and_then(|item| money(&item)).unwrap_or(default.anomaly_min);
    args.finish(&vocabulary::ALERTING_ARGS);
}

/// Our part, of `tollgate_settings`.
pub(super) fn read_own(section: &mut Section<'_>, settings: &mut AlertSettings) {
    if let Some(item) = section.get("alert_budget_percents") {
        settings.budget_percents = percents(&item);
    }
    settings.email_to = section.get("alert_email_to").map(|item| addresses(&item)).unwrap_or_default();
    settings.webhook_secret = section.get("alert_webhook_secret").and_then(|item| webhook_secret(&item));
    if let Some(messages) = section.whole("alert_messages_per_minute", 1..=MESSAGES_PER_MINUTE_MAX) {
        settings.messages_per_minute = u32::try_from(messages).unwrap_or(settings.messages_per_minute);
    }
    settings.quiet_hours = section.get("alert_quiet_hours").and_then(|item| quiet_hours(&item));
}

fn report_period(item: &Item<'_>) -> Option<ReportPeriod> {
    let found = match item.text()?.as_str() {
        "1d" | "24h" | "daily" => Some(ReportPeriod::Day),
        "7d" | "1w" | "weekly" => Some(ReportPeriod::Week),
        "30d" | "1mo" | "monthly" => Some(ReportPeriod::Month),
        _ => None,
    };
    if found.is_none() {
        item.warning("expected 1d, 7d or 30d; spend is reported every week");
    }
    found
}

fn channels(item: &Item<'_>) -> Vec<ChannelKind> {
    const KNOWN: [ChannelKind; 3] = [ChannelKind::Slack, ChannelKind::Email, ChannelKind::Webhook];
    let mut channels = Vec::new();
    for item in item.list(true) {
        let Some(name) = item.text() else { continue };
        match KNOWN.into_iter().find(|kind| kind.name() == name) {
            Some(kind) if channels.contains(&kind) => {}
            Some(kind) => channels.push(kind),
            None => item.warning(format!(
                "expected slack, email or webhook, got \"{name}\"; other channels are added at run time"
            )),
        }
    }
    channels
}

fn types(items: &[Item<'_>]) -> Vec<AlertType> {
    items.iter().filter_map(|item| alert_type(item, &item.text()?)).collect()
}

fn alert_type(item: &Item<'_>, name: &str) -> Option<AlertType> {
    let found = AlertType::named(name);
    if found.is_none() && NOT_HERE.contains(&name) {
        item.warning("there is nothing here that alerts of this type of LiteLLM's are about");
    } else if found.is_none() {
        let names = AlertType::ALL.into_iter().map(AlertType::name);
        let near = vocabulary::nearest(name, names).map(|near| format!("; did you mean \"{near}\"?"));
        item.warning(format!("there is no alert of the type \"{name}\"{}", near.unwrap_or_default()));
    }
    found
}

fn webhook_urls(section: &mut Section<'_>) -> BTreeMap<AlertType, Vec<Secret>> {
    let entries = section.get("alert_to_webhook_url").and_then(|item| item.section());
    let entries = entries.iter().flat_map(Section::all);
    let read = |(name, item): (&str, Item<'_>)| Some((alert_type(&item, name)?, urls(&item)));
    entries.filter_map(read).collect()
}

fn urls(item: &Item<'_>) -> Vec<Secret> {
    let url = |item: &Item<'_>| {
        let text = item.text()?;
        let is_url = reqwest::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_url {
            item.error("expected an http or https address");
        }
        is_url.then(|| Secret::new(text))
    };
    item.list(true).iter().filter_map(url).collect()
}

fn percents(item: &Item<'_>) -> Vec<u32> {
    let percent = |item: &Item<'_>| u32::try_from(item.whole(&(1..=PERCENT_MAX))?).ok();
    let mut percents: Vec<u32> = item.list(true).iter().filter_map(percent).collect();
    percents.sort_unstable();
    percents.dedup();
    percents
}

fn addresses(item: &Item<'_>) -> Vec<String> {
    let address = |item: &Item<'_>| {
        let text = item.text()?;
        let is_address = text.parse::<lettre::Address>().is_ok();
        if !is_address {
            item.error(format!("expected an e-mail address, got \"{text}\""));
        }
        is_address.then_some(text)
    };
    item.list(true).iter().filter_map(address).collect()
}

fn webhook_secret(item: &Item<'_>) -> Option<Secret> {
    let text = item.text()?;
    if signing_key(&text).is_some() {
        return Some(Secret::new(text));
    }
    item.error("expected \"whsec_\" and the base64 of 24 to 64 bytes");
    None
}

/// `{start: "22:00", end: "07:00", timezone: Europe/Berlin}`.
fn quiet_hours(item: &Item<'_>) -> Option<QuietHours> {
    let json = item.node.to_json();
    if json.is_null() {
        return None;
    }
    let read = serde_path_to_error::deserialize::<_, QuietHours>(json);
    let hours = read.map_err(|error| item.error(format!("{}: {}", error.path(), error.inner()))).ok()?;
    if let Err(report) = garde::Validate::validate(&hours) {
        let texts: Vec<String> = report.iter().map(|(path, error)| format!("{path}: {error}")).collect();
        item.error(texts.join("; "));
        return None;
    }
    if let Some(zone) = hours.timezone.as_deref().filter(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        item.error(format!("timezone: expected a time zone such as \"Europe/Berlin\", got \"{zone}\""));
        return None;
    }
    Some(hours)
}
