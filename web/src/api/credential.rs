//! Credentials of providers.

use gloo_net::http::Request;
use tollgate_openapi::credential::{CredentialCreate, CredentialDone, CredentialList, CredentialPatch, CredentialView};
use tollgate_openapi::paths;

use super::{ApiError, Seen, get, only_if, post, send};
use crate::url::encode;

pub(crate) async fn list() -> Result<Vec<CredentialView>, ApiError> {
    let list: CredentialList = get(paths::CREDENTIALS, &()).await?;
    Ok(list.credentials)
}

pub(crate) async fn create(credential: &CredentialCreate) -> Result<(), ApiError> {
    let _: CredentialDone = post(paths::CREDENTIALS, credential).await?;
    Ok(())
}

pub(crate) async fn update(name: &str, patch: &CredentialPatch, seen: Seen) -> Result<(), ApiError> {
    let _: CredentialDone = send(only_if(Request::patch(&path(name)), seen), patch).await?;
    Ok(())
}

pub(crate) async fn delete(name: &str) -> Result<(), ApiError> {
    let _: CredentialDone = send(Request::delete(&path(name)), &()).await?;
    Ok(())
}

fn path(name: &str) -> String {
    paths::CREDENTIAL.replace("{credential_name}", &encode(name))
}
