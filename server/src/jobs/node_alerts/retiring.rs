//! Models that their provider turns off. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tollgate_openapi::alert::{AlertLevel, AlertType};

use crate::domain::alert::{Happened, NewAlert};
use crate::router::Deployment;

/// Days before a model's end on which it is told of, and how bad that is.
const MARKS: [(i64, AlertLevel); 3] = [(0, AlertLevel::High), (7, AlertLevel::Medium), (30, AlertLevel::Low)];
/// Days after a model's end from which on nobody need be told.
const GONE_DAYS: i64 = 30;

/// What is to be told of these deployments today: each of a provider's models once for each mark.
pub(super) fn alerts(deployments: &[Arc<Deployment>], now: DateTime<Utc>) -> Vec<NewAlert> {
    let mut served: BTreeMap<(&str, &str, NaiveDate), Vec<String>> = BTreeMap::new();
    for one in deployments.iter().filter(|one| one.unavailable.is_none()) {
        let Some(day) = one.retires() else { continue };
        let names = served.entry((&one.provider_name, &one.upstream_model, day)).or_default();
        let name = one.model_name.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let today = now.date_naive();
    let alert = |((provider, upstream_model, day), models): ((&str, &str, NaiveDate), Vec<String>)| {
        let days = (day - today).num_days();
        let (mark, level) = MARKS.into_iter().find(|(mark, _)| days <= *mark).filter(|_| days >= -GONE_DAYS)?;
        let key = format!("model_deprecation_warnings/{provider}/{upstream_model}/{day}/{mark}");
        let (upstream_model, provider) = (upstream_model.to_owned(), provider.to_owned());
        let subject_id = models.first().cloned().unwrap_or_default();
        let what = Happened::ModelRetires { models, upstream_model, provider, day, days_left: mark };
        Some(NewAlert {
            subject_kind: "model".to_owned(),
            subject_id,
            ..NewAlert::of_gateway(AlertType::ModelDeprecationWarnings, level, key, now, what)
        })
    };
    served.into_iter().filter_map(alert).collect()
}
