//! The things that may happen.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::BudgetState;
use crate::domain::report::{ModelReport, SpendReport};

/// What happened. Money is in nano-dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// A part of a budget is spent.
    ThresholdCrossed {
        /// Which part, of a hundred.
        percent: u32,
        /// How the budget stands.
        #[serde(flatten)]
        budget: BudgetState,
    },
    /// A budget is spent.
    BudgetCrossed {
        /// How it stands.
        #[serde(flatten)]
        budget: BudgetState,
    },
    /// A budget has something left, but not enough for a call.
    CallRefused {
        /// How it stands.
        #[serde(flatten)]
        budget: BudgetState,
    },
    /// A budget that only warns is spent.
    SoftBudgetCrossed {
        /// How it stands.
        #[serde(flatten)]
        budget: BudgetState,
        /// The one that only warns.
        soft_budget: i64,
    },
    /// A budget will not last.
    ProjectedLimitExceeded {
        /// How it stands.
        #[serde(flatten)]
        budget: BudgetState,
        /// What will be spent when its window ends, if it goes on like this.
        projected: i64,
        /// When it will be spent.
        exceeded_at: DateTime<Utc>,
    },
    /// A provider fails for a call, and nothing stands in.
    CallsFailed {
        /// The model that was asked for.
        model: String,
        /// Its provider.
        provider: String,
        /// The status that the client got.
        status_code: u16,
        /// What went wrong.
        error: String,
        /// The call.
        request_id: String,
    },
    /// A call took long.
    CallsSlow {
        /// The model that was asked for.
        model: String,
        /// Its provider.
        provider: String,
        /// How long it took.
        seconds: i64,
        /// From when on that is long.
        threshold_seconds: i64,
        /// The call.
        request_id: String,
    },
    /// A call waits for its answer to begin.
    CallsHanging {
        /// The model that was asked for.
        model: String,
        /// Its provider.
        provider: String,
        /// How long it waits so far.
        seconds: i64,
        /// From when on that is told.
        threshold_seconds: i64,
        /// The call.
        request_id: String,
    },
    /// A provider fails again and again.
    ProviderDown {
        /// Tries that failed within a minute.
        failures: i64,
        /// How many are an outage.
        threshold: i64,
        /// The last error.
        error: String,
    },
    /// A provider fails again and again in one place.
    RegionDown {
        /// The provider.
        provider: String,
        /// The place, as the provider calls it, or its host.
        place: String,
        /// Tries that failed within a minute.
        failures: i64,
        /// How many are an outage.
        threshold: i64,
        /// Deployments there that failed.
        deployments: i64,
        /// The last error.
        error: String,
    },
    /// What was down answers again.
    Recovered {
        /// Since when it was down.
        since: DateTime<Utc>,
        /// The outages that are over, as [`Self::outage`] has them.
        outages: Vec<String>,
    },
    /// A deployment rests.
    CooledDown {
        /// The model that it serves.
        model: String,
        /// Its provider.
        provider: String,
        /// The provider's name of the model.
        upstream_model: String,
        /// Why.
        reason: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Another model stood in.
    FellBack {
        /// The model that was asked for.
        model: String,
        /// The one that answered.
        stood_in: String,
        /// Why.
        reason: String,
        /// The call.
        request_id: String,
    },
    /// The cost of a call could not be booked.
    SpendNotTracked {
        /// The call.
        request_id: String,
        /// Why.
        error: String,
    },
    /// The database did not take anything for a while.
    DatabaseAway {
        /// For how long.
        seconds: i64,
        /// Why.
        error: String,
    },
    /// What was spent in a period.
    SpendReport(Box<SpendReport>),
    /// How models did in a day.
    ModelReport(Box<ModelReport>),
    /// A user has spent a sum.
    UserSpent {
        /// What they have spent.
        spent: i64,
        /// The sum.
        threshold: i64,
        /// `day` or `month`.
        period: String,
        /// Its first day.
        first_day: NaiveDate,
    },
    /// A user spends far more than they use to.
    UserSpendsUnusually {
        /// The day.
        day: NaiveDate,
        /// What they have spent on it so far.
        spent: i64,
        /// What they usually spend on such a day.
        usual: i64,
        /// More than this is unusual.
        limit: i64,
        /// Days that this is learned from.
        days: i64,
    },
    /// A provider turns a model off.
    ModelRetires {
        /// The models here that it serves.
        models: Vec<String>,
        /// The provider's name of it.
        upstream_model: String,
        /// The provider.
        provider: String,
        /// The day.
        day: NaiveDate,
        /// Days until then, 30, 7 or 0; the last of them that came.
        days_left: i64,
    },
    /// Settled calls wait for the database.
    SpoolGrowing {
        /// How many.
        pending: i64,
        /// For how long the oldest waits.
        seconds: i64,
        /// What they take on the disk, in bytes.
        bytes: i64,
        /// What they may take, in bytes.
        bytes_max: i64,
        /// Why the disk takes none, if it does not.
        failure: Option<String>,
    },
    /// A node counts alone.
    CountersAlone {
        /// Since when.
        since: DateTime<Utc>,
        /// Calls with hard budgets are refused meanwhile.
        refuses_budgets: bool,
    },
    /// Sums do not agree.
    LedgerMismatch {
        /// The day.
        day: NaiveDate,
        /// How many do not.
        mismatches: i64,
        /// Of what the first of them is.
        first: String,
        /// It by one source.
        one: i64,
        /// It by another.
        other: i64,
    },
    /// A key expires.
    KeyExpires {
        /// When.
        at: DateTime<Utc>,
        /// Days until then, 7 or 1; the last of them that came.
        days_left: i64,
    },
    /// Something was made, changed or deleted.
    Changed {
        /// `created`, `updated`, …
        action: String,
        /// What it is called.
        name: String,
        /// By whom.
        actor: String,
    },
    /// A channel does not take what it is told.
    ChannelFailing {
        /// What it is called.
        name: String,
        /// Since when.
        since: DateTime<Utc>,
        /// Why.
        error: String,
    },
    /// Somebody tries a channel.
    Test {
        /// Who.
        actor: String,
    },
}

impl Happened {
    /// Its name, as the API has it.
    #[must_use]
    pub const fn event(&self) -> &'static str {
        match self {
            Self::ThresholdCrossed { .. } => "threshold_crossed",
            Self::BudgetCrossed { .. } => "budget_crossed",
            Self::CallRefused { .. } => "call_refused",
            Self::SoftBudgetCrossed { .. } => "soft_budget_crossed",
            Self::ProjectedLimitExceeded { .. } => "projected_limit_exceeded",
            Self::CallsFailed { .. } => "calls_failed",
            Self::CallsSlow { .. } => "calls_slow",
            Self::CallsHanging { .. } => "calls_hanging",
            Self::ProviderDown { .. } => "provider_down",
            Self::RegionDown { .. } => "region_down",
            Self::Recovered { .. } => "recovered",
            Self::CooledDown { .. } => "cooled_down",
            Self::FellBack { .. } => "fell_back",
            Self::SpendNotTracked { .. } => "spend_not_tracked",
            Self::DatabaseAway { .. } => "database_away",
            Self::SpendReport(_) => "spend_report",
            Self::ModelReport(_) => "model_report",
            Self::UserSpent { .. } => "user_spent",
            Self::UserSpendsUnusually { .. } => "user_spends_unusually",
            Self::ModelRetires { .. } => "model_retires",
            Self::SpoolGrowing { .. } => "spool_growing",
            Self::CountersAlone { .. } => "counters_alone",
            Self::LedgerMismatch { .. } => "ledger_mismatch",
            Self::KeyExpires { .. } => "key_expires",
            Self::Changed { .. } => "changed",
            Self::ChannelFailing { .. } => "channel_failing",
            Self::Test { .. } => "test",
        }
    }
}
