//! How long successful calls took, as a histogram a day and public model.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, FromQueryResult, QuerySelect};

use super::daily_entity_spend::Days;

/// Buckets in one doubling of the duration.
const BUCKETS_PER_DOUBLING: f64 = 4.0;
/// The last bucket: above twelve days nothing is told apart.
const BUCKET_MAX: i32 = 120;

/// One bucket of one day.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_latency")]
pub struct Model {
    /// The day in UTC on which the calls arrived.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    /// Public model name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_group: String,
    /// Bucket `b` counts durations above 2^((b-1)/4) and up to 2^(b/4) milliseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: i32,
    /// Calls.
    pub calls: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Successful calls of one day in one bucket, over all models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DayBucket {
    /// The day.
    pub date: NaiveDate,
    /// The bucket.
    pub bucket: i32,
    /// Calls.
    pub calls: i64,
}

/// The histogram of each of `days`.
///
/// # Errors
/// When the database is away.
pub async fn by_day(db: &impl ConnectionTrait, days: Days) -> Result<Vec<DayBucket>, DbErr> {
    Entity::find()
        .filter(Column::Date.between(days.first, days.last))
        .select_only()
        .columns([Column::Date, Column::Bucket])
        .column_as(Expr::col(Column::Calls).sum().cast_as("bigint"), "calls")
        .group_by(Column::Date)
        .group_by(Column::Bucket)
        .into_model()
        .all(db)
        .await
}

/// The histogram of each public model over `days`: model, bucket, calls.
///
/// # Errors
/// When the database is away.
pub async fn by_model(db: &impl ConnectionTrait, days: Days) -> Result<Vec<(String, i32, i64)>, DbErr> {
    Entity::find()
        .filter(Column::Date.between(days.first, days.last))
        .select_only()
        .columns([Column::ModelGroup, Column::Bucket])
        .column_as(Expr::col(Column::Calls).sum().cast_as("bigint"), "calls")
        .group_by(Column::ModelGroup)
        .group_by(Column::Bucket)
        .into_tuple()
        .all(db)
        .await
}

/// The bucket that counts a call of `duration_ms` milliseconds.
#[must_use]
pub fn bucket_of(duration_ms: i64) -> i32 {
    if duration_ms <= 1 {
        return 0;
    }
    (0..BUCKET_MAX).find(|bucket| to_float(duration_ms) <= upper_bound_ms(*bucket)).unwrap_or(BUCKET_MAX)
}

/// The longest duration that `bucket` counts, in milliseconds.
#[must_use]
pub fn upper_bound_ms(bucket: i32) -> f64 {
    (f64::from(bucket) / BUCKETS_PER_DOUBLING).exp2()
}

/// The duration that `share` (0 to 1) of the calls did not exceed, in milliseconds: the upper bound of the bucket it
/// falls in, so at most 19 % too long. `None` without calls.
#[must_use]
pub fn percentile_ms(buckets: &[(i32, i64)], share: f64) -> Option<f64> {
    let mut sorted = buckets.to_vec();
    sorted.sort_unstable();
    let total: i64 = sorted.iter().map(|(_, calls)| *calls).sum();
    if total <= 0 {
        return None;
    }
    let wanted = to_float(total) * share.clamp(0.0, 1.0);
    let mut seen = 0;
    let found = sorted.iter().find(|(_, calls)| {
        seen += calls;
        to_float(seen) >= wanted
    });
    found.or(sorted.last()).map(|(bucket, _)| upper_bound_ms(*bucket))
}

fn to_float(count: i64) -> f64 {
    #[expect(clippy::as_conversions, reason = "counts and milliseconds are far below 2^53")]
    let float = count as f64;
    float
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_duration_lies_within_its_bucket(duration_ms in 1_i64..500_000_000) {
            let bucket = bucket_of(duration_ms);
            let duration = to_float(duration_ms);
            prop_assert!(duration <= upper_bound_ms(bucket));
            prop_assert!(bucket == 0 || duration > upper_bound_ms(bucket - 1));
        }

        #[test]
        fn a_percentile_is_at_most_a_fifth_too_long(
            mut durations in prop::collection::vec(1_i64..100_000, 1..200),
            share in 0.01_f64..=1.0,
        ) {
            let buckets: Vec<_> = durations.iter().map(|duration| (bucket_of(*duration), 1)).collect();
            let found = percentile_ms(&buckets, share).unwrap();
            durations.sort_unstable();
            #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let rank = ((durations.len() as f64 * share).ceil() as usize).max(1) - 1;
            let exact = to_float(durations[rank]);
            prop_assert!(found >= exact && found <= exact * 1.19 + 1.0, "{found} for {exact}");
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(percentile_ms(&[], 0.5), None);
    }

    #[test]
    fn absurd_durations_have_a_bucket() {
        assert_eq!(bucket_of(-5), 0);
        assert_eq!(bucket_of(i64::MAX), BUCKET_MAX);
    }
}
