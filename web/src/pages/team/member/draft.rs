//! What somebody typed about a member of a team, and what it means for the API. Pure.

use std::collections::BTreeMap;

use tollgate_openapi::patch::Patch;
use tollgate_openapi::team::{Member, MemberRole, Members, TeamMemberAdd, TeamMemberPatch, TeamMembership};

use crate::input::{change, some_text};
use crate::pages::limit::draft::{Errors, LimitDraft, Limits};

/// The fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberDraft {
    /// Id or e-mail address of who joins.
    pub(crate) user: String,
    pub(crate) role: MemberRole,
    pub(crate) limits: LimitDraft,
    pub(crate) budget_id: String,
}

impl From<&TeamMembership> for MemberDraft {
    fn from(member: &TeamMembership) -> Self {
        Self {
            user: member.user_id.clone(),
            role: member.role,
            limits: LimitDraft::from(&Limits::from(&member.limits)),
            budget_id: member.standing.budget_id.clone().unwrap_or_default(),
        }
    }
}

impl MemberDraft {
    /// Who joins the team, or what is wrong with which field.
    pub(crate) fn to_add(&self, team_id: &str) -> Result<TeamMemberAdd, Errors> {
        let limits = self.limits.parse()?.to_patch(&Limits::default());
        let Some(user) = some_text(&self.user) else {
            return Err(Errors::from([("user_id".to_owned(), "Name who joins.".to_owned())]));
        };
        let member = if user.contains('@') {
            Member { role: self.role, user_email: Some(user), user_id: None }
        } else {
            Member { role: self.role, user_id: Some(user), user_email: None }
        };
        Ok(TeamMemberAdd {
            team_id: team_id.to_owned(),
            member: Members::One(member),
            max_budget_in_team: Patch::Absent,
            budget_id: some_text(&self.budget_id),
            limits,
            other: BTreeMap::new(),
        })
    }

    /// What changed against `before`, or what is wrong with which field.
    pub(crate) fn to_patch(&self, before: &TeamMembership) -> Result<TeamMemberPatch, Errors> {
        Ok(TeamMemberPatch {
            team_id: before.team_id.clone(),
            user_id: Some(before.user_id.clone()),
            role: (self.role != before.role).then_some(self.role),
            budget_id: change(&some_text(&self.budget_id), &before.standing.budget_id),
            limits: self.limits.parse()?.to_patch(&Limits::from(&before.limits)),
            ..TeamMemberPatch::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn membership() -> TeamMembership {
        serde_json::from_value(json!({
            "team_id": "5b1a", "user_id": "ada", "user_email": null, "role": "user", "max_budget": 20.0,
            "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null, "rpm_limit": null,
            "tpm_limit": null, "budget_id": null, "litellm_budget_table": null, "spend": 1.5, "total_spend": 8.25,
            "budget_reset_at": null
        }))
        .unwrap()
    }

    #[test]
    fn who_joins_is_named_by_id_or_address() {
        let add = |user: &str| MemberDraft { user: user.to_owned(), ..MemberDraft::default() }.to_add("5b1a");
        let member = |user: &str| serde_json::to_value(add(user).unwrap()).unwrap()["member"].clone();
        assert_eq!(member(" ada "), json!({"role": "user", "user_id": "ada"}));
        assert_eq!(member("ada@example.com"), json!({"role": "user", "user_email": "ada@example.com"}));
        assert!(add(" ").unwrap_err().contains_key("user_id"));
    }

    #[test]
    fn a_patch_says_only_what_changed() {
        let before = MemberDraft::from(&membership());
        let patch = |draft: MemberDraft| serde_json::to_value(draft.to_patch(&membership()).unwrap()).unwrap();
        assert_eq!(patch(before.clone()), json!({"team_id": "5b1a", "user_id": "ada"}));
        let limits = LimitDraft { max_budget: String::new(), rpm: "5".to_owned(), ..before.limits.clone() };
        let after = MemberDraft { role: MemberRole::Admin, budget_id: "starter".to_owned(), limits, ..before };
        let expected = json!({"team_id": "5b1a", "user_id": "ada", "role": "admin", "max_budget": null, "rpm_limit": 5,
                              "budget_id": "starter"});
        assert_eq!(patch(after), expected);
    }
}
