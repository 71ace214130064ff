//! Members of teams.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TeamView;
use crate::check::{check_id, patch_not_negative, valid_email, valid_id};
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::money::NanoUsd;
use crate::patch::Patch;

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Manages the team's members, but not its budget.
    Admin,
    /// Uses it.
    #[default]
    User,
}

impl MemberRole {
    /// The role's name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    /// The role of this name; who has none of these names may do the least.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        if name == Self::Admin.as_str() { Self::Admin } else { Self::User }
    }
}

/// A user to be a member: named by id or e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"role": "user", "user_id": "ada"})))]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What they may do in the team.
    #[serde(default)]
    #[garde(skip)]
    pub role: MemberRole,
    /// Id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_email))]
    #[cfg_attr(feature = "spec", schema(min_length = 3, max_length = 320))]
    pub user_email: Option<String>,
}

/// One member, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "expected a member, an object, or an array of members")]
pub enum Members {
    /// Several, at most 1000.
    // Before one: serde would take an array for the fields of one.
    Many(Vec<Member>),
    /// One.
    One(Member),
}

impl Members {
    /// All of them.
    #[must_use]
    pub fn into_vec(self) -> Vec<Member> {
        match self {
            Self::One(member) => vec![member],
            Self::Many(members) => members,
        }
    }
}

impl Validate for Members {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        match self {
            Self::One(member) => member.validate_into(&(), parent, report),
            Self::Many(members) => crate::check::validate_members(members, parent, report),
        }
    }
}

/// A member of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct MemberView {
    /// What they may do in the team.
    pub role: MemberRole,
    /// Id.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
}

/// A member with their limits within the team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "user_id": "ada", "user_email": null, "role": "user", "max_budget": 20.0,
    "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null,
    "model_max_budget": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "budget_id": null,
    "litellm_budget_table": null, "spend": 1.5, "total_spend": 8.25, "budget_reset_at": "2026-12-01T00:00:00Z"})))]
pub struct TeamMembership {
    /// The team.
    pub team_id: String,
    /// The user.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What they may do in the team.
    pub role: MemberRole,
    /// Limits of what they may use in the team.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /team/member_add`. The limits are those of each of the members within the team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "member": {"role": "user", "user_id": "ada"}, "max_budget_in_team": 20.0,
    "budget_duration": "1mo"})))]
pub struct TeamMemberAdd {
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// Who joins. A user who does not exist yet is made.
    #[garde(dive)]
    pub member: Members,
    /// Hard limit in dollars within the team: LiteLLM's name for `max_budget`.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub max_budget_in_team: Patch<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub budget_id: Option<String>,
    /// Other limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /team/member_update`: only what is sent changes, `null` clears. The user is named by id or e-mail
/// address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "user_id": "ada", "max_budget_in_team": 25.0, "role": "admin"})))]
pub struct TeamMemberPatch {
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// The user, by e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_email))]
    #[cfg_attr(feature = "spec", schema(min_length = 3, max_length = 320))]
    pub user_email: Option<String>,
    /// What they may do in the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub role: Option<MemberRole>,
    /// Hard limit in dollars within the team: LiteLLM's name for `max_budget`.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub max_budget_in_team: Patch<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(crate::check::patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Other limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /team/member_delete`: the user is named by id or e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "5b1a", "user_id": "ada"})))]
#[serde(deny_unknown_fields)]
pub struct TeamMemberDelete {
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// The user, by e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_email))]
    #[cfg_attr(feature = "spec", schema(min_length = 3, max_length = 320))]
    pub user_email: Option<String>,
}

/// Answer of `POST /team/member_add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct MembersAdded {
    /// The team as it is now.
    #[serde(flatten)]
    pub team: TeamView,
    /// Who joined.
    pub updated_users: Vec<MemberView>,
    /// Their limits within the team.
    pub updated_team_memberships: Vec<TeamMembership>,
}
