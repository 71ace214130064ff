//! Pages of lists that answer with a bare array, as LiteLLM's do; the header [`TOTAL_COUNT_HEADER`] says how many
//! entries there are on all pages, [`NEXT_CURSOR_HEADER`] how to ask for the next.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How many entries match, on all pages.
pub const TOTAL_COUNT_HEADER: &str = "x-total-count";
/// The cursor of the next page, where there is one.
pub const NEXT_CURSOR_HEADER: &str = "x-next-cursor";
/// Entries a page unless the query says otherwise.
pub const PAGE_SIZE_DEFAULT: u64 = 1000;

/// Query of a list.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct PageQuery {
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Entries a page, 1 to 1000.
    #[garde(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 1000))]
    pub page_size: u64,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for PageQuery {
    fn default() -> Self {
        Self { page: 1, page_size: PAGE_SIZE_DEFAULT, cursor: None }
    }
}
