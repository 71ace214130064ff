//! What coming days will cost, by the days before them.
//!
//! A day is a level times what its weekday usually has of an average day. The level is the mean of the days before it,
//! the recent ones counting most (half as much every [`HALF_LIFE`] days); it goes on as it went from one fortnight to the
//! next, as far as that is more than chance, and ever less ([`DAMPING`] a day, as in Gardner and McKenzie, "Forecasting
//! trends in time series", 1985). The range comes from how far each past day was from what the days before it said.
//!
//! `deploy/docs/spend.md` has the figures of the test that plays this against simulated months.

#[cfg(test)]
pub(super) mod tests;

use chrono::{Datelike, NaiveDate};

/// Days that are looked back on at most.
pub const HISTORY_DAYS: u64 = 56;
/// Days that a forecast needs.
const HISTORY_MIN: usize = 3;
/// Days after which a day counts half.
const HALF_LIFE: f64 = 6.0;
/// Days from which on weekdays are told apart.
const WEEKDAYS_FROM: usize = 14;
/// Days whose levels tell a trend.
const FORTNIGHT: usize = 14;
const WEEK: usize = 7;
/// What is left of the trend from one day to the next.
const DAMPING: f64 = 0.97;
/// How far the level goes by itself in a day: its variance, as a share of that of a day.
const DRIFT: f64 = 0.006;
/// How far what a trend adds may be wrong, as a share of it.
const TREND_ERROR: f64 = 1.0;
/// Average days that stand beside those of a weekday, so that few of them do not decide.
const WEEKDAY_PRIOR: f64 = 1.0;
/// Deviations to each side within which 80 of 100 normal errors are.
const SPREAD: f64 = 1.2816;

/// The share of months that are to end within the range.
pub const CONFIDENCE: f64 = 0.8;

/// What some days will cost together, in the unit of the days before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Most likely.
    pub sum: f64,
    /// With [`CONFIDENCE`] not less.
    pub low: f64,
    /// With [`CONFIDENCE`] not more.
    pub high: f64,
}

/// What is known of the days before.
#[derive(Clone, Debug)]
pub struct History {
    level: f64,
    /// Of the level, from one day to the next.
    slope: f64,
    /// How old the level is, in days.
    age: f64,
    weekdays: [f64; 7],
    /// How far a day is from what the days before it say, squared, on average.
    variance: f64,
    /// The days that the level rests on.
    weight: f64,
}

impl History {
    /// Of whole days that follow one another, oldest first. `None` where too few of them had any spend to say anything.
    #[must_use]
    pub fn of(days: &[(NaiveDate, f64)]) -> Option<Self> {
        let first = days.iter().position(|(_, spend)| *spend > 0.0)?;
        let days = days.get(first..).filter(|days| days.len() >= HISTORY_MIN)?;
        let weekdays = weekdays(days);
        let level = Level::of(days, &weekdays)?;
        let slope = slope(days, &weekdays);
        Some(Self {
            level: level.value,
            slope,
            age: level.age,
            variance: variance(days, &weekdays, level.value),
            weight: level.weight,
            weekdays,
        })
    }

    /// What each of `days`, which follow the history, will cost.
    #[must_use]
    pub fn by_day(&self, days: &[NaiveDate]) -> Vec<f64> {
        let (mut ahead, mut step) = (self.age, 1.0);
        let day = |day: &NaiveDate| {
            step *= DAMPING;
            ahead += step;
            (self.level + self.slope * ahead).max(0.0) * factor(&self.weekdays, *day)
        };
        days.iter().map(day).collect()
    }

    /// What `days`, which follow the history, will cost together.
    #[must_use]
    pub fn forecast(&self, days: impl IntoIterator<Item = NaiveDate>) -> Forecast {
        let (mut sum, mut share, mut squares, mut drift, mut trend) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut ahead, mut step) = (self.age, 1.0);
        for day in days {
            step *= DAMPING;
            ahead += step;
            let weekday = factor(&self.weekdays, day);
            sum += (self.level + self.slope * ahead).max(0.0) * weekday;
            trend += self.slope * ahead * weekday;
            share += weekday;
            drift += share * share;
            squares += weekday * weekday;
        }
        // Each day errs by itself; all together by what the level is wrong, by where it goes, and by what the trend is.
        let days = self.variance * (squares + share * share / self.weight + DRIFT * drift);
        let deviation = (days + (TREND_ERROR * trend).powi(2)).sqrt() * SPREAD;
        Forecast { sum, low: (sum - deviation).max(0.0), high: sum + deviation }
    }
}

fn factor(weekdays: &[f64; 7], day: NaiveDate) -> f64 {
    let index = usize::try_from(day.weekday().num_days_from_monday()).unwrap_or_default();
    weekdays.get(index).copied().unwrap_or(1.0)
}

/// What each weekday has of an average day.
fn weekdays(days: &[(NaiveDate, f64)]) -> [f64; 7] {
    let mut factors = [1.0; 7];
    let mean = mean(days);
    if days.len() < WEEKDAYS_FROM || mean <= 0.0 {
        return factors;
    }
    for (index, factor) in factors.iter_mut().enumerate() {
        let same = days.iter().filter(|(day, _)| usize::try_from(day.weekday().num_days_from_monday()) == Ok(index));
        let (count, sum) = same.fold((0.0, 0.0), |(count, sum), (_, spend)| (count + 1.0, sum + spend));
        *factor = (sum / mean + WEEKDAY_PRIOR) / (count + WEEKDAY_PRIOR);
    }
    factors
}

fn mean(days: &[(NaiveDate, f64)]) -> f64 {
    days.iter().map(|(_, spend)| spend).sum::<f64>() / to_f64(days.len())
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// A weighted mean of days freed of their weekdays' shares.
struct Level {
    value: f64,
    age: f64,
    /// How many days of equal weight would say as much.
    weight: f64,
}

impl Level {
    /// The weights sum days and shares apart: a weekday on which nobody works says little, and does not blow up.
    fn of(days: &[(NaiveDate, f64)], weekdays: &[f64; 7]) -> Option<Self> {
        let (mut spend, mut shares, mut ages, mut weights, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (age, (day, value)) in days.iter().rev().enumerate() {
            let age = to_f64(age);
            let weight = 0.5_f64.powf(age / HALF_LIFE);
            spend += weight * value;
            shares += weight * factor(weekdays, *day);
            ages += weight * age;
            weights += weight;
            squares += weight * weight;
        }
        (shares > 0.0).then(|| Self { value: spend / shares, age: ages / weights, weight: weights * weights / squares })
    }
}

/// The change of the level by day from the fortnight before the last to the last. Less, the more likely it is chance, and
/// the less the last two weeks went the same way: a step that is over is no trend.
fn slope(days: &[(NaiveDate, f64)], weekdays: &[f64; 7]) -> f64 {
    let (Some(long), Some(short)) = (change(days, weekdays, FORTNIGHT), change(days, weekdays, WEEK)) else {
        return 0.0;
    };
    let certainty = long.by_day.powi(2) / (long.by_day.powi(2) + long.variance);
    let agreement = (-(short.by_day - long.by_day).powi(2) / (2.0 * (short.variance + long.variance))).exp();
    let slope = long.by_day * certainty * agreement;
    if slope.is_finite() { slope } else { 0.0 }
}

/// A change by day, and how much of it, squared, is chance.
struct Change {
    by_day: f64,
    variance: f64,
}

/// From the `span` days before the last `span` to these.
fn change(days: &[(NaiveDate, f64)], weekdays: &[f64; 7], span: usize) -> Option<Change> {
    let (before, last) = days.split_at(days.len().checked_sub(span)?);
    let before = before.get(before.len().checked_sub(span)?..)?;
    let ((old, old_variance), (new, new_variance)) = (plain(before, weekdays), plain(last, weekdays));
    let apart = to_f64(span);
    Some(Change { by_day: (new - old) / apart, variance: (old_variance + new_variance) / apart.powi(3) })
}

/// The mean of some days freed of their weekdays' shares, and how far these are from it, squared, on average.
fn plain(days: &[(NaiveDate, f64)], weekdays: &[f64; 7]) -> (f64, f64) {
    let shares: f64 = days.iter().map(|(day, _)| factor(weekdays, *day)).sum();
    let level = days.iter().map(|(_, spend)| spend).sum::<f64>() / shares;
    let errors = days.iter().map(|(day, spend)| (spend - level * factor(weekdays, *day)).powi(2)).sum::<f64>();
    (level, errors / to_f64(days.len() - 1))
}

/// How far days were from what those before them said, squared, on average; the recent ones count most.
fn variance(days: &[(NaiveDate, f64)], weekdays: &[f64; 7], level: f64) -> f64 {
    let (mut errors, mut weights) = (0.0, 0.0);
    for index in HISTORY_MIN..days.len() {
        let (before, rest) = days.split_at(index);
        let (Some(said), Some((day, spend))) = (Level::of(before, weekdays), rest.first()) else { continue };
        let weight = 0.5_f64.powf(to_f64(rest.len() - 1) / (3.0 * HALF_LIFE));
        errors += weight * (spend - said.value * factor(weekdays, *day)).powi(2);
        weights += weight;
    }
    // Few days say little of how much they vary: as if two more had been wrong by half.
    (errors + 2.0 * (0.5 * level).powi(2)) / (weights + 2.0)
}
