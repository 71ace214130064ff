//! `POST /key/bulk_update`, `POST /team/key/bulk_update`, `POST /key/bulk_delete` and `POST /v2/key/info`: many keys, each by
//! itself.

use actix_web::http::StatusCode;
use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{
    BULK_MAX, KeyBulkDelete, KeyBulkDeleted, KeyBulkUpdate, KeyBulkUpdated, KeyFailure, KeyPatch, KeyUpdate, KeysInfo,
    KeysInfoQuery, TeamKeyBulkUpdate, TeamKeyBulkUpdated,
};
use tollgate_openapi::paths;

use super::delete::delete_one;
use super::update::update_one;
use super::view::views;
use super::{access, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::KeyDigest;
use crate::db;
use crate::db::key::Owner;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::extract::check;
use crate::management::{IfMatch, Json, team};

/// Change many keys
///
/// Each as `/key/update` would, in a transaction of its own: what is wrong with one leaves the others alone.
#[utoipa::path(
    post,
    path = paths::KEY_BULK_UPDATE,
    operation_id = "key_bulk_update",
    tag = "key",
    request_body = KeyBulkUpdate,
    responses(
        (status = 200, description = "What became of each", body = KeyBulkUpdated),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyBulkUpdate>,
) -> ApiResult<web::Json<KeyBulkUpdated>> {
    principal.authorize_somewhere(Action::KeyUpdate)?;
    Ok(web::Json(update_each(&app, &principal, body.0.keys).await?))
}

async fn update_each(app: &App, principal: &Principal, patches: Vec<KeyPatch>) -> ApiResult<KeyBulkUpdated> {
    let total_requested = patches.len();
    let (mut names, mut changed, mut failed_updates) = (Vec::new(), Vec::new(), Vec::new());
    for patch in patches {
        let named = name_of(&patch);
        match checked_update(app, principal, patch).await {
            Ok((named, key)) => {
                names.push(named);
                changed.push(key);
            }
            Err(refusal) => failed_updates.push(failure(named, refusal)?),
        }
    }
    let shown = names.into_iter().zip(views(app, changed).await?);
    let successful_updates = shown.map(|(key, key_info)| KeyUpdate { key, key_info }).collect();
    Ok(KeyBulkUpdated { total_requested, successful_updates, failed_updates })
}

fn name_of(patch: &KeyPatch) -> String {
    patch.key.clone().or_else(|| patch.key_alias.as_set().cloned()).unwrap_or_default()
}

async fn checked_update(app: &App, principal: &Principal, patch: KeyPatch) -> ApiResult<(String, db::key::Model)> {
    check(&patch)?;
    update_one(app, principal, IfMatch::ANYTHING, patch).await
}

/// Change keys of a team
///
/// All of them, or those that are named, in the same way, by who runs the team. Each as `/key/update` would, in a transaction of its own: what is
/// wrong with one leaves the others alone.
#[utoipa::path(
    post,
    path = paths::TEAM_KEY_BULK_UPDATE,
    operation_id = "team_key_bulk_update",
    tag = "key",
    request_body = TeamKeyBulkUpdate,
    responses(
        (status = 200, description = "What became of each", body = TeamKeyBulkUpdated),
        (status = 400, description = "The change is none, or not one of many keys", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn update_of_team(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamKeyBulkUpdate>,
) -> ApiResult<web::Json<TeamKeyBulkUpdated>> {
    let TeamKeyBulkUpdate { team_id, key_ids, all_keys_in_team, update_fields } = body.0;
    let found = db::team::find(&app.db, &team_id).await?;
    principal.authorize_on(Action::TeamUpdate, &team::relations_to(&principal, found.as_ref()), team::NOT_FOUND)?;
    let team = found.ok_or_else(|| ApiError::not_found(team::NOT_FOUND))?;
    check_shared(&update_fields)?;
    let of_team = db::key::tokens(&app.db, Owner::Team(&team.team_id)).await?;
    let (tokens, failures) = match (key_ids, all_keys_in_team) {
        (None, true) => (of_team.into_iter().map(|(token, _)| token).collect(), Vec::new()),
        (Some(named), false) => sort_out(&app, named, &of_team).await?,
        _ => return Err(ApiError::bad_request("key_ids", "Expected either key_ids or all_keys_in_team: true.")),
    };
    if tokens.len() > BULK_MAX {
        let message = format!("The team has {} keys, and {BULK_MAX} can be changed at once. Name them.", tokens.len());
        return Err(ApiError::bad_request("all_keys_in_team", message));
    }
    let patches = tokens.into_iter().map(|token| KeyPatch { key: Some(token), ..update_fields.clone() }).collect();
    let mut keys = update_each(&app, &principal, patches).await?;
    keys.total_requested += failures.len();
    keys.failed_updates.extend(failures);
    Ok(web::Json(TeamKeyBulkUpdated { team_id: team.team_id, keys }))
}

/// What many keys can be given: something, and nothing of which there is one for each.
fn check_shared(patch: &KeyPatch) -> ApiResult<()> {
    if *patch == KeyPatch::default() {
        return Err(ApiError::bad_request("update_fields", "Expected at least one field to change."));
    }
    let own = [
        ("key", patch.key.is_some()),
        ("key_alias", !patch.key_alias.is_absent()),
        ("user_id", !patch.user_id.is_absent()),
        ("team_id", !patch.team_id.is_absent()),
        ("organization_id", !patch.organization_id.is_absent()),
        ("spend", patch.spend.is_some()),
    ];
    if let Some((name, _)) = own.into_iter().find(|(_, is_sent)| *is_sent) {
        let message = format!("{name} is each key's own: change it with /key/update or /key/bulk_update.");
        return Err(ApiError::bad_request(format!("update_fields.{name}"), message));
    }
    rules::check_patch(patch)
}

/// The hashes of those of the keys that are the team's, and the others.
async fn sort_out(
    app: &App,
    named: Vec<String>,
    of_team: &[(String, Option<String>)],
) -> ApiResult<(Vec<String>, Vec<KeyFailure>)> {
    let (mut tokens, mut failures) = (Vec::new(), Vec::new());
    for key in named {
        let token = db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(&key)).await?;
        if of_team.iter().any(|(known, _)| *known == token) {
            tokens.push(token);
        } else {
            let (failed_reason, param) = ("The team has no such key.".to_owned(), Some("key_ids".to_owned()));
            failures.push(KeyFailure { key, failed_reason, param });
        }
    }
    Ok((tokens, failures))
}

/// Delete many keys
///
/// Each by itself: those that cannot be deleted leave the others alone. Their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::KEY_BULK_DELETE,
    operation_id = "key_bulk_delete",
    tag = "key",
    request_body = KeyBulkDelete,
    responses(
        (status = 200, description = "What became of each", body = KeyBulkDeleted),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyBulkDelete>,
) -> ApiResult<web::Json<KeyBulkDeleted>> {
    principal.authorize_somewhere(Action::KeyDelete)?;
    let total_requested = body.0.keys.len();
    let (mut successful_deletes, mut failed_deletes) = (Vec::new(), Vec::new());
    for key in body.0.keys {
        match delete_one(&app, &principal, &key).await {
            Ok(()) => successful_deletes.push(key),
            Err(refusal) => failed_deletes.push(failure(key, refusal)?),
        }
    }
    Ok(web::Json(KeyBulkDeleted { total_requested, successful_deletes, failed_deletes }))
}

/// Why one of many failed. A gateway that cannot go on says so for all of them.
fn failure(key: String, refusal: ApiError) -> ApiResult<KeyFailure> {
    if refusal.status() >= StatusCode::INTERNAL_SERVER_ERROR {
        return Err(refusal);
    }
    let param = refusal.param().map(str::to_owned);
    Ok(KeyFailure { key, failed_reason: refusal.message().into_owned(), param })
}

/// Show many keys
///
/// Those that do not exist for the caller are left out.
#[utoipa::path(
    post,
    path = paths::KEYS_INFO,
    operation_id = "keys_info",
    tag = "key",
    request_body = KeysInfoQuery,
    responses(
        (status = 200, description = "The keys that there are", body = KeysInfo),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeysInfoQuery>,
) -> ApiResult<web::Json<KeysInfo>> {
    principal.authorize_list(Action::KeyRead)?;
    let key = body.0.keys;
    let mut found = Vec::with_capacity(key.len());
    for named in &key {
        let token = db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(named)).await?;
        let one = db::key::find(&app.db, &token).await?;
        match access::authorize(&app.db, &principal, Action::KeyRead, one.as_ref()).await {
            Ok(()) => found.extend(one),
            Err(refusal) if refusal.status().is_client_error() => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(web::Json(KeysInfo { key, info: views(&app, found).await? }))
}
