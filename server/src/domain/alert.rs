//! What is worth telling: the things that may happen, and when a budget has come to a point that somebody should know of.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use super::report::SpendReport;

/// Something that happened, to be told once.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlert {
    /// What it is about.
    pub alert_type: AlertType,
    /// How bad it is.
    pub level: AlertLevel,
    /// The kind of what it happened to: `key`, `team`, `provider`, …
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// Tells it from all else: the same key again is the same alert once more.
    pub dedup_key: String,
    /// How often it happened.
    pub occurrences: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: Happened,
}

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
    /// A provider fails again and again.
    ProviderDown {
        /// Tries that failed within a minute.
        failures: i64,
        /// How many are an outage.
        threshold: i64,
        /// The last error.
        error: String,
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
            Self::ProviderDown { .. } => "provider_down",
            Self::FellBack { .. } => "fell_back",
            Self::SpendNotTracked { .. } => "spend_not_tracked",
            Self::DatabaseAway { .. } => "database_away",
            Self::SpendReport(_) => "spend_report",
            Self::Changed { .. } => "changed",
            Self::ChannelFailing { .. } => "channel_failing",
            Self::Test { .. } => "test",
        }
    }
}

/// How a budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetState {
    /// What is spent in its window.
    pub spent: i64,
    /// The limit, where there is a hard one.
    pub max_budget: Option<i64>,
    /// When its window began; none: it never starts anew.
    pub window_start: Option<DateTime<Utc>>,
    /// When its window ends.
    pub window_end: Option<DateTime<Utc>>,
}

/// What a budget has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// So much of it is spent, in percent.
    Percent(u32),
    /// All of it is spent.
    Spent,
    /// The one that only warns is spent.
    Soft,
    /// It is at another tenth: a good time to see where it leads.
    Tenth,
}

/// What a budget came to when its spend went from `before` to `after`: of several percentages the highest. Without a hard
/// limit, or with one of nothing, there are no percentages.
#[must_use]
pub fn points(
    before: NanoUsd,
    after: NanoUsd,
    (max, soft): (Option<NanoUsd>, Option<NanoUsd>),
    percents: &[u32],
) -> Vec<Point> {
    let mut points = Vec::new();
    if let Some(max) = max.filter(|max| *max > NanoUsd::ZERO) {
        let is_crossed = |percent: u32| {
            let part = i128::from(max.0) * i128::from(percent);
            i128::from(before.0) * 100 < part && part <= i128::from(after.0) * 100
        };
        let highest = percents.iter().copied().filter(|percent| is_crossed(*percent)).max();
        points.extend(highest.map(|percent| if percent >= 100 { Point::Spent } else { Point::Percent(percent) }));
        if after < max && (1..10).any(|tenth| is_crossed(tenth * 10)) {
            points.push(Point::Tenth);
        }
    }
    if soft.is_some_and(|soft| before < soft && soft <= after) {
        points.push(Point::Soft);
    }
    points
}

/// Where a budget of `max` leads that has spent `spent` of it by `now`, if it goes on as it did since its window began: what
/// it will have spent at its end, and when it will have spent all. `None`: it lasts, or too little of the window has passed
/// to say: a tenth, and ten minutes.
#[must_use]
pub fn projected(
    spent: NanoUsd,
    max: NanoUsd,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Option<(NanoUsd, DateTime<Utc>)> {
    let (length, passed) = ((end - start).num_milliseconds(), (now - start).num_milliseconds());
    let is_early = passed < length / 10 || passed < TimeDelta::minutes(10).num_milliseconds();
    if is_early || passed >= length || spent <= NanoUsd::ZERO || spent >= max {
        return None;
    }
    let scaled = |amount: i64, by: i64, of: i64| i128::from(amount) * i128::from(by) / i128::from(of.max(1));
    let at_end = i64::try_from(scaled(spent.0, length, passed)).unwrap_or(i64::MAX);
    if at_end <= max.0 {
        return None;
    }
    let until = i64::try_from(scaled(max.0, passed, spent.0)).ok()?;
    Some((NanoUsd(at_end), start.checked_add_signed(TimeDelta::try_milliseconds(until)?)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERCENTS: [u32; 4] = [50, 80, 95, 100];

    fn of(before: i64, after: i64, max: Option<i64>, soft: Option<i64>) -> Vec<Point> {
        points(NanoUsd(before), NanoUsd(after), (max.map(NanoUsd), soft.map(NanoUsd)), &PERCENTS)
    }

    #[test]
    fn a_budget_comes_to_points() {
        assert_eq!(of(0, 49, Some(100), None), [Point::Tenth]);
        assert_eq!(of(49, 50, Some(100), None), [Point::Percent(50), Point::Tenth]);
        assert_eq!(of(50, 51, Some(100), None), []);
        assert_eq!(of(10, 96, Some(100), None), [Point::Percent(95), Point::Tenth]);
        assert_eq!(of(96, 100, Some(100), None), [Point::Spent]);
        assert_eq!(of(100, 130, Some(100), None), []);
        assert_eq!(of(0, 130, Some(100), Some(60)), [Point::Spent, Point::Soft]);
        assert_eq!(of(0, 60, None, Some(60)), [Point::Soft]);
        assert_eq!(of(0, 60, Some(0), None), []);
    }

    #[test]
    fn what_will_be_spent_follows_from_what_was() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let month = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let projected = |spent, now| projected(NanoUsd(spent), NanoUsd(100), month, at(now));
        assert_eq!(projected(60, "2026-11-16T00:00:00Z"), Some((NanoUsd(120), at("2026-11-26T00:00:00Z"))));
        assert_eq!(projected(50, "2026-11-16T00:00:00Z"), None, "it lasts to the end");
        assert_eq!(projected(60, "2026-11-02T00:00:00Z"), None, "it is early");
        assert_eq!(projected(100, "2026-11-16T00:00:00Z"), None, "it is spent");
        assert_eq!(projected(60, "2026-12-02T00:00:00Z"), None, "the window is over");
    }

    proptest! {
        /// However a spend is cut into steps, each percentage up to where it ends is told of or one above it, once.
        #[test]
        fn each_point_is_come_to_once(steps in prop::collection::vec(0_i64..40, 1..20)) {
            let (mut spent, mut told) = (0, Vec::new());
            for step in steps {
                told.extend(of(spent, spent + step, Some(100), Some(70)));
                spent += step;
            }
            let percents: Vec<u32> = told.iter().filter_map(|point| match point {
                Point::Percent(percent) => Some(*percent),
                Point::Spent => Some(100),
                Point::Soft | Point::Tenth => None,
            }).collect();
            prop_assert!(percents.is_sorted_by(|one, next| one < next));
            let highest = PERCENTS.into_iter().filter(|percent| i64::from(*percent) <= spent).max();
            prop_assert_eq!(percents.last().copied(), highest);
            let soft = told.iter().filter(|point| **point == Point::Soft).count();
            prop_assert_eq!(soft, usize::from(spent >= 70));
        }
    }
}
