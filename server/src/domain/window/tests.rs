//! Windows by example and over all zones, daylight saving included.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn span(text: &str) -> Span {
    Span::parse(text).unwrap()
}

fn window(text: &str, now: &str, tz: Tz) -> (String, String) {
    window_from(text, now, "2026-01-15T12:00:00Z", tz)
}

fn window_from(text: &str, now: &str, anchor: &str, tz: Tz) -> (String, String) {
    let window = BudgetWindow::bounds(span(text), utc(now), utc(anchor), tz);
    let show = |t: DateTime<Utc>| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    (show(window.start), show(window.end))
}

fn pair(start: &str, end: &str) -> (String, String) {
    (start.to_owned(), end.to_owned())
}

#[test]
fn reads_every_form() {
    for (text, canonical) in [
        ("30s", "30s"),
        ("30m", "30m"),
        ("1h", "1h"),
        ("24h", "24h"),
        ("7d", "7d"),
        ("1w", "1w"),
        ("30d", "30d"),
        ("1mo", "1mo"),
        ("hourly", "1h"),
        ("daily", "24h"),
        ("weekly", "7d"),
        ("monthly", "30d"),
        ("007d", "7d"),
    ] {
        assert_eq!(span(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn refuses_with_what_was_expected() {
    for text in ["", "d", "30", "30 d", "-1d", "1.5h", "1y", "30D", "1mo1d", "tomorrow", "١d"] {
        let error = Span::parse(text).unwrap_err();
        assert_eq!(error, SpanError::Malformed(text.to_owned()), "{text}");
        assert!(error.to_string().starts_with("expected a duration such as \"30s\""));
    }
    assert_eq!(Span::parse("0d"), Err(SpanError::Zero("0d".to_owned())));
    for text in ["36526d", "99999999999s", "4294967295mo"] {
        assert_eq!(Span::parse(text), Err(SpanError::TooLong(text.to_owned())));
    }
    assert_eq!(span("36525d").to_string(), "36525d");
}

#[test]
fn expiry() {
    let end = |text: &str, start: &str, tz| span(text).end_after(utc(start), tz);
    let noon = "2026-01-31T12:00:00Z";
    assert_eq!(end("30d", noon, Tz::UTC), utc("2026-03-02T12:00:00Z"));
    assert_eq!(end("1mo", noon, Tz::UTC), utc("2026-02-28T12:00:00Z"));
    assert_eq!(end("2w", noon, Tz::UTC), utc("2026-02-14T12:00:00Z"));
    assert_eq!(end("90s", noon, Tz::UTC), utc("2026-01-31T12:01:30Z"));
    // A month keeps the local time of day over the change to summer time.
    assert_eq!(end("1mo", "2026-03-15T12:00:00Z", Tz::Europe__Berlin), utc("2026-04-15T11:00:00Z"));
}

#[test]
fn days_begin_at_local_midnight() {
    let expected = pair("2026-07-09T22:00:00Z", "2026-07-10T22:00:00Z");
    for text in ["1d", "24h", "daily"] {
        assert_eq!(window(text, "2026-07-10T10:00:00Z", Tz::Europe__Berlin), expected);
    }
    // 23 and 25 hours long where the clocks change.
    assert_eq!(
        window("1d", "2026-03-29T10:00:00Z", Tz::Europe__Berlin),
        pair("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    );
    assert_eq!(
        window("1d", "2026-10-25T10:00:00Z", Tz::Europe__Berlin),
        pair("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
    );
}

#[test]
fn midnights_that_do_not_exist_or_exist_twice() {
    // Cairo skips from 00:00 to 01:00: the day begins with the skip.
    assert_eq!(
        window("1d", "2026-04-24T09:00:00Z", Tz::Africa__Cairo),
        pair("2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z")
    );
    // Havana sets 01:00 back to 00:00: the day begins with the first of its two midnights.
    assert_eq!(
        window("1d", "2026-11-01T12:00:00Z", Tz::America__Havana),
        pair("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z")
    );
    // St John's once set 00:01 back to 23:01 of the day before: what follows is no longer that day's window.
    assert_eq!(window("1d", "2010-11-07T02:45:00Z", Tz::America__St_Johns).0, "2010-11-07T02:30:00Z");
    // Samoa left out a whole day.
    assert_eq!(
        window("1d", "2011-12-30T10:00:00Z", Tz::Pacific__Apia),
        pair("2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")
    );
}

#[test]
fn weeks_begin_on_mondays() {
    for text in ["7d", "1w", "weekly"] {
        assert_eq!(window(text, "2026-11-21T07:00:00Z", Tz::UTC), pair("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"));
    }
    // Two weeks are counted from the week of the anchor (Thursday 15 January).
    assert_eq!(window("2w", "2026-02-01T00:00:00Z", Tz::UTC), pair("2026-01-26T00:00:00Z", "2026-02-09T00:00:00Z"));
}

#[test]
fn months_begin_on_the_first() {
    for text in ["30d", "1mo", "monthly"] {
        assert_eq!(window(text, "2026-02-28T23:59:59Z", Tz::UTC), pair("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"));
    }
    assert_eq!(window("3mo", "2026-08-01T00:00:00Z", Tz::UTC), pair("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"));
    assert_eq!(
        window_from("3mo", "2026-08-01T00:00:00Z", "2026-02-10T00:00:00Z", Tz::UTC),
        pair("2026-08-01T00:00:00Z", "2026-11-01T00:00:00Z")
    );
    // New Year in Tokyo.
    assert_eq!(window("1mo", "2025-12-31T15:00:00Z", Tz::Asia__Tokyo).0, "2025-12-31T15:00:00Z");
}

#[test]
fn other_days_are_counted_from_the_anchors_midnight() {
    assert_eq!(
        window("10d", "2026-01-25T23:00:00Z", Tz::Europe__Berlin),
        pair("2026-01-24T23:00:00Z", "2026-02-03T23:00:00Z")
    );
    // Before the anchor, too.
    assert_eq!(window("10d", "2026-01-14T00:00:00Z", Tz::UTC), pair("2026-01-05T00:00:00Z", "2026-01-15T00:00:00Z"));
}

#[test]
fn shorter_windows_are_multiples() {
    assert_eq!(window("30s", "2026-01-01T00:00:45Z", Tz::UTC), pair("2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"));
    assert_eq!(
        window("1h", "2026-01-01T05:59:59Z", Tz::Asia__Tokyo),
        pair("2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z")
    );
    assert_eq!(window("1h", "1969-12-31T23:30:00Z", Tz::UTC).0, "1969-12-31T23:00:00Z");
}

#[test]
fn the_ends_of_time_are_windows_too() {
    for text in ["1d", "7d", "30d", "1h", "13d", "36525d"] {
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let window = BudgetWindow::bounds(span(text), now, utc("2026-01-15T12:00:00Z"), Tz::UTC);
            assert!(window.start <= now && now <= window.end, "{text} {now}");
        }
    }
}

fn spans() -> impl Strategy<Value = Span> {
    let texts = vec!["30s", "5m", "1h", "24h", "1d", "3d", "7d", "10d", "1w", "2w", "30d", "31d", "1mo", "3mo", "12mo"];
    prop::sample::select(texts).prop_map(span)
}

/// Instants from 1970 to 2100.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800).prop_map(|s| DateTime::from_timestamp(s, 0).unwrap())
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(TZ_VARIANTS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Every instant is in exactly one window: it is inside its own, its window's first and last instants agree with it,
    /// and the end is the start of the next.
    #[test]
    fn windows_tile_time(span in spans(), now in instants(), anchor in instants(), tz in zones()) {
        let bounds = |at| BudgetWindow::bounds(span, at, anchor, tz);
        let window = bounds(now);
        prop_assert!(window.start <= now && now < window.end);
        prop_assert_eq!(bounds(window.start), window);
        prop_assert_eq!(bounds(window.end - TimeDelta::nanoseconds(1)), window);
        prop_assert_eq!(bounds(window.end).start, window.end);
        prop_assert_eq!(bounds(window.start - TimeDelta::nanoseconds(1)).end, window.start);
    }

    /// Within the days around a boundary no instant is lost or claimed twice, whatever the clocks do.
    #[test]
    fn days_tile_time_at_changes_of_the_clock(now in instants(), tz in zones(), step in 1_i64..7200) {
        let bounds = |at| BudgetWindow::bounds(span("1d"), at, at, tz);
        let mut at = now;
        let mut window = bounds(at);
        for _ in 0..50 {
            at += TimeDelta::seconds(step);
            if at < window.end {
                prop_assert_eq!(bounds(at), window);
            } else {
                let next = bounds(at);
                prop_assert_eq!(next.start, window.end);
                window = next;
            }
        }
    }

    #[test]
    fn expiry_is_later(span in spans(), start in instants(), tz in zones()) {
        prop_assert!(span.end_after(start, tz) > start);
    }

    #[test]
    fn a_span_survives_its_text(span in spans()) {
        prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
    }

    #[test]
    fn never_panics(text in "\\PC{0,12}") {
        let _ = Span::parse(&text);
    }
}
