//! Invitations: links with which somebody sets their first password.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::check_id;
use crate::session::SessionView;

/// Body of `POST /invitation/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada"})))]
#[serde(deny_unknown_fields)]
pub struct InvitationCreate {
    /// Who is invited: a user that exists.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: String,
}

/// Query of `GET /invitation/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct InvitationInfoQuery {
    /// The invitation.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub invitation_id: String,
}

/// Body of `POST /invitation/update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"invitation_id": "5b1a", "is_accepted": true})))]
#[serde(deny_unknown_fields)]
pub struct InvitationPatch {
    /// The invitation.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub invitation_id: String,
    /// `true` closes it: its link works no more.
    #[garde(skip)]
    pub is_accepted: bool,
}

/// Body of `POST /invitation/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"invitation_id": "5b1a"})))]
#[serde(deny_unknown_fields)]
pub struct InvitationDelete {
    /// The invitation.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub invitation_id: String,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": "5b1a", "user_id": "ada", "is_accepted": false, "accepted_at": null,
    "expires_at": "2026-11-28T09:30:00Z", "created_at": "2026-11-21T09:30:00Z", "created_by": "root",
    "updated_at": "2026-11-21T09:30:00Z", "updated_by": "root"})))]
pub struct InvitationView {
    /// Id; it opens nothing.
    pub id: String,
    /// Who is invited.
    pub user_id: String,
    /// It was used, or closed: its link works no more.
    pub is_accepted: bool,
    /// When that was.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When its link stops working.
    pub expires_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

/// Answer of `POST /invitation/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct InvitationCreated {
    /// A letter with the link is on its way.
    pub email_sent: bool,
    /// The link, to be handed over, where no letter is sent. It is kept only as a hash and never shown again.
    pub invitation_link: Option<String>,
    /// The invitation.
    #[serde(flatten)]
    pub invitation: InvitationView,
}

/// Body of `POST /invitation/accept`.
#[derive(Clone, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token": "k3y0fTh3L1nk", "password": "correct horse battery staple"})))]
#[serde(deny_unknown_fields)]
pub struct InvitationAccept {
    /// What the link carries behind `#`.
    #[garde(length(min = 1, max = 128))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 128))]
    pub token: String,
    /// The password to sign in with: of at least 12 characters, or as the gateway is set to ask.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: String,
}

/// Answer of `POST /invitation/accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"session": {"user_id": "ada", "user_email": "ada@example.com",
    "user_role": "internal_user", "teams": [], "organizations": [], "expires_at": "2026-11-28T09:30:00Z", "method": "invitation", "needs_second_factor": false}})))]
pub struct InvitationAccepted {
    /// Who is signed in now; absent for users with a second factor, who sign in with it.
    pub session: Option<SessionView>,
}
