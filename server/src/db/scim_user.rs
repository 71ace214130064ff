//! What a directory calls users.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::{JsonMap, user};

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scim_users")]
pub struct Model {
    /// The user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// Name in the directory, in lower case; unique.
    pub user_name: String,
    /// Id in the directory.
    pub external_id: Option<String>,
    /// The directory's spelling of the name, and the parts of the person's name.
    #[sea_orm(column_type = "Json")]
    pub attributes: JsonMap,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What the directory calls this user.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).one(db).await
}

/// What it calls each of the users.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, user_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::UserId.is_in(user_ids)).all(db).await
}

/// Forgets what it called a user.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, user_id: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(user_id.to_owned()).exec(db).await?;
    Ok(())
}

/// Which users a directory asks for.
#[derive(Clone, Debug)]
pub enum Wanted<'a> {
    /// All.
    All,
    /// The one with this id.
    Id(&'a str),
    /// Those with this name, in any case: the directory's, or else the address, or else the id.
    UserName(&'a str),
    /// Those with this id in the directory.
    ExternalId(&'a str),
    /// Those with this address, in any case.
    Email(&'a str),
}

/// Users in the order of their ids, and how many there are on all pages.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    skip: u64,
    limit: u64,
) -> Result<(Vec<user::Model>, u64), DbErr> {
    let called = |condition: Condition| {
        let mut ids = Query::select();
        ids.column(Column::UserId).from(Entity).cond_where(condition);
        ids
    };
    let matching = match wanted {
        Wanted::All => Condition::all(),
        Wanted::Id(id) => Condition::all().add(user::Column::UserId.eq(*id)),
        Wanted::Email(email) => Condition::all().add(user::Column::UserEmail.eq(email.to_lowercase())),
        Wanted::ExternalId(id) => {
            let ids = called(Condition::all().add(Column::ExternalId.eq(*id)));
            Condition::all().add(user::Column::UserId.in_subquery(ids))
        }
        Wanted::UserName(name) => {
            let ids = called(Condition::all().add(Column::UserName.eq(name.to_lowercase())));
            let unknown = user::Column::UserId.not_in_subquery(called(Condition::all()));
            let own = Condition::any()
                .add(user::Column::UserEmail.eq(name.to_lowercase()))
                .add(Condition::all().add(user::Column::UserId.eq(*name)).add(user::Column::UserEmail.is_null()));
            Condition::any().add(user::Column::UserId.in_subquery(ids)).add(Condition::all().add(unknown).add(own))
        }
    };
    let found = user::Entity::find().filter(matching);
    let total = found.clone().count(db).await?;
    let rows = found.order_by_asc(user::Column::UserId).offset(skip).limit(limit).all(db).await?;
    Ok((rows, total))
}
