//! Users: people who own keys and sign in.

pub mod password;
mod stored;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{
    check_id, not_negative, null_as_default, patch_email, patch_id, patch_models, patch_name, valid_email, valid_id,
    valid_models, valid_name,
};
use crate::invitation::InvitationCreated;
use crate::key::KeyView;
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::money::NanoUsd;
use crate::patch::Patch;
use crate::session::UserRole;
use crate::team::{MemberRole, TeamView};
pub use stored::STORED_FIELDS;

/// Body of `POST /user/new`. Every field is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada", "user_email": "ada@example.com", "user_role": "internal_user",
    "max_budget": 50.0, "budget_duration": "1mo", "teams": ["5b1a"], "auto_create_key": false})))]
#[serde(default)]
pub struct UserCreate {
    /// Id; made up where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// E-mail address; unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_email))]
    #[cfg_attr(feature = "spec", schema(min_length = 3, max_length = 320))]
    pub user_email: Option<String>,
    /// Name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_alias: Option<String>,
    /// What they may do; `internal_user` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_role: Option<UserRole>,
    /// Password to sign in with; absent: none. Of at least 12 characters, or as the gateway is set to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: Option<String>,
    /// Models the user's own keys may use; empty: all.
    #[serde(deserialize_with = "null_as_default")]
    #[garde(custom(valid_models))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// Anything the caller wants to keep with the user.
    #[serde(skip_serializing_if = "Map::is_empty", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// Teams to join.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[garde(length(max = 100))]
    #[cfg_attr(feature = "spec", schema(max_items = 100, nullable))]
    pub teams: Vec<TeamToJoin>,
    /// Make the user's first key, too, and show it in the answer.
    #[garde(skip)]
    pub auto_create_key: bool,
    /// Invite them: see `/invitation/new`.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(nullable))]
    pub send_invite_email: bool,
    /// Alias of that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub key_alias: Option<String>,
    /// How long that key is valid, such as `30d`; absent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 32))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 32))]
    pub duration: Option<String>,
    /// Money already spent when the user starts, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Limits of all that the user calls.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

impl Default for UserCreate {
    fn default() -> Self {
        Self {
            user_id: None,
            user_email: None,
            user_alias: None,
            user_role: None,
            password: None,
            models: Vec::new(),
            metadata: Map::new(),
            teams: Vec::new(),
            auto_create_key: true,
            send_invite_email: false,
            key_alias: None,
            duration: None,
            spend: None,
            budget_id: Patch::Absent,
            limits: LimitPatch::default(),
            other: BTreeMap::new(),
        }
    }
}

/// A team that a new user joins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "expected a team's id, or an object with team_id, max_budget_in_team and user_role")]
pub enum TeamToJoin {
    /// Its id.
    Id(String),
    /// Its id, and on what terms.
    Terms {
        /// Its id.
        team_id: String,
        /// Hard limit in dollars within the team.
        max_budget_in_team: Option<NanoUsd>,
        /// What the user may do in the team.
        #[serde(default)]
        user_role: MemberRole,
    },
}

/// Body of `POST /user/update`: only what is sent changes, `null` clears. The user is named by id; without one, by e-mail
/// address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada", "max_budget": 75.0, "user_role": "internal_user_viewer"})))]
#[serde(default)]
pub struct UserPatch {
    /// The user to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_email))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub user_email: Patch<String>,
    /// Name shown to people.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub user_alias: Patch<String>,
    /// What they may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_role: Option<UserRole>,
    /// New password; ends the user's sessions. Of at least 12 characters, or as the gateway is set to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: Option<String>,
    /// Whether they are blocked: a blocked user's sessions end, they cannot sign in, and calls of their keys are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Models the user's own keys may use; empty: all.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// Replaces the user's metadata.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Patch<Map<String, Value>>,
    /// Spend of the current budget window, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Limits of all that the user calls.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada", "user_email": "ada@example.com", "user_alias": null,
    "user_role": "internal_user", "blocked": false, "models": [], "metadata": {}, "teams": ["5b1a"], "key_count": 2, "max_budget": 50.0,
    "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null,
    "model_max_budget": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "budget_id": null,
    "litellm_budget_table": null, "spend": 1.5, "total_spend": 8.25, "budget_reset_at": "2026-12-01T00:00:00Z",
    "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-01T08:00:00Z"})))]
pub struct UserView {
    /// Id.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// Name shown to people.
    pub user_alias: Option<String>,
    /// What they may do.
    pub user_role: String,
    /// They cannot sign in, and calls of their keys are refused.
    pub blocked: bool,
    /// Models the user's own keys may use; empty: all.
    pub models: Vec<String>,
    /// What the caller keeps with the user.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// Ids of the teams they are in.
    pub teams: Vec<String>,
    /// Keys they own, as far as the caller sees them.
    pub key_count: u64,
    /// Limits of all that the user calls.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand. To administrators of organizations and teams, others' spend is what they have spent there since
    /// ever.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// When the user was made.
    pub created_at: DateTime<Utc>,
    /// When the user last changed.
    pub updated_at: DateTime<Utc>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Answer of `POST /user/new`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UserCreated {
    /// The user's first key, where one was made. It is stored only as a hash and never shown again.
    pub key: Option<String>,
    /// Its hash.
    pub token: Option<String>,
    /// `sk-...` and its last four characters.
    pub key_name: Option<String>,
    /// When it stops working.
    pub expires: Option<DateTime<Utc>>,
    /// The invitation, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationCreated>,
    /// The user.
    #[serde(flatten)]
    pub user: UserView,
}

/// Answer of `POST /user/update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UserUpdated {
    /// The user.
    pub user_id: String,
    /// As they are now.
    pub data: UserView,
}

/// Answer of `GET /user/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UserInfo {
    /// The user.
    pub user_id: String,
    /// Settings, limits and spend; absent where nobody of this id is registered, such as behind the master key.
    pub user_info: Option<UserView>,
    /// Their newest keys, at most 100.
    pub keys: Vec<KeyView>,
    /// Their teams.
    pub teams: Vec<TeamView>,
}

/// Query of `GET /user/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct UserInfoQuery {
    /// The user; absent: the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
}

/// Query of `GET /user/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct UserListQuery {
    /// Only those with this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub role: Option<UserRole>,
    /// Only these, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 10_000))]
    #[cfg_attr(feature = "spec", param(max_length = 10_000))]
    pub user_ids: Option<String>,
    /// Part of an e-mail address, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 320))]
    #[cfg_attr(feature = "spec", param(max_length = 320))]
    pub user_email: Option<String>,
    /// Part of an id, a name or an e-mail address, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 320))]
    #[cfg_attr(feature = "spec", param(max_length = 320))]
    pub search: Option<String>,
    /// Only members of this team.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub team: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Users a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for UserListQuery {
    fn default() -> Self {
        Self {
            role: None,
            user_ids: None,
            user_email: None,
            search: None,
            team: None,
            page: 1,
            page_size: 25,
            cursor: None,
        }
    }
}

/// Answer of `GET /user/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// The users, newest first.
    pub users: Vec<UserView>,
    /// Users that match.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Users a page.
    pub page_size: u64,
    /// Pages there are.
    pub total_pages: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Body of `POST /user/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_ids": ["ada"]})))]
#[serde(deny_unknown_fields)]
pub struct UserDelete {
    /// Users to delete, at most 100 at once.
    #[garde(length(min = 1, max = 100), inner(custom(check_id)))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 100))]
    pub user_ids: Vec<String>,
}

/// Answer of `POST /user/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"deleted_users": ["ada"], "deleted_keys": 2})))]
pub struct UsersDeleted {
    /// The users that were deleted.
    pub deleted_users: Vec<String>,
    /// How many keys went with them.
    pub deleted_keys: u64,
}
