//! Keys that expire soon.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use crate::alerts::Alerts;
use crate::db;
use crate::domain::alert::{Happened, NewAlert};

/// Days before its end on which a key is told of, how bad that is, and how many days it must have had: who makes a key
/// for a day knows when it ends.
const MARKS: [(i64, AlertLevel, i64); 2] = [(1, AlertLevel::Medium, 3), (7, AlertLevel::Low, 14)];
/// Keys of a page.
const PAGE: u64 = 500;
/// Pages of a look; beyond, those that expire later are told of later.
const PAGES_MAX: usize = 40;

impl Alerts {
    pub(super) async fn look_at_keys(&self, now: DateTime<Utc>) -> Result<(), DbErr> {
        let until = now + MARKS.iter().map(|(days, ..)| TimeDelta::days(*days)).max().unwrap_or_default();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let keys = db::key::expiring(&self.db, (now, until), after.as_ref(), PAGE).await?;
            db::alert::raise_new(&self.db, keys.iter().filter_map(|key| expiring(key, now)).collect()).await?;
            let Some(last) = keys.last().filter(|_| u64::try_from(keys.len()).is_ok_and(|count| count >= PAGE)) else {
                break;
            };
            after = last.expires_at.map(|at| (at, last.token.clone()));
        }
        Ok(())
    }
}

fn expiring(key: &db::key::Model, now: DateTime<Utc>) -> Option<NewAlert> {
    let at = key.expires_at?;
    let lasts = at - key.created_at;
    let mut marks = MARKS.into_iter().filter(|(_, _, days)| lasts >= TimeDelta::days(*days));
    let (days_left, level, _) = marks.find(|(days, ..)| at - now <= TimeDelta::days(*days))?;
    let dedup_key = format!("credential_expiring/key/{}/{}/{days_left}", key.token, at.timestamp());
    let what = Happened::KeyExpires { at, days_left };
    Some(NewAlert {
        subject_kind: "key".to_owned(),
        subject_id: key.token.clone(),
        organization_id: key.organization_id.clone(),
        team_id: key.team_id.clone(),
        user_id: key.user_id.clone(),
        ..NewAlert::of_gateway(AlertType::CredentialExpiring, level, dedup_key, now, what)
    })
}
