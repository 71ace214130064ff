//! People who sign in.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{Condition, DatabaseTransaction, QuerySelect, QueryTrait};
use tollgate_openapi::session::UserRole;

use super::search::contains_any;
use super::{JsonMap, Page, PageOf, Sight, Strings, organization_member, team_member};

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// E-mail address in lower case; unique.
    pub user_email: Option<String>,
    /// Name of a `UserRole`.
    pub user_role: String,
    /// Argon2id hash in PHC form; absent: no password sign-in.
    pub password_hash: Option<String>,
    /// When the user was made.
    pub created_at: DateTimeUtc,
    /// When the user last changed.
    pub updated_at: DateTimeUtc,
    /// Name shown to people.
    pub user_alias: Option<String>,
    /// Models the user's own keys may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// What the caller keeps with the user.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// A blocked user cannot sign in, and calls of their keys are refused.
    pub blocked: bool,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The role; `None` where the user is blocked, or the database holds a word that is none: they may do nothing.
    #[must_use]
    pub fn role(&self) -> Option<UserRole> {
        const ALL: [UserRole; 5] = [
            UserRole::ProxyAdmin,
            UserRole::ProxyAdminViewer,
            UserRole::OrgAdmin,
            UserRole::InternalUser,
            UserRole::InternalUserViewer,
        ];
        ALL.into_iter().find(|role| role.as_str() == self.user_role).filter(|_| !self.blocked)
    }
}

/// The user with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).one(db).await
}

/// The user with this id or, in any case, this e-mail address. An id wins over another user's address.
///
/// # Errors
/// When the database is away.
pub async fn find_by_id_or_email(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    if let Some(user) = find(db, name).await? {
        return Ok(Some(user));
    }
    find_by_email(db, name).await
}

/// The user with this e-mail address, in any case.
///
/// # Errors
/// When the database is away.
pub async fn find_by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::UserEmail.eq(email.to_lowercase())).one(db).await
}

/// The user with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Those of the users that exist.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, user_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::UserId.is_in(user_ids)).all(db).await
}

/// Puts a hash of the same password in the place of `former`, unless the password has changed meanwhile.
///
/// # Errors
/// When the database is away.
pub async fn rehash(db: &impl ConnectionTrait, user_id: &str, former: &str, hash: &str) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::PasswordHash, Expr::value(hash));
    update.filter(Column::UserId.eq(user_id)).filter(Column::PasswordHash.eq(former)).exec(db).await?;
    Ok(())
}

/// Sets the password.
///
/// # Errors
/// When the database is away.
pub async fn set_password(
    db: &impl ConnectionTrait,
    user_id: &str,
    hash: String,
    at: DateTimeUtc,
) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .col_expr(Column::UpdatedAt, Expr::value(at));
    update.filter(Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}

/// Whether an administrator could sign in with a password.
///
/// # Errors
/// When the database is away.
pub async fn has_admin_with_password(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let admins = Entity::find().filter(Column::UserRole.eq(UserRole::ProxyAdmin.as_str()));
    let able = admins.filter(Column::PasswordHash.is_not_null()).filter(Column::Blocked.eq(false));
    Ok(able.one(db).await?.is_some())
}

/// Whether anybody administers the gateway.
///
/// # Errors
/// When the database is away.
pub async fn has_admin(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let admins = Entity::find().filter(Column::UserRole.eq(UserRole::ProxyAdmin.as_str()));
    Ok(admins.one(db).await?.is_some())
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Only those with this role.
    pub role: Option<UserRole>,
    /// Only these.
    pub user_ids: Option<&'a [String]>,
    /// Part of an e-mail address.
    pub user_email: Option<&'a str>,
    /// Part of an id, a name or an e-mail address.
    pub search: Option<&'a str>,
    /// Only members of this team.
    pub team_id: Option<&'a str>,
    /// Only members of what this person administers, and themself.
    pub seen_by: Option<&'a Sight>,
}

/// Users, the newest first.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, filter: &Filter<'_>, page: &PageOf) -> Result<Page<Model>, DbErr> {
    let all = [Column::UserId, Column::UserAlias, Column::UserEmail];
    let in_team = |team_id: &str| {
        let members = team_member::Entity::find().select_only().column(team_member::Column::UserId);
        Column::UserId.in_subquery(members.filter(team_member::Column::TeamId.eq(team_id)).into_query())
    };
    let seen = |sight: &Sight| {
        use organization_member as organization;
        let teams = team_member::Entity::find().select_only().column(team_member::Column::UserId);
        let teams = teams.filter(team_member::Column::TeamId.is_in(&sight.teams));
        let members = organization::Entity::find().select_only().column(organization::Column::UserId);
        let members = members.filter(organization::Column::OrganizationId.is_in(&sight.organizations));
        Condition::any()
            .add(Column::UserId.eq(&sight.user_id))
            .add(Column::UserId.in_subquery(teams.into_query()))
            .add(Column::UserId.in_subquery(members.into_query()))
    };
    let matching = Condition::all()
        .add_option(filter.seen_by.map(seen))
        .add_option(filter.role.map(|role| Column::UserRole.eq(role.as_str())))
        .add_option(filter.user_ids.map(|ids| Column::UserId.is_in(ids)))
        .add_option(filter.user_email.map(|text| contains_any(&[Column::UserEmail], text)))
        .add_option(filter.search.map(|text| contains_any(&all, text)))
        .add_option(filter.team_id.map(in_team));
    page.read(db, Entity::find().filter(matching), &[Column::CreatedAt, Column::UserId], Order::Desc).await
}

/// How many users there are.
///
/// # Errors
/// When the database is away.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}
