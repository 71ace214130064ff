//! Settings: what config.yaml and the database say, and what of it may change while the gateway runs.

pub mod read;
pub mod update;
mod view;
mod wanted;

use crate::app::App;
use crate::management::change::announce;
use crate::settings::CHANGED_BY;

/// Puts a change of settings in force, once it is committed: here now, on other nodes within a second.
async fn announce_settings(app: &App, path: &str) {
    announce(app, CHANGED_BY, path);
    if let Err(error) = app.settings.refresh().await {
        // The job that follows changes tries again.
        tracing::warn!(%error, path, "a change of settings is not in force yet");
    }
}
