//! Users whom a body names by id or e-mail address.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::make::{blank, make};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::user::Model;
use crate::error::{ApiError, ApiResult};
use crate::management::limit::Wanted;
use crate::management::new_id;

/// How a user is named: by either; the id decides where both are there.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::management) struct Named<'a> {
    /// Id.
    pub(in crate::management) user_id: Option<&'a str>,
    /// E-mail address.
    pub(in crate::management) user_email: Option<&'a str>,
}

/// The user who is to join something of `organization_id`, or of none. One named by an e-mail address that nobody has is
/// made; one named by an unknown id only by an administrator of the gateway. Others do not learn by ids who is in other
/// organizations.
///
/// # Errors
/// 400 where there is no such user, or nobody is named.
pub(in crate::management) async fn find_or_make(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    named: Named<'_>,
    organization_id: Option<&str>,
) -> ApiResult<Model> {
    let (user_id, found) = match (named.user_id, named.user_email) {
        (Some(user_id), _) => (user_id.to_owned(), db::user::find(transaction, user_id).await?),
        (None, Some(email)) => (new_id(), db::user::find_by_email(transaction, email).await?),
        (None, None) => return Err(ApiError::bad_request("user_id", "A member is named by user_id or user_email.")),
    };
    if named.user_id.is_some() && !principal.is_admin() {
        let is_known = match &found {
            Some(user) => is_within_reach(transaction, principal, user, organization_id).await?,
            None => false,
        };
        if !is_known {
            let message = format!("There is no user '{user_id}'. Name them by user_email, or ask an administrator.");
            return Err(ApiError::bad_request("user_id", message));
        }
    }
    match found {
        Some(user) => Ok(user),
        None => {
            let user = blank(app, user_id, named.user_email.map(str::to_owned));
            make(app, transaction, principal, user, Wanted::default()).await
        }
    }
}

/// Whether the caller may know of the user: as itself, as of the same organization, or, outside of all organizations, as
/// of none.
async fn is_within_reach(
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user: &Model,
    organization_id: Option<&str>,
) -> ApiResult<bool> {
    if user.user_id == principal.user_id {
        return Ok(true);
    }
    let memberships = db::organization_member::of_user(transaction, &user.user_id).await?;
    Ok(match organization_id {
        Some(id) => memberships.iter().any(|membership| membership.organization_id == id),
        None => memberships.is_empty(),
    })
}

/// The id of the user that a body names; none: nobody has this e-mail address.
///
/// # Errors
/// 400 where nobody is named.
pub(in crate::management) async fn id_of(
    db: &impl ConnectionTrait,
    user_id: Option<&str>,
    user_email: Option<&str>,
) -> ApiResult<Option<String>> {
    match (user_id, user_email) {
        (Some(user_id), _) => Ok(Some(user_id.to_owned())),
        (None, Some(email)) => Ok(db::user::find_by_email(db, email).await?.map(|user| user.user_id)),
        (None, None) => Err(ApiError::bad_request("user_id", "One of user_id and user_email is required.")),
    }
}
