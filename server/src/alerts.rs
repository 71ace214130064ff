//! Alerts on their way: who is told, in which words, and whether it arrived.
//!
//! Whatever causes an alert writes it into the outbox, the table `alerts`, in its own transaction. One node at a time
//! takes it from there: it decides which channels tell it, and each channel gets what it is to tell as fast as it takes
//! it. What is sent and not noted as sent is sent again: at least once.

mod channel;
mod dispatch;
mod form;
mod lookout;
mod message;
mod names;
mod report;
mod send;
mod sender;
mod words;

use std::sync::Arc;

use chrono_tz::Tz;
use sea_orm::{DatabaseConnection, DbErr};

pub use channel::{Channel, Target, host_of};
pub use lookout::Lookout;
pub use message::{Message, Subject, Words};
pub use sender::Sender;
pub(crate) use words::dollars;

use crate::clock::Clock;
use crate::config::{LiveAlertSettings, Secret};
use crate::crypto::Sealer;
use crate::db;
use crate::mail::Mailer;
use crate::outbound::Outbound;

/// What the environment says of where alerts are told.
#[derive(Clone, Debug, Default)]
pub struct AlertVariables {
    /// `SLACK_WEBHOOK_URL`.
    pub slack_url: Option<Secret>,
    /// `WEBHOOK_URL`.
    pub webhook_url: Option<Secret>,
}

/// What alerts are told with.
#[derive(Debug)]
pub struct Alerts {
    /// State.
    pub db: DatabaseConnection,
    /// Time.
    pub clock: Clock,
    /// The settings in force.
    pub settings: LiveAlertSettings,
    /// Where configured channels lead.
    pub variables: AlertVariables,
    /// Opens where other channels lead.
    pub sealer: Sealer,
    /// Calls webhooks.
    pub outbound: Arc<Outbound>,
    /// Sends letters.
    pub mailer: Mailer,
    /// Where people reach the console.
    pub base_url: String,
    /// Whose times messages have.
    pub timezone: Tz,
}

impl Alerts {
    /// Every channel: configured ones, and those of the database.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn channels(&self) -> Result<Vec<Channel>, DbErr> {
        let mut channels = self.configured();
        let settings = self.settings.load_full();
        let stored = db::alert_channel::all(&self.db).await?;
        channels.extend(stored.into_iter().filter_map(|row| Channel::of_row(row, &settings)));
        for state in db::alert_channel_state::all(&self.db).await? {
            let channel = channels.iter_mut().find(|channel| channel.id == state.channel_id);
            if let Some(channel) = channel {
                channel.muted_until = state.muted_until;
            }
        }
        Ok(channels)
    }

    /// The configured ones alone.
    #[must_use]
    pub fn configured(&self) -> Vec<Channel> {
        channel::configured(&self.settings.load(), &self.variables)
    }
}
