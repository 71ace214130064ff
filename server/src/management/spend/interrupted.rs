//! `GET /spend/interrupted` and `POST /spend/interrupted/resolve`: calls that were in flight when a gateway died.

use std::sync::Arc;

use actix_web::web;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{InterruptedPage, InterruptedQuery, InterruptedResolve, InterruptedView, Resolution};

use crate::app::App;
use crate::auth::Principal;
use crate::counters::{Correction, ScopeId};
use crate::db::audit::Entry;
use crate::db::interrupted_call::{self, Model};
use crate::db::{self, Scope, budget_spend, spend_log, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::ledger;
use crate::management::{Json, Query};

/// List interrupted calls
///
/// Calls that were in flight when a gateway died, those noticed last first. Each costs nothing until it is resolved.
#[utoipa::path(
    get,
    path = paths::SPEND_INTERRUPTED,
    operation_id = "spend_interrupted",
    tag = "spend",
    params(InterruptedQuery),
    responses(
        (status = 200, description = "A page of calls", body = InterruptedPage),
        (status = 403, description = "The caller is no administrator", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<InterruptedQuery>,
) -> ApiResult<web::Json<InterruptedPage>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let InterruptedQuery { page, page_size, resolved } = query.0;
    let offset = page.saturating_sub(1).saturating_mul(page_size);
    let (calls, total) = interrupted_call::page(&app.db, resolved, offset, page_size).await?;
    let ids: Vec<String> = calls.iter().map(|call| call.request_id.clone()).collect();
    let mut logs = spend_log::find_many(&Scope::All, &app.db, &ids).await?;
    let data = calls.into_iter().filter_map(|call| logs.remove(&call.request_id).map(|log| view(call, log))).collect();
    Ok(web::Json(InterruptedPage { data, total, page, page_size, total_pages: total.div_ceil(page_size) }))
}

/// Say what an interrupted call cost
///
/// Books it, once, to everything the call was to be charged to: its day, its totals and the budget windows it was
/// admitted in.
#[utoipa::path(
    post,
    path = paths::SPEND_INTERRUPTED_RESOLVE,
    operation_id = "spend_interrupted_resolve",
    tag = "spend",
    request_body = InterruptedResolve,
    responses(
        (status = 200, description = "The call as it is now", body = InterruptedView),
        (status = 400, description = "A value will not do, or the call is resolved already", body = ErrorEnvelope),
        (status = 403, description = "The caller is not the gateway's administrator", body = ErrorEnvelope),
        (status = 404, description = "There is no such interrupted call", body = ErrorEnvelope),
    ),
)]
pub async fn resolve(
    app: web::Data<App>,
    principal: Principal,
    body: Json<InterruptedResolve>,
) -> ApiResult<web::Json<InterruptedView>> {
    principal.authorize_all(Action::SpendResolve)?;
    let InterruptedResolve { request_id, spend, reason } = body.0;
    let transaction = db::begin(&app.db).await?;
    let not_found = || ApiError::not_found("There is no interrupted call with this request_id.");
    let call = interrupted_call::find_for_update(&transaction, &request_id).await?.ok_or_else(not_found)?;
    if let Some(former) = resolution(&call) {
        return Err(already_resolved(&former));
    }
    let mut logs = spend_log::find_many(&Scope::All, &transaction, std::slice::from_ref(&request_id)).await?;
    let log = logs.remove(&request_id).ok_or_else(not_found)?;
    let call = book(&app, transaction, &principal, (call, &log), spend, &reason).await?;
    Ok(web::Json(view(call, log)))
}

async fn book(
    app: &App,
    transaction: DatabaseTransaction,
    principal: &Principal,
    (mut call, log): (Model, &spend_log::Model),
    spend: NanoUsd,
    reason: &str,
) -> ApiResult<Model> {
    let now = stored_time(app.clock.now());
    let by = principal.user_id.as_str();
    let before = snapshot(&call);
    let resolution = interrupted_call::Resolution { spend: spend.0, reason, by, at: now };
    interrupted_call::resolve(&transaction, &mut call, &resolution).await?;
    let carried = ledger::correct(&transaction, log, &call.charges, spend, now).await?;
    for charge in &call.charges.0 {
        db::policy_change::record(&transaction, &charge.kind, &charge.id, now).await?;
    }
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "resolved",
        resource: "interrupted_call",
        resource_id: &call.request_id,
        before: Some(before),
        after: Some(snapshot(&call)),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    let windows = call.charges.0.iter().map(|charge| (&*charge.kind, &*charge.id, charge.window_start_us));
    let taken_over = carried.iter().map(|window| (&*window.scope_kind, &*window.scope_id, window.window_start));
    count(app, windows.chain(taken_over), spend).await;
    Ok(call)
}

/// Counts what a call cost in budget windows, each by kind, id and start.
async fn count(app: &App, windows: impl Iterator<Item = (&str, &str, i64)>, spend: NanoUsd) {
    let corrections = windows.filter_map(|(kind, id, start)| {
        app.policy.changed(kind, id);
        let scope = ScopeId::named(kind, &Arc::from(id))?;
        Some(Correction { scope, window_start: budget_spend::window_start(start), counted: spend, moved: None })
    });
    app.counters.correct(corrections.collect()).await;
}

fn already_resolved(former: &Resolution) -> ApiError {
    let Resolution { spend, resolved_by, resolved_at, .. } = former;
    let message = format!(
        "This call was resolved at {} by {resolved_by}: it cost {spend} US dollars. It is booked and stays so.",
        resolved_at.format("%Y-%m-%dT%H:%M:%SZ")
    );
    ApiError::bad_request("request_id", message)
}

fn resolution(call: &Model) -> Option<Resolution> {
    Some(Resolution {
        spend: NanoUsd(call.resolved_spend?),
        reason: call.reason.clone().unwrap_or_default(),
        resolved_by: call.resolved_by.clone().unwrap_or_default(),
        resolved_at: call.resolved_at?,
    })
}

/// The call as the audit chain keeps it.
fn snapshot(call: &Model) -> Value {
    json!({ "reserved": NanoUsd(call.reserved), "resolution": resolution(call) })
}

fn view(call: Model, log: spend_log::Model) -> InterruptedView {
    InterruptedView {
        resolution: resolution(&call),
        request_id: call.request_id,
        reserved: NanoUsd(call.reserved),
        api_key: log.api_key,
        key_alias: log.key_alias,
        user: log.user_id,
        team_id: log.team_id,
        organization_id: log.organization_id,
        end_user: log.end_user,
        model_group: log.model_group,
        model: log.model,
        model_id: log.model_id,
        custom_llm_provider: log.custom_llm_provider,
        api_base: log.api_base,
        stream: log.stream,
        start_time: log.start_time,
        noticed_at: call.noticed_at,
    }
}
