//! Users changed by whatever knows them better: a directory, a provider of single sign-on.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};

use super::make::conflict;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db::stored_time;
use crate::db::user::{ActiveModel, Column, Model};
use crate::error::ApiResult;
use crate::management::change::{Change, record};
use crate::management::limit;

/// Writes what a user has become, in the transaction of whatever changed them; nothing where nothing did.
pub(in crate::management) async fn save(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    before: &Model,
    mut after: Model,
) -> ApiResult<Model> {
    if *before == after {
        return Ok(after);
    }
    after.updated_at = stored_time(app.clock.now());
    let mut row: ActiveModel = after.clone().into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::UserId)).for_each(|column| row.reset(column));
    row.update(transaction).await.map_err(|error| conflict(error, &after))?;
    let limits = limit::own(app, transaction, limit::USER, &after.user_id).await?;
    let change = Change {
        action: "updated",
        kind: "user",
        id: &after.user_id,
        before: Some(snapshot(before, &limits)),
        after: Some(snapshot(&after, &limits)),
    };
    record(app, transaction, principal, change).await?;
    Ok(after)
}
