//! `POST /invitation/new`.

use actix_web::web;
use chrono::TimeDelta;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationCreate, InvitationCreated};
use tollgate_openapi::paths;
use tollgate_openapi::session::UserRole;

use super::show;
use crate::app::App;
use crate::auth::{Principal, letters};
use crate::crypto::{KeyDigest, random_base62};
use crate::db::audit::Entry;
use crate::db::invitation::{Entity, Model};
use crate::db::{self, sso_identity, stored_time, user};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::user::read::relations_to;
use crate::management::{Json, new_id};

const USER_NOT_FOUND: &str = "User not found.";
/// How long an invitation works.
const AGE_MAX: TimeDelta = TimeDelta::days(7);
/// Length of a token: 256 bits and more.
const TOKEN_CHARS: usize = 43;

/// Invite a user
///
/// They get a letter with a link, where e-mail is set up and their address is known; else the answer carries the link. It
/// works once, for seven days, and takes the place of those before it.
///
/// Administrators of organizations invite those who belong to their organizations alone, have never signed in, and whose
/// e-mail address is known: only the letter carries the link.
#[utoipa::path(
    post,
    path = paths::INVITATION_NEW,
    operation_id = "invitation_new",
    tag = "invitation",
    request_body = InvitationCreate,
    responses(
        (status = 200, description = "The invitation", body = InvitationCreated),
        (status = 400, description = "The user is blocked, or a letter is needed and cannot be sent",
            body = ErrorEnvelope),
        (status = 403, description = "The user is not only of the caller's organizations, or has signed in before",
            body = ErrorEnvelope),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<InvitationCreate>,
) -> ApiResult<web::Json<InvitationCreated>> {
    let transaction = db::begin(&app.db).await?;
    let found = user::find_for_update(&transaction, &body.0.user_id).await?;
    authorize(&app, &transaction, &principal, &body.0.user_id, found.as_ref()).await?;
    let user = found.ok_or_else(|| ApiError::not_found(USER_NOT_FOUND))?;
    if user.blocked {
        return Err(ApiError::bad_request("user_id", "user_id: this user is blocked"));
    }
    let invited = invite(&app, &transaction, &principal, &user).await?;
    transaction.commit().await?;
    Ok(web::Json(invited.tell(&app)))
}

/// Goes on where the caller may invite this user.
///
/// Whoever has the link has the account. So it goes to the address that the account is of, and to nobody who could be
/// more than a member of the inviting administrator's organizations.
async fn authorize(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: &str,
    user: Option<&user::Model>,
) -> ApiResult<()> {
    if principal.authorize_all(Action::UserWrite).is_ok() {
        return Ok(());
    }
    let relations = relations_to(transaction, principal, user_id).await?;
    principal.authorize_on(Action::UserInvite, &relations, USER_NOT_FOUND)?;
    let Some(user) = user else { return Ok(()) };
    if !is_only_theirs(transaction, principal, user).await? {
        let message = "This user is not only of your organizations: an administrator of the gateway invites them.";
        return Err(ApiError::forbidden(message).with_param("user_id"));
    }
    if user.password_hash.is_some() || sso_identity::is_of_user(transaction, user_id).await? {
        let message = "This user has signed in before, and sets another password by themselves.";
        return Err(ApiError::forbidden(message).with_param("user_id"));
    }
    match &user.user_email {
        Some(_) if app.mailer.is_on() => Ok(()),
        Some(_) => {
            let message = "user_id: no e-mail can be sent here, so an administrator of the gateway invites this user";
            Err(ApiError::bad_request("user_id", message))
        }
        None => Err(ApiError::bad_request("user_id", "user_id: this user has no e-mail address")),
    }
}

/// Whether all that the user belongs to is of organizations that the caller administers.
async fn is_only_theirs(
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user: &user::Model,
) -> ApiResult<bool> {
    if [UserRole::ProxyAdmin, UserRole::ProxyAdminViewer].iter().any(|role| role.as_str() == user.user_role) {
        return Ok(false);
    }
    let organizations = db::organization_member::of_user(transaction, &user.user_id).await?;
    let teams = db::team_member::of_user(transaction, &user.user_id).await?;
    let teams: Vec<String> = teams.into_iter().map(|membership| membership.team_id).collect();
    let teams = db::team::find_many(transaction, &teams).await?;
    let of_teams = teams.iter().map(|team| team.organization_id.as_deref());
    let all = organizations.iter().map(|membership| Some(&*membership.organization_id)).chain(of_teams);
    Ok(all.into_iter().all(|id| id.is_some_and(|id| principal.memberships.administers(id))))
}

/// An invitation that is in the database, and of which nobody has been told.
pub(in crate::management) struct Invited {
    row: Model,
    token: String,
    user_email: Option<String>,
    by: String,
    /// Whether the one who invites may have the link.
    is_told: bool,
}

/// Invites a user, in the transaction of what gives reason to.
pub(in crate::management) async fn invite(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user: &user::Model,
) -> ApiResult<Invited> {
    let now = stored_time(app.clock.now());
    let token = random_base62(TOKEN_CHARS).map_err(ApiError::internal)?;
    let by = principal.user_email.clone().unwrap_or_else(|| principal.user_id.clone());
    let row = Model {
        id: new_id(),
        user_id: user.user_id.clone(),
        token_hash: KeyDigest::of(&token).to_hex(),
        is_accepted: false,
        accepted_at: None,
        expires_at: now + AGE_MAX,
        created_at: now,
        created_by: principal.user_id.clone(),
        updated_at: now,
        updated_by: principal.user_id.clone(),
    };
    db::invitation::delete_open(transaction, &user.user_id).await?;
    Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await?;
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "created",
        resource: "invitation",
        resource_id: &row.id,
        before: None,
        after: Some(json!({ "user_id": user.user_id, "expires_at": row.expires_at })),
    };
    db::audit::record(transaction, entry).await?;
    let is_told = principal.authorize_all(Action::UserWrite).is_ok();
    Ok(Invited { row, token, user_email: user.user_email.clone(), by, is_told })
}

impl Invited {
    /// Sends the letter, once the transaction is committed; where none can be sent, the answer carries the link.
    pub(in crate::management) fn tell(self, app: &App) -> InvitationCreated {
        let Self { row, token, user_email, by, is_told } = self;
        let link = format!("{}/ui/invitation#{token}", app.identity.base_url);
        let letter = user_email.map(|address| letters::invitation(&address, &by, &link));
        let email_sent = letter.is_some_and(|letter| app.mailer.send(letter));
        let invitation_link = (is_told && !email_sent).then_some(link);
        InvitationCreated { email_sent, invitation_link, invitation: show(row) }
    }
}
