//! Alerts in words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollgate_openapi::alert::{AlertFact, AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use super::names::Names;
use super::report;
use crate::db::JsonMap;
use crate::db::alert::Model as Alert;
use crate::db::alert_delivery::Count;
use crate::domain::alert::{BudgetState, Happened};

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 150;

/// An alert as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The alert; of a digest its worst one.
    pub id: i64,
    /// Tells it from every other message: the same when it is sent again.
    pub key: String,
    /// What it is about.
    pub alert_type: AlertType,
    /// How bad it is.
    pub level: AlertLevel,
    /// What happened, in a word.
    pub event: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it happened to, and whose that is.
    pub subject: Subject,
    /// What happened, with all numbers.
    pub details: Map<String, Value>,
    /// Its words.
    pub words: Words,
}

/// What an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
}

/// The words of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// It in a line.
    pub title: String,
    /// It in a few sentences.
    pub text: String,
    /// Its numbers.
    pub facts: Vec<AlertFact>,
    /// The page of the console that shows it, from its root on.
    pub link: Option<String>,
}

impl Words {
    /// As the outbox keeps them.
    #[must_use]
    pub fn stored(&self) -> JsonMap {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => JsonMap(members),
            _ => JsonMap::default(),
        }
    }

    /// Those that the outbox keeps.
    #[must_use]
    pub fn of_stored(stored: &JsonMap) -> Option<Self> {
        serde_json::from_value(Value::Object(stored.0.clone())).ok()
    }

    pub(crate) fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        let title: String = title.into();
        let title = title.chars().map(|one| if one.is_control() { ' ' } else { one }).take(TITLE_CHARS_MAX).collect();
        Self { title, text: text.into(), facts: Vec::new(), link: None }
    }

    pub(crate) fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        let value: String = value.into();
        if !value.is_empty() {
            self.facts.push(AlertFact { name: name.to_owned(), value });
        }
        self
    }

    pub(crate) fn link(self, link: impl Into<String>) -> Self {
        Self { link: Some(link.into()), ..self }
    }
}

impl Message {
    /// The alert of a row; `None`: it is of a type that a newer version knows. Its words are those it was told in, or new
    /// ones with these names, and times of this zone.
    pub(super) fn of(alert: &Alert, names: &Names, tz: Tz) -> Option<Self> {
        let what: Happened = serde_json::from_value(Value::Object(alert.details.0.clone())).ok()?;
        let subject = Subject {
            kind: alert.subject_kind.clone(),
            id: alert.subject_id.clone(),
            organization_id: alert.organization_id.clone(),
            team_id: alert.team_id.clone(),
            user_id: alert.user_id.clone(),
        };
        let told = alert.message.as_ref().and_then(Words::of_stored);
        let words = told.unwrap_or_else(|| {
            let name = names.subject(&subject.kind, &subject.id);
            words(&what, &subject, &name, tz)
        });
        Some(Self {
            id: alert.id,
            key: format!("alert_{}", alert.id),
            alert_type: AlertType::named(&alert.alert_type)?,
            level: AlertLevel::named(&alert.level)?,
            event: alert.event.clone(),
            at: alert.occurred_at,
            subject,
            details: alert.details.0.clone(),
            words,
        })
    }

    /// Many alerts in one message: the worst of them, and how many there are of what.
    pub(super) fn digest(named: &[Self], counts: &[Count], last_delivery: i64) -> Self {
        let total: i64 = counts.iter().map(|count| count.alerts).sum();
        let worst = counts.iter().filter_map(|count| AlertLevel::named(&count.level)).max();
        let mut lines: Vec<String> = named.iter().map(|message| format!("• {}", message.words.title)).collect();
        let others = total - i64::try_from(named.len()).unwrap_or(i64::MAX);
        if others > 0 {
            lines.push(format!("… and {others} more"));
        }
        let mut words = Words::new(format!("{total} alerts"), lines.join("\n")).link("/ui/alerts");
        let mut counts: Vec<&Count> = counts.iter().collect();
        counts.sort_by_key(|count| std::cmp::Reverse((AlertLevel::named(&count.level), count.alerts)));
        for count in counts {
            words = words.fact(&format!("{} ({})", count.alert_type, count.level), count.alerts.to_string());
        }
        let of = named.first();
        Self {
            id: of.map_or(0, |message| message.id),
            // With another one in it, it is another digest.
            key: format!("digest_{last_delivery}"),
            alert_type: of.map_or(AlertType::BudgetAlerts, |message| message.alert_type),
            level: worst.unwrap_or(AlertLevel::High),
            event: "digest".to_owned(),
            at: named.iter().map(|message| message.at).min().unwrap_or_default(),
            subject: Subject { kind: "gateway".to_owned(), id: "digest".to_owned(), ..Subject::default() },
            details: Map::new(),
            words,
        }
    }

    /// A message that cannot go by the outbox, since that is what is away.
    pub(super) fn database_is_away(since: DateTime<Utc>, error: &str, tz: Tz) -> Self {
        let text = "Calls go on with what the gateway knows; what they cost waits on the disk. Nothing can be changed.";
        let words = Words::new("The database is away", text).fact("Since", time(since, tz)).fact("Error", error);
        Self {
            id: 0,
            key: format!("database_{}", since.timestamp()),
            alert_type: AlertType::DbExceptions,
            level: AlertLevel::High,
            event: "database_is_away".to_owned(),
            at: since,
            subject: Subject { kind: "gateway".to_owned(), id: "gateway".to_owned(), ..Subject::default() },
            details: Map::new(),
            words: words.link("/ui/"),
        }
    }

    /// A message that is told because somebody tries a channel.
    #[must_use]
    pub fn test(actor: &str, at: DateTime<Utc>) -> Self {
        let text = format!("{actor} tries whether alerts arrive here. They do.");
        Self {
            id: 0,
            key: format!("test_{}", at.timestamp_micros()),
            alert_type: AlertType::AlertChannelFailing,
            level: AlertLevel::Low,
            event: "test".to_owned(),
            at,
            subject: Subject { kind: "gateway".to_owned(), id: "gateway".to_owned(), ..Subject::default() },
            details: Map::new(),
            words: Words::new("A test of Tollgate's alerts", text).link("/ui/alerts?tab=channels"),
        }
    }
}

fn words(what: &Happened, subject: &Subject, name: &str, tz: Tz) -> Words {
    match what {
        Happened::ThresholdCrossed { percent, budget } => {
            of_budget(&format!("{name} has used {percent} % of its budget"), budget, subject, tz)
        }
        Happened::BudgetCrossed { budget } => {
            let words = of_budget(&format!("{name} has used up its budget"), budget, subject, tz);
            Words { text: format!("Its calls are refused until there is a new budget. {}", words.text), ..words }
        }
        Happened::CallRefused { budget } => {
            let words = of_budget(&format!("{name} has too little budget left for a call"), budget, subject, tz);
            Words { text: format!("The call was refused; smaller ones may go on. {}", words.text), ..words }
        }
        Happened::SoftBudgetCrossed { budget, soft_budget } => {
            let words = of_budget(&format!("{name} has spent its soft budget"), budget, subject, tz);
            words.fact("Soft budget", dollars(*soft_budget))
        }
        Happened::ProjectedLimitExceeded { budget, projected, exceeded_at } => {
            let title = format!("{name} will run out of budget on {}", date(*exceeded_at, tz));
            let words = of_budget(&title, budget, subject, tz);
            words.fact("At this pace", dollars(*projected)).fact("Spent by", time(*exceeded_at, tz))
        }
        Happened::SpendReport(report) => report::words(report),
        other => of_calls(other, name, tz),
    }
}

fn of_budget(title: &str, budget: &BudgetState, subject: &Subject, tz: Tz) -> Words {
    let spent = dollars(budget.spent);
    let of = budget.max_budget.map(|max| format!(" of {}", dollars(max))).unwrap_or_default();
    let renewed = budget.window_end.map_or_else(
        || "This budget never starts anew.".to_owned(),
        |end| format!("The budget starts anew on {}.", time(end, tz)),
    );
    let words = Words::new(title, format!("{spent}{of} spent. {renewed}"))
        .fact("Spent", spent)
        .fact("Budget", budget.max_budget.map(dollars).unwrap_or_default())
        .fact("Left", budget.max_budget.map(|max| dollars((max - budget.spent).max(0))).unwrap_or_default());
    match page_of(&subject.kind, &subject.id) {
        Some(page) => words.link(page),
        None => words,
    }
}

fn of_calls(what: &Happened, name: &str, tz: Tz) -> Words {
    let call = |request_id: &str| format!("/ui/logs?call={}", encoded(request_id));
    match what {
        Happened::CallsFailed { model, provider, status_code, error, request_id } => {
            Words::new(format!("Calls to {model} fail"), format!("{provider} answers with {status_code}: {error}"))
                .fact("Model", model.clone())
                .fact("Provider", provider.clone())
                .fact("Status", status_code.to_string())
                .link(call(request_id))
        }
        Happened::CallsSlow { model, provider, seconds, threshold_seconds, request_id } => {
            let text = format!("A call took {seconds} s; more than {threshold_seconds} s is slow.");
            Words::new(format!("Calls to {model} are slow"), text)
                .fact("Model", model.clone())
                .fact("Provider", provider.clone())
                .fact("Took", format!("{seconds} s"))
                .fact("Limit", format!("{threshold_seconds} s"))
                .link(call(request_id))
        }
        Happened::ProviderDown { failures, threshold, error } => {
            let text = format!("{failures} tries failed within a minute. The last one: {error}");
            Words::new(format!("{name} fails again and again"), text)
                .fact("Failures", failures.to_string())
                .fact("Limit", format!("{threshold} a minute"))
                .link("/ui/models")
        }
        Happened::FellBack { model, stood_in, reason, request_id } => {
            Words::new(format!("{stood_in} stands in for {model}"), format!("{model} did not answer ({reason})."))
                .fact("Asked for", model.clone())
                .fact("Answered", stood_in.clone())
                .fact("Reason", reason.clone())
                .link(call(request_id))
        }
        other => of_gateway(other, name, tz),
    }
}

fn of_gateway(what: &Happened, name: &str, tz: Tz) -> Words {
    match what {
        Happened::SpendNotTracked { request_id, error } => {
            let text = format!("The database refuses it: {error}. It is kept on the node's disk beside the spool.");
            Words::new("The cost of a call could not be booked", text).fact("Call", request_id.clone())
        }
        Happened::DatabaseAway { seconds, error } => {
            let text =
                format!("For {seconds} s it took no calls: {error}. They waited on the disk and are written now.");
            Words::new("The database was away", text).fact("For", format!("{seconds} s")).link("/ui/")
        }
        Happened::Changed { action, name, actor } => {
            Words::new(format!("{name} was {action}"), format!("{actor} did it."))
                .fact("By", actor.clone())
                .link("/ui/audit")
        }
        Happened::ChannelFailing { name, since, error } => {
            Words::new(format!("Alerts do not reach {name}"), format!("Since {}: {error}", time(*since, tz)))
                .fact("Channel", name.clone())
                .fact("Since", time(*since, tz))
                .link("/ui/alerts?tab=channels")
        }
        _ => Words::new(name, String::new()),
    }
}

/// The page of the console that shows something.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let group = |id: &str| id.split_once('/').map_or_else(|| id.to_owned(), |(group, _)| group.to_owned());
    let (page, id) = match kind {
        "key" => ("keys?key", id.to_owned()),
        "user" => ("users?user", id.to_owned()),
        "team" => ("teams?team", id.to_owned()),
        "team_member" => ("teams?tab=members&team", group(id)),
        "organization" => ("organizations?organization", id.to_owned()),
        "organization_member" => ("organizations?tab=members&organization", group(id)),
        "customer" => ("customers?customer", id.to_owned()),
        "tag" => ("tags?tag", id.to_owned()),
        "provider" | "gateway" => return Some("/ui/usage".to_owned()),
        _ => return None,
    };
    Some(format!("/ui/{page}={}", encoded(&id)))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Dollars with cents; below a cent, as many digits as it takes.
pub(crate) fn dollars(nano: i64) -> String {
    let shown = NanoUsd(nano).to_string();
    let (whole, decimals) = shown.split_once('.').unwrap_or((&shown, ""));
    let cents = (i128::from(nano) + 5_000_000) / 10_000_000;
    if cents > 0 {
        return format!("${}.{:02}", cents / 100, cents % 100);
    }
    match decimals.trim_end_matches('0') {
        "" => format!("${whole}.00"),
        digits => format!("${whole}.{digits}"),
    }
}

fn date(at: DateTime<Utc>, tz: Tz) -> String {
    at.with_timezone(&tz).format("%-d %B %Y").to_string()
}

fn time(at: DateTime<Utc>, tz: Tz) -> String {
    at.with_timezone(&tz).format("%-d %B %Y, %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_dollars_and_cents() {
        let shown = [80_120_000_000, 5_000_000, 4_999_999, 75, 0, 1_999_999_999].map(dollars);
        assert_eq!(shown, ["$80.12", "$0.01", "$0.004999999", "$0.000000075", "$0.00", "$2.00"]);
    }

    #[test]
    fn a_budget_is_told_of_with_its_numbers() {
        let budget = BudgetState {
            spent: 80_120_000_000,
            max_budget: Some(100_000_000_000),
            window_start: None,
            window_end: "2026-11-30T23:00:00Z".parse().ok(),
        };
        let subject = Subject { kind: "team".to_owned(), id: "search & co".to_owned(), ..Subject::default() };
        let what = Happened::ThresholdCrossed { percent: 80, budget };
        let words = words(&what, &subject, "Team search", Tz::Europe__Berlin);
        assert_eq!(words.title, "Team search has used 80 % of its budget");
        assert_eq!(words.text, "$80.12 of $100.00 spent. The budget starts anew on 1 December 2026, 00:00 CET.");
        let facts: Vec<_> = words.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
        assert_eq!(facts, [("Spent", "$80.12"), ("Budget", "$100.00"), ("Left", "$19.88")]);
        assert_eq!(words.link.as_deref(), Some("/ui/teams?team=search%20%26%20co"));
        assert_eq!(Words::of_stored(&words.stored()), Some(words));
    }
}
