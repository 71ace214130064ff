//! Finding calls in the log.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{IntoCondition, Order};
use sea_orm::{Condition, QueryOrder, QuerySelect};
use tollgate_openapi::key::SortOrder;
use tollgate_openapi::spend::{CallStatus, SpendLogSort};

use super::{Column, Entity, Model};
use crate::db::usage::of_cost_center;
use crate::db::{Page, PageOf, Scope, Sight};

/// Which calls are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Arrived at this time or later.
    pub start: Option<DateTime<Utc>>,
    /// Arrived before this time.
    pub before: Option<DateTime<Utc>>,
    /// Hash of the key.
    pub api_key: Option<String>,
    /// Alias of the key when the call was made.
    pub key_alias: Option<String>,
    /// Owner of the key.
    pub user_id: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Organization of the key.
    pub organization_id: Option<String>,
    /// Cost centre of the team, else of the organization, as it is now; empty: none.
    pub cost_center: Option<String>,
    /// End user.
    pub end_user: Option<String>,
    /// The provider's model or the public name.
    pub model: Option<String>,
    /// The public name.
    pub model_group: Option<String>,
    /// Provider.
    pub provider: Option<String>,
    /// Deployment.
    pub model_id: Option<String>,
    /// How the call ended.
    pub status: Option<CallStatus>,
    /// The call's id or the provider's id of its answer.
    pub request_id: Option<String>,
}

/// What a page of calls in this order is to be given.
#[must_use]
pub fn order((by, order): (SpendLogSort, SortOrder)) -> String {
    format!("calls by {by:?} {order:?}")
}

/// A page of the calls.
///
/// # Errors
/// When the database is away.
pub async fn page(
    scope: &Scope,
    db: &impl ConnectionTrait,
    filter: &Filter,
    (by, order): (SpendLogSort, SortOrder),
    page: &PageOf,
) -> Result<Page<Model>, DbErr> {
    let order = match order {
        SortOrder::Asc => Order::Asc,
        SortOrder::Desc => Order::Desc,
    };
    let column = match by {
        SpendLogSort::StartTime => Column::StartTime,
        SpendLogSort::Spend => Column::Spend,
        SpendLogSort::TotalTokens => Column::TotalTokens,
        SpendLogSort::Duration => Column::RequestDurationMs,
    };
    page.read(db, matching(scope, filter), &[column, Column::RequestId], order).await
}

/// The newest of the calls, newest first.
///
/// # Errors
/// When the database is away.
pub async fn newest(
    scope: &Scope,
    db: &impl ConnectionTrait,
    filter: &Filter,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let sorted = matching(scope, filter).order_by_desc(Column::StartTime).order_by_desc(Column::RequestId);
    sorted.limit(limit).all(db).await
}

/// Those of the calls that the log has, by id.
///
/// # Errors
/// When the database is away.
pub async fn find_many(
    scope: &Scope,
    db: &impl ConnectionTrait,
    request_ids: &[String],
) -> Result<HashMap<String, Model>, DbErr> {
    if request_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = matching(scope, &Filter::default()).filter(Column::RequestId.is_in(request_ids));
    Ok(found.all(db).await?.into_iter().map(|call| (call.request_id.clone(), call)).collect())
}

/// Calls are of the team and the organization that they were made for.
fn seen_by(sight: &Sight) -> Condition {
    let mut any = Condition::any().add(Column::UserId.eq(&sight.user_id));
    if !sight.teams.is_empty() {
        any = any.add(Column::TeamId.is_in(&sight.teams));
    }
    if !sight.organizations.is_empty() {
        any = any.add(Column::OrganizationId.is_in(&sight.organizations));
    }
    any
}

pub(super) fn matching(scope: &Scope, filter: &Filter) -> Select<Entity> {
    let tenant = match scope {
        Scope::All => Condition::all(),
        // In a condition of its own: what is added to it narrows it.
        Scope::Person(sight) => Condition::all().add(seen_by(sight)),
        Scope::Key(token) => Column::ApiKey.eq(token).into_condition(),
    };
    let exact = [
        (Column::ApiKey, &filter.api_key),
        (Column::KeyAlias, &filter.key_alias),
        (Column::UserId, &filter.user_id),
        (Column::TeamId, &filter.team_id),
        (Column::OrganizationId, &filter.organization_id),
        (Column::EndUser, &filter.end_user),
        (Column::ModelGroup, &filter.model_group),
        (Column::CustomLlmProvider, &filter.provider),
        (Column::ModelId, &filter.model_id),
    ];
    let exact = exact.into_iter().filter_map(|(column, value)| value.as_ref().map(|value| column.eq(value)));
    let either = |columns: [Column; 2], value: &Option<String>| {
        let value = value.as_ref()?;
        Some(columns.into_iter().fold(Condition::any(), |any, column| any.add(column.eq(value))))
    };
    let all = exact
        .fold(Condition::all(), Condition::add)
        .add_option(filter.start.map(|start| Column::StartTime.gte(start)))
        .add_option(filter.before.map(|before| Column::StartTime.lt(before)))
        .add_option(filter.cost_center.as_deref().map(of_cost_center))
        .add_option(filter.status.map(|status| Column::Status.eq(status.as_str())))
        .add_option(either([Column::Model, Column::ModelGroup], &filter.model))
        .add_option(either([Column::RequestId, Column::ResponseId], &filter.request_id));
    Entity::find().filter(tenant).filter(all)
}
