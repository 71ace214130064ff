//! Who is in which organization.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect};

/// One member of one organization.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organization_members")]
pub struct Model {
    /// The organization.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: String,
    /// The user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// Name of an `OrganizationRole`.
    pub user_role: String,
    /// Since when.
    pub created_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Its id as a scope of limits and spend.
    #[must_use]
    pub fn scope_id(&self) -> String {
        format!("{}/{}", self.organization_id, self.user_id)
    }
}

/// The membership of a user in an organization.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, organization_id: &str, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((organization_id.to_owned(), user_id.to_owned())).one(db).await
}

/// All memberships of a user.
///
/// # Errors
/// When the database is away.
pub async fn of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::UserId.eq(user_id)).order_by_asc(Column::OrganizationId).all(db).await
}

/// Members of an organization by their ids, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn of_organization(
    db: &impl ConnectionTrait,
    organization_id: &str,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let members = Entity::find().filter(Column::OrganizationId.eq(organization_id));
    members.order_by_asc(Column::UserId).limit(limit).all(db).await
}

/// All members of an organization.
///
/// # Errors
/// When the database is away.
pub async fn all_of_organization(db: &impl ConnectionTrait, organization_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::OrganizationId.eq(organization_id)).order_by_asc(Column::UserId).all(db).await
}

/// How many members each of the organizations has.
///
/// # Errors
/// When the database is away.
pub async fn count_by_organization(
    db: &impl ConnectionTrait,
    organization_ids: &[String],
) -> Result<Vec<(String, i64)>, DbErr> {
    if organization_ids.is_empty() {
        return Ok(Vec::new());
    }
    let counted = Entity::find().select_only().column(Column::OrganizationId).column_as(Column::UserId.count(), "n");
    let counted = counted.filter(Column::OrganizationId.is_in(organization_ids));
    counted.group_by(Column::OrganizationId).into_tuple().all(db).await
}

/// Makes users members who are none yet; the others stay what they are. Tells who is new.
///
/// # Errors
/// When the database is away.
pub async fn add_missing(transaction: &DatabaseTransaction, members: Vec<Model>) -> Result<Vec<Model>, DbErr> {
    let mut added = Vec::new();
    for member in members {
        let row = Entity::insert(member.clone().into_active_model());
        let on_conflict = OnConflict::columns([Column::OrganizationId, Column::UserId]).do_nothing().to_owned();
        if row.on_conflict(on_conflict).exec_without_returning(transaction).await? > 0 {
            added.push(member);
        }
    }
    Ok(added)
}
