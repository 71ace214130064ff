//! `GET /model_group/info`.

use std::sync::Arc;

use actix_web::web;
use serde_json::Value;
use tollgate_openapi::model::{ModelGroupList, ModelGroupQuery, ModelGroupView};
use tollgate_openapi::paths;

use super::info::visible;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiResult;
use crate::gateway::Gateway;
use crate::management::extract::Query;
use crate::router::Deployment;

/// List models
///
/// One entry a public name, with what its deployments have together. A virtual key sees those it may call.
#[utoipa::path(
    get,
    path = paths::MODEL_GROUP_INFO,
    operation_id = "model_group_info",
    tag = "model",
    params(ModelGroupQuery),
    responses((status = 200, description = "One entry a public name", body = ModelGroupList)),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ModelGroupQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<web::Json<ModelGroupList>> {
    principal.authorize_models()?;
    let groups = app.policy.access_groups();
    let mut data: Vec<ModelGroupView> = Vec::new();
    for one in visible(&app, &principal, &gateway) {
        if query.0.model_group.as_deref().is_some_and(|asked| asked != &*one.model_name) {
            continue;
        }
        match data.iter_mut().find(|group| group.model_group == *one.model_name) {
            Some(group) => add(group, &one),
            None => {
                let access_groups = groups.of(&one.model_name).cloned().collect();
                let model_group = one.model_name.to_string();
                let mut group = ModelGroupView { model_group, access_groups, ..ModelGroupView::default() };
                add(&mut group, &one);
                data.push(group);
            }
        }
    }
    Ok(std::future::ready(web::Json(ModelGroupList { data })).await)
}

fn add(group: &mut ModelGroupView, one: &Arc<Deployment>) {
    let provider = one.provider_name.to_string();
    if !group.providers.contains(&provider) {
        group.providers.push(provider);
    }
    let number = |name: &str| one.model_info.get(name).and_then(Value::as_f64);
    let count = |name: &str| one.params.get(name).and_then(Value::as_u64);
    let dearest = |known: Option<f64>, other: Option<f64>| match (known, other) {
        (Some(known), Some(other)) => Some(known.max(other)),
        (known, other) => known.or(other),
    };
    let together = |known: Option<u64>, other: Option<u64>| match (known, other) {
        (Some(known), Some(other)) => Some(known.saturating_add(other)),
        (known, other) => known.or(other),
    };
    group.mode = group.mode.take().or_else(|| one.mode().map(str::to_owned));
    group.max_input_tokens = group.max_input_tokens.max(one.max_input_tokens);
    group.max_output_tokens = group.max_output_tokens.max(one.max_output_tokens);
    group.input_cost_per_token = dearest(group.input_cost_per_token, number("input_cost_per_token"));
    group.output_cost_per_token = dearest(group.output_cost_per_token, number("output_cost_per_token"));
    group.tpm = together(group.tpm, count("tpm"));
    group.rpm = together(group.rpm, count("rpm"));
    group.deployments += 1;
    for (name, value) in one.model_info.iter().filter(|(name, _)| name.starts_with("supports_")) {
        if let Some(can) = value.as_bool() {
            *group.supports.entry(name.clone()).or_default() |= can;
        }
    }
}
