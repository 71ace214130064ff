//! How people sign in, besides what a session is.

mod access_token;
mod invitation;
mod password;
mod second_factor;
mod sessions;

use serde_json::Value;
use tollgate::db;
use tollgate_openapi::session::UserRole;

use crate::kit::{Client, TestApp};
use crate::session::add_user;

/// A password that nobody guesses.
pub(crate) const SECRET: &str = "countess of lovelace";

/// A user with [`SECRET`] as their password, signed in.
pub(crate) async fn signed_in(app: &TestApp, user_id: &str, role: UserRole) -> Client {
    add_user(app, user_id, Some(&format!("{user_id}@example.com")), role, SECRET).await;
    app.sign_in(user_id, SECRET).await
}

/// What the audit chain says of `resource`, the oldest first: action, who did it, to whom, and the text of what it became.
pub(crate) async fn audited(app: &TestApp, resource: &str) -> Vec<(String, String, String, Option<Value>)> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
    let rows = db::audit::Entity::find().filter(db::audit::Column::Resource.eq(resource));
    let rows = rows.order_by_asc(db::audit::Column::Id).all(&app.app.db).await.unwrap();
    let after = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap());
    rows.into_iter().map(|row| (row.action, row.actor_id, row.resource_id, after(row.after))).collect()
}
