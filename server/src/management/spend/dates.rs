//! Days and instants in queries.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Days as DayCount, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use tollgate_openapi::spend::DayRangeQuery;

use crate::db::daily_entity_spend::Days;
use crate::error::{ApiError, ApiResult};
use crate::management::extract::problem;

/// Days that "the last 30 days" are, today included.
pub(super) const RECENT_DAYS: u64 = 30;
/// Days of one report: ten years.
const REPORT_DAYS_MAX: i64 = 3660;
/// Years that can be asked about: the databases do not agree on what is beyond.
const YEARS: RangeInclusive<i32> = 1970..=9998;

/// The last `count` days, `today` included.
pub(super) fn recent(today: NaiveDate, count: u64) -> Days {
    let first = today.checked_sub_days(DayCount::new(count.saturating_sub(1))).unwrap_or(today);
    Days { first, last: today }
}

/// The days a query asks for.
pub(super) fn of_query(query: &DayRangeQuery, today: NaiveDate) -> ApiResult<Days> {
    let last = query.end_date.unwrap_or(today);
    let first = query.start_date.unwrap_or_else(|| recent(last, RECENT_DAYS).first);
    checked(first, last)
}

/// The days from `first` to `last`, where that is a stretch a report can cover.
pub(in crate::management) fn checked(first: NaiveDate, last: NaiveDate) -> ApiResult<Days> {
    let (first, last) = (in_reach("start_date", first)?, in_reach("end_date", last)?);
    if first > last {
        return Err(refused("end_date", "expected the day of start_date or a later one".to_owned()));
    }
    if (last - first).num_days() >= REPORT_DAYS_MAX {
        return Err(refused("start_date", format!("expected at most {REPORT_DAYS_MAX} days before end_date")));
    }
    Ok(Days { first, last })
}

/// When `day` begins, where it is one that can be asked about.
pub(super) fn start_of_day(field: &str, day: NaiveDate) -> ApiResult<DateTime<Utc>> {
    in_reach(field, day).map(midnight)
}

/// When `day`, which is included, ends.
pub(super) fn end_of_day(field: &str, day: NaiveDate) -> ApiResult<DateTime<Utc>> {
    in_reach(field, day).map(|day| midnight(day.succ_opt().unwrap_or(day)))
}

fn in_reach(field: &str, day: NaiveDate) -> ApiResult<NaiveDate> {
    if YEARS.contains(&day.year()) {
        return Ok(day);
    }
    Err(refused(field, format!("expected a year from {} to {}", YEARS.start(), YEARS.end())))
}

/// The instant from which `text`, a day or an instant, counts.
pub(in crate::management) fn start_of(field: &str, text: &str) -> ApiResult<DateTime<Utc>> {
    match parse(field, text)? {
        Point::Day(day) => start_of_day(field, day),
        Point::Instant(instant) => Ok(instant),
    }
}

/// The instant before which `text`, a day or an instant that is included, ends.
pub(in crate::management) fn end_of(field: &str, text: &str) -> ApiResult<DateTime<Utc>> {
    match parse(field, text)? {
        Point::Day(day) => end_of_day(field, day),
        // The databases know microseconds: the next one is the first that is not included.
        Point::Instant(instant) => Ok(instant.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(instant)),
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

enum Point {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

fn parse(field: &str, text: &str) -> ApiResult<Point> {
    // A plus sign that was not encoded arrives as a space.
    let instant = || DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|instant| instant.to_utc());
    let local = |format| NaiveDateTime::parse_from_str(text, format).ok().map(|local| local.and_utc());
    let day = text.parse::<NaiveDate>().ok().map(Point::Day);
    let found = day.or_else(|| {
        let spaced = || local("%Y-%m-%d %H:%M:%S%.f").or_else(|| local("%Y-%m-%dT%H:%M:%S%.f"));
        spaced().or_else(instant).map(Point::Instant)
    });
    let expected = "expected a day such as 2026-11-21 or an instant such as 2026-11-21T09:30:00Z";
    let point = found.ok_or_else(|| refused(field, expected.to_owned()))?;
    if let Point::Instant(instant) = point {
        in_reach(field, instant.date_naive())?;
    }
    Ok(point)
}

fn refused(field: &str, message: String) -> ApiError {
    ApiError::validation(vec![problem("value_error", &["query", field], message)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_read_in_the_forms_clients_send() {
        let end = |text: &str| end_of("end_date", text).unwrap().to_string();
        assert_eq!(end("2026-11-21"), "2026-11-22 00:00:00 UTC");
        assert_eq!(end("2026-11-21 09:30:00"), "2026-11-21 09:30:00.000001 UTC");
        let start = |text: &str| start_of("start_date", text).unwrap().to_string();
        assert_eq!(start("2026-11-21"), "2026-11-21 00:00:00 UTC");
        for text in [
            "2026-11-21 09:30:00",
            "2026-11-21T09:30:00",
            "2026-11-21T09:30:00Z",
            "2026-11-21T10:30:00+01:00",
            "2026-11-21T10:30:00 01:00",
        ] {
            assert_eq!(start(text), "2026-11-21 09:30:00 UTC", "{text}");
        }
        for text in [
            "-5000-01-01",
            "+262142-12-31",
            "1969-12-31T23:59:59Z",
            "21.11.2026",
            "yesterday",
            "2026-02-30",
            "2026-11-21T25:00:00Z",
            "",
        ] {
            assert!(start_of("start_date", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_report_has_a_length() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(checked(day("2026-01-02"), day("2026-01-01")).is_err());
        assert!(checked(day("1926-01-01"), day("2026-01-01")).is_err());
        assert!(checked(day("2026-01-01"), day("2026-01-01")).is_ok());
        assert_eq!(recent(day("2026-11-21"), 30).first, day("2026-10-23"));
        assert_eq!(recent(day("2026-11-21"), 30).iter().count(), 30);
    }
}
