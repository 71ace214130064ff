//! What people call those who spent. Whoever has no other name than the id is not among the answers.

use std::collections::HashMap;

use crate::app::App;
use crate::db;
use crate::error::ApiResult;

/// Names by id.
pub(super) type Names = HashMap<String, String>;

pub(super) async fn users(app: &App, ids: &[String]) -> ApiResult<Names> {
    let users = db::user::find_many(&app.db, ids).await?.into_iter();
    Ok(named(users.map(|user| (user.user_id, user.user_email.or(user.user_alias)))))
}

pub(super) async fn teams(app: &App, ids: &[String]) -> ApiResult<Names> {
    let teams = db::team::find_many(&app.db, ids).await?.into_iter();
    Ok(named(teams.map(|team| (team.team_id, team.team_alias))))
}

pub(super) async fn organizations(app: &App, ids: &[String]) -> ApiResult<Names> {
    let organizations = db::organization::find_many(&app.db, ids).await?.into_iter();
    Ok(named(organizations.map(|one| (one.organization_id, Some(one.organization_alias)))))
}

pub(super) async fn customers(app: &App, ids: &[String]) -> ApiResult<Names> {
    let customers = db::customer::find_many(&app.db, ids).await?.into_iter();
    Ok(named(customers.map(|customer| (customer.user_id, customer.alias))))
}

fn named(all: impl Iterator<Item = (String, Option<String>)>) -> Names {
    all.filter_map(|(id, name)| Some((id, name?))).collect()
}
