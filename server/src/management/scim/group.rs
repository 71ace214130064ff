//! `/scim/v2/Groups`: teams.

use std::collections::{BTreeSet, HashMap};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate_openapi::team::MemberRole;

use super::caller::caller;
use super::error::{ScimError, ScimResult};
use super::filter::Filter;
use super::patch::{Op, Operation, PatchBody};
use super::query::ListQuery;
use super::{body, check_version, location, meta, one, page, version_of};
use crate::app::App;
use crate::auth::Principal;
use crate::db::scim_group::{Entity as Called, Model as Calling, Wanted};
use crate::db::team::Model as Team;
use crate::db::{self, stored_time};
use crate::management::change::announce;
use crate::management::sso::groups::{Entry, Moved, join_all, leave_all};
use crate::management::team;

/// What a group's resource is called in refusals.
const GROUP: &str = "Group";
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// A group as a directory writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    display_name: String,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    members: Option<Vec<Member>>,
}

#[derive(Debug, Deserialize)]
struct Member {
    value: String,
}

/// What a group becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Draft {
    display_name: String,
    external_id: Option<String>,
    members: BTreeSet<String>,
}

/// Lists groups.
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
            "displayname" => Wanted::DisplayName(value),
            "externalid" => Wanted::ExternalId(value),
            other => {
                let detail = format!("groups are filtered by displayName, externalId or id, not by {other}");
                return Err(ScimError::invalid("invalidFilter", detail));
            }
        },
    };
    let (skip, limit) = query.range();
    let (teams, total) = db::scim_group::list(&app.db, &wanted, skip, limit).await?;
    let resources = resources(app, teams, query.wants("members")).await?;
    Ok(page(query, total, resources))
}

/// Shows one.
pub(super) async fn get(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let has_members = ListQuery::of(&request)?.wants("members");
    let team = db::team::find(&app.db, &id).await?.ok_or_else(|| ScimError::not_found(GROUP, &id))?;
    let mut resources = resources(&app, vec![team], has_members).await?;
    one(&request, StatusCode::OK, resources.pop().unwrap_or_default())
}

/// Makes one.
pub(super) async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let draft = draft_of(body::<Resource>(payload).await?, BTreeSet::new())?;
    let transaction = db::begin(&app.db).await?;
    check_name(&transaction, &draft.display_name, None).await?;
    let made = team::make_for_group(&app, &transaction, &principal, &draft.display_name).await?;
    call(&transaction, &made.team_id, &draft).await?;
    let moved = set_members(&app, &transaction, &principal, &made.team_id, &draft.members).await?;
    transaction.commit().await?;
    announce(&app, "team", &made.team_id);
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
    let resource = body::<Resource>(payload).await?;
    let team = change(&app, &request, &principal, &id, |draft| draft_of(resource, draft.members)).await?;
    show(&app, &request, StatusCode::OK, team).await
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
        Ok(draft)
    };
    change(&app, &request, &principal, &id, apply).await?;
    // Nothing is shown of a group with thousands of members each time one joins (RFC 7644, 3.5.2).
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes one: the team, with its keys and memberships.
pub(super) async fn delete(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> ScimResult<HttpResponse> {
    let principal = caller(&app, &request).await?;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &id).await?;
    let found = found.ok_or_else(|| ScimError::not_found(GROUP, &id))?;
    check_version(&request, &version_of(found.updated_at))?;
    let ids = [found.team_id];
    let keys = team::delete::delete_all(&app, &transaction, &principal, &ids).await?;
    transaction.commit().await?;
    team::delete::forget_all(&app, &ids, &keys);
    Ok(HttpResponse::NoContent().finish())
}

/// Changes a team into what `draft` makes of the group.
async fn change(
    app: &App,
    request: &HttpRequest,
    principal: &Principal,
    id: &str,
    draft: impl FnOnce(Draft) -> ScimResult<Draft>,
) -> ScimResult<Team> {
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, id).await?;
    let team = found.ok_or_else(|| ScimError::not_found(GROUP, id))?;
    check_version(request, &version_of(team.updated_at))?;
    let members = db::team_member::of_team(&transaction, id).await?;
    let called = db::scim_group::find(&transaction, id).await?;
    let before = Draft {
        display_name: name_of(&team),
        external_id: called.and_then(|called| called.external_id),
        members: members.into_iter().map(|member| member.user_id).collect(),
    };
    let after = draft(before.clone())?;
    let mut changed = team;
    if after.display_name != before.display_name {
        check_name(&transaction, &after.display_name, Some(id)).await?;
        changed = team::rename(app, &transaction, principal, changed, &after.display_name).await?;
    }
    if after.external_id != before.external_id {
        call(&transaction, id, &after).await?;
    }
    let moved = set_members(app, &transaction, principal, id, &after.members).await?;
    if after != before {
        changed.updated_at = stored_time(app.clock.now());
        let mut row = changed.clone().into_active_model();
        row.updated_at = sea_orm::Set(changed.updated_at);
        row.update(&transaction).await?;
    }
    transaction.commit().await?;
    announce(app, "team", id);
    moved.settle(app);
    Ok(changed)
}

/// A whole resource; without `members` they stay as they are.
fn draft_of(resource: Resource, members: BTreeSet<String>) -> ScimResult<Draft> {
    let display_name = checked_name(&resource.display_name)?;
    let named = resource.members.map(|members| members.into_iter().map(|member| member.value).collect());
    let external_id = resource.external_id.filter(|id| !id.is_empty() && id.len() <= NAME_BYTES_MAX);
    Ok(Draft { display_name, external_id, members: named.unwrap_or(members) })
}

fn checked_name(name: &str) -> ScimResult<String> {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let detail = format!("displayName: expected 1 to {NAME_BYTES_MAX} bytes without control characters");
        return Err(ScimError::invalid("invalidValue", detail));
    }
    Ok(name.to_owned())
}

impl Draft {
    fn change(&mut self, operation: Operation) -> ScimResult<()> {
        let Operation { op, attribute, selected, value } = operation;
        match attribute.as_str() {
            "displayname" => self.display_name = checked_name(value.as_str().unwrap_or_default())?,
            "externalid" => self.external_id = value.as_str().filter(|id| !id.is_empty()).map(str::to_owned),
            "members" => match (op, selected) {
                (Op::Remove, Some(id)) => self.members.retain(|member| *member != id),
                (Op::Remove, None) if value.is_null() => self.members.clear(),
                // Entra names those who leave in the value.
                (Op::Remove, None) => {
                    let gone = ids(&value)?;
                    self.members.retain(|id| !gone.contains(id));
                }
                (Op::Add, _) => self.members.extend(ids(&value)?),
                (Op::Replace, _) => self.members = ids(&value)?,
            },
            // `id` and `schemas` come along and are nobody's to change.
            _ => {}
        }
        Ok(())
    }
}

/// `[{"value": "id"}]`, or one of them.
fn ids(value: &Value) -> ScimResult<BTreeSet<String>> {
    let refuse = || ScimError::invalid("invalidValue", "members: expected a list of objects with a value");
    let id = |item: &Value| item.get("value").and_then(Value::as_str).map(str::to_owned).ok_or_else(refuse);
    match value {
        Value::Null => Ok(BTreeSet::new()),
        Value::Array(items) => items.iter().map(id).collect(),
        single => id(single).map(|id| BTreeSet::from([id])),
    }
}

/// Two groups of one name would be one for people.
async fn check_name(transaction: &DatabaseTransaction, name: &str, own: Option<&str>) -> ScimResult<()> {
    let (found, _) = db::scim_group::list(transaction, &Wanted::DisplayName(name), 0, 2).await?;
    if found.iter().any(|team| Some(team.team_id.as_str()) != own) {
        return Err(ScimError::taken(format!("A group with the displayName '{name}' exists already.")));
    }
    Ok(())
}

/// Keeps what the directory calls a team.
async fn call(transaction: &DatabaseTransaction, team_id: &str, draft: &Draft) -> ScimResult<()> {
    db::scim_group::delete(transaction, team_id).await?;
    let calling = Calling { team_id: team_id.to_owned(), external_id: draft.external_id.clone() };
    Called::insert(calling.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Brings the members of a team in line with those of the group.
async fn set_members(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    team_id: &str,
    wanted: &BTreeSet<String>,
) -> ScimResult<Moved> {
    let members = db::team_member::of_team(transaction, team_id).await?;
    let members: BTreeSet<String> = members.into_iter().map(|member| member.user_id).collect();
    let new: Vec<String> = wanted.difference(&members).cloned().collect();
    let known = db::user::find_many(transaction, &new).await?;
    if let Some(unknown) = new.iter().find(|id| !known.iter().any(|user| user.user_id == **id)) {
        return Err(ScimError::invalid("invalidValue", format!("members: there is no user with the id '{unknown}'")));
    }
    let mut moved = Moved::default();
    for user_id in &new {
        let entry = Entry { team_id: team_id.to_owned(), role: MemberRole::User, max_budget: None };
        moved.extend(join_all(app, transaction, principal, user_id, vec![entry]).await?);
    }
    for user_id in members.difference(wanted) {
        moved.extend(leave_all(app, transaction, principal, user_id, &[team_id.to_owned()]).await?);
    }
    Ok(moved)
}

fn name_of(team: &Team) -> String {
    team.team_alias.clone().unwrap_or_else(|| team.team_id.clone())
}

async fn show(app: &App, request: &HttpRequest, status: StatusCode, team: Team) -> ScimResult<HttpResponse> {
    let mut resources = resources(app, vec![team], true).await?;
    one(request, status, resources.pop().unwrap_or_default())
}

/// Teams as directories see them.
async fn resources(app: &App, teams: Vec<Team>, has_members: bool) -> ScimResult<Vec<Value>> {
    let ids: Vec<String> = teams.iter().map(|team| team.team_id.clone()).collect();
    let called = db::scim_group::find_many(&app.db, &ids).await?;
    let whose: &[String] = if has_members { &ids } else { &[] };
    let mut members: HashMap<String, Vec<Value>> = HashMap::new();
    for member in db::team_member::of_teams(&app.db, whose, None).await? {
        let shown = json!({"value": member.user_id, "$ref": location(app, "User", &member.user_id)});
        members.entry(member.team_id).or_default().push(shown);
    }
    let mut shown = Vec::with_capacity(teams.len());
    for team in teams {
        let mut resource = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": team.team_id,
            "displayName": name_of(&team),
            "meta": meta(app, GROUP, &team.team_id, (team.created_at, team.updated_at)),
        });
        let calling = called.iter().find(|calling| calling.team_id == team.team_id);
        if let (Some(id), Some(fields)) = (calling.and_then(|one| one.external_id.clone()), resource.as_object_mut()) {
            fields.insert("externalId".to_owned(), Value::from(id));
        }
        if let (true, Some(fields)) = (has_members, resource.as_object_mut()) {
            fields.insert("members".to_owned(), Value::from(members.remove(&team.team_id).unwrap_or_default()));
        }
        shown.push(resource);
    }
    Ok(shown)
}
