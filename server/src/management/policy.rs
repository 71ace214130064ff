//! `POST /policy/explain`: why would a call be let through or refused?

mod subject;

use actix_web::web;
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::policy::{
    PolicyCheck, PolicyCheckKind, PolicyDeployment, PolicyEstimate, PolicyExplain, PolicyExplanation, PolicyRefusal,
    PolicyVerdict,
};

use super::extract::Json;
use super::model;
use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::counters::{Scope, Standing};
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::gateway::admit::{self, Explanation, Judgement};
use crate::gateway::error::GatewayError;
use crate::policy::{CallPolicy, Denial, Entity, Policy};
use crate::provider::openai::ChatRequest;

/// Explain a decision
///
/// Judges a call by the code that judges real ones, and makes none: every check in order, whose limit it is, how much
/// of it is used, and what the call would take.
#[utoipa::path(
    post,
    path = paths::POLICY_EXPLAIN,
    operation_id = "policy_explain",
    tag = "policy",
    request_body = PolicyExplain,
    responses(
        (status = 200, description = "The judgement", body = PolicyExplanation),
        (status = 400, description = "Neither a key nor a principal is named", body = ErrorEnvelope),
        (status = 403, description = "A virtual key asks for another", body = ErrorEnvelope),
        (status = 404, description = "There is no such key, user or team, or it is not for the caller to see", body = ErrorEnvelope),
    ),
)]
pub async fn explain(
    app: web::Data<App>,
    gateway: web::Data<Gateway>,
    principal: Principal,
    body: Json<PolicyExplain>,
) -> ApiResult<web::Json<PolicyExplanation>> {
    let mut question = body.0;
    let asked_for = question.model.clone();
    question.model = gateway.model_of_alias(&asked_for).unwrap_or(question.model);
    let policy = subject::policy_of(&app, &gateway, &principal, &question).await?;
    let mut answer = judge(&gateway, &policy, &question, &asked_for).await?;
    if matches!(principal.credential, Credential::VirtualKey(_)) {
        // As in /v1/model/info: not why a deployment failed.
        answer.deployments.iter_mut().for_each(|deployment| deployment.reason = None);
    }
    let visible = subject::visible_scopes(&app, &principal, &policy.key).await?;
    let is_hidden = |check: &&mut PolicyCheck| check.scope.as_deref().is_some_and(|scope| !visible.shows(scope));
    answer.checks.iter_mut().filter(is_hidden).for_each(without_figures);
    Ok(web::Json(answer))
}

/// `asked_for` is the name that the caller has for the model, by which it may be allowed as well.
async fn judge(
    gateway: &Gateway,
    policy: &CallPolicy,
    question: &PolicyExplain,
    asked_for: &str,
) -> ApiResult<PolicyExplanation> {
    let mut answer = PolicyExplanation {
        verdict: PolicyVerdict::Refused,
        summary: String::new(),
        refusal: None,
        estimate: None,
        checks: Vec::new(),
        deployments: Vec::new(),
    };
    let name = if policy.check(asked_for).is_ok() { asked_for } else { &question.model };
    if let Err(error) = check_key(gateway, policy, name, &mut answer.checks) {
        return Ok(refused(answer, &error.into()));
    }
    let now = gateway.clock.monotonic();
    let named = gateway.router.deployments().into_iter().filter(|one| *one.model_name == *question.model);
    answer.deployments = named
        .map(|one| {
            let (status, reason) = model::status(&one, &one.health.snapshot(now));
            let (model, provider) = (one.upstream_model.to_string(), one.provider_name.to_string());
            PolicyDeployment { model_id: one.id.to_string(), model, provider, status, reason }
        })
        .collect();
    let deployments = match gateway.router.callable(&question.model) {
        Ok(deployments) => deployments,
        Err(error) => {
            answer.checks.push(plain(PolicyCheckKind::Deployment, false, error.to_string()));
            return Ok(refused(answer, &GatewayError::from(error).into()));
        }
    };
    let count = deployments.len();
    answer.checks.push(plain(PolicyCheckKind::Deployment, true, format!("{count} deployment(s) can serve it.")));
    let request = request_of(question)?;
    let explanation = admit::explain(gateway, policy, &request, question.input_tokens, deployments);
    let explanation = explanation.await.map_err(ApiError::from)?;
    Ok(limits(answer, &explanation, question))
}

/// What others spend, too, is not for each of them to know.
fn without_figures(check: &mut PolicyCheck) {
    let scope = check.scope.take().unwrap_or_default();
    let whose = scope.strip_suffix("_model").unwrap_or(&scope).replace('_', " ");
    let detail = format!("{} the limit of the {whose}.", if check.passed { "Within" } else { "Over" });
    *check = PolicyCheck { scope: Some(scope), ..plain(check.check, check.passed, detail) };
}

/// A call as the gateway would read it.
fn request_of(question: &PolicyExplain) -> ApiResult<ChatRequest> {
    let body = json!({
        "model": question.model,
        "max_tokens": question.max_tokens,
        "messages": [{ "role": "user", "content": "" }],
    });
    ChatRequest::parse(body.to_string().as_bytes(), None).map_err(|error| GatewayError::from(error).into())
}

/// The checks before anything is counted.
fn check_key(
    gateway: &Gateway,
    policy: &CallPolicy,
    model: &str,
    checks: &mut Vec<PolicyCheck>,
) -> Result<(), GatewayError> {
    if !policy.key.token.is_empty() {
        check_itself(gateway, &policy.key, checks)?;
    }
    check_access(policy, model, checks)
}

/// A key may be blocked or expired.
fn check_itself(gateway: &Gateway, key: &Policy, checks: &mut Vec<PolicyCheck>) -> Result<(), GatewayError> {
    let blocked = if key.is_blocked { "The key is blocked." } else { "The key is not blocked." };
    checks.push(plain(PolicyCheckKind::Blocked, !key.is_blocked, blocked.to_owned()));
    if key.is_blocked {
        return Err(GatewayError::BlockedKey);
    }
    let expires = key.expires_at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    if let Some(expired_at) = key.expires_at.filter(|at| *at <= gateway.clock.now()) {
        let detail = format!("The key expired at {}.", expires.unwrap_or_default());
        checks.push(plain(PolicyCheckKind::Expired, false, detail));
        return Err(GatewayError::ExpiredKey { key_name: key.key_name.to_string(), expired_at });
    }
    let detail =
        expires.map_or_else(|| "The key does not expire.".to_owned(), |at| format!("The key expires at {at}."));
    checks.push(plain(PolicyCheckKind::Expired, true, detail));
    Ok(())
}

/// The key and all it belongs to may be kept from a model, and teams and customers may be blocked.
fn check_access(policy: &CallPolicy, model: &str, checks: &mut Vec<PolicyCheck>) -> Result<(), GatewayError> {
    let denial = match policy.check(model) {
        Ok(()) => {
            checks.push(plain(PolicyCheckKind::ModelAccess, true, "The key may use the model.".to_owned()));
            return Ok(());
        }
        Err(denial) => denial,
    };
    let named = |entity: &Entity| format!("{} {}", entity.kind.as_str(), entity.account.whole.name);
    let (check, entity, detail) = match &denial {
        Denial::KeyModel => (PolicyCheckKind::ModelAccess, None, "The model is not in the key's list.".to_owned()),
        Denial::Blocked(one) => (PolicyCheckKind::Blocked, Some(one), format!("The {} is blocked.", named(one))),
        Denial::Model(one) => {
            (PolicyCheckKind::ModelAccess, Some(one), format!("The model is not in the list of the {}.", named(one)))
        }
    };
    let whose = PolicyCheck {
        scope: entity.map(|entity| entity.kind.as_str().to_owned()),
        scope_id: entity.map(|entity| entity.id.to_string()),
        scope_name: entity.map(|entity| entity.account.whole.name.to_string()),
        ..plain(check, false, detail)
    };
    checks.push(whose);
    Err(GatewayError::denied(denial, model))
}

fn plain(check: PolicyCheckKind, passed: bool, detail: String) -> PolicyCheck {
    PolicyCheck {
        check,
        passed,
        detail,
        scope: None,
        scope_id: None,
        scope_name: None,
        limit: None,
        used: None,
        reserved: None,
        resets_at: None,
    }
}

fn refused(mut answer: PolicyExplanation, error: &ApiError) -> PolicyExplanation {
    answer.verdict = PolicyVerdict::Refused;
    answer.summary = error.message().into_owned();
    answer.refusal = Some(PolicyRefusal {
        status: error.status().as_u16(),
        kind: error.kind().to_owned(),
        message: error.message().into_owned(),
    });
    answer
}

/// The checks of every scope, and the verdict.
fn limits(mut answer: PolicyExplanation, explanation: &Explanation, question: &PolicyExplain) -> PolicyExplanation {
    for (scope, standing, name) in &explanation.scopes {
        answer.checks.extend(checks_of(scope, *standing, name, explanation));
    }
    let output_limit = if let Judgement::Admitted(limit) = explanation.judgement { limit } else { None };
    answer.estimate = Some(PolicyEstimate {
        cost: explanation.cost,
        input_tokens: question.input_tokens,
        output_tokens: explanation.longest,
        usual_output_tokens: explanation.usual,
        output_limit,
    });
    match &explanation.judgement {
        Judgement::Admitted(None) => {
            answer.verdict = PolicyVerdict::Allowed;
            "The call would be made.".clone_into(&mut answer.summary);
        }
        Judgement::Admitted(Some(limit)) => {
            answer.verdict = PolicyVerdict::Limited;
            answer.summary =
                format!("The call would be made with an answer of at most {limit} tokens: the budget affords no more.");
        }
        Judgement::Waits => {
            answer.verdict = PolicyVerdict::Waits;
            "The call would wait a moment for money that calls in flight have reserved."
                .clone_into(&mut answer.summary);
        }
        Judgement::Refused(error) => return refused(answer, error),
    }
    answer
}

fn checks_of(scope: &Scope, standing: Standing, name: &str, explanation: &Explanation) -> Vec<PolicyCheck> {
    let limits = scope.limits;
    let [budget, requests, tokens, parallel] = explanation.fits(limits, standing);
    let check = |check, passed, detail, limit, used| PolicyCheck {
        scope: Some(scope.id.kind.to_owned()),
        scope_id: Some(scope.id.id.to_string()),
        scope_name: Some(name.to_owned()),
        limit: Some(limit),
        used: Some(used),
        ..plain(check, passed, detail)
    };
    let budget = budget.zip(limits.max_budget).map(|(passed, max)| {
        let Standing { spent, reserved, .. } = standing;
        let left = (max - spent - reserved).max(NanoUsd::ZERO);
        let detail = format!("{} of {} US dollars left.", left.to_usd(), max.to_usd());
        let check = check(PolicyCheckKind::MaxBudget, passed, detail, max.to_usd(), spent.to_usd());
        PolicyCheck { reserved: Some(reserved.to_usd()), resets_at: scope.window_end, ..check }
    });
    let counted = |kind, passed: Option<bool>, unit, limit: Option<u64>, used: u64| {
        let (passed, limit) = passed.zip(limit)?;
        let detail = format!("{} of {limit} {unit} left.", limit.saturating_sub(used));
        Some(check(kind, passed, detail, float(limit), float(used)))
    };
    let requests = counted(PolicyCheckKind::RpmLimit, requests, "requests a minute", limits.rpm, standing.requests);
    let tokens = counted(PolicyCheckKind::TpmLimit, tokens, "tokens a minute", limits.tpm, standing.tokens);
    let parallel =
        counted(PolicyCheckKind::MaxParallelRequests, parallel, "calls in flight", limits.parallel, standing.in_flight);
    [budget, requests, tokens, parallel].into_iter().flatten().collect()
}

/// Counts that a person sets are far below what a float tells apart.
fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
