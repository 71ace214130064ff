//! `GET /audit` and `GET /audit/{id}`.

use std::collections::HashMap;

use actix_web::web;
use serde_json::Value;
use tollgate_openapi::audit::{AuditEntry, AuditPage, AuditQuery, AuditView, COUNTED_MAX};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::extract::problem;
use super::spend::dates;
use super::{Query, page_of};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::audit::{Filter, Model};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::policy::MASTER_TOKEN;

/// List changes
///
/// Who did what to what, the newest first.
#[utoipa::path(
    get,
    path = paths::AUDIT_LIST,
    operation_id = "audit_list",
    tag = "audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page of changes", body = AuditPage),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<AuditQuery>,
) -> ApiResult<web::Json<AuditPage>> {
    let query = query.0;
    principal.authorize_all(Action::AuditRead)?;
    if query.cursor.is_none() && query.page.saturating_mul(query.page_size) > COUNTED_MAX {
        let expected = format!("expected a page within the first {COUNTED_MAX} entries; `cursor` leads beyond");
        return Err(ApiError::validation(vec![problem("value_error", &["query", "page"], expected)]));
    }
    let page = page_of(db::audit::ORDER, query.page, query.page_size, query.cursor.as_deref())?;
    let page_size = query.page_size;
    let found = db::audit::list(&app.db, filter(&app, query).await?, &page, COUNTED_MAX).await?;
    Ok(web::Json(AuditPage {
        audit_logs: views(&app, found.rows).await?,
        total: found.total,
        page: found.page,
        page_size,
        total_pages: found.total.div_ceil(page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

/// Show a change
///
/// With its hashes, and whether it is what was written then.
#[utoipa::path(
    get,
    path = paths::AUDIT_INFO,
    operation_id = "audit_info",
    tag = "audit",
    params(("id" = String, Path, description = "Place in the log")),
    responses(
        (status = 200, description = "The change", body = AuditEntry),
        (status = 404, description = "There is no such entry", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    id: web::Path<String>,
) -> ApiResult<web::Json<AuditEntry>> {
    principal.authorize_all(Action::AuditRead)?;
    let found = match id.parse() {
        Ok(id) => db::audit::find(&app.db, id).await?,
        Err(_) => None,
    };
    let (row, is_intact) = found.ok_or_else(|| ApiError::not_found("Audit entry not found."))?;
    let (hash, previous_hash) = (row.hash.clone(), row.previous_hash.clone());
    let view = super::only(views(&app, vec![row]).await?)?;
    Ok(web::Json(AuditEntry { view, hash, previous_hash, is_intact }))
}

async fn filter(app: &App, query: AuditQuery) -> ApiResult<Filter> {
    let actor_ids = match query.changed_by {
        Some(name) => {
            let by_email = db::user::find_by_email(&app.db, &name).await?;
            Some([name].into_iter().chain(by_email.map(|user| user.user_id)).collect())
        }
        None => None,
    };
    Ok(Filter {
        start: query.start_date.map(|text| dates::start_of("start_date", &text)).transpose()?,
        before: query.end_date.map(|text| dates::end_of("end_date", &text)).transpose()?,
        actor_ids,
        action: query.action,
        resource: query.table_name,
        resource_id: query.object_id,
    })
}

/// Shows rows with the addresses of those who acted, in two queries however many there are.
async fn views(app: &App, rows: Vec<Model>) -> ApiResult<Vec<AuditView>> {
    let mut ids: Vec<String> = rows.iter().map(|row| row.actor_id.clone()).filter(|id| !id.is_empty()).collect();
    ids.sort_unstable();
    ids.dedup();
    let users = db::user::find_many(&app.db, &ids).await?;
    let emails: HashMap<String, String> =
        users.into_iter().filter_map(|user| Some((user.user_id, user.user_email?))).collect();
    Ok(rows.into_iter().map(|row| show(row, &emails)).collect())
}

fn show(row: Model, emails: &HashMap<String, String>) -> AuditView {
    let value = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let by_master_key = row.actor_kind == "master_key";
    AuditView {
        id: row.id.to_string(),
        updated_at: row.at,
        changed_by_email: emails.get(&row.actor_id).cloned(),
        changed_by: row.actor_id,
        changed_by_api_key: if by_master_key { MASTER_TOKEN.to_owned() } else { String::new() },
        actor_kind: row.actor_kind,
        ip_address: row.ip_address,
        action: row.action,
        table_name: row.resource,
        object_id: row.resource_id,
        before_value: value(row.before),
        updated_values: value(row.after),
    }
}
