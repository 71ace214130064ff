//! How a deployment did in the last hour.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use tollgate_openapi::model::MinuteView;

use crate::format;
use crate::ui::spark::{Point, Spark};

/// What is told of an hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hour {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    /// Of its minutes, the one in the middle and the slowest, in milliseconds.
    pub(crate) latency_ms: Option<(f64, f64)>,
}

/// Adds up an hour's minutes.
pub(crate) fn hour(minutes: &[MinuteView]) -> Hour {
    let mut latencies: Vec<f64> = minutes.iter().filter_map(|minute| minute.latency_ms).collect();
    latencies.sort_by(f64::total_cmp);
    let middle = latencies.get(latencies.len() / 2).copied();
    Hour {
        calls: minutes.iter().map(|minute| minute.calls).sum(),
        failures: minutes.iter().map(|minute| minute.failures).sum(),
        latency_ms: middle.zip(latencies.last().copied()),
    }
}

impl Hour {
    /// The share of calls that failed, in words.
    pub(crate) fn failed(&self) -> String {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        format::percent(whole(self.failures), whole(self.calls))
    }

    fn label(&self) -> String {
        match self.latency_ms {
            Some((middle, slowest)) => format!(
                "Response time in the last hour: usually {}, at worst {}; {} of calls failed",
                format::duration_ms(middle),
                format::duration_ms(slowest),
                self.failed()
            ),
            None => "No call was answered in the last hour".to_owned(),
        }
    }
}

/// The line of an hour's response times; nothing where no call ended.
pub(crate) fn spark(minutes: &[MinuteView], now: DateTime<Utc>) -> Option<AnyView> {
    if minutes.is_empty() {
        return None;
    }
    let point = |minute: &MinuteView| {
        let ago = format::to_f64((now - minute.start).num_minutes().clamp(0, 59));
        Point { ago, value: minute.latency_ms, is_bad: minute.failures > 0 }
    };
    let points: Vec<Point> = minutes.iter().map(point).collect();
    Some(view! { <Spark label=hour(minutes).label() points=points /> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(calls: u64, failures: u64, latency_ms: Option<f64>) -> MinuteView {
        MinuteView { start: DateTime::UNIX_EPOCH, calls, failures, latency_ms }
    }

    #[test]
    fn an_hour_is_added_up() {
        let minutes =
            [minute(3, 1, Some(300.0)), minute(1, 0, Some(100.0)), minute(2, 2, None), minute(4, 0, Some(200.0))];
        let hour = hour(&minutes);
        assert_eq!((hour.calls, hour.failures, hour.latency_ms), (10, 3, Some((200.0, 300.0))));
        assert_eq!(hour.failed(), "30%");
        assert_eq!(super::hour(&[]).latency_ms, None);
    }
}
