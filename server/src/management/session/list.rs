//! `GET /session/list`.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::session::{SessionItem, SessionList, SessionListQuery};

use crate::app::App;
use crate::auth::session::idle_since;
use crate::auth::{Credential, Principal};
use crate::db;
use crate::domain::permission::{Action, Relation};
use crate::error::ApiResult;
use crate::management::Query;

/// List sessions
///
/// Where the caller is signed in or, for administrators, somebody else.
#[utoipa::path(
    get,
    path = paths::SESSION_LIST,
    operation_id = "session_list",
    tag = "session",
    params(SessionListQuery),
    responses(
        (status = 200, description = "The sessions, the one used last first", body = SessionList),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SessionListQuery>,
) -> ApiResult<HttpResponse> {
    let user_id = query.0.user_id.unwrap_or_else(|| principal.user_id.clone());
    let relation = if user_id == principal.user_id { Relation::Own } else { Relation::None };
    principal.authorize_on(Action::UserRead, &[relation], "User not found.")?;
    let now = app.clock.now();
    let rows = db::session::of_user(&app.db, &user_id, now, idle_since(now)).await?;
    let sessions = rows.into_iter().map(|row| show(row, &principal)).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(SessionList { user_id, sessions }))
}

fn show(row: db::session::Model, principal: &Principal) -> SessionItem {
    let own = match &principal.credential {
        Credential::Session { token_hash, .. } => Some(token_hash),
        _ => None,
    };
    SessionItem {
        is_current: own == Some(&row.token_hash),
        session_id: row.token_hash,
        method: row.method,
        user_agent: row.user_agent,
        ip_address: row.ip_address,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    }
}
