//! People who sign in.

use sea_orm::entity::prelude::*;

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
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
