//! `POST /spend/adjustment` and `GET /spend/adjustments`: entries of months, which nobody changes.

use actix_web::web;
use sea_orm::ConnectionTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    AdjustmentCreate, AdjustmentKind, AdjustmentPage, AdjustmentQuery, AdjustmentView, Month, UsageQuery,
};

use super::usage::filters;
use crate::app::App;
use crate::auth::Principal;
use crate::db::audit::Entry;
use crate::db::monthly_spend::month_of;
use crate::db::spend_adjustment::{self, Model, When};
use crate::db::usage::Of;
use crate::db::{self, Scope, closed_month, key, organization, stored_time, team, user};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::snapshot;
use crate::management::page::page_of;
use crate::management::{Json, Query};
use crate::policy::MASTER_TOKEN;

/// Book an entry to a month
///
/// A provider's credit note, a correction, a cost agreed otherwise: of an organization, a team, a user, a key or the whole
/// gateway. While the month is open it counts in its statement; once that is closed, in the statement of the month in which
/// it is booked. An entry is never changed or deleted: a wrong one is answered by another. Budgets do not count entries.
#[utoipa::path(
    post,
    path = paths::SPEND_ADJUSTMENT,
    operation_id = "spend_adjustment_new",
    tag = "spend",
    request_body = AdjustmentCreate,
    responses(
        (status = 200, description = "The entry as it is booked", body = AdjustmentView),
        (status = 400, description = "The month is not there yet, or there is no such organization, team, user or key", body = ErrorEnvelope),
        (status = 403, description = "The caller is not the gateway's administrator", body = ErrorEnvelope),
    ),
)]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    body: Json<AdjustmentCreate>,
) -> ApiResult<web::Json<AdjustmentView>> {
    principal.authorize_all(Action::AdjustmentCreate)?;
    let body = body.0;
    let token = app.ledger_token_of(body.api_key.as_deref()).await?;
    let transaction = db::begin(&app.db).await?;
    closed_month::hold(&transaction).await?;
    let now = stored_time(closed_month::booking_time(&transaction, app.clock.now()).await?);
    let (month, current) = (body.month.first_day(), month_of(now.date_naive()));
    if month > current {
        let current = Month::of(current);
        return Err(ApiError::bad_request("month", format!("month: expected {current} or an earlier one")));
    }
    let is_past = closed_month::is_past(&transaction, month).await?;
    let payer = Payer::find(&transaction, &body, token).await?;
    let entry = Model {
        counted_in: if is_past { current } else { month },
        booked_at: now,
        booked_by: principal.user_id.clone(),
        ..entry_of(body, payer)
    };
    let view = view(spend_adjustment::book_one(&transaction, entry).await?, &Scope::All);
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "created",
        resource: "adjustment",
        resource_id: &view.id.to_string(),
        before: None,
        after: Some(snapshot(&view)),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(web::Json(view))
}

/// List entries of months
///
/// Those that the caller may see, booked last first: what people booked, and what calls added to months that were closed.
#[utoipa::path(
    get,
    path = paths::SPEND_ADJUSTMENTS,
    operation_id = "spend_adjustment_list",
    tag = "spend",
    params(AdjustmentQuery),
    responses(
        (status = 200, description = "A page of entries", body = AdjustmentPage),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<AdjustmentQuery>,
) -> ApiResult<web::Json<AdjustmentPage>> {
    principal.authorize_list(Action::SpendRead)?;
    let AdjustmentQuery {
        month,
        counted_in,
        kind,
        page,
        page_size,
        organization_id,
        team_id,
        user_id,
        api_key,
        cost_center,
    } = query.0;
    let asked = UsageQuery { organization_id, team_id, user_id, api_key, cost_center, ..UsageQuery::default() };
    let token = app.ledger_token_of(asked.api_key.as_deref()).await?;
    let scope = principal.scope();
    let of = Of { scope: &scope, filters: filters(&asked, token.as_deref()) };
    let when = match (month.map(Month::first_day), counted_in.map(Month::first_day)) {
        (Some(month), Some(counted_in)) => When::Of(month, counted_in),
        (Some(month), None) => When::About(month),
        (None, Some(counted_in)) => When::CountedIn(counted_in),
        (None, None) => When::Ever,
    };
    let page_of = page_of("adjustments", page, page_size, None)?;
    let found = spend_adjustment::page(&app.db, &of, when, kind.map(stored_kind), &page_of).await?;
    Ok(web::Json(AdjustmentPage {
        adjustments: found.rows.into_iter().map(|row| view(row, &scope)).collect(),
        total: found.total,
        page,
        page_size,
        total_pages: found.total.div_ceil(page_size),
    }))
}

/// What an entry is booked to; empty: none.
#[derive(Default)]
struct Payer {
    organization_id: String,
    team_id: String,
    user_id: String,
    api_key: String,
}

impl Payer {
    /// What the body names, and what that belongs to, as calls of it would be booked.
    async fn find(db: &impl ConnectionTrait, body: &AdjustmentCreate, token: Option<String>) -> ApiResult<Self> {
        let named = [&body.organization_id, &body.team_id, &body.user_id, &body.api_key];
        if named.into_iter().flatten().count() > 1 {
            let message =
                "expected at most one of organization_id, team_id, user_id and api_key; none: the whole gateway";
            return Err(ApiError::bad_request("organization_id", message));
        }
        let unknown = |field: &'static str| {
            ApiError::bad_request(
                field,
                format!("{field}: expected one that exists. What is deleted is booked to what it belonged to."),
            )
        };
        let none = Self::default();
        if let Some(id) = &body.organization_id {
            let row = organization::find(db, id).await?.ok_or_else(|| unknown("organization_id"))?;
            return Ok(Self { organization_id: row.organization_id, ..none });
        }
        if let Some(id) = &body.team_id {
            let row = team::find(db, id).await?.ok_or_else(|| unknown("team_id"))?;
            let organization_id = row.organization_id.unwrap_or_default();
            return Ok(Self { organization_id, team_id: row.team_id, ..none });
        }
        if let Some(id) = &body.user_id {
            let row = user::find(db, id).await?.ok_or_else(|| unknown("user_id"))?;
            return Ok(Self { user_id: row.user_id, ..none });
        }
        let Some(token) = token else { return Ok(none) };
        if token == MASTER_TOKEN {
            return Ok(Self { api_key: token, ..none });
        }
        let row = key::find(db, &token).await?.ok_or_else(|| unknown("api_key"))?;
        let team_id = row.team_id.unwrap_or_default();
        let of_team = team::find(db, &team_id).await?.and_then(|team| team.organization_id);
        let organization_id = row.organization_id.or(of_team).unwrap_or_default();
        Ok(Self { organization_id, team_id, user_id: row.user_id.unwrap_or_default(), api_key: row.token })
    }
}

fn entry_of(body: AdjustmentCreate, payer: Payer) -> Model {
    let Payer { organization_id, team_id, user_id, api_key } = payer;
    Model {
        id: 0,
        month: body.month.first_day(),
        counted_in: body.month.first_day(),
        booked_at: chrono::DateTime::UNIX_EPOCH,
        kind: spend_adjustment::MANUAL.to_owned(),
        booked_by: String::new(),
        reason: body.reason.trim().to_owned(),
        reference: body.reference.unwrap_or_default().trim().to_owned(),
        request_id: String::new(),
        cost_center: String::new(),
        organization_id,
        team_id,
        user_id,
        api_key,
        model_group: body.model.unwrap_or_default(),
        model: String::new(),
        provider: body.provider.unwrap_or_default(),
        spend: body.amount.0,
        api_requests: 0,
        failed_requests: 0,
        prompt_tokens: 0,
        completion_tokens: 0,
        cache_read_tokens: 0,
        cache_creation_tokens: 0,
        reasoning_tokens: 0,
    }
}

const fn stored_kind(kind: AdjustmentKind) -> &'static str {
    match kind {
        AdjustmentKind::LateCall => spend_adjustment::LATE_CALL,
        AdjustmentKind::ResolvedCall => spend_adjustment::RESOLVED_CALL,
        AdjustmentKind::Manual => spend_adjustment::MANUAL,
    }
}

/// The entry as those see it who see this scope.
pub(super) fn view(row: Model, scope: &Scope) -> AdjustmentView {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let kind = match &*row.kind {
        spend_adjustment::MANUAL => AdjustmentKind::Manual,
        spend_adjustment::RESOLVED_CALL => AdjustmentKind::ResolvedCall,
        _ => AdjustmentKind::LateCall,
    };
    AdjustmentView {
        id: row.id,
        month: Month::of(row.month),
        counted_in: Month::of(row.counted_in),
        booked_at: row.booked_at,
        kind,
        booked_by: some(row.booked_by).filter(|_| *scope == Scope::All),
        reason: some(row.reason),
        reference: some(row.reference),
        request_id: row.request_id,
        cost_center: row.cost_center,
        organization_id: row.organization_id,
        team_id: row.team_id,
        user_id: row.user_id,
        api_key: row.api_key,
        model: row.model_group,
        provider: row.provider,
        amount: NanoUsd(row.spend),
    }
}
