//! Whether somebody spends far more on a day than they use to.
//!
//! Spend is looked at as a multiple (its logarithm): days differ by factors, and a dear one is no more a sign than ten
//! cheap ones. What is usual is the median of the same weekdays of eight weeks; how far days are from theirs is the median
//! of that (MAD), so that no single day moves either. Days without spend say nothing. A day is unusual that is beyond
//! [`DEVIATIONS`] of them, and half as dear again as the second dearest day (of less than four weeks, the dearest): what happens now and then is a habit, and one
//! former outlier hides no other.
//!
//! `deploy/docs/alerts.md` has the figures of the test that plays this against simulated users.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Days that are looked back on.
pub const HISTORY_DAYS: u64 = 56;
/// Days with spend from which on somebody is known.
const DAYS_MIN: usize = 10;
/// Days with spend from which on one dear day among them may be an accident.
const KNOWN_WELL: usize = 28;
/// Of a weekday; with fewer, all days say what is usual.
const WEEKDAYS_MIN: usize = 3;
/// So many deviations are no accident.
const DEVIATIONS: f64 = 4.0;
/// Nobody is steadier than this: e^(4 × 0.4) is five times as much.
const DEVIATION_MIN: f64 = 0.4;
/// A deviation of normal errors is so many times their MAD.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// How far beyond the second dearest day.
const BEYOND_HABIT: f64 = 1.5;

/// What somebody usually spends on a day like this one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// On half of such days it was no more.
    pub median: f64,
    /// More than this is unusual.
    pub limit: f64,
    /// Days that this is learned from.
    pub days: usize,
}

impl Usual {
    /// What is usual on `day` by what was spent on days before it; `None`: too little is known. Days without spend may be
    /// left out, and in which unit it is does not matter.
    #[must_use]
    pub fn on(day: NaiveDate, before: &[(NaiveDate, f64)]) -> Option<Self> {
        let first = day.checked_sub_days(Days::new(HISTORY_DAYS))?;
        let is_told = |(date, spend): &&(NaiveDate, f64)| first <= *date && *date < day && *spend > 0.0;
        let days: Vec<(Weekday, f64)> =
            before.iter().filter(is_told).map(|(date, spend)| (date.weekday(), spend.ln())).collect();
        if days.len() < DAYS_MIN {
            return None;
        }
        let level = median(days.iter().map(|(_, spend)| *spend))?;
        let of_weekday = |weekday: Weekday| {
            let same = || days.iter().filter(|(other, _)| *other == weekday).map(|(_, spend)| *spend);
            if same().count() < WEEKDAYS_MIN { level } else { median(same()).unwrap_or(level) }
        };
        let mad = median(days.iter().map(|(weekday, spend)| (spend - of_weekday(*weekday)).abs()))?;
        let usual = of_weekday(day.weekday());
        let deviation = (mad * MAD_TO_DEVIATION).max(DEVIATION_MIN);
        let mut dearest: Vec<f64> = days.iter().map(|(_, spend)| *spend).collect();
        dearest.sort_unstable_by(|one, other| other.total_cmp(one));
        // Of few days, one that is dear may be the first of many.
        let habit = dearest.get(usize::from(days.len() >= KNOWN_WELL))?.exp() * BEYOND_HABIT;
        Some(Self { median: usual.exp(), limit: (usual + DEVIATIONS * deviation).exp().max(habit), days: days.len() })
    }
}

/// The middle one; of an even number the mean of both.
fn median(of: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = of.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::forecast::tests::Chance;

    const TODAY: &str = "2026-11-21";

    fn today() -> NaiveDate {
        TODAY.parse().unwrap()
    }

    fn before(spends: &[f64]) -> Vec<(NaiveDate, f64)> {
        let days = (1..).map(|days| today() - Days::new(days));
        days.zip(spends.iter().copied()).collect()
    }

    #[test]
    fn who_is_new_has_no_usual_day() {
        assert_eq!(Usual::on(today(), &before(&[1.0; 9])), None);
        assert_eq!(Usual::on(today(), &before(&[0.0; 56])), None);
        let steady = Usual::on(today(), &before(&[1.0; 56])).unwrap();
        assert!((steady.median - 1.0).abs() < 1e-9 && (4.9..5.0).contains(&steady.limit), "{steady:?}");
    }

    #[test]
    fn one_outlier_hides_no_other_and_a_habit_is_none() {
        let mut days = [1.0; 56];
        days[3] = 1_000.0;
        assert!(Usual::on(today(), &before(&days)).unwrap().limit < 5.0);
        days[20] = 1_000.0;
        assert!((Usual::on(today(), &before(&days)).unwrap().limit - 1_500.0).abs() < 1e-6);
    }

    proptest! {
        /// In cents it is what it is in dollars; what is like days before is never unusual; the limit is above what is
        /// usual, and days out of sight say nothing.
        #[test]
        fn the_limit_is_beyond_what_was(spends in prop::collection::vec(0.01_f64..1e6, 10..80), unit in 0.01_f64..100.0) {
            let known = Usual::on(today(), &before(&spends)).unwrap();
            prop_assert!(known.limit >= known.median * 4.9, "{known:?}");
            let mut seen: Vec<f64> = spends.iter().copied().take(56).collect();
            let other: Vec<f64> = spends.iter().map(|spend| spend * unit).collect();
            let scaled = Usual::on(today(), &before(&other)).unwrap();
            prop_assert!((scaled.limit / unit / known.limit - 1.0).abs() < 1e-6, "{scaled:?} {known:?}");
            prop_assert_eq!(Usual::on(today(), &before(&seen)), Some(known));
            seen.sort_unstable_by(|one, other| other.total_cmp(one));
            prop_assert!(known.limit > seen[1], "{known:?} {seen:?}");
        }
    }

    /// What a day costs a user on average: by its number, its weekday and chance.
    type User = (&'static str, fn(f64, u32, &mut Chance) -> f64);

    const USERS: [User; 7] = [
        ("steady", |_, _, chance| 20.0 * (0.3 * chance.normal()).exp()),
        ("works on weekdays", |_, weekday, chance| {
            (if weekday < 5 {
                20.0
            } else if chance.even() < 0.2 {
                3.0
            } else {
                0.0
            }) * (0.6 * chance.normal()).exp()
        }),
        ("now and then", |_, _, chance| if chance.even() < 0.3 { 10.0 * (0.8 * chance.normal()).exp() } else { 0.0 }),
        ("wild", |_, _, chance| 20.0 * (1.2 * chance.normal()).exp()),
        ("grows 2 % a day", |day, _, chance| 2.0 * 1.02_f64.powf(day) * (0.4 * chance.normal()).exp()),
        ("a batch on Mondays", |_, weekday, chance| {
            (if weekday == 0 { 300.0 } else { 10.0 }) * (0.4 * chance.normal()).exp()
        }),
        ("batches now and then", |_, _, chance| {
            let batch = if chance.even() < 0.1 { 200.0 } else { 0.0 };
            (10.0 + batch) * (0.3 * chance.normal()).exp()
        }),
    ];

    /// Of a hundred users of a kind over half a year: days that are told without reason, and how many of those on which
    /// they spend thirty times what they would have are told.
    fn play(user: &User) -> (f64, f64) {
        let start = today();
        let (mut days, mut false_alarms, mut found, mut used) = (0.0, 0.0, 0.0, 0.0);
        for seed in 1..=100_u64 {
            let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mut history = Vec::new();
            for number in 0..182_u32 {
                let day = start + Days::new(u64::from(number));
                let spend = (user.1)(f64::from(number), day.weekday().num_days_from_monday(), &mut chance);
                if let Some(usual) = Usual::on(day, &history) {
                    days += 1.0;
                    false_alarms += f64::from(u8::from(spend > usual.limit));
                    if spend > 0.0 {
                        used += 1.0;
                        found += f64::from(u8::from(spend * 30.0 > usual.limit));
                    }
                }
                history.push((day, spend));
            }
        }
        (false_alarms / days, found / used)
    }

    #[test]
    fn false_alarms_are_rare_and_runaways_are_found() {
        for user in &USERS {
            let (false_alarms, found) = play(user);
            println!("{}: {:.3} % false, {:.1} % found", user.0, false_alarms * 100.0, found * 100.0);
            // The first batches of somebody who had none are news.
            let most = if user.0 == "batches now and then" { 0.01 } else { 0.004 };
            assert!(false_alarms < most, "{}: {false_alarms}", user.0);
            let is_calm = !matches!(user.0, "wild" | "a batch on Mondays" | "batches now and then");
            assert!(found > if is_calm { 0.7 } else { 0.1 }, "{}: {found}", user.0);
        }
    }
}
