//! Teams and their members.

mod callback;
mod member;
mod stored;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{
    check_id, null_as_default, patch_id, patch_models, patch_name, valid_id, valid_ids, valid_models, valid_name,
};
use crate::key::KeyView;
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::patch::Patch;
pub use callback::{TeamCallbackCreate, TeamCallbackCreated, TeamCallbacks, TeamCallbacksView};
pub use member::{
    Member, MemberRole, MemberView, Members, MembersAdded, TeamMemberAdd, TeamMemberDelete, TeamMemberPatch,
    TeamMembership,
};
pub use stored::{MEMBER_STORED_FIELDS, STORED_FIELDS};

/// Body of `POST /team/new`. Every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_alias": "checkout", "models": ["gpt-4o"], "max_budget": 500.0, "budget_duration": "1mo",
    "members_with_roles": [{"role": "admin", "user_id": "ada"}]})))]
#[serde(default)]
pub struct TeamCreate {
    /// Its id; made up where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: Option<String>,
    /// Name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_alias: Option<String>,
    /// The organization it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: Option<String>,
    /// Models it may use; empty: all.
    #[serde(deserialize_with = "null_as_default")]
    #[garde(custom(valid_models))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// Anything the caller wants to keep with the team.
    #[serde(skip_serializing_if = "Map::is_empty", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// Calls of a blocked team are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Its members. A user who does not exist yet is made.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[garde(length(max = 1000), dive)]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub members_with_roles: Vec<Member>,
    /// Ids of members who manage the team; LiteLLM's older form.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[garde(custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub admins: Vec<String>,
    /// Ids of other members; LiteLLM's older form.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[garde(custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub members: Vec<String>,
    /// What finance books its spend to; absent: its organization's cost centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub cost_center: Option<String>,
    /// The reusable budget to attach it to.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Its limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet, such as `tags`.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /team/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "max_budget": 750.0, "soft_budget": null})))]
pub struct TeamPatch {
    /// The team to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub team_alias: Patch<String>,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub organization_id: Patch<String>,
    /// Models it may use; empty: all.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// Replaces the team's metadata.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Patch<Map<String, Value>>,
    /// Calls of a blocked team are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// What finance books its spend to; absent: its organization's cost centre.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub cost_center: Patch<String>,
    /// The reusable budget to attach it to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Its limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "team_alias": "checkout", "organization_id": "acme", "models": ["gpt-4o"],
    "metadata": {}, "blocked": false, "cost_center": null, "members_with_roles": [{"role": "admin", "user_id": "ada", "user_email": null}],
    "members_count": 1, "keys_count": 3, "max_budget": 500.0, "soft_budget": null, "budget_duration": "1mo",
    "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null, "model_max_budget": {}, "model_rpm_limit": {},
    "model_tpm_limit": {}, "budget_id": null, "litellm_budget_table": null, "spend": 12.5, "total_spend": 812.25,
    "budget_reset_at": "2026-12-01T00:00:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id"})))]
pub struct TeamView {
    /// Its id.
    pub team_id: String,
    /// Name shown to people.
    pub team_alias: Option<String>,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// Models it may use; empty: all.
    pub models: Vec<String>,
    /// What the caller keeps with it.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// Calls of a blocked team are refused.
    pub blocked: bool,
    /// What finance books its spend to; absent: its organization's cost centre.
    pub cost_center: Option<String>,
    /// Its first members, at most 1000.
    pub members_with_roles: Vec<MemberView>,
    /// Members there are.
    pub members_count: u64,
    /// Keys of the team.
    pub keys_count: u64,
    /// Its limits.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Option<String>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet, such as `tags`.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Answer of `POST /team/update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamUpdated {
    /// The team.
    pub team_id: String,
    /// As it is now.
    pub data: TeamView,
}

/// Answer of `GET /team/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamInfo {
    /// The team.
    pub team_id: String,
    /// Its settings, limits and spend.
    pub team_info: TeamView,
    /// Its newest keys, at most `key_limit`.
    pub keys: Vec<KeyView>,
    /// Its first members, at most 1000, with their limits within the team.
    pub team_memberships: Vec<TeamMembership>,
}

/// Query of `GET /team/info`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct TeamInfoQuery {
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// Keys shown, 0 to 100; 100 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 0, maximum = 100))]
    pub key_limit: Option<u64>,
}

/// Query of `GET /team/list` and `GET /v2/team/list`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TeamListQuery {
    /// Only teams that this user is a member of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_id: Option<String>,
    /// Only this organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub organization_id: Option<String>,
    /// Only the team with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub team_id: Option<String>,
    /// Part of a name, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_alias: Option<String>,
    /// Part of a name or an id, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Page, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: Option<u64>,
    /// Teams a page, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 1000))]
    pub page_size: Option<u64>,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

/// Answer of `GET /v2/team/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamPage {
    /// The teams, newest first.
    pub teams: Vec<TeamView>,
    /// Teams that match.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Teams a page.
    pub page_size: u64,
    /// Pages there are.
    pub total_pages: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Body of `POST /team/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_ids": ["5b1a"]})))]
#[serde(deny_unknown_fields)]
pub struct TeamDelete {
    /// Teams to delete, at most 100 at once.
    #[garde(length(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 100))]
    pub team_ids: Vec<String>,
}

/// Answer of `POST /team/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"deleted_teams": ["5b1a"], "deleted_keys": 3})))]
pub struct TeamsDeleted {
    /// The teams that were deleted.
    pub deleted_teams: Vec<String>,
    /// How many keys went with them.
    pub deleted_keys: u64,
}

/// Body of `POST /team/block` and `/team/unblock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a"})))]
#[serde(deny_unknown_fields)]
pub struct TeamBlock {
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
}
