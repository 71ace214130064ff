//! A simulator of routing: deployments whose speed changes, calls that come, and whoever chooses among them. Time is the
//! router's own clock, moved from event to event, and all chance follows from seeds: a run can be repeated to the
//! microsecond. Tests and the benchmark use it; the binary has nothing of it.

pub(crate) mod chance;
pub(crate) mod litellm;
pub(crate) mod ours;
pub(crate) mod report;
pub(crate) mod rivals;
pub(crate) mod run;
pub(crate) mod traces;
pub(crate) mod world;
