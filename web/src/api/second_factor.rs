//! The reader's second factor.

use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{
    SecondFactorConfirm, SecondFactorConfirmed, SecondFactorCreate, SecondFactorCreated, SecondFactorDelete,
    SecondFactorQuery, SecondFactorView,
};

use super::{ApiError, get, post};

pub(crate) async fn info() -> Result<SecondFactorView, ApiError> {
    get(paths::SECOND_FACTOR_INFO, &SecondFactorQuery::default()).await
}

pub(crate) async fn create(body: &SecondFactorCreate) -> Result<SecondFactorCreated, ApiError> {
    post(paths::SECOND_FACTOR_NEW, body).await
}

pub(crate) async fn confirm(body: &SecondFactorConfirm) -> Result<SecondFactorConfirmed, ApiError> {
    post(paths::SECOND_FACTOR_CONFIRM, body).await
}

pub(crate) async fn new_recovery_codes(body: &SecondFactorCreate) -> Result<SecondFactorConfirmed, ApiError> {
    post(paths::SECOND_FACTOR_RECOVERY_CODES_NEW, body).await
}

pub(crate) async fn delete(body: &SecondFactorDelete) -> Result<SecondFactorView, ApiError> {
    post(paths::SECOND_FACTOR_DELETE, body).await
}
