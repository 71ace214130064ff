//! What mutations of a key have in common.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};

use crate::app::App;
use crate::db;
use crate::db::key::{ActiveModel, Column, Model};
use crate::error::{ApiError, ApiResult};
use crate::management::change;

/// Commits, then lets the data plane read the key anew.
pub(super) async fn commit(app: &App, transaction: DatabaseTransaction, token: &str) -> ApiResult<()> {
    transaction.commit().await?;
    change::announce(app, "key", token);
    Ok(())
}

/// The row with every column to be written.
pub(super) fn all_set(key: Model) -> ActiveModel {
    let mut row = key.into_active_model();
    for column in Column::iter().filter(|column| !matches!(column, Column::Token)) {
        row.reset(column);
    }
    row
}

/// A uniqueness that the write ran into, told to the caller; the database decides, so that no race passes.
pub(super) fn conflict(error: sea_orm::DbErr, key_alias: Option<&str>) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::KeyAlias) => {
            let alias = key_alias.unwrap_or_default();
            ApiError::bad_request(
                "key_alias",
                format!("A key with the alias '{alias}' exists already. Aliases are unique."),
            )
        }
        Some(db::Violation::KeyToken) => ApiError::bad_request("key", "This key exists already."),
        _ => error.into(),
    }
}
