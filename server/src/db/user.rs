//! People who sign in.

use sea_orm::entity::prelude::*;
use tollgate_openapi::session::UserRole;

use super::{JsonMap, Strings};

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
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The role; `None` where the database holds a word that is none, which then may do nothing.
    #[must_use]
    pub fn role(&self) -> Option<UserRole> {
        const ALL: [UserRole; 5] = [
            UserRole::ProxyAdmin,
            UserRole::ProxyAdminViewer,
            UserRole::OrgAdmin,
            UserRole::InternalUser,
            UserRole::InternalUserViewer,
        ];
        ALL.into_iter().find(|role| role.as_str() == self.user_role)
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
    Entity::find().filter(Column::UserEmail.eq(name.to_lowercase())).one(db).await
}

/// Whether anybody administers the gateway.
///
/// # Errors
/// When the database is away.
pub async fn has_admin(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let admins = Entity::find().filter(Column::UserRole.eq(UserRole::ProxyAdmin.as_str()));
    Ok(admins.one(db).await?.is_some())
}
