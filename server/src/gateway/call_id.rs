//! Ids of calls: each larger than those before it, by the gateway's clock.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Gives out ids.
#[derive(Debug)]
pub struct CallIds(Mutex<ContextV7>);

impl Default for CallIds {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl CallIds {
    /// The id of a call that arrives at `now`.
    pub(super) fn next(&self, now: DateTime<Utc>) -> String {
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&self.0, seconds, now.timestamp_subsec_nanos())).simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_clock_and_one_another() {
        let ids = CallIds::default();
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let given: Vec<String> =
            [now, now, now, now + chrono::TimeDelta::milliseconds(1)].map(|at| ids.next(at)).into();
        assert!(given.is_sorted_by(|one, other| one < other), "{given:?}");
        let at = Uuid::parse_str(&given[0]).unwrap().get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(at.0).unwrap(), now.timestamp());
    }
}
