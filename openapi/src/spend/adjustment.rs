//! Entries of months: what calls added after one was closed, and what people book.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::Month;
use crate::check::{is_unseen, valid_name};
use crate::money::NanoUsd;

/// What an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// A call of a closed month that the ledger heard of later.
    LateCall,
    /// A call of a closed month whose cost became known later.
    ResolvedCall,
    /// A person booked it: a credit note, a correction, a cost agreed otherwise.
    Manual,
}

/// An entry of a month, apart from what its days add up to. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": 7, "month": "2026-10", "counted_in": "2026-11",
    "booked_at": "2026-11-03T09:00:00Z", "kind": "manual", "booked_by": "ada", "reason": "Credit for the outage",
    "reference": "CN-2026-114", "request_id": "", "cost_center": "CC-1", "organization_id": "acme", "team_id": "", "user_id": "",
    "api_key": "", "model": "", "provider": "openai", "amount": -125.5})))]
pub struct AdjustmentView {
    /// Larger for every later one.
    pub id: i64,
    /// The month it is about.
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
    /// The month in whose statement it counts: its own, or where that was closed the one in which it was booked.
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub counted_in: Month,
    /// When it was booked.
    pub booked_at: DateTime<Utc>,
    /// What it comes from.
    pub kind: AdjustmentKind,
    /// Who booked it: told to who sees everything.
    pub booked_by: Option<String>,
    /// Why, in the words of who booked it.
    pub reason: Option<String>,
    /// What it goes back to, such as the number of an invoice.
    pub reference: Option<String>,
    /// The call; empty: none.
    pub request_id: String,
    /// Cost centre of when it was booked; empty: none.
    pub cost_center: String,
    /// Organization; empty: none.
    pub organization_id: String,
    /// Team; empty: none.
    pub team_id: String,
    /// Owner of the key; empty: none.
    pub user_id: String,
    /// Hash of the key; empty: none.
    pub api_key: String,
    /// Public model; empty: none.
    pub model: String,
    /// Provider; empty: none.
    pub provider: String,
    /// What it adds, in dollars; less than nothing for a credit.
    pub amount: NanoUsd,
}

/// Body of `POST /spend/adjustment`. At most one of organization, team, user and key; none: the whole gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"month": "2026-10", "amount": -125.5, "organization_id": "acme",
    "provider": "openai", "reason": "Credit for the outage", "reference": "CN-2026-114"})))]
#[serde(deny_unknown_fields)]
pub struct AdjustmentCreate {
    /// The month it is about: this one or an earlier one.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
    /// What it adds, in dollars; less than nothing for a credit.
    #[garde(custom(something))]
    pub amount: NanoUsd,
    /// Why.
    #[garde(length(chars, min = 1, max = 1000), custom(not_blank), custom(plain))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1000))]
    pub reason: String,
    /// What it goes back to, such as the number of an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub reference: Option<String>,
    /// The organization it is booked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: Option<String>,
    /// The team, and the organization it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: Option<String>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// The key or its hash, and whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub api_key: Option<String>,
    /// The public model it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub model: Option<String>,
    /// The provider it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub provider: Option<String>,
}

fn plain<C>(text: &str, _context: &C) -> garde::Result {
    if text.chars().any(|character| is_unseen(character) && character != '\n') {
        return Err(garde::Error::new("expected text without control characters"));
    }
    Ok(())
}

fn something<C>(amount: &NanoUsd, _context: &C) -> garde::Result {
    if *amount == NanoUsd::ZERO {
        return Err(garde::Error::new("expected more than zero US dollars, or less than zero for a credit"));
    }
    Ok(())
}

fn not_blank<C>(text: &str, _context: &C) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("expected some words"));
    }
    Ok(())
}

/// Query of `GET /spend/adjustments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct AdjustmentQuery {
    /// Only those about this month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(value_type = Option<String>, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Option<Month>,
    /// Only those that count in the statement of this month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(value_type = Option<String>, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub counted_in: Option<Month>,
    /// Only those of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub kind: Option<AdjustmentKind>,
    /// Only this organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub organization_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
    /// Only this user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Only this cost centre's, as they were booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub cost_center: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Entries a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
}

impl Default for AdjustmentQuery {
    fn default() -> Self {
        Self {
            month: None,
            counted_in: None,
            kind: None,
            organization_id: None,
            team_id: None,
            user_id: None,
            api_key: None,
            cost_center: None,
            page: 1,
            page_size: 50,
        }
    }
}

/// Answer of `GET /spend/adjustments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AdjustmentPage {
    /// The entries, those booked last first.
    pub adjustments: Vec<AdjustmentView>,
    /// Entries that match.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Entries a page.
    pub page_size: u64,
    /// Pages there are.
    pub total_pages: u64,
}
