//! Calls that were in flight when a gateway died.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// Query of `GET /spend/interrupted`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct InterruptedQuery {
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Calls a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// Only those that are resolved, or only those that are not. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub resolved: Option<bool>,
}

impl Default for InterruptedQuery {
    fn default() -> Self {
        Self { page: 1, page_size: 50, resolved: None }
    }
}

/// Answer of `GET /spend/interrupted`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct InterruptedPage {
    /// The calls, those noticed last first.
    pub data: Vec<InterruptedView>,
    /// Calls that match.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Calls a page.
    pub page_size: u64,
    /// Pages there are.
    pub total_pages: u64,
}

/// A call that was in flight when its gateway died. It costs nothing until somebody says what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"request_id": "01a1fd4270c27547aa3e36f336417bb1", "reserved": 0.0164,
    "api_key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "key_alias": "checkout", "user": "ada",
    "team_id": null, "organization_id": null, "end_user": "customer-7", "model_group": "gpt-4o", "model": "gpt-4o-2024-08-06",
    "model_id": "deployment-1", "custom_llm_provider": "openai", "api_base": "https://api.openai.com/v1", "stream": true,
    "startTime": "2026-11-21T09:30:00Z", "noticed_at": "2026-11-21T09:31:12Z",
    "resolution": {"spend": 0.0021, "reason": "The provider's bill, line 12", "resolved_by": "ada", "resolved_at": "2026-11-23T08:00:00Z"}})))]
pub struct InterruptedView {
    /// Id of the call: `x-litellm-call-id`.
    pub request_id: String,
    /// What was reserved for it, in dollars: the most it can have cost.
    pub reserved: NanoUsd,
    /// Hash of the key.
    pub api_key: String,
    /// Alias of the key when the call was made.
    pub key_alias: Option<String>,
    /// Owner of the key.
    pub user: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Organization of the key.
    pub organization_id: Option<String>,
    /// The `user` field of the call.
    pub end_user: Option<String>,
    /// Public name the client asked for.
    pub model_group: String,
    /// The provider's model.
    pub model: String,
    /// Id of the deployment it was sent to last.
    pub model_id: Option<String>,
    /// Provider.
    pub custom_llm_provider: Option<String>,
    /// Where the provider was called, without query.
    pub api_base: Option<String>,
    /// Whether the answer was to be streamed.
    pub stream: bool,
    /// When the call arrived.
    #[serde(rename = "startTime")]
    pub start_time: DateTime<Utc>,
    /// When it was found to have been in flight: at the gateway's next start.
    pub noticed_at: DateTime<Utc>,
    /// What it cost after all; `null` as long as nobody has said.
    pub resolution: Option<Resolution>,
}

/// What an interrupted call cost after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// In dollars.
    pub spend: NanoUsd,
    /// How that is known.
    pub reason: String,
    /// User id of who said so.
    pub resolved_by: String,
    /// When.
    pub resolved_at: DateTime<Utc>,
}

/// Body of `POST /spend/interrupted/resolve`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"request_id": "01a1fd4270c27547aa3e36f336417bb1", "spend": 0.0021,
    "reason": "The provider's bill, line 12"})))]
#[serde(deny_unknown_fields)]
pub struct InterruptedResolve {
    /// Id of the call.
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub request_id: String,
    /// What the provider billed for it, in dollars; 0 where it billed nothing.
    #[garde(custom(not_negative))]
    pub spend: NanoUsd,
    /// How that is known.
    #[garde(length(chars, min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1000))]
    pub reason: String,
}

fn not_negative<C>(spend: &NanoUsd, _context: &C) -> garde::Result {
    if *spend < NanoUsd::ZERO {
        return Err(garde::Error::new("expected zero or more US dollars"));
    }
    Ok(())
}
