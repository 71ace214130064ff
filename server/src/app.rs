//! What handlers share: made once at start, cloned into every worker.

use std::sync::Arc;

use chrono_tz::Tz;
use sea_orm::{DatabaseConnection, DbErr};

use crate::alerts::Alerts;
use crate::clock::Clock;
use crate::config::IdentitySettings;
use crate::counters::{Counters, SignInThrottle};
use crate::crypto::{KeyDigest, Sealer};
use crate::db;
use crate::domain::proxy::TrustedProxies;
use crate::mail::Mailer;
use crate::models::LiveModels;
use crate::oidc::{Oidc, Provider};
use crate::policy::{MASTER_TOKEN, PolicyStore};
use crate::settings::LiveSettings;
use crate::storage::Storage;
use crate::telemetry::database::DatabaseFigures;

/// The parts of a running gateway.
#[derive(Clone, Debug)]
pub struct App {
    /// Time.
    pub clock: Clock,
    /// State: keys, users, sessions, the ledger.
    pub db: DatabaseConnection,
    /// Effective policies by key.
    pub policy: Arc<PolicyStore>,
    /// Money reserved and spent.
    pub counters: Arc<Counters>,
    /// Who may sign in without the database.
    pub identity: Arc<Identity>,
    /// Asks providers of single sign-on who somebody is.
    pub oidc: Arc<Oidc>,
    /// What is configured of single sign-on.
    pub sso: Arc<SsoSettings>,
    /// Seals secrets that the database keeps.
    pub sealer: Sealer,
    /// Sends letters.
    pub mailer: Mailer,
    /// Tells people what happened.
    pub alerts: Arc<Alerts>,
    /// Where reports are put.
    pub report_storage: Option<Storage>,
    /// The models in force.
    pub models: Arc<LiveModels>,
    /// The settings in force.
    pub settings: Arc<LiveSettings>,
    /// What metrics tell of the database.
    pub figures: Arc<DatabaseFigures>,
    /// Failed sign-ins of late.
    pub sign_ins: Arc<SignInThrottle>,
    /// Where the days of budget windows begin: `litellm_settings.timezone`, UTC by default.
    pub timezone: Tz,
}

impl App {
    /// What the ledger knows a key as, given the key or its hash.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ledger_token(&self, key: &str) -> Result<String, DbErr> {
        let digest = KeyDigest::from_key_or_hex(key);
        if key == MASTER_TOKEN || self.identity.master_key.matches(&digest) {
            return Ok(MASTER_TOKEN.to_owned());
        }
        db::key_secret::token_of(&self.db, digest).await
    }

    /// The same of a key that may have been left out.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ledger_token_of(&self, key: Option<&str>) -> Result<Option<String>, DbErr> {
        match key {
            Some(key) => Ok(Some(self.ledger_token(key).await?)),
            None => Ok(None),
        }
    }
}

/// Single sign-on as it is configured, without what the database adds.
#[derive(Clone, Debug, Default)]
pub struct SsoSettings {
    /// Providers by environment variables and by `config.yaml`.
    pub configured: Vec<Provider>,
    /// `PROXY_ADMIN_ID`: this user administers the gateway.
    pub admin_id: Option<String>,
}

/// Identities that come from the environment or the data folder, not from the database.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Digest of the master key: its bearer is `proxy_admin` with the user id `default_user_id`.
    pub master_key: KeyDigest,
    /// `UI_USERNAME`; `admin` by default.
    pub ui_username: String,
    /// Digest of `UI_PASSWORD`, where it is set.
    pub ui_password: Option<KeyDigest>,
    /// Proves that a session of `UI_USERNAME` began with the name and the password that are set now.
    pub environment_mac: String,
    /// Cookies are `Secure`: the console is served over https.
    pub is_https: bool,
    /// Where people reach the gateway, without a slash at the end: `PROXY_BASE_URL`, else where it listens. Never what a
    /// request says, or a letter would lead wherever its sender likes.
    pub base_url: String,
    /// How people sign in.
    pub settings: IdentitySettings,
    /// Whose word is taken for where requests come from.
    pub proxies: TrustedProxies,
}
