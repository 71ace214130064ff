//! Invitations: links with which somebody sets their first password.

pub mod accept;
pub mod create;
pub mod delete;
pub mod read;
pub mod update;

use tollgate_openapi::invitation::InvitationView;

pub(super) use create::invite;

use crate::db::invitation::Model;

/// What refusals call an invitation that does not exist.
const NOT_FOUND: &str = "Invitation not found.";

fn show(row: Model) -> InvitationView {
    InvitationView {
        id: row.id,
        user_id: row.user_id,
        is_accepted: row.is_accepted,
        accepted_at: row.accepted_at,
        expires_at: row.expires_at,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    }
}
