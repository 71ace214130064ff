//! Deployments and their state.

use tollgate_openapi::model::{DeploymentStatus, DeploymentView, ModelInfoQuery, ModelList};
use tollgate_openapi::paths;

use super::{ApiError, get};

pub(crate) async fn list() -> Result<Vec<DeploymentView>, ApiError> {
    let list: ModelList = get(paths::MODEL_INFO, &ModelInfoQuery::default()).await?;
    Ok(list.data)
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
