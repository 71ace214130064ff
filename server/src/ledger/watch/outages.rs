//! Providers that fail for many calls, as a whole or in one place, and that they answer again. What is counted is in the
//! database: nodes count together, and go on after a restart.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::spend::CallStatus;

use super::calls::{TOLD_EVERY, shortened};
use crate::config::AlertSettings;
use crate::db::{self, JsonMap};
use crate::domain::alert::{Happened, NewAlert};
use crate::ledger::event::SpendEvent;

/// Failures are counted by this time, in seconds.
const WINDOW: i64 = 60;
/// Deployments of a place that are told apart.
const DEPLOYMENTS_MAX: usize = 64;
/// It is a place that fails, and not what is called there, from so many deployments on.
const DEPLOYMENTS_MIN: usize = 2;

/// An outage of what neither failed nor answered for so long is left alone.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// A provider, or one place of it: a region, or a host.
type Place = (String, Option<String>);

/// What failed in the last minute, and what is down: of what a batch says something of.
#[derive(Clone, Debug, Default)]
pub(super) struct Outages {
    counts: BTreeMap<Place, Count>,
    /// What of it is in the database.
    stored: BTreeMap<Place, Count>,
}

/// What failed in a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Count {
    minute: i64,
    failures: i64,
    /// Ids of what failed there.
    deployments: BTreeSet<String>,
    /// What was told of, until it is over.
    told: Vec<(AlertLevel, String)>,
    since: DateTime<Utc>,
    failed_at: DateTime<Utc>,
    /// The hour in which the last one ended, and how many did in it: another in the same hour is another alert.
    ended: (i64, u32),
}

/// A try that a provider failed.
struct Attempt<'e> {
    provider: &'e str,
    place: Option<&'e str>,
    deployment: &'e str,
    error: &'e str,
}

/// The tries of a call that failed for the provider's part: it was away, or says so itself.
fn attempts(event: &SpendEvent) -> impl Iterator<Item = Attempt<'_>> {
    let noted = event.metadata.get("attempts").and_then(Value::as_array);
    noted.into_iter().flatten().filter_map(|note| {
        let status = note.get("status").and_then(Value::as_u64);
        let is_outage = status.is_none_or(|status| status >= 500 || status == 408);
        let text = |name: &str| note.get(name).and_then(Value::as_str);
        let attempt = Attempt {
            provider: text("provider")?,
            place: text("place"),
            deployment: text("model_id").unwrap_or_default(),
            error: text("error").unwrap_or_default(),
        };
        Some(attempt).filter(|_| is_outage)
    })
}

/// A provider answered it.
fn is_answered(event: &SpendEvent) -> bool {
    event.status == CallStatus::Success && !event.cache_hit
}

impl Outages {
    /// Those that these events say something of, which nobody else changes until the transaction ends.
    pub(super) async fn load<'e>(
        db: &impl ConnectionTrait,
        events: impl Iterator<Item = &'e SpendEvent> + Clone,
    ) -> Result<Self, DbErr> {
        let mut places = BTreeSet::new();
        for attempt in events.clone().flat_map(attempts) {
            let provider = attempt.provider.to_owned();
            places.extend(attempt.place.map(|place| (provider.clone(), place.to_owned())));
            places.insert((provider, String::new()));
        }
        if events.clone().any(is_answered) {
            places.extend(db::outage::open(db).await?);
        }
        let mut stored = BTreeMap::new();
        if !places.is_empty() {
            for row in db::outage::lock(db, &places).await? {
                let place = Some(row.place).filter(|place| !place.is_empty());
                // What an older version wrote and this one does not know begins anew.
                let count = serde_json::from_value(Value::Object(row.state.0)).unwrap_or_default();
                stored.insert((row.provider, place), count);
            }
        }
        Ok(Self { counts: stored.clone(), stored })
    }

    /// Writes down what has changed.
    pub(super) async fn store(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        for (place, count) in self.counts {
            if self.stored.get(&place) == Some(&count) {
                continue;
            }
            let state = match serde_json::to_value(&count) {
                Ok(Value::Object(state)) => JsonMap(state),
                _ => JsonMap::default(),
            };
            let (provider, place) = (place.0, place.1.unwrap_or_default());
            let row = db::outage::Model { provider, place, is_open: !count.told.is_empty(), state };
            db::outage::set(db, row).await?;
        }
        Ok(())
    }

    /// Counts what failed for a call; what makes it an outage is told of, and what ends one.
    pub(super) fn look(&mut self, event: &SpendEvent, settings: &AlertSettings) -> Vec<NewAlert> {
        let mut alerts = Vec::new();
        for attempt in attempts(event) {
            alerts.extend(self.note(&attempt, None, event.end_time, settings));
            if attempt.place.is_some() {
                alerts.extend(self.note(&attempt, attempt.place, event.end_time, settings));
            }
        }
        if is_answered(event) {
            alerts.extend(self.counts.iter_mut().filter_map(|(place, count)| count.answered(place, event)));
        }
        alerts
    }

    fn note(
        &mut self,
        attempt: &Attempt<'_>,
        place: Option<&str>,
        at: DateTime<Utc>,
        settings: &AlertSettings,
    ) -> Option<NewAlert> {
        let key = (attempt.provider.to_owned(), place.map(str::to_owned));
        let counted = self.counts.entry(key).or_default();
        counted.count(attempt, at);
        if place.is_some() && counted.deployments.len() < DEPLOYMENTS_MIN {
            return None;
        }
        let (level, threshold) =
            [(AlertLevel::High, settings.major_outage), (AlertLevel::Medium, settings.minor_outage)]
                .into_iter()
                .find(|(_, threshold)| counted.failures >= *threshold)?;
        let hour = at.timestamp().div_euclid(TOLD_EVERY);
        let grade = if level == AlertLevel::High { "major" } else { "minor" };
        let of = place.map_or_else(|| attempt.provider.to_owned(), |place| format!("{}/{place}", attempt.provider));
        let alert_type = if place.is_some() { AlertType::RegionOutageAlerts } else { AlertType::OutageAlerts };
        let again = if counted.ended.0 == hour { format!("/{}", counted.ended.1) } else { String::new() };
        let key = format!("{alert_type}/{of}/{grade}/{hour}{again}");
        if counted.told.iter().any(|(_, told)| *told == key) {
            return None;
        }
        if counted.told.is_empty() {
            counted.since = at;
        }
        counted.told.push((level, key.clone()));
        let what = counted.outage(attempt, place, threshold);
        Some(about(attempt.provider, place, NewAlert::of_gateway(alert_type, level, key, at, what)))
    }
}

impl Count {
    fn count(&mut self, attempt: &Attempt<'_>, at: DateTime<Utc>) {
        let minute = at.timestamp().div_euclid(WINDOW);
        if self.minute < minute {
            (self.minute, self.failures) = (minute, 0);
            if self.told.is_empty() {
                self.deployments.clear();
            }
        }
        self.failures += 1;
        self.failed_at = self.failed_at.max(at);
        if self.deployments.len() < DEPLOYMENTS_MAX {
            self.deployments.insert(attempt.deployment.to_owned());
        }
    }

    fn outage(&self, attempt: &Attempt<'_>, place: Option<&str>, threshold: i64) -> Happened {
        let (failures, error) = (self.failures, shortened(attempt.error));
        match place {
            None => Happened::ProviderDown { failures, threshold, error },
            Some(place) => Happened::RegionDown {
                provider: attempt.provider.to_owned(),
                place: place.to_owned(),
                failures,
                threshold,
                deployments: i64::try_from(self.deployments.len()).unwrap_or(i64::MAX),
                error,
            },
        }
    }

    /// What a call that was answered says of it: nothing failed for a minute before. What nobody has called for long is not
    /// told of any more: nobody knows whether it would answer.
    fn answered(&mut self, (provider, place): &Place, event: &SpendEvent) -> Option<NewAlert> {
        let is_here = match place {
            None => event.provider.as_deref() == Some(provider),
            Some(_) => event.model_id.as_deref().is_some_and(|id| self.deployments.contains(id)),
        };
        if !is_here && event.end_time >= self.failed_at + FORGOTTEN_AFTER {
            self.told.clear();
            self.deployments.clear();
            return None;
        }
        let is_quiet = event.end_time >= self.failed_at + TimeDelta::seconds(WINDOW);
        // As bad as the outage was, or whoever was told of that would not be told of this.
        let level = self.told.iter().map(|(level, _)| *level).max().filter(|_| is_here && is_quiet)?;
        let outages: Vec<String> = std::mem::take(&mut self.told).into_iter().map(|(_, key)| key).collect();
        self.deployments.clear();
        let hour = event.end_time.timestamp().div_euclid(TOLD_EVERY);
        self.ended = (hour, if self.ended.0 == hour { self.ended.1 + 1 } else { 1 });
        let alert_type = if place.is_some() { AlertType::RegionOutageAlerts } else { AlertType::OutageAlerts };
        let key = format!("{}/recovered", outages.first().map(String::as_str).unwrap_or_default());
        let what = Happened::Recovered { since: self.since, outages };
        let alert = NewAlert::of_gateway(alert_type, level, key, event.end_time, what);
        Some(about(provider, place.as_deref(), alert))
    }
}

fn about(provider: &str, place: Option<&str>, alert: NewAlert) -> NewAlert {
    let (kind, id) = match place {
        None => ("provider", provider.to_owned()),
        Some(place) => ("region", format!("{provider}/{place}")),
    };
    NewAlert { subject_kind: kind.to_owned(), subject_id: id, ..alert }
}
