//! What alerts are about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an alert is about, in LiteLLM's words; the last ones are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertType {
    /// A budget is used up in part or as a whole, or will be.
    BudgetAlerts,
    /// Calls fail.
    LlmExceptions,
    /// Calls take longer than `alerting_threshold`.
    LlmTooSlow,
    /// Calls wait longer than `alerting_threshold` for their answer to begin.
    LlmRequestsHanging,
    /// A provider fails for many calls at once.
    OutageAlerts,
    /// A provider fails in one place for many calls at once.
    RegionOutageAlerts,
    /// A deployment rests, since it failed.
    CooldownDeployment,
    /// Another model had to stand in.
    FallbackReports,
    /// What a call cost could not be booked.
    FailedTrackingSpend,
    /// The database was away.
    DbExceptions,
    /// What was spent in a day, a week or a month.
    SpendReports,
    /// Which models failed most in a day, and which were slowest.
    DailyReports,
    /// A user has spent a sum in a day or a month that is told of.
    UserSpendThresholds,
    /// A user spends far more than they use to.
    UserSpendAnomalies,
    /// A provider turns a model off that is configured here.
    ModelDeprecationWarnings,
    /// A deployment was added while the gateway runs.
    NewModelAdded,
    /// A key was made.
    NewVirtualKeyCreated,
    /// A key was changed.
    VirtualKeyUpdated,
    /// A key was deleted.
    VirtualKeyDeleted,
    /// A team was made.
    NewTeamCreated,
    /// A team was changed.
    TeamUpdated,
    /// A team was deleted.
    TeamDeleted,
    /// A user was made.
    NewInternalUserCreated,
    /// A user was changed.
    InternalUserUpdated,
    /// A user was deleted.
    InternalUserDeleted,
    /// A channel cannot be reached.
    AlertChannelFailing,
    /// The database takes settled calls slower than they come.
    SpoolGrowing,
    /// Nodes do not count together: Redis is away.
    CountersDegraded,
    /// Sums of the ledger do not agree.
    LedgerMismatch,
    /// A key expires soon.
    CredentialExpiring,
}

impl AlertType {
    /// Every type.
    pub const ALL: [Self; 30] = [
        Self::BudgetAlerts,
        Self::LlmExceptions,
        Self::LlmTooSlow,
        Self::LlmRequestsHanging,
        Self::OutageAlerts,
        Self::RegionOutageAlerts,
        Self::CooldownDeployment,
        Self::FallbackReports,
        Self::FailedTrackingSpend,
        Self::DbExceptions,
        Self::SpendReports,
        Self::DailyReports,
        Self::UserSpendThresholds,
        Self::UserSpendAnomalies,
        Self::ModelDeprecationWarnings,
        Self::NewModelAdded,
        Self::NewVirtualKeyCreated,
        Self::VirtualKeyUpdated,
        Self::VirtualKeyDeleted,
        Self::NewTeamCreated,
        Self::TeamUpdated,
        Self::TeamDeleted,
        Self::NewInternalUserCreated,
        Self::InternalUserUpdated,
        Self::InternalUserDeleted,
        Self::AlertChannelFailing,
        Self::SpoolGrowing,
        Self::CountersDegraded,
        Self::LedgerMismatch,
        Self::CredentialExpiring,
    ];

    /// Its name, as configurations have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BudgetAlerts => "budget_alerts",
            Self::LlmExceptions => "llm_exceptions",
            Self::LlmTooSlow => "llm_too_slow",
            Self::LlmRequestsHanging => "llm_requests_hanging",
            Self::OutageAlerts => "outage_alerts",
            Self::RegionOutageAlerts => "region_outage_alerts",
            Self::CooldownDeployment => "cooldown_deployment",
            Self::FallbackReports => "fallback_reports",
            Self::FailedTrackingSpend => "failed_tracking_spend",
            Self::DbExceptions => "db_exceptions",
            Self::SpendReports => "spend_reports",
            Self::DailyReports => "daily_reports",
            Self::UserSpendThresholds => "user_spend_thresholds",
            Self::UserSpendAnomalies => "user_spend_anomalies",
            Self::ModelDeprecationWarnings => "model_deprecation_warnings",
            Self::NewModelAdded => "new_model_added",
            Self::NewVirtualKeyCreated => "new_virtual_key_created",
            Self::VirtualKeyUpdated => "virtual_key_updated",
            Self::VirtualKeyDeleted => "virtual_key_deleted",
            Self::NewTeamCreated => "new_team_created",
            Self::TeamUpdated => "team_updated",
            Self::TeamDeleted => "team_deleted",
            Self::NewInternalUserCreated => "new_internal_user_created",
            Self::InternalUserUpdated => "internal_user_updated",
            Self::InternalUserDeleted => "internal_user_deleted",
            Self::AlertChannelFailing => "alert_channel_failing",
            Self::SpoolGrowing => "spool_growing",
            Self::CountersDegraded => "counters_degraded",
            Self::LedgerMismatch => "ledger_mismatch",
            Self::CredentialExpiring => "credential_expiring",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether it is told of where nobody says which types are: all but what happens all day in keys, teams and users,
    /// and what is only likely.
    #[must_use]
    pub const fn is_default(self) -> bool {
        !self.is_change() && !matches!(self, Self::UserSpendAnomalies)
    }

    /// Whether it is told of in the channels of an organization or a team, too: the others are about the gateway.
    #[must_use]
    pub const fn is_of_tenants(self) -> bool {
        self.is_change() || matches!(self, Self::BudgetAlerts | Self::CredentialExpiring)
    }

    /// Whether somebody did it.
    const fn is_change(self) -> bool {
        matches!(
            self,
            Self::NewVirtualKeyCreated
                | Self::VirtualKeyUpdated
                | Self::VirtualKeyDeleted
                | Self::NewTeamCreated
                | Self::TeamUpdated
                | Self::TeamDeleted
                | Self::NewInternalUserCreated
                | Self::InternalUserUpdated
                | Self::InternalUserDeleted
        )
    }
}

impl fmt::Display for AlertType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
