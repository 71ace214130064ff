//! Settings: what config.yaml and the database say, and what of it may change while the gateway runs.

pub mod read;
pub mod update;
mod view;
mod wanted;

use sea_orm::DbErr;

use crate::app::App;
use crate::config::Config;
use crate::management::change::announce;
use crate::management::limit::configured;
use crate::settings::{CHANGED_BY, Reloaded};

/// Puts a change of settings in force, once it is committed: here now, on other nodes within a second.
async fn announce_settings(app: &App, path: &str) {
    announce(app, CHANGED_BY, path);
    if let Err(error) = refresh(app).await {
        // The job that follows changes tries again.
        tracing::warn!(%error, path, "a change of settings is not in force yet");
    }
}

/// Reads file and database again, and puts what may change in force.
///
/// # Errors
/// When the database is away: what is in force stays.
pub async fn refresh(app: &App) -> Result<(), DbErr> {
    let former = app.settings.config();
    app.settings.refresh().await?;
    put_limits(app, &former).await;
    Ok(())
}

/// The same with the settings of the database as they were, where it is away.
pub async fn reload(app: &App) -> Reloaded {
    let former = app.settings.config();
    let reloaded = app.settings.reload().await;
    put_limits(app, &former).await;
    reloaded
}

/// Limits of the gateway and of providers are kept in the database, as all others.
async fn put_limits(app: &App, former: &Config) {
    if let Err(error) = configured::follow(app, former, &app.settings.config()).await {
        tracing::error!(error = %error.message(), "the limits of the gateway and of providers stay as they were");
    }
}
