//! The database: the pool, and one file a resource with its entity and its queries.
//!
//! The same code serves SQLite and Postgres. A query that is bound to a tenant takes [`Scope`] first.

pub mod access_token;
pub mod activity;
pub mod alert;
pub mod alert_channel;
pub mod alert_channel_state;
pub mod alert_delivery;
pub mod audit;
pub mod budget;
pub mod budget_carry;
pub mod budget_spend;
pub mod closed_month;
pub mod credential;
pub mod customer;
pub mod daily_entity_spend;
pub mod daily_key_spend;
pub mod daily_latency;
pub mod daily_spend;
pub mod daily_tag_spend;
pub mod daily_team_spend;
pub mod day_row;
mod failure;
pub mod interrupted_call;
mod json;
pub mod invitation;
pub mod key;
pub mod key_count;
pub mod key_secret;
pub mod lease;
pub mod ledger;
pub mod limit;
mod measure;
pub mod model;
pub mod model_price;
pub mod monthly_spend;
pub mod organization;
pub mod organization_member;
pub mod outage;
mod page;
mod pool;
pub mod password_reset;
pub mod policy_change;
pub mod report;
pub mod report_run;
pub mod scim_group;
pub mod scim_token;
pub mod scim_user;
mod search;
pub mod second_factor;
pub mod session;
pub mod setting;
pub mod spend_adjustment;
pub mod spend_log;
pub mod spend_log_content;
pub mod spend_total;
pub mod spool_cursor;
pub mod sso_identity;
pub mod sso_provider;
pub mod sso_spent;
pub mod tag;
pub mod team;
pub mod team_member;
pub mod usage;
pub mod user;
pub mod weekly_entity_spend;

pub use failure::{Violation, is_data_refused, violation};
pub use json::{JsonMap, Strings};
pub use measure::{Connections, connections};
pub use page::{Cursor, Page, PageOf};
pub(crate) use pool::try_lock_until_commit;
pub use pool::{DbError, OwnConnection, begin, begin_snapshot, connect, migrate, redact_url};

use chrono::{DateTime, SubsecRound, Utc};

/// Whose rows a query may touch. There is no default: every tenant-bound query is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every row: administrators of the gateway.
    All,
    /// Only rows within a person's sight.
    Person(Sight),
    /// Only rows of this key, by its hash.
    Key(String),
}

/// What a person sees: what is their own, and what is of the teams and organizations they administer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The person.
    pub user_id: String,
    /// Teams they administer.
    pub teams: Vec<String>,
    /// Organizations they administer.
    pub organizations: Vec<String>,
}

/// A time as both databases keep it: Postgres knows microseconds, so nothing finer is ever written.
#[must_use]
pub fn stored_time(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}
