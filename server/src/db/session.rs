//! Console sessions.

use sea_orm::entity::prelude::*;

/// One signed-in browser. The token itself is only in its cookie.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// SHA-256 of the token in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Who signed in.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// Name of the `UserRole` at sign-in.
    pub user_role: String,
    /// When they signed in.
    pub created_at: DateTimeUtc,
    /// When the session was last used, to the minute.
    pub last_seen_at: DateTimeUtc,
    /// When it ends however much it is used.
    pub expires_at: DateTimeUtc,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// Where the sign-in came from.
    pub ip_address: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
