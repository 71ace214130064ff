//! `GET /v1/models` and `GET /v1/models/{id}`: the models the key may use.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::error::GatewayError;
use super::{Gateway, authenticate};
use crate::config::GroupAlias;
use crate::error::ApiError;
use crate::policy::CallPolicy;
use crate::router::RouteError;

/// When each model was made, as LiteLLM answers: nobody knows, and clients want a number.
const CREATED: i64 = 1_677_610_602;

/// Lists the models the key may use.
///
/// # Errors
/// When the key is no good.
pub async fn list(http: HttpRequest, gateway: web::Data<Gateway>) -> Result<HttpResponse, ApiError> {
    let policy = policy_of(&http, &gateway).await?;
    let wants_patterns = http.query_string().contains("return_wildcard_routes=true");
    let configured = gateway.router.model_names();
    let configured = configured.iter().map(|name| &**name).filter(|name| wants_patterns || !name.contains('*'));
    let of_patterns = gateway.router.names_of_patterns();
    let mut names: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    names.extend(configured.chain(of_patterns.iter().map(String::as_str)).filter(|name| seen.insert(*name)));
    let mut data: Vec<Value> = names.into_iter().filter(|name| policy.check(name).is_ok()).map(model).collect();
    let routing = gateway.routing.load();
    let shown = routing.model_group_alias.iter().filter(|(_, alias)| !alias.is_hidden);
    data.extend(shown.filter(|(name, alias)| may_use(&policy, name, Some(alias))).map(|(name, _)| model(name)));
    Ok(HttpResponse::Ok().json(json!({ "object": "list", "data": data })))
}

/// Shows one model, if the key may use it.
///
/// # Errors
/// When the key is no good or there is no such model for it.
pub async fn get(
    http: HttpRequest,
    name: web::Path<String>,
    gateway: web::Data<Gateway>,
) -> Result<HttpResponse, ApiError> {
    let policy = policy_of(&http, &gateway).await?;
    let name = name.into_inner();
    let routing = gateway.routing.load();
    let alias = routing.model_group_alias.get(&name);
    let group = alias.map_or(&*name, |alias| &*alias.model);
    if !gateway.router.serves(group) || !may_use(&policy, &name, alias) {
        let message = GatewayError::from(RouteError::UnknownModel(name)).to_string();
        return Err(ApiError::not_found(message).with_param("model"));
    }
    Ok(HttpResponse::Ok().json(model(&name)))
}

/// What the key may do, and all it belongs to.
async fn policy_of(http: &HttpRequest, gateway: &Gateway) -> Result<CallPolicy, GatewayError> {
    let key = authenticate::authenticate(gateway, http.path(), http.headers()).await?;
    Ok(gateway.policy.call(key, None, &[]).await?)
}

/// Whether the model of this name may be used, by it or by the name it stands for.
fn may_use(policy: &CallPolicy, name: &str, alias: Option<&GroupAlias>) -> bool {
    policy.check(name).is_ok() || alias.is_some_and(|alias| policy.check(&alias.model).is_ok())
}

fn model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": CREATED, "owned_by": "openai" })
}
