//! The forecast against simulated months.

use std::f64::consts::TAU;

use chrono::Days;

use super::*;

/// Numbers that look random and are the same on every run (xorshift64*, Vigna 2016).
pub(in crate::domain) struct Chance(pub(in crate::domain) u64);

impl Chance {
    pub(in crate::domain) fn even(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        (f64::from(u32::try_from(bits).unwrap()) + 0.5) / 4_294_967_296.0
    }

    pub(in crate::domain) fn normal(&mut self) -> f64 {
        (-2.0 * self.even().ln()).sqrt() * (TAU * self.even()).cos()
    }
}

/// What a day costs on average: by its number, its weekday and chance.
type Company = (&'static str, fn(f64, u32, &mut Chance) -> f64);

const COMPANIES: [Company; 6] = [
    ("steady", |_, _, chance| 100.0 * (1.0 + 0.2 * chance.normal())),
    ("idle weekends", |_, weekday, chance| (if weekday < 5 { 140.0 } else { 8.0 }) * (1.0 + 0.2 * chance.normal())),
    ("grows 2 % a day", |day, weekday, chance| {
        20.0 * 1.02_f64.powf(day) * (if weekday < 5 { 1.2 } else { 0.5 }) * (1.0 + 0.2 * chance.normal())
    }),
    ("doubled lately", |day, weekday, chance| {
        (if day < 55.0 { 50.0 } else { 100.0 }) * (if weekday < 5 { 1.2 } else { 0.5 }) * (1.0 + 0.2 * chance.normal())
    }),
    ("batches now and then", |_, _, chance| {
        let batch = if chance.even() < 0.1 { 400.0 } else { 0.0 };
        60.0 * (1.0 + 0.2 * chance.normal()) + batch
    }),
    ("fades", |day, weekday, chance| {
        400.0 * 0.985_f64.powf(day) * (if weekday < 5 { 1.2 } else { 0.5 }) * (1.0 + 0.2 * chance.normal())
    }),
];

/// How forecasts of a company's months did: those within the range, and the mean error of theirs and of the run rate.
#[derive(Debug, Default)]
struct Score {
    within: f64,
    error: f64,
    run_rate_error: f64,
    months: f64,
}

fn play(company: &Company, seen: u64) -> Score {
    let mut score = Score::default();
    let first = NaiveDate::from_ymd_opt(2026, 8, 1).unwrap();
    for seed in 1..=200 {
        let mut chance = Chance(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let days: Vec<(NaiveDate, f64)> = (0..91)
            .map(|index| {
                let day = first.checked_add_days(Days::new(index)).unwrap();
                let number = f64::from(u32::try_from(index).unwrap());
                (day, (company.1)(number, day.weekday().num_days_from_monday(), &mut chance).max(0.0))
            })
            .collect();
        // August and September have been; of October's 30 days, `seen` are over.
        let over = usize::try_from(61 + seen).unwrap();
        let (past, rest) = days.split_at(over);
        let history = History::of(&past[over - usize::try_from(HISTORY_DAYS).unwrap()..]).unwrap();
        let said = history.forecast(rest.iter().map(|(day, _)| *day));
        let actual: f64 = rest.iter().map(|(_, spend)| spend).sum();
        let so_far: f64 = past[61..].iter().map(|(_, spend)| spend).sum();
        let run_rate = so_far / to_f64(past.len() - 61) * to_f64(rest.len());
        let month = so_far + actual;
        score.months += 1.0;
        score.within += f64::from(u8::from(said.low <= actual && actual <= said.high));
        score.error += (said.sum - actual).abs() / month;
        score.run_rate_error += (run_rate - actual).abs() / month;
    }
    score
}

#[test]
fn simulated_months_end_where_the_forecast_said() {
    let mut all = Score::default();
    for company in &COMPANIES {
        for seen in [3, 10, 20] {
            let score = play(company, seen);
            eprintln!(
                "{:<22} after {seen:>2} days: {:>3.0} % within the range; error {:>4.1} %, run rate {:>4.1} %",
                company.0,
                100.0 * score.within / score.months,
                100.0 * score.error / score.months,
                100.0 * score.run_rate_error / score.months,
            );
            all.within += score.within;
            all.error += score.error;
            all.run_rate_error += score.run_rate_error;
            all.months += score.months;
        }
    }
    let (within, error, run_rate) = (all.within / all.months, all.error / all.months, all.run_rate_error / all.months);
    eprintln!(
        "all: {:.0} % within the range; error {:.1} %, run rate {:.1} %",
        within * 100.0,
        error * 100.0,
        run_rate * 100.0
    );
    assert!(within > 0.72, "{within}");
    assert!(error < 0.9 * run_rate, "{error} against {run_rate}");
}

fn days(spend: &[f64]) -> Vec<(NaiveDate, f64)> {
    let first = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap();
    first.iter_days().zip(spend.iter().copied()).collect()
}

#[test]
fn what_never_changes_goes_on_exactly() {
    let past = days(&[10.0; 28]);
    let rest = past.last().unwrap().0.iter_days().skip(1).take(10);
    let said = History::of(&past).unwrap().forecast(rest);
    assert!((said.sum - 100.0).abs() < 1e-9, "{said:?}");
    assert!(said.low < 100.0 && said.high > 100.0, "{said:?}");
    // Working days alone: a weekend costs nearly nothing.
    let week = [10.0, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0];
    let history = History::of(&days(&week.repeat(8))).unwrap();
    let monday = NaiveDate::from_ymd_opt(2026, 12, 28).unwrap();
    let (working, weekend) =
        (history.forecast(monday.iter_days().take(5)), history.forecast(monday.iter_days().skip(5).take(2)));
    assert!((working.sum - 50.0).abs() < 5.0 && weekend.sum < 4.0, "{working:?} {weekend:?}");
}

#[test]
fn too_little_says_nothing_and_nothing_left_costs_nothing() {
    assert!(History::of(&[]).is_none());
    assert!(History::of(&days(&[0.0; 30])).is_none());
    assert!(History::of(&days(&[0.0, 0.0, 0.0, 5.0, 5.0])).is_none());
    let history = History::of(&days(&[0.0, 0.0, 5.0, 5.0, 5.0])).unwrap();
    assert_eq!(history.forecast([]), Forecast::default());
}

#[test]
fn no_day_makes_it_worse_than_a_number() {
    let mut chance = Chance(7);
    for length in 3..60_usize {
        let spend: Vec<f64> =
            (0..length).map(|_| if chance.even() < 0.5 { 0.0 } else { 1e9 * chance.even().powi(20) }).collect();
        let Some(history) = History::of(&days(&spend)) else { continue };
        let rest = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap().iter_days().take(31);
        let Forecast { sum, low, high } = history.forecast(rest);
        assert!(0.0 <= low && low <= sum && sum <= high && high.is_finite(), "{spend:?}: {low} {sum} {high}");
    }
}
