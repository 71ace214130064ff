//! `/scim/v2/Users`.

mod draft;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::{Map, Value, json};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::session::UserRole;

use super::caller::caller;
use super::error::{ScimError, ScimResult};
use super::filter::Filter;
use super::patch::PatchBody;
use super::query::ListQuery;
use super::{body, check_version, location, meta, one, page, version_of};
use crate::app::App;
use crate::auth::Principal;
use crate::db::scim_user::{Entity as Called, Model as Calling, Wanted};
use crate::db::user::Model as User;
use crate::db::{self, Strings};
use crate::management::change::announce;
use crate::management::limit;
use crate::management::sso::groups;
use crate::management::{new_id, user};
use draft::Draft;

/// What a user's resource is called in refusals.
const USER: &str = "User";

/// Lists users.
pub(super) async fn list(app: web::Data<App>, request: HttpRequest) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    found(&app, &ListQuery::of(&request)?).await
}

/// Lists them by a body instead of a query.
pub(super) async fn search(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    found(&app, &body::<ListQuery>(payload).await?).await
}

async fn found(app: &App, query: &ListQuery) -> ScimResult<HttpResponse> {
    let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
    let wanted = match &filter {
        None => Wanted::All,
        Some(Filter { attribute, value }) => match attribute.as_str() {
            "id" => Wanted::Id(value),
            "username" => Wanted::UserName(value),
            "externalid" => Wanted::ExternalId(value),
            "emails" | "emails.value" => Wanted::Email(value),
            other => {
                let detail = format!("users are filtered by userName, externalId, emails.value or id, not by {other}");
                return Err(ScimError::invalid("invalidFilter", detail));
            }
        },
    };
    let (skip, limit) = query.range();
    let (users, total) = db::scim_user::list(&app.db, &wanted, skip, limit).await?;
    let resources = resources(app, users).await?;
    Ok(page(query, total, resources))
}

/// Shows one.
pub(super) async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let user = db::user::find(&app.db, &id).await?.ok_or_else(|| ScimError::not_found(USER, &id))?;
    show(&app, &request, StatusCode::OK, user).await
}

/// Makes one.
pub(super) async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let draft = Draft::of_resource(&body::<Map<String, Value>>(payload).await?)?;
    let transaction = db::begin(&app.db).await?;
    let config = app.settings.config();
    let newcomers = &config.litellm.default_internal_user_params;
    let mut new = draft.apply(user::blank(&app, new_id(), None));
    new.user_role = newcomers.user_role.unwrap_or(UserRole::InternalUser).as_str().to_owned();
    new.models = Strings(newcomers.models.clone());
    let limits = LimitPatch {
        max_budget: newcomers.max_budget.map_or(Patch::Absent, Patch::Set),
        budget_duration: newcomers.budget_duration.map_or(Patch::Absent, |span| Patch::Set(span.to_string())),
        ..LimitPatch::default()
    };
    let wanted = limit::Wanted { limits, ..limit::Wanted::default() };
    let made = user::make(&app, &transaction, &principal, new, wanted).await?;
    call(&transaction, &made.user_id, &draft).await?;
    let teams = groups::of_configuration(&app);
    let moved = groups::join_all(&app, &transaction, &principal, &made.user_id, teams).await?;
    transaction.commit().await?;
    announce(&app, "user", &made.user_id);
    moved.settle(&app);
    show(&app, &request, StatusCode::CREATED, made).await
}

/// Replaces one as a whole.
pub(super) async fn replace(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let draft = Draft::of_resource(&body::<Map<String, Value>>(payload).await?)?;
    change(&app, &request, &principal, &id, |_| Ok(draft)).await
}

/// Changes parts of one.
pub(super) async fn patch(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let operations = body::<PatchBody>(payload).await?.operations()?;
    let apply = |mut draft: Draft| {
        operations.into_iter().try_for_each(|operation| draft.change(operation))?;
        draft.checked()
    };
    change(&app, &request, &principal, &id, apply).await
}

/// Deletes one, with their keys, memberships and sessions.
pub(super) async fn delete(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let transaction = db::begin(&app.db).await?;
    let found = db::user::find_for_update(&transaction, &id).await?;
    let found = found.ok_or_else(|| ScimError::not_found(USER, &id))?;
    check_version(&request, &version_of(found.updated_at))?;
    let gone = user::delete::delete_one(&app, &transaction, &principal, &id).await?;
    transaction.commit().await?;
    gone.settle(&app, &id);
    Ok(HttpResponse::NoContent().finish())
}

/// Changes a user into what `draft` makes of them, with all that follows.
async fn change(
    app: &App,
    request: &HttpRequest,
    principal: &Principal,
    id: &str,
    draft: impl FnOnce(Draft) -> ScimResult<Draft>,
) -> ScimResult<HttpResponse> {
    let transaction = db::begin(&app.db).await?;
    let found = db::user::find_for_update(&transaction, id).await?;
    let before = found.ok_or_else(|| ScimError::not_found(USER, id))?;
    check_version(request, &version_of(before.updated_at))?;
    let called = db::scim_user::find(&transaction, id).await?;
    let draft = draft(Draft::of_user(&before, called.as_ref()))?;
    let after = user::save(app, &transaction, principal, &before, draft.apply(before.clone())).await?;
    call(&transaction, id, &draft).await?;
    if after.blocked && !before.blocked {
        db::session::delete_of_user(&transaction, id).await?;
    }
    transaction.commit().await?;
    announce(app, "user", id);
    show(app, request, StatusCode::OK, after).await
}

/// Keeps what the directory calls a user.
async fn call(transaction: &DatabaseTransaction, user_id: &str, draft: &Draft) -> ScimResult<()> {
    let calling = Calling {
        user_id: user_id.to_owned(),
        user_name: draft.user_name.to_lowercase(),
        external_id: draft.external_id.clone(),
        attributes: draft.attributes(),
    };
    if db::scim_user::find(transaction, user_id).await?.as_ref() == Some(&calling) {
        return Ok(());
    }
    db::scim_user::delete(transaction, user_id).await?;
    let inserted = Called::insert(calling.into_active_model()).exec_without_returning(transaction).await;
    inserted.map_err(|error| match db::violation(&error) {
        Some(db::Violation::ScimUserName) => {
            ScimError::taken(format!("A user with the userName '{}' exists already.", draft.user_name))
        }
        _ => error.into(),
    })?;
    Ok(())
}

async fn show(app: &App, request: &HttpRequest, status: StatusCode, user: User) -> ScimResult<HttpResponse> {
    let mut resources = resources(app, vec![user]).await?;
    one(request, status, resources.pop().unwrap_or_default())
}

/// Users as directories see them, with their groups, in a few queries however many there are.
async fn resources(app: &App, users: Vec<User>) -> ScimResult<Vec<Value>> {
    let ids: Vec<String> = users.iter().map(|user| user.user_id.clone()).collect();
    let called = db::scim_user::find_many(&app.db, &ids).await?;
    let members = db::team_member::of_users(&app.db, &ids).await?;
    let team_ids: Vec<String> = members.iter().map(|member| member.team_id.clone()).collect();
    let teams = db::team::find_many(&app.db, &team_ids).await?;
    let shown = users.into_iter().map(|user| {
        let calling = called.iter().find(|calling| calling.user_id == user.user_id);
        let of_user = members.iter().filter(|member| member.user_id == user.user_id);
        let groups: Vec<Value> = of_user
            .map(|member| {
                let team = teams.iter().find(|team| team.team_id == member.team_id);
                let display = team.and_then(|team| team.team_alias.clone()).unwrap_or_else(|| member.team_id.clone());
                json!({"value": member.team_id, "$ref": location(app, "Group", &member.team_id), "display": display})
            })
            .collect();
        let mut resource = Draft::of_user(&user, calling).resource();
        resource.insert("id".to_owned(), Value::from(user.user_id.clone()));
        resource.insert("groups".to_owned(), Value::from(groups));
        let times = (user.created_at, user.updated_at);
        resource.insert("meta".to_owned(), meta(app, USER, &user.user_id, times));
        Value::Object(resource)
    });
    Ok(shown.collect())
}
