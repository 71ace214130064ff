use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn utc() -> FixedOffset {
    FixedOffset::east_opt(0).unwrap()
}

#[test]
fn small_amounts_stay_readable() {
    for (nano, shown) in [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (12_000, "$0.000012"),
        (123_456, "$0.000123"),
        (23_450_000, "$0.0235"),
        (500_000_000, "$0.50"),
        (999_999_999, "$1.00"),
        (1_234_000_000, "$1.23"),
        (-12_000, "-$0.000012"),
    ] {
        assert_eq!(money(NanoUsd(nano)), shown, "{nano}");
    }
}

#[test]
fn totals_are_to_the_cent_but_never_hide_money() {
    for (nano, shown) in [
        (0, "$0.00"),
        (12_000, "$0.000012"),
        (10_000_000, "$0.01"),
        (14_999_999, "$0.01"),
        (15_000_000, "$0.02"),
        (1_234_567_890_000_000, "$1,234,567.89"),
        (i64::MIN, "-$9,223,372,036.85"),
    ] {
        assert_eq!(money_total(NanoUsd(nano)), shown, "{nano}");
    }
    assert_eq!(money_exact(NanoUsd(1_234_567_890_120)), "$1,234.56789012");
    assert_eq!(money_exact(NanoUsd(NANO_PER_USD)), "$1.00");
}

#[test]
fn prices_are_per_million_tokens() {
    assert_eq!(price_per_million(0.000_002_5), "$2.50");
    assert_eq!(price_per_million(0.000_000_075), "$0.075");
    assert_eq!(price_per_million(0.0), "$0.00");
    assert_eq!(price_per_million(f64::NAN), "–");
}

#[test]
fn counts_are_grouped() {
    assert_eq!(count(0), "0");
    assert_eq!(count(-1_234_567), "-1,234,567");
}

#[test]
fn durations_take_the_fitting_unit() {
    for (ms, shown) in [
        (0.0, "0 ms"),
        (0.084, "0.08 ms"),
        (3.5, "3.5 ms"),
        (820.4, "820 ms"),
        (999.6, "1.00 s"),
        (1_240.0, "1.24 s"),
        (125_900.0, "2 m 05 s"),
    ] {
        assert_eq!(duration_ms(ms), shown, "{ms}");
    }
}

#[test]
fn shares_never_round_to_nothing() {
    assert_eq!(percent(1, 3), "33.3%");
    assert_eq!(percent(1, 1_000_000), "<0.01%");
    assert_eq!(percent(1, 2_000), "0.05%");
    assert_eq!(percent(0, 0), "0%");
    assert_eq!(percent(7, 7), "100%");
}

#[test]
fn times_are_told_relative_to_now() {
    let now = at("2026-11-21T12:00:00Z");
    assert_eq!(relative(at("2026-11-21T11:59:58Z"), now), "just now");
    assert_eq!(relative(at("2026-11-21T11:59:20Z"), now), "40 s ago");
    assert_eq!(relative(at("2026-11-21T09:00:00Z"), now), "3 h ago");
    assert_eq!(relative(at("2026-11-28T12:00:00Z"), now), "in 7 d");
}

#[test]
fn moments_follow_the_readers_zone() {
    let zone = FixedOffset::east_opt(2 * 3600).unwrap();
    let now = at("2026-11-21T12:00:00Z");
    assert_eq!(moment(at("2026-11-21T09:05:07Z"), now, zone), "11:05:07");
    // Already the 21st in the reader's zone.
    assert_eq!(moment(at("2026-11-20T23:05:07Z"), now, zone), "01:05:07");
    assert_eq!(moment(at("2026-11-20T23:05:07Z"), now, utc()), "Nov 20, 23:05:07");
    assert_eq!(moment(at("2025-01-02T03:04:05Z"), now, utc()), "Jan 2 2025, 03:04");
    assert_eq!(moment_utc(now), "2026-11-21T12:00:00.000Z");
}

#[test]
fn limits_show_no_empty_cents() {
    assert_eq!(money_round(NanoUsd::from_usd(2500.0).unwrap()), "$2,500");
    assert_eq!(money_round(NanoUsd::from_usd(0.5).unwrap()), "$0.50");
    assert_eq!(money_round(NanoUsd::from_usd(0.004).unwrap()), "$0.004");
    assert_eq!(money_round(NanoUsd::from_usd(0.0).unwrap()), "$0");
}

#[test]
fn an_axis_is_short() {
    assert_eq!([0.0, 4.0, 800.0, 1500.0, 20_000.0, 3e6].map(compact), ["0", "4", "800", "1.5k", "20k", "3M"]);
}

#[test]
fn measured_numbers_are_rounded() {
    assert_eq!([0.4, 19.6, 1579.3, -1234.0].map(whole), ["0", "20", "1,579", "-1,234"]);
}

#[test]
fn errors_read_as_sentences() {
    assert_eq!(sentence("the client left"), "The client left.");
    assert_eq!(sentence("Budget has been exceeded! "), "Budget has been exceeded!");
    assert_eq!(sentence(""), "");
}

#[test]
fn the_administrator_has_a_name() {
    assert_eq!(person("default_user_id"), "Administrator");
    assert_eq!(person("anna"), "anna");
}

#[test]
fn a_day_is_the_readers_day() {
    let zone = FixedOffset::east_opt(2 * 3600).unwrap();
    let (first, last) = day_bounds("2026-11-21".parse().unwrap(), zone).unwrap();
    assert_eq!(moment_utc(first), "2026-11-20T22:00:00.000Z");
    assert_eq!(moment_utc(last), "2026-11-21T21:59:59.999Z");
}

#[test]
fn one_request_is_one_request() {
    assert_eq!((requests(1).as_str(), requests(0).as_str()), ("1 request", "0 requests"));
    assert_eq!(requests(1_200), "1,200 requests");
}

#[test]
fn what_is_to_come_is_said_in_words() {
    let now = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
    let in_seconds = |seconds: i64| until(now + TimeDelta::seconds(seconds), now);
    let said = [-5, 0, 1, 45, 90, 3_600, 5_400, 86_400, 259_200].map(in_seconds);
    let expected = [
        "now",
        "now",
        "in 1 second",
        "in 45 seconds",
        "in 2 minutes",
        "in 60 minutes",
        "in 2 hours",
        "in 24 hours",
        "in 3 days",
    ];
    assert_eq!(said, expected);
}

#[test]
fn windows_are_said_after_an_amount() {
    assert_eq!(every(Some("30d")), "a month");
    assert_eq!(every(Some("12h")), "every 12h");
    assert_eq!(every(None), "");
    assert_eq!(resets(Some("1mo")), "every month");
    assert_eq!(resets(Some("1h")), "every hour");
    assert_eq!(resets(Some("12h")), "every 12h");
    assert_eq!(resets(None), "never");
}
