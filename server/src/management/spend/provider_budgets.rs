//! `GET /provider/budgets`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{ProviderBudget, ProviderBudgets};

use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::limit::{self, Limited};

/// Budgets of providers
///
/// Those of `router_settings.provider_budget_config`, and what of each is spent in its current window.
#[utoipa::path(
    get,
    path = paths::PROVIDER_BUDGETS,
    operation_id = "provider_budgets",
    tag = "spend",
    responses(
        (status = 200, description = "The budgets, by provider", body = ProviderBudgets),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<ProviderBudgets>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let ids = db::limit::ids_of_kind(&app.db, limit::PROVIDER.scope).await?;
    let limited = limit::limited_views(&app, &app.db, limit::PROVIDER, &ids).await?;
    let shown = limited.into_iter().map(|(provider, Limited { standing, .. })| {
        let limits = standing.litellm_budget_table.map(|in_force| in_force.limits).unwrap_or_default();
        let budget = ProviderBudget {
            budget_limit: limits.max_budget,
            time_period: limits.budget_duration,
            spend: standing.spend,
            budget_reset_at: standing.budget_reset_at,
        };
        (provider, budget)
    });
    Ok(web::Json(ProviderBudgets { providers: shown.collect() }))
}
