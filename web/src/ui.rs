//! The kit: what every page is made of. Nothing here knows a resource.

pub(crate) mod badge;
pub(crate) mod chart;
pub(crate) mod confirm;
pub(crate) mod copy;
pub(crate) mod drawer;
pub(crate) mod empty;
pub(crate) mod export;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod icon;
pub(crate) mod line_chart;
pub(crate) mod load;
pub(crate) mod location;
pub(crate) mod meter;
pub(crate) mod money;
pub(crate) mod page;
pub(crate) mod pager;
pub(crate) mod search;
pub(crate) mod segment;
pub(crate) mod spark;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod toast;
