//! `POST /health/test_connection`.

use actix_web::web;
use serde_json::Value;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{ModelTest, ModelTestResult, ModelTestStatus, ModelTested};
use tollgate_openapi::paths;

use super::rules;
use crate::app::App;
use crate::auth::Principal;
use crate::config::SentDeployment;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::upstream::Upstream;
use crate::gateway::{Gateway, check};
use crate::management::Json;
use crate::management::merge::merge;
use crate::router::checks::Check;

/// The public name, and the id, of a deployment that is only tried.
const TRIED: &str = "test_connection";

/// Try a deployment that is not saved
///
/// It is called once, as `GET /health` calls those that are saved, for a few tokens, which are booked to the key
/// `health_check`. Nothing is kept. A provider that refuses is an answer, too: 200, with what it said.
#[utoipa::path(
    post,
    path = paths::HEALTH_TEST_CONNECTION,
    operation_id = "health_test_connection",
    tag = "health",
    request_body = ModelTest,
    responses(
        (status = 200, description = "What happened", body = ModelTested),
        (status = 400, description = "A field will not do", body = ErrorEnvelope),
    ),
)]
pub async fn test_connection(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ModelTest>,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> ApiResult<web::Json<ModelTested>> {
    // Whoever may have the gateway call any address with any key is whoever may save such a deployment.
    principal.authorize_all(Action::ModelWrite)?;
    app.models.refresh().await?;
    let sent = sent(&app, body.0).await?;
    let (one, _) = rules::read(&app, &sent)?;
    let model = one.model.clone();
    let deployment = app.models.deployment(one).ok_or_else(|| ApiError::internal("no deployment was made"))?;
    if let Some(reason) = &deployment.unavailable {
        return Err(ApiError::bad_request("litellm_params", format!("litellm_params: {reason}")));
    }
    let check = check::check(&gateway, &upstream, &deployment).await;
    let status = if check.error.is_none() { ModelTestStatus::Success } else { ModelTestStatus::Error };
    let result = ModelTestResult {
        model,
        api_base: deployment.api_base().map(ToString::to_string),
        duration_ms: check.duration_ms,
        error: check.error.clone(),
    };
    Ok(web::Json(ModelTested { status, message: words(&check), result }))
}

/// The deployment to be tried: what is sent, laid over what the database has where an id is sent, too.
async fn sent(app: &App, body: ModelTest) -> ApiResult<SentDeployment> {
    let ModelTest { mode, litellm_params, mut model_info } = body;
    let saved = match model_info.get("id").and_then(Value::as_str) {
        Some(id) => db::model::find(&app.db, id).await?,
        None => None,
    };
    let (mut params, mut info) = match &saved {
        Some(row) => (rules::open(app, row)?, row.model_info.0.clone()),
        None => Default::default(),
    };
    merge(&mut params, litellm_params, "litellm_params")?;
    if let Some(mode) = mode {
        model_info.insert("mode".to_owned(), Value::String(mode));
    }
    let id = saved.as_ref().map_or(TRIED, |row| &row.model_id);
    merge(&mut info, rules::said(app, id, model_info), "model_info")?;
    let model_name = saved.as_ref().map_or(TRIED, |row| &row.model_name);
    Ok(SentDeployment { id: id.to_owned(), model_name: model_name.to_owned(), params, info })
}

/// What happened, for a person.
fn words(check: &Check) -> String {
    let Some(error) = &check.error else { return "The deployment answers.".to_owned() };
    match check.status {
        Some(401 | 403) => "The provider refuses the credentials.".to_owned(),
        Some(404) => "The provider does not know the model, or the address is not the right one.".to_owned(),
        Some(402 | 429) => {
            "The provider knows the credentials but takes no call now: a limit or the credit is used up.".to_owned()
        }
        Some(408) => "The provider does not answer in time.".to_owned(),
        Some(400..=499) => "The provider refuses the call.".to_owned(),
        Some(500..) => "The provider fails.".to_owned(),
        Some(_) => "What answers there is not this provider's API.".to_owned(),
        None => format!("The provider cannot be reached or does not answer as it should: {error}."),
    }
}
