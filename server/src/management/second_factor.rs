//! Second factors: codes of an authenticator app.

pub mod confirm;
pub mod create;
pub mod delete;
pub mod read;
pub mod recovery_codes;

use sea_orm::DatabaseTransaction;

use crate::app::App;
use crate::auth::{Principal, letters};
use crate::db;
use crate::db::audit::Entry;
use crate::db::user::Model as User;
use crate::error::ApiResult;

/// Writes the audit row of a change to `user_id`'s second factor.
async fn record(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    action: &'static str,
    user_id: &str,
) -> ApiResult<()> {
    let entry = Entry {
        at: app.clock.now(),
        actor: &principal.actor(),
        action,
        resource: "second_factor",
        resource_id: user_id,
        before: None,
        after: None,
    };
    Ok(db::audit::record(transaction, entry).await?)
}

/// Writes to `user` what happened, where their address is known and e-mail is set up.
fn tell(app: &App, user: &User, what: &str) {
    if let Some(address) = &user.user_email {
        let _ = app.mailer.send(letters::notice(address, what));
    }
}
