//! What calls cost: the log of calls, and sums read from rollups, never from the log.

pub mod activity;
pub mod adjustment;
mod by_day;
pub mod calculate;
pub(super) mod dates;
pub mod entities;
pub mod estimate;
pub mod export;
pub mod forecast;
pub mod global;
pub mod interrupted;
pub mod logs;
pub mod month;
mod names;
pub mod overview;
pub mod price;
pub mod provider_budgets;
pub mod report;
pub mod reset;
pub mod statement;
pub mod usage;
mod view;

/// The parts of a list that commas divide.
fn split(list: &str) -> Vec<String> {
    list.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}
