//! Invitations.

use tollgate_openapi::invitation::{InvitationAccept, InvitationAccepted, InvitationCreate, InvitationCreated};
use tollgate_openapi::paths;

use super::{ApiError, post};

pub(crate) async fn create(user_id: String) -> Result<InvitationCreated, ApiError> {
    post(paths::INVITATION_NEW, &InvitationCreate { user_id }).await
}

pub(crate) async fn accept(body: &InvitationAccept) -> Result<InvitationAccepted, ApiError> {
    post(paths::INVITATION_ACCEPT, body).await
}
