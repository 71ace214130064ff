//! `POST /user/new`.

use actix_web::web;
use sea_orm::DatabaseTransaction;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::KeyCreate;
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;
use tollgate_openapi::team::{Member, MemberRole};
use tollgate_openapi::user::{TeamToJoin, UserCreate, UserCreated};

use super::view::view;
use super::{blank, make, rules};
use crate::app::App;
use crate::auth::{Principal, password};
use crate::crypto::generate_key;
use crate::db::user::Model;
use crate::db::{self, JsonMap, Strings};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::announce;
use crate::management::invitation::invite;
use crate::management::limit::Wanted;
use crate::management::rules::keep;
use crate::management::team::{Joining, join};
use crate::management::{Json, key, new_id};

/// Make a user
///
/// With a first key, unless `auto_create_key` is false: the answer is the only place where that key is shown. The limits
/// are the user's, whichever key they call with.
#[utoipa::path(
    post,
    path = paths::USER_NEW,
    operation_id = "user_new",
    tag = "user",
    request_body = UserCreate,
    responses(
        (status = 200, description = "The new user", body = UserCreated),
        (status = 400, description = "One of the teams does not exist, or another value will not do",
            body = ErrorEnvelope),
        (status = 409, description = "The id or the e-mail address exists already", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<UserCreate>,
) -> ApiResult<web::Json<UserCreated>> {
    let mut body = body.0;
    principal.authorize_all(Action::UserWrite)?;
    rules::check_create(&body)?;
    let teams = std::mem::take(&mut body.teams);
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: body.spend,
    };
    let is_invited = body.send_invite_email;
    let first_key = body.auto_create_key.then(|| first_key(&body));
    let user = new_row(&app, body).await?;

    let transaction = db::begin(&app.db).await?;
    let user = make(&app, &transaction, &principal, user, wanted).await?;
    let joined = join_all(&app, &transaction, &principal, &user.user_id, teams).await?;
    let made = match first_key {
        Some(mut wanted) => {
            wanted.user_id = Some(user.user_id.clone());
            let secret = generate_key().map_err(ApiError::internal)?;
            let key = key::create::insert(&app, &transaction, &principal, wanted, &secret).await?;
            Some((secret, key))
        }
        None => None,
    };
    let invited = match is_invited {
        true => Some(invite(&app, &transaction, &principal, &user).await?),
        false => None,
    };
    transaction.commit().await?;
    announce(&app, "user", &user.user_id);
    joined.iter().for_each(|id| announce(&app, "team_member", id));
    let (key, row) = made.unzip();
    let user = view(&app, user).await?;
    Ok(web::Json(UserCreated {
        key,
        token: row.as_ref().map(|row| row.token.clone()),
        key_name: row.as_ref().map(|row| row.key_name.clone()),
        expires: row.and_then(|row| row.expires_at),
        invitation: invited.map(|invited| invited.tell(&app)),
        user,
    }))
}

fn first_key(body: &UserCreate) -> KeyCreate {
    KeyCreate {
        key_alias: body.key_alias.clone(),
        duration: body.duration.clone(),
        models: body.models.clone(),
        ..KeyCreate::default()
    }
}

async fn new_row(app: &App, body: UserCreate) -> ApiResult<Model> {
    let about: Vec<String> =
        [&body.user_id, &body.user_email, &body.user_alias].into_iter().flatten().cloned().collect();
    let mut user = blank(app, body.user_id.unwrap_or_else(new_id), body.user_email);
    user.user_alias = body.user_alias;
    if let Some(role) = body.user_role {
        role.as_str().clone_into(&mut user.user_role);
    }
    if let Some(secret) = body.password {
        let chars_min = app.identity.settings.password_chars_min;
        user.password_hash = Some(password::accept("password", secret, chars_min, about).await?);
    }
    user.models = Strings(body.models);
    user.metadata = JsonMap(body.metadata);
    keep(&mut user.other, body.other);
    Ok(user)
}

/// Joins each of the teams and tells the ids of the memberships.
async fn join_all(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: &str,
    teams: Vec<TeamToJoin>,
) -> ApiResult<Vec<String>> {
    let mut all = Vec::with_capacity(teams.len());
    for team in teams {
        let (team_id, max_budget, role) = match team {
            TeamToJoin::Id(team_id) => (team_id, None, MemberRole::User),
            TeamToJoin::Terms { team_id, max_budget_in_team, user_role } => (team_id, max_budget_in_team, user_role),
        };
        if max_budget.is_some_and(|money| money.0 < 0) {
            return Err(ApiError::bad_request("teams", "teams: max_budget_in_team: expected zero or more US dollars"));
        }
        if db::team::find_for_update(transaction, &team_id).await?.is_none() {
            return Err(ApiError::bad_request("teams", format!("teams: there is no team '{team_id}'")));
        }
        let limits = LimitPatch { max_budget: max_budget.map_or(Patch::Absent, Patch::Set), ..LimitPatch::default() };
        let wanted = Wanted { limits, ..Wanted::default() };
        let joining = Joining { team_id: &team_id, wanted, other: JsonMap::default() };
        let member = Member { role, user_id: Some(user_id.to_owned()), user_email: None };
        let joined = join(app, transaction, principal, joining, vec![member]).await?;
        all.extend(joined.iter().map(db::team_member::Model::scope_id));
    }
    Ok(all)
}
