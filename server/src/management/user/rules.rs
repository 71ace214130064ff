//! What the fields of a user must be, beyond their types.

use tollgate_openapi::user::{STORED_FIELDS, UserCreate, UserPatch};

use crate::error::ApiResult;
use crate::management::rules::Problems;

/// The fields of a user, besides their limits.
const FIELDS: &[&str] = &[
    "user_id",
    "user_email",
    "user_alias",
    "user_role",
    "password",
    "blocked",
    "models",
    "metadata",
    "teams",
    "auto_create_key",
    "send_invite_email",
    "key_alias",
    "duration",
    "spend",
    "budget_id",
];

/// Checks a new user.
pub(super) fn check_create(body: &UserCreate) -> ApiResult<()> {
    let known: Vec<&str> = FIELDS.iter().copied().filter(|field| *field != "blocked").collect();
    let mut problems = Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, &known);
    problems.duration("duration", body.duration.as_deref());
    for field in ["key_alias", "duration"] {
        let is_sent = if field == "duration" { body.duration.is_some() } else { body.key_alias.is_some() };
        if is_sent && !body.auto_create_key {
            problems.add(field, "expected only with a key: auto_create_key is false");
        }
    }
    if body.send_invite_email && body.user_email.is_none() {
        problems.add("send_invite_email", "expected only with user_email: there is no address to send to");
    }
    problems.finish()
}

/// Checks a change.
pub(super) fn check_patch(body: &UserPatch) -> ApiResult<()> {
    let creation_only = &["teams", "auto_create_key", "send_invite_email", "key_alias", "duration"];
    let known: Vec<&str> = FIELDS.iter().copied().filter(|field| !creation_only.contains(field)).collect();
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, &known).finish()
}
