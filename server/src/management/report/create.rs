//! `POST /spend/report/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::report::{Report, ReportCreate};

use super::rules::{check, due_after};
use super::{KIND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::report::{Definition, Entity, Model};
use crate::db::{self, Strings, stored_time};
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::{Json, new_id};

/// Reports that one user has at most.
const REPORTS_MAX: u64 = 100;

/// Save a report
///
/// What is sent tells what the caller may see when it is made, an hour after each period is over. Days are UTC.
#[utoipa::path(
    post,
    path = paths::REPORT_NEW,
    operation_id = "report_new",
    tag = "report",
    request_body = ReportCreate,
    responses(
        (status = 200, description = "The new report", body = Report),
        (status = 400, description = "It contradicts itself, may not be sent there, or is one too many", body = ErrorEnvelope),
        (status = 404, description = "There is no such team, organization or channel", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<ReportCreate>) -> ApiResult<web::Json<Report>> {
    principal.authorize_on(Action::ReportWrite, &[Relation::Own], super::NOT_FOUND)?;
    let mut row = new_row(&app, &principal, body.0).await?;
    check(&app, &app.db, &principal, (&row, None)).await?;
    if db::report::count_of(&app.db, &principal.user_id).await? >= REPORTS_MAX {
        let message = format!("You have {REPORTS_MAX} reports, as many as one may have: delete one first.");
        return Err(ApiError::bad_request("name", message));
    }
    row.next_due_at = row.is_sent().then(|| due_after(row.period(), row.created_at));
    let transaction = db::begin(&app.db).await?;
    Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await?;
    let change =
        Change { action: "created", kind: KIND, id: &row.report_id, before: None, after: view::snapshot(&row) };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(view::report(row, None)))
}

async fn new_row(app: &App, principal: &Principal, mut body: ReportCreate) -> ApiResult<Model> {
    let now = stored_time(app.clock.now());
    // The key itself is not kept.
    body.filter.api_key = app.ledger_token_of(body.filter.api_key.as_deref()).await?;
    Ok(Model {
        report_id: new_id(),
        name: body.name,
        user_id: principal.user_id.clone(),
        organization_id: body.organization_id,
        team_id: body.team_id,
        period: body.period.name().to_owned(),
        definition: Definition {
            content: body.content,
            format: body.format,
            group_by: body.group_by,
            then_by: body.then_by,
            filter: body.filter,
            // Who makes a report is its owner.
            granted: Vec::new(),
        },
        email_to: once(body.email_to),
        channel_ids: once(body.channel_ids),
        is_stored: body.is_stored,
        next_due_at: None,
        created_at: now,
        updated_at: now,
        updated_by: principal.user_id.clone(),
    })
}

/// Each of them once, in the order of the first.
pub(super) fn once(named: Vec<String>) -> Strings {
    let mut list: Vec<String> = Vec::new();
    for one in named {
        if !list.contains(&one) {
            list.push(one);
        }
    }
    Strings(list)
}
