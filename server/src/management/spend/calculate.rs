//! `POST /spend/calculate`.

use actix_web::web;
use serde_json::{Value, json};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{CalculatedCost, SpendCalculate};

use crate::auth::Principal;
use crate::domain::price::{Prices, ServiceTier};
use crate::domain::provider::{ModelRef, ProviderKind};
use crate::domain::usage::Usage;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::management::Json;
use crate::provider::catalog::Catalog;
use crate::provider::openai::read_answer;
use crate::provider::tokens;

/// Calculate a cost
///
/// Of what an answer used, or of reading messages. A public model costs what its first deployment does, any other what
/// the price catalog says.
#[utoipa::path(
    post,
    path = paths::SPEND_CALCULATE,
    operation_id = "spend_calculate",
    tag = "spend",
    request_body = SpendCalculate,
    responses(
        (status = 200, description = "The cost", body = CalculatedCost),
        (status = 400, description = "Nothing is known of the model, or there is nothing to calculate", body = ErrorEnvelope),
    ),
)]
pub async fn calculate(
    principal: Principal,
    gateway: web::Data<Gateway>,
    body: Json<SpendCalculate>,
) -> ApiResult<web::Json<CalculatedCost>> {
    principal.authorize_models()?;
    let body = body.0;
    let answered_by = body.completion_response.as_ref().and_then(|answer| answer.get("model")).and_then(Value::as_str);
    let Some(model) = body.model.clone().or_else(|| answered_by.map(str::to_owned)) else {
        return Err(ApiError::bad_request("model", "expected a model, or an answer that names one"));
    };
    let (prices, _) = prices(&gateway, &model)?;
    let (usage, tier) = used(body, model).await?;
    Ok(web::Json(CalculatedCost { cost: prices.cost(&usage, tier) }))
}

async fn used(body: SpendCalculate, model: String) -> ApiResult<(Usage, ServiceTier)> {
    if let Some(answer) = body.completion_response {
        let answer = read_answer(Value::Object(answer).to_string().as_bytes());
        let usage = answer
            .usage
            .ok_or_else(|| ApiError::bad_request("completion_response", "expected an answer that tells its usage"))?;
        return Ok((usage, answer.service_tier.unwrap_or_default()));
    }
    let Some(messages) = body.messages else {
        return Err(ApiError::bad_request("messages", "expected messages, or an answer in completion_response"));
    };
    // Loading the vocabulary takes long, and so may counting.
    let body = json!({ "messages": messages }).to_string();
    let counted = web::block(move || tokens::count_prompt(body.as_bytes(), &model)).await;
    let input = counted.map_err(|_| ApiError::internal("tokens could not be counted"))?;
    Ok((Usage { input, ..Usage::default() }, ServiceTier::default()))
}

/// What a public model's first deployment costs, or else what the catalog knows of a provider's; and whose it is.
pub(super) fn prices(gateway: &Gateway, model: &str) -> ApiResult<(Prices, ProviderKind)> {
    let deployments = gateway.router.deployments();
    let served = deployments.iter().filter(|one| *one.model_name == *model);
    let served = served.filter_map(|one| Some((one.prices.clone()?, one.provider))).next();
    let found = served.or_else(|| {
        let named = ModelRef::parse(model, None, None).ok();
        let (provider, name) =
            named.as_ref().map_or((ProviderKind::OpenAi, model), |named| (named.provider, named.name.as_str()));
        Catalog::embedded().find(provider, name, None).map(|card| (card.prices.clone(), provider))
    });
    found.ok_or_else(|| ApiError::bad_request("model", format!("nothing is known of what \"{model}\" costs")))
}
