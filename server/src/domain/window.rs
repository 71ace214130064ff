//! Spans of time as users write them (`30d`, `1mo`, `weekly`), the expiry they give, and budget windows.
//!
//! A window follows from the clock when it is looked at: no job has to run for a budget to start anew.

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The longest span taken, in days: a hundred years.
pub const MAX_SPAN_DAYS: u32 = 36_525;

const DAY_SECONDS: u32 = 86_400;

/// A length of time in one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Unit {
    const ALL: [Self; 6] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    fn suffix_and_seconds(self) -> (&'static str, u32) {
        match self {
            Self::Second => ("s", 1),
            Self::Minute => ("m", 60),
            Self::Hour => ("h", 3600),
            Self::Day => ("d", DAY_SECONDS),
            Self::Week => ("w", 7 * DAY_SECONDS),
            // The seconds of a month only bound how long a span may be.
            Self::Month => ("mo", 30 * DAY_SECONDS),
        }
    }
}

/// Why a text is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not a number and a unit.
    #[error(
        "expected a duration such as \"30s\", \"30m\", \"1h\", \"24h\", \"7d\", \"1w\", \"30d\", \"1mo\", \"hourly\", \"daily\", \"weekly\" or \"monthly\", got \"{0}\""
    )]
    Malformed(String),
    /// No time at all.
    #[error("expected a duration longer than zero, got \"{0}\"")]
    Zero(String),
    /// Beyond [`MAX_SPAN_DAYS`].
    #[error("expected a duration of at most {MAX_SPAN_DAYS} days, got \"{0}\"")]
    TooLong(String),
}

impl Span {
    /// Reads a count and a unit (`s`, `m`, `h`, `d`, `w`, `mo`), or `hourly` (1h), `daily` (24h), `weekly` (7d),
    /// `monthly` (30d).
    ///
    /// # Errors
    /// When the text is neither, is zero, or longer than [`MAX_SPAN_DAYS`].
    pub fn parse(text: &str) -> Result<Self, SpanError> {
        let shown = || text.chars().take(40).collect::<String>();
        match text {
            "hourly" => return Ok(Self::new(1, Unit::Hour)),
            "daily" => return Ok(Self::new(24, Unit::Hour)),
            "weekly" => return Ok(Self::new(7, Unit::Day)),
            "monthly" => return Ok(Self::new(30, Unit::Day)),
            _ => {}
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, suffix) = text.split_at(digits);
        let unit = Unit::ALL.into_iter().find(|unit| unit.suffix_and_seconds().0 == suffix);
        let Some(unit) = unit.filter(|_| digits > 0) else {
            return Err(SpanError::Malformed(shown()));
        };
        // Only digits are left, so a failure is a number too large.
        let count: u32 = count.parse().map_err(|_| SpanError::TooLong(shown()))?;
        if count == 0 {
            return Err(SpanError::Zero(shown()));
        }
        let max_seconds = u64::from(MAX_SPAN_DAYS) * u64::from(DAY_SECONDS);
        if u64::from(count) * u64::from(unit.suffix_and_seconds().1) > max_seconds {
            return Err(SpanError::TooLong(shown()));
        }
        Ok(Self::new(count, unit))
    }

    const fn new(count: u32, unit: Unit) -> Self {
        Self { count, unit }
    }

    /// When something that lasts this long from `start` ends. Months are calendar months in `tz`, clamped to a
    /// shorter month's last day; every other unit is an exact number of seconds.
    #[must_use]
    pub fn end_after(self, start: DateTime<Utc>, tz: Tz) -> DateTime<Utc> {
        if self.unit == Unit::Month {
            let local = start.with_timezone(&tz).naive_local();
            let end = local.checked_add_months(Months::new(self.count));
            return end.map_or(DateTime::<Utc>::MAX_UTC, |end| first_instant(end, tz));
        }
        start.checked_add_signed(TimeDelta::seconds(self.seconds())).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// How long it is, where it does not matter when it begins: a month counts as 30 days.
    #[must_use]
    pub fn length(self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::from(self.count) * u64::from(self.unit.suffix_and_seconds().1))
    }

    /// Whether its windows are the months of the calendar.
    #[must_use]
    pub fn is_calendar_month(self) -> bool {
        matches!(self.calendar(), Calendar::Months(1))
    }

    fn seconds(self) -> i64 {
        i64::from(self.count) * i64::from(self.unit.suffix_and_seconds().1)
    }

    fn calendar(self) -> Calendar {
        let count = self.count;
        match (self.unit, count) {
            (Unit::Day, 1) | (Unit::Hour, 24) => Calendar::Days(1),
            (Unit::Day, 7) => Calendar::Weeks(1),
            (Unit::Day, 30) => Calendar::Months(1),
            (Unit::Day, _) => Calendar::Days(count),
            (Unit::Week, _) => Calendar::Weeks(count),
            (Unit::Month, _) => Calendar::Months(count),
            (Unit::Second | Unit::Minute | Unit::Hour, _) => Calendar::Seconds(self.seconds()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.suffix_and_seconds().0)
    }
}

/// How the windows of a span lie in the calendar.
#[derive(Clone, Copy)]
enum Calendar {
    /// Multiples of so many seconds since 1970 (UTC).
    Seconds(i64),
    /// From local midnight to local midnight.
    Days(u32),
    /// From Monday to Monday.
    Weeks(u32),
    /// From the first of a month.
    Months(u32),
}

/// A stretch of time over which a budget counts: from `start` until just before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetWindow {
    /// The first instant inside.
    pub start: DateTime<Utc>,
    /// The first instant after; the next window's start.
    pub end: DateTime<Utc>,
}

impl BudgetWindow {
    /// The window of `span` that `now` is in. Days, weeks and months follow the calendar of `tz`: `1d` and `24h` begin
    /// at midnight, `7d` and `1w` on Mondays, `30d` and `1mo` on the first of the month. Windows of several days,
    /// weeks or months are counted from the local day, week or month of `anchor` (when the budget was made). Hours,
    /// minutes and seconds are aligned to multiples since 1970.
    #[must_use]
    pub fn bounds(span: Span, now: DateTime<Utc>, anchor: DateTime<Utc>, tz: Tz) -> Self {
        let calendar = span.calendar();
        if let Calendar::Seconds(length) = calendar {
            let start = now.timestamp().div_euclid(length).saturating_mul(length);
            return Self {
                start: instant(start).unwrap_or(DateTime::<Utc>::MIN_UTC),
                end: instant(start.saturating_add(length)).unwrap_or(DateTime::<Utc>::MAX_UTC),
            };
        }
        let origin = anchor.with_timezone(&tz).date_naive();
        let today = now.with_timezone(&tz).date_naive();
        let boundary = |index: i64| calendar.boundary(origin, index, tz);
        let mut index = calendar.index_of(origin, today);
        // Where clocks are set back across midnight, an instant can carry the date of the day before its window's:
        // the boundaries decide, not the date.
        while boundary(index) > now {
            index -= 1;
        }
        while boundary(index + 1) <= now && boundary(index + 1) < DateTime::<Utc>::MAX_UTC {
            index += 1;
        }
        Self { start: boundary(index), end: boundary(index + 1) }
    }
}

impl Calendar {
    /// The index of the window whose dates contain `today`, where window 0 contains `origin`.
    fn index_of(self, origin: NaiveDate, today: NaiveDate) -> i64 {
        match self {
            Self::Seconds(_) => 0,
            Self::Days(n) => (today - origin).num_days().div_euclid(i64::from(n)),
            Self::Weeks(n) => (monday(today) - monday(origin)).num_days().div_euclid(7 * i64::from(n)),
            Self::Months(n) => (months(today) - months(origin)).div_euclid(i64::from(n)),
        }
    }

    /// When window `index` begins.
    fn boundary(self, origin: NaiveDate, index: i64, tz: Tz) -> DateTime<Utc> {
        let date = match self {
            Self::Seconds(_) => None,
            Self::Days(n) => add_days(origin, index.saturating_mul(i64::from(n))),
            Self::Weeks(n) => add_days(monday(origin), index.saturating_mul(7 * i64::from(n))),
            Self::Months(n) => first_of_month(months(origin) + index.saturating_mul(i64::from(n))),
        };
        match date {
            Some(date) => first_instant(date.and_time(NaiveTime::MIN), tz),
            None if index < 0 => DateTime::<Utc>::MIN_UTC,
            None => DateTime::<Utc>::MAX_UTC,
        }
    }
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

fn add_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) }
}

fn monday(date: NaiveDate) -> NaiveDate {
    let since = i64::from(date.weekday().num_days_from_monday());
    add_days(date, -since).unwrap_or(NaiveDate::MIN)
}

/// Months since year 0.
fn months(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn first_of_month(months: i64) -> Option<NaiveDate> {
    let year = i32::try_from(months.div_euclid(12)).ok()?;
    let month = u32::try_from(months.rem_euclid(12)).ok()?;
    NaiveDate::from_ymd_opt(year, month + 1, 1)
}

/// The first instant at which clocks in `tz` show `local`; where they skip it, the instant of the skip.
fn first_instant(local: chrono::NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    if let Some(found) = tz.from_local_datetime(&local).earliest() {
        return found.with_timezone(&Utc);
    }
    // No zone is further than 26 hours from UTC, the gap included; the search halves its way to the skip's second.
    let near = local.and_utc().timestamp();
    let (mut before, mut after) = (near - 26 * 3600, near + 26 * 3600);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let shown = instant(middle).map(|i| i.with_timezone(&tz).naive_local());
        if shown.is_some_and(|shown| shown < local) {
            before = middle;
        } else {
            after = middle;
        }
    }
    instant(after).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
