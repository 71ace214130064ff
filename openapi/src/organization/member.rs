//! Members of organizations.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::OrganizationView;
use crate::check::{check_id, patch_not_negative, valid_email, valid_id};
use crate::limit::{LimitStanding, LimitView};
use crate::money::NanoUsd;
use crate::patch::Patch;

/// What a member may do in an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRole {
    /// Administers its teams, keys and members, but not its own limits.
    OrgAdmin,
    /// Works in its teams.
    #[default]
    InternalUser,
    /// Reads what is their own.
    InternalUserViewer,
}

impl OrganizationRole {
    /// The role's name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrgAdmin => "org_admin",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
        }
    }

    /// The role of this name; who has none of these names may do the least.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let all = [Self::OrgAdmin, Self::InternalUser, Self::InternalUserViewer];
        all.into_iter().find(|role| role.as_str() == name).unwrap_or(Self::InternalUserViewer)
    }
}

/// A user to be a member: named by id or e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"role": "org_admin", "user_email": "ada@acme.example"})))]
#[serde(deny_unknown_fields)]
pub struct OrganizationMember {
    /// What they may do in the organization.
    #[serde(default)]
    #[garde(skip)]
    pub role: OrganizationRole,
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
pub enum OrganizationMembers {
    /// Several, at most 1000.
    // Before one: serde would take an array for the fields of one.
    Many(Vec<OrganizationMember>),
    /// One.
    One(OrganizationMember),
}

impl OrganizationMembers {
    /// All of them.
    #[must_use]
    pub fn into_vec(self) -> Vec<OrganizationMember> {
        match self {
            Self::One(member) => vec![member],
            Self::Many(members) => members,
        }
    }
}

impl Validate for OrganizationMembers {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        match self {
            Self::One(member) => member.validate_into(&(), parent, report),
            Self::Many(members) => crate::check::validate_members(members, parent, report),
        }
    }
}

/// Body of `POST /organization/member_add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "member": {"role": "org_admin", "user_email": "ada@acme.example"}})))]
#[serde(deny_unknown_fields)]
pub struct OrganizationMemberAdd {
    /// The organization.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: String,
    /// Who joins. A user who does not exist yet is made.
    #[garde(dive)]
    pub member: OrganizationMembers,
    /// Hard limit in dollars within the organization, of each.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub max_budget_in_organization: Patch<NanoUsd>,
    /// Length of that budget's window, such as `30d` or `monthly`; none: it never resets.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_duration: Patch<String>,
}

/// Body of `PATCH /organization/member_update`: only what is sent changes, `null` clears. The user is named by id or e-mail
/// address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "user_id": "ada", "role": "org_admin"})))]
#[serde(deny_unknown_fields)]
pub struct OrganizationMemberPatch {
    /// The organization.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: String,
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
    /// What they may do in the organization; absent: what they may now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub role: Option<OrganizationRole>,
    /// Hard limit in dollars within the organization.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub max_budget_in_organization: Patch<NanoUsd>,
    /// Length of that budget's window, such as `30d` or `monthly`; none: it never resets.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_duration: Patch<String>,
}

/// Body of `DELETE /organization/member_delete`: the user is named by id or e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "user_id": "ada"})))]
#[serde(deny_unknown_fields)]
pub struct OrganizationMemberDelete {
    /// The organization.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: String,
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

/// A member of an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "user_id": "ada", "user_email": "ada@acme.example",
    "user_role": "org_admin", "max_budget": 25.0, "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null,
    "rpm_limit": null, "tpm_limit": null, "model_max_budget": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "budget_id": null,
    "litellm_budget_table": null, "spend": 1.5, "total_spend": 0.0, "budget_reset_at": "2026-12-01T00:00:00Z",
    "created_at": "2026-11-01T08:00:00Z"})))]
pub struct OrganizationMembership {
    /// The organization.
    pub organization_id: String,
    /// The user.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What they may do in the organization.
    pub user_role: OrganizationRole,
    /// Limits of what they may use in the organization.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand. Spend is counted while there are limits; a budget without windows counts what came before, too.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// Since when they are a member.
    pub created_at: DateTime<Utc>,
}

/// Answer of `GET /organization/info`: the organization with its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct OrganizationInfo {
    /// The organization.
    #[serde(flatten)]
    pub organization: OrganizationView,
    /// Its members; those who do not administer it see themselves.
    pub members: Vec<OrganizationMembership>,
}

/// Answer of `POST /organization/member_add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct OrganizationMembersAdded {
    /// The organization.
    pub organization_id: String,
    /// Who joined.
    pub updated_organization_memberships: Vec<OrganizationMembership>,
}
