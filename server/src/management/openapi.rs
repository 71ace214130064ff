//! The management API's description, openapi.json.

use utoipa::OpenApi;

use super::{health, model};

#[derive(OpenApi)]
#[openapi(
    info(title = "Tollgate", description = "The management API of Tollgate."),
    paths(model::info, health::liveliness, health::readiness, health::health)
)]
struct DataPlane;

/// The description of every operation.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    DataPlane::openapi()
}
