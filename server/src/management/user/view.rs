//! Users as they are shown.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::Value;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::user::UserView;

use crate::app::App;
use crate::db::daily_entity_spend::Days;
use crate::db::limit::Model as Limit;
use crate::db::usage::{self, Dimension, Of};
use crate::db::user::Model;
use crate::db::{self, Scope};
use crate::error::ApiResult;
use crate::management::limit::Limited;
use crate::management::{change, limit, only};

/// What is known of a user besides their row.
#[derive(Debug, Default)]
struct Known {
    teams: Vec<String>,
    key_count: u64,
    limited: Limited,
}

/// Shows one user to who sees everything.
pub(super) async fn view(app: &App, user: Model) -> ApiResult<UserView> {
    only(views(app, &Scope::All, vec![user]).await?)
}

/// Shows users with their teams, limits, keys and spend, in a few queries however many there are. Of keys and spend, with
/// what `scope` sees of them: what somebody has in another organization is not this one's to know.
pub(super) async fn views(app: &App, scope: &Scope, users: Vec<Model>) -> ApiResult<Vec<UserView>> {
    let ids: Vec<String> = users.iter().map(|user| user.user_id.clone()).collect();
    let mut known: HashMap<String, Known> = HashMap::new();
    for (id, limited) in limit::limited_views(app, &app.db, limit::USER, &ids).await? {
        known.entry(id).or_default().limited = limited;
    }
    for member in db::team_member::of_users(&app.db, &ids).await? {
        known.entry(member.user_id).or_default().teams.push(member.team_id);
    }
    for (id, count) in db::key::count_by_user(&app.db, scope, &ids).await? {
        known.entry(id).or_default().key_count = count.unsigned_abs();
    }
    if let Scope::Person(sight) = scope {
        let others: Vec<String> = ids.into_iter().filter(|id| *id != sight.user_id).collect();
        let spent = seen_spend(app, scope, &others).await?;
        for id in others {
            let standing = &mut known.entry(id.clone()).or_default().limited.standing;
            standing.total_spend = spent.get(&id).copied().unwrap_or_default();
            standing.spend = standing.total_spend;
        }
    }
    let shown = users.into_iter().map(|user| {
        let known = known.remove(&user.user_id).unwrap_or_default();
        show(user, known)
    });
    Ok(shown.collect())
}

/// What users have spent as far as `scope` sees it, since ever.
async fn seen_spend(app: &App, scope: &Scope, ids: &[String]) -> ApiResult<HashMap<String, NanoUsd>> {
    let of = Of { scope, filters: Vec::new() };
    let ever = Days { first: NaiveDate::default(), last: app.clock.now().date_naive() };
    let limit = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let sums = usage::groups(&app.db, &of, ever, Dimension::User, Some(ids), limit).await?.into_iter();
    Ok(sums.map(|(id, sums)| (id, NanoUsd(sums.spend))).collect())
}

/// A user as the audit chain keeps them: their settings; memberships and keys have rows of their own.
pub(super) fn snapshot(user: &Model, limits: &Limit) -> Value {
    let known = Known { limited: Limited::unspent(limits.clone()), ..Known::default() };
    let mut shown = change::snapshot(&show(user.clone(), known));
    if let Some(fields) = shown.as_object_mut() {
        ["teams", "key_count"].into_iter().for_each(|name| drop(fields.remove(name)));
    }
    shown
}

fn show(user: Model, known: Known) -> UserView {
    UserView {
        user_id: user.user_id,
        user_email: user.user_email,
        user_alias: user.user_alias,
        user_role: user.user_role,
        blocked: user.blocked,
        models: user.models.0,
        metadata: user.metadata.0,
        teams: known.teams,
        key_count: known.key_count,
        limits: known.limited.limits,
        standing: known.limited.standing,
        created_at: user.created_at,
        updated_at: user.updated_at,
        other: user.other.0.into_iter().collect(),
    }
}
