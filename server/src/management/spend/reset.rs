//! `POST /global/spend/reset`.

use actix_web::web;
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::SpendReset;

use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::counters::{Correction, ScopeId};
use crate::db::budget_spend::{spent_of_many, window_key};
use crate::db::{self, policy_change, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Kind, Windows, set_spend};

/// Scopes that are set back in one transaction: the ledger waits no longer for it than for a batch of calls.
const SCOPES_AT_ONCE: u64 = 200;

/// Set back the spend of all keys and teams
///
/// In their current budget windows, whose ends stay; what they spent since they exist, calls and reports stay as they are.
/// Only by the master key. Where it fails midway, what was set back stays so: call it again.
#[utoipa::path(
    post,
    path = paths::GLOBAL_SPEND_RESET,
    operation_id = "global_spend_reset",
    tag = "spend",
    responses(
        (status = 200, description = "They have spent nothing in their windows", body = SpendReset),
        (status = 403, description = "The caller is not the master key", body = ErrorEnvelope),
    ),
)]
pub async fn reset(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<SpendReset>> {
    if !matches!(principal.credential, Credential::MasterKey) {
        return Err(ApiError::forbidden("Only the master key sets back the spend of all keys and teams."));
    }
    let keys = set_back(&app, &principal, limit::KEY).await?;
    let teams = set_back(&app, &principal, limit::TEAM).await?;
    Ok(web::Json(SpendReset {
        // LiteLLM's.
        message: "Spend for all API Keys and Teams reset successfully".to_owned(),
        status: "success".to_owned(),
        keys,
        teams,
    }))
}

/// Sets back all of a kind, and tells how many had spent something.
async fn set_back(app: &App, principal: &Principal, kind: Kind) -> ApiResult<u64> {
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let ids = match kind {
            limit::KEY => db::key::tokens_after(&app.db, &last, SCOPES_AT_ONCE).await?,
            _ => db::team::ids_after(&app.db, &last, SCOPES_AT_ONCE).await?,
        };
        match ids.last() {
            Some(id) => last.clone_from(id),
            None => return Ok(count),
        }
        count += set_some_back(app, principal, kind, &ids).await?;
    }
}

async fn set_some_back(app: &App, principal: &Principal, kind: Kind, ids: &[String]) -> ApiResult<u64> {
    let transaction = db::begin(&app.db).await?;
    let now = stored_time(app.clock.now());
    let starts = Windows::of_many(app, &transaction, kind, ids).await?.into_iter().map(|windows| windows.start());
    let windows: Vec<_> = ids.iter().cloned().zip(starts).collect();
    let spent = spent_of_many(&transaction, kind.scope, windows.iter().cloned()).await?;
    let (mut before, mut changed) = (Vec::new(), Vec::new());
    for (id, start) in windows {
        let scope = ScopeId { kind: kind.scope, id: id.as_str().into() };
        let in_ledger = spent.get(&(id.clone(), window_key(start))).copied().unwrap_or_default();
        if app.counters.spent_with(&scope, start, in_ledger) == NanoUsd::ZERO {
            continue;
        }
        let delta = set_spend(app, &transaction, &scope, start, NanoUsd::ZERO).await?;
        if delta != NanoUsd::ZERO {
            policy_change::record(&transaction, kind.scope, &id, now).await?;
            before.push(json!({ "id": id, "spend": NanoUsd::ZERO - delta }));
            changed.push(Correction { scope, window_start: start, counted: delta, moved: None });
        }
    }
    if changed.is_empty() {
        transaction.rollback().await?;
        return Ok(0);
    }
    let change = Change {
        action: "reset",
        kind: "spend",
        id: kind.scope,
        after: Some(json!({ "spend": NanoUsd::ZERO, "count": before.len() })),
        before: Some(json!({ "spent": before })),
    };
    record(app, &transaction, principal, change).await?;
    transaction.commit().await?;
    changed.iter().for_each(|correction| announce(app, kind.scope, &correction.scope.id));
    let count = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    app.counters.correct(changed).await;
    Ok(count)
}
