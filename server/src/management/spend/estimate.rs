//! `POST /cost/estimate`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{CostEstimate, CostEstimated};

use super::calculate::prices;
use crate::auth::Principal;
use crate::domain::price::ServiceTier;
use crate::domain::usage::Usage;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::management::Json;

/// Estimate a cost
///
/// Of requests with so many tokens: one, those of a day and those of a month. A public model costs what its first
/// deployment does, any other what the price catalog says.
#[utoipa::path(
    post,
    path = paths::COST_ESTIMATE,
    operation_id = "cost_estimate",
    tag = "spend",
    request_body = CostEstimate,
    responses(
        (status = 200, description = "The cost", body = CostEstimated),
        (status = 400, description = "Nothing is known of the model, or a part is more than the whole", body = ErrorEnvelope),
    ),
)]
pub async fn estimate(
    principal: Principal,
    gateway: web::Data<Gateway>,
    body: Json<CostEstimate>,
) -> ApiResult<web::Json<CostEstimated>> {
    principal.authorize_models()?;
    let body = body.0;
    let usage = usage(&body)?;
    let (prices, provider) = prices(&gateway, &body.model)?;
    let (cost, rates) = (prices.cost_parts(&usage, ServiceTier::Standard), prices.token_rates(body.input_tokens));
    let many = |cost: NanoUsd, requests: Option<u64>| requests.map(|requests| times(cost, requests));
    let (day, month) = (body.num_requests_per_day, body.num_requests_per_month);
    Ok(web::Json(CostEstimated {
        cost_per_request: cost.total(),
        input_cost_per_request: cost.input,
        output_cost_per_request: cost.output,
        margin_cost_per_request: NanoUsd::ZERO,
        cache_read_cost_per_request: rates.cache_read.cost(body.cache_read_input_tokens),
        cache_creation_cost_per_request: rates.cache_write.cost(body.cache_creation_input_tokens),
        reasoning_cost_per_request: rates.reasoning.cost(body.reasoning_tokens),
        daily_cost: many(cost.total(), day),
        daily_input_cost: many(cost.input, day),
        daily_output_cost: many(cost.output, day),
        monthly_cost: many(cost.total(), month),
        monthly_input_cost: many(cost.input, month),
        monthly_output_cost: many(cost.output, month),
        input_cost_per_token: rates.input.to_usd(),
        output_cost_per_token: rates.output.to_usd(),
        cache_read_input_token_cost: rates.cache_read.to_usd(),
        cache_creation_input_token_cost: rates.cache_write.to_usd(),
        output_cost_per_reasoning_token: rates.reasoning.to_usd(),
        provider: Some(provider.as_str().to_owned()),
        input_tokens: body.input_tokens,
        output_tokens: body.output_tokens,
        cache_read_input_tokens: body.cache_read_input_tokens,
        cache_creation_input_tokens: body.cache_creation_input_tokens,
        reasoning_tokens: body.reasoning_tokens,
        num_requests_per_day: day,
        num_requests_per_month: month,
        model: body.model,
    }))
}

/// What a request uses: parts of the input and the output are counted within these.
fn usage(body: &CostEstimate) -> ApiResult<Usage> {
    let cached = body.cache_read_input_tokens.saturating_add(body.cache_creation_input_tokens);
    let input = body.input_tokens.checked_sub(cached).ok_or_else(|| {
        let message = "cache_read_input_tokens: expected no more, with cache_creation_input_tokens, than input_tokens";
        ApiError::bad_request("cache_read_input_tokens", message)
    })?;
    let output = body.output_tokens.checked_sub(body.reasoning_tokens).ok_or_else(|| {
        ApiError::bad_request("reasoning_tokens", "reasoning_tokens: expected no more than output_tokens")
    })?;
    Ok(Usage {
        input,
        cache_read: body.cache_read_input_tokens,
        cache_write_5m: body.cache_creation_input_tokens,
        output,
        reasoning: body.reasoning_tokens,
        ..Usage::default()
    })
}

fn times(cost: NanoUsd, requests: u64) -> NanoUsd {
    NanoUsd(cost.0.saturating_mul(i64::try_from(requests).unwrap_or(i64::MAX)))
}
