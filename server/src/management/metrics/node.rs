//! This node: what is in flight, what waits, whether what it needs is there.

use metrics::gauge;

use super::float;
use crate::app::App;
use crate::db::{self, Connections};
use crate::gateway::Gateway;

/// Sets the gauges.
pub(super) fn read(app: &App, gateway: &Gateway) {
    let flag = |is: bool| f64::from(u8::from(is));
    gauge!("tollgate_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("litellm_in_flight_requests").set(float(gateway.in_flight.count()));
    gauge!("tollgate_disconnect_drains_running").set(count(gateway.drains.running()));
    gauge!("tollgate_reserved_usd").set(gateway.counters.reserved_total().to_usd());
    gauge!("tollgate_counter_scopes").set(count(gateway.counters.len()));
    gauge!("tollgate_counters_degraded").set(flag(gateway.counters.is_degraded()));
    let spool = gateway.spool.health();
    gauge!("tollgate_spool_pending_events").set(float(spool.pending));
    gauge!("tollgate_spool_oldest_seconds").set(float(spool.oldest_seconds));
    gauge!("tollgate_spool_bytes").set(float(spool.disk_bytes));
    gauge!("tollgate_spool_memory_bytes").set(float(spool.memory_bytes));
    gauge!("tollgate_spool_full").set(flag(spool.is_full));
    gauge!("tollgate_policy_change_read").set(float(app.policy.bulletin().last_read()));
    let Connections { used, idle, max } = db::connections(&app.db);
    gauge!("tollgate_database_connections", "state" => "used").set(f64::from(used));
    gauge!("tollgate_database_connections", "state" => "idle").set(f64::from(idle));
    gauge!("tollgate_database_connections_max").set(f64::from(max));
    let Some(looked) = app.figures.get() else { return };
    gauge!("tollgate_database_up").set(flag(looked.is_some()));
    // While the database is away, nobody knows.
    let Some(counted) = looked else { return };
    gauge!("litellm_total_users").set(float(counted.users));
    gauge!("litellm_teams_count").set(float(counted.teams));
    gauge!("tollgate_alerts_waiting", "stage" => "dispatch").set(float(counted.alerts));
    gauge!("tollgate_alerts_waiting", "stage" => "delivery").set(float(counted.deliveries));
}

fn count(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}
