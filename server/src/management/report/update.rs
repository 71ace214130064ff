//! `POST /spend/report/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::report::{Report, ReportPatch};

use super::create::once;
use super::rules::{authorize, check, due_after};
use super::{KIND, NOT_FOUND, places, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::report::{ActiveModel, Column, Model};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::{IfMatch, Json};

/// Change a report
///
/// Only what is sent changes; `null` clears. Its owner may, and administrators of the gateway; it goes on telling what its
/// owner may see.
#[utoipa::path(
    post,
    path = paths::REPORT_UPDATE,
    operation_id = "report_update",
    tag = "report",
    request_body = ReportPatch,
    responses(
        (status = 200, description = "The report as it is now", body = Report),
        (status = 400, description = "It contradicts itself, or may not be sent there", body = ErrorEnvelope),
        (status = 404, description = "There is no such report, team, organization or channel", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<ReportPatch>,
) -> ApiResult<web::Json<Report>> {
    let mut body = body.0;
    if let Some(filter) = &mut body.filter {
        filter.api_key = app.ledger_token_of(filter.api_key.as_deref()).await?;
    }
    let transaction = db::begin(&app.db).await?;
    let found = db::report::find_for_update(&transaction, &body.report_id).await?;
    authorize(&principal, Action::ReportWrite, found.as_ref())?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let sends_places = body.email_to.is_some() || body.channel_ids.is_some() || body.is_stored.is_some();
    let mut after = patched(before.clone(), body);
    check(&app, &transaction, &principal, (&after, Some(&before))).await?;
    after.definition.granted = places::granted(&app, &principal, (&before, &after), sends_places).await?;
    after.updated_at = stored_time(app.clock.now());
    after.updated_by.clone_from(&principal.user_id);
    let goes_on = before.next_due_at.filter(|_| before.period == after.period);
    let next = || goes_on.unwrap_or_else(|| due_after(after.period(), after.updated_at));
    after.next_due_at = after.is_sent().then(next);
    all_set(after.clone()).update(&transaction).await?;
    let change = Change {
        action: "updated",
        kind: KIND,
        id: &after.report_id,
        before: view::snapshot(&before),
        after: view::snapshot(&after),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(view::of_row(&app, after).await?))
}

/// The row with every column to be written.
fn all_set(report: Model) -> ActiveModel {
    let mut row = report.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::ReportId)).for_each(|column| row.reset(column));
    row
}

fn patched(mut row: Model, body: ReportPatch) -> Model {
    let definition = &mut row.definition;
    definition.content = body.content.unwrap_or(definition.content);
    definition.format = body.format.unwrap_or(definition.format);
    definition.group_by = body.group_by.unwrap_or(definition.group_by);
    body.then_by.apply(&mut definition.then_by);
    if let Some(filter) = body.filter {
        definition.filter = filter;
    }
    body.organization_id.apply(&mut row.organization_id);
    body.team_id.apply(&mut row.team_id);
    if let Some(name) = body.name {
        row.name = name;
    }
    if let Some(period) = body.period {
        period.name().clone_into(&mut row.period);
    }
    if let Some(addresses) = body.email_to {
        row.email_to = once(addresses);
    }
    if let Some(ids) = body.channel_ids {
        row.channel_ids = once(ids);
    }
    row.is_stored = body.is_stored.unwrap_or(row.is_stored);
    row
}
