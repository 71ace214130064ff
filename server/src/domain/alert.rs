//! What is worth telling: the things that may happen, and when a budget has come to a point that somebody should know of.

mod happened;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

pub use happened::Happened;

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

impl NewAlert {
    /// Something that is nobody's but the gateway's, and happened once.
    #[must_use]
    pub fn of_gateway(
        alert_type: AlertType,
        level: AlertLevel,
        dedup_key: String,
        at: DateTime<Utc>,
        what: Happened,
    ) -> Self {
        Self {
            alert_type,
            level,
            subject_kind: "gateway".to_owned(),
            subject_id: "gateway".to_owned(),
            organization_id: None,
            team_id: None,
            user_id: None,
            dedup_key,
            occurrences: 1,
            at,
            what,
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
