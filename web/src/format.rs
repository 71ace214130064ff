//! How amounts, counts and times look. Pure, so that it is tested without a browser.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use tollgate_openapi::money::{NANO_PER_USD, NanoUsd};

/// Nano-dollars in a cent.
const NANO_PER_CENT: u64 = 10_000_000;

/// The id of who holds the master key.
const DEFAULT_USER_ID: &str = "default_user_id";

/// Digits that stay readable in an amount below a dollar.
const SIGNIFICANT_DIGITS: usize = 3;

/// A single cost: to the cent from one dollar up, three significant digits below, never rounded to nothing.
pub(crate) fn money(amount: NanoUsd) -> String {
    if amount.0.unsigned_abs() >= NANO_PER_USD.unsigned_abs() {
        return cents(amount);
    }
    let exact = amount.0.unsigned_abs();
    let digits = format!("{exact:09}");
    let zeros = digits.bytes().take_while(|b| *b == b'0').count();
    let decimals = (zeros + SIGNIFICANT_DIGITS).clamp(2, 9);
    let step = 10_u64.saturating_pow(u32::try_from(9 - decimals).unwrap_or(0));
    let rounded = exact.saturating_add(step / 2) / step * step;
    format!("{}${}", sign(amount), trim_cents(rounded))
}

/// A sum: to the cent, unless that would show nothing where there is something.
pub(crate) fn money_total(amount: NanoUsd) -> String {
    let abs = amount.0.unsigned_abs();
    if abs == 0 || abs >= NANO_PER_CENT { cents(amount) } else { money(amount) }
}

/// A limit or a mark on an axis: no cents where there are none.
pub(crate) fn money_round(amount: NanoUsd) -> String {
    let text = money_total(amount);
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// The amount to the nano-dollar, for a title.
pub(crate) fn money_exact(amount: NanoUsd) -> String {
    format!("{}${}", sign(amount), trim_cents(amount.0.unsigned_abs()))
}

/// A price in dollars per token as dollars per million tokens.
pub(crate) fn price_per_million(usd_per_token: f64) -> String {
    NanoUsd::from_usd(usd_per_token * 1_000_000.0).map_or_else(|_| "–".to_owned(), money)
}

const fn sign(amount: NanoUsd) -> &'static str {
    if amount.0 < 0 { "-" } else { "" }
}

fn cents(amount: NanoUsd) -> String {
    let cents = amount.0.unsigned_abs().saturating_add(NANO_PER_CENT / 2) / NANO_PER_CENT;
    let dollars = group_thousands(&(cents / 100).to_string());
    format!("{}${dollars}.{:02}", sign(amount), cents % 100)
}

/// Nano-dollars as dollars with at least two decimals and no zeros after them.
fn trim_cents(nano: u64) -> String {
    let unit = NANO_PER_USD.unsigned_abs();
    let fraction = format!("{:09}", nano % unit);
    let kept = fraction.trim_end_matches('0');
    let dollars = group_thousands(&(nano / unit).to_string());
    format!("{dollars}.{kept:0<2}")
}

/// A whole number with separated thousands.
pub(crate) fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", group_thousands(&number.unsigned_abs().to_string()))
}

/// The same of a number that is never below zero.
pub(crate) fn whole_u64(number: u64) -> String {
    group_thousands(&number.to_string())
}

/// So many requests, in words.
pub(crate) fn requests(number: i64) -> String {
    format!("{} {}", count(number), if number == 1 { "request" } else { "requests" })
}

/// The nearest whole number, with separated thousands.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    format!("{}{}", if number <= -0.5 { "-" } else { "" }, group_thousands(&digits))
}

/// A round count, short enough for an axis: `800`, `1.5k`, `20k`, `3M`.
pub(crate) fn compact(number: f64) -> String {
    let (value, unit) = match number {
        n if n >= 1e6 => (n / 1e6, "M"),
        n if n >= 1e3 => (n / 1e3, "k"),
        n => (n, ""),
    };
    format!("{}{unit}", format!("{value:.1}").trim_end_matches(".0"))
}

fn group_thousands(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The nearest float: charts and ratios need no more.
pub(crate) fn to_f64(number: i64) -> f64 {
    #[expect(clippy::as_conversions, reason = "the nearest float is what a chart or a ratio needs")]
    let float = number as f64;
    float
}

/// A time span in milliseconds: `0.4 ms`, `820 ms`, `1.24 s`, `2 m 05 s`.
pub(crate) fn duration_ms(ms: f64) -> String {
    match ms {
        ms if ms < 0.0005 => "0 ms".to_owned(),
        ms if ms < 10.0 => format!("{} ms", format!("{ms:.2}").trim_end_matches('0').trim_end_matches('.')),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 59_995.0 => format!("{:.2} s", ms / 1000.0),
        ms => {
            let seconds = ms / 1000.0;
            format!("{:.0} m {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
        }
    }
}

/// A share of a whole, `0%` to `100%`.
pub(crate) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "0%".to_owned();
    }
    let percent = to_f64(part) / to_f64(whole) * 100.0;
    match percent {
        p if p > 0.0 && p < 0.01 => "<0.01%".to_owned(),
        p if p > 0.0 && p < 0.1 => format!("{p:.2}%"),
        p => format!("{}%", format!("{p:.1}").trim_end_matches(".0")),
    }
}

/// Who did something, for a person: the master key and the sign-in from the environment have an id nobody chose.
pub(crate) fn person(id: &str) -> &str {
    if id == DEFAULT_USER_ID { "Administrator" } else { id }
}

/// A text as a sentence: it begins with a capital and ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{}{end}", capital(text))
}

/// A text with a capital at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}

/// How far `time` is from `now`: `just now`, `12 s ago`, `in 3 d`.
pub(crate) fn relative(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let ago = now - time;
    let span = span(ago.abs());
    match span {
        None => "just now".to_owned(),
        Some(span) if ago < TimeDelta::zero() => format!("in {span}"),
        Some(span) => format!("{span} ago"),
    }
}

fn span(delta: TimeDelta) -> Option<String> {
    let seconds = delta.num_seconds();
    Some(match seconds {
        s if s < 5 => return None,
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 86_400 => format!("{} h", s / 3_600),
        s if s < 5_184_000 => format!("{} d", s / 86_400),
        s if s < 63_072_000 => format!("{} mo", s / 2_592_000),
        s => format!("{} y", s / 31_536_000),
    })
}

/// How long until `time`, in whole words: `in 3 days`. What is due is due `now`.
pub(crate) fn until(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let words = |count: i64, noun: &str| format!("in {count} {noun}{}", if count == 1 { "" } else { "s" });
    match (time - now).num_seconds() {
        s if s <= 0 => "now".to_owned(),
        s if s < 90 => words(s, "second"),
        s if s < 5_400 => words(nearest(s, 60), "minute"),
        s if s < 129_600 => words(nearest(s, 3_600), "hour"),
        s => words(nearest(s, 86_400), "day"),
    }
}

const fn nearest(seconds: i64, unit: i64) -> i64 {
    (seconds + unit / 2) / unit
}

/// How often a budget starts anew, as said after its amount: `a month`, `every 12h`; empty where it never does.
pub(crate) fn every(duration: Option<&str>) -> String {
    match duration {
        None => String::new(),
        Some("daily" | "1d" | "24h") => "a day".to_owned(),
        Some("weekly" | "7d" | "1w") => "a week".to_owned(),
        Some("monthly" | "1mo" | "30d") => "a month".to_owned(),
        Some("1h" | "60m" | "hourly") => "an hour".to_owned(),
        Some(other) => format!("every {other}"),
    }
}

/// How often a budget starts anew, standing alone: `every month`, `never`.
pub(crate) fn resets(duration: Option<&str>) -> String {
    let every = every(duration);
    match every.strip_prefix("a ").or_else(|| every.strip_prefix("an ")) {
        Some(unit) => format!("every {unit}"),
        None if every.is_empty() => "never".to_owned(),
        None => every,
    }
}

/// A moment in a list: the time today, else the day too.
pub(crate) fn moment(time: DateTime<Utc>, now: DateTime<Utc>, zone: FixedOffset) -> String {
    let (local, today) = (time.with_timezone(&zone), now.with_timezone(&zone));
    let form = match (local.date_naive() == today.date_naive(), local.year() == today.year()) {
        (true, _) => "%H:%M:%S",
        (false, true) => "%b %-d, %H:%M:%S",
        (false, false) => "%b %-d %Y, %H:%M",
    };
    local.format(form).to_string()
}

/// The first and the last millisecond of a day in a zone.
pub(crate) fn day_bounds(date: NaiveDate, zone: FixedOffset) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let first = date.and_time(NaiveTime::MIN).and_local_timezone(zone).single()?;
    let last = first + TimeDelta::days(1) - TimeDelta::milliseconds(1);
    Some((first.to_utc(), last.to_utc()))
}

/// A moment in full, in the reader's zone.
pub(crate) fn moment_full(time: DateTime<Utc>, zone: FixedOffset) -> String {
    time.with_timezone(&zone).format("%b %-d, %Y, %H:%M:%S").to_string()
}

/// A moment for programs and titles: RFC 3339, UTC.
pub(crate) fn moment_utc(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A day on an axis.
pub(crate) fn day(date: NaiveDate) -> String {
    date.format("%b %-d").to_string()
}

#[cfg(test)]
mod tests;
