//! Deployments and their state.

use tollgate_openapi::health::{EndpointHealth, HealthQuery, HealthReport};
use tollgate_openapi::model::{
    DeploymentStatus, DeploymentView, ModelBlock, ModelCreate, ModelDelete, ModelDeleted, ModelInfoQuery, ModelList,
    ModelPatch, ModelStored, ModelTest, ModelTested,
};
use tollgate_openapi::paths;

use super::{ApiError, Seen, get, get_even_with, post, post_if};

/// No deployment that was asked answers, which is an answer, too.
const STATUS_UNHEALTHY: u16 = 503;

pub(crate) async fn list() -> Result<Vec<DeploymentView>, ApiError> {
    let list: ModelList = get(paths::MODEL_INFO, &ModelInfoQuery::default()).await?;
    Ok(list.data)
}

/// Asks a deployment now whether it answers.
pub(crate) async fn test(id: &str) -> Result<EndpointHealth, ApiError> {
    let query = HealthQuery { model_id: Some(id.to_owned()), ..HealthQuery::default() };
    let report: HealthReport = get_even_with(paths::HEALTH, &query, STATUS_UNHEALTHY).await?;
    let found = report.healthy_endpoints.into_iter().chain(report.unhealthy_endpoints).next();
    found.ok_or_else(|| ApiError::new(0, "The server told nothing of this deployment."))
}

/// Tries a deployment that need not be saved.
pub(crate) async fn try_out(test: &ModelTest) -> Result<ModelTested, ApiError> {
    post(paths::HEALTH_TEST_CONNECTION, test).await
}

pub(crate) async fn create(model: &ModelCreate) -> Result<ModelStored, ApiError> {
    post(paths::MODEL_NEW, model).await
}

/// Changes the deployment whose id is in `model_info`.
pub(crate) async fn update(patch: &ModelPatch, seen: Seen) -> Result<ModelStored, ApiError> {
    post_if(paths::MODEL_UPDATE, seen, patch).await
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: ModelDeleted = post(paths::MODEL_DELETE, &ModelDelete { id: id.to_owned() }).await?;
    Ok(())
}

pub(crate) async fn set_blocked(id: &str, is_blocked: bool) -> Result<(), ApiError> {
    let path = if is_blocked { paths::MODEL_BLOCK } else { paths::MODEL_UNBLOCK };
    let _: ModelStored = post(path, &ModelBlock { model_id: id.to_owned() }).await?;
    Ok(())
}

/// The public names a key may be limited to, in order, each once.
pub(crate) async fn names() -> Result<Vec<String>, ApiError> {
    let mut names: Vec<_> = list().await?.into_iter().map(|d| d.model_name).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// A public name that can be called now; where none can, any.
pub(crate) async fn callable() -> Result<Option<String>, ApiError> {
    let mut deployments = list().await?;
    deployments.sort_by_key(|d| (d.state.status != DeploymentStatus::Available, d.model_name.clone()));
    Ok(deployments.into_iter().next().map(|d| d.model_name))
}
