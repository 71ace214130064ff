//! `GET /provider/budgets`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{ProviderBudget, ProviderBudgets};

use crate::app::App;
use crate::auth::Principal;
use crate::db::budget_spend::{spent_of_many, window_key};
use crate::domain::permission::Action;
use crate::domain::window::BudgetWindow;
use crate::error::ApiResult;

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
    let (now, budgets) = (app.clock.now(), &app.budgets);
    let windows = budgets.providers.iter().map(|(provider, line)| {
        let bounds = |span| BudgetWindow::bounds(span, now, line.anchor, budgets.timezone);
        (provider, line, line.span.map(bounds))
    });
    let windows: Vec<_> = windows.collect();
    let keys = windows.iter().map(|(provider, _, window)| ((*provider).clone(), window.map(|window| window.start)));
    let spent = spent_of_many(&app.db, "provider", keys).await?;
    let shown = windows.iter().map(|(provider, line, window)| {
        let key = ((*provider).clone(), window_key(window.map(|window| window.start)));
        let budget = ProviderBudget {
            budget_limit: line.max,
            time_period: line.span.map(|span| span.to_string()),
            spend: spent.get(&key).copied().unwrap_or_default(),
            budget_reset_at: window.map(|window| window.end),
        };
        ((*provider).clone(), budget)
    });
    Ok(web::Json(ProviderBudgets { providers: shown.collect() }))
}
