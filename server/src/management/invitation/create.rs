//! `POST /invitation/new`.

use actix_web::web;
use chrono::TimeDelta;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationCreate, InvitationCreated};
use tollgate_openapi::paths;

use super::show;
use crate::app::App;
use crate::auth::{Principal, letters};
use crate::crypto::{KeyDigest, random_base62};
use crate::db::audit::Entry;
use crate::db::invitation::{Entity, Model};
use crate::db::{self, stored_time, user};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::{Json, new_id};

/// How long an invitation works.
const AGE_MAX: TimeDelta = TimeDelta::days(7);
/// Length of a token: 256 bits and more.
const TOKEN_CHARS: usize = 43;

/// Invite a user
///
/// They get a letter with a link, where e-mail is set up and their address is known; else the answer carries the link. It
/// works once, for seven days, and takes the place of those before it.
#[utoipa::path(
    post,
    path = paths::INVITATION_NEW,
    operation_id = "invitation_new",
    tag = "invitation",
    request_body = InvitationCreate,
    responses(
        (status = 200, description = "The invitation", body = InvitationCreated),
        (status = 400, description = "The user is blocked", body = ErrorEnvelope),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<InvitationCreate>,
) -> ApiResult<web::Json<InvitationCreated>> {
    principal.authorize_all(Action::UserWrite)?;
    let transaction = db::begin(&app.db).await?;
    let found = user::find_for_update(&transaction, &body.0.user_id).await?;
    let user = found.ok_or_else(|| ApiError::not_found("User not found."))?;
    if user.blocked {
        return Err(ApiError::bad_request("user_id", "user_id: this user is blocked"));
    }
    let invited = invite(&app, &transaction, &principal, &user).await?;
    transaction.commit().await?;
    Ok(web::Json(invited.tell(&app)))
}

/// An invitation that is in the database, and of which nobody has been told.
pub(in crate::management) struct Invited {
    row: Model,
    token: String,
    user_email: Option<String>,
    by: String,
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
    Ok(Invited { row, token, user_email: user.user_email.clone(), by })
}

impl Invited {
    /// Sends the letter, once the transaction is committed; where none can be sent, the answer carries the link.
    pub(in crate::management) fn tell(self, app: &App) -> InvitationCreated {
        let Self { row, token, user_email, by } = self;
        let link = format!("{}/ui/invitation#{token}", app.identity.base_url);
        let letter = user_email.map(|address| letters::invitation(&address, &by, &link));
        let email_sent = letter.is_some_and(|letter| app.mailer.send(letter));
        InvitationCreated { email_sent, invitation_link: (!email_sent).then_some(link), invitation: show(row) }
    }
}
