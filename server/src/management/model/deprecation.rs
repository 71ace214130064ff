//! `GET /model/deprecations`: deployments whose provider turns their model off.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{DeprecationStatus, ModelDeprecation, ModelDeprecations, ModelDeprecationsQuery};
use tollgate_openapi::paths;

use super::info::visible;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiResult;
use crate::gateway::Gateway;
use crate::management::extract::Query;
use crate::router::Deployment;

/// List models that end
///
/// Deployments whose provider has said on which day it turns their model off: by `model_info.deprecation_date`, else by
/// the catalog. A virtual key sees only those it may call.
#[utoipa::path(
    get,
    path = paths::MODEL_DEPRECATIONS,
    operation_id = "model_deprecations",
    tag = "model",
    params(ModelDeprecationsQuery),
    responses(
        (status = 200, description = "Those that are over, those that are near, and the others", body = ModelDeprecations),
        (status = 403, description = "The caller may not see deployments", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ModelDeprecationsQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize_models()?;
    let warn_within_days = query.0.warn_within_days;
    let now = app.clock.now();
    let deployments = visible(&app, &principal, &gateway);
    let mut found: Vec<ModelDeprecation> =
        deployments.iter().filter_map(|one| deprecation(one, now.date_naive(), warn_within_days)).collect();
    found.sort_by(|a, b| (a.deprecation_date, &a.model_name).cmp(&(b.deprecation_date, &b.model_name)));
    found.dedup();
    let of = |status: DeprecationStatus| found.iter().filter(|one| one.status == status).cloned().collect();
    Ok(HttpResponse::Ok().json(ModelDeprecations {
        deprecated: of(DeprecationStatus::Deprecated),
        imminent: of(DeprecationStatus::Imminent),
        upcoming: of(DeprecationStatus::Upcoming),
        warn_within_days,
        checked_at: now,
    }))
}

fn deprecation(one: &Deployment, today: NaiveDate, warn_within_days: u32) -> Option<ModelDeprecation> {
    let deprecation_date = one.retires()?;
    let days_until_deprecation = (deprecation_date - today).num_days();
    let status = if days_until_deprecation < 0 {
        DeprecationStatus::Deprecated
    } else if days_until_deprecation <= i64::from(warn_within_days) {
        DeprecationStatus::Imminent
    } else {
        DeprecationStatus::Upcoming
    };
    Some(ModelDeprecation {
        model_name: one.model_name.to_string(),
        litellm_model: Some(one.upstream_model.to_string()),
        deprecation_date,
        days_until_deprecation,
        status,
        litellm_provider: Some(one.provider_name.to_string()),
    })
}
