//! Single sign-on.

use serde_json::Value;
use tollgate_openapi::paths;
use tollgate_openapi::sso::{
    SsoChoices, SsoLookup, SsoLookupView, SsoProvider, SsoProviderDelete, SsoProviderView, SsoTestView,
};

use super::{ApiError, get, post};

pub(crate) async fn choices() -> Result<SsoChoices, ApiError> {
    get(paths::SSO_CHOICES, &()).await
}

pub(crate) async fn lookup(email: &str) -> Result<SsoLookupView, ApiError> {
    post(paths::SSO_LOOKUP, &SsoLookup { email: email.to_owned() }).await
}

pub(crate) async fn list() -> Result<Vec<SsoProviderView>, ApiError> {
    get(paths::SSO_PROVIDER_LIST, &()).await
}

pub(crate) async fn create(provider: &SsoProvider) -> Result<SsoProviderView, ApiError> {
    post(paths::SSO_PROVIDER_NEW, provider).await
}

pub(crate) async fn update(provider: &SsoProvider) -> Result<SsoProviderView, ApiError> {
    post(paths::SSO_PROVIDER_UPDATE, provider).await
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: Value = post(paths::SSO_PROVIDER_DELETE, &SsoProviderDelete { provider_id: id.to_owned() }).await?;
    Ok(())
}

pub(crate) async fn test(provider: &SsoProvider) -> Result<SsoTestView, ApiError> {
    post(paths::SSO_PROVIDER_TEST, provider).await
}
