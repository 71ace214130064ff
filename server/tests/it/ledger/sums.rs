//! What reports read of the sums is what the calls say, whichever sums are the smallest.

use std::collections::BTreeMap;

use chrono::{Days as Count, NaiveDate};
use tollgate::db::Scope;
use tollgate::db::daily_entity_spend::{self, Days, Kind};
use tollgate::db::usage::{self, Dimension, Of};
use tollgate::ledger::SpendEvent;
use tollgate::ledger::writer::write_batch;

use super::event;
use crate::kit::TestApp;

/// What something is called of a call, where it has one.
type Name = fn(&SpendEvent) -> Option<String>;

const EVERYTHING: Of<'static> = Of { scope: &Scope::All, filters: Vec::new() };

/// Windows that begin and end on every day of a week, of up to seven weeks.
fn windows() -> impl Iterator<Item = Days> {
    let start = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    let window = move |begins, length| {
        let first = start + Count::new(begins);
        Days { first, last: first + Count::new(length) }
    };
    (0..8).flat_map(move |begins| [0, 5, 6, 7, 12, 13, 29, 45].map(|length| window(begins, length)))
}

/// Spend and calls of `days`, by name, the dearest first.
fn ranked(events: &[SpendEvent], days: Days, name: impl Fn(&SpendEvent) -> Option<String>) -> Vec<(String, i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in events.iter().filter(|event| days.contains(event.start_time.date_naive())) {
        if let Some(name) = name(event) {
            let sum = sums.entry(name).or_default();
            *sum = (sum.0 + event.spend_nano, sum.1 + 1);
        }
    }
    let mut ranked: Vec<_> = sums.into_iter().map(|(name, (spend, calls))| (name, spend, calls)).collect();
    ranked.sort_by_key(|(_, spend, _)| -spend);
    ranked
}

#[tokio::test]
async fn what_entities_spent_in_some_days_is_what_their_calls_cost() {
    let app = TestApp::start().await;
    let db = &app.app.db;
    let events: Vec<SpendEvent> = (0..1_200).map(event).collect();
    write_batch(db, &events).await.unwrap();
    let text = |name: &Option<std::sync::Arc<str>>| name.as_deref().map(str::to_owned);
    let of_key: Name = |event| Some(event.api_key.to_string());
    let of_model: Name = |event| Some(event.model_group.to_string());
    for days in windows() {
        let groups = async |by| {
            let found = usage::groups(db, &EVERYTHING, days, by, None, 100).await.unwrap();
            found.into_iter().map(|(id, sums)| (id, sums.spend, sums.api_requests)).collect::<Vec<_>>()
        };
        assert_eq!(groups(Dimension::Key).await, ranked(&events, days, of_key), "{days:?}");
        assert_eq!(groups(Dimension::Model).await, ranked(&events, days, of_model), "{days:?}");
        assert_eq!(groups(Dimension::User).await, ranked(&events, days, |event| text(&event.user_id)), "{days:?}");
        let top = async |kind| {
            let found = daily_entity_spend::top(db, days, kind, 100).await.unwrap();
            found.into_iter().map(|share| (share.id, share.spend, share.api_requests)).collect::<Vec<_>>()
        };
        assert_eq!(top(Kind::Key).await, ranked(&events, days, of_key), "{days:?}");
        assert_eq!(top(Kind::Customer).await, ranked(&events, days, |event| event.end_user.clone()), "{days:?}");
    }
}

#[tokio::test]
async fn what_teams_and_models_are_made_of_is_what_their_calls_cost() {
    let app = TestApp::start().await;
    let db = &app.app.db;
    let events: Vec<SpendEvent> = (0..1_200).map(event).collect();
    write_batch(db, &events).await.unwrap();
    let of_team: Name = |event| Some(event.team_id.as_deref().unwrap_or_default().to_owned());
    let of_model: Name = |event| Some(event.model_group.to_string());
    let of_user: Name = |event| Some(event.user_id.as_deref().unwrap_or_default().to_owned());
    for days in windows() {
        for (by, then, names) in [
            (Dimension::Team, Dimension::Model, [of_team, of_model]),
            (Dimension::Model, Dimension::Team, [of_model, of_team]),
            (Dimension::Model, Dimension::User, [of_model, of_user]),
        ] {
            let both = |event: &SpendEvent| Some(names.map(|name| name(event).unwrap_or_default()).join("/"));
            let ids: Vec<String> = ranked(&events, days, names[0]).into_iter().map(|(id, ..)| id).collect();
            let parts = usage::parts(db, &EVERYTHING, days, (by, then), &ids, 100).await.unwrap();
            let parts =
                parts.into_iter().map(|(id, part, sums)| (format!("{id}/{part}"), sums.spend, sums.api_requests));
            let (mut found, mut expected): (Vec<_>, _) = (parts.collect(), ranked(&events, days, both));
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{by:?} and {then:?}, {days:?}");
        }
        let of = Of { filters: vec![(Dimension::Model, "model-1")], ..EVERYTHING };
        let found = usage::groups(db, &of, days, Dimension::Team, None, 100).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|(id, sums)| (id, sums.spend, sums.api_requests)).collect();
        let is_meant = |event: &&SpendEvent| &*event.model_group == "model-1";
        let of_model: Vec<SpendEvent> = events.iter().filter(is_meant).cloned().collect();
        assert_eq!(found, ranked(&of_model, days, of_team), "{days:?}");
    }
}
