//! Users as they are shown.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_openapi::user::UserView;

use crate::app::App;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::db::user::Model;
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

/// Shows one user.
pub(super) async fn view(app: &App, user: Model) -> ApiResult<UserView> {
    only(views(app, vec![user]).await?)
}

/// Shows users with their teams, limits and spend, in a few queries however many there are.
pub(super) async fn views(app: &App, users: Vec<Model>) -> ApiResult<Vec<UserView>> {
    let ids: Vec<String> = users.iter().map(|user| user.user_id.clone()).collect();
    let mut known: HashMap<String, Known> = HashMap::new();
    for (id, limited) in limit::limited_views(app, &app.db, limit::USER, &ids).await? {
        known.entry(id).or_default().limited = limited;
    }
    for member in db::team_member::of_users(&app.db, &ids).await? {
        known.entry(member.user_id).or_default().teams.push(member.team_id);
    }
    for (id, count) in db::key::count_by_user(&app.db, &ids).await? {
        known.entry(id).or_default().key_count = count.unsigned_abs();
    }
    let shown = users.into_iter().map(|user| {
        let known = known.remove(&user.user_id).unwrap_or_default();
        show(user, known)
    });
    Ok(shown.collect())
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
